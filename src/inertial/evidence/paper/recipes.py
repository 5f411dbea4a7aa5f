"""What each task of the paper needs to be trained: network, batches, loss, error."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from inertial.evidence.paper.networks import Recurrent
from inertial.evidence.paper.schedule import rising, settled
from inertial.evidence.paper.sequences import (
    Batch,
    five_bits,
    marked_numbers,
    twenty_bits,
)
from inertial.training.tasks.autoencoder import (
    autoencoder,
    cross_entropy,
    squared_error,
)
from inertial.training.tasks.curves import WIDTHS, curves

IMAGES = 20_000
JUDGED = 2000  # images or sequences that the error is the mean of
TOLERANCE = 0.04  # Hochreiter & Schmidhuber (1997): a sum is right if it is this near
NUMBERS_SCALE, MEMORY_SCALE = 0.001, 0.1
SHORT, LONG = 80, 200

Draw = Callable[[int, torch.Generator], Batch]
Cost = Callable[[Tensor, Tensor], Tensor]


class Recipe(NamedTuple):
    """One task.

    Attributes:
        build: Makes a network from torch's global chance.
        draw: (how many, chance) -> inputs and targets.
        loss: (output, targets) -> what is minimised.
        error: (output, targets) -> what the paper's table shows.
        momentum: (the paper's update, its total, the setting's momentum) -> momentum.
        batch_size: How many a batch has.
        blind: What the biases alone would answer to these targets.
    """

    build: Callable[[], nn.Module]
    draw: Draw
    loss: Cost
    error: Cost
    momentum: Callable[[float, int, float], float]
    batch_size: int
    blind: Callable[[Tensor], Tensor]


def recipe(name: str) -> Recipe:
    """Return a task by its name.

    Args:
        name: One of `published.PUBLISHED`.

    Returns:
        The recipe. Data that is drawn once, such as images, is drawn here.

    Example:
        >>> recipe("mem5").draw(100, torch.Generator())[0].shape
        torch.Size([200, 32, 4])
    """
    return {"curves": _curves, "add": _add, "mul": _mul, "mem5": _mem5}.get(
        name, _mem20
    )()


def wrong_numbers(output: Tensor, targets: Tensor) -> Tensor:
    """Return the share of numbers further than 0.04 from their target.

    Source: Hochreiter & Schmidhuber (1997), section 5.4; the authors' own code has the
        same tolerance.

    Example:
        >>> wrong_numbers(torch.tensor([1.0, 2.0]), torch.tensor([1.03, 2.05]))
        tensor(0.5000)
    """
    return ((output - targets).abs() > TOLERANCE).float().mean()


def symbol_surprise(logits: Tensor, shares: Tensor) -> Tensor:
    """Return the cross-entropy of a sequence's answers, in nats.

    Args:
        logits: Shape: (answers, batch, kinds).
        shares: What each answer is, times its sequence's weight. Shape: as `logits`.
    """
    return -(shares * logits.log_softmax(2)).sum()


def wrong_symbols(logits: Tensor, shares: Tensor) -> Tensor:
    """Return how many answers of a sequence are wrong, in the mean.

    Args:
        logits: Shape: (answers, batch, kinds).
        shares: What each answer is, times its sequence's weight. Shape: as `logits`.

    Example:
        >>> right = torch.eye(2).view(1, 2, 2)
        >>> wrong_symbols(right, right / 2), wrong_symbols(-right, right / 2)
        (tensor(0.), tensor(1.))
    """
    wrong = logits.argmax(2) != shares.argmax(2)
    return (shares.sum(2) * wrong).sum()


def _curves() -> Recipe:
    images = curves(IMAGES)

    def draw(count: int, chance: torch.Generator) -> Batch:
        chosen = images[torch.randint(IMAGES, (count,), generator=chance)]
        return chosen, chosen

    def build() -> nn.Module:
        return autoencoder(WIDTHS)

    def blind(targets: Tensor) -> Tensor:
        return images.mean(0).logit(1e-6).to(targets).expand_as(targets)

    return Recipe(build, draw, cross_entropy, squared_error, rising, 200, blind)


def _numbers(combine: Callable[[Tensor, Tensor], Tensor], mean: float) -> Recipe:
    def build() -> nn.Module:
        return Recurrent(2, 1, NUMBERS_SCALE, 1, torch.full((1,), mean))

    def draw(count: int, chance: torch.Generator) -> Batch:
        return marked_numbers(combine, SHORT, count, chance)

    def blind(targets: Tensor) -> Tensor:
        return torch.full_like(targets, mean)

    squares = nn.functional.mse_loss
    return Recipe(build, draw, squares, wrong_numbers, _settled, 100, blind)


def _add() -> Recipe:
    return _numbers(torch.add, 1.0)  # twice the mean of a number


def _mul() -> Recipe:
    return _numbers(torch.mul, 0.25)  # the square of the mean of a number


def _memory(kinds: int, answers: int, draw: Draw) -> Recipe:
    def build() -> nn.Module:
        evenly = torch.zeros(kinds)
        return Recurrent(kinds + 2, kinds, MEMORY_SCALE, answers, evenly)

    return Recipe(
        build, draw, symbol_surprise, wrong_symbols, _settled, 100, torch.zeros_like
    )


def _mem5() -> Recipe:
    return _memory(2, 5, lambda count, chance: five_bits(LONG, count, chance))


def _mem20() -> Recipe:
    return _memory(5, 10, lambda count, chance: twenty_bits(SHORT, count, chance))


def _settled(update: float, _total: int, final: float) -> float:
    return settled(update, final)
