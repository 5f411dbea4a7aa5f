"""Nesterov's growing momentum, and what is promised on every convex loss."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy

from inertial.analysis.stability import plain
from inertial.analysis.tuning import Tuned, nesterov_standard
from inertial.arrays import Array
from inertial.bounds import POSITIVE, Bound, check
from inertial.physics.coefficients import Coefficients


def growing_momentum(step: int) -> float:
    """Return the momentum that Nesterov's schedule looks ahead with after a step.

    Args:
        step: 0 at the first.

    Returns:
        step/(step + 3), which is (t − 1)/(t + 2) for t counted from 1. Unit: 1.

    Source: Su, Boyd and Candès (2016), "A differential equation for modeling
    Nesterov's accelerated gradient method", eq. 1.

    Example:
        >>> [growing_momentum(step) for step in (0, 1, 3)]
        [0.0, 0.25, 0.5]
    """
    return max(step, 0) / (max(step, 0) + 3)


def growing_nesterov(lr: Array) -> Callable[[int], Coefficients]:
    """Return Nesterov's method for convex losses, whose momentum grows towards 1.

    x' = y − lr·g(y), then y' = x' + `growing_momentum`·(x' − x). The position of the
    map is y, where the gradient is taken; x is y less `blend_momentum` times the
    momentum.

    Args:
        lr: Learning rate, at most 1 over the largest curvature. Unit: X²/L.

    Returns:
        step (0 at the first) -> the six numbers, in Keras's form.

    Source: Nesterov (1983) with the schedule of Su, Boyd and Candès (2016), eq. 1; as a
    look ahead: docs/theory.md, T16.

    Example:
        >>> growing_nesterov(0.5)(1).blend_momentum
        0.25
    """

    def coefficients(step: int) -> Coefficients:
        return Coefficients(
            decay=growing_momentum(step - 1),
            kick=lr,
            blend_momentum=growing_momentum(step),
            blend_force=lr,
        )

    return coefficients


def growing_distance(steps: Array) -> Array:
    """Return how far the growing momentum gets down a constant slope, from rest.

    Args:
        steps: How many steps N. Shape: any.

    Returns:
        (N² + 5N + 2)/8 of x (not of the look ahead), in units of the learning rate
        times the slope; compare `rolling.slope_distance`. Shape: as `steps`. Unit: 1.

    Source: the sum of d' = (t − 1)/(t + 2)·d + 1, the look ahead being d' − 1 further.

    Example:
        >>> growing_distance(1), growing_distance(2)
        (1.0, 2.0)
    """
    count = numpy.asarray(steps, float)
    return plain((count * count + 5 * count + 2) / 8)


def growing_path(time: Array, curvature: float = 1.0) -> Array:
    """Return where the growing momentum has rolled in a bowl, as its steps shrink.

    Args:
        time: Steps times √lr, above 0. Shape: any. Unit: T, with mass 1.
        curvature: Of the bowl, positive. Unit: L/X².

    Returns:
        2·J₁(z)/z with z = time·√curvature, the path from 1 at rest of x'' + (3/t)x' +
        curvature·x = 0. Shape: as `time`. Unit: of the start.

    Source: Su, Boyd and Candès (2016), section 3.2.

    Example:
        >>> round(growing_path(3.8317059702), 8) + 0.0
        0.0
    """
    from scipy.special import j1

    check("curvature", curvature, POSITIVE)
    phase = numpy.asarray(time, float) * math.sqrt(curvature)
    return plain(2 * j1(phase) / phase)


def worst_convex_loss(
    distance: Array, curvature_max: float = 1.0, radius: float = 1.0
) -> Array:
    """Return the highest loss that any convex, smooth landscape leaves after N steps.

    Args:
        distance: How far the method gets down a constant slope in these N steps, in
            units of lr·slope with lr = 1/`curvature_max`: N for plain descent,
            `growing_distance(N)` for Nesterov. Shape: any. Unit: 1.
        curvature_max: Largest curvature. Unit: L/X².
        radius: How far from the minimum it started. Unit: X.

    Returns:
        curvature_max·radius²/(2·(2·distance + 1)). Attained where the slope is constant
        all the way into a bowl of the half-width radius/(2·distance + 1). Shape: as
        `distance`. Unit: L.

    Source: Drori and Teboulle (2014), "Performance of first-order methods for smooth
    convex minimization", for plain descent; Taylor, Hendrickx and Glineur (2017),
    "Smooth strongly convex interpolation", table 1, for Nesterov.

    Example:
        >>> worst_convex_loss(4.0), worst_convex_loss(growing_distance(4))
        (0.0555..., 0.0476...)
    """
    check("curvature_max", curvature_max, POSITIVE)
    return curvature_max * radius**2 / (2 * (2 * distance + 1))


def safe_heavy_ball(curvature_min: float, curvature_max: float, lr: float) -> Tuned:
    """Return a heavy ball that is promised to converge on strongly convex losses.

    Args:
        curvature_min: Smallest curvature μ anywhere, positive. Unit: L/X².
        curvature_max: Largest curvature L anywhere. Unit: L/X².
        lr: Learning rate, at most 1/L. Unit: X²/L.

    Returns:
        momentum √((1 − lr·μ)(1 − lr·L)); rate √(1 − lr·μ): the loss above the minimum
        is at most rate^(2N) of what it was, no faster than plain descent's.

    Source: Ghadimi, Feyzmahdavian and Johansson (2015), "Global convergence of the
    heavy-ball method for convex optimization", theorem 4.

    Example:
        >>> safe_heavy_ball(0.0625, 1.0, lr=1.0).momentum
        0.0
    """
    check("curvature_min", curvature_min, POSITIVE)
    check("curvature_max", curvature_max, Bound(float(curvature_min)))
    check("lr", lr, Bound(0.0, 1 / curvature_max, low_open=True))
    kept = 1 - lr * curvature_min
    momentum = math.sqrt(kept * (1 - lr * curvature_max))
    return Tuned(float(lr), momentum, False, math.sqrt(kept))


def nesterov_promise(curvature_min: float, curvature_max: float, steps: Array) -> Array:
    """Return what Nesterov's standard setting promises on strongly convex losses.

    Args:
        curvature_min: Smallest curvature μ anywhere, positive. Unit: L/X².
        curvature_max: Largest curvature L anywhere. Unit: L/X².
        steps: How many steps N. Shape: any.

    Returns:
        (1 − 1/√κ)^N: the loss above the minimum is at most this share of what it and
        μ/2·|distance to the minimum|² were. Shape: as `steps`. Unit: 1.

    Source: Nesterov (2004), theorem 2.2.3; the setting is `tuning.nesterov_standard`.

    Example:
        >>> nesterov_promise(1.0, 4.0, 2)
        0.25
    """
    rate = nesterov_standard(curvature_min, curvature_max).rate
    return plain(rate ** numpy.asarray(steps, float))
