"""What a user brings to a training run: a model, data, a loss and a way to judge it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset, default_collate

from inertial.bounds import Bound, check
from inertial.training.batches import Batch, Batches, flaw, leaves, move, shuffled

Criterion = Callable[[Any, Any], Tensor]
"""(outputs, targets) -> one number, the mean over the batch."""

PROBE_SIZE = 128  # samples on which curvature is measured: enough to be typical
EVALUATION_SIZE = 1024  # samples of one evaluation batch: bounds the memory


class Defaults(NamedTuple):
    """What to use where the command line says nothing.

    Attributes:
        lr: Learning rate.
        momentum: Share of the momentum that survives a step. Unit: 1.
        epochs: How often the data are seen.
        threads: How many threads compute. None is torch's own choice; a small model is
            quickest on one, and on a busy machine by far.
    """

    lr: float = 0.05
    momentum: float = 0.9
    epochs: int = 10
    threads: int | None = None


DEFAULTS = Defaults()


@dataclass(frozen=True)
class Task:
    """Everything that `inertial train` needs to know about a problem.

    Most tasks are made by `from_tensors` or `from_dataset`; the bare class is for
    whatever does not fit there.

    Attributes:
        name: What it is called in run folders and reports.
        model: The network, freshly initialised. The run's seed is set before `task()`
            is called, so the initial weights follow `--seed`.
        batches: (epoch, generator) -> the batches of that epoch. All chance must come
            from the generator (or from torch's, NumPy's or Python's global one), so
            that a resumed run meets the same batches.
        loss: (model, batch) -> a scalar tensor, the mean over the batch. Unit: L.
        evaluate: model -> name -> number, such as {"test_loss": 0.1, "accuracy": 0.9}.
            Called without gradients and in evaluation mode.
        probe: A fixed batch on which the curvature of the loss is measured.
        steps_per_epoch: How many batches an epoch has.
        batch_size: How many samples a batch has, as the task was built.
        defaults: What to use where the command line says nothing.
        fingerprint: A digest of the data: a resumed run notices if they changed.
    """

    name: str
    model: nn.Module
    batches: Batches
    loss: Callable[[nn.Module, Batch], Tensor]
    evaluate: Callable[[nn.Module], Mapping[str, float]]
    probe: Batch
    steps_per_epoch: int
    batch_size: int
    defaults: Defaults = DEFAULTS
    fingerprint: str = ""

    def __post_init__(self) -> None:
        """Refuse a task that could not be trained.

        Raises:
            TypeError: If the model is not a module.
            ValueError: If it has nothing to train.
        """
        if not isinstance(self.model, nn.Module):
            raise TypeError(
                f"`model` must be a torch.nn.Module, but is {self.model!r}."
            )
        if not any(p.requires_grad for p in self.model.parameters()):
            raise ValueError(
                "`model` must have a parameter to train, but has none that requires a "
                "gradient. Did you freeze all of it?"
            )
        check("steps_per_epoch", self.steps_per_epoch, Bound(1))
        check("batch_size", self.batch_size, Bound(1))


def from_tensors(
    name: str,
    model: nn.Module,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    loss: Criterion,
    metrics: Mapping[str, Criterion] | None = None,
    batch_size: int = 32,
    defaults: Defaults = DEFAULTS,
) -> Task:
    """Make a task from data that fit in memory.

    Args:
        name: What it is called in run folders and reports.
        model: The network, freshly initialised.
        train: Inputs and targets to learn from. Shape: (n, ...) each.
        test: Inputs and targets to judge by. Shape: (n, ...) each.
        loss: (outputs, targets) -> the mean loss of a batch. Unit: L.
        metrics: name -> (outputs, targets) -> mean over the batch; reported beside
            "test_loss".
        batch_size: How many samples a batch has.
        defaults: What to use where the command line says nothing.

    Returns:
        The task. Data that are empty, differ in length, or hold nan or inf are refused.

    Example:
        >>> x = torch.linspace(-1, 1, 64).unsqueeze(1)
        >>> line = from_tensors("line", nn.Linear(1, 1), (x, 2 * x), (x, 2 * x),
        ...                     loss=nn.functional.mse_loss)
        >>> line.steps_per_epoch, sorted(line.evaluate(line.model))
        (2, ['test_loss'])
    """
    check("batch_size", batch_size, Bound(1))
    for part, tensors in (("train", train), ("test", test)):
        _check_data(name, part, tensors)

    def evaluate(model: nn.Module) -> dict[str, float]:
        return _averages(model, zip(*_chunks(test), strict=True), loss, metrics or {})

    return Task(
        name=name,
        model=model,
        batches=shuffled(train, batch_size),
        loss=_pair_loss(loss),
        evaluate=evaluate,
        probe=tuple(tensor[:PROBE_SIZE] for tensor in train),
        steps_per_epoch=math.ceil(len(train[0]) / batch_size),
        batch_size=batch_size,
        defaults=defaults,
        fingerprint=digest((train, test)),
    )


def from_dataset(
    name: str,
    model: nn.Module,
    train: Dataset,
    test: Dataset,
    *,
    loss: Criterion,
    metrics: Mapping[str, Criterion] | None = None,
    batch_size: int = 32,
    collate: Callable[[list[Any]], Any] = default_collate,
    workers: int = 0,
    defaults: Defaults = DEFAULTS,
) -> Task:
    """Make a task from map-style datasets whose items are (input, target).

    Args:
        name: What it is called in run folders and reports.
        model: The network, freshly initialised.
        train: The items to learn from.
        test: The items to judge by.
        loss: (outputs, targets) -> the mean loss of a batch. Unit: L.
        metrics: name -> (outputs, targets) -> mean over the batch.
        batch_size: How many samples a batch has.
        collate: Items -> batch, as PyTorch's DataLoader takes it.
        workers: How many processes load the data.
        defaults: What to use where the command line says nothing.

    Returns:
        The task.

    Raises:
        ValueError: If a dataset is empty.

    Example:
        >>> x = torch.linspace(-1, 1, 64).unsqueeze(1)
        >>> data = torch.utils.data.TensorDataset(x, 2 * x)
        >>> from_dataset("line", nn.Linear(1, 1), data, data,
        ...              loss=nn.functional.mse_loss).steps_per_epoch
        2
    """
    check("batch_size", batch_size, Bound(1))
    for part, items in (("train", train), ("test", test)):
        if len(cast(Sized, items)) == 0:
            raise ValueError(_empty(name, part))
    count = len(cast(Sized, train))

    def loader(items: Dataset, **how: Any) -> DataLoader:
        return DataLoader(items, collate_fn=collate, num_workers=workers, **how)

    def batches(epoch: int, generator: torch.Generator) -> Iterable[Batch]:
        order = torch.randperm(count, generator=generator).split(batch_size)
        chosen = [part.tolist() for part in order]
        return loader(train, batch_sampler=chosen, generator=generator)

    def evaluate(model: nn.Module) -> dict[str, float]:
        return _averages(
            model, loader(test, batch_size=EVALUATION_SIZE), loss, metrics or {}
        )

    few = Subset(train, range(min(PROBE_SIZE, count)))
    probe = collate([few[index] for index in range(len(few))])
    return Task(
        name=name,
        model=model,
        batches=batches,
        loss=_pair_loss(loss),
        evaluate=evaluate,
        probe=probe,
        steps_per_epoch=math.ceil(count / batch_size),
        batch_size=batch_size,
        defaults=defaults,
        fingerprint=digest(probe),
    )


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of samples whose largest output is the target's.

    Args:
        outputs: One score for each class. Shape: (n, classes).
        targets: Class numbers. Shape: (n,).

    Returns:
        A share between 0 and 1.

    Example:
        >>> accuracy(torch.eye(2), torch.tensor([0, 0])).item()
        0.5
    """
    return (outputs.argmax(dim=1) == targets).float().mean()


def digest(batch: Batch) -> str:
    """Return a digest of every number in a batch.

    Example:
        >>> digest(torch.ones(2)) == digest(torch.ones(2))
        True
    """
    hasher = hashlib.sha256()
    for tensor in leaves(batch):
        plain = tensor.detach().cpu().contiguous()
        hasher.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
        hasher.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return hasher.hexdigest()


def _pair_loss(loss: Criterion) -> Callable[[nn.Module, Batch], Tensor]:
    def of_batch(model: nn.Module, batch: Batch) -> Tensor:
        inputs, targets = batch
        return loss(model(inputs), targets)

    return of_batch


def _chunks(tensors: tuple[Tensor, ...]) -> list[tuple[Tensor, ...]]:
    return [tensor.split(EVALUATION_SIZE) for tensor in tensors]


def _averages(
    model: nn.Module,
    batches: Iterable[Batch],
    loss: Criterion,
    metrics: Mapping[str, Criterion],
) -> dict[str, float]:
    """Return the mean of the loss and of each metric over all samples."""
    device = next(model.parameters()).device
    judges: dict[str, Criterion] = {"test_loss": loss, **metrics}
    totals = dict.fromkeys(judges, 0.0)
    count = 0
    for batch in batches:
        inputs, targets = move(batch, device)
        outputs = model(inputs)
        for name, judge in judges.items():
            totals[name] += judge(outputs, targets).item() * len(targets)
        count += len(targets)
    return {name: total / count for name, total in totals.items()}


def _check_data(name: str, part: str, tensors: tuple[Tensor, ...]) -> None:
    lengths = [len(tensor) for tensor in tensors]
    if min(lengths) == 0:
        raise ValueError(_empty(name, part))
    if len(set(lengths)) > 1:
        raise ValueError(
            f"the {part} data of task {name!r} must have one target for each input, "
            f"but their lengths are {lengths}."
        )
    found = flaw(tensors)
    if found:
        raise ValueError(
            f"the {part} data of task {name!r} must be finite numbers, but hold "
            f"{found} {_where(tensors)}. Drop or fill those samples first."
        )


def _where(tensors: tuple[Tensor, ...]) -> str:
    rows: Iterator[tuple[int, str]] = (
        (int(bad[0]), kind)
        for tensor, kind in zip(tensors, ("inputs", "targets"), strict=False)
        if tensor.is_floating_point()
        for bad in (~torch.isfinite(tensor)).nonzero()[:1]
    )
    return next((f"in the {kind} of sample {row}" for row, kind in rows), "")


def _empty(name: str, part: str) -> str:
    return (
        f"the {part} data of task {name!r} must have at least one sample, but are "
        "empty. Check where the task reads them from."
    )
