"""The lists that the laws of physics run over."""

from typing import Any

import numpy

from inertial.physics import (
    KINETICS,
    Kinetic,
    adaptive,
    huber,
    log_cosh,
    newtonian,
    norm,
    relativistic,
    sign,
    spectral,
)

# The energies whose velocity is exactly their slope.
SLOPES: dict[str, Kinetic] = {
    "newtonian": newtonian(),
    "relativistic": relativistic(speed_limit=2.0, mass=0.5),
    "relativistic, norm": relativistic(speed_limit=1.5, mass=0.7, by="norm"),
    "log_cosh": log_cosh(speed_limit=2.0),
    "sign": sign(),
    "norm": norm(),
    "huber": huber(limit=0.8),
    "huber, norm, inside": huber(limit=50.0, by="norm"),
    "huber, norm, outside": huber(limit=0.8, by="norm"),
    "adaptive": adaptive(decay=0.9),
    "adaptive, rmsprop": adaptive(decay=0.9, epsilon=1e-3, debias=False),
    "spectral, exact": spectral(method="exact"),
    "spectral, exact, original": spectral(method="exact", scale="original"),
    "spectral, exact, rms": spectral(method="exact", scale="match_rms_adamw"),
}
# Newton-Schulz comes near its slope only.
ALL: dict[str, Kinetic] = SLOPES | {
    "spectral": spectral(),
    "spectral, tuned": spectral(
        scale="original", steps=8, coefficients=(1.875, -1.25, 0.375), epsilon=1e-9
    ),
}
# A norm has a kink at rest, where the slope is chosen to be 0.
ROUND_AT_REST = [
    "newtonian",
    "relativistic",
    "relativistic, norm",
    "log_cosh",
    "norm",
    "huber",
    "huber, norm, inside",
    "huber, norm, outside",
    "adaptive",
]
assert {kinetic.name for kinetic in ALL.values()} == set(KINETICS)


def momentum(rng: numpy.random.Generator) -> numpy.ndarray:
    """A tall matrix whose elements keep clear of the kinks at 0 and ±0.8."""
    size = rng.choice([0.3, 0.6, 1.1, 1.7], size=(4, 3)) + rng.uniform(0, 0.1, (4, 3))
    return size * rng.choice([-1.0, 1.0], size=(4, 3))


def memory_of(kinetic: Kinetic, like: Any, forces: list[Any]) -> Any:
    """What the energy remembers of some forces."""
    memory = kinetic.start(like)
    for force in forces:
        memory = kinetic.remember(force, memory)
    return memory
