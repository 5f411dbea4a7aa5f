"""Roll first, look afterwards: the short way for a crowd that forgets nothing.

With constant coefficients and a kinetic energy without memory, nothing that is written
down acts back on the particles. So they roll without a look, and energies, heat and
divergence are read off all frames at once: the same numbers, several times sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis.crowd import Crowd
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic
from inertial.physics.step import step as take_step


def roll(
    coefficients: Coefficients,
    kinetic: Kinetic,
    push: Callable[[Any, int], Any],
    position: Any,
    momentum: Any,
    steps: int,
) -> tuple[Any, Any]:
    """Return every place and momentum of particles that nobody stops.

    Args:
        coefficients: The six numbers of every step.
        kinetic: A kinetic energy that remembers nothing.
        push: (position, step from 0) -> force. Shape: as the position. Unit: L/X.
        position: The start. Shape: (particles, dimension). Unit: X.
        momentum: Shape: as `position`.
        steps: How many.

    Returns:
        Positions and momenta; what diverges runs on to inf and nan. Shape: (steps + 1,
        particles, dimension) each.

    Example:
        >>> from inertial.physics.kinetic import newtonian
        >>> six, one = Coefficients(decay=0.5, drift=1.0), numpy.ones((1, 1))
        >>> roll(six, newtonian(), lambda x, _: -x, one, 0 * one, 2)[0].ravel()
        array([ 1. ,  0. , -0.5])
    """
    shape = (steps + 1, *position.shape[::-1])
    # Coordinate by coordinate, as the particles are stored.
    positions, momenta = numpy.empty(shape), numpy.empty(shape)
    alone = kinetic.scope != "element"
    momentum = momentum.view(Crowd if alone else numpy.ndarray)
    with numpy.errstate(all="ignore"):
        for number in range(steps + 1):
            positions[number], momenta[number] = position.T, momentum.T
            if number == steps:
                break
            force = push(position, number)
            force = force.view(Crowd) if alone else force
            position, momentum, _ = take_step(
                coefficients, kinetic, position, momentum, force
            )
            position = position.view(numpy.ndarray)
    return positions.transpose(0, 2, 1), momenta.transpose(0, 2, 1)


def stopped(positions: Any, momenta: Any, limit: float) -> tuple[Any, Any]:
    """Return the last frame that each frame shows, and when each particle diverged.

    Args:
        positions: Shape: (frames, particles, dimension). Unit: X.
        momenta: Shape: as `positions`.
        limit: A coordinate beyond ± this has diverged. Unit: X.

    Returns:
        For each frame the frame at which the particle stands (itself, until it
        diverges), and the step that would have carried it away, or -1. Shape: (frames,
        particles) and (particles,).

    Example:
        >>> places = numpy.array([1.0, 5.0, 2.0]).reshape(3, 1, 1)
        >>> [found.ravel().tolist() for found in stopped(places, places, 3.0)]
        [[0, 0, 0], [1]]
    """
    inside = ((abs(positions) <= limit) & numpy.isfinite(momenta)).all(-1)
    frames = len(inside)
    ever = ~inside.all(0)
    first = numpy.where(ever, numpy.argmin(inside, axis=0), frames)
    shown = numpy.minimum(numpy.arange(frames)[:, None], first - 1)
    return shown, numpy.where(ever, first, -1)


def frozen(values: Any, shown: Any) -> Any:
    """Return values as they stood when each particle was last inside.

    Args:
        values: Shape: (frames, particles) or (frames, particles, dimension).
        shown: From `stopped`.

    Returns:
        The values. Shape: as given.
    """
    index = shown if values.ndim == 2 else shown[..., None]
    return numpy.take_along_axis(values, index, axis=0)


def running_heat(before: Any, slowed: Any) -> Any:
    """Return the heat since the start, summed step after step.

    Args:
        before: Kinetic energy at each step's begin. Shape: (steps, particles). Unit: L.
        slowed: The same after friction alone.

    Returns:
        The heat at each frame. Shape: (steps + 1, particles). Unit: L.

    Example:
        >>> running_heat(numpy.array([[2.0], [1.0]]), numpy.array([[1.5], [0.5]]))[:, 0]
        array([0. , 0.5, 1. ])
    """
    # In turns, so that each sum is rounded as it is when steps are taken one by one.
    turns = numpy.stack([before, -slowed], axis=1).reshape(-1, before.shape[-1])
    summed = numpy.cumsum(turns, axis=0)[1::2]
    return numpy.concatenate([numpy.zeros_like(before[:1]), summed])


def lasting(values: Any) -> Any:
    """Return values of which those that are no numbers are the last that was one.

    Args:
        values: Shape: (frames, particles).

    Returns:
        The values; 0 where none came before. Shape: as given.

    Example:
        >>> lasting(numpy.array([[1.0], [numpy.inf], [3.0]])).ravel()
        array([1., 1., 3.])
    """
    known = numpy.isfinite(values)
    if known.all():
        return values
    frames = numpy.where(known, numpy.arange(len(values))[:, None], -1)
    last = numpy.maximum.accumulate(frames, axis=0)
    found = numpy.take_along_axis(values, numpy.maximum(last, 0), axis=0)
    return numpy.where(last < 0, 0.0, found)
