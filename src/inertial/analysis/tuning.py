"""Tuning: the best constant learning rate and momentum for a known range of curvature.

All rates are exact on quadratic losses and asymptotic: the spectral radius of the worst
mode. Polyak's setting first amplifies the stiffest mode (T31) and may cycle where the
loss is not quadratic (T30); under strong gradient noise no momentum helps (T37).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from inertial.bounds import POSITIVE, RETENTION, Bound, check

_MOMENTUM = RETENTION._replace(
    why="at 1 or above nothing is ever forgotten, and no rate below 1 can be had."
)


class Tuned(NamedTuple):
    """A setting in PyTorch's words, and what it reaches.

    Attributes:
        lr: Learning rate. Unit: X²/L.
        momentum: Share of the old momentum that survives. Unit: 1.
        nesterov: Whether the velocity is taken a look ahead.
        rate: Factor per step by which the slowest mode shrinks. Unit: 1.
    """

    lr: float
    momentum: float
    nesterov: bool
    rate: float


def _check_range(curvature_min: float, curvature_max: float) -> None:
    check("curvature_min", curvature_min, POSITIVE)
    above = Bound(
        float(curvature_min),
        why="it is the largest curvature of the range whose smallest is "
        "`curvature_min`; give the smaller one first.",
    )
    check("curvature_max", curvature_max, above)


def gradient_descent(curvature_min: float, curvature_max: float) -> Tuned:
    """Return the best learning rate without momentum.

    Args:
        curvature_min: Smallest Hessian eigenvalue μ, positive. Unit: L/X².
        curvature_max: Largest Hessian eigenvalue L. Unit: L/X².

    Returns:
        lr = 2/(L + μ), rate (κ − 1)/(κ + 1) with κ = L/μ.

    Source: Polyak (1964); Goh (2017); docs/theory.md, T24.

    Example:
        >>> gradient_descent(1.0, 3.0)
        Tuned(lr=0.5, momentum=0.0, nesterov=False, rate=0.5)
    """
    return heavy_ball(curvature_min, curvature_max, momentum=0.0)


def heavy_ball(curvature_min: float, curvature_max: float, momentum: float) -> Tuned:
    """Return the best learning rate of a heavy ball whose momentum is given.

    Below κ = ((1 + √momentum)/(1 − √momentum))² other learning rates are as good.

    Args:
        curvature_min: Smallest Hessian eigenvalue μ, positive. Unit: L/X².
        curvature_max: Largest Hessian eigenvalue L. Unit: L/X².
        momentum: Share of the old momentum that survives. Unit: 1.

    Returns:
        lr = 2·(1 + momentum)/(L + μ), which gives the stiffest and the softest mode
        opposite traces ±T; rate √momentum, or (T + √(T² − 4·momentum))/2 if larger.

    Source: the characteristic polynomial z² − (1 + momentum − lr·λ)·z + momentum.

    Example:
        >>> round(heavy_ball(1.0, 9.0, momentum=0.25).rate, 12)
        0.5
    """
    _check_range(curvature_min, curvature_max)
    check("momentum", momentum, _MOMENTUM)
    lr = 2 * (1 + momentum) / (curvature_max + curvature_min)
    spread = (curvature_max - curvature_min) / (curvature_max + curvature_min)
    trace = (1 + momentum) * spread
    gap = max(trace * trace - 4 * momentum, 0.0)
    worst = max(math.sqrt(momentum), (trace + math.sqrt(gap)) / 2)
    return Tuned(lr, float(momentum), False, worst)


def polyak(curvature_min: float, curvature_max: float) -> Tuned:
    """Return the best learning rate and momentum of a heavy ball.

    Args:
        curvature_min: Smallest Hessian eigenvalue μ, positive. Unit: L/X².
        curvature_max: Largest Hessian eigenvalue L. Unit: L/X².

    Returns:
        lr = 4/(√L + √μ)², momentum = ((√κ − 1)/(√κ + 1))², rate (√κ − 1)/(√κ + 1).
        (Sutskever et al. 2013, section 2, print Nesterov's momentum here, the root of
        this one; it takes twice the steps, T27.)

    Source: Polyak (1964); docs/theory.md, T24.

    Example:
        >>> polyak(1.0, 9.0)
        Tuned(lr=0.25, momentum=0.25, nesterov=False, rate=0.5)
    """
    _check_range(curvature_min, curvature_max)
    stiff, soft = math.sqrt(curvature_max), math.sqrt(curvature_min)
    share = (stiff - soft) / (stiff + soft)
    return Tuned(4 / (stiff + soft) ** 2, share * share, False, share)


def polyak_overshoot(condition_number: float) -> tuple[int, float]:
    """Return how far Polyak's setting first throws the stiffest mode out.

    From rest at 1 this mode is at (1 + t·(1 + rate))·(−rate)ᵗ after t steps: both its
    multipliers are −rate, so it grows before it decays.

    Args:
        condition_number: κ, at least 1. Unit: 1.

    Returns:
        (the step at which it is farthest, how far it is then, in units of its start):
        about √κ/2 and √κ/e for a large κ. Its loss is the square.

    Source: docs/theory.md, T31; the solution for a double root.

    Example:
        >>> step, factor = polyak_overshoot(1e4)
        >>> step, round(factor, 2)
        (49, 36.79)
    """
    check("condition_number", condition_number, Bound(1.0))
    rate = polyak(1.0, condition_number).rate
    if rate == 0:
        return 0, 1.0

    def away(step: int) -> float:
        return float((1 + step * (1 + rate)) * rate**step)

    top = -1 / math.log(rate) - 1 / (1 + rate)  # where the slope in t is 0
    farthest = max({0, math.floor(top), math.ceil(top)}, key=away)
    return farthest, away(farthest)


def nesterov_standard(curvature_min: float, curvature_max: float) -> Tuned:
    """Return Nesterov's own setting, which is safe on every strongly convex loss.

    Args:
        curvature_min: Smallest Hessian eigenvalue μ, positive. Unit: L/X².
        curvature_max: Largest Hessian eigenvalue L. Unit: L/X².

    Returns:
        lr = 1/L, momentum = (√κ − 1)/(√κ + 1), rate 1 − 1/√κ.

    Source: Nesterov (2004), section 2.2, constant step; docs/theory.md, T25.

    Example:
        >>> nesterov_standard(1.0, 4.0).rate
        0.5
    """
    _check_range(curvature_min, curvature_max)
    stiff, soft = math.sqrt(curvature_max), math.sqrt(curvature_min)
    momentum = (stiff - soft) / (stiff + soft)
    return Tuned(1 / curvature_max, momentum, True, 1 - soft / stiff)


def nesterov_best(curvature_min: float, curvature_max: float) -> Tuned:
    """Return the best constant learning rate and momentum of Nesterov's method.

    Args:
        curvature_min: Smallest Hessian eigenvalue μ, positive. Unit: L/X².
        curvature_max: Largest Hessian eigenvalue L. Unit: L/X².

    Returns:
        lr = 4/(3L + μ), momentum = (√(3κ + 1) − 2)/(√(3κ + 1) + 2), rate
        1 − 2/√(3κ + 1).

    Source: Lessard, Recht, Packard (2016), on quadratics; docs/theory.md, T25.

    Example:
        >>> nesterov_best(1.0, 5.0).rate
        0.5
    """
    _check_range(curvature_min, curvature_max)
    root = math.sqrt(3 * curvature_max / curvature_min + 1)
    momentum = (root - 2) / (root + 2)
    lr = 4 / (3 * curvature_max + curvature_min)
    return Tuned(lr, momentum, True, 1 - 2 / root)


def critical(lr: float, curvature: float, nesterov: bool = False) -> Tuned:
    """Return the momentum that damps one direction critically.

    Less momentum crawls, more rings; none decays faster at this learning rate.

    Args:
        lr: Learning rate. Unit: X²/L.
        curvature: Hessian eigenvalue λ, positive. Unit: L/X².
        nesterov: Whether the velocity is taken a look ahead.

    Returns:
        momentum = (1 − √(lr·λ))², or (1 − √(lr·λ))/(1 + √(lr·λ)) for Nesterov; rate
        1 − √(lr·λ) for both.

    Raises:
        ValueError: If lr·curvature is above 1, where no momentum is critical.

    Source: Goh (2017), "critical damping"; docs/theory.md, T23.

    Example:
        >>> critical(lr=0.25, curvature=1.0)
        Tuned(lr=0.25, momentum=0.25, nesterov=False, rate=0.5)
    """
    check("lr", lr, POSITIVE)
    check("curvature", curvature, POSITIVE)
    stiffness = lr * curvature
    if stiffness > 1:
        raise ValueError(
            f"`lr` times `curvature` must be at most 1, but is {stiffness:g}: above, "
            "the sign flips every step or the mode rings, whatever the momentum. Take "
            f"an `lr` of at most {1 / curvature:g}."
        )
    root = math.sqrt(stiffness)
    momentum = (1 - root) / (1 + root) if nesterov else (1 - root) ** 2
    return Tuned(float(lr), momentum, nesterov, 1 - root)


def break_even_condition_number(momentum: float) -> float:
    """Return the condition number from which on a given momentum helps at all.

    Below it gradient descent with its best learning rate beats a heavy ball with this
    momentum and any learning rate.

    Args:
        momentum: Share of the old momentum that survives. Unit: 1.

    Returns:
        κ = (1 + √momentum)/(1 − √momentum). Unit: 1.

    Source: docs/theory.md, T29: (κ − 1)/(κ + 1) = √momentum.

    Example:
        >>> round(break_even_condition_number(0.9), 3)
        37.974
    """
    check("momentum", momentum, _MOMENTUM)
    root = math.sqrt(momentum)
    return (1 + root) / (1 - root)
