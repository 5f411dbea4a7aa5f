"""569 tumours described by thirty numbers: a small and nearly convex problem."""

from __future__ import annotations

import numpy
import torch
from torch import Tensor, nn

from inertial.training.task import Defaults, Task, from_tensors
from inertial.training.tasks.digits import split


def task(*, model: str = "mlp", batch_size: int = 32) -> Task:
    """Make the task: benign or malignant?

    Args:
        model: "mlp" (one hidden layer) or "logistic" (none: the loss is convex).
        batch_size: How many samples a batch has.

    Returns:
        The task: 455 samples to learn from, 114 to judge by.

    Raises:
        ValueError: If there is no such model.

    Source: Wolberg, Mangasarian, Street & Street (1995), Breast Cancer Wisconsin
        (Diagnostic), UCI Machine Learning Repository, as scikit-learn ships it.

    Example:
        >>> task(model="logistic").steps_per_epoch
        15
    """
    networks = {"mlp": _mlp, "logistic": lambda: nn.Linear(30, 1)}
    if model not in networks:
        raise ValueError(f"`model` must be one of {list(networks)}, but is {model!r}.")
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    train, test = split(
        torch.from_numpy(bunch.data.astype(numpy.float32)),
        torch.from_numpy(bunch.target.astype(numpy.float32)).unsqueeze(1),
    )
    mean, spread = train[0].mean(dim=0), train[0].std(dim=0)
    return from_tensors(
        "breast-cancer",
        networks[model](),
        ((train[0] - mean) / spread, train[1]),
        ((test[0] - mean) / spread, test[1]),
        loss=nn.functional.binary_cross_entropy_with_logits,
        metrics={"accuracy": _right},
        batch_size=batch_size,
        defaults=Defaults(lr=0.02, momentum=0.9, epochs=20, threads=1),
    )


def _right(logits: Tensor, targets: Tensor) -> Tensor:
    return ((logits > 0) == (targets > 0.5)).float().mean()


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 1))
