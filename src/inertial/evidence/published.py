"""Optimizers as their papers write them, for the particle to be compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from inertial.conventions import Method, lion, signum, torch_sgd
from inertial.physics import kinetic, step

Rule = Callable[[Any, Any, float, float], tuple[Any, Any]]


class Pair(NamedTuple):
    """An optimizer twice: as published, and as a particle with a kinetic energy.

    Attributes:
        name: The energy, and the optimizer.
        particle: (lr, momentum) -> the library's method.
        rule: (memory, gradient, lr, momentum) -> (new memory, displacement).
    """

    name: str
    particle: Callable[[float, float], Method]
    rule: Rule


def _sum(m: Any, g: Any, lr: float, mu: float) -> tuple[Any, Any]:
    m = mu * m + g
    return m, -lr * m


def _signum(m: Any, g: Any, lr: float, mu: float) -> tuple[Any, Any]:
    m = mu * m + (1 - mu) * g
    return m, -lr * numpy.sign(m)


def _lion(m: Any, g: Any, lr: float, mu: float) -> tuple[Any, Any]:
    blend = mu * m + (1 - mu) * g  # here both betas are mu
    return mu * m + (1 - mu) * g, -lr * numpy.sign(blend)


def _normalised(m: Any, g: Any, lr: float, mu: float) -> tuple[Any, Any]:
    m = mu * m + (1 - mu) * g
    return m, -lr * m / math.sqrt(m @ m)


def _relativistic(v: Any, g: Any, lr: float, mu: float) -> tuple[Any, Any]:
    v = mu * v - lr * g
    return v, v / math.sqrt(1 + v @ v / (lr * SPEED) ** 2)


def _clipped(m: Any, g: Any, lr: float, mu: float) -> tuple[Any, Any]:
    m = mu * m + g
    return m, -lr * m * min(1.0, SPEED / math.sqrt(m @ m))


def _sgd_with(name: str, **words: Any) -> Callable[[float, float], Method]:
    return lambda lr, mu: torch_sgd(lr, mu, kinetic=kinetic(name, **words))


SPEED = 30.0
"""Speed limit of the relativistic and of the clipped one, per unit of lr."""

PAIRS = (
    Pair("Newton: SGD with momentum", _sgd_with("newtonian"), _sum),
    Pair("sum of |p|: Signum", signum, _signum),
    Pair("sum of |p|: Lion, equal betas", lambda lr, mu: lion(lr, (mu, mu)), _lion),
    Pair("length of p: normalised SGD", _sgd_with("norm"), _normalised),
    Pair(
        "Einstein: relativistic descent",
        _sgd_with("relativistic", speed_limit=SPEED, by="norm"),
        _relativistic,
    ),
    Pair(
        "Huber: clipped momentum", _sgd_with("huber", limit=SPEED, by="norm"), _clipped
    ),
)
"""Sources: Polyak 1964; Bernstein et al. 2018, algorithm 2; Chen et al. 2023, algorithm
2; Cutkosky and Mehta 2020; Franca et al. 2020, `relativistic` of the authors' code."""


def walk(method: Method, gradient: Callable[[Any], Any], start: Any, steps: int) -> Any:
    """Return the places that a method of the library walks through.

    Args:
        method: Any.
        gradient: Position -> slope.
        start: Shape: (dimension,).
        steps: How many.

    Returns:
        Shape: (steps + 1, dimension).
    """
    x, p, places = start, 0 * start, [start]
    memory = method.kinetic.start(x)
    for number in range(steps):
        rule = method.coefficients(number)
        x, p, memory = step(rule, method.kinetic, x, p, -gradient(x), memory)
        places.append(x)
    return numpy.array(places)


def walk_published(
    rule: Rule,
    lr: float,
    momentum: float,
    gradient: Callable[[Any], Any],
    start: Any,
    steps: int,
) -> Any:
    """Return the places that a published rule walks through.

    Args:
        rule: Of a `Pair`.
        lr: Learning rate.
        momentum: Share of the memory that survives a step.
        gradient: Position -> slope.
        start: Shape: (dimension,).
        steps: How many.

    Returns:
        Shape: (steps + 1, dimension).
    """
    x, memory, places = start, 0 * start, [start]
    for _ in range(steps):
        memory, moved = rule(memory, gradient(x), lr, momentum)
        x = x + moved
        places.append(x)
    return numpy.array(places)
