"""The step on a GPU: one launch for all tensors of a group, sums included.

The kernel (`triton_kernel`) is written in Triton and compiled when it is first used. It
finds its tensors through a table of addresses (`triton_table`).

Captured steps: a CUDA graph replays the numbers that it recorded. Give a word as a
tensor on the device (`lr=torch.tensor(0.1, device="cuda")`, as for PyTorch's own
capturable optimizers) and the step reads it there at every replay, so that a schedule
which writes into that tensor is followed; numbers are recorded. Bias corrections that
count steps, and the seeds of random rounding, are counted by the host and therefore
recorded too.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from contextlib import nullcontext
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.physics.coefficients import Coefficients
from inertial.torch import native
from inertial.torch.kernels import Batch, Stride, is_zero, joins_gradient, reference
from inertial.torch.sums import Sums, counted, total
from inertial.torch.triton_table import (
    Table,
    is_aligned,
    is_capturing,
    keep,
    plan_of,
)
from inertial.torch.triton_tensors import interpreted

_WARPS = 8
_NUMBERS = (
    12  # the first of `native.setting`, which the kernel reads; then the velocity
)

moves = native.moves


@cache
def missing() -> str:
    """Return why there is no Triton kernel, or "" if there is one.

    Triton's interpreter (`TRITON_INTERPRET=1`) counts: there the kernel runs without a
    GPU, on tensors of the CPU and slowly.

    Example:
        >>> missing() == "" or len(missing()) > 10
        True
    """
    if importlib.util.find_spec("triton") is None:
        return "the package `triton` is not installed"
    if interpreted():
        return ""
    if not torch.cuda.is_available():
        return "there is no CUDA device (and TRITON_INTERPRET=1 is not set)"
    if not (os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")):
        return "Triton needs a C compiler to start its kernels, and there is none"
    return ""


def triton(batch: Batch, stride: Stride, *, sums: bool = False) -> Sums | None:
    """Move a batch in one launch for each mixture of types.

    What the kernel cannot move (sparse gradients, tensors with gaps, tensors elsewhere)
    goes through `reference`.

    Args:
        batch: What moves.
        stride: How. Its kinetic energy must be one that `moves` knows.
        sums: Whether to take the sums on the way.

    Returns:
        The sums, if they were asked for: 0-d float64 tensors on the device, so that
        nothing waits for them.
    """
    parts: list[Sums] = []
    left: list[int] = []
    for count, places in native.by_count(batch).items():
        part = batch if len(places) == len(batch.params) else batch.take(places)
        told = _Told.of(stride, sums=sums, count=count)
        plan = plan_of(part, pairs=stride.kinetic.name == "newtonian")
        for table in plan.tables:
            found = _run(table, part, told)
            if sums:
                parts.append(native.completed(found, stride))
        still = set(plan.left)
        moved = [i for i in range(len(places)) if i not in still]
        left += [places[i] for i in plan.left]
        native.grow([part.memories[i] for i in moved])
        native.mark([part.params[i] for i in moved])
    if left:
        rest = batch.take(left)
        if sums:
            parts.append(counted(reference, rest, stride))
        else:
            reference(rest, stride)
    return total(parts or [Sums()]) if sums else None


class _Told(NamedTuple):
    """A stride in numbers; those that live on a device are read there.

    Attributes:
        numbers: Twelve, as `native.setting` has them, with 0 for those on a device.
        tensors: Place -> number on a device.
        velocity: Which kinetic energy.
        blends: Whether the force has a share of the velocity.
        joins: Whether anything joins the gradient.
        sums: Whether the sums are wanted.
    """

    numbers: tuple[float, ...]
    tensors: dict[int, Tensor]
    velocity: int
    blends: bool
    joins: bool
    sums: bool

    @classmethod
    def of(cls, stride: Stride, *, sums: bool, count: int) -> _Told:
        c = stride.coefficients
        spoken = (c.decay, c.kick, c.blend_momentum, c.blend_force, c.drift, c.keep)
        tensors = {
            place: value.detach()
            for place, value in enumerate((*spoken, stride.weight_decay))
            if isinstance(value, Tensor) and _is_there(value)
        }
        if tensors:
            held = [0.0 if i in tensors else x for i, x in enumerate(spoken)]
            decay = 0.0 if len(spoken) in tensors else stride.weight_decay
            known = stride._replace(
                coefficients=Coefficients(*held), weight_decay=decay
            )
        else:
            known = stride
        numbers = native.setting(known, sums=sums, random=False, count=count)
        blends, joins = not is_zero(c.blend_force), joins_gradient(stride)
        velocity = int(numbers[_NUMBERS])
        return cls(numbers[:_NUMBERS], tensors, velocity, blends, joins, sums)


def _run(table: Table, batch: Batch, told: _Told) -> tuple[Any, ...]:
    device = table.kind.device
    shape = (_NUMBERS, table.programs if told.sums else 0)
    slots = torch.empty(shape, dtype=torch.float64, device=device)
    if table.programs:
        with nullcontext() if device.type == "cpu" else torch.cuda.device(device):
            _start(table, batch, told, slots)
    return tuple(slots.sum(1).unbind(0)) if told.sums else ()


def _start(table: Table, batch: Batch, told: _Told, slots: Tensor) -> None:
    kind = table.kind
    gradients = [batch.grads[place].data_ptr() for place in table.places]
    seeds = [_seed(batch.roundings[place]) for place in table.places]
    moving = table.send("moving", (*gradients, *seeds), torch.int64)
    numbers = table.send("numbers", told.numbers, torch.float64)
    if told.tensors:
        numbers = numbers.clone()
        for place, value in told.tensors.items():
            numbers[place].copy_(value.reshape(()))
    if is_capturing():
        keep(table, moving, numbers, slots)
    wide = torch.float64 in (kind.position, kind.gradient, kind.momentum)
    kernel = importlib.import_module("inertial.torch.triton_kernel")
    kernel.step[table.programs,](
        table.rows,
        moving,
        table.owners,
        numbers,
        slots,
        len(table.places),
        X=kernel.TYPES[kind.position],
        G=kernel.TYPES[kind.gradient],
        B=kernel.TYPES[kind.momentum],
        M=kernel.TYPES[kind.memory],
        N=kernel.TYPES[torch.float64 if wide else torch.float32],
        VELOCITY=told.velocity,
        BLENDS=told.blends,
        JOINS=told.joins,
        SUMMED=told.sums,
        RANDOM=kind.random,
        ALIGNED=table.aligned and is_aligned(gradients),
        num_warps=_WARPS,
        enable_fp_fusion=False,  # products and sums are fused where the text says so
    )


def _seed(rounding: Any) -> int:
    return 0 if rounding is None else rounding.number


def _is_there(value: Tensor) -> bool:
    """Return whether a number lives where the kernel can read it."""
    return interpreted() or value.device.type != "cpu"
