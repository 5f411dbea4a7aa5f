"""Where a setting begins to fail, found by rolling particles and watching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis import Landscape, simulate
from inertial.analysis.landscape import quadratic
from inertial.physics import Coefficients

_WINDOW = 60  # steps in which the largest excursion is taken for the amplitude


def measured_growth(
    coefficients: Coefficients,
    curvature: float = 1.0,
    start: float = 1.0,
    steps: int = 300,
    bowl: Landscape | None = None,
) -> Any:
    """Return the factor per step by which the excursions of particles grow.

    Args:
        coefficients: Of one step; columns roll one particle each.
        curvature: Of the bowl they roll in. Unit: L/X².
        start: Where they are released, at rest. Unit: X.
        steps: How many steps to watch.
        bowl: Another landscape of one dimension, in place of the quadratic bowl.

    Returns:
        The largest excursion of the last window over that of the first, per step.
        Shape: (particles,). Unit: 1.

    Example:
        >>> still = measured_growth(Coefficients(decay=0.0, drift=0.5))
        >>> still.round(6)
        array([0.5])
    """
    bowl = bowl or quadratic((curvature,))
    run = simulate(coefficients, bowl, (start,), steps, limit=1e290)
    away = abs(run.positions[..., 0])
    first, last = away[:_WINDOW].max(0), away[-_WINDOW:].max(0)
    return (last / first) ** (1 / (steps + 1 - _WINDOW))


def measured_limit(
    holds: Callable[[Any], Any], low: float, high: float, tries: int = 100
) -> tuple[float, float]:
    """Return where a setting begins to fail, by trying many, twice.

    Args:
        holds: Column of settings -> whether each holds. Shape: (tries, 1) -> (tries,).
            The lower ones shall hold.
        low: The lowest to try.
        high: The highest to try.
        tries: How many in each of two rounds.

    Returns:
        The middle between the last that held and the first that failed, and the
        distance between those two.

    Example:
        >>> limit, spacing = measured_limit(lambda x: x[:, 0] < 0.7, 0.0, 1.0)
        >>> round(limit, 3), spacing < 2e-4
        (0.7, True)
    """
    for _ in range(2):
        settings = numpy.linspace(low, high, tries)
        held = numpy.asarray(holds(settings[:, None]))
        first = tries - 1 if held.all() else max(int(numpy.argmin(held)), 1)
        low, high = float(settings[first - 1]), float(settings[first])
    return (low + high) / 2, high - low
