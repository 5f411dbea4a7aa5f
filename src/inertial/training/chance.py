"""The state of every global source of chance, so that a run can be made again."""

from __future__ import annotations

import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy
import torch

# A user's model or data may draw from any of the global sources, NumPy's old one too.
_get_numpy = numpy.random.get_state
_set_numpy = numpy.random.set_state
_seed_numpy = numpy.random.seed


def seed_everything(seed: int) -> None:
    """Set Python's, NumPy's and torch's global chance.

    Args:
        seed: Not negative.

    Example:
        >>> seed_everything(1); first = torch.rand(1)
        >>> seed_everything(1); bool(torch.rand(1) == first)
        True
    """
    random.seed(seed)
    _seed_numpy(seed % 2**32)
    torch.manual_seed(seed)


def capture() -> dict[str, Any]:
    """Return the state of chance as plain containers and tensors.

    Example:
        >>> state = capture(); first = random.random()
        >>> restore(state); random.random() == first
        True
    """
    version, numbers, gauss = random.getstate()
    name, keys, at, has_gauss, cached = _get_numpy()
    state: dict[str, Any] = {
        "python": [version, list(numbers), gauss],
        "numpy": [name, [int(key) for key in keys], at, has_gauss, cached],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore(state: dict[str, Any]) -> None:
    """Put a state of `capture` back.

    Args:
        state: What `capture` returned, perhaps in another process.
    """
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, at, has_gauss, cached = state["numpy"]
    _set_numpy((name, numpy.array(keys, numpy.uint32), at, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if "cuda" in state:
        torch.cuda.set_rng_state_all(state["cuda"])


@contextmanager
def undisturbed() -> Generator[None]:
    """Leave chance as it was, whatever happens inside.

    Example:
        >>> seed_everything(1)
        >>> with undisturbed():
        ...     first = torch.rand(1)
        >>> bool(torch.rand(1) == first)
        True
    """
    state = capture()
    try:
        yield
    finally:
        restore(state)
