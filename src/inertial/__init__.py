"""Inertial: gradient descent with mass.

A training step is one step of a damped particle. The force is minus the gradient. Of
the old momentum a share `decay` survives friction, and `kick` of the force enters it.
The kinetic energy K says how fast that momentum moves the particle: velocity = dK/dp.
The position drifts with that velocity. A convention (PyTorch, Keras, Optax, EMA, QHM,
Nesterov ...) is only another way to spell the same six numbers:

    momentum' = decay * momentum + kick * force
    velocity  = dK/dp at (blend_momentum * momentum' + blend_force * force)
    position' = keep * position + drift * velocity

`import inertial` brings the physics, the conventions and the analysis, and needs NumPy
only. The optimizer is behind its own door: `from inertial.torch import Inertial`.
"""

from inertial.conventions import CONVENTIONS, Method, convention, translate
from inertial.physics import KINETICS, Coefficients, Kinetic, Particle, kinetic, step

__version__ = "0.1.0"

__all__ = [
    "CONVENTIONS",
    "KINETICS",
    "Coefficients",
    "Kinetic",
    "Method",
    "Particle",
    "__version__",
    "convention",
    "kinetic",
    "step",
    "translate",
]
