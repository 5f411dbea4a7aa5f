"""The training loop: one step after another, made so that it can be made again."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.torch import Reading
from inertial.torch.methods import read
from inertial.training import chance, checkpoint
from inertial.training.batches import (
    Batch,
    epoch_generator,
    flaw,
    move,
    sample_count,
)
from inertial.training.divergence import explain_divergence
from inertial.training.options import Options, make_optimizer
from inertial.training.portrait import SHARES, Portrait
from inertial.training.records import Records
from inertial.training.task import Task

CHECKPOINT_SECONDS = 60.0  # what a kill may cost, where an epoch takes longer
EPOCH_SECONDS = 2.0  # shorter epochs are not worth a checkpoint each
SMOOTHING = 0.9  # share of the old that stays in the smoothed loss: ten steps' memory
GOOD = 1.1  # a checkpoint is good while its probe loss is below 1.1 times the first


class Diverged(ArithmeticError):
    """The loss or a weight is no finite number any more; the message says why."""

    def __init__(self, step: int, sentence: str) -> None:
        super().__init__(sentence)
        self.step = step


class BrokenPromise(ValueError):
    """A task does not do what it said."""


class Moment(NamedTuple):
    """What a step shows to the screen.

    Attributes:
        step: How many steps were taken.
        loss: Of the step's batch. Unit: L.
        smooth: The loss, smoothed over some ten steps. Unit: L.
        lr: Learning rate of the step.
        momentum: Share of momentum that survived it; nan where the method has none.
        kinetic: Kinetic energy after it. Unit: L.
        metrics: The newest evaluation.
    """

    step: int
    loss: float
    smooth: float
    lr: float
    momentum: float
    kinetic: float
    metrics: dict[str, float]


class Loop:
    """One run: a task, an optimizer, and where the records and checkpoints go.

    The model is expected on its device. All duties of a state (evaluation, probe,
    checkpoint, in this order) are done before the next step, so that a checkpoint's
    state needs nothing of the past.

    Args:
        task: What is trained.
        options: Complete options.
        records: The open database of the run.
        folder: Where checkpoints go.
    """

    def __init__(
        self, task: Task, options: Options, records: Records, folder: Path
    ) -> None:
        self.task, self.options = task, options
        self.records, self.folder = records, folder
        self.device = torch.device(options.device)
        self.optimizer = make_optimizer(task.model, options)
        self.schedule = options.plan(task)
        self.total = self.schedule.total
        self.base = [_base_words(group) for group in self.optimizer.param_groups]
        self.portrait = Portrait(
            [p for p in task.model.parameters() if p.requires_grad]
        )
        self.probe_steps = {round(share * self.total) for share in SHARES}
        self.step, self.epoch, self.index, self.samples = 0, 0, 0, 0
        self.first, self.smooth = math.nan, math.nan
        self.metrics: dict[str, float] = {}
        self.curvature: float | None = None
        self.seconds = 0.0
        self._batches: Iterator[Batch] | None = None
        self._epoch_chance = chance.capture()
        self._chance = chance.of_host()
        self._saved = time.monotonic()
        self._fresh = True
        self._reading = Reading()
        self.optimizer.observe(self._receive)

    def advance(self) -> Iterator[Moment]:
        """Yield after each step until the run is over.

        Yields:
            What the step shows. Raises `Diverged` if there is nothing to go on with.
        """
        chance.set_host(self._chance)  # whoever called may have drawn from it since
        if self._fresh:
            self._attend()
        while self.step < self.total:
            moment = self._move()
            self._chance = chance.of_host()
            yield moment
            chance.set_host(self._chance)

    def save(self) -> None:
        """Write everything that the rest of the run depends on.

        A state whose loss is no finite number is not kept: it ends the run.
        """
        loss = probe_loss(self.task, self.device).item()
        if not math.isfinite(loss):
            self._give_up(loss)
        if math.isnan(self.first):
            self.first = loss
        self.records.commit()
        good = loss <= GOOD * self.first
        checkpoint.save(self.folder, self.step, self.state(), good=good)
        self._saved = time.monotonic()

    def state(self) -> dict[str, Any]:
        """Return the whole state as tensors and plain containers."""
        numbers = ("step", "epoch", "index", "samples", "first", "smooth", "seconds")
        return {
            "model": self.task.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "chance": chance.capture(),
            "epoch_chance": self._epoch_chance,
            "portrait": self.portrait.state(),
            "metrics": self.metrics,
            "curvature": self.curvature,
            **{name: getattr(self, name) for name in numbers},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state, as if the run had never stopped.

        Args:
            state: What `state` returned, perhaps in another process.
        """
        self._fresh = False  # what was due at this state was done before it was saved
        self.task.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.portrait.restore(state["portrait"])
        for name in ("step", "epoch", "samples", "first", "smooth", "seconds"):
            setattr(self, name, state[name])
        self.metrics, self.curvature = state["metrics"], state["curvature"]
        # The epoch is opened as it was at its start, and gone through up to here; only
        # then is chance what it was at the checkpoint.
        chance.restore(state["epoch_chance"])
        for _ in range(state["index"]):
            self._next_batch()
        self._epoch_chance = state["epoch_chance"]
        chance.restore(state["chance"])
        self._chance = chance.of_host()

    def _move(self) -> Moment:
        """Return what one step, and everything that is due after it, has to show."""
        began = time.perf_counter()
        self.task.model.train()
        batch = self._next_batch()
        self._set_words()
        loss = self.task.loss(self.task.model, move(batch, self.device))
        value = loss.item()
        group = self.optimizer.param_groups[0]
        lr, momentum = float(group["lr"]), _momentum(group)
        if not math.isfinite(value):
            self._give_up(value, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        self.samples += sample_count(batch)
        self.seconds += time.perf_counter() - began
        self._note_loss(value)
        self._record(value, lr, momentum)
        if self.index == self.task.steps_per_epoch:
            self.epoch, self.index, self._batches = self.epoch + 1, 0, None
        self._attend()
        return Moment(
            self.step,
            value,
            self.smooth,
            lr,
            momentum,
            self._reading.kinetic,
            self.metrics,
        )

    def _attend(self) -> None:
        """Do what is due at this state."""
        if self.index == 0 or self.step == self.total:
            self._evaluate()
        if self.step in self.probe_steps:
            self._probe()
        if self._checkpoint_due():
            self.save()

    def _checkpoint_due(self) -> bool:
        if self.step in (0, self.total):
            return True
        if self.options.checkpoint_every is not None:
            return self.step % self.options.checkpoint_every == 0
        age = time.monotonic() - self._saved
        return age > (EPOCH_SECONDS if self.index == 0 else CHECKPOINT_SECONDS)

    @torch.no_grad()
    def _evaluate(self) -> None:
        self.task.model.eval()
        with chance.undisturbed():
            found = self.task.evaluate(self.task.model)
        self.metrics = {name: float(value) for name, value in found.items()}
        for name, value in self.metrics.items():
            self.records.add("evaluations", self.step, name, value)

    def _probe(self) -> None:
        """Measure the curvature; where that is impossible, note why and go on."""
        model, probe = self.task.model, move(self.task.probe, self.device)
        if not self.portrait.possible:
            self.records.add("notes", self.step, "probe", "the model is too large")
            return
        model.eval()  # no dropout, no drift of BatchNorm: the same question each time
        cudnn: Any = torch.backends.cudnn  # its recurrent layers bend only once
        try:
            with chance.undisturbed(), cudnn.flags(enabled=False):
                rows = self.portrait.probe(
                    self.step, lambda: self.task.loss(model, probe)
                )
        except (ValueError, RuntimeError) as error:
            self.records.add("notes", self.step, "probe", f"no curvature: {error}")
            return
        self.curvature = rows[0][2]
        for row in rows:
            self.records.add("probes", *row)

    def _next_batch(self) -> Batch:
        if self._batches is None:
            self._epoch_chance = chance.capture()
            generator = epoch_generator(self.options.seed, self.epoch)
            made = self.task.batches(self.epoch, generator)
            self._batches = islice(iter(made), self.task.steps_per_epoch)
        batch = next(self._batches, None)
        if batch is None:
            raise BrokenPromise(
                f"task {self.task.name!r} promised {self.task.steps_per_epoch} batches "
                f"an epoch (`steps_per_epoch`), but epoch {self.epoch} ended after "
                f"{self.index}. Correct the number, or the batches."
            )
        self.index += 1
        return batch

    def _set_words(self) -> None:
        """Put the schedule's words for this step into the groups."""
        lr_share = self.schedule.lr_share(self.step)
        momentum_share = self.schedule.momentum_share(self.step)
        for group, base in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = base["lr"] * lr_share
            if "momentum" in base:
                group["momentum"] = base["momentum"] * momentum_share
            elif "betas" in base:
                first, *rest = base["betas"]
                group["betas"] = (first * momentum_share, *rest)

    def _receive(self, reading: Reading) -> None:
        self._reading = reading

    def _note_loss(self, loss: float) -> None:
        if math.isnan(self.smooth):
            self.smooth = loss
        self.smooth = SMOOTHING * self.smooth + (1 - SMOOTHING) * loss

    def _record(self, loss: float, lr: float, momentum: float) -> None:
        epoch = self.step / self.task.steps_per_epoch
        account, more = self._reading[:7], self._reading[7:]
        row = (epoch, self.samples, loss, lr, momentum, *account, self.seconds, *more)
        self.records.add("steps", self.step, *row)
        for drawn in self.portrait.rows(self.step, self.optimizer):
            self.records.add("portrait", *drawn)

    def _give_up(self, loss: float, batch: Batch = None) -> None:
        """Note the step that cannot be made, and end the run.

        Raises:
            Diverged: Always.
        """
        step = self.step + 1
        group = self.optimizer.param_groups[0]
        lr, momentum = float(group["lr"]), _momentum(group)
        nothing = [None] * len(Reading._fields)
        epoch = step / self.task.steps_per_epoch
        row = (epoch, self.samples, loss, lr, momentum, *nothing, self.seconds)
        self.records.add("steps", step, *row)
        found = flaw(batch)
        if found:
            raise Diverged(
                step,
                f"At step {step:,} the data held {found} (batch {self.index} of epoch "
                f"{self.epoch + 1}), so the loss became {loss:g}. Drop or fill those "
                "samples first.",
            )
        said = explain_divergence(
            step,
            lr,
            momentum,
            bool(group.get("nesterov", False)),
            self.curvature,
            loss,
            kinetic=read(group).kinetic.name,
        )
        raise Diverged(step, said)


def _base_words(group: dict[str, Any]) -> dict[str, Any]:
    return {name: group[name] for name in ("lr", "momentum", "betas") if name in group}


def _momentum(group: dict[str, Any]) -> float:
    if "momentum" in group:
        return float(group["momentum"])
    return float(group["betas"][0]) if "betas" in group else math.nan


def probe_loss(task: Task, device: torch.device) -> Tensor:
    """Return the loss on the probe batch as the model stands, without side effects."""
    task.model.eval()
    with chance.undisturbed(), torch.no_grad():
        return task.loss(task.model, move(task.probe, device))
