"""Deep autoencoders with logistic units: the classical ill-conditioned landscape."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

FAN_IN = 15  # Martens (2010), section 5: 15 incoming weights of each unit are not zero


def autoencoder(widths: Sequence[int]) -> nn.Module:
    """Return an encoder of these widths and its mirror image.

    Every unit is logistic but those of the code, which are linear. The last layer gives
    logits, so the logistic function is in the loss.

    Args:
        widths: From the input to the code.

    Returns:
        A network with sparse initialisation: 15 weights of each unit from a standard
        normal distribution, the others and the biases 0.

    Source: Hinton & Salakhutdinov (2006), figure 1 (the shape); Martens (2010), section
        5, and Sutskever et al. (2013), section 3.1 (sparse initialisation).

    Example:
        >>> autoencoder([64, 16, 4])(torch.zeros(1, 64)).shape
        torch.Size([1, 64])
    """
    path = [*widths, *reversed(widths[:-1])]
    code = len(widths) - 1
    layers: list[nn.Module] = []
    for depth, (fan_in, fan_out) in enumerate(pairwise(path), start=1):
        layers.append(_sparse(nn.Linear(fan_in, fan_out)))
        if depth not in (code, len(path) - 1):
            layers.append(nn.Sigmoid())
    return nn.Sequential(*layers)


def cross_entropy(logits: Tensor, pixels: Tensor) -> Tensor:
    """Return the cross-entropy of an image, summed over pixels, mean over the batch.

    Source: Hinton & Salakhutdinov (2006), the objective on page 506.
    """
    total = nn.functional.binary_cross_entropy_with_logits(
        logits, pixels, reduction="sum"
    )
    return total / len(pixels)


def squared_error(logits: Tensor, pixels: Tensor) -> Tensor:
    """Return the squared error of an image, summed over pixels, mean over the batch."""
    return (logits.sigmoid() - pixels).square().sum() / len(pixels)


@torch.no_grad()
def _sparse(layer: nn.Linear) -> nn.Linear:
    count = min(FAN_IN, layer.in_features)
    layer.weight.zero_()
    layer.bias.zero_()
    for row in layer.weight:
        row[torch.randperm(layer.in_features)[:count]] = torch.randn(count)
    return layer
