"""The shortest way through a step: plain tensors, straight from their state."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.conventions.method import Method
from inertial.torch import native
from inertial.torch.kernels import is_zero
from inertial.torch.memory import remembers
from inertial.torch.methods import Group, read, words_of
from inertial.torch.moment import Moment, stride_of
from inertial.torch.observe import Part
from inertial.torch.state import RANDOM


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

    def move(
        self,
        place: Any,
        group: Group,
        method: Method,
        moment: Moment,
        params: list[Tensor],
    ) -> bool:
        """Move tensors of a group straight from its state, if all of them are plain.

        Args:
            place: Tells these tensors from others, from step to step.
            group: The group.
            method: What its words spell.
            moment: What all groups share.
            params: Which of the group's tensors.

        Returns:
            Whether they moved; if not, none did.
        """
        if not isinstance(params, list) or not _is_plain(group, method):
            return False
        stride = stride_of(method, method.settles_at or 0, moment.factor)
        keeps = not is_zero(stride.coefficients.decay)
        key = (place, 0)
        stride = stride._replace(last=moment.last(key))
        watched = bool(moment.observers)
        told = native.setting(stride, sums=watched, random=False)
        roll = self._roll.get(place)
        if roll is None:
            roll = self._roll[place] = native.roll()
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
