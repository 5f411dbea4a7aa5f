"""A deep autoencoder of the handwritten digits: small, real and ill-conditioned."""

from __future__ import annotations

from inertial.training.task import Defaults, Task, from_tensors
from inertial.training.tasks.autoencoder import (
    autoencoder,
    cross_entropy,
    squared_error,
)
from inertial.training.tasks.digits import data

WIDTHS = (64, 50, 32, 16, 6)


def task(*, batch_size: int = 200) -> Task:
    """Make the task: squeeze a digit through six numbers and draw it again.

    Args:
        batch_size: How many images a batch has. Large by default: momentum helps where
            curvature, not noise, is what holds the run back.

    Returns:
        The task: 1438 images to learn from, 359 to judge by.

    Example:
        >>> task().steps_per_epoch
        8
    """
    (train, _), (test, _) = data()
    images, unseen = train.flatten(1), test.flatten(1)
    return from_tensors(
        "digits-autoencoder",
        autoencoder(WIDTHS),
        (images, images),
        (unseen, unseen),
        loss=cross_entropy,
        metrics={"squared_error": squared_error},
        batch_size=batch_size,
        defaults=Defaults(lr=0.02, momentum=0.9, epochs=200, threads=1),
    )
