"""Spellings of momentum as six numbers, for tests of what knows no spelling."""

from __future__ import annotations

from collections.abc import Callable

import numpy

from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import newtonian
from inertial.physics.step import step

SPELLINGS: dict[str, Callable[[float, float], Coefficients]] = {
    "heavy ball": lambda lr, mu: Coefficients(decay=mu, drift=lr),
    "keras": lambda lr, mu: Coefficients(decay=mu, kick=lr),
    "nesterov": lambda lr, mu: Coefficients(mu, 1.0, mu, 1.0, lr),
    "keras nesterov": lambda lr, mu: Coefficients(mu, lr, mu, lr),
    "average": lambda lr, mu: Coefficients(mu, 1 - mu, drift=lr / (1 - mu)),
    "qhm": lambda lr, mu: Coefficients(mu, 1 - mu, 0.7, 0.3, lr / (1 - mu)),
    "decoupled decay": lambda lr, mu: Coefficients(mu, drift=lr, keep=1 - lr * 0.05),
    "nesterov decoupled": lambda lr, mu: Coefficients(
        mu, 1.0, mu, 1.0, lr, 1 - lr * 0.05
    ),
}
"""(lr, momentum) -> the six numbers of a step; lr as PyTorch spells it."""


def explicit_euler(lr: float, mu: float) -> Coefficients:
    """Return the particle that moves with its old velocity: (p' − kick·force)/decay."""
    return Coefficients(mu, 1.0, 1 / mu, -1 / mu, lr)


def walk(
    coefficients: Coefficients,
    curvature: float,
    steps: int,
    position: float = 1.0,
    momentum: float = 0.0,
) -> numpy.ndarray:
    """Return the positions of a particle in a bowl, the start first."""
    path = [position]
    for _ in range(steps):
        force = -curvature * position
        position, momentum, _ = step(
            coefficients, newtonian(), position, momentum, force
        )
        path.append(position)
    return numpy.array(path)
