"""What clipping does to a field of forces: it turns round."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis.stability import plain
from inertial.arrays import Array
from inertial.bounds import POSITIVE, check


def clipped_curl(curvatures: Any, position: Array, limit: float) -> Array:
    """Return the curl of the force of a bowl that is clipped by its norm.

    Args:
        curvatures: λ₁ and λ₂, along the axes. Shape: (2,). Unit: L/X².
        position: Where. Shape: (..., 2). Unit: X.
        limit: Largest norm of the force. Unit: L/X.

    Returns:
        ∂F₂/∂x₁ − ∂F₁/∂x₂ = limit·(λ₁ − λ₂)·g₁g₂/|g|³ with g = λx, and 0 where nothing
        is clipped. A force with a curl is the slope of no loss. Shape: (...). Unit:
        L/X².

    Source: docs/theory.md, T42; the derivative of −limit·g/|g|.

    Example:
        >>> clipped_curl((3.0, 4.0), numpy.array([1.0, 1.0]), limit=1.0)
        -0.096
    """
    check("limit", limit, POSITIVE)
    first, second = (float(each) for each in curvatures)
    slope = numpy.asarray(position, float) * numpy.array([first, second])
    size = numpy.sqrt((slope * slope).sum(-1))
    felt = numpy.where(size > limit, size, 1.0)
    turn = limit * (first - second) * slope[..., 0] * slope[..., 1] / felt**3
    return plain(numpy.where(size > limit, turn, 0.0))
