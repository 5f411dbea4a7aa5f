"""The classic test functions of optimisation, each with its known minima."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy

from inertial.analysis.landscape.surface import Landscape, check_dimension
from inertial.arrays import Array, cos, exp, sin, stack, where
from inertial.bounds import POSITIVE, Bound, check


def rosenbrock(valley: float = 1.0, walls: float = 100.0) -> Landscape:
    """Return V = (valley − x)² + walls·(y − x²)²: a bent, narrow valley.

    Args:
        valley: Where along x the minimum lies. Unit: X.
        walls: Steepness of the walls, above 0. Unit: L/X⁴.

    Source: Rosenbrock (1960), An automatic method for finding the greatest or least
    value of a function, eq. 1.

    Example:
        >>> float(rosenbrock().value(numpy.array([-1.2, 1.0])))
        24.19...
    """
    check("valley", valley, Bound())
    check("walls", walls, POSITIVE)

    def value(position: Array) -> Array:
        x, y = position[..., 0], position[..., 1]
        ahead, off = valley - x, y - x * x
        return ahead * ahead + walls * off * off

    def gradient(position: Array) -> Array:
        x, y = position[..., 0], position[..., 1]
        pull = 2 * walls * (y - x * x)
        return stack([2 * (x - valley) - 2 * x * pull, pull])

    return Landscape(
        "rosenbrock",
        value,
        gradient,
        minima=numpy.array([[valley, valley * valley]]),
        dimension=2,
        domain=((-2.0, 2.0), (-1.0, 3.0)),
        start=numpy.array([-1.2, 1.0]),
        question="Can a particle follow a bend in a narrow valley?",
        source="Rosenbrock (1960), eq. 1",
        words=(("valley", valley), ("walls", walls)),
    )


def beale() -> Landscape:
    """Return V = Σᵢ (cᵢ − x + x·yⁱ)², c = (1.5, 2.25, 2.625): flat, with sharp corners.

    Source: Beale (1958), On an iterative method for finding a local minimum of a
    function of more than one variable; More et al. (1981), function 5.

    Example:
        >>> float(beale().value(numpy.array([3.0, 0.5])))
        0.0
    """
    targets = (1.5, 2.25, 2.625)

    def value(position: Array) -> Array:
        x, y = position[..., 0], position[..., 1]
        total, power = 0 * x, 0 * y + 1
        for target in targets:
            power = power * y
            miss = target - x + x * power
            total = total + miss * miss
        return total

    def gradient(position: Array) -> Array:
        x, y = position[..., 0], position[..., 1]
        along, across, power = 0 * x, 0 * x, 0 * y + 1
        for degree, target in enumerate(targets, start=1):
            slope = degree * power
            power = power * y
            miss = target - x + x * power
            along = along + 2 * miss * (power - 1)
            across = across + 2 * miss * x * slope
        return stack([along, across])

    return Landscape(
        "beale",
        value,
        gradient,
        minima=numpy.array([[3.0, 0.5]]),
        dimension=2,
        domain=((-4.5, 4.5), (-4.5, 4.5)),
        start=numpy.array([1.0, 1.5]),
        question="What helps where long flats end in sharp corners?",
        source="Beale (1958); More et al. (1981), function 5",
    )


def himmelblau() -> Landscape:
    """Return V = (x² + y − 11)² + (x + y² − 7)²: four valleys of the same depth.

    Source: Himmelblau (1972), Applied Nonlinear Programming, problem 28.

    Example:
        >>> float(himmelblau().value(numpy.array([3.0, 2.0])))
        0.0
    """

    def value(position: Array) -> Array:
        x, y = position[..., 0], position[..., 1]
        first, second = x * x + y - 11, x + y * y - 7
        return first * first + second * second

    def gradient(position: Array) -> Array:
        x, y = position[..., 0], position[..., 1]
        first, second = x * x + y - 11, x + y * y - 7
        return stack([4 * x * first + 2 * second, 2 * first + 4 * y * second])

    return Landscape(
        "himmelblau",
        value,
        gradient,
        minima=numpy.array(
            [
                [3.0, 2.0],
                [-2.805118086952745, 3.131312518250573],
                [-3.7793102533777469, -3.2831859912861696],
                [3.5844283403304917, -1.8481265269644036],
            ]
        ),
        dimension=2,
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        start=numpy.array([-0.5, -1.0]),
        question="How does the setting decide in which valley a particle ends?",
        source="Himmelblau (1972), problem 28",
    )


def rastrigin(dimension: int = 2) -> Landscape:
    """Return V = Σ x² + 10·(1 − cos 2πx): a bowl full of dents.

    Args:
        dimension: Number of coordinates, at least 1.

    Source: Rastrigin (1974), in the form of Mühlenbein et al. (1991), F6.

    Example:
        >>> float(rastrigin().value(numpy.array([1.0, 1.0])))
        2.0
    """
    check_dimension(dimension)

    def value(position: Array) -> Array:
        dents = 10 * (1 - cos(2 * math.pi * position))
        return (position * position + dents).sum(-1)

    def gradient(position: Array) -> Array:
        return 2 * position + 20 * math.pi * sin(2 * math.pi * position)

    return Landscape(
        "rastrigin",
        value,
        gradient,
        minima=numpy.zeros((1, dimension)),
        dimension=dimension,
        domain=((-5.12, 5.12),) * dimension,
        start=numpy.linspace(3.7, 4.3, dimension),
        question="How many dents does a moving particle roll over?",
        source="Mühlenbein et al. (1991), F6",
        words=(("dimension", dimension),),
    )


# The two minima of (x⁴ − 16x² + 5x)/2: the outer roots of 4x³ − 32x + 5.
_STYBLINSKI_TANG = (-2.903534027771177, 2.7468027709908373)


def styblinski_tang(dimension: int = 2) -> Landscape:
    """Return V = Σ (x⁴ − 16x² + 5x)/2: one well deeper than all the others.

    Args:
        dimension: Number of coordinates, at least 1. Up to 6, all 2ⁿ minima are listed;
            above, the lowest alone.

    Source: Styblinski & Tang (1990), Experiments in nonconvex optimization, sec. 4.

    Example:
        >>> styblinski_tang(dimension=1).minima
        array([[-2.90353403],
               [ 2.74680277]])
    """
    check_dimension(dimension)

    def value(position: Array) -> Array:
        square = position * position
        return (square * square - 16 * square + 5 * position).sum(-1) / 2

    def gradient(position: Array) -> Array:
        return 2 * position * position * position - 16 * position + 2.5

    wells: Any = itertools.product(_STYBLINSKI_TANG, repeat=dimension)
    if dimension > 6:
        wells = [_STYBLINSKI_TANG[:1] * dimension]
    return Landscape(
        "styblinski_tang",
        value,
        gradient,
        minima=numpy.array(list(wells)),
        dimension=dimension,
        domain=((-5.0, 5.0),) * dimension,
        start=numpy.linspace(4.5, 0.5, dimension),
        question="Does momentum end in a deeper well than plain descent?",
        source="Styblinski & Tang (1990), sec. 4",
        words=(("dimension", dimension),),
    )


def ackley(dimension: int = 2) -> Landscape:
    """Return Ackley's funnel: nearly flat outside, dented, with a pointed bottom.

    V = 20·(1 − exp(−r/5)) + e − exp(mean cos 2πx), with r² = mean x². The bottom is the
    tip of a cone; its gradient there is given as 0, the middle of all slopes.

    Args:
        dimension: Number of coordinates, at least 1.

    Source: Ackley (1987), A Connectionist Machine for Genetic Hillclimbing, sec. 1.2,
    in the n-dimensional form of Bäck & Schwefel (1993).

    Example:
        >>> round(float(ackley().value(numpy.zeros(2))), 12)
        0.0
    """
    check_dimension(dimension)

    def mean(terms: Array) -> Array:
        return terms.sum(-1, keepdims=True) / dimension

    def dents(position: Array) -> Array:
        return exp(mean(cos(2 * math.pi * position)))

    def value(position: Array) -> Array:
        radius = mean(position * position) ** 0.5
        depth = 20 * (1 - exp(-radius / 5)) + math.e - dents(position)
        return depth[..., 0]

    def gradient(position: Array) -> Array:
        radius = mean(position * position) ** 0.5
        funnel = 4 * exp(-radius / 5) / where(radius > 0, radius, 1.0)
        waves = 2 * math.pi * sin(2 * math.pi * position) * dents(position)
        return (funnel * position + waves) / dimension

    return Landscape(
        "ackley",
        value,
        gradient,
        minima=numpy.zeros((1, dimension)),
        dimension=dimension,
        domain=((-5.0, 5.0),) * dimension,
        start=numpy.linspace(3.4, 2.6, dimension),
        question="Can inertia cross a plain of dents to a single funnel?",
        source="Bäck & Schwefel (1993), after Ackley (1987), sec. 1.2",
        words=(("dimension", dimension),),
    )
