"""Begin, resume and finish a run: what the command line asks of the training room."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import torch
from torch import Tensor

from inertial.training import chance, checkpoint, run
from inertial.training.batches import epoch_generator, flaw, move
from inertial.training.catalogue import make_task
from inertial.training.guards import DiskError, disk_errors_told, listening
from inertial.training.loop import Diverged, Loop, Moment, probe_loss
from inertial.training.options import Options, make_optimizer
from inertial.training.records import Records
from inertial.training.task import Task, digest

CHECKED_BATCHES = (
    50  # of the first epoch, looked through for nan before anything starts
)
DIVERGED = 3  # exit code


class Job(NamedTuple):
    """A run that is ready to go.

    Attributes:
        path: The run folder.
        loop: Its loop.
        config: Its config.
        lock: Keeps other processes out of the folder.
    """

    path: Path
    loop: Loop
    config: dict[str, Any]
    lock: IO[bytes]


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        code: The exit code: 0 finished, 3 diverged, 128 plus the signal if stopped.
        sentence: What to say about it; "" if it finished.
    """

    code: int
    sentence: str = ""


class Screen(Protocol):
    """Whatever shows a run while it goes on."""

    def show(self, moment: Moment) -> None:
        """Show a step."""


def prepare(options: Options) -> tuple[Task, Options]:
    """Make the task and try everything that can be tried before a run folder exists.

    Args:
        options: What the user said.

    Returns:
        The task with its model on the device, and the options with its defaults.

    Raises:
        ValueError: If the data or the loss cannot be trained on.
        TypeError: If the loss is no number.
    """
    options.check()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    chance.seed_everything(options.seed)
    task = make_task(options.task, **options.task_words)
    options = options.completed(task)
    torch.set_num_threads(
        options.threads or 1
    )  # said aloud, or MKL may change its mind
    _make_repeatable(options.device)
    task.model.to(options.device)
    options.plan(task)
    _check_batches(task, options)
    _check_loss(task, options)
    return task, options


def _check_loss(task: Task, options: Options) -> None:
    try:
        loss = probe_loss(task, torch.device(options.device))
    except Exception as error:
        raise ValueError(
            f"the loss of task {task.name!r} must take the model and a batch, but "
            f"failed on the probe batch: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise TypeError(
            f"the loss of task {task.name!r} must be one number as a tensor (the mean "
            f"over the batch), but is {loss!r:.60}. Did you forget to average?"
        )
    if not math.isfinite(loss.item()):
        raise ValueError(
            f"the loss of task {task.name!r} must be finite before the first step, but "
            f"is {loss.item()}. Look for a logarithm of 0 or a division by 0 in it."
        )


def begin(
    options: Options, out: Path | None = None, command: list[str] | None = None
) -> Job:
    """Start a new run.

    Args:
        options: What the user said.
        out: The run folder. Default: a fresh one in runs/.
        command: The words as typed, for the record.

    Returns:
        The job.

    Raises:
        DiskError: If the run folder cannot be made.
    """
    if out is not None:
        run.check_free(out)
    task, options = prepare(options)
    path = out or run.choose(task.name)
    config = _config(task, options, command or [])
    try:
        run.create(path, config)
    except OSError as error:
        raise DiskError(
            f"the run folder {str(path)!r} cannot be made: {error.strerror or error}. "
            "Free some space, or name another place with --out."
        ) from error
    with disk_errors_told(path, 0):
        return Job(path, _loop(task, options, path), config, run.own(path))


def resume(path: Path) -> Job:
    """Continue a run where its newest checkpoint left it.

    Args:
        path: The run folder.

    Returns:
        The job; its loop is at its total where the run was finished already.

    Raises:
        ValueError: If the run cannot be continued as it began.
    """
    config = run.read_config(path)
    with ExitStack() as opened:
        lock = opened.enter_context(run.own(path))
        _refuse_diverged(path)
        folder = path / run.CHECKPOINTS
        state = checkpoint.newest(folder)
        task, options = prepare(Options(**config["options"]))
        if _fingerprint(task) != config["fingerprint"]:
            raise ValueError(
                f"the run {str(path)!r} must go on with the data and first weights it "
                f"began with, but task {task.name!r} now makes others. Was its file, "
                "its data or a package changed? Put it back, or start a new run."
            )
        step = -1 if state is None else int(state["step"])
        with disk_errors_told(path, step):
            checkpoint.clean(folder)
            loop = _loop(task, options, path)
            opened.callback(loop.records.close)
            loop.records.forget_after(step)
        if loop.records.count() != max(step, 0):
            raise ValueError(
                f"{path / run.DATABASE} must hold the {step} steps before the "
                "checkpoint, but does not: was it deleted or replaced? Start the run "
                "again."
            )
        if state is not None:
            loop.restore(state)
        opened.pop_all()
        return Job(path, loop, config, lock)


def execute(job: Job, screen: Screen) -> Ending:
    """Run a job to its end, however it ends.

    Args:
        job: What `begin` or `resume` returned.
        screen: Shows the steps.

    Returns:
        How it ended. A full disk is raised as DiskError.
    """
    loop, records = job.loop, job.loop.records
    try:
        with _told(job), listening() as received:
            for moment in loop.advance():
                screen.show(moment)
                if received and loop.step < loop.total:
                    return _stop(job, received[0])
            records.commit()
    except Diverged as error:
        return _diverged(job, error)
    finally:
        with suppress(sqlite3.Error):
            records.close()
        job.lock.close()
    return Ending(0)


def _stop(job: Job, number: int) -> Ending:
    loop = job.loop
    loop.save()
    return Ending(
        128 + number,
        f"stopped at step {loop.step} of {loop.total}; to go on: "
        f"inertial train --resume {job.path}",
    )


def _diverged(job: Job, error: Diverged) -> Ending:
    good = checkpoint.last_good(job.path / run.CHECKPOINTS)
    kept = f" The last good checkpoint is {good.path}." if good else ""
    with _told(job):
        job.loop.records.add("notes", error.step, "diverged", str(error))
        job.loop.records.commit()
    return Ending(DIVERGED, f"{error}{kept}")


def _refuse_diverged(path: Path) -> None:
    if not (path / run.DATABASE).is_file():
        return
    try:
        with closing(run.reader(path)) as base:
            found = base.execute("SELECT text FROM notes WHERE kind = 'diverged'")
            told = found.fetchone()
    except sqlite3.DatabaseError:
        return  # killed while its tables were made: there is nothing to refuse yet
    if told is not None:
        raise ValueError(
            f"the run {str(path)!r} cannot go on: it would diverge again at the same "
            f"step. {told[0]}"
        )


def _loop(task: Task, options: Options, path: Path) -> Loop:
    records = Records(path / run.DATABASE)
    return Loop(task, options, records, path / run.CHECKPOINTS)


def _told(job: Job) -> AbstractContextManager[None]:
    return disk_errors_told(job.path, job.loop.step)


def _config(task: Task, options: Options, command: list[str]) -> dict[str, Any]:
    optimizer = make_optimizer(task.model, options)
    group = optimizer.param_groups[0]
    return {
        "task": task.name,
        "options": options.as_dict(),
        "words": {name: value for name, value in group.items() if name != "params"},
        "meaning": optimizer.describe(),
        "command": command,
        "seed": options.seed,
        "threads": options.threads,
        "device": options.device,
        "total_steps": options.total(task),
        "steps_per_epoch": task.steps_per_epoch,
        "batch_size": task.batch_size,
        "parameters": sum(p.numel() for p in task.model.parameters()),
        "fingerprint": _fingerprint(task),
        "versions": run.versions(),
        "directory": os.getcwd(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _fingerprint(task: Task) -> str:
    state = {k: v for k, v in task.model.state_dict().items() if isinstance(v, Tensor)}
    return digest((state, task.probe)) + task.fingerprint


def _check_batches(task: Task, options: Options) -> None:
    with chance.undisturbed():
        made = iter(task.batches(0, epoch_generator(options.seed, 0)))
        count = 0
        for count, batch in enumerate(islice(made, CHECKED_BATCHES), start=1):
            found = flaw(batch)
            if found:
                raise ValueError(
                    f"the data of task {task.name!r} must be finite numbers, but batch "
                    f"{count} holds {found}. Drop or fill those samples first."
                )
    if count == 0:
        raise ValueError(
            f"the data of task {task.name!r} must have at least one batch, but are "
            "empty. Check where the task reads them from."
        )
    found = flaw(move(task.probe, torch.device("cpu")))
    if found:
        raise ValueError(
            f"the probe batch of task {task.name!r} must be finite, but holds {found}."
        )


def _make_repeatable(device: str) -> None:
    """Ask the accelerator for the same digits each time, where it can give them."""
    if torch.device(device).type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
