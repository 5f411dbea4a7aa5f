"""What all groups of an optimizer share in one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from inertial.conventions.method import Method
from inertial.physics.coefficients import Coefficients
from inertial.torch.kernels import Stride
from inertial.torch.limit import Factor
from inertial.torch.observe import Observation


class Moment(NamedTuple):
    """What all groups share in one step.

    Attributes:
        state: The optimizer's.
        observers: Those who want the sums of this step.
        factor: Of all gradients.
    """

    state: Any
    observers: Sequence[Observation]
    factor: Factor

    def last(self, key: Any) -> Coefficients | None:
        """Return the coefficients of a part's step before, if an observer saw them."""
        seen = (observer.last(key) for observer in self.observers)
        return next((last for last in seen if last is not None), None)


def stride_of(
    method: Method, age: int, factor: Factor, last: Coefficients | None = None
) -> Stride:
    """Return what a method's tensors of one age share in this step."""
    return Stride(
        method.coefficients(age),
        method.kinetic,
        method.weight_decay,
        method.maximize,
        factor.whole,
        factor.cut,
        last,
    )
