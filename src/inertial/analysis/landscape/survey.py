"""Where a landscape rests, how it curves there, and the heights to draw it by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from inertial.analysis.landscape.surface import Landscape, curvatures, hessian

_GRID = 41  # places tried along each coordinate
_SEEDS = 24  # of them, those from which a resting place is sought
_NEAR = 1e-4  # share of the window within which two finds are one
_TIP = 3.0  # growth of slope over distance, ten times nearer, that no bowl shows


class Reference(NamedTuple):
    """The place whose curvatures say what a setting will do.

    Attributes:
        kind: "minimum", "saddle" (a resting place that is no minimum) or "start" (no
            resting place is known, or it has no curvature).
        position: Shape: (dimension,). Unit: X.
        curvatures: Smallest first. Shape: (dimension,). Unit: L/X².
    """

    kind: str
    position: Any
    curvatures: Any


def heights(landscape: Landscape, columns: int, rows: int) -> Any:
    """Return the heights of a landscape of two dimensions over its window.

    Args:
        landscape: What to draw.
        columns: Places along x, the edges included.
        rows: Places along y, the edges included.

    Returns:
        The heights, y ascending. Shape: (rows, columns). Unit: L.

    Example:
        >>> from inertial.analysis.landscape import quadratic
        >>> heights(quadratic((1.0, 1.0)), 3, 3)[1].tolist()
        [2.0, 0.0, 2.0]
    """
    x, y = (
        numpy.linspace(*window, count)
        for window, count in zip(landscape.domain[:2], (columns, rows), strict=True)
    )
    with numpy.errstate(all="ignore"):
        return landscape.value(numpy.stack(numpy.meshgrid(x, y), axis=-1))


def contour_levels(values: Any, count: int = 14) -> Any:
    """Return heights at which lines show the shape, closer together towards the bottom.

    Args:
        values: Heights, of which those that are no numbers are left out. Shape: any.
            Unit: L.
        count: How many levels.

    Returns:
        The levels, ascending, as the square of even steps between the lowest height
        and that above 98 % of the places. Shape: (count,). Unit: L. Empty where the
        landscape is flat.

    Example:
        >>> contour_levels(numpy.linspace(0, 1, 101), count=2).round(4).tolist()
        [0.1089, 0.4356]
    """
    known = numpy.asarray(values)[numpy.isfinite(values)]
    if not known.size or known.min() == known.max():
        return numpy.zeros(0)
    low, high = known.min(), numpy.quantile(known, 0.98)
    share = numpy.arange(1, count + 1) / (count + 1)
    return low + (high - low) * share**2


def resting_places(landscape: Landscape) -> Any:
    """Return the places in the window where no force acts, minima first.

    They are sought by Newton's method from the flattest places of a grid.

    Args:
        landscape: A landscape of two dimensions.

    Returns:
        The places, the lowest minimum first. Shape: (count, 2). Unit: X. Not
        necessarily all.

    Source: Nocedal & Wright (2006), Numerical Optimization, sec. 11.1, Newton's method
    for the equations gradient = 0.

    Example:
        >>> from inertial.analysis.landscape import saddle
        >>> abs(resting_places(saddle())).round(6).tolist()
        [[0.0, 0.0]]
    """
    window = numpy.array(landscape.domain[:2])
    x, y = (numpy.linspace(low, high, _GRID) for low, high in window)
    grid = numpy.stack(numpy.meshgrid(x, y), axis=-1).reshape(-1, 2)
    with numpy.errstate(all="ignore"):
        slope = (landscape.gradient(grid) ** 2).sum(-1)
        flattest = numpy.argsort(numpy.where(numpy.isnan(slope), numpy.inf, slope))
        places = _newton(landscape, grid[flattest[:_SEEDS]])
        found = _settled(landscape, places, window)
        return numpy.array(sorted(found, key=lambda place: _order(landscape, place)))


def _newton(landscape: Landscape, places: Any) -> Any:
    for _ in range(40):
        matrix, slope = hessian(landscape, places), landscape.gradient(places)
        usable = numpy.isfinite(matrix).all((-1, -2)) & numpy.isfinite(slope).all(-1)
        places, matrix, slope = places[usable], matrix[usable], slope[usable]
        # The pseudo-inverse stays put along directions without curvature.
        step = numpy.linalg.pinv(matrix, hermitian=True, rcond=1e-9) @ slope[..., None]
        places = places - step[..., 0]
    return places


def _settled(landscape: Landscape, places: Any, window: Any) -> list[Any]:
    """Return the places inside the window that rest, each once."""
    size = window[:, 1] - window[:, 0]
    steepness = numpy.nanmax(abs(landscape.gradient(window.T)), initial=1e-300)
    found: list[Any] = []
    for place in places:
        inside = (window[:, 0] <= place).all() and (place <= window[:, 1]).all()
        rests = abs(landscape.gradient(place)).max() <= 1e-7 * steepness
        known = any((abs(place - other) < _NEAR * size).all() for other in found)
        if inside and rests and not known:
            found.append(place)
    return found


def _order(landscape: Landscape, place: Any) -> tuple[bool, float]:
    return bool(curvatures(landscape, place)[0] < 0), float(landscape.value(place))


def anchors(landscape: Landscape) -> Any:
    """Return the places whose curvatures may decide a setting's fate.

    Args:
        landscape: A landscape of two dimensions.

    Returns:
        Its known minima; where it has none, the minima that are found in the window;
        where there are none either, the other resting places. Shape: (count, 2).
        Unit: X.

    Example:
        >>> from inertial.analysis.landscape import ravine
        >>> anchors(ravine()).tolist()
        [[0.0, 0.0]]
    """
    if len(landscape.minima):
        return landscape.minima
    found = resting_places(landscape)
    lowest = [place for place in found if not _order(landscape, place)[0]]
    return numpy.array(lowest) if lowest else found


def reference(landscape: Landscape, start: Any, places: Any = None) -> Reference:
    """Return the place that decides a setting's fate for a particle that starts here.

    Args:
        landscape: A landscape of two dimensions.
        start: Where the particle starts. Shape: (2,). Unit: X.
        places: The `anchors` of the landscape, if they are known already.

    Returns:
        The anchor next to the start; the start itself where there is none. Places
        without any curvature, and tips of cones, which have no curvature to speak of,
        are passed over.

    Example:
        >>> from inertial.analysis.landscape import ravine
        >>> reference(ravine(), (-9.0, 2.0)).kind
        'minimum'
    """
    start = numpy.asarray(start, dtype=numpy.float64)
    places = anchors(landscape) if places is None else places
    for place in sorted(places, key=lambda p: float(((p - start) ** 2).sum())):
        bent = curvatures(landscape, place)
        size = abs(bent).max()
        if numpy.isfinite(bent).all() and size > 1e-7 and not _tip(landscape, place):
            kind = "minimum" if bent[0] >= -1e-7 * size else "saddle"
            return Reference(kind, place, bent)
    with numpy.errstate(all="ignore"):
        matrix = hessian(landscape, start)
    finite = numpy.isfinite(matrix).all()
    bent = numpy.linalg.eigvalsh(matrix) if finite else numpy.zeros(2)
    return Reference("start", start, bent)


def _tip(landscape: Landscape, place: Any) -> bool:
    """Return whether the slope does not fade towards a resting place."""
    size = 1e-3 * max(high - low for low, high in landscape.domain)
    across = numpy.array([1.0, 0.7])
    with numpy.errstate(all="ignore"):
        far, near = (
            numpy.linalg.norm(landscape.gradient(place + reach * across)) / reach
            for reach in (size, size / 10)
        )
    return bool(near > _TIP * far)
