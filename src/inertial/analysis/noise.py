"""Noise: how far gradient noise throws a particle about, once it has settled.

The gradient is λ·position + noise·ξ with white ξ of variance 1. Each of momentum and
position is then a second-order filter of ξ, so that one closed form (`_covariance`)
holds for every method; the heavy ball's (T32), Nesterov's (T34) and the moving
average's formulas are its special cases. `lyapunov_covariance` finds the same numbers
by another road. Newton's kinetic energy is assumed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy

from inertial.analysis.modes import mode_matrix
from inertial.analysis.stability import (
    effective_lr,
    equivalent_lr,
    plain,
    response,
    slopes,
)
from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, check
from inertial.physics.coefficients import Coefficients


class Filter(NamedTuple):
    """Numerator of a second-order filter, at its slowest and its fastest frequency.

    Attributes:
        slow: Its value at z = 1, for noise that stays.
        fast: Its value at z = −1, for noise that alternates (sign left out).
    """

    slow: Array
    fast: Array


def _covariance(
    one: Filter, other: Filter, coefficients: Coefficients, curvature: Array
) -> Array:
    """Return the stationary covariance of two filters of the same white noise.

    Source: Jury (1964), the table of Σ f² for second-order transfer functions; the
    mixed case by polarisation.
    """
    decay = response(coefficients).decay
    slope = slopes(coefficients, curvature)
    away, flip = slope.away, 2 * (1 + decay) - slope.flip
    ring = 1 - decay + slope.ring
    with numpy.errstate(all="ignore"):
        slow = one.slow * other.slow / away
        value = (slow + one.fast * other.fast / flip) / (2 * ring)
    stable = (away > 0) & (flip > 0) & (ring > 0)
    return numpy.where(stable, value, math.inf)


def _position_filter(coefficients: Coefficients) -> Filter:
    """Return the filter (lasting + passing)·z − decay·passing."""
    decay, _, lasting, passing = response(coefficients)
    return Filter(lasting + passing * (1 - decay), lasting + passing * (1 + decay))


def _momentum_filter(coefficients: Coefficients) -> Filter:
    """Return the filter kick·(z − keep)."""
    kick = numpy.asarray(coefficients.kick, float)
    keep = numpy.asarray(coefficients.keep, float)
    return Filter(kick * (1 - keep), kick * (1 + keep))


def stationary_covariance(
    coefficients: Coefficients, curvature: Array, noise: Array = 1.0
) -> Array:
    """Return the covariance of (momentum, position) once noise and friction balance.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue λ. Shape: (...). Unit: L/X².
        noise: Standard deviation of the gradient noise σ. Shape: (...). Unit: L/X.

    Returns:
        [[Var p, Cov], [Cov, Var q]]. Shape: (..., 2, 2). Unit: X² for the position. inf
        where the mode does not settle.

    Source: docs/theory.md, T32 and T34, the special cases. Checked against
    `lyapunov_covariance` and against simulation.

    Example:
        >>> stationary_covariance(Coefficients(decay=0.5, drift=0.5), curvature=2.0)
        array([[2.   , 0.5  ],
               [0.5  , 0.375]])
    """
    momentum = _momentum_filter(coefficients)
    position = _position_filter(coefficients)
    entries = numpy.broadcast_arrays(
        *(
            _covariance(one, other, coefficients, curvature)
            * numpy.asarray(noise, float) ** 2
            for one, other in (
                (momentum, momentum),
                (momentum, position),
                (position, momentum),
                (position, position),
            )
        )
    )
    return numpy.stack(entries, -1).reshape(*entries[0].shape, 2, 2)


def lyapunov_covariance(
    coefficients: Coefficients, curvature: float, noise: float = 1.0
) -> Array:
    """Solve S = M·S·Mᵀ + σ²·n·nᵀ for the covariance of (momentum, position).

    Args:
        coefficients: The six numbers of a step, each a number.
        curvature: Hessian eigenvalue. Unit: L/X².
        noise: Standard deviation of the gradient noise σ. Unit: L/X.

    Returns:
        The matrix that `stationary_covariance` has in closed form. Shape: (2, 2).

    Raises:
        ValueError: If the mode does not settle: the equation's solution would then be
            no covariance.

    Source: scipy.linalg.solve_discrete_lyapunov, with M of `mode_matrix` and n what one
    unit of force adds to momentum and position.

    Example:
        >>> c = Coefficients(decay=0.5, drift=0.5)
        >>> bool(abs(lyapunov_covariance(c, 2.0)[1, 1] - 0.375) < 1e-12)
        True
    """
    from scipy.linalg import solve_discrete_lyapunov

    matrix = mode_matrix(coefficients, curvature)
    rate = max(abs(numpy.linalg.eigvals(matrix)))
    if rate >= 1:
        raise ValueError(
            f"A mode must decay to have a stationary covariance, but at curvature "
            f"{curvature:g} its rate is {rate:g}. Take a smaller learning rate (see "
            "`largest_stable_lr`)."
        )
    kick = float(coefficients.kick)
    push = response(coefficients)
    entry = noise * numpy.array([kick, float(push.lasting + push.passing)])
    return solve_discrete_lyapunov(matrix, numpy.outer(entry, entry))


def position_variance(
    coefficients: Coefficients, curvature: Array, noise: Array = 1.0
) -> Array:
    """Return the variance of the position once noise and friction balance.

    The expected loss above the minimum is curvature/2 times this. For Nesterov in the
    spelling of PyTorch and Keras the position is the point where the gradient is
    taken; see `base_variance` for the point behind it.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue λ. Shape: (...). Unit: L/X².
        noise: Standard deviation of the gradient noise σ. Shape: (...). Unit: L/X.

    Returns:
        lr·σ²·(1 + momentum)/(λ·(1 − momentum)·(2·(1 + momentum) − lr·λ)) for a heavy
        ball. Shape: as the arguments. Unit: X². inf where the mode does not settle.

    Source: docs/theory.md, T32.

    Example:
        >>> position_variance(Coefficients(decay=0.5, drift=0.5), curvature=2.0)
        0.375
    """
    position = _position_filter(coefficients)
    unit = _covariance(position, position, coefficients, curvature)
    return plain(unit * numpy.asarray(noise, float) ** 2)


def base_variance(
    coefficients: Coefficients, curvature: Array, noise: Array = 1.0
) -> Array:
    """Return the variance of Nesterov's base point, behind the look ahead.

    PyTorch and Keras store y = x + momentum·velocity, where the gradient is taken;
    Sutskever writes x. x = position − drift·blend_momentum·momentum.

    Args:
        coefficients: The six numbers of a step of Nesterov's method (blend_momentum =
            decay, blend_force = kick).
        curvature: Hessian eigenvalue λ. Shape: (...). Unit: L/X².
        noise: Standard deviation of the gradient noise σ. Shape: (...). Unit: L/X.

    Returns:
        lr·σ²·(1 + e)/(λ·(1 − e)·(2·(1 + momentum) − lr·λ·(1 + 2·momentum))), e =
        momentum·(1 − lr·λ). Shape: as the arguments. Unit: X².

    Source: docs/theory.md, T34.

    Example:
        >>> nesterov = Coefficients(0.5, 1.0, 0.5, 1.0, drift=0.5)
        >>> round(base_variance(nesterov, curvature=1.0), 12)
        0.416666666667
    """
    ahead = numpy.asarray(coefficients.drift, float) * numpy.asarray(
        coefficients.blend_momentum, float
    )
    position, momentum = _position_filter(coefficients), _momentum_filter(coefficients)
    base = Filter(
        position.slow - ahead * momentum.slow, position.fast - ahead * momentum.fast
    )
    unit = _covariance(base, base, coefficients, curvature)
    return plain(unit * numpy.asarray(noise, float) ** 2)


def temperature(coefficients: Coefficients, noise: Array) -> Array:
    """Return the temperature to which gradient noise heats the particle.

    In the limit of small steps every mode holds curvature·Var(position) = mass·
    Var(velocity) = temperature, whatever its curvature, and momentum enters through the
    effective learning rate only.

    Args:
        coefficients: The six numbers of a step.
        noise: Standard deviation of the gradient noise σ. Shape: (...). Unit: L/X.

    Returns:
        effective_lr·σ²/2. Shape: as the arguments. Unit: L.

    Source: docs/theory.md, T64: fluctuation and dissipation of Langevin's equation.

    Example:
        >>> temperature(Coefficients(decay=0.75, drift=0.25), noise=2.0)
        2.0
    """
    eff = numpy.asarray(effective_lr(coefficients))
    return plain(eff * numpy.asarray(noise, float) ** 2 / 2)


def buffer_variance(coefficients: Coefficients, noise: Array = 1.0) -> Array:
    """Return the variance of the momentum when the force is nothing but noise.

    Args:
        coefficients: The six numbers of a step.
        noise: Standard deviation of the gradient noise σ. Shape: (...). Unit: L/X.

    Returns:
        kick²·σ²/(1 − decay²): σ²/(1 − momentum²) for PyTorch's buffer and
        σ²·(1 − β)/(1 + β) for a moving average. Shape: as the arguments. inf without
        friction.

    Source: docs/theory.md, T35.

    Example:
        >>> buffer_variance(Coefficients(decay=0.5, kick=0.75), noise=2.0)
        3.0
    """
    kick = numpy.asarray(coefficients.kick, float)
    loss = 1 - numpy.asarray(coefficients.decay, float) ** 2
    power = (kick * numpy.asarray(noise, float)) ** 2
    with numpy.errstate(all="ignore"):
        return plain(numpy.where(loss > 0, power / loss, math.inf))


def buffer_gain(coefficients: Coefficients, frequency: Array) -> Array:
    """Return how strongly the momentum answers a force that swings.

    Args:
        coefficients: The six numbers of a step.
        frequency: Of the force: 0 is constant, π alternates every step. Shape: (...).
            Unit: 1 (radian per step).

    Returns:
        kick/|1 − decay·exp(−i·frequency)|. Shape: as `frequency`. inf for a constant
        force without friction.

    Source: docs/theory.md, T60.

    Example:
        >>> buffer_gain(Coefficients(decay=0.5), 0.0)
        2.0
    """
    decay = numpy.asarray(coefficients.decay, float)
    turn = numpy.exp(-1j * numpy.asarray(frequency, float))
    with numpy.errstate(all="ignore"):
        return plain(numpy.asarray(coefficients.kick, float) / abs(1 - decay * turn))


def largest_stable_lr_multiplicative(
    coefficients: Coefficients, curvature: Array, curvature_noise: float
) -> Array:
    """Return the learning rate from which on a noisy curvature makes variance grow.

    The gradient is (λ + curvature_noise·ξ)·position, as in least squares fitted batch
    by batch. The noise that a position makes must come back as less variance than made
    it. With much noise the limit is effective_lr = 2·λ/curvature_noise², whatever the
    momentum.

    Args:
        coefficients: The six numbers of a step; they say the method, and weight decay
            against learning rate.
        curvature: Mean Hessian eigenvalue λ, positive. Shape: (...). Unit: L/X².
        curvature_noise: Standard deviation of it from batch to batch. Unit: L/X².

    Returns:
        In the spelling of `equivalent_lr` (see `largest_stable_lr`). For a heavy ball
        2·λ·(1 − momentum²)/(curvature_noise²·(1 + momentum) + λ²·(1 − momentum)).
        Shape: as `curvature`. Unit: X²/L. 0 where no learning rate is stable.

    Source: docs/theory.md, T36; here curvature_noise²·position_variance = 1 solved
    for the learning rate, a quadratic equation for every method.

    Example:
        >>> c = Coefficients(decay=0.5, drift=0.1)
        >>> largest_stable_lr_multiplicative(c, curvature=1.0, curvature_noise=1.0)
        0.75
    """
    check("curvature_noise", curvature_noise, NOT_NEGATIVE)
    decay = response(coefficients).decay
    away, flip, ring = slopes(coefficients, curvature)
    slow, fast = _position_filter(coefficients)
    power = float(curvature_noise) ** 2
    constant = -4 * away * (1 - decay) * (1 + decay)
    bend = power * (fast**2 * away - slow**2 * flip) + 2 * away * ring * flip
    middle = power * (1 + decay) * slow**2 - away * (
        2 * (1 + decay) * ring - (1 - decay) * flip
    )
    with numpy.errstate(all="ignore"):
        # This root is the smallest positive one, and no subtraction makes it.
        root = numpy.sqrt(middle**2 - bend * constant)
        factor = -constant / (middle + root)
    factor = numpy.where(away > 0, factor, 0.0)
    return plain(factor * numpy.asarray(equivalent_lr(coefficients)))
