"""Momentum against none on real data, at the same budget: what it gives, honestly."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy
from rich.console import Console

from inertial.training import run
from inertial.training.job import begin, execute
from inertial.training.live import Plain, Silent, Terminal
from inertial.training.loop import Moment
from inertial.training.options import Options
from inertial.training.setting import short

TASK = "digits"
LR, MOMENTUM = 0.01, 0.9
EPOCHS = 8
SMOOTH = 20  # steps over which the loss is averaged before levels are read off
ALIKE = 1.5  # two runs are called alike up to this ratio of their steps to a level
LEVELS = (1.0, 0.5, 0.25)  # training losses whose first step is compared
PLAIN, ROLLING, EQUAL = "no momentum", "momentum 0.9", "no momentum, lr x 10"
WORDS = {
    PLAIN: {"lr": LR, "momentum": 0.0},
    ROLLING: {"lr": LR, "momentum": MOMENTUM},
    EQUAL: {"lr": LR / (1 - MOMENTUM), "momentum": 0.0},
}
FOLDERS = {PLAIN: "plain", ROLLING: "momentum", EQUAL: "plain-equal-effective-lr"}


class Comparison(NamedTuple):
    """What the demo found.

    Attributes:
        folder: Where the run folders are.
        paths: label -> run folder.
        told: A table and what it shows, in words.
        code: The exit code.
        stopped: Why it ended early; "" if it did not.
    """

    folder: Path
    paths: dict[str, Path]
    told: str
    code: int = 0
    stopped: str = ""


class Result(NamedTuple):
    """What one run came to.

    Attributes:
        lr: Learning rate.
        momentum: Share of the momentum that survives a step.
        reached: level -> the first step at which the smoothed loss was below it.
        loss: The smoothed training loss at the end.
        accuracy: On the test images, at the end.
    """

    lr: float
    momentum: float
    reached: dict[float, int | None]
    loss: float
    accuracy: float


def compare(seed: int, out: Path | None, *, quiet: bool) -> Comparison:
    """Train three times on the same data from the same weights, and compare.

    Without momentum, with momentum 0.9 at the same learning rate, and without at ten
    times the learning rate: momentum 0.9 makes each gradient count ten times, so this
    is the plain run of equal effective learning rate.

    Args:
        seed: Of the weights and the order of the data, the same for all.
        out: Folder for the run folders. Default: a fresh one in runs/.
        quiet: Whether to show no progress.

    Returns:
        The comparison.
    """
    parent = out or run.choose("demo")
    run.check_free(parent)
    screen = _Screens(quiet)
    paths: dict[str, Path] = {}
    results: dict[str, Result] = {}
    with screen.drawing:
        for label, words in WORDS.items():
            options = Options(TASK, {}, dict(words), epochs=EPOCHS, seed=seed)
            job = begin(options, parent / FOLDERS[label], ["demo"])
            paths[label] = job.path
            ending = execute(job, screen.of(label, job.loop.total))
            if ending.code:
                return Comparison(parent, paths, "", ending.code, ending.sentence)
            results[label] = measure(job.path)
    return Comparison(parent, paths, f"\n{table(results)}\n\n{verdict(results)}")


def measure(path: Path) -> Result:
    """Return what a finished run came to.

    Args:
        path: Its folder.

    Returns:
        The result, from the run's own records.
    """
    with closing(run.reader(path)) as base:
        losses = [
            loss for (loss,) in base.execute("SELECT loss FROM steps ORDER BY step")
        ]
        lr, momentum = base.execute("SELECT lr, momentum FROM steps").fetchone()
        accuracy = base.execute(
            "SELECT value FROM evaluations WHERE name = 'accuracy' ORDER BY step DESC"
        ).fetchone()[0]
    smooth = numpy.convolve(losses, numpy.ones(SMOOTH) / SMOOTH, mode="valid")
    reached: dict[float, int | None] = {}
    for level in LEVELS:
        below = numpy.flatnonzero(smooth <= level)
        reached[level] = int(below[0]) + SMOOTH if len(below) else None
    return Result(lr, momentum, reached, float(smooth[-1]), accuracy)


def table(results: dict[str, Result]) -> str:
    """Return the results side by side, as lines of text.

    Args:
        results: label -> result.

    Returns:
        A header and one line for each run.
    """
    heads = ["", "lr", "effective lr", *(f"loss {level:g} at" for level in LEVELS)]
    rows = [[*heads, "loss at end", "accuracy"]]
    for label, result in results.items():
        steps = [
            f"step {step}" if step is not None else "never"
            for step in result.reached.values()
        ]
        effective = result.lr / (1 - result.momentum)
        ends = [f"{result.loss:.3f}", f"{result.accuracy:.1%}"]
        rows.append([label, f"{result.lr:g}", f"{effective:.3g}", *steps, *ends])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def verdict(results: dict[str, Result]) -> str:
    """Say what the numbers show, and what they do not.

    Args:
        results: label -> result.

    Returns:
        A few sentences that follow from these numbers.
    """
    plain, rolling, equal = (results[label] for label in (PLAIN, ROLLING, EQUAL))
    longer = 1 / (1 - MOMENTUM)
    said = [
        f"At the same learning rate ({LR:g}), "
        f"{_race(rolling, plain, 'momentum', 'the plain run')} One gradient goes "
        f"1/(1 - {MOMENTUM:g}) = {longer:.0f} times as far before friction stops it.",
        "Is that the momentum, or only the longer way? Without momentum and with lr "
        f"{LR * longer:g}, which goes equally far, "
        f"{_race(equal, rolling, 'the plain run', 'momentum')}",
    ]
    ratio = _ratio(equal, rolling)
    if ratio is not None and 1 / ALIKE < ratio < ALIKE:
        said.append(
            "So on this task momentum mostly acts as a larger effective learning rate, "
            "as theory says where small batches' noise, not the curvature, sets the "
            "pace; it earns more where the landscape is ill-conditioned."
        )
    elif ratio is not None:
        said.append("So here the longer way alone does not explain the difference.")
    return " ".join(said)


def _race(fast: Result, slow: Result, first: str, second: str) -> str:
    """Return how two runs compare at the lowest level that either reached."""
    for level in reversed(LEVELS):
        a, b = fast.reached[level], slow.reached[level]
        if a is not None and b is not None:
            return (
                f"{first} reached a training loss of {level:g} at step {a} and "
                f"{second} at step {b} ({short(b / a)} times)."
            )
        if a is not None or b is not None:
            only, step = (first, a) if a is not None else (second, b)
            never = second if a is not None else first
            said = f"{only} reached a training loss of {level:g} at step {step}"
            return f"{said}, {never} never did in the same budget."
    return "neither reached a training loss worth comparing."


def _ratio(one: Result, other: Result) -> float | None:
    for level in reversed(LEVELS):
        a, b = one.reached[level], other.reached[level]
        if a is not None and b is not None:
            return a / b
    return None


class _Screens:
    """One drawing in which every run has its row."""

    def __init__(self, quiet: bool) -> None:
        self._shared: Terminal | None = None
        self.drawing: Silent = Silent()
        self._quiet = quiet
        if not quiet and sys.stdout.isatty():
            self._shared = Terminal(dict.fromkeys(WORDS, 0), Console())
            self.drawing = self._shared

    def of(self, label: str, total: int) -> Silent:
        """Return the screen of one run."""
        if self._shared is not None:
            self._shared.expect(label, total)
            return _Row(self._shared, label)
        return Silent() if self._quiet else Plain(total, f"{label}: ")


class _Row(Silent):
    """One run's row in a shared drawing."""

    def __init__(self, shared: Terminal, label: str) -> None:
        self._shared, self._label = shared, label

    def show(self, moment: Moment) -> None:
        """Show a step."""
        self._shared.show_of(self._label, moment)
