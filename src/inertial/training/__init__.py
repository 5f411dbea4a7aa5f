"""Train a real network as a rolling particle: tasks, the loop and the run folder."""

from inertial.training.task import (
    Defaults,
    Task,
    accuracy,
    from_dataset,
    from_tensors,
)

__all__ = ["Defaults", "Task", "accuracy", "from_dataset", "from_tensors"]
