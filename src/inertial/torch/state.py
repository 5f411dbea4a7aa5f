"""What the optimizer remembers: created by rule, loaded without loss.

Per parameter: "momentum_buffer" (PyTorch's sign and scale), "started" (whether a first
step was made: an explicit flag, never inferred from a buffer), "step" (only where the
coefficients change with it) and "memory_0", "memory_1" ... (only where the kinetic
energy remembers).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, cast

import torch
import torch.distributed
from torch import Tensor
from torch.distributed.tensor import DTensor

from inertial.conventions.method import Method
from inertial.physics.kinetic import Kinetic, check_shape
from inertial.torch.kernels import is_zero
from inertial.torch.memory import (
    Memory,
    local_shard,
    memory_dtype,
    remembers,
    start_memory,
)
from inertial.torch.methods import Group
from inertial.torch.rounding import BLOCK, Rounding

STATE_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
}
RANDOM = ("bfloat16", "int8")
"""Words of buffers with too few bits to be rounded to the nearest number."""


def state_dtype_word(dtype: torch.dtype | str | None) -> str | None:
    """Return the name under which a group stores the buffer's type.

    Raises:
        ValueError: If no buffer can be kept in that type.

    Example:
        >>> state_dtype_word(torch.bfloat16)
        'bfloat16'
    """
    name = None if dtype is None else str(dtype).removeprefix("torch.")
    if name is not None and name not in STATE_DTYPES:
        known = ", ".join(f"torch.{known}" for known in STATE_DTYPES)
        raise ValueError(
            f"`state_dtype` must be None or one of {known}, but is {dtype}."
        )
    return name


def buffer_dtype(param: Tensor, word: str | None) -> torch.dtype:
    """Return the type in which a parameter's momentum is kept.

    Example:
        >>> buffer_dtype(torch.zeros(1, dtype=torch.float16), None)
        torch.float32
    """
    if word is not None and not param.is_complex():
        return STATE_DTYPES[word]
    return memory_dtype(param)


def refuse_shapes(kinetic: Kinetic, params: Any) -> None:
    """Refuse parameters that a kinetic energy cannot move.

    Args:
        kinetic: The group's kinetic energy.
        params: A tensor, or tensors, or (name, tensor) pairs.

    Raises:
        TypeError: If it needs matrices and one is none, or is complex.
    """
    if not isinstance(params, list):
        params = [params]
    for i, entry in enumerate(params):
        name, param = entry if isinstance(entry, tuple) else (str(i), entry)
        if not isinstance(param, Tensor):
            return  # PyTorch's own message says it better
        check_shape(kinetic, tuple(param.shape), name)
        if kinetic.scope == "matrix" and param.is_complex():
            raise TypeError(
                f'kinetic energy "{kinetic.name}" needs real matrices, but parameter '
                f"{name} is complex. Give it a group of its own."
            )


def gather(
    optimizer: torch.optim.Optimizer,
    group: Group,
    method: Method,
    params: list[Tensor],
    grads: list[Tensor],
    buffers: list[Tensor | None],
    memories: list[Memory | None],
    roundings: list[Rounding | None],
    copies: list[int],
    ages: list[int],
    *,
    only: int | None = None,
) -> None:
    """Append every parameter that has a gradient, with its state, to the lists.

    State is created here: zeros, and a flag that says that nothing has started. A
    step of zero gradient and zero learning rate on a fresh parameter only creates the
    state: so checkpoint tools materialise it, and it must not count as a first step.

    Args:
        optimizer: Whose state is used.
        group: The parameter group.
        method: What its words spell.
        params: Receives the tensors to move (local shards of distributed ones).
        grads: Receives their gradients.
        buffers: Receives their momentum, or None where none is kept.
        memories: Receives what their kinetic energy remembers.
        roundings: Receives how a buffer of few bits is kept, or None.
        copies: Receives how many processes hold the same tensor.
        ages: Receives how many steps each has made, up to where nothing changes.
        only: The place of the one parameter that is meant; default: all.
    """
    needs = _needs(group, method)
    simple = needs == _ONLY_A_BUFFER and method.kinetic.name == "newtonian"
    places = range(len(group["params"])) if only is None else (only,)
    for index in places:
        param = group["params"][index]
        if param.grad is None:
            continue
        buffer = _rolling(optimizer, param) if simple else None
        if buffer is not None:  # nothing to ask: this is most tensors, most of the time
            params.append(param)
            grads.append(param.grad)
            buffers.append(buffer)
            ages.append(cast("int", method.settles_at))
            roundings.append(None)
            memories.append(None)
            copies.append(0)
            continue
        state = _state(optimizer, group, param, method, needs)
        if needs.state and _only_materialises(group, param, state):
            continue
        local, grad, buffer = _tensors(param, state, method, needs)
        params.append(local)
        grads.append(grad)
        buffers.append(buffer)
        copies.append(copies_of(param, whole=isinstance(local, DTensor)))
        ages.append(_grow(state, method))
        roundings.append(_rounding(state, index, param) if needs.rounding else None)
        memories.append(Memory(state, method.kinetic) if needs.memory else None)


class _Needs(NamedTuple):
    """What a group's method keeps of the past, asked once for all its parameters."""

    buffer: bool
    memory: bool
    steps: bool
    rounding: bool

    @property
    def state(self) -> bool:
        return self.buffer or self.memory or self.steps


_ONLY_A_BUFFER = _Needs(buffer=True, memory=False, steps=False, rounding=False)


def _rolling(optimizer: torch.optim.Optimizer, param: Tensor) -> Tensor | None:
    """Return the buffer of an ordinary tensor that is surely past its first step."""
    state = optimizer.state.get(param)
    if state is None or not state.get("started", False):
        return None
    if isinstance(param, DTensor):
        return None
    return cast("Tensor | None", state.get("momentum_buffer"))


def _needs(group: Group, method: Method) -> _Needs:
    buffer = not is_zero(method.coefficients(1).decay)
    rounding = buffer and group["state_dtype"] in RANDOM
    count = method.settles_at is None or rounding
    return _Needs(buffer, remembers(method.kinetic), count, rounding)


def _state(
    optimizer: torch.optim.Optimizer,
    group: Group,
    param: Tensor,
    method: Method,
    needs: _Needs,
) -> dict[str, Any]:
    """Return a parameter's state, after creating what is missing."""
    state = optimizer.state.get(param)
    if state is None:
        if not needs.state:
            return {}
        state = optimizer.state[param]
    if needs.buffer and state.get("momentum_buffer") is None:
        grad = cast("Tensor", param.grad)
        state["momentum_buffer"] = torch.zeros_like(
            grad if grad.is_sparse else param,
            dtype=buffer_dtype(param, group["state_dtype"]),
            requires_grad=False,
        )
        state["started"] = torch.tensor(False)
        if state["momentum_buffer"].dtype == torch.int8:
            state["momentum_scales"] = start_scales(param)
    if needs.memory:
        start_memory(state, param, method.kinetic)
    if needs.steps and "step" not in state:
        state["step"] = 0
    if "started" not in state:
        state["started"] = torch.tensor(False)
    return state


def _only_materialises(group: Group, param: Tensor, state: dict[str, Any]) -> bool:
    """Return whether this would-be first step has neither a force nor a time."""
    if state["started"] or _number(group["lr"]) != 0:
        return False
    grad = cast("Tensor", param.grad)
    return not bool((grad.to_dense() if grad.is_sparse else grad).any())


def _grow(state: dict[str, Any], method: Method) -> int:
    """Return how many steps came before, up to where nothing changes; count this."""
    if not state:
        return method.settles_at or 0
    age = int(bool(state["started"]))
    if not age:
        # A tensor of its own: checkpoint tools load into it in place.
        state["started"] = torch.tensor(True)
    if "step" in state:
        age = state["step"]
        state["step"] += 1
    return age if method.settles_at is None else min(age, method.settles_at)


def _tensors(
    param: Tensor, state: dict[str, Any], method: Method, needs: _Needs
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return position, gradient and buffer in the form that the kernels take.

    Elementwise methods move the local shards of distributed tensors, so that lists may
    mix both kinds; others need the whole. Complex numbers are pairs of real ones to any
    velocity but Newton's, which is linear.
    """
    grad = cast("Tensor", param.grad)
    buffer = state["momentum_buffer"] if needs.buffer else None
    if isinstance(param, DTensor):
        if isinstance(grad, DTensor) and grad.placements != param.placements:
            grad = grad.redistribute(placements=param.placements)
        if method.kinetic.scope == "element":
            return (
                local_shard(param),
                local_shard(grad),
                None if buffer is None else (local_shard(buffer)),
            )
    if param.is_complex() and method.kinetic.name != "newtonian":
        real = torch.view_as_real
        grad = grad.resolve_conj()
        return real(param), real(grad), None if buffer is None else real(buffer)
    return param, grad, buffer


def copies_of(param: Tensor, *, whole: bool = False) -> int:
    """Return how many processes bring the same sums; 0 if nothing is distributed.

    Args:
        param: The parameter.
        whole: Whether each process works on all of it, not on its shard.

    Returns:
        The number of processes.

    Example:
        >>> copies_of(torch.zeros(1))
        0
    """
    if not isinstance(param, DTensor):
        return 0
    mesh, placements = param.device_mesh, param.placements
    sizes = [
        mesh.size(i)
        for i, kind in enumerate(placements)
        if whole or not kind.is_shard()
    ]
    return math.prod(sizes)


def start_scales(param: Tensor) -> Tensor:
    """Return the scales of an 8-bit buffer without a past, a number for each block.

    Raises:
        TypeError: If the parameter is distributed.

    Example:
        >>> start_scales(torch.zeros(257))
        tensor([0., 0.])
    """
    if isinstance(param, DTensor):
        raise TypeError(
            "`state_dtype=torch.int8` keeps a scale for every 256 numbers, which the "
            "shards of a distributed parameter would cut through. Use torch.bfloat16."
        )
    return torch.zeros(-(-param.numel() // BLOCK), device=param.device)


def _rounding(state: dict[str, Any], index: int, param: Tensor) -> Rounding | None:
    """Return the rounding of a bfloat16 buffer: other noise each step and each rank."""
    if param.is_complex():
        return None  # whose buffer keeps the parameter's type
    rank = torch.distributed.get_rank() if isinstance(param, DTensor) else 0
    return Rounding((state["step"], index, rank), state.get("momentum_scales"))


def _number(value: Any) -> float:
    return float(value.detach() if isinstance(value, Tensor) else value)
