"""Bowls, passes and chains: landscapes whose curvatures say everything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from inertial.analysis.landscape.surface import Landscape, check_dimension
from inertial.arrays import Array, as_array, concatenate
from inertial.bounds import NOT_NEGATIVE, POSITIVE, Bound, check


def _rotation(seed: int, dimension: int) -> Any:
    """Return random orthogonal axes, evenly among all; their signs do not matter here.

    Source: Mezzadri (2007), sec. 5, without its choice of signs: x² has none.
    """
    normal = numpy.random.default_rng(seed).standard_normal((dimension, dimension))
    return numpy.linalg.qr(normal)[0]


def quadratic(
    curvatures: Sequence[float] = (1.0, 10.0), rotation_seed: int | None = None
) -> Landscape:
    """Return V = Σ λᵢ xᵢ²/2, a bowl with any spectrum, about the origin.

    Args:
        curvatures: The eigenvalues of its Hessian; negative ones make saddles. Shape:
            (dimension,). Unit: L/X².
        rotation_seed: Turns the axes at random by this seed; None leaves them straight.

    Returns:
        The landscape, of as many dimensions as there are curvatures.

    Raises:
        ValueError: If no curvature is given.

    Source: Goh (2017), Why Momentum Really Works, "First Steps: Gradient Descent".

    Example:
        >>> float(quadratic((1.0, 10.0)).value(numpy.array([1.0, 1.0])))
        5.5
    """
    spectrum = tuple(float(curvature) for curvature in curvatures)
    if not spectrum:
        raise ValueError(
            "`curvatures` must hold at least one number, but is empty: give one for "
            "each dimension, such as (1.0, 10.0)."
        )
    for curvature in spectrum:
        check("curvatures", curvature, Bound())
    size = len(spectrum)
    turn = None if rotation_seed is None else _rotation(rotation_seed, size)

    def straight(position: Array) -> Array:
        return position if turn is None else position @ as_array(turn, position)

    def value(position: Array) -> Array:
        along = straight(position)
        return (as_array(spectrum, along) * along * along).sum(-1) / 2

    def gradient(position: Array) -> Array:
        along = straight(position)
        slope = as_array(spectrum, along) * along
        return slope if turn is None else slope @ as_array(turn.T, slope)

    return Landscape(
        "quadratic",
        value,
        gradient,
        minima=numpy.zeros((1 if min(spectrum) >= 0 else 0, size)),
        dimension=size,
        domain=((-2.0, 2.0),) * size,
        start=numpy.ones(size),
        question="How does each curvature on its own set the pace?",
        source='Goh (2017), Why Momentum Really Works, "First Steps"',
        words=(("curvatures", spectrum), ("rotation_seed", rotation_seed)),
    )


def ravine(shallow: float = 0.02, steep: float = 1.0) -> Landscape:
    """Return V = (shallow·x² + steep·y²)/2: a long valley between steep walls.

    Args:
        shallow: Curvature along the valley, above 0. Unit: L/X².
        steep: Curvature across it, above 0. Unit: L/X².

    Source: Polyak (1964), Some methods of speeding up the convergence of iteration
    methods, sec. 2: the two ends of a spectrum decide.

    Example:
        >>> ravine().gradient(numpy.array([1.0, 1.0]))
        array([0.02, 1.  ])
    """
    check("shallow", shallow, POSITIVE)
    check("steep", steep, POSITIVE)
    return quadratic((shallow, steep))._replace(
        name="ravine",
        domain=((-10.0, 4.0), (-3.0, 3.0)),
        start=numpy.array([-9.0, 2.0]),
        question="How much faster does momentum roll along a narrow valley?",
        source="Polyak (1964), sec. 2",
        words=(("shallow", shallow), ("steep", steep)),
    )


def saddle(up: float = 1.0, down: float = 0.1) -> Landscape:
    """Return V = (up·x² − down·y²)/2: a pass, falling without end on both sides.

    Args:
        up: Curvature of the walls, above 0. Unit: L/X².
        down: Downward curvature of the ways out, above 0. Unit: L/X².

    Source: O'Neill & Wright (2019), Behavior of accelerated gradient methods near
    critical points of nonconvex functions, sec. 3.

    Example:
        >>> saddle().gradient(numpy.array([1.0, 1.0]))
        array([ 1. , -0.1])
    """
    check("up", up, POSITIVE)
    check("down", down, POSITIVE)
    return quadratic((up, -down))._replace(
        name="saddle",
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        start=numpy.array([1.5, 1e-3]),
        question="How soon does a particle leave a pass, and does inertia help?",
        source="O'Neill & Wright (2019), sec. 3",
        words=(("up", up), ("down", down)),
    )


def quartic(dimension: int = 2) -> Landscape:
    """Return V = Σ x⁴/4: a bowl so flat at its bottom that every curvature is 0 there.

    Args:
        dimension: Number of coordinates, at least 1.

    Source: docs/theory.md, T23: no curvature, so no geometric rate.

    Example:
        >>> quartic().gradient(numpy.array([2.0, -1.0]))
        array([ 8., -1.])
    """
    check_dimension(dimension)
    return Landscape(
        "quartic",
        lambda position: (position * position * position * position).sum(-1) / 4,
        lambda position: position * position * position,
        minima=numpy.zeros((1, dimension)),
        dimension=dimension,
        domain=((-2.0, 2.0),) * dimension,
        start=numpy.linspace(1.8, 0.9, dimension),
        question="What is left of a rate where the curvature fades away?",
        source="docs/theory.md, T23",
        words=(("dimension", dimension),),
    )


def nesterov_chain(
    dimension: int = 20, curvature_min: float = 0.01, curvature_max: float = 1.0
) -> Landscape:
    """Return Nesterov's worst case: a chain that passes news on by one link a step.

    V = (λmax − λmin)/8·(x₁² + Σ(xᵢ − xᵢ₊₁)² + xₙ² − 2x₁) + λmin·|x|²/2. Its curvatures
    lie between the two given; started at 0, no method that moves along gradients it has
    seen can reach link k before step k.

    Args:
        dimension: Number of links, at least 1.
        curvature_min: Lower end of the spectrum, at least 0 (0: convex only). Unit:
            L/X².
        curvature_max: Upper end, above `curvature_min`. Unit: L/X².

    Returns:
        The landscape; its minimum is known in closed form.

    Source: Nesterov (2004), Introductory Lectures on Convex Optimization, sec. 2.1.2
    (convex) and 2.1.4 (strongly convex); the "convex Rosenbrock" of Goh (2017).

    Example:
        >>> chain = nesterov_chain(dimension=3, curvature_min=0.0)
        >>> chain.minima
        array([[0.75, 0.5 , 0.25]])
    """
    check_dimension(dimension)
    check("curvature_min", curvature_min, NOT_NEGATIVE)
    check("curvature_max", curvature_max, Bound(curvature_min, low_open=True))
    spring = (curvature_max - curvature_min) / 4

    def neighbours(position: Array) -> tuple[Array, Array]:
        nothing = 0 * position[..., :1]
        before = concatenate([nothing, position[..., :-1]])
        after = concatenate([position[..., 1:], nothing])
        return before, after

    def value(position: Array) -> Array:
        before, _ = neighbours(position)
        stretch = position - before
        first, last = position[..., 0], position[..., -1]
        springs = (stretch * stretch).sum(-1) + last * last - 2 * first
        return spring / 2 * springs + curvature_min / 2 * (position * position).sum(-1)

    def gradient(position: Array) -> Array:
        before, after = neighbours(position)
        pull = concatenate([0 * position[..., :1] + 1, 0 * position[..., 1:]])
        bend = 2 * position - before - after - pull
        return spring * bend + curvature_min * position

    return Landscape(
        "nesterov_chain",
        value,
        gradient,
        minima=_chain_minimum(dimension, curvature_min / spring),
        dimension=dimension,
        domain=((-0.5, 1.5),) * dimension,
        start=numpy.zeros(dimension),
        question="How fast can any method be that only follows gradients it has seen?",
        source="Nesterov (2004), sec. 2.1.2 and 2.1.4",
        words=(
            ("dimension", dimension),
            ("curvature_min", curvature_min),
            ("curvature_max", curvature_max),
        ),
    )


def _chain_minimum(dimension: int, stiffness: float) -> Any:
    """Return the x with (2 + stiffness)·xᵢ = xᵢ₋₁ + xᵢ₊₁, x₀ = 1 and xₙ₊₁ = 0."""
    link = numpy.arange(1, dimension + 1)
    left = dimension + 1 - link
    if stiffness == 0:
        return (left / (dimension + 1))[None]
    # sinh(left·θ)/sinh((n+1)·θ) with 2 cosh θ = 2 + stiffness, without overflow.
    theta = math.acosh(1 + stiffness / 2)
    decline = numpy.expm1(-2 * left * theta) / math.expm1(-2 * (dimension + 1) * theta)
    return (numpy.exp(-link * theta) * decline)[None]
