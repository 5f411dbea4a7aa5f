"""The words of physics: mass, friction and the length of a step."""

from __future__ import annotations

from typing import Any

from inertial.arrays import Array
from inertial.conventions.method import Method
from inertial.conventions.vocabulary import Vocabulary, confirmed, read
from inertial.physics.coefficients import Coefficients
from inertial.physics.particle import Particle

_PARTICLE = Vocabulary("particle")


def particle(
    mass: Array = 1.0,
    friction: Array = 0.0,
    force_scale: Array = 1.0,
    time_step: Array = 1.0,
    law: str = "exact",
) -> Method:
    """Read the words of a damped particle in Newton's physics.

    Args:
        mass: Above 0. Unit: L·T²/X².
        friction: Rate of friction, at least 0. Unit: L·T/X².
        force_scale: Force per gradient, above 0. Unit: 1.
        time_step: Time that this step takes, above 0. Unit: T.
        law: Friction law: "explicit", "exact", "implicit" or "exponential".

    Returns:
        The method.

    Source: docs/theory.md, T62: lr = force_scale*time_step²/mass, and momentum =
        1 - friction*time_step/mass under the explicit law.

    Example:
        >>> particle(mass=4.0, friction=1.0, law="explicit").coefficients(0).decay
        0.75
    """
    coefficients = Particle(mass, friction, force_scale, law).coefficients(time_step)
    return Method(lambda _: coefficients)


def particle_words(method: Method) -> dict[str, Any]:
    """Spell a method as a particle whose clock ticks once a step, in units of force.

    Mass and friction have a meaning only beside a clock and a unit of force, which no
    run can tell: here both are 1. `Particle.rescaled` and `Particle.reclocked` lead to
    any other choice.

    Args:
        method: Any method.

    Returns:
        The words of `particle`; the law is "exact" if any momentum survives, and
        "explicit" for plain descent, which no finite exact friction makes.

    Source: docs/theory.md, T59, and T18 (e), what no friction makes.

    Example:
        >>> from inertial.conventions.sum_form import torch_sgd
        >>> particle_words(torch_sgd(lr=0.25))["friction"]
        4.0
    """
    first = read(_PARTICLE, method)
    law = "exact" if first.carry > 0 else "explicit"
    found = Particle.from_coefficients(
        Coefficients(decay=first.carry, kick=1.0, drift=first.drift), law=law
    )
    words = {
        "mass": found.mass,
        "friction": found.friction,
        "force_scale": 1.0,
        "time_step": 1.0,
        "law": law,
    }
    return confirmed(_PARTICLE, method, particle, words)
