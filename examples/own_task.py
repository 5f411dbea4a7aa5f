"""A task of one's own: one file with a function `task()`.

Run it with

    inertial train examples/own_task.py --lr 0.05 --momentum 0.9

The run's seed is set before `task()` is called, so weights and data follow `--seed`.
Any keyword of the function becomes an option: here `--batch-size`.
"""

import torch
from torch import nn

from inertial.training import Defaults, Task, accuracy, from_tensors


def task(*, batch_size: int = 32) -> Task:
    """Tell two interleaved spirals apart."""
    generator = torch.Generator().manual_seed(0)  # the same data for every seed
    arm = torch.arange(1000) % 2
    turn = torch.rand(1000, generator=generator).sqrt() * 9.0
    angle = turn + torch.pi * arm
    points = torch.stack([turn * angle.cos(), turn * angle.sin()], dim=1) / 9.0
    points += 0.01 * torch.randn(points.shape, generator=generator)
    model = nn.Sequential(
        nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2)
    )
    return from_tensors(
        "spirals",
        model,
        train=(points[:800], arm[:800]),
        test=(points[800:], arm[800:]),
        loss=nn.functional.cross_entropy,
        metrics={"accuracy": accuracy},
        batch_size=batch_size,
        defaults=Defaults(lr=0.05, momentum=0.9, epochs=30, threads=1),
    )
