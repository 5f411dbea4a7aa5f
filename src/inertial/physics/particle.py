"""A particle: mass, friction and force, and the coefficients they mean.

mass · x'' = −force_scale · gradient − friction · x'
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, POSITIVE, Bound, check
from inertial.physics.coefficients import Coefficients
from inertial.physics.friction import friction_law


@dataclass(frozen=True, slots=True)
class Particle:
    """A damped particle that falls down the loss.

    A setting may be a number or an array; arrays make a sweep over settings.

    Attributes:
        mass: Inertia. Positive. Unit: L·T²/X².
        friction: Drag force per speed. Not negative. Unit: L·T/X².
        force_scale: Force per gradient, φ. Positive. Unit: 1.
        law: How a step goes over the friction: a name in `FRICTION_LAWS`.

    Source: docs/theory.md, T62 and T14.

    Example:
        >>> Particle(mass=2.0, friction=0.5).coefficients(time_step=0.1).drift
        0.05
    """

    mass: Array = 1.0
    friction: Array = 0.0
    force_scale: Array = 1.0
    law: str = "exact"

    def __post_init__(self) -> None:
        _check("mass", self.mass, POSITIVE)
        _check("friction", self.friction, NOT_NEGATIVE)
        _check("force_scale", self.force_scale, POSITIVE)
        friction_law(self.law)

    def coefficients(self, time_step: Array) -> Coefficients:
        """Return the six numbers of one step of a given length.

        Args:
            time_step: Length of the step. Not negative; 0, where a schedule ends, stops
                the clock: nothing moves and nothing is lost. Unit: T.

        Returns:
            decay by the friction law, kick = force_scale · time_step (times what the
            friction leaves of it), drift = time_step/mass. So a learning rate is
            kick · drift = force_scale · time_step²/mass, and `momentum` is decay.

        Source: docs/theory.md, T14, symplectic Euler: the table of a_t and b_t.

        Example:
            >>> Particle(mass=1.0, friction=0.1, law="explicit").coefficients(1.0)
            Coefficients(decay=0.9, kick=1.0, blend_momentum=1.0, blend_force=0.0,
            drift=1.0, keep=1.0)
        """
        _check("time_step", time_step, NOT_NEGATIVE)
        law = friction_law(self.law)
        drag = self.friction * time_step / self.mass
        return Coefficients(
            decay=law.decay(drag),
            kick=self.force_scale * time_step * law.kick_share(drag),
            drift=time_step / self.mass,
        )

    @classmethod
    def from_coefficients(
        cls,
        coefficients: Coefficients,
        *,
        force_scale: Array = 1.0,
        time_step: Array = 1.0,
        law: str = "exact",
    ) -> Particle:
        """Return the particle that makes the same positions (with Newton's K).

        The positions of a run know two numbers only, kick · drift (the learning rate)
        and decay. A particle has four: mass, friction, force_scale and its clock. Two
        are therefore free to choose, a gauge: `force_scale` and `time_step` say which
        (T59). Mass and friction mean something only beside that choice.

        Args:
            coefficients: The six numbers, plain: kick · drift above 0, decay at most 1
                and within reach of the law (above 0, for "explicit" above −1), no blend
                with the force (Nesterov), no decoupled weight decay. Others are no
                particle and are refused.
            force_scale: The choice of φ. Unit: 1.
            time_step: The choice of clock: how long one step lasts. Unit: T.
            law: The friction law.

        Returns:
            The particle; its `coefficients(time_step)` have the same decay and the same
            kick · drift. The momentum may be counted in another unit.

        Source: docs/theory.md, T62 (the dictionary), T14 and T59 (the gauge).

        Example:
            >>> sgd = Coefficients(decay=0.9, drift=0.1)
            >>> particle = Particle.from_coefficients(sgd, law="explicit")
            >>> round(particle.mass, 12), round(particle.friction, 12)
            (10.0, 1.0)
        """
        _check("force_scale", force_scale, POSITIVE)
        _check("time_step", time_step, POSITIVE)
        _check_plain(coefficients)
        found = friction_law(law)
        within = Bound(found.least, 1.0, low_open=True, why=found.beyond)
        _check("decay", coefficients.decay, within)
        lr = coefficients.kick * coefficients.drift * coefficients.blend_momentum
        _check("kick * drift", lr, _LEARNING_RATE)
        drag = found.inverse(coefficients.decay)
        mass = force_scale * time_step * time_step * found.kick_share(drag) / lr
        return cls(mass, drag * mass / time_step, force_scale, law)

    def rescaled(self, factor: Array) -> Particle:
        """Return the first gauge: mass, friction and force times a factor.

        Every position stays (with Newton's K); the momentum is counted in another unit.

        Args:
            factor: Positive. Unit: 1.

        Returns:
            The particle with (mass, friction, force_scale) times `factor`.

        Source: docs/theory.md, T59.

        Example:
            >>> Particle(mass=1.0, friction=0.5).rescaled(2.0).friction
            1.0
        """
        _check("factor", factor, POSITIVE)
        return replace(
            self,
            mass=factor * self.mass,
            friction=factor * self.friction,
            force_scale=factor * self.force_scale,
        )

    def reclocked(self, factor: Array) -> Particle:
        """Return the second gauge: the same steps, timed by another clock.

        With `factor * time_step` every position stays (with Newton's K).

        Args:
            factor: New time units per old one. Positive. Unit: 1.

        Returns:
            The particle with mass · factor² and friction · factor.

        Source: docs/theory.md, T59.

        Example:
            >>> Particle(mass=1.0, friction=0.5).reclocked(2.0).mass
            4.0
        """
        _check("factor", factor, POSITIVE)
        return replace(
            self, mass=factor * factor * self.mass, friction=factor * self.friction
        )

    @property
    def time_constant(self) -> Array:
        """mass/friction, after which 1/e of the velocity is left. Unit: T."""
        plain = isinstance(self.friction, (int, float))
        return math.inf if plain and not self.friction else self.mass / self.friction

    @property
    def mobility(self) -> Array:
        """force_scale/friction: final speed per gradient. Unit: X²/(L·T).

        Times the time step it is the effective learning rate lr/(1 − momentum).
        """
        plain = isinstance(self.friction, (int, float))
        return (
            math.inf
            if plain and not self.friction
            else self.force_scale / self.friction
        )

    def frequency(self, curvature: Array) -> Array:
        """Return the undamped angular frequency √(force_scale · curvature/mass).

        Args:
            curvature: Hessian eigenvalue, not negative. Shape: any. Unit: L/X².

        Returns:
            ω of the equation of motion, without the step. Shape: as `curvature`. Unit:
            1/T.

        Source: docs/theory.md, T23, the equation of motion.

        Example:
            >>> Particle(mass=4.0).frequency(1.0)
            0.5
        """
        _check("curvature", curvature, _CURVATURE)
        return (self.force_scale * curvature / self.mass) ** 0.5

    def damping_ratio(self, curvature: Array) -> Array:
        """Return friction/(2 √(mass · force_scale · curvature)): 1 is critical.

        Args:
            curvature: Hessian eigenvalue, positive. Shape: any. Unit: L/X².

        Returns:
            ζ of the equation of motion; the step's own is `analysis.modes`. Shape: as
            `curvature`. Unit: 1.

        Source: docs/theory.md, T23, the equation of motion.

        Example:
            >>> Particle(mass=1.0, friction=2.0).damping_ratio(1.0)
            1.0
        """
        _check("curvature", curvature, POSITIVE)
        return self.friction / (2.0 * self.mass * self.frequency(curvature))


_CURVATURE = Bound(0.0, why="a negative curvature drives the particle away.")
_LEARNING_RATE = Bound(
    0.0,
    low_open=True,
    why="a particle that no force moves downhill has no finite positive mass.",
)


def _check(name: str, value: Any, bound: Bound) -> None:
    """Check a number, or the extremes of an array of them."""
    if getattr(value, "ndim", 0):
        check(name, value.min(), bound)
        check(name, value.max(), bound)
    else:
        check(name, value, bound)


def _check_plain(coefficients: Coefficients) -> None:
    """Refuse a step that moves otherwise than by its momentum.

    Raises:
        ValueError: If it blends in the force, or keeps less than the whole position.
    """
    if not _all_equal(coefficients.blend_force, 0.0):
        raise ValueError(
            f"`blend_force` must be 0 for a particle, but is "
            f"{coefficients.blend_force!r}: Nesterov's method, QHM and Lion also move "
            "with the force itself, which a particle does not. Pass the coefficients "
            "with `_replace(blend_momentum=1.0, blend_force=0.0)` for the particle "
            "without it."
        )
    if not _all_equal(coefficients.keep, 1.0):
        raise ValueError(
            f"`keep` must be 1 for a particle, but is {coefficients.keep!r}: decoupled "
            "weight decay moves the position without a force. Pass the coefficients "
            "with `_replace(keep=1.0)` for the particle without it."
        )


def _all_equal(value: Array, wanted: float) -> bool:
    same = value == wanted
    return bool(same.all()) if hasattr(same, "all") else bool(same)
