"""How experiments on bowls measure: they take steps and look, and know no formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from inertial.physics import Coefficients, force, newtonian, step


def columns(settings: Sequence[Coefficients]) -> Coefficients:
    """Stand settings in columns, so that each particle of a batch has its own.

    Args:
        settings: One for each particle, its numbers plain.

    Returns:
        The six numbers. Shape of each: (particles, 1).

    Example:
        >>> columns([Coefficients(drift=0.1), Coefficients(drift=0.2)]).drift.shape
        (2, 1)
    """
    return Coefficients(
        *(numpy.array(c, float)[:, None] for c in zip(*settings, strict=True))
    )


def measured_rates(
    coefficients: Coefficients, curvatures: Any, weight_decay: float = 0.0
) -> Any:
    """Return by what factor a step shrinks each direction of a bowl in the long run.

    In a bowl a step is linear. So one step from the unit momentum and one from the
    unit position say what any number of steps will do: the matrix of the two answers
    is taken again and again, and its largest eigenvalue remains.

    Args:
        coefficients: The six numbers of a step. Shape: () or (particles, 1).
        curvatures: Hessian eigenvalues. Shape: (directions,) or (). Unit: L/X².
        weight_decay: Coupled weight decay. Unit: L/X².

    Returns:
        The factors. Shape: of a coefficient times a curvature. Unit: 1.

    Example:
        >>> round(float(measured_rates(Coefficients(decay=0.81, drift=0.1), 1.0)), 9)
        0.9
    """
    curvature = numpy.asarray(curvatures, float)
    # Both starts take the step together, along an axis of their own in front.
    starts = numpy.eye(2).reshape(2, 2, *(1,) * max(1, numpy.ndim(coefficients.drift)))
    momentum, position = starts * numpy.ones_like(curvature)
    felt = force(curvature * position, position, weight_decay)
    moved, pushed, _ = step(coefficients, newtonian(), position, momentum, felt)
    answers = numpy.moveaxis(numpy.stack([pushed, moved]), (0, 1), (-2, -1))
    rates = abs(numpy.linalg.eigvals(answers)).max(-1)
    return rates if rates.size > 1 or curvature.ndim else rates[..., 0]


def walked(
    coefficients: Coefficients,
    curvatures: Any,
    start: Any,
    steps: int,
    weight_decay: float = 0.0,
) -> Any:
    """Return where particles were that roll in a bowl from rest, step by step.

    Each coordinate rolls on its own, so that thousands of settings are one walk; what
    grows without end becomes inf or nan.

    Args:
        coefficients: The six numbers of a step. Shape: () or (particles, 1).
        curvatures: Hessian eigenvalues. Shape: () or (directions,). Unit: L/X².
        start: Shape: of a coefficient times a curvature. Unit: X.
        steps: How many steps.
        weight_decay: Coupled weight decay. Unit: L/X².

    Returns:
        The positions, the start among them. Shape: (steps + 1, ...). Unit: X.

    Example:
        >>> walked(Coefficients(decay=0.0, drift=0.5), 1.0, 1.0, 2)
        array([1.  , 0.5 , 0.25])
    """
    kinetic = newtonian()
    position, momentum = start, 0.0 * start
    places = [position]
    with numpy.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            felt = force(curvatures * position, position, weight_decay)
            position, momentum, _ = step(
                coefficients, kinetic, position, momentum, felt
            )
            places.append(position)
    return numpy.array(places)


def lowest(function: Callable[[float], float], low: float, high: float) -> Any:
    """Find where a function of one number is lowest, by looking only.

    Args:
        function: Falls, then rises.
        low: Where to begin to look.
        high: Where to end.

    Returns:
        (where, how low).

    Example:
        >>> where, _ = lowest(lambda x: abs(x - 2.0), 0.0, 5.0)
        >>> round(where, 5)
        2.0
    """
    from scipy.optimize import minimize_scalar

    # A largest rate has a kink where it is lowest; this search needs no slope.
    found = minimize_scalar(
        function, bounds=(low, high), method="bounded", options={"xatol": 1e-7}
    )
    return float(found.x), float(found.fun)
