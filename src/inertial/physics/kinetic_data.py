"""What a kinetic energy is, as data."""

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
