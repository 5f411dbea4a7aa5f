"""Friction laws: what share of the momentum survives one step, as data.

Friction works at a rate friction/mass. Over a step it has done `drag` =
friction * time_step / mass, a pure number. Four ways to step over the same equation
dp/dt = force − (friction/mass) p differ in what they make of that number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from inertial.arrays import Array, exp, expm1, log, where
from inertial.bounds import check_choice


class FrictionLaw(NamedTuple):
    """One way to step over friction.

    Attributes:
        name: What users call it.
        decay: drag -> share of the momentum that survives. Unit: 1.
        inverse: decay -> drag. Unit: 1. Callers keep decay inside `least` and 1.
        kick_share: drag -> share of force * time_step that is left at the end of the
            step, where the force worked against the same friction. Unit: 1.
        least: Decays at or below this have no (stable, finite) drag. Unit: 1.
        beyond: What is wrong there, and the way out. A sentence.
        source: Where it is written.
    """

    name: str
    decay: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    kick_share: Callable[[Array], Array]
    least: float
    beyond: str
    source: str


_ENDLESS = (
    'this friction law reaches 0 only with infinite friction. Use law="explicit", or '
    "a momentum above 0."
)
_FLIPPED = "below -1 friction would flip the velocity and make it grow."


def _whole(drag: Array) -> Array:
    return 1.0 + 0.0 * drag


def _averaged(drag: Array) -> Array:
    """Return (1 − exp(−drag))/drag, and its limit 1 at no drag."""
    if isinstance(drag, (int, float)):
        return -expm1(-drag) / drag if drag else 1.0
    still = drag == 0
    return where(still, 1.0, -expm1(-drag) / where(still, 1.0, drag))


EXPLICIT = FrictionLaw(
    "explicit",
    decay=lambda drag: 1.0 - drag,
    inverse=lambda decay: 1.0 - decay,
    kick_share=_whole,
    least=-1.0,
    beyond=_FLIPPED,
    source="Euler's method for the drag; what `momentum = 1 - friction*dt/m` means",
)
EXACT = FrictionLaw(
    "exact",
    decay=lambda drag: exp(-drag),
    inverse=lambda decay: -log(decay),
    kick_share=_whole,
    least=0.0,
    beyond=_ENDLESS,
    source="The flow of dp/dt = -(friction/m) p; Franca et al. 2020, mu = exp(-g h)",
)
IMPLICIT = FrictionLaw(
    "implicit",
    decay=lambda drag: 1.0 / (1.0 + drag),
    inverse=lambda decay: 1.0 / decay - 1.0,
    kick_share=lambda drag: 1.0 / (1.0 + drag),
    least=0.0,
    beyond=_ENDLESS,
    source="Backward Euler's method for the drag, the force held",
)
EXPONENTIAL = FrictionLaw(
    "exponential",
    decay=lambda drag: exp(-drag),
    inverse=lambda decay: -log(decay),
    kick_share=_averaged,
    least=0.0,
    beyond=_ENDLESS,
    source="Exponential Euler: exact for a force that is constant over the step",
)

FRICTION_LAWS = {law.name: law for law in (EXPLICIT, EXACT, IMPLICIT, EXPONENTIAL)}


def friction_law(name: str) -> FrictionLaw:
    """Return a friction law by name.

    Args:
        name: One of `FRICTION_LAWS`; others are refused.

    Returns:
        The law.

    Example:
        >>> round(friction_law("exact").decay(0.1), 4)
        0.9048
    """
    check_choice("law", name, FRICTION_LAWS)
    return FRICTION_LAWS[name]
