"""The map: one step of a damped particle, in three lines."""

from __future__ import annotations

from typing import Any

from inertial.arrays import Array
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic


def step(
    coefficients: Coefficients,
    kinetic: Kinetic,
    position: Array,
    momentum: Array,
    force: Array,
    memory: Any = None,
) -> tuple[Array, Array, Any]:
    """Move a particle by one step.

    Args:
        coefficients: The six numbers of this step.
        kinetic: The kinetic energy; its slope is the velocity.
        position: The parameters. Shape: any. Unit: X.
        momentum: The momentum. Shape: as `position`. Unit: L·T/X.
        force: Minus the gradient, and what joins it (see `physics.force`). Shape: as
            `position`. Unit: L/X.
        memory: What the kinetic energy remembers of past forces, from
            `kinetic.start(position)`; None where it remembers nothing.

    Returns:
        The new position, momentum and memory. No input is written to.

    Source: docs/theory.md, T61, the map; `Coefficients` names its six numbers.

    Example:
        >>> from inertial.physics.kinetic import newtonian
        >>> c = Coefficients(decay=0.9, drift=0.5)
        >>> step(c, newtonian(), position=1.0, momentum=0.0, force=-1.0)
        (0.5, -1.0, None)
    """
    memory = kinetic.remember(force, memory)
    momentum = coefficients.decay * momentum + coefficients.kick * force
    at = coefficients.blend_momentum * momentum + coefficients.blend_force * force
    velocity = kinetic.velocity(at, memory)
    position = coefficients.keep * position + coefficients.drift * velocity
    return position, momentum, memory
