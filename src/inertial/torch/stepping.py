"""One step of all groups: words to numbers, tensors to kernels, sums to observers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from inertial.conventions.method import Method
from inertial.torch.backward import Arrivals, Place
from inertial.torch.dispatch import move
from inertial.torch.kernels import Batch, Stride, differentiable
from inertial.torch.limit import Factor, Limit, factor_of
from inertial.torch.methods import Group, read
from inertial.torch.moment import Moment, stride_of
from inertial.torch.observe import Observation, Part
from inertial.torch.rolls import Rolls
from inertial.torch.state import gather
from inertial.torch.sums import Sums, counted

Gather = Callable[..., None]


def move_group(
    place: Any, group: Group, method: Method, moment: Moment, gather: Gather
) -> None:
    """Collect what moves, part by part, and move it.

    Args:
        place: As for `Rolls.move`.
        group: The parameter group.
        method: What its words spell.
        moment: What all groups share.
        gather: Fills the columns of a batch, and the ages.
    """
    batch = Batch([], [], [], [], [], [])
    ages: list[int] = []
    gather(*batch, ages)
    kinds: list[Any] = ages
    if moment.observers:
        kinds = list(zip(ages, batch.copies, strict=True))
    several = sorted(set(kinds))
    for kind in several:
        part = batch
        if len(several) > 1:
            part = batch.take([i for i, own in enumerate(kinds) if own == kind])
        age = kind[0] if moment.observers else kind
        stride = stride_of(method, age, moment.factor)
        if moment.observers:
            key = (place, kind[1]) if set(ages) == {age} else None
            _move_watched(key, group, part, stride, moment)
        else:
            _move_part(group, part, stride, moment.state, sums=False)


def _move_watched(
    key: Any, group: Group, batch: Batch, stride: Stride, moment: Moment
) -> None:
    copies = batch.copies[0]
    stride = stride._replace(last=moment.last(key))
    sums = _move_part(group, batch, stride, moment.state, sums=True)
    if sums is None:
        return
    mesh = _mesh(group) if copies else None
    keeps = any(buffer is not None for buffer in batch.buffers)
    for observer in moment.observers:
        part = Part(key, group, copies, len(batch.params), mesh, keeps)
        observer.record(part, stride, sums)


def _mesh(group: Group) -> Any:
    """Return the processes among which a group's first distributed tensor is spread."""
    return next(p.device_mesh for p in group["params"] if isinstance(p, DTensor))


def _move_part(
    group: Group, batch: Batch, stride: Stride, state: Any, *, sums: bool
) -> Sums | None:
    if not group["differentiable"]:
        return move(group, batch, stride, sums=sums)

    def kernel(batch: Batch, stride: Stride) -> None:
        for param, buffer in zip(
            batch.params, differentiable(batch, stride), strict=True
        ):
            if "momentum_buffer" in state[param]:
                state[param]["momentum_buffer"] = buffer

    if sums:
        return counted(kernel, batch, stride)
    kernel(batch, stride)
    return None


_ALL_OR_EACH = (
    "A limit on the norm of all gradients needs them all, but `step_in_backward` frees "
    "each gradient as it comes. Use one of the two."
)


class Stepper:
    """What an optimizer needs besides its words and its state; never saved.

    Attributes:
        observers: Those who read the energy of steps.
        limit: On the norm of all gradients.
        arrivals: The hooks that move each parameter as its gradient arrives.
    """

    def __init__(self) -> None:
        self.observers: list[Observation] = []
        self.limit: Limit | None = None
        self.arrivals: Arrivals | None = None
        self._rolls = Rolls()

    def forget(self) -> None:
        """Forget what was known of a state that is replaced."""
        self._rolls = Rolls()

    def limit_norm(self, max_norm: float, norm_of: str) -> Callable[[], None]:
        """Set a limit on the norm of all gradients; see `Inertial.limit_norm`.

        Returns:
            A function that removes it.

        Raises:
            RuntimeError: If there is one, or backward makes the steps.
        """
        limit = Limit(max_norm, norm_of)
        if self.limit:
            raise RuntimeError(
                "A limit on the norm is set already. Remove it first, with what "
                "`limit_norm` returned."
            )
        if self.arrivals:
            raise RuntimeError(_ALL_OR_EACH)
        learning = (
            [Observation(lambda r: limit.learn(r.gradient_norm))]
            if norm_of == "last step"
            else []
        )
        self.limit = limit
        self.observers += learning

        def remove() -> None:
            self.limit = None
            for observation in learning:
                self.observers.remove(observation)

        return remove

    def step_in_backward(self, optimizer: torch.optim.Optimizer) -> Callable[[], None]:
        """Move each parameter as it is ready; see `Inertial.step_in_backward`.

        Returns:
            A function that ends it.

        Raises:
            RuntimeError: If it is on already, or a limit on the norm is set.
        """
        if self.arrivals:
            raise RuntimeError("This optimizer steps in backward already.")
        if self.limit:
            raise RuntimeError(_ALL_OR_EACH)
        arrivals = self.arrivals = Arrivals(partial(self.step_one, optimizer))
        for number, group in enumerate(optimizer.param_groups):
            arrivals.watch(group, number)

        def end() -> None:
            arrivals.end()
            self.arrivals = None

        return end

    def _moment(self, optimizer: torch.optim.Optimizer, factor: Factor) -> Moment:
        watching: tuple[Observation, ...] = ()
        if self.observers:
            watching = tuple(o for o in self.observers if o.wants())
        return Moment(optimizer.state, watching, factor)

    def step(self, optimizer: torch.optim.Optimizer, collect: Gather) -> None:
        """Move everything that has a gradient.

        Args:
            optimizer: Whose groups move.
            collect: Fills the columns of a batch for a group, as the compiler knows it.

        Raises:
            RuntimeError: If a loss scaler asks for steps that backward has made.
        """
        if self.arrivals and getattr(optimizer, "grad_scale", None) is not None:
            raise RuntimeError(
                "`step_in_backward` has moved the parameters before the loss scaler "
                "could look at their gradients. Use one of the two; bfloat16 needs no "
                "scaler."
            )
        factor = factor_of(optimizer, self.limit)
        if factor is None:  # the scaler found an overflow: nothing moves
            return
        if torch.compiler.is_compiling():
            with torch.set_grad_enabled(optimizer.defaults["differentiable"]):
                self._step_traced(optimizer, factor, collect)
        else:
            self._step(optimizer, factor)

    def _step(self, optimizer: torch.optim.Optimizer, factor: Factor) -> None:
        moment = self._moment(optimizer, factor)
        for number, group in enumerate(optimizer.param_groups):
            spoken = self._rolls.read(number, group)
            if not self._rolls.move(number, spoken, moment, group["params"]):
                columns = partial(gather, optimizer, group, spoken.method)
                with torch.set_grad_enabled(group["differentiable"]):
                    move_group(number, group, spoken.method, moment, columns)
        for observer in self.observers:
            observer.deliver()

    def _step_traced(
        self, optimizer: torch.optim.Optimizer, factor: Factor, collect: Gather
    ) -> None:
        """Step where a compiler looks on: it sees what does not change with age."""
        moment = Moment(optimizer.state, (), factor)
        methods = [read(group, checked=True) for group in optimizer.param_groups]
        for group, method in zip(optimizer.param_groups, methods, strict=True):
            settled = group["state_dtype"] is None and method.settles_at == 0
            if settled and not self.observers:
                columns = partial(collect, group)
                move_group(None, group, method, moment, columns)
            else:
                self._step_untraced(optimizer, factor, group, method)
        if self.observers:
            self._deliver_untraced()

    @torch.compiler.disable(reason="coefficients that change with age, or a reading")
    def _step_untraced(
        self,
        optimizer: torch.optim.Optimizer,
        factor: Factor,
        group: Group,
        method: Method,
    ) -> None:
        moment = self._moment(optimizer, factor)
        columns = partial(gather, optimizer, group, method)
        move_group(id(group), group, method, moment, columns)

    @torch.compiler.disable(reason="a reading")
    def _deliver_untraced(self) -> None:
        for observer in self.observers:
            observer.deliver()

    @torch.no_grad()
    def step_one(
        self, optimizer: torch.optim.Optimizer, place: Place, param: Tensor
    ) -> None:
        """Move one parameter whose gradient has just arrived.

        Args:
            optimizer: Whose parameter it is.
            place: Where it stands.
            param: The parameter.
        """
        moment = self._moment(optimizer, Factor())
        group = optimizer.param_groups[place.number]
        spoken = self._rolls.read(place.number, group)
        key = (place.number, place.at)
        if not self._rolls.move(key, spoken, moment, [param]):
            columns = partial(gather, optimizer, group, spoken.method, only=place.at)
            move_group(key, group, spoken.method, moment, columns)
