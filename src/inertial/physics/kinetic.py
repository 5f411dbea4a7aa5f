"""Kinetic energies: how fast a given momentum moves the particle.

velocity = dK/dp. Newton's K gives the heavy ball, |p| summed gives Signum and Lion, the
nuclear norm gives Muon, a mass that remembers past forces gives RMSprop and Adam. A new
method is one function and one row of `KINETICS`; the laws in tests/laws find it there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from inertial.arrays import Array

Scope = Literal["element", "tensor", "matrix"]


def _no_memory(position: Array) -> Any:
    return None


def _forget(force: Array, memory: Any) -> Any:
    return memory


class Kinetic(NamedTuple):
    """A kinetic energy as data: its value, its slope, and what it remembers.

    Attributes:
        name: What users call it.
        scope: How much of a parameter one velocity depends on: "element" (may be
            flattened and fused), "tensor" (a norm of the whole parameter) or "matrix"
            (two-dimensional parameters only).
        energy: (momentum, memory) -> K, summed. Shape: (). Unit: that of p·velocity.
        velocity: (momentum, memory) -> dK/dp. Shape: as the momentum.
        start: position -> memory before the first force; None if nothing is remembered.
        remember: (force, memory) -> memory. Memory is None or a tuple of arrays and
            counts.
        words: The settings that made it, so that it can be printed, stored and rebuilt.
    """

    name: str
    scope: Scope
    energy: Callable[[Array, Any], Array]
    velocity: Callable[[Array, Any], Array]
    start: Callable[[Array], Any] = _no_memory
    remember: Callable[[Array, Any], Any] = _forget
    words: tuple[tuple[str, Any], ...] = ()


def newtonian() -> Kinetic:
    """Return Newton's kinetic energy K(p) = Σ p²/2: the velocity is the momentum.

    Example:
        >>> import numpy
        >>> newtonian().velocity(numpy.array([3.0]), None)
        array([3.])
    """
    return Kinetic("newtonian", "element", lambda p, _: (p * p).sum() / 2, lambda p, _: p)
