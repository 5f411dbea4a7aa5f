"""What the gradient is multiplied by before it moves anything: loss scale and limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.bounds import POSITIVE, check, check_choice
from inertial.torch import native

NORMS = ("this step", "last step")


class Factor(NamedTuple):
    """The factor of all gradients in one step.

    Attributes:
        whole: What they are multiplied by. Unit: 1.
        cut: What of it is due to a limit on their norm. Unit: 1.
    """

    whole: Any = 1.0
    cut: Any = 1.0


class Limit:
    """A limit on the norm of all gradients together.

    Args:
        max_norm: Longest gradient. Unit: L/X.
        norm_of: "this step" reads all gradients once more, as
            `torch.nn.utils.clip_grad_norm_` does; "last step" takes the norm that the
            last step found on its way, at no cost: a sudden spike then passes once.

    Raises:
        ValueError: If the norm is not positive or `norm_of` is neither.
    """

    def __init__(self, max_norm: float, norm_of: str = "this step") -> None:
        check("max_norm", max_norm, POSITIVE)
        check_choice("norm_of", norm_of, NORMS)
        self.max_norm = max_norm
        self.norm_of = norm_of
        self._last_norm: float | None = None

    def learn(self, norm: float) -> None:
        """Take the norm that a step found on its way, before any limit."""
        self._last_norm = norm

    def cut(self, gradients: Iterable[Tensor], scale: float) -> float:
        """Return what the gradients are to be shortened by.

        Args:
            gradients: All of them, as they came.
            scale: What a loss scaler multiplied them by.

        Returns:
            min(1, max_norm / (norm + 1e-6)), PyTorch's rule. Unit: 1.

        Source: torch.nn.utils.clip_grad_norm_.
        """
        if self.norm_of == "last step" and self._last_norm is not None:
            norm = self._last_norm
        else:
            norm = gradient_norm(list(gradients)) / scale
        share = self.max_norm / (norm + 1e-6)
        return share if share < 1 or math.isnan(share) else 1.0


def gradient_norm(gradients: list[Tensor]) -> float:
    """Return the norm of all gradients together, in one pass where that is possible.

    Args:
        gradients: Tensors of any shape and kind. Unit: L/X.

    Returns:
        The norm. Unit: L/X.

    Example:
        >>> gradient_norm([torch.tensor([3.0]), torch.tensor([4.0])])
        5.0
    """
    square, left = 0.0, gradients
    if not native.missing():
        square, left = native.gradient_square(gradients)
    if left:
        dense = [grad.to_dense() if grad.is_sparse else grad for grad in left]
        rest = torch.nn.utils.get_total_norm(dense)
        if hasattr(rest, "full_tensor"):
            rest = rest.full_tensor()
        square += float(rest) ** 2
    return math.sqrt(square)


def factor_of(optimizer: torch.optim.Optimizer, limit: Limit | None) -> Factor | None:
    """Return the factor of this step, or None if a loss scaler found an overflow.

    `torch.amp.GradScaler` lays its scale and what it found on the optimizer for the
    time of a step.

    Args:
        optimizer: Whose gradients these are.
        limit: On their norm.

    Returns:
        The factor, or None if nothing shall move.
    """
    scale = getattr(optimizer, "grad_scale", None)
    found = getattr(optimizer, "found_inf", None)
    if found is not None and bool(found):
        return None
    scale = 1.0 if scale is None else float(scale)
    if limit is None:
        return Factor(1.0 / scale) if scale != 1 else _PLAIN
    gradients = (
        param.grad
        for group in optimizer.param_groups
        for param in group["params"]
        if param.grad is not None
    )
    cut = limit.cut(gradients, scale)
    return Factor(cut / scale, cut)


_PLAIN = Factor()
