"""Synthetic curves and the deep autoencoder on which momentum was famously measured."""

from __future__ import annotations

import torch
from torch import Tensor

from inertial.bounds import Bound, check
from inertial.training.task import Defaults, Task, from_tensors
from inertial.training.tasks.autoencoder import (
    autoencoder,
    cross_entropy,
    squared_error,
)

WIDTHS = (784, 400, 200, 100, 50, 25, 6)
PIXELS = 28
PEN = 0.8  # standard deviation of the stroke, in pixels
POINTS = 48  # samples along a curve: closer than a pixel even on the longest
DATA_SEED = 2006
CHUNK = 2000  # images drawn at once: bounds the memory


def task(*, size: int = 20_000, batch_size: int = 200) -> Task:
    """Make the task: squeeze the picture of a curve through six numbers.

    Args:
        size: How many images to learn from; half as many are made to judge by.
        batch_size: How many images a batch has.

    Returns:
        The task.

    Source: Hinton & Salakhutdinov (2006), page 506 (20 000 curves from three random
        points, 28 by 28 pixels, 784-400-200-100-50-25-6); Sutskever et al. (2013),
        table 1, batch size 200.

    Example:
        >>> task(size=400).steps_per_epoch
        2
    """
    check("size", size, Bound(2))
    images = curves(size + size // 2)
    train, test = images[:size], images[size:]
    return from_tensors(
        "curves",
        autoencoder(WIDTHS),
        (train, train),
        (test, test),
        loss=cross_entropy,
        metrics={"squared_error": squared_error},
        batch_size=batch_size,
        defaults=Defaults(lr=0.001, momentum=0.99, epochs=10),
    )


def curves(count: int, seed: int = DATA_SEED) -> Tensor:
    """Draw smooth curves through three random points each.

    A curve is the parabola that meets its points at times 0, 1/2 and 1. The pen is
    round and soft; ink is laid evenly along the way and saturates.

    Args:
        count: How many.
        seed: The same seed draws the same curves.

    Returns:
        Ink between 0 and 1. Shape: (count, 784).

    Example:
        >>> curves(3).shape, bool((curves(3) == curves(3)).all())
        (torch.Size([3, 784]), True)
    """
    generator = torch.Generator().manual_seed(seed)
    margin = 3.0
    corners = torch.rand(count, 3, 2, generator=generator)
    corners = margin + corners * (PIXELS - 1 - 2 * margin)
    return torch.cat([_draw(part) for part in corners.split(CHUNK)])


def _draw(through: Tensor) -> Tensor:
    """Return one picture for each three points. Shape: (n, 3, 2) -> (n, 784)."""
    first, middle, last = through.unbind(1)
    control = 2 * middle - (first + last) / 2  # of the Bezier curve through `middle`
    time = torch.linspace(0, 1, POINTS).view(1, -1, 1)
    ends = first.unsqueeze(1), control.unsqueeze(1), last.unsqueeze(1)
    way = (
        (1 - time) ** 2 * ends[0] + 2 * time * (1 - time) * ends[1] + time**2 * ends[2]
    )
    speed = 2 * (1 - time) * (ends[1] - ends[0]) + 2 * time * (ends[2] - ends[1])
    ink = speed.norm(dim=2, keepdim=True) / (POINTS - 1)
    grid = torch.arange(PIXELS, dtype=torch.float32)
    # A round Gaussian is a product of two: one small matrix product draws the stroke.
    blot = torch.exp(-(((way.unsqueeze(3) - grid) / PEN) ** 2) / 2)
    columns, rows = blot.unbind(2)
    stroke = (rows * ink).transpose(1, 2) @ columns
    return (1 - torch.exp(-stroke)).clamp_(0, 1).flatten(1)
