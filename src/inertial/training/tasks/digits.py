"""Scikit-learn's 1797 handwritten digits, 8 by 8 pixels: the task to begin with."""

from __future__ import annotations

import numpy
import torch
from torch import Tensor, nn

from inertial.training.task import Defaults, Task, accuracy, from_tensors

SPLIT_SEED = 0  # the split is the same for every run, so that runs can be compared
TEST_SHARE = 0.2


def task(*, model: str = "conv", batch_size: int = 32) -> Task:
    """Make the task: which digit is it?

    Args:
        model: "conv" (two convolutions) or "mlp" (two hidden layers).
        batch_size: How many images a batch has.

    Returns:
        The task: 1438 images to learn from, 359 to judge by.

    Raises:
        ValueError: If there is no such model.

    Example:
        >>> sum(p.numel() for p in task(model="mlp").model.parameters())
        8970
    """
    networks = {"conv": _conv, "mlp": _mlp}
    if model not in networks:
        raise ValueError(f"`model` must be one of {list(networks)}, but is {model!r}.")
    train, test = data()
    return from_tensors(
        "digits",
        networks[model](),
        train,
        test,
        loss=nn.functional.cross_entropy,
        metrics={"accuracy": accuracy},
        batch_size=batch_size,
        defaults=Defaults(lr=0.01, momentum=0.9, epochs=10, threads=1),
    )


def data() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the images and classes to learn from, and those to judge by.

    Returns:
        Images in [0, 1] and class numbers. Shape: (n, 1, 8, 8) and (n,).

    Source: Alpaydin & Kaynak (1998), Optical recognition of handwritten digits, UCI
        Machine Learning Repository; its test part, as scikit-learn ships it.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images.astype(numpy.float32) / 16).unsqueeze(1)
    classes = torch.from_numpy(bunch.target.astype(numpy.int64))
    return split(images, classes)


def split(*tensors: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return data to learn from and data to judge by, always split alike."""
    inputs, targets = tensors
    order = numpy.random.default_rng(SPLIT_SEED).permutation(len(inputs))
    cut = round(len(order) * (1 - TEST_SHARE))
    first, rest = torch.from_numpy(order[:cut]), torch.from_numpy(order[cut:])
    return (inputs[first], targets[first]), (inputs[rest], targets[rest])


def _conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )


def _mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
