"""Physics without a framework: one map, six numbers, and what they mean.

Read in this order: coefficients, step, kinetic, friction, particle, energy; then
integrator, clock, force and spectral.
"""

from inertial.physics.clock import (
    CLOCKS,
    Clock,
    constant,
    cosine,
    drops,
    joined,
    linear,
    power,
    warm_up,
)
from inertial.physics.coefficients import Coefficients
from inertial.physics.energy import (
    Account,
    account,
    energy_scale,
    kinetic_energy,
    residual,
)
from inertial.physics.force import Clipped, clip_norm, clip_value, force
from inertial.physics.friction import FRICTION_LAWS, FrictionLaw, friction_law
from inertial.physics.integrator import (
    EXPLICIT_EULER,
    INTEGRATORS,
    LEAPFROG,
    NESTEROV,
    RELATIVISTIC_LEAPFROG,
    SYMPLECTIC_EULER,
    SYMPLECTIC_EULER_ADJOINT,
    Integrator,
    advance,
    coefficients,
    forces_per_step,
    relativistic_leapfrog,
)
from inertial.physics.kinetic import (
    KINETICS,
    Kinetic,
    adaptive,
    check_shape,
    huber,
    kinetic,
    log_cosh,
    newtonian,
    norm,
    relativistic,
    sign,
    spectral,
)
from inertial.physics.particle import Particle
from inertial.physics.spectral import newton_schulz, nuclear_norm, polar_factor
from inertial.physics.step import step

__all__ = [
    "CLOCKS",
    "EXPLICIT_EULER",
    "FRICTION_LAWS",
    "INTEGRATORS",
    "KINETICS",
    "LEAPFROG",
    "NESTEROV",
    "RELATIVISTIC_LEAPFROG",
    "SYMPLECTIC_EULER",
    "SYMPLECTIC_EULER_ADJOINT",
    "Account",
    "Clipped",
    "Clock",
    "Coefficients",
    "FrictionLaw",
    "Integrator",
    "Kinetic",
    "Particle",
    "account",
    "adaptive",
    "advance",
    "check_shape",
    "clip_norm",
    "clip_value",
    "coefficients",
    "constant",
    "cosine",
    "drops",
    "energy_scale",
    "force",
    "forces_per_step",
    "friction_law",
    "huber",
    "joined",
    "kinetic",
    "kinetic_energy",
    "linear",
    "log_cosh",
    "newton_schulz",
    "newtonian",
    "norm",
    "nuclear_norm",
    "polar_factor",
    "power",
    "relativistic",
    "relativistic_leapfrog",
    "residual",
    "sign",
    "spectral",
    "step",
    "warm_up",
]
