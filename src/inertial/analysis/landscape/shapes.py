"""Places that stop a particle: a pass without curvature, a shelf, a barrier."""

from __future__ import annotations

import math

import numpy

from inertial.analysis.landscape.surface import Landscape
from inertial.arrays import Array, stack, where
from inertial.bounds import POSITIVE, Bound, check


def _columns(position: Array) -> tuple[Array, Array]:
    return position[..., 0], position[..., 1]


def monkey_saddle() -> Landscape:
    """Return V = x³ − 3xy²: three ways down, and no curvature at all in the middle.

    Source: Weisstein, Monkey Saddle (MathWorld), eq. 1.

    Example:
        >>> monkey_saddle().gradient(numpy.array([1.0, 1.0]))
        array([ 0., -6.])
    """

    def value(position: Array) -> Array:
        x, y = _columns(position)
        return x * x * x - 3 * x * y * y

    def gradient(position: Array) -> Array:
        x, y = _columns(position)
        return stack([3 * x * x - 3 * y * y, -6 * x * y])

    return Landscape(
        "monkey_saddle",
        value,
        gradient,
        minima=numpy.zeros((0, 2)),
        dimension=2,
        domain=((-1.5, 1.5), (-1.5, 1.5)),
        start=numpy.array([1.0, 0.02]),
        question="Which way out does a particle take where no curvature points it?",
        source="Weisstein, Monkey Saddle (MathWorld), eq. 1",
    )


def plateau(
    slope: float = 1.0, width: float = 4.0, curvature: float = 1.0
) -> Landscape:
    """Return a slope, then an exactly flat shelf, then a valley behind it.

    Along x the loss falls with `slope` down to x = 0, is level for `width`, falls on
    with `slope` and rounds off into a valley; across, along y, it is a bowl.

    Args:
        slope: Steepness of the descent, above 0. Unit: L/X.
        width: Length of the flat shelf, above 0. Unit: X.
        curvature: Curvature of the valley and of the bowl, above 0. Unit: L/X².

    Source: docs/theory.md, T50: a particle coasts d·decay/(1 − decay) further than the
    last step d that felt a force.

    Example:
        >>> plateau().gradient(numpy.array([[1.0, 0.0], [-1.0, 0.0]]))
        array([[1., 0.],
               [0., 0.]])
    """
    check("slope", slope, POSITIVE)
    check("width", width, POSITIVE)
    check("curvature", curvature, POSITIVE)

    def beyond(x: Array) -> Array:
        return where(x < -width, -width - x, 0.0)

    def value(position: Array) -> Array:
        x, y = _columns(position)
        deep = beyond(x)
        descent = slope * where(x > 0, x, 0.0) - slope * deep
        return descent + curvature * (deep * deep + y * y) / 2

    def gradient(position: Array) -> Array:
        x, y = _columns(position)
        valley = where(x < -width, slope - curvature * beyond(x), 0.0)
        return stack([where(x > 0, slope + 0 * x, valley), curvature * y])

    bottom = -width - slope / curvature
    return Landscape(
        "plateau",
        value,
        gradient,
        minima=numpy.array([[bottom, 0.0]]),
        dimension=2,
        domain=((bottom - 2.0, 4.0), (-2.0, 2.0)),
        start=numpy.array([3.0, 0.5]),
        question="How far does a particle coast where no force is left?",
        source="docs/theory.md, T50",
        words=(("slope", slope), ("width", width), ("curvature", curvature)),
    )


# Beyond this tilt the upper well has no bottom: x³ − x + tilt has one root only.
_TILT = Bound(
    -2 / math.sqrt(27),
    2 / math.sqrt(27),
    low_open=True,
    high_open=True,
    why="at a steeper tilt the upper well is gone. Choose a smaller one.",
)


def double_well(tilt: float = 0.1, curvature: float = 1.0) -> Landscape:
    """Return V = x⁴/4 − x²/2 + tilt·x + curvature·y²/2: two wells and a barrier.

    Args:
        tilt: How much one well lies above the other, below 0.385 in size; a positive
            tilt lowers the left one. Unit: L/X.
        curvature: Curvature across, above 0. Unit: L/X².

    Source: docs/theory.md, T52 (tilt 0.1); roots of the slope: Viète's formula.

    Example:
        >>> double_well(tilt=0.0).minima
        array([[-1.,  0.],
               [ 1.,  0.]])
    """
    check("tilt", tilt, _TILT)
    check("curvature", curvature, POSITIVE)

    def value(position: Array) -> Array:
        x, y = _columns(position)
        square = x * x
        return square * square / 4 - square / 2 + tilt * x + curvature * y * y / 2

    def gradient(position: Array) -> Array:
        x, y = _columns(position)
        return stack([x * x * x - x + tilt, curvature * y])

    # Viète: x = (2/√3) cos((arccos(−tilt·√27/2) − 2πk)/3); k = 1 is the barrier's top.
    angle = math.acos(-tilt * math.sqrt(27) / 2)
    left, right = (
        2 / math.sqrt(3) * math.cos((angle - 2 * math.pi * k) / 3) for k in (2, 0)
    )
    return Landscape(
        "double_well",
        value,
        gradient,
        minima=numpy.array([[left, 0.0], [right, 0.0]]).round(15),
        dimension=2,
        domain=((-2.0, 2.0), (-1.5, 1.5)),
        start=numpy.array([1.7, 0.8]),
        question="When does inertia carry a particle over a barrier, and where to?",
        source="docs/theory.md, T52",
        words=(("tilt", tilt), ("curvature", curvature)),
    )
