"""Batches that can be made again: the same seed and epoch give the same batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy
import torch
from torch import Tensor

Batch = Any
"""A tensor, or any nesting of tuples, lists and dicts of tensors."""

Batches = Callable[[int, torch.Generator], Iterable[Batch]]
"""(epoch, generator) -> the batches of that epoch."""


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """Return the generator from which an epoch's batches are drawn.

    It depends on the seed and the epoch alone, so that a resumed run meets the same
    batches as one that was never stopped.

    Args:
        seed: The run's seed.
        epoch: The epoch, 0 at the first.

    Returns:
        A generator on the CPU.

    Example:
        >>> first, again = epoch_generator(3, 0), epoch_generator(3, 0)
        >>> bool(torch.rand(1, generator=first) == torch.rand(1, generator=again))
        True
    """
    mixed = numpy.random.SeedSequence([seed, epoch]).generate_state(1, numpy.uint64)
    generator = torch.Generator()
    generator.manual_seed(int(mixed[0]) >> 1)
    return generator


def shuffled(tensors: tuple[Tensor, ...], batch_size: int) -> Batches:
    """Return the batches of a data set that fits in memory, shuffled in each epoch.

    Args:
        tensors: What belongs together, such as inputs and targets. Shape: (n, ...).
        batch_size: How many samples a batch has; the last of an epoch may have fewer.

    Returns:
        (epoch, generator) -> batches, each a tuple of tensors.

    Example:
        >>> batches = shuffled((torch.arange(5),), 2)
        >>> [len(batch) for (batch,) in batches(0, epoch_generator(0, 0))]
        [2, 2, 1]
    """

    def batches(epoch: int, generator: torch.Generator) -> Iterator[Batch]:
        order = torch.randperm(len(tensors[0]), generator=generator)
        for chosen in order.split(batch_size):
            yield tuple(tensor[chosen] for tensor in tensors)

    return batches


def leaves(batch: Batch) -> Iterator[Tensor]:
    """Yield the tensors of a batch, however they are nested.

    Example:
        >>> len(list(leaves({"x": torch.zeros(2), "rest": [torch.ones(1)]})))
        2
    """
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, Mapping):
        for part in batch.values():
            yield from leaves(part)
    elif isinstance(batch, (tuple, list)):
        for part in batch:
            yield from leaves(part)


def move(batch: Batch, device: torch.device) -> Batch:
    """Return a batch with its tensors on a device.

    Example:
        >>> move((torch.ones(1), "name"), torch.device("cpu"))
        (tensor([1.]), 'name')
    """
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {key: move(part, device) for key, part in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(move(part, device) for part in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(move(part, device) for part in batch)
    return batch


def sample_count(batch: Batch) -> int:
    """Return how many samples a batch has: the length of its first tensor.

    Example:
        >>> sample_count((torch.zeros(7, 2), torch.zeros(7)))
        7
    """
    for tensor in leaves(batch):
        return len(tensor) if tensor.dim() else 1
    return 0


def flaw(batch: Batch) -> str:
    """Return what is wrong with a batch's numbers: "nan", "inf", or "" if nothing.

    Example:
        >>> flaw((torch.tensor([1.0, float("nan")]),))
        'nan'
    """
    for tensor in leaves(batch):
        if tensor.is_floating_point() or tensor.is_complex():
            if torch.isnan(tensor).any():
                return "nan"
            if torch.isinf(tensor).any():
                return "inf"
    return ""
