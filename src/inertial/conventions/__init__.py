"""Every framework's way to spell momentum, read into the same six numbers."""

from inertial.conventions.adaptive_form import rmsprop, torch_adam, torch_adamw
from inertial.conventions.average_form import ema, qhm
from inertial.conventions.matrix_form import torch_muon
from inertial.conventions.method import Convention, Method, check_words
from inertial.conventions.motion import Motion, difference, motion
from inertial.conventions.particle_form import particle
from inertial.conventions.sign_form import lion, signum
from inertial.conventions.sum_form import (
    ScheduleActsOn,
    check_torch_sgd,
    optax_sgd,
    torch_sgd,
)
from inertial.conventions.table import CONVENTIONS, convention, translate
from inertial.conventions.velocity_form import keras_sgd, polyak, sutskever

__all__ = [
    "CONVENTIONS",
    "Convention",
    "Method",
    "Motion",
    "ScheduleActsOn",
    "check_torch_sgd",
    "check_words",
    "convention",
    "difference",
    "ema",
    "keras_sgd",
    "lion",
    "motion",
    "optax_sgd",
    "particle",
    "polyak",
    "qhm",
    "rmsprop",
    "signum",
    "sutskever",
    "torch_adam",
    "torch_adamw",
    "torch_muon",
    "torch_sgd",
    "translate",
]
