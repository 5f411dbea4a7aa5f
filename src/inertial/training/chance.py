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


def of_host() -> tuple[Any, Any, Any]:
    """Return the state of the host's chance, quickly and as it comes.

    Example:
        >>> state = of_host(); first = random.random()
        >>> set_host(state); random.random() == first
        True
    """
    return random.getstate(), _get_numpy(), torch.get_rng_state()


def set_host(state: tuple[Any, Any, Any]) -> None:
    """Put a state of `of_host` back.

    Args:
        state: What `of_host` returned.
    """
    python, old_numpy, host = state
    random.setstate(python)
    _set_numpy(old_numpy)
    torch.set_rng_state(host)


def capture() -> dict[str, Any]:
    """Return the state of chance, accelerators' too, as plain containers and tensors.

    Example:
        >>> state = capture(); first = random.random()
        >>> restore(state); random.random() == first
        True
    """
    (version, numbers, gauss), (name, keys, *rest), host = of_host()
    state: dict[str, Any] = {
        "python": [version, list(numbers), gauss],
        "numpy": [name, [int(key) for key in keys], *rest],
        "torch": host,
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
    name, keys, *rest = state["numpy"]
    legacy = (name, numpy.array(keys, numpy.uint32), *rest)
    set_host(((version, tuple(numbers), gauss), legacy, state["torch"]))
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
