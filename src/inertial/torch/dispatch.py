"""Which kernel moves a batch, and which wishes for one contradict each other."""

from __future__ import annotations

from inertial.bounds import check_choice
from inertial.torch.kernels import KERNELS, Batch, Kernel
from inertial.torch.methods import Group

SPEED_WORDS = ("foreach", "kernel", "differentiable", "fused")
"""What a group says of how its step is computed, not of where it leads."""


def choose_kernel(group: Group, batch: Batch) -> Kernel:
    """Return a group's kernel; "auto" is foreach on accelerators, a loop on the CPU.

    Example:
        >>> group = {"kernel": "auto", "foreach": True}
        >>> choose_kernel(group, Batch([], [], [], [], [])).__name__
        'foreach'
    """
    if group["kernel"] != "auto":
        return KERNELS[group["kernel"]]
    foreach = group["foreach"]
    if foreach is None:
        foreach = bool(batch.params) and all(
            param.device.type in {"cuda", "xpu", "mtia"} for param in batch.params
        )
    return KERNELS[_name_of(foreach)]


def refuse_contradictions(
    foreach: bool | None, kernel: str, differentiable: bool, fused: bool | None
) -> None:
    """Refuse words on speed that cannot hold together.

    Args:
        foreach: As the user gave it, like all words here.
        kernel: One of "auto" and the names of `KERNELS`.
        differentiable: Whether gradients flow through the step.
        fused: PyTorch's word.

    Raises:
        ValueError: If a word is unknown, or contradicts another.
    """
    check_choice("kernel", kernel, ("auto", *KERNELS))
    if fused:
        raise ValueError(
            "`fused=True` asks for PyTorch's fused SGD kernel, which Inertial does not "
            'use. Leave it out: `kernel="auto"` takes the fastest kernel there is.'
        )
    if foreach is not None and kernel not in {"auto", _name_of(foreach)}:
        raise ValueError(
            f"`foreach={foreach}` and `kernel={kernel!r}` contradict each other. "
            "Give one of them."
        )
    if differentiable and (foreach or kernel == "foreach"):
        raise ValueError(
            "`differentiable=True` takes one tensor after another, out of place, so "
            "that gradients flow through the step. Leave `foreach` and `kernel` out."
        )


def _name_of(foreach: bool) -> str:
    return "foreach" if foreach else "reference"
