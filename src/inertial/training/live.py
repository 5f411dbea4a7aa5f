"""Show a run while it goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from inertial.training.loop import Moment

PLAIN_LINES = 20  # of a whole run, where the output is no terminal
REFRESH = 8  # times a second


class Silent:
    """Show nothing."""

    def show(self, moment: Moment) -> None:
        """Ignore a step."""

    def __enter__(self) -> Self:
        """Return the screen, ready."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""


class Plain(Silent):
    """Print some twenty lines in all: for files, pipes and continuous integration.

    Args:
        total: Steps of the run.
        label: What begins each line.
    """

    def __init__(self, total: int, label: str = "") -> None:
        self.total, self.label = total, label
        self._every = max(1, round(total / PLAIN_LINES))
        self._pace = Pace()

    def show(self, moment: Moment) -> None:
        """Print the step if it is one of the few."""
        self._pace.note(moment.step)
        if moment.step % self._every == 0 or moment.step == self.total:
            said = ", ".join(
                f"{name} {value}"
                for name, value in facts(moment, self._pace, self.total).items()
                if value
            )
            print(f"{self.label}step {moment.step}/{self.total}: {said}", flush=True)


class Terminal(Silent):
    """Show a bar and the newest numbers, redrawn in place.

    Args:
        totals: label -> steps of that run; one row each.
        console: Where to draw.
    """

    def __init__(self, totals: dict[str, int], console: Console) -> None:
        self._totals = totals
        self._paces = {label: Pace() for label in totals}
        self._newest: dict[str, Moment] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed}/{task.total}"),
            TimeRemainingColumn(),
            console=console,
            expand=True,
        )
        self._bars = {
            label: self._progress.add_task(label, total=total or None, start=total > 0)
            for label, total in totals.items()
        }
        # No thread of its own: it would draw from the run's chance at any moment.
        self._live = Live(
            console=console, auto_refresh=False, get_renderable=self._draw
        )
        self._drawn = 0.0

    def show(self, moment: Moment) -> None:
        """Note a step of the only run."""
        self.show_of(next(iter(self._totals)), moment)

    def show_of(self, label: str, moment: Moment) -> None:
        """Note a step of one of several runs."""
        self._newest[label] = moment
        self._paces[label].note(moment.step)
        self._progress.update(self._bars[label], completed=moment.step)
        now = time.monotonic()
        if now - self._drawn > 1 / REFRESH:
            self._live.refresh()
            self._drawn = now

    def expect(self, label: str, total: int) -> None:
        """Learn how many steps one of several runs has, when it begins."""
        self._totals[label] = total
        self._paces[label] = Pace()
        self._progress.reset(self._bars[label], total=total)

    def _draw(self) -> Group:
        table = Table(box=None, padding=(0, 2, 0, 0))
        rows = {
            label: facts(moment, self._paces[label], self._totals[label])
            for label, moment in self._newest.items()
        }
        names = list(next(iter(rows.values()), {}))
        table.add_column("")
        for name in names:
            table.add_column(name, justify="right")
        for label, row in rows.items():
            table.add_row(label, *(row.get(name, "") for name in names))
        return Group(self._progress, table)

    def __enter__(self) -> Self:
        """Return the screen, drawing."""
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Draw the last state and leave it there."""
        self._live.refresh()
        self._live.__exit__(None, None, None)


class Pace:
    """How fast the steps come, over the whole time that was watched."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: int | None = None
        self._newest = 0

    def note(self, step: int) -> None:
        """Note that a step is over."""
        self._first = step - 1 if self._first is None else self._first
        self._newest = step

    @property
    def steps_per_second(self) -> float:
        """The mean since the watch began."""
        seconds = time.monotonic() - self._began
        return (self._newest - (self._first or 0)) / seconds if seconds > 0 else 0.0


def facts(moment: Moment, pace: Pace, total: int) -> dict[str, str]:
    """Return what is shown of a step, as words.

    Args:
        moment: The step.
        pace: How fast the steps come.
        total: Steps of the run.

    Returns:
        name -> text; "" where the method has no such number.
    """
    speed = pace.steps_per_second
    left = (total - moment.step) / speed if speed > 0 else math.nan
    judged = {n: v for n, v in moment.metrics.items() if n != "test_loss"}
    name, value = next(iter({**judged, **moment.metrics}.items()), ("", math.nan))
    return {
        "loss": f"{moment.smooth:.4f}",
        **({name.replace("_", " "): f"{value:.4g}"} if name else {}),
        "lr": f"{moment.lr:.3g}",
        "momentum": "" if math.isnan(moment.momentum) else f"{moment.momentum:.3g}",
        "kinetic energy": f"{moment.kinetic:.3g}",
        "steps/s": f"{speed:.0f}",
        "time left": "" if math.isnan(left) else f"{left:.0f} s",
    }


def make_screen(total: int, task: str, *, quiet: bool) -> Silent:
    """Return the screen that suits where the output goes.

    Args:
        total: Steps of the run.
        task: The task's name.
        quiet: Whether to show nothing.

    Returns:
        A screen, to be entered before the first step.
    """
    if quiet:
        return Silent()
    if sys.stdout.isatty():
        return Terminal({task: total}, Console())
    return Plain(total)
