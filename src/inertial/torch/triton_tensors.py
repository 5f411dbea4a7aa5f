"""What a GPU's kernel can move: which tensors lie in memory as it takes them.

What native/tensors.h is to the native kernel.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.torch.rounding import BLOCK, in_memory_order

_PAIRS = {torch.complex64: torch.float32, torch.complex128: torch.float64}
_TYPES = {torch.float32, torch.float64, torch.bfloat16, torch.float16, *_PAIRS}


def interpreted() -> bool:
    """Return whether Triton was told to interpret kernels instead of compiling them.

    Example:
        >>> interpreted() in (True, False)
        True
    """
    said = os.environ.get("TRITON_INTERPRET", "").lower()
    return said in {"1", "true", "yes", "on", "y"}


class Kind(NamedTuple):
    """What the tensors of one table have in common."""

    device: torch.device
    position: torch.dtype
    gradient: torch.dtype
    momentum: torch.dtype | None
    memory: torch.dtype | None
    random: bool


class Row(NamedTuple):
    """Where one tensor lies. Addresses are 0 for what it lacks."""

    position: int
    momentum: int
    memory: int
    scales: int
    numbers: int


def signature(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what of one tensor's place and form must stay for a plan to hold."""
    param, grad, buffer, memory, rounding = columns
    if grad.layout is not torch.strided:
        return (param.data_ptr(), grad.layout)
    kept = () if buffer is None else (buffer.data_ptr(), buffer.dtype, buffer.stride())
    return (
        param.data_ptr(),
        param.shape,
        param.stride(),
        param.dtype,
        grad.stride(),
        grad.dtype,
        kept,
        None if memory is None else address_of(memory.parts(param)[1]),
        rounding is not None and (address_of(rounding.scales),),
        type(grad),
        grad.is_conj() or grad.is_neg(),
    )


def covers(span: tuple[int, int, int, int, int], gradient: int) -> bool:
    """Return whether a gradient lies over its own position or momentum."""
    position, position_end, momentum, momentum_end, size = span
    end = gradient + size
    return (gradient < position_end and position < end) or (
        gradient < momentum_end and momentum < end
    )


def row_of(
    param: Tensor, _: Tensor, buffer: Tensor | None, memory: Any, rounding: Any
) -> Row:
    """Return where one tensor of a batch and what belongs to it lie.

    Args:
        param: Position.
        buffer: Momentum, if it is kept.
        memory: What its kinetic energy remembers.
        rounding: How its momentum is kept.

    Returns:
        The addresses and the size.
    """
    count = param.numel() * (2 if param.is_complex() else 1)
    kept = None if memory is None else memory.parts(param)[1]
    scales = None if rounding is None else rounding.scales
    return Row(
        address_of(param),
        address_of(buffer),
        address_of(kept),
        address_of(scales),
        count,
    )


def kind_of(
    param: Tensor,
    grad: Tensor,
    buffer: Tensor | None,
    memory: Any,
    rounding: Any,
    *,
    pairs: bool,
) -> Kind | None:
    """Return what tells the launch of one tensor, or None if no launch can move it."""
    kept = None if memory is None else memory.parts(param)[1]
    others = [tensor for tensor in (grad, buffer, kept) if tensor is not None]
    types = (param.dtype, grad.dtype, buffer is not None and buffer.dtype)
    bytes_too = buffer is not None and buffer.dtype == torch.int8
    known = [tensor for tensor in (param, *others) if tensor.dtype in _TYPES]
    sound = (
        len(known) + bytes_too == len(others) + 1
        and _is_here(param)
        and _is_open(param)
        and (pairs or not param.is_complex())
        and _fills(param)
        and all(_is_alike(param, other) for other in others)
        and not any(_meet(span(param), span(other)) for other in others[1:])
        and (not bytes_too or _scales_fit(param, rounding))
    )
    if not sound:
        return None
    return Kind(
        param.device,
        _real(param.dtype),
        _real(types[1]),
        None if buffer is None else _real(buffer.dtype),
        None if kept is None else _real(kept.dtype),
        rounding is not None and not bytes_too,
    )


def _is_here(tensor: Tensor) -> bool:
    """Return whether a tensor lives where the kernel runs."""
    return tensor.device.type == ("cpu" if interpreted() else "cuda")


def _is_open(tensor: Tensor) -> bool:
    """Return whether a tensor's memory is what it seems.

    A class that answers for itself what an operation does may keep its numbers
    elsewhere; and numbers may wait to be conjugated or negated until they are read.
    """
    own = type(tensor).__torch_dispatch__ is not Tensor.__torch_dispatch__
    return not (own or tensor.is_conj() or tensor.is_neg())


def _fills(tensor: Tensor) -> bool:
    """Return whether a tensor fills one run of memory, in any order of its axes."""
    return in_memory_order(tensor).data_ptr() == tensor.data_ptr()


def _is_alike(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors keep the same element at the same place."""
    return (
        b.layout is torch.strided
        and _is_open(b)
        and a.device == b.device
        and a.shape == b.shape
        and a.is_complex() == b.is_complex()
        and all(
            size == 1 or one == other
            for size, one, other in zip(a.shape, a.stride(), b.stride(), strict=True)
        )
    )


def _scales_fit(param: Tensor, rounding: Any) -> bool:
    scales = None if rounding is None else rounding.scales
    if scales is None or scales.dtype != torch.float32 or not scales.is_contiguous():
        return False
    return scales.device == param.device and scales.numel() == -(
        -param.numel() // BLOCK
    )


def span(tensor: Tensor | None) -> tuple[int, int]:
    """Return where a tensor's numbers begin and end in memory.

    Example:
        >>> span(None)
        (0, 0)
    """
    start = address_of(tensor)
    return start, start + size_of(tensor)


def size_of(tensor: Tensor | None) -> int:
    """Return how many bytes a tensor's numbers take.

    Example:
        >>> size_of(torch.zeros(3))
        12
    """
    if tensor is None or tensor.layout is not torch.strided:
        return 0
    return tensor.numel() * tensor.element_size()


def _meet(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def address_of(tensor: Tensor | None) -> int:
    """Return where a tensor's numbers begin; 0 if there are none to read.

    Example:
        >>> address_of(None)
        0
    """
    if tensor is None or tensor.layout is not torch.strided:
        return 0
    return tensor.data_ptr()


def _real(dtype: torch.dtype) -> torch.dtype:
    return _PAIRS.get(dtype, dtype)
