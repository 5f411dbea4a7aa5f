"""Landscapes to roll particles on: heights and slopes that are known exactly."""

from inertial.analysis.landscape.benchmarks import (
    ackley,
    beale,
    himmelblau,
    rastrigin,
    rosenbrock,
    styblinski_tang,
)
from inertial.analysis.landscape.bowls import (
    nesterov_chain,
    quadratic,
    quartic,
    ravine,
    saddle,
)
from inertial.analysis.landscape.catalogue import LANDSCAPES, landscape
from inertial.analysis.landscape.shapes import double_well, monkey_saddle, plateau
from inertial.analysis.landscape.surface import Landscape, curvatures, hessian

__all__ = [
    "LANDSCAPES",
    "Landscape",
    "ackley",
    "beale",
    "curvatures",
    "double_well",
    "hessian",
    "himmelblau",
    "landscape",
    "monkey_saddle",
    "nesterov_chain",
    "plateau",
    "quadratic",
    "quartic",
    "rastrigin",
    "ravine",
    "rosenbrock",
    "saddle",
    "styblinski_tang",
]
