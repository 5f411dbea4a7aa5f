"""How the experiments on noise measure: crowds of particles, and means with errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from inertial.analysis import Trajectory, simulate
from inertial.analysis.landscape import quadratic
from inertial.evidence.statement import Comparison
from inertial.physics import Coefficients, newtonian, step

ERRORS = 4.5  # standard errors; one healthy comparison in 150,000 leaves them
WHY = "4.5 standard errors of the mean over particles"


class Sample(NamedTuple):
    """A mean over many particles.

    Attributes:
        mean: The mean.
        error: Its standard error.
    """

    mean: float
    error: float


def sample(values: Any) -> Sample:
    """Return the mean over frames and particles, and its standard error.

    The frames of one particle hang together, and so only particles count as many.

    Args:
        values: Shape: (frames, particles).

    Example:
        >>> sample(numpy.array([[1.0, 3.0], [1.0, 3.0]]))
        Sample(mean=2.0, error=1.0)
    """
    each = numpy.asarray(values, float).mean(0)
    return Sample(float(each.mean()), float(each.std(ddof=1) / len(each) ** 0.5))


def ratio(above: Any, below: Any) -> Sample:
    """Return the ratio of two means over the same particles.

    Args:
        above: Shape: (frames, particles).
        below: Shape: the same.

    Example:
        >>> ratio(numpy.array([[2.0, 6.0]]), numpy.array([[1.0, 3.0]]))
        Sample(mean=2.0, error=0.0)
    """
    one, other = numpy.asarray(above).mean(0), numpy.asarray(below).mean(0)
    value = one.mean() / other.mean()
    rest = (one - value * other) / other.mean()
    return Sample(float(value), float(rest.std(ddof=1) / len(rest) ** 0.5))


def agree(what: str, predicted: float, found: Sample) -> Comparison:
    """Return the comparison of a prediction with a mean over particles."""
    return Comparison(
        what, predicted, found.mean, ERRORS * found.error, WHY, uncertainty=found.error
    )


def columns(settings: Any, each: int) -> tuple[Any, ...]:
    """Return one column per word, with so many particles for each setting.

    Args:
        settings: Rows of words, such as (lr, momentum).
        each: Particles per setting; they stand side by side.

    Example:
        >>> columns([(0.1, 0.9)], 2)[1].tolist()
        [[0.9], [0.9]]
    """
    table = numpy.repeat(numpy.asarray(settings, float), each, axis=0)
    return tuple(table.T[:, :, None])


def settled(
    method: Any, curvature: float, noise: Any, seed: int, steps: int, after: int
) -> Trajectory:
    """Return particles in a bowl, from the moment on when they have forgotten.

    Args:
        method: As `simulate` takes it, with one row for each particle.
        curvature: Of the bowl. Unit: L/X².
        noise: Standard deviation of the gradient noise. Unit: L/X.
        seed: Of the noise.
        steps: How many to take.
        after: From which step on to look; every tenth step is kept.

    Returns:
        The trajectory; frames before `after` are cut from its five arrays.
    """
    bowl = quadratic((curvature,))
    run = simulate(method, bowl, (0.0,), steps, noise=noise, seed=seed, keep_every=10)
    late = run.steps >= after
    return run._replace(
        positions=run.positions[late],
        momenta=run.momenta[late],
        losses=run.losses[late],
        kinetic=run.kinetic[late],
        heat=run.heat[late],
    )


def ball(lr: Any, momentum: Any) -> Coefficients:
    """Return a heavy ball's six numbers, without asking any convention.

    Example:
        >>> ball(0.1, 0.9).drift
        0.1
    """
    return Coefficients(decay=momentum, drift=lr)


def dots(axes: Any, x: Any, found: list[Sample], colour: str, **words: Any) -> None:
    """Draw measurements, with bars of two standard errors.

    Args:
        axes: Of matplotlib.
        x: Where they stand.
        found: What was measured.
        colour: A role.
        **words: For matplotlib, such as `label`.
    """
    from inertial.report.drawing import mark

    means = [one.mean for one in found]
    bars = [2 * one.error for one in found]
    axes.errorbar(x, means, bars, fmt="o", ms=6, color=mark(colour), **words)


class Course(NamedTuple):
    """What noise makes of a start, on average over all noise, without any dice.

    Attributes:
        mean: Mean position at each step, the start included. Shape: (steps + 1, ...).
            Unit: X.
        spread: Variance of the position for gradient noise of variance 1. Shape: the
            same. Unit: X⁴/L².
    """

    mean: Any
    spread: Any


def course(
    rule: Callable[[int], Coefficients], curvature: Any, start: Any, steps: int
) -> Course:
    """Return the mean and the variance of a particle in a bowl, step by step.

    The step is linear there. So the mean moves as a particle without noise does, and
    the variance is the sum of squares of the answers to one kick of noise at each step
    so far: two particles without dice are rolled, and no formula is used.

    Args:
        rule: Step -> its six numbers, of any shape that broadcasts with `curvature`;
            the same at every step.
        curvature: Of each mode. Shape: (...). Unit: L/X².
        start: Where each mode is released, at rest. Shape: (...). Unit: X.
        steps: How many to take.

    Returns:
        Both, at each step.

    Example:
        >>> course(lambda _: Coefficients(0.0, drift=0.5), 1.0, 1.0, 2).spread
        array([0.    , 0.25  , 0.3125])
    """
    coefficients, kinetic = rule(1), newtonian()
    shape = numpy.broadcast_shapes(
        numpy.shape(coefficients.drift), numpy.shape(curvature), numpy.shape(start)
    )
    # The first row is released at the start, the second is kicked once, from rest.
    position = numpy.stack([numpy.broadcast_to(start, shape), numpy.zeros(shape)])
    momentum = numpy.zeros_like(position)
    kick = numpy.stack([numpy.zeros(shape), numpy.ones(shape)])
    frames = numpy.empty((steps + 1, *position.shape))
    frames[0] = position
    with numpy.errstate(over="ignore", invalid="ignore"):  # some settings diverge
        for number in range(steps):
            force = -curvature * position - (kick if number == 0 else 0.0)
            position, momentum, _ = step(
                coefficients, kinetic, position, momentum, force
            )
            frames[number + 1] = position
        return Course(frames[:, 0], numpy.cumsum(frames[:, 1] ** 2, axis=0))
