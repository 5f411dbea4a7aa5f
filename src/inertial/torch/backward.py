"""Move each parameter as soon as its gradient has arrived, and let the gradient go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from inertial.torch.methods import Group

Arrived = Callable[["Place", Tensor], None]


class Place(NamedTuple):
    """Where a parameter stands in an optimizer.

    Attributes:
        number: The group's number.
        at: The parameter's number in the group.
    """

    number: int
    at: int


class Arrivals:
    """Hooks on parameters, one each, that call when a gradient is complete.

    Args:
        arrived: Called with the parameter's place and the parameter, after autograd
            has added up its gradient.
    """

    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        self._handles: list[Any] = []

    def watch(self, group: Group, number: int) -> None:
        """Put a hook on each parameter of a group that can have a gradient."""
        for at, param in enumerate(group["params"]):
            if not param.requires_grad:
                continue
            place = Place(number, at)
            hook = param.register_post_accumulate_grad_hook(self._hook(place))
            self._handles.append(hook)

    def _hook(self, place: Place) -> Callable[[Tensor], None]:
        def arrived(param: Tensor) -> None:
            self._arrived(place, param)
            param.grad = None

        return arrived

    def end(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
