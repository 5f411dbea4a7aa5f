"""Convex valleys along a line whose curvature jumps, one for each particle."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis.landscape.surface import Landscape
from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, Bound, check


def bends(ranges: Any, soft: float = 0.0, stiff: float = 1.0) -> Landscape:
    """Return V with curvature `stiff` within some ranges of x and `soft` elsewhere.

    The minimum is 0, at 0. One range [−w, w] with soft = 0 is Huber's loss: a bowl
    between two straight slopes. [−∞, 1] and [2, ∞] with curvatures 1 and 25 is the
    valley on which Polyak's setting cycles (T30).

    Args:
        ranges: (low, high) of each stiff range, not overlapping. Shape: (ranges, 2), or
            (particles, ranges, 2): a valley of its own for each particle. Unit: X.
        soft: Curvature outside, at least 0. Unit: L/X².
        stiff: Curvature inside, above `soft`. Unit: L/X².

    Returns:
        The landscape, of dimension 1.

    Source: Lessard, Recht and Packard (2016), "Analysis and design of optimization
    algorithms via integral quadratic constraints", eq. 4.11, for such a valley.

    Example:
        >>> bends([(-0.5, 0.5)]).gradient(numpy.array([[0.25], [3.0]]))
        array([[0.25],
               [0.5 ]])
    """
    check("soft", soft, NOT_NEGATIVE)
    check("stiff", stiff, Bound(soft, low_open=True))
    edges = numpy.asarray(ranges, float)
    low, high = edges[..., 0], edges[..., 1]
    rest = numpy.clip(0.0, low, high)  # of each range, the place nearest to 0

    def value(position: Array) -> Array:
        inside = numpy.clip(position, low, high)
        # ∫ from 0 to x of how far a walker has come inside the range
        rise = inside * (position - inside / 2) - rest * (position - rest / 2)
        line = position[..., 0]
        return soft / 2 * line * line + (stiff - soft) * rise.sum(-1)

    def gradient(position: Array) -> Array:
        inside = (numpy.clip(position, low, high) - rest).sum(-1, keepdims=True)
        return soft * position + (stiff - soft) * inside

    return Landscape(
        "bends",
        value,
        gradient,
        minima=numpy.zeros((1, 1)),
        dimension=1,
        domain=((-3.0, 3.0),),
        start=numpy.ones(1),
        question="What is promised where the curvature jumps?",
        source="Lessard, Recht and Packard (2016), eq. 4.11",
        words=(("ranges", edges.tolist()), ("soft", soft), ("stiff", stiff)),
    )
