"""Load a state without loss: this optimizer's own, or PyTorch's SGD, Adam(W), Muon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from inertial.torch.memory import keep_memory, kept_memory, memory_dtype
from inertial.torch.methods import Group, read
from inertial.torch.rounding import Rounding
from inertial.torch.state import buffer_dtype, start_scales


def load(
    optimizer: torch.optim.Optimizer,
    state_dict: dict[str, Any],
    load_plain: Callable[[dict[str, Any]], None],
    keep_hyperparameters: bool,
) -> None:
    """Load a state; see `Inertial.load_state_dict`.

    Args:
        optimizer: Into which.
        state_dict: What is loaded, before any hook has seen it.
        load_plain: PyTorch's own load.
        keep_hyperparameters: Whether the optimizer keeps its words.
    """
    own = [dict(group) for group in optimizer.param_groups]
    final: list[dict[str, Any]] = [state_dict]
    handle = optimizer.register_load_state_dict_pre_hook(
        lambda _, seen: final.__setitem__(0, seen)
    )
    try:
        load_plain(state_dict)
    finally:
        handle.remove()
    for group, kept, origin in zip(
        optimizer.param_groups, own, final[0]["param_groups"], strict=True
    ):
        if "reference_lr" in kept and "reference_lr" not in origin:
            group["reference_lr"] = kept["reference_lr"]
        if keep_hyperparameters:  # buffers are to come in the type that stays
            group["state_dtype"] = kept["state_dtype"]
    adopt(optimizer, final[0])
    if keep_hyperparameters:
        for group, kept in zip(optimizer.param_groups, own, strict=True):
            group.update({k: v for k, v in kept.items() if k != "params"})


def adopt(optimizer: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """Finish a load: buffers in their own type, and flags that foreign states lack.

    PyTorch casts every floating tensor of a state to the parameter's type, which would
    cost a float32 buffer of a bfloat16 parameter its digits: they are taken again from
    what was saved.

    Args:
        optimizer: Into which PyTorch's own `load_state_dict` has just loaded.
        saved: What it loaded.
    """
    for group, origin in zip(
        optimizer.param_groups, saved["param_groups"], strict=True
    ):
        scale = 1.0
        if "schedule_acts_on" not in origin and "schedule_acts_on" in group:
            # A foreign buffer holds forces at its lr; ours, at the reference. This is
            # what keeps the displacement of the last step (and 1 for "mass").
            scale = float(read(group, checked=True).coefficients(0).kick)
        for param, key in zip(group["params"], origin["params"], strict=True):
            if key in saved["state"]:
                state = optimizer.state[param]
                _adopt_one(state, group, param, saved["state"][key], scale)


def _adopt_one(
    state: dict[str, Any],
    group: Group,
    param: Tensor,
    saved: dict[str, Any],
    scale: float,
) -> None:
    if "exp_avg" in saved:  # PyTorch's Adam and AdamW
        count = int(saved["step"])
        state.clear()
        state["step"] = count
        saved = {
            "momentum_buffer": saved["exp_avg"],
            "started": count > 0,
            "memory_0": count,
            "memory_1": saved["exp_avg_sq"],
        }
    if saved.get("momentum_buffer") is not None:
        state.pop("momentum_scales", None)
        state.update(_buffer(param, group["state_dtype"], saved, scale))
    else:
        state.pop("momentum_buffer", None)
        state.pop("momentum_scales", None)
    dtype = memory_dtype(param)
    memory = (
        part.to(param.device, dtype, copy=True) if isinstance(part, Tensor) else part
        for part in kept_memory(saved)
    )
    keep_memory(state, tuple(memory))
    if state:
        started = saved.get("started", "momentum_buffer" in state)
        state["started"] = torch.tensor(bool(started))


def _buffer(
    param: Tensor, word: str | None, saved: dict[str, Any], scale: float
) -> dict[str, Tensor]:
    """Return a saved buffer in this parameter's own type, with scales if it has any."""
    buffer = saved["momentum_buffer"].to(param.device, copy=True)
    if buffer.dtype == torch.int8:
        scales = saved["momentum_scales"].to(param.device, torch.float32, copy=True)
        if word == "int8" and scale == 1:
            return {"momentum_buffer": buffer, "momentum_scales": scales}
        buffer = Rounding((), scales).open(buffer)
    buffer = buffer if scale == 1 else buffer * scale
    dtype = buffer_dtype(param, word)
    if dtype != torch.int8:
        return {"momentum_buffer": buffer.to(dtype)}
    packed = torch.empty_like(param, dtype=dtype, requires_grad=False)
    scales = start_scales(param)
    Rounding(("adopted",), scales).close(packed, buffer.float())
    return {"momentum_buffer": packed, "momentum_scales": scales}
