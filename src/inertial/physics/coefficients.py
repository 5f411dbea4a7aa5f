"""Six numbers that say everything about one step of a damped particle.

Every convention of momentum is another way to spell the same six numbers:

    momentum' = decay * momentum + kick * force
    velocity  = dK/dp at (blend_momentum * momentum' + blend_force * force)
    position' = keep * position + drift * velocity
"""

from __future__ import annotations

from typing import NamedTuple

from inertial.arrays import Array


class Coefficients(NamedTuple):
    """One step of a damped particle, without its arrays.

    A coefficient may be a Python float, a zero-dimensional array (a learning rate on
    the device), or an array that broadcasts: a sweep over settings is one step.

    Attributes:
        decay: Share of the old momentum that survives friction. Unit: 1.
        kick: How much of the force enters the momentum. Unit: T, or 1 where the
            momentum is counted in forces.
        blend_momentum: The velocity is taken at `blend_momentum` times the new momentum
            plus `blend_force` times the force. Unit: 1.
        blend_force: See `blend_momentum`; not 0 for Nesterov, QHM and Lion.
        drift: Time for which the position moves with the velocity. Unit: T.
        keep: Share of the old position that is kept; below 1 under decoupled weight
            decay. Unit: 1.

    Example:
        >>> Coefficients(decay=0.9, drift=0.1)
        Coefficients(decay=0.9, kick=1.0, blend_momentum=1.0, blend_force=0.0,
        drift=0.1, keep=1.0)
    """

    decay: Array = 1.0
    kick: Array = 1.0
    blend_momentum: Array = 1.0
    blend_force: Array = 0.0
    drift: Array = 1.0
    keep: Array = 1.0
