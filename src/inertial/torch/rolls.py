"""The shortest way through a step: plain tensors, straight from their state."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.conventions.method import Method
from inertial.physics.coefficients import Coefficients
from inertial.torch import native
from inertial.torch.kernels import Stride, is_zero
from inertial.torch.limit import Factor
from inertial.torch.memory import remembers
from inertial.torch.methods import Group, read, words_of
from inertial.torch.moment import Moment, stride_of
from inertial.torch.observe import Part
from inertial.torch.state import RANDOM


class Spoken(NamedTuple):
    """A group's words as they were, and what they meant.

    Attributes:
        group: The group.
        words: All words that bear on its step.
        method: What they spell.
        plain: Whether they ask for nothing but the map on plain tensors.
    """

    group: Group
    words: tuple[Any, ...]
    method: Method
    plain: bool


class _Ready(NamedTuple):
    """What the compiled module is told, and for what it was made."""

    method: Method
    factor: Factor
    watched: bool
    stride: Stride
    told: tuple[float, ...]
    keeps: bool
    roll: Any

    def made_for(
        self, method: Method, factor: Factor, last: Coefficients | None, watched: bool
    ) -> bool:
        return (
            self.method is method
            and self.factor is factor
            and self.stride.last is last
            and self.watched is watched
        )


class Rolls:
    """The shortest way through a step, and what it remembers to stay short.

    It asks at every step whatever could have changed since the last: the words, the
    gradients, where each tensor lies. It remembers what a word meant and which tensors
    had started. Forget it when a state is loaded.
    """

    def __init__(self) -> None:
        self._spoken: dict[int, Spoken] = {}
        self._ready: dict[Any, _Ready] = {}

    def read(self, place: int, group: Group) -> Spoken:
        """Return what a group's words spell, read again only where they changed."""
        kept = self._spoken.get(place)
        words = _said(group)
        if kept is not None and kept.group is group and kept.words == words:
            return kept
        method = read(group, checked=True)
        spoken = Spoken(group, words, method, _is_plain(group, method))
        if not any(isinstance(word, Tensor) for word in words):
            self._spoken[place] = spoken
        return spoken

    def move(
        self,
        place: Any,
        spoken: Spoken,
        moment: Moment,
        params: list[Tensor],
    ) -> bool:
        """Move tensors of a group straight from its state, if all of them are plain.

        Args:
            place: Tells these tensors from others, from step to step.
            spoken: What their group's words spell.
            moment: What all groups share.
            params: Which of the group's tensors.

        Returns:
            Whether they moved; if not, none did.
        """
        if not spoken.plain or not isinstance(params, list):
            return False
        ready = self._readied(place, spoken.method, moment)
        told, keeps = ready.told, ready.keeps
        done = ready.roll.step(
            params, moment.state, keeps, told, torch.get_num_threads()
        )
        if not done:
            return False
        found, moved = done
        if moved:
            native.mark(
                params
                if moved == len(params)
                else [param for param in params if param.grad is not None]
            )
        if moment.observers and moved:
            sums = native.completed(found, ready.stride)
            part = Part((place, 0), spoken.group, 0, moved, None, keeps)
            for observer in moment.observers:
                observer.record(part, ready.stride, sums)
        return True

    def _readied(self, place: Any, method: Method, moment: Moment) -> _Ready:
        """Return what the compiled module is told, made again only where it changed."""
        watched = bool(moment.observers)
        last = moment.last((place, 0)) if watched else None
        kept = self._ready.get(place)
        if kept is not None and kept.made_for(method, moment.factor, last, watched):
            return kept
        stride = stride_of(method, method.settles_at or 0, moment.factor, last)
        ready = _Ready(
            method,
            moment.factor,
            watched,
            stride,
            native.setting(stride, sums=watched, random=False),
            not is_zero(stride.coefficients.decay),
            native.roll() if kept is None else kept.roll,
        )
        self._ready[place] = ready
        return ready


def _said(group: Group) -> tuple[Any, ...]:
    names = _NAMES.get(group["method"])
    if names is None:
        words = (*_ALWAYS, *words_of(group).defaults)
        names = _NAMES[group["method"]] = itemgetter(*words)
    said: tuple[Any, ...] = names(group)
    return said


_ALWAYS = (
    "method",
    "maximize",
    "kernel",
    "foreach",
    "differentiable",
    "state_dtype",
)
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
        and not _is_remote(group["lr"])
    )


def _is_remote(lr: Any) -> bool:
    """Return whether a learning rate would have to be fetched from a device."""
    return isinstance(lr, Tensor) and lr.device.type != "cpu"
