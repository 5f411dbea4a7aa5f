"""Teams of networks that roll side by side, each with its own setting and seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from inertial.physics import Coefficients

if TYPE_CHECKING:
    from torch import Tensor, nn

    from inertial.training.stacked import Stack


class Problem(NamedTuple):
    """A built-in task, all of whose data are at hand.

    Attributes:
        name: Of the task.
        words: With which it is made.
        inputs: All that is learned from. Shape: (n, ...).
        targets: What shall come out. Shape: (n, ...).
        price: (outputs, targets) -> the mean loss. Unit: L.
    """

    name: str
    words: dict[str, Any]
    inputs: Tensor
    targets: Tensor
    price: Callable[[Any, Any], Tensor]

    def network(self, seed: int) -> nn.Module:
        """Return the task's network with the initial weights of a seed.

        Args:
            seed: Of the weights.
        """
        import torch

        from inertial.training.catalogue import make_task

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return make_task(self.name, **self.words).model


class Moment(NamedTuple):
    """A team between two steps.

    Attributes:
        losses: Of the batch to be learned from next. Shape: (members,). Unit: L.
        members: Where they are, and their momentum, before they learn from it.
    """

    losses: Any
    members: Stack


def problem(name: str, size: int | None = None, **words: Any) -> Problem:
    """Make a problem of a built-in task.

    Args:
        name: Of the task.
        size: How many samples to learn from; the first ones. Default: all.
        **words: Of the task.

    Returns:
        The problem.
    """
    from inertial.training.catalogue import make_task

    task = make_task(name, batch_size=10**9, **words)
    inputs, targets = next(iter(task.batches(0, _generator(0, 0))))

    def price(outputs: Any, targets: Any) -> Any:
        # A task prices a network on a batch; here the outputs are known already.
        return task.loss(lambda known: known, (outputs, targets))  # type: ignore[arg-type]

    return Problem(name, words, inputs[:size], targets[:size], price)


def _generator(seed: int, epoch: int) -> Any:
    from inertial.training.batches import epoch_generator

    return epoch_generator(seed, epoch)


def roll(
    given: Problem,
    members: Stack,
    rule: Callable[[int], Sequence[Coefficients]],
    steps: int,
    seeds: Sequence[int] = (),
    batch: int = 0,
) -> Iterator[Moment]:
    """Train a team.

    Args:
        given: The problem.
        members: At the start.
        rule: Step -> each member's six numbers.
        steps: How many steps.
        seeds: Each member's, for its batches: equal seeds meet equal batches.
        batch: Samples in a batch of each member; 0 for all of the data at once.

    Yields:
        The team before each step, and once more at the end.
    """
    from inertial.training import stacked

    network = given.network(0)
    slopes = stacked.slopes(network, given.price, own_batches=bool(batch))
    fed = _batches(given, seeds, batch) if batch else None
    like = next(iter(members.position.values()))
    known: tuple[Any, Any] = (None, None)
    for step in range(steps + 1):
        pair = next(fed) if fed else (given.inputs, given.targets)
        losses, gradients = slopes(members.position, *pair)
        yield Moment(losses.numpy(), members)
        numbers = rule(step)
        if numbers is not known[0]:
            known = numbers, stacked.together(numbers, like)
        members = stacked.advance(members, known[1], gradients)


def _batches(given: Problem, seeds: Sequence[int], batch: int) -> Iterator[Any]:
    """Yield a batch for each member, epoch after epoch, whole batches only."""
    import torch

    count, kinds, epoch = len(given.inputs), sorted(set(seeds)), 0
    places = [kinds.index(seed) for seed in seeds]
    while True:
        orders = torch.stack(
            [torch.randperm(count, generator=_generator(s, epoch)) for s in kinds]
        )
        for chosen in orders[:, : count - count % batch].split(batch, dim=1):
            own = chosen[places]
            yield given.inputs[own], given.targets[own]
        epoch += 1


def crew(given: Problem, seeds: Sequence[int]) -> Stack:
    """Return a team at its start, at rest.

    Args:
        given: The problem.
        seeds: Each member's initial weights.
    """
    from inertial.training import stacked

    networks = {seed: given.network(seed) for seed in set(seeds)}
    return stacked.stack([networks[seed] for seed in seeds])


def judged(given: Problem, members: Stack) -> Any:
    """Return each member's loss on all of the data.

    Args:
        given: The problem.
        members: The team.
    """
    from inertial.training import stacked

    return stacked.judge(
        given.network(0), given.price, members.position, given.inputs, given.targets
    ).numpy()


def films(
    given: Problem,
    settings: Sequence[Coefficients],
    seeds: Sequence[int],
    steps: int,
    *,
    batch: int = 0,
    every: int = 1,
) -> Any:
    """Return how the loss on all of the data falls, for settings times seeds.

    Args:
        given: The problem.
        settings: The six numbers of a step, one for each setting.
        seeds: Of weights and batches.
        steps: How many steps.
        batch: Samples in a batch; 0 for all of the data.
        every: Steps from one look to the next.

    Returns:
        Losses. Shape: (settings, seeds, steps // every + 1). Unit: L.
    """
    pairs = [(setting, seed) for setting in settings for seed in seeds]
    rule = [setting for setting, _ in pairs]
    own = [seed for _, seed in pairs]
    seen = []
    moments = roll(given, crew(given, own), lambda _: rule, steps, own, batch)
    for step, moment in enumerate(moments):
        if step % every == 0:
            seen.append(judged(given, moment.members) if batch else moment.losses)
    return numpy.stack(seen, -1).reshape(len(settings), len(seeds), -1)


def reached(film: Any, level: float, every: int = 1) -> Any:
    """Return when losses first fell below a level, between two looks if need be.

    Args:
        film: Losses. Shape: (..., looks). Unit: L.
        level: The loss to reach. Unit: L.
        every: Steps from one look to the next.

    Returns:
        Steps; inf where it was not reached. Shape: (...).

    Example:
        >>> reached(numpy.array([[4.0, 2.0, 1.0], [4.0, 4.0, 4.0]]), 3.0, every=10)
        array([ 5., inf])
    """
    below = film < level
    first = numpy.maximum(below.argmax(-1), 1)[..., None]
    after = numpy.take_along_axis(film, first, -1)[..., 0]
    before = numpy.take_along_axis(film, first - 1, -1)[..., 0]
    with numpy.errstate(all="ignore"):
        share = numpy.clip((before - level) / (before - after), 0, 1)
    steps = every * (first[..., 0] - 1 + share)
    return numpy.where(below.any(-1), steps, numpy.inf)


def spread(values: Any, axis: int = 0) -> tuple[Any, Any]:
    """Return the mean over seeds and its standard error.

    Args:
        values: One for each seed along `axis`.
        axis: Along which the seeds lie.

    Example:
        >>> mean, error = spread([1.0, 3.0])
        >>> float(mean), float(error)
        (2.0, 1.0)
    """
    found = numpy.asarray(values, float)
    error = found.std(axis, ddof=1) / found.shape[axis] ** 0.5
    return found.mean(axis), error


def kin(seed: int, count: int) -> list[int]:
    """Return seeds that no other seed of an experiment shares.

    Args:
        seed: Of the experiment.
        count: How many.

    Example:
        >>> kin(2, 3)
        [200, 201, 202]
    """
    return [100 * seed + each for each in range(count)]
