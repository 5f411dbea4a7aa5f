"""One group, one step: words to numbers, tensors to kernels, sums to observers.

Where every tensor of a group is plain and past its first step, the native kernel moves
it straight from the state (`Rolls`); everything else is gathered into batches first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from inertial.conventions.method import Method
from inertial.torch import native
from inertial.torch.dispatch import move
from inertial.torch.kernels import Batch, Stride, differentiable, is_zero
from inertial.torch.limit import Factor
from inertial.torch.memory import remembers
from inertial.torch.methods import Group, read, words_of
from inertial.torch.observe import Observation, Part
from inertial.torch.state import RANDOM
from inertial.torch.sums import Sums, counted

Gather = Callable[..., None]


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


def stride_of(method: Method, age: int, factor: Factor) -> Stride:
    """Return what a method's tensors of one age share in this step."""
    return Stride(
        method.coefficients(age),
        method.kinetic,
        method.weight_decay,
        method.maximize,
        factor.whole,
        factor.cut,
    )


def move_group(group: Group, method: Method, moment: Moment, gather: Gather) -> None:
    """Collect what moves, part by part, and move it.

    Args:
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
            _move_watched(group, part, stride, moment, settled=age == ages[0])
        else:
            _move_part(group, part, stride, moment.state, sums=False)


def _move_watched(
    group: Group, batch: Batch, stride: Stride, moment: Moment, *, settled: bool
) -> None:
    copies = batch.copies[0]
    key = (id(group), copies) if settled else None
    stride = stride._replace(last=_last(moment, key))
    sums = _move_part(group, batch, stride, moment.state, sums=True)
    if sums is None:
        return
    mesh = _mesh(group) if copies else None
    keeps = any(buffer is not None for buffer in batch.buffers)
    for observer in moment.observers:
        part = Part(key, group, copies, len(batch.params), mesh, keeps)
        observer.record(part, stride, sums)


def _last(moment: Moment, key: Any) -> Any:
    """Return the coefficients of the step before, if an observer saw them."""
    seen = (observer.last(key) for observer in moment.observers)
    return next((last for last in seen if last is not None), None)


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


class _Spoken(NamedTuple):
    """A group's words as they were, and what they meant."""

    group: Group
    words: tuple[Any, ...]
    method: Method


class Rolls:
    """The shortest way through a step, and what it remembers to stay short.

    It asks at every step whatever could have changed since the last: the words, the
    gradients, where each tensor lies. It remembers what a word meant and which tensors
    had started. Forget it when a state is loaded.
    """

    def __init__(self) -> None:
        self._spoken: dict[int, _Spoken] = {}
        self._roll: dict[int, Any] = {}

    def method(self, place: int, group: Group) -> Method:
        """Return what a group's words spell, read again only where they changed."""
        kept = self._spoken.get(place)
        words = _said(group)
        if kept is not None and kept.group is group and kept.words == words:
            return kept.method
        method = read(group, checked=True)
        if not any(isinstance(word, Tensor) for word in words):
            self._spoken[place] = _Spoken(group, words, method)
        return method

    def move(self, place: int, group: Group, method: Method, moment: Moment) -> bool:
        """Move a group straight from its state, if all of it is plain.

        Args:
            place: The group's number.
            group: The group.
            method: What its words spell.
            moment: What all groups share.

        Returns:
            Whether it moved; if not, nothing did.
        """
        if not _is_plain(group, method):
            return False
        stride = stride_of(method, method.settles_at or 0, moment.factor)
        keeps = not is_zero(stride.coefficients.decay)
        key = (id(group), 0)
        stride = stride._replace(last=_last(moment, key))
        watched = bool(moment.observers)
        told = native.setting(stride, sums=watched, random=False)
        roll = self._roll.get(place)
        if roll is None:
            roll = self._roll[place] = native.roll()
        params = group["params"]
        done = roll.step(params, moment.state, keeps, told, torch.get_num_threads())
        if not done:
            return False
        found, moved = done
        if moved:
            native.mark(
                params
                if moved == len(params)
                else [param for param in params if param.grad is not None]
            )
        if watched and moved:
            sums = native.completed(found, stride)
            for observer in moment.observers:
                part = Part(key, group, 0, moved, None, keeps)
                observer.record(part, stride, sums)
        return True


def _said(group: Group) -> tuple[Any, ...]:
    names = _NAMES.get(group["method"])
    if names is None:
        words = ("method", "maximize", *words_of(group).defaults)
        names = _NAMES[group["method"]] = itemgetter(*words)
    said: tuple[Any, ...] = names(group)
    return said


_NAMES: dict[str, itemgetter] = {}


def _is_plain(group: Group, method: Method) -> bool:
    """Return whether a group's words ask for nothing but the map on plain tensors."""
    return (
        group["kernel"] in {"auto", "native"}
        and group["foreach"] is None
        and not group["differentiable"]
        and method.settles_at is not None
        and group["state_dtype"] not in RANDOM
        and not remembers(method.kinetic)
        and not native.missing()
        and native.moves(method.kinetic)
    )
