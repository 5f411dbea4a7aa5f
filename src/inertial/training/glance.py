"""A run at a glance, while it goes on or after: how it stands, and any of its columns.

A million steps are looked at in ranges of steps, each by SQLite itself, so that the
rows that are kept are real ones and no peak of the leading column is lost.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy

from inertial.bounds import Bound, check
from inertial.training.history import Column, opened, read_words

State = Literal["running", "finished", "interrupted", "broken"]

TITLES: dict[str, tuple[str, str]] = {
    "step": ("Step", ""),
    "epoch": ("Epochs", ""),
    "samples": ("Samples seen", ""),
    "loss": ("Loss of the batch", "loss"),
    "lr": ("Learning rate", "length² / loss"),
    "momentum": ("Momentum", ""),
    "kinetic": ("Kinetic energy", "loss"),
    "work": ("Work of the force in a step", "loss"),
    "heat": ("Heat of a step", "loss"),
    "schedule_work": ("Work of the schedule in a step", "loss"),
    "gradient_norm": ("Size of the gradient", "loss / length"),
    "momentum_norm": ("Size of the momentum", ""),
    "displacement_norm": ("Length of the step", "length"),
    "seconds": ("Time", "s"),
    "alignment": ("Cosine of velocity and force", ""),
    "curvature": ("Curvature along the step", "loss / length²"),
    "not_finite": ("Gradients that were no numbers", ""),
}
"""Column -> title and unit; a column that is not here has its name for a title."""


class Standing(NamedTuple):
    """How a run stands.

    Attributes:
        state: "running", "finished" (all its steps, or diverged), "interrupted" (nobody
            trains in it, and steps are missing) or "broken" (it cannot be read).
        steps: Steps recorded.
        total: Steps it was to take; 0 if that is not said.
        loss: Of the last step; nan where there is none.
        sentence: What there is to say about it.
    """

    state: State
    steps: int
    total: int
    loss: float
    sentence: str


class Rows(NamedTuple):
    """Some columns of a run.

    Attributes:
        columns: Their names.
        values: nan where nothing was recorded. Shape: (columns, rows).
        last_step: The last step on record; -1 if there is none.
        decimated: Whether rows were left out.
    """

    columns: tuple[str, ...]
    values: Column
    last_step: int
    decimated: bool


def held(folder: Path) -> bool:
    """Return whether a process trains in a run folder now.

    Args:
        folder: A run folder.

    Returns:
        Whether its config.json is locked, as `training.run.own` locks it. False where
        the system has no such locks.
    """
    try:
        import fcntl

        with (folder / "config.json").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def standing(folder: str | Path) -> Standing:
    """Return how a run stands; what cannot be read is said, not raised.

    Args:
        folder: A run folder.

    Returns:
        Its standing.

    Example:
        >>> standing("runs/none").state
        'broken'
    """
    folder = Path(folder)
    try:
        words = read_words(folder)
        with opened(folder) as base:
            low, high = _ends(base)
            loss = _loss(base, high)
            note = base.execute(
                "SELECT text FROM notes WHERE kind LIKE 'diverge%' LIMIT 1"
            ).fetchone()
    except (ValueError, OSError) as error:
        return Standing("broken", 0, 0, math.nan, str(error))
    steps = high - low + 1
    total = _whole(words.get("total_steps") or words.get("steps"))
    if note or (steps and not math.isfinite(loss)):
        said = str(note[0]) if note else f"It diverged: no loss is left at step {high}."
        return Standing("finished", steps, total, loss, said)
    if total and steps >= total:
        return Standing("finished", steps, total, loss, f"All {total:,} steps done.")
    of = f" of {total:,}" if total else ""
    if held(folder):
        said = f"Step {steps:,}{of}, and going on."
        return Standing("running", steps, total, loss, said)
    said = f"Stopped after step {steps:,}{of}; `inertial train --resume` goes on."
    return Standing("interrupted", steps, total, loss, said)


def _ends(base: sqlite3.Connection) -> tuple[int, int]:
    """Return the first and the last step on record; (0, -1) if there is none."""
    # One at a time, for only then SQLite looks them up instead of reading all.
    low = base.execute("SELECT MIN(step) FROM steps").fetchone()[0]
    high = base.execute("SELECT MAX(step) FROM steps").fetchone()[0]
    return (0, -1) if low is None else (int(low), int(high))


def _loss(base: sqlite3.Connection, step: int) -> float:
    row = base.execute("SELECT loss FROM steps WHERE step = ?", (step,)).fetchone()
    return math.nan if row is None or row[0] is None else float(row[0])


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def list_columns(folder: str | Path) -> list[str]:
    """List the columns that a run recorded at each step.

    Args:
        folder: A run folder.

    Returns:
        Their names, in order.
    """
    with opened(Path(folder)) as base:
        return [str(row[1]) for row in base.execute("PRAGMA table_info(steps)")]


def read_columns(
    folder: str | Path, columns: Sequence[str], points: int = 2000, since: int = -1
) -> Rows:
    """Read some columns of a run, thinned where there are many steps.

    Of each range of steps the two rows are kept in which the leading column, the first
    that is not the step, is smallest and largest; so its peaks stay, and every point is
    a row that was recorded.

    Args:
        folder: A run folder.
        columns: Names from `list_columns`.
        points: About how many rows at most, at least 2.
        since: Only steps after this one.

    Returns:
        The rows, in order of the steps.

    Raises:
        ValueError: If the run cannot be read, or has no such column.
    """
    check("points", points, Bound(2.0))
    folder = Path(folder)
    names = tuple(dict.fromkeys(columns)) or ("step", "loss")
    with opened(folder) as base:
        known = [str(row[1]) for row in base.execute("PRAGMA table_info(steps)")]
        for name in names:
            if name not in known:
                raise ValueError(
                    f"The run has no column {name[:60]!r}; it has {', '.join(known)}."
                )
        low, high = _ends(base)
        low = max(low, since + 1)
        whole = high - low + 1 <= points
        rows = (
            _all(base, names, low) if whole else _peaks(base, names, low, high, points)
        )
    values = numpy.array(rows, dtype=numpy.float64).reshape(-1, len(names)).T
    return Rows(names, values, high, not whole)


def _all(base: sqlite3.Connection, names: Sequence[str], low: int) -> list[Any]:
    asked = ", ".join(f'"{name}"' for name in names)
    return base.execute(
        f"SELECT {asked} FROM steps WHERE step >= ? ORDER BY step", (low,)
    ).fetchall()


def _peaks(
    base: sqlite3.Connection, names: Sequence[str], low: int, high: int, points: int
) -> list[Any]:
    """Return the rows of the extremes of each range of steps, in order."""
    base.execute("PRAGMA mmap_size=2147483648")  # reads pages in place: half the time
    lead = next((name for name in names if name != "step"), "step")
    others = ", ".join(f'"{name}"' for name in ("step", *names))
    # SQLite gives the other columns of the very row that holds the extreme.
    queries = [
        f'SELECT {extreme}("{lead}"), {others} FROM steps WHERE step >= ? AND step < ?'
        for extreme in ("MIN", "MAX")
    ]
    count = max(1, points // 2)
    edges = [low + number * (high + 1 - low) // count for number in range(count + 1)]
    found: dict[int, tuple[Any, ...]] = {}
    for ends in pairwise(edges):
        for query in queries:
            _, step, *row = base.execute(query, ends).fetchone()
            if step is not None:
                found[int(step)] = tuple(row)
    return [found[step] for step in sorted(found)]
