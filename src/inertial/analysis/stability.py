"""Stability: how much curvature, and how large a learning rate, a step can stand.

A mode knows only four numbers of a step's six (see `Response`); its characteristic
polynomial z² − trace·z + determinant is linear in the curvature, so Jury's conditions
give every limit in closed form: heavy ball, Nesterov, moving averages, QHM, decoupled
weight decay. Coupled weight decay is only more curvature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from inertial.arrays import Array
from inertial.physics.coefficients import Coefficients


class Response(NamedTuple):
    """The four numbers of a step on which the fate of a mode depends.

    The scale of the momentum is a matter of taste, and so only products count.

    Attributes:
        decay: Share of the old momentum that survives. Unit: 1.
        keep: Share of the old position that is kept. Unit: 1.
        lasting: drift·blend_momentum·kick, the push of a force that enters the momentum
            and goes on. Unit: X²/L.
        passing: drift·blend_force, the push of a force that is felt once. Unit: X²/L.
    """

    decay: Array
    keep: Array
    lasting: Array
    passing: Array


def response(coefficients: Coefficients) -> Response:
    """Return the four numbers on which the fate of a mode depends.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        The four, as NumPy's arrays or numbers in double precision.

    Example:
        >>> float(response(Coefficients(decay=0.9, kick=0.5, drift=0.5)).lasting)
        0.25
    """
    decay, kick, blend_momentum, blend_force, drift, keep = (
        numpy.asarray(each, float) for each in coefficients
    )
    return Response(decay, keep, drift * blend_momentum * kick, drift * blend_force)


def plain(result: Any) -> Any:
    """Return a Python number or string for an array without axes.

    Example:
        >>> plain(numpy.array(0.5))
        0.5
    """
    return numpy.asarray(result).item() if numpy.ndim(result) == 0 else result


def trace_and_determinant(
    coefficients: Coefficients, curvature: Array
) -> tuple[Array, Array]:
    """Return the trace and the determinant of the mode matrix.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue λ. Shape: (...). Unit: L/X².

    Returns:
        decay + keep − λ·(lasting + passing), and decay·(keep − λ·passing), the share of
        phase space that survives a step. Shape: as `curvature` each. Unit: 1.

    Source: docs/theory.md, T63, of which the table T21 holds the special cases.

    Example:
        >>> trace_and_determinant(Coefficients(decay=0.5, drift=0.25), 2.0)
        (1.0, 0.5)
    """
    decay, keep, lasting, passing = response(coefficients)
    curvature = numpy.asarray(curvature, float)
    trace = decay + keep - curvature * (lasting + passing)
    determinant = decay * (keep - curvature * passing)
    return plain(trace), plain(determinant)


class Slopes(NamedTuple):
    """How Jury's margins change with the learning rate; stable while all are above 0.

    With the learning rate (and decoupled weight decay) multiplied by x, 1 being as now:

    Attributes:
        away: 1 − trace + determinant = away·x, against rolling away.
        flip: 1 + trace + determinant = 2·(1 + decay) − flip·x, against growing jumps
            from side to side.
        ring: 1 − determinant = 1 − decay + ring·x, against a growing oscillation.
    """

    away: Array
    flip: Array
    ring: Array


def slopes(coefficients: Coefficients, curvature: Array) -> Slopes:
    """Return how Jury's margins change with the learning rate.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue λ. Shape: (...). Unit: L/X².

    Returns:
        Three slopes. Shape: as `curvature` each. Unit: 1.

    Source: Jury's conditions for z² − trace·z + determinant, sorted so that nothing
    cancels where the memory is long.

    Example:
        >>> float(slopes(Coefficients(decay=0.5, drift=0.25), 2.0).flip)
        0.5
    """
    decay, keep, lasting, passing = response(coefficients)
    curvature, leak = numpy.asarray(curvature, float), 1 - keep
    return Slopes(
        (1 - decay) * leak + curvature * (lasting + passing * (1 - decay)),
        (1 + decay) * leak + curvature * (lasting + passing * (1 + decay)),
        decay * (leak + curvature * passing),
    )


def memory(coefficients: Coefficients) -> Array:
    """Return how many steps the momentum remembers.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        1/(1 − decay), the total weight of a force against its first. Shape: as `decay`.
        Unit: 1 (steps). inf where nothing is forgotten.

    Source: the geometric series 1 + decay + decay² + …

    Example:
        >>> round(memory(Coefficients(decay=0.9)), 12)
        10.0
    """
    loss = 1 - response(coefficients).decay
    with numpy.errstate(all="ignore"):
        return plain(numpy.where(loss > 0, 1 / loss, math.inf))


def equivalent_lr(coefficients: Coefficients) -> Array:
    """Return the learning rate in the spelling of the heavy ball and of PyTorch.

    Every spelling without weight decay obeys, on a constant slope and in the limit of
    small steps, the heavy ball's law with this learning rate and momentum `decay`.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        lasting + passing·(1 − decay). Shape: as the coefficients. Unit: X²/L.

    Source: docs/theory.md, T14, its b_t; for Nesterov and QHM it is the sum of both
    gradient coefficients of the normal form (T17, T18 d).

    Example:
        >>> nesterov = Coefficients(0.5, 1.0, 0.5, 1.0, drift=0.25)
        >>> average = Coefficients(0.5, 0.5, drift=0.5)
        >>> equivalent_lr(nesterov), equivalent_lr(average)
        (0.25, 0.25)
    """
    decay, _, lasting, passing = response(coefficients)
    return plain(lasting + passing * (1 - decay))


def effective_lr(coefficients: Coefficients) -> Array:
    """Return how far one force moves the particle in the end.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        drift·(blend_momentum·kick/(1 − decay) + blend_force): lr/(1 − momentum) in
        PyTorch's words, lr for a moving average. Shape: as the coefficients. Unit:
        X²/L. inf without friction.

    Source: docs/theory.md, T10, the terminal velocity under a constant force.

    Example:
        >>> effective_lr(Coefficients(decay=0.75, drift=0.25))
        1.0
    """
    decay = response(coefficients).decay
    with numpy.errstate(all="ignore"):
        return plain(numpy.asarray(equivalent_lr(coefficients)) / (1 - decay))


def _interval(conditions: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return where constant + slope·x > 0 for all conditions; nan where nowhere.

    A condition that is 0 for every x is let pass: it says that nothing is lost, as in
    a particle without friction, not that something grows.
    """
    low, high = numpy.asarray(-math.inf), numpy.asarray(math.inf)
    with numpy.errstate(all="ignore"):
        for constant, slope in conditions:
            edge = -constant / slope
            low = numpy.where(slope > 0, numpy.maximum(low, edge), low)
            high = numpy.where(slope < 0, numpy.minimum(high, edge), high)
            high = numpy.where((slope == 0) & (constant < 0), -math.inf, high)
    empty = low >= high
    return numpy.where(empty, math.nan, low), numpy.where(empty, math.nan, high)


def stable_curvatures(coefficients: Coefficients) -> tuple[Array, Array]:
    """Return the curvatures between which every mode decays.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        The lower and the upper end, themselves not stable; nan where no curvature is.
        Shape: as the coefficients. Unit: L/X². The lower end is 0, or negative under
        decoupled weight decay, which holds the particle on a gentle saddle. Without
        friction: where the particle stays bounded.

    Source: Jury's conditions determinant < 1, |trace| < 1 + determinant.

    Example:
        >>> stable_curvatures(Coefficients(decay=0.5, drift=0.25))
        (0.0, 12.0)
    """
    decay, keep, lasting, passing = response(coefficients)
    low, high = _interval(
        [
            ((1 - decay) * (1 - keep), lasting + passing * (1 - decay)),
            ((1 + decay) * (1 + keep), -(lasting + passing * (1 + decay))),
            (1 - decay * keep, decay * passing),
        ]
    )
    return plain(low + 0.0), plain(high)


def largest_stable_curvature(coefficients: Coefficients) -> Array:
    """Return the curvature from which on a step makes the particle fly off.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        2·(1 + momentum)/lr in PyTorch's words, 2·(1 + momentum)/(lr·(1 + 2·momentum))
        for Nesterov. Shape: as the coefficients. Unit: L/X². 0 where no positive
        curvature is stable, inf where all are.

    Source: docs/theory.md, T10 and T21; Polyak (1964).

    Example:
        >>> largest_stable_curvature(Coefficients(decay=0.5, drift=0.25))
        12.0
    """
    _, high = stable_curvatures(coefficients)
    return plain(numpy.where(numpy.asarray(high) > 0, high, 0.0))


def largest_stable_lr(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the learning rate from which on a curvature makes the particle fly off.

    Momentum stays, and decoupled weight decay grows with the learning rate (keep = 1 −
    lr·weight_decay), as its users have it.

    Args:
        coefficients: The six numbers of a step; they say the method, and weight decay
            against learning rate.
        curvature: The largest Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        In the spelling of `equivalent_lr`. For the spelling of another framework
        multiply its learning rate by this / equivalent_lr(coefficients). Shape: as
        `curvature`. Unit: X²/L. 0 where no learning rate is stable, inf where all are.

    Source: docs/theory.md, T21: Jury's conditions as functions of the learning rate.

    Example:
        >>> largest_stable_lr(Coefficients(decay=0.5, drift=0.01), curvature=4.0)
        0.75
    """
    decay = response(coefficients).decay
    away, flip, ring = slopes(coefficients, curvature)
    _, factor = _interval(
        [
            (numpy.zeros_like(away), away),
            (2 * (1 + decay), -flip),
            (1 - decay, ring),
        ]
    )
    factor = numpy.where(factor > 0, factor, 0.0)
    return plain(factor * numpy.asarray(equivalent_lr(coefficients)))


def critical_curvatures(coefficients: Coefficients) -> tuple[Array, Array]:
    """Return the curvatures between which a mode oscillates.

    At the lower one it is critically damped; above the upper one it flips its sign
    every step (heavy ball). A spectrum that fits between them decays at √decay, if the
    method is a heavy ball.

    Args:
        coefficients: The six numbers of a step.

    Returns:
        The lower and the upper end. Shape: as the coefficients. Unit: L/X². Equal
        without momentum, nan where no curvature makes the mode oscillate.

    Source: docs/theory.md, T23: (1 ∓ √decay)²/lr for the heavy ball, ((1 − decay)/(1 +
    decay))²/lr and 1/lr for Nesterov.

    Example:
        >>> critical_curvatures(Coefficients(decay=0.25, drift=0.25))
        (1.0, 9.0)
    """
    decay, keep, lasting, passing = response(coefficients)
    push = lasting + passing
    middle = lasting * (decay + keep) + passing * (keep - decay)
    with numpy.errstate(all="ignore"):
        root = 2 * numpy.sqrt(
            decay * lasting * (keep * lasting + (keep - decay) * passing)
        )
        far = (middle + numpy.where(middle < 0, -root, root)) / push**2
        near = (decay - keep) ** 2 / (push**2 * far)
    return plain(numpy.minimum(near, far)), plain(numpy.maximum(near, far))
