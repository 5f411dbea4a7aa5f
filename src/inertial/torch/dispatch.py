"""Which kernel moves a batch, and which wishes for one contradict each other."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import torch

from inertial.bounds import check_choice
from inertial.torch import native, triton
from inertial.torch.kernels import Batch, Kernel, Stride, foreach, reference
from inertial.torch.methods import Group
from inertial.torch.sums import Sums, counted

SPEED_WORDS = ("foreach", "kernel", "differentiable", "fused")
"""What a group says of how its step is computed, not of where it leads."""

PLAIN: dict[str, Kernel] = {"reference": reference, "foreach": foreach}
"""Kernels that are made of PyTorch's own operations, and work everywhere."""

FUSED: dict[str, Any] = {"native": native, "triton": triton}
"""Kernels of one pass, by the device whose memory they know: modules with `missing()`,
`moves(kinetic)` and a function of their own name."""

AUTOMATIC = {"native": native}
"""What "auto" takes without being asked. Triton's kernel has not been timed on a GPU
yet: ask for it by name."""

DEVICES = {"native": "cpu", "triton": "cuda"}
_ACCELERATORS = frozenset({"cuda", "xpu", "mtia"})


def kernels() -> dict[str, str]:
    """Return every kernel's name with "" if it is here, or with why it is not.

    Example:
        >>> kernels()["reference"]
        ''
    """
    return dict.fromkeys(PLAIN, "") | {name: k.missing() for name, k in FUSED.items()}


def move(group: Group, batch: Batch, stride: Stride, *, sums: bool) -> Sums | None:
    """Move a batch with its group's kernel.

    Args:
        group: Whose words on speed are followed.
        batch: What moves.
        stride: How.
        sums: Whether the sums of the step are wanted.

    Returns:
        The sums, if they were asked for.
    """
    name = choose_kernel(group, batch, stride)
    if name in FUSED:
        fused = getattr(FUSED[name], name)
        return fused(batch, stride, sums=sums)
    if sums:
        return counted(PLAIN[name], batch, stride)
    PLAIN[name](batch, stride)
    return None


def choose_kernel(group: Group, batch: Batch, stride: Stride) -> str:
    """Return the name of a group's kernel.

    "auto" is the fused kernel of the device, where there is one and it knows the
    kinetic energy; else `foreach`.

    Example:
        >>> group = {"kernel": "auto", "foreach": True}
        >>> choose_kernel(group, Batch([], [], [], [], [], []), None)
        'foreach'
    """
    if torch.compiler.is_compiling():
        return _spoken(group) or _plain(batch)
    chosen = _spoken(group)
    if chosen is None:
        chosen = _fused_for(batch)
    if chosen in FUSED and not FUSED[chosen].moves(stride.kinetic):
        return _plain(batch)
    return chosen or _plain(batch)


def _spoken(group: Group) -> str | None:
    """Return the kernel that a group asks for by name, if it does."""
    if group["kernel"] != "auto":
        compiling = torch.compiler.is_compiling() and group["kernel"] in FUSED
        return None if compiling else group["kernel"]
    return None if group["foreach"] is None else _name_of(group["foreach"])


def _fused_for(batch: Batch) -> str | None:
    """Return the kernel of one pass for where a batch lives, if it is there."""
    for name, module in AUTOMATIC.items():
        if _all_on(batch, frozenset({DEVICES[name]})):
            if not module.missing():
                return name
            _tell_missing(name)
    return None


def _plain(batch: Batch) -> str:
    """Return what PyTorch itself would take: lists on accelerators, else a loop."""
    if native.missing() and not torch.compiler.is_compiling():
        return "foreach"
    return _name_of(_all_on(batch, _ACCELERATORS))


def _all_on(batch: Batch, devices: frozenset[str]) -> bool:
    return bool(batch.params) and all(
        param.device.type in devices for param in batch.params
    )


@cache
def _tell_missing(name: str) -> None:
    """Say once that steps could be faster."""
    warnings.warn(
        f"Inertial's {name} kernel is missing: {FUSED[name].missing()}. Steps are made "
        "with `foreach`, which gives the same numbers more slowly.",
        stacklevel=2,
    )


def refuse_contradictions(
    foreach: bool | None, kernel: str, differentiable: bool, fused: bool | None
) -> None:
    """Refuse words on speed that cannot hold together.

    Args:
        foreach: As the user gave it, like all words here.
        kernel: One of "auto" and the names of `kernels()`.
        differentiable: Whether gradients flow through the step.
        fused: PyTorch's word.

    Raises:
        ValueError: If a word is unknown, contradicts another, or asks for a kernel
            that is not here.
    """
    check_choice("kernel", kernel, ("auto", *PLAIN, *FUSED))
    if kernel in FUSED and FUSED[kernel].missing():
        raise ValueError(
            f"`kernel={kernel!r}` is not available: {FUSED[kernel].missing()}. Leave "
            "`kernel` out to take the fastest that is; `Inertial.kernels()` lists them."
        )
    if fused and all(module.missing() for module in FUSED.values()):
        raise ValueError(
            "`fused=True` asks for a step in one pass, but there is no such kernel: "
            f"{native.missing()}. Leave it out."
        )
    if fused and (foreach or kernel in PLAIN):
        raise ValueError(
            "`fused=True` asks for a step in one pass, and contradicts "
            f"{'`foreach=True`' if foreach else f'`kernel={kernel!r}`'}. Give one of "
            "them."
        )
    if foreach is not None and kernel not in {"auto", _name_of(foreach)}:
        raise ValueError(
            f"`foreach={foreach}` and `kernel={kernel!r}` contradict each other. "
            "Give one of them."
        )
    if differentiable and (foreach or fused or kernel not in {"auto", "reference"}):
        raise ValueError(
            "`differentiable=True` takes one tensor after another, out of place, so "
            "that gradients flow through the step. Leave `foreach`, `fused` and "
            "`kernel` out."
        )


def _name_of(foreach: bool) -> str:
    return "foreach" if foreach else "reference"
