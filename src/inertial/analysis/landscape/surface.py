"""What a landscape is: a height, its slope, and where its known valleys lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from inertial.arrays import Array
from inertial.bounds import Bound, check


class Landscape(NamedTuple):
    """A loss whose height and slope are known exactly, to roll particles on.

    Attributes:
        name: What users call it.
        value: position -> loss. Shape: (..., dimension) -> (...). Unit: L.
        gradient: position -> slope. Shape: (..., dimension) -> the same. Unit: L/X.
        minima: The known minima, local ones included. Shape: (count, dimension).
            Unit: X. Empty where the landscape has no lowest place.
        dimension: How many coordinates a position has.
        domain: The box to draw: (low, high) for each coordinate. Unit: X.
        start: A start that shows what the landscape is for. Shape: (dimension,).
            Unit: X.
        question: The one question it answers.
        source: Where the formula is written.
        words: The settings that made it, so that it can be printed and rebuilt.
    """

    name: str
    value: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    minima: Any
    dimension: int
    domain: tuple[tuple[float, float], ...]
    start: Any
    question: str
    source: str
    words: tuple[tuple[str, Any], ...] = ()


def check_dimension(dimension: int) -> None:
    """Refuse a dimension that is not a whole number of at least 1.

    Args:
        dimension: What the user gave.

    Raises:
        TypeError: If it is not a whole number.

    Example:
        >>> check_dimension(2.5)
        Traceback (most recent call last):
            ...
        TypeError: `dimension` must be a whole number, but is 2.5.
    """
    check("dimension", dimension, Bound(1.0))
    if int(dimension) != dimension:
        raise TypeError(f"`dimension` must be a whole number, but is {dimension!r}.")


# The cube root of the float64 spacing balances the two errors of a central difference.
_REACH = float(numpy.finfo(numpy.float64).eps) ** (1 / 3)


def hessian(landscape: Landscape, position: Any) -> Any:
    """Return the matrix of second derivatives, by central differences of the gradient.

    Args:
        landscape: Where to look.
        position: NumPy positions. Shape: (..., dimension). Unit: X.

    Returns:
        The symmetric Hessian, good to about ten digits. Shape: (..., dimension,
        dimension). Unit: L/X².

    Source: Nocedal & Wright (2006), Numerical Optimization, eq. 8.7.

    Example:
        >>> from inertial.analysis.landscape import quadratic
        >>> hessian(quadratic((1.0, 4.0)), numpy.zeros(2)).round(6)
        array([[1., 0.],
               [0., 4.]])
    """
    position = numpy.asarray(position, dtype=numpy.float64)
    columns = []
    for axis in range(landscape.dimension):
        shift = numpy.zeros_like(position)
        shift[..., axis] = _REACH * numpy.maximum(1.0, abs(position[..., axis]))
        ahead, behind = position + shift, position - shift
        # The distance that rounding really left, not the one that was asked for.
        distance = (ahead - behind)[..., axis, None]
        rise = landscape.gradient(ahead) - landscape.gradient(behind)
        columns.append(rise / distance)
    matrix = numpy.stack(columns, axis=-1)
    return (matrix + numpy.swapaxes(matrix, -1, -2)) / 2


def curvatures(landscape: Landscape, position: Any) -> Any:
    """Return the curvatures at a place: the Hessian's eigenvalues, smallest first.

    Args:
        landscape: Where to look.
        position: NumPy positions. Shape: (..., dimension). Unit: X.

    Returns:
        The curvatures; negative ones lead away. Shape: (..., dimension). Unit: L/X².

    Example:
        >>> from inertial.analysis.landscape import saddle
        >>> curvatures(saddle(up=1.0, down=0.1), numpy.zeros(2)).round(6)
        array([-0.1,  1. ])
    """
    return numpy.linalg.eigvalsh(hessian(landscape, position))
