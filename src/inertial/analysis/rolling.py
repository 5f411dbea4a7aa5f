"""How far a particle rolls: down a slope, over a shelf, over a barrier by heat."""

from __future__ import annotations

import numpy

from inertial.analysis.stability import plain
from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, RETENTION, Bound, check

_UP_TO_ONE = Bound(0.0, 1.0)


def slope_distance(momentum: float, steps: Array) -> Array:
    """Return how far a particle gets down a constant slope, from rest.

    Args:
        momentum: Share of the momentum that survives; 1 is no friction. Unit: 1.
        steps: How many steps N. Shape: any.

    Returns:
        N/(1 − μ) − μ(1 − μ^N)/(1 − μ)², and N(N + 1)/2 without friction, in units of
        the learning rate times the slope. Shape: as `steps`. Unit: 1.

    Source: docs/theory.md, T48; 1 + 2 + … + N is the frictionless case.

    Example:
        >>> slope_distance(0.0, 4), slope_distance(0.5, 2), slope_distance(1.0, 4)
        (4.0, 2.5, 10.0)
    """
    check("momentum", momentum, _UP_TO_ONE)
    count = numpy.asarray(steps, float)
    if momentum == 1:
        return plain(count * (count + 1) / 2)
    lost = 1 - momentum
    return plain(count / lost - momentum * (1 - momentum**count) / lost**2)


def coasting_distance(last_step: Array, momentum: float) -> Array:
    """Return how far a particle still rolls where no force is left.

    Args:
        last_step: Its last displacement d₀. Shape: any. Unit: X.
        momentum: Share of the momentum that survives, below 1. Unit: 1.

    Returns:
        d₀·μ/(1 − μ), which is finite. Shape: as `last_step`. Unit: X.

    Source: docs/theory.md, T50.

    Example:
        >>> coasting_distance(2.0, 0.75)
        6.0
    """
    check("momentum", momentum, RETENTION)
    return last_step * momentum / (1 - momentum)


def escape_share(damping_ratio: Array) -> Array:
    """Return how often inertia gets over a barrier, against none at equal temperature.

    Heat drives a particle out of a well. Without inertia, at the same temperature and
    effective learning rate, it leaves at the rate r; with inertia at a share of it.

    Args:
        damping_ratio: ζ of the equation of motion at the top of the barrier, with the
            size of the (negative) curvature there. Shape: any. Unit: 1.

    Returns:
        2ζ(√(1 + ζ²) − ζ), below 1 and 1 where friction rules. Shape: as given. Unit: 1.
        For barriers much higher than the temperature, and not so little friction that
        a particle swings many times before it has felt any.

    Source: Kramers (1940), "Brownian motion in a field of force", eq. 25, over its own
    limit of large friction, with γ/ω = 2ζ.

    Example:
        >>> round(escape_share(0.75), 12)
        0.75
    """
    ratio = numpy.asarray(damping_ratio, float)
    for value in ratio.flat:
        check("damping_ratio", value, NOT_NEGATIVE)
    # √(1 + ζ²) − ζ without cancellation
    return plain(2 * ratio / (numpy.sqrt(1 + ratio**2) + ratio))
