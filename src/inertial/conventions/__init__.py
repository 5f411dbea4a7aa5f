"""Every framework's way to spell momentum, read into the same six numbers."""

from inertial.conventions.method import Convention, Method, check_words
from inertial.conventions.sum_form import (
    ScheduleActsOn,
    check_torch_sgd,
    optax_sgd,
    torch_sgd,
)

__all__ = [
    "Convention",
    "Method",
    "ScheduleActsOn",
    "check_torch_sgd",
    "check_words",
    "optax_sgd",
    "torch_sgd",
]
