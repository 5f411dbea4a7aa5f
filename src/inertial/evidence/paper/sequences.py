"""Sequences in which something early must be known late, made from chance alone.

The four tasks of Hochreiter and Schmidhuber (1997) as Martens and Sutskever (2011) and
Sutskever et al. (2013) set them. Time comes first: a batch has shape (time, batch,
channels).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]
"""Inputs and targets."""

MARK_BEGIN = 0.1  # the first marked number stands in the first tenth ...
MARK_END = 0.5  # ... and the second after it, in the first half


def marked_numbers(
    combine: Callable[[Tensor, Tensor], Tensor],
    length: int,
    count: int,
    chance: torch.Generator,
) -> Batch:
    """Make sequences of numbers, two of which are marked and combined.

    The first channel holds numbers between 0 and 1, the second 1 at the two marked
    ones, -1 at the first step and as a cue three steps before the last, else 0. Every
    sequence has the same length, where the 1997 paper lets it vary by a tenth. Numbers
    are centred by their mean 1/2.

    Args:
        combine: (first, second) -> the target, such as the sum.
        length: T, how many steps.
        count: How many sequences.
        chance: Where the numbers come from.

    Returns:
        Inputs of shape (length, count, 2), and targets of shape (1, count, 1).

    Source: Hochreiter & Schmidhuber (1997), experiments 4 and 5; Martens & Sutskever
        (2011), section 4, for numbers between 0 and 1, their plain sum and the cue.

    Example:
        >>> chance = torch.Generator().manual_seed(1)
        >>> inputs, targets = marked_numbers(torch.add, 80, 3, chance)
        >>> ((inputs[:, :, 1] > 0) * (inputs[:, :, 0] + 0.5)).sum(0) - targets[0, :, 0]
        tensor([0., 0., 0.])
    """
    numbers = torch.rand(length, count, generator=chance)
    early, late = max(2, round(length * MARK_BEGIN)), round(length * MARK_END)
    first = torch.randint(1, early, (1, count), generator=chance)
    second = torch.randint(early, late, (1, count), generator=chance)
    marks = torch.zeros(length, count)
    marks[0], marks[-4] = -1.0, -1.0
    marks.scatter_(0, first, 1.0).scatter_(0, second, 1.0)
    target = combine(numbers.gather(0, first), numbers.gather(0, second))
    return torch.stack([numbers - 0.5, marks], dim=2), target.unsqueeze(2)


def noiseless_memory(symbols: Tensor, kinds: int, length: int) -> Tensor:
    """Return the inputs that show symbols, wait, and ask for them.

    One channel for each kind of symbol, one that is on while nothing is shown, and one
    for the cue, a step before the answer begins.

    Args:
        symbols: What to keep. Shape: (how many, batch). Whole numbers below `kinds`.
        kinds: How many symbols there are.
        length: T, the steps from the first symbol shown to the last one asked for.

    Returns:
        Inputs. Shape: (length, batch, kinds + 2).

    Source: Hochreiter & Schmidhuber (1997); Martens & Sutskever (2011), section 4,
        "noiseless memorization", and the authors' own code for where the cue stands.

    Example:
        >>> noiseless_memory(torch.tensor([[1], [0]]), 2, 6)[:, 0].int().tolist()
        [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0],
         [0, 0, 1, 0]]
    """
    shown, count = symbols.shape
    inputs = torch.zeros(length, count, kinds + 2)
    inputs[:shown, :, :kinds] = torch.nn.functional.one_hot(symbols, kinds).float()
    inputs[shown:, :, kinds] = 1.0
    cue = length - shown - 1
    inputs[cue, :, kinds], inputs[cue, :, kinds + 1] = 0.0, 1.0
    return inputs


def twenty_bits(length: int, count: int, chance: torch.Generator) -> Batch:
    """Make sequences of ten symbols out of five, to be kept: about twenty bits.

    Args:
        length: T.
        count: How many sequences.
        chance: Where the symbols come from.

    Returns:
        Inputs of shape (length, count, 7), and the shares that each symbol has in each
        answer, over `count`. Shape: (10, count, 5).

    Source: Martens & Sutskever (2011), section 4.

    Example:
        >>> inputs, targets = twenty_bits(80, 4, torch.Generator().manual_seed(1))
        >>> inputs.shape, targets.sum().item()
        (torch.Size([80, 4, 7]), 10.0)
    """
    symbols = torch.randint(5, (10, count), generator=chance)
    shares = torch.nn.functional.one_hot(symbols, 5).float() / count
    return noiseless_memory(symbols, 5, length), shares


def five_bits(length: int, count: int, chance: torch.Generator) -> Batch:
    """Make sequences of five bits to be kept.

    There are only 32. Instead of drawing `count` of them and running many twice, each
    runs once and weighs as often as it was drawn, which is the same batch.

    Args:
        length: T.
        count: How many are drawn; infinite for all 32 at equal weight.
        chance: Where they come from.

    Returns:
        Inputs of shape (length, 32, 4), and the shares that each bit has in each
        answer: its weight over `count`. Shape: (5, 32, 2).

    Source: Martens & Sutskever (2011), section 4.

    Example:
        >>> inputs, targets = five_bits(200, 100, torch.Generator().manual_seed(1))
        >>> inputs.shape, round(targets.sum().item(), 5)
        (torch.Size([200, 32, 4]), 5.0)
    """
    every = torch.arange(32)
    bits = torch.stack([every >> place & 1 for place in range(5)])
    drawn = torch.randint(32, (count,), generator=chance)
    weight = torch.bincount(drawn, minlength=32).float() / count
    shares = torch.nn.functional.one_hot(bits, 2) * weight.view(1, -1, 1)
    return noiseless_memory(bits, 2, length), shares
