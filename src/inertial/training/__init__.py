"""Train a real network as a rolling particle: tasks, the loop and the run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inertial.training.task import (
        Defaults,
        Task,
        accuracy,
        from_dataset,
        from_tensors,
    )

__all__ = ["Defaults", "Task", "accuracy", "from_dataset", "from_tensors"]


def __getattr__(name: str) -> Any:
    # Who only reads a run folder, or draws, need not wait for torch.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from inertial.training import task

    return getattr(task, name)
