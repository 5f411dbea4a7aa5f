"""Modes: what one step does to a particle in a bowl, direction by direction.

Near a minimum every eigenvector of the Hessian is its own oscillator, and its fate is
read off the six coefficients: no optimizer is known here. Newton's kinetic energy is
assumed. Coupled weight decay is only more curvature: pass curvature + weight_decay.
Coefficients and curvatures may be arrays that broadcast; scalars in, scalars out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy

from inertial.analysis.stability import plain, response, trace_and_determinant
from inertial.arrays import Array
from inertial.physics.coefficients import Coefficients

Regime = Literal[
    "diverging",
    "marginal",
    "underdamped",
    "critical",
    "critical, flipping sign",
    "overdamped",
    "overdamped, flipping sign",
    "dead-beat",
]

_ROUNDING = 8 * numpy.finfo(float).eps  # of a sum of few terms
_AT_REST = 1e-7  # a double root is known to sqrt(eps) = 1.5e-8 only


class Mode(NamedTuple):
    """The fate of one direction.

    Attributes:
        curvature: Hessian eigenvalue. Unit: L/X².
        multipliers: The two factors per step, the dominant first. Unit: 1.
        rate: The dominant factor's size; below 1 the mode decays. Unit: 1.
        regime: In words.
        damping_ratio: Of the steps as they are taken; 1 is critical. Unit: 1.
        continuous_damping_ratio: Of the differential equation behind them. Unit: 1.
        period: Steps of one oscillation; inf where there is none.
        half_life: Steps until the amplitude has halved; inf where it never does.
    """

    curvature: float
    multipliers: tuple[complex, complex]
    rate: float
    regime: Regime
    damping_ratio: float
    continuous_damping_ratio: float
    period: float
    half_life: float


def list_modes(coefficients: Coefficients, curvatures: Iterable[float]) -> list[Mode]:
    """List the modes of a spectrum, ready to print.

    Args:
        coefficients: The six numbers of a step, each a number.
        curvatures: Hessian eigenvalues. Unit: L/X².

    Returns:
        One Mode for each curvature, in the order given.

    Source: docs/theory.md, T23, the regimes, for any coefficients.

    Example:
        >>> c = Coefficients(decay=0.9, drift=0.1)
        >>> [mode.regime for mode in list_modes(c, [0.01, 1.0, 37.0, 39.0])]
        ['overdamped', 'underdamped', 'underdamped', 'diverging']
    """
    return [_mode(coefficients, float(curvature)) for curvature in curvatures]


def _mode(coefficients: Coefficients, curvature: float) -> Mode:
    first, second = multipliers(coefficients, curvature)
    return Mode(
        curvature,
        (complex(first), complex(second)),
        rate(coefficients, curvature),
        regime(coefficients, curvature),
        damping_ratio(coefficients, curvature),
        continuous_damping_ratio(coefficients, curvature),
        period(coefficients, curvature),
        half_life(coefficients, curvature),
    )


def mode_matrix(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the matrix that one step applies to (momentum, position).

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue λ, of any sign. Shape: (...). Unit: L/X².

    Returns:
        [[decay, −kick·λ], [drift·blend_momentum·decay, keep − drift·λ·(blend_momentum
        · kick + blend_force)]]. Shape: (..., 2, 2). Unit: 1 on the diagonal.

    Source: docs/theory.md, T63: the map with force = −λ·position, as a matrix.

    Example:
        >>> mode_matrix(Coefficients(decay=0.5, drift=0.25), 2.0)
        array([[ 0.5  , -2.   ],
               [ 0.125,  0.5  ]])
    """
    decay, kick, blend_momentum, blend_force, drift, keep = (
        numpy.asarray(each, float) for each in coefficients
    )
    curvature = numpy.asarray(curvature, float)
    entries = numpy.broadcast_arrays(
        decay,
        -kick * curvature,
        drift * blend_momentum * decay,
        keep - drift * curvature * (blend_momentum * kick + blend_force),
    )
    return numpy.stack(entries, -1).reshape(*entries[0].shape, 2, 2)


def multipliers(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the two factors by which a mode is multiplied each step.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        The eigenvalues of the mode matrix, complex, the larger first. Shape: (..., 2).
        Unit: 1. Two that differ by rounding only are returned as equal.

    Source: Goh (2017), "Why momentum really works", the eigenvalues σ of R.

    Example:
        >>> multipliers(Coefficients(decay=0.25, drift=1.0), 0.25)  # critical
        array([0.5+0.j, 0.5+0.j])
    """
    trace, determinant = trace_and_determinant(coefficients, curvature)
    gap = _discriminant(coefficients, curvature)
    root = numpy.sqrt(gap.astype(complex))
    # Adding what has the sign of the trace never cancels; the other root then follows
    # from the product.
    first = (trace + numpy.where(trace < 0, -root, root)) / 2
    with numpy.errstate(all="ignore"):
        second = numpy.where(gap > 0, determinant / first, first.conj() + 0)
    return numpy.stack([first, second], -1)


def _discriminant(coefficients: Coefficients, curvature: Array) -> Array:
    """Return trace² − 4·determinant, 0 where it is so but for rounding."""
    decay, keep, lasting, passing = response(coefficients)
    curvature = numpy.asarray(curvature, float)
    trace, determinant = trace_and_determinant(coefficients, curvature)
    plain_sum = trace**2 - 4 * determinant
    plain_size = (
        2 * abs(trace) * (abs(decay) + abs(keep) + abs(curvature * (lasting + passing)))
        + 4 * abs(decay * keep)
        + 4 * abs(decay * curvature * passing)
    )
    # Sorted by powers of the curvature it keeps its digits where the memory is long:
    # there both terms of the plain form are almost 4.
    square = (curvature * (lasting + passing)) ** 2
    middle = 2 * curvature * (lasting * (decay + keep) + passing * (keep - decay))
    rest = (decay - keep) ** 2
    sorted_size = square + abs(middle) + rest
    gap = numpy.where(plain_size < sorted_size, plain_sum, square - middle + rest)
    size = numpy.minimum(plain_size, sorted_size)
    return numpy.where(abs(gap) <= _ROUNDING * size, 0.0, gap)


def rate(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the factor by which a mode shrinks (or grows) each step.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        The spectral radius of the mode matrix; below 1 the mode decays. Shape: as
        `curvature`. Unit: 1.

    Source: Polyak (1964); docs/theory.md, T23: √decay in the whole oscillating band.

    Example:
        >>> c = Coefficients(decay=0.81, drift=0.1)
        >>> round(rate(c, 1.0), 12), round(rate(c, 2.0), 12)
        (0.9, 0.9)
    """
    return plain(abs(multipliers(coefficients, curvature)[..., 0]))


def damping_ratio(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the damping ratio of a mode as its steps show it: 1 is critical.

    The pair of multipliers is written as exp(pole), and ζ = −(sum of poles) /
    (2·√(product of poles)): −ln|z|/|ln z| for a complex pair. Where a multiplier is
    not positive it has no such pole, and the answer is a convention:

    - the dominant one is negative (the sign flips every step): its own −ln|z|/|ln z|;
    - the dominant one is positive, the other 0 or negative: inf. So for plain gradient
      descent, which has no inertia;
    - both are 0 (dead-beat): 1, the limit along the critical pairs.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        ζ. Shape: as `curvature`. Unit: 1. Negative where the oscillation grows; inf
        where nothing pulls back; nan where the particle leaves without oscillation,
        as on a saddle.

    Source: docs/theory.md, T23.

    Example:
        >>> round(damping_ratio(Coefficients(decay=0.9, drift=0.05), 1.0), 4)
        0.229
    """
    roots = multipliers(coefficients, curvature)
    first, second = roots[..., 0], roots[..., 1]
    with numpy.errstate(all="ignore"):
        pole = numpy.log(first)
        slow, fast = numpy.log(abs(first)), numpy.log(abs(second))
        stretch = numpy.sqrt(abs(fast) / abs(slow))
        pair = -numpy.sign(fast) * (stretch + 1 / stretch) / 2
        cases = [
            first == 0,
            (first.imag != 0) | (first.real < 0),
            (slow > 0) & (fast < 0),
            (second.real <= 0) | (slow == 0),
        ]
        single = 0.0 - slow / abs(pole)
        ratio = numpy.select(cases, [1.0, single, math.nan, math.inf], pair)
    return plain(ratio)


def continuous_damping_ratio(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the damping ratio of the differential equation behind the steps.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        ζ = (1 − decay) / (2·√(lr·curvature)) without weight decay; in general
        friction / (2·√stiffness) with friction = 2 − decay − keep and stiffness =
        lr·curvature + (1 − decay)·(1 − keep). Shape: as `curvature`. Unit: 1. inf where
        nothing pulls back, nan where the particle is pushed away.

    Source: docs/theory.md, T23: m·x'' = −λ·x − ε·x' has ζ = ε/(2·√(m·λ)).

    Example:
        >>> c = Coefficients(decay=0.9, drift=0.05)
        >>> round(continuous_damping_ratio(c, 1.0), 4)
        0.2236
    """
    decay, keep, lasting, passing = response(coefficients)
    lr = lasting + passing * (1 - decay)
    stiffness = lr * numpy.asarray(curvature, float) + (1 - decay) * (1 - keep)
    with numpy.errstate(all="ignore"):
        return plain((2 - decay - keep) / (2 * numpy.sqrt(stiffness)))


def period(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the steps that one oscillation of a mode takes.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        2π/θ, θ the angle of the dominant multiplier. Shape: as `curvature`. Unit: 1.
        2 where the sign flips every step, inf where nothing oscillates.

    Source: docs/theory.md, T23: cos θ = (1 + decay − lr·λ)/(2·√decay), heavy ball.

    Example:
        >>> round(period(Coefficients(decay=0.9, drift=0.05), 1.0), 2)
        28.06
    """
    first = multipliers(coefficients, curvature)[..., 0]
    with numpy.errstate(all="ignore"):
        return plain(2 * math.pi / abs(numpy.angle(first)))


def half_life(coefficients: Coefficients, curvature: Array) -> Array:
    """Return the steps in which a mode's amplitude halves.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        ln 2/(−ln rate). Shape: as `curvature`. Unit: 1. inf where the mode does not
        decay, 0 where one multiplication ends it. The energy halves twice as fast.

    Source: docs/theory.md, T23: 2·ln 2/(−ln decay) in the oscillating band.

    Example:
        >>> round(half_life(Coefficients(decay=0.9, drift=0.05), 1.0), 4)
        13.1576
    """
    factor = numpy.asarray(rate(coefficients, curvature))
    with numpy.errstate(all="ignore"):
        fall = -numpy.log(factor)
        return plain(numpy.where(fall > 0, math.log(2) / abs(fall), math.inf))


def regime(coefficients: Coefficients, curvature: Array) -> Array:
    """Name what a mode does.

    Args:
        coefficients: The six numbers of a step.
        curvature: Hessian eigenvalue. Shape: (...). Unit: L/X².

    Returns:
        A word of `Regime`, or an array of them. Shape: as `curvature`. "marginal" is a
        rate of 1 and "dead-beat" a rate of 0 (rest after two steps), "critical" a
        double multiplier: each within rounding.

    Source: docs/theory.md, T23, for any coefficients.

    Example:
        >>> regime(Coefficients(decay=0.9, drift=0.1), 1.0)
        'underdamped'
    """
    first = multipliers(coefficients, curvature)[..., 0]
    gap = _discriminant(coefficients, curvature)
    size = abs(first)
    flips = first.real < 0
    cases = {
        "diverging": size > 1 + _ROUNDING,
        "marginal": size >= 1 - _ROUNDING,
        "dead-beat": size < _AT_REST,
        "underdamped": gap < 0,
        "critical, flipping sign": (gap == 0) & flips,
        "critical": gap == 0,
        "overdamped, flipping sign": flips,
    }
    return plain(numpy.select(list(cases.values()), list(cases), "overdamped"))
