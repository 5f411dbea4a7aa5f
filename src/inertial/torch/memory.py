"""What a kinetic energy remembers of past forces, kept in the optimizer's state."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from inertial.physics.kinetic import Kinetic

_HALF = (torch.bfloat16, torch.float16)
_KEY = "memory_{}"  # one entry a part, so that checkpoint tools see the tensors


def memory_dtype(param: Tensor) -> torch.dtype:
    """Return the type in which a kinetic energy remembers a parameter's forces.

    Example:
        >>> memory_dtype(torch.zeros(1, dtype=torch.bfloat16))
        torch.float32
    """
    return torch.float32 if param.dtype in _HALF else param.dtype


def remembers(kinetic: Kinetic) -> bool:
    """Return whether a kinetic energy keeps a memory of past forces.

    Example:
        >>> from inertial.physics.kinetic import adaptive
        >>> remembers(adaptive())
        True
    """
    return kinetic.remember is not Kinetic._field_defaults["remember"]


def local_shard(tensor: Tensor) -> Tensor:
    """Return the part of a distributed tensor that lives here; others as they are.

    Example:
        >>> local_shard(torch.zeros(2))
        tensor([0., 0.])
    """
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def start_memory(state: dict[str, Any], param: Tensor, kinetic: Kinetic) -> None:
    """Put a memory without a past into a state that has none.

    Args:
        state: The parameter's.
        param: The parameter, whose shape and shards the memory takes.
        kinetic: What remembers.
    """
    if _KEY.format(0) not in state:
        keep_memory(state, kinetic.start(param.detach().to(memory_dtype(param))))


def keep_memory(state: dict[str, Any], memory: tuple[Any, ...]) -> None:
    """Write a memory into a state, part by part."""
    state.update({_KEY.format(i): part for i, part in enumerate(memory)})


def kept_memory(state: dict[str, Any]) -> tuple[Any, ...]:
    """Return the memory that a state holds.

    Example:
        >>> state = {}
        >>> keep_memory(state, (3, torch.ones(1)))
        >>> kept_memory(state)
        (3, tensor([1.]))
    """
    parts: list[Any] = []
    while _KEY.format(len(parts)) in state:
        parts.append(state[_KEY.format(len(parts))])
    return tuple(parts)


class Memory(NamedTuple):
    """What one parameter's kinetic energy remembers, as a kernel takes it.

    Attributes:
        state: The parameter's state, where the parts are kept.
        kinetic: What remembers.
    """

    state: dict[str, Any]
    kinetic: Kinetic

    def parts(self, force: Tensor) -> tuple[Any, ...]:
        """Return the parts in the form of a force: local, and real where that is."""
        return tuple(_as_taken(part, force) for part in kept_memory(self.state))

    def with_force(self, force: Tensor) -> tuple[Any, ...]:
        """Return the memory with one more force in it; nothing is written.

        Args:
            force: The force, or minus it. Shape: as the parameter. Unit: L/X.

        Returns:
            The memory of `inertial.physics.step`.
        """
        if force.dtype in _HALF:
            force = force.float()  # whose square would lose what it adds
        return self.kinetic.remember(force, self.parts(force))

    def take(self, force: Tensor) -> tuple[Any, ...]:
        """Let a force in, and return the memory with it.

        Args:
            force: As for `with_force`.

        Returns:
            The memory of `inertial.physics.step`.
        """
        here = self.parts(force)
        new = self.with_force(force)
        kept = []
        for old, own, part in zip(kept_memory(self.state), here, new, strict=True):
            if isinstance(own, Tensor):
                own.copy_(part)
            kept.append(old if isinstance(own, Tensor) else part)
        keep_memory(self.state, tuple(kept))
        return new


def _as_taken(part: Any, force: Tensor) -> Any:
    if not isinstance(part, Tensor):
        return part
    if not isinstance(force, DTensor):
        part = local_shard(part)
    if part.is_complex() and not force.is_complex():
        return torch.view_as_real(part)
    return part
