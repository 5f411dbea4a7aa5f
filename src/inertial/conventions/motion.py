"""What a method does to a particle at rest, whatever units its momentum is kept in.

Two methods are the same motion when these numbers agree at every step. Momentum itself
has no natural unit: PyTorch counts it in forces, Keras in displacements, an average in
mean forces. Here that freedom is divided out.
"""

from __future__ import annotations

from math import isclose
from typing import NamedTuple

from inertial.conventions.method import Method
from inertial.physics.coefficients import Coefficients

LINEAR = frozenset({"newtonian", "adaptive"})
"""Kinetic energies that move twice as fast at twice the momentum."""
INDIFFERENT = frozenset({"sign", "norm", "spectral"})
"""Kinetic energies whose speed does not depend on the size of the momentum."""

# Steps at which methods are compared: the first ones, where dampening and bias
# correction differ, and late ones for those that change for ever.
_COMPARED = (0, 1, 2, 3, 10, 100)
# Rounding of a dozen operations on numbers whose differences, such as 1 - momentum,
# have lost up to four digits.
_RELATIVE, _ABSOLUTE = 1e-11, 1e-13


class Motion(NamedTuple):
    """One step, free of the unit of momentum.

    Attributes:
        carry: Share of this step's momentum that is felt in the next. Unit: 1.
        through: Share of the force that enters by way of the momentum; `through` and
            `direct` sum to 1 without dampening. Unit: 1.
        direct: Share of the force that acts in this step only. Unit: 1.
        size: How large a unit force at rest looks to the kinetic energy; 1 where its
            size only scales the velocity or does not matter.
        drift: Distance moved at rest by a unit force, that is the learning rate; where
            the velocity is not linear, the time of the drift.
        keep: Share of the old position that is kept. Unit: 1.
    """

    carry: float
    through: float
    direct: float
    size: float
    drift: float
    keep: float


_MEANING = (  # of the fields above, one by one
    "share of the momentum carried into the next step",
    "share of the force that enters the momentum",
    "share of the force that acts at once",
    "size of the force that the kinetic energy sees",
    "step per unit of force",
    "share of the position that is kept",
)


def motion(method: Method, step: int) -> Motion:
    """Return what a method does at a step, free of the unit of momentum.

    Args:
        method: Any method with numbers as coefficients.
        step: 0 at the first.

    Returns:
        The motion. Where the momentum is lost before it is felt again, its share of the
        force counts as `through`.

    Source: docs/theory.md, T59, the gauge of (mass, friction, force), in six numbers:
        (kick, blend_momentum) -> (s*kick, blend_momentum/s) moves no position.

    Example:
        >>> from inertial.conventions.velocity_form import keras_sgd
        >>> motion(keras_sgd(0.25, momentum=0.5), 0)
        Motion(carry=0.5, through=1.0, direct=0.0, size=1.0, drift=0.25, keep=1.0)
    """
    start = method.coefficients(0)
    now, after = method.coefficients(step), method.coefficients(step + 1)
    unit, next_unit = _unit(now, start), _unit(after, start)
    carry = 0.0
    if now.blend_momentum != 0:
        scale = after.blend_momentum / now.blend_momentum * unit / next_unit
        # A unit that changed by rounding alone did not change: 0.9 stays 0.9.
        carry = float(after.decay * (1.0 if _close(scale, 1.0) else scale))
    through = float(now.blend_momentum * now.kick) / unit
    direct = float(now.blend_force) / unit
    if carry == 0:
        through, direct = through + direct, 0.0
    moved = unit
    if _at_rest(now, start) == 0:  # the velocity form at learning rate 0
        through, direct, moved = 1.0, 0.0, 0.0
    linear = method.kinetic.name in LINEAR
    return Motion(
        carry,
        through,
        direct,
        size=1.0 if linear or method.kinetic.name in INDIFFERENT else unit,
        drift=float(now.drift) * (moved if linear else 1.0),
        keep=float(now.keep),
    )


def _unit(now: Coefficients, start: Coefficients) -> float:
    """Return a unit for the momentum: what a unit force makes of it at rest, or 1."""
    return _at_rest(now, start) or 1.0


def _at_rest(now: Coefficients, start: Coefficients) -> float:
    # With the first step's kick, so that dampening stays visible.
    return float(now.blend_momentum * start.kick + now.blend_force)


def difference(method: Method, other: Method) -> str:
    """Say where two methods first part; "" where they are the same motion.

    Args:
        method: One method.
        other: Another.

    Returns:
        A phrase that names the first number that differs, or "".

    Example:
        >>> from inertial.conventions.velocity_form import keras_sgd, polyak
        >>> difference(polyak(0.1, 0.9), keras_sgd(0.1, momentum=0.9))
        ''
        >>> difference(polyak(0.1, 0.9), keras_sgd(0.2, momentum=0.9))
        'step per unit of force at step 0: 0.1 against 0.2'
    """
    mine, others = method.kinetic, other.kinetic
    if (mine.name, mine.words) != (others.name, others.words):
        return (
            f"kinetic energy: {mine.name}{mine.words} against "
            f"{others.name}{others.words}"
        )
    if method.maximize != other.maximize:
        return f"maximize: {method.maximize} against {other.maximize}"
    if not _close(method.weight_decay, other.weight_decay):
        return f"weight decay: {method.weight_decay:g} against {other.weight_decay:g}"
    for step in _COMPARED:
        pairs = zip(_MEANING, motion(method, step), motion(other, step), strict=True)
        for meaning, number, another in pairs:
            if not _close(number, another):
                return f"{meaning} at step {step}: {number:g} against {another:g}"
    return ""


def _close(number: float, another: float) -> bool:
    return isclose(number, another, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
