"""What a run wrote down, read back for its reading and its report; nothing is written.

A run of a million steps is summed up by SQLite itself, bucket by bucket, so that its
report takes seconds and its page stays small.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

Column = NDArray[numpy.float64]

_MEANS = (
    "epoch",
    "lr",
    "momentum",
    "kinetic",
    "gradient_norm",
    "momentum_norm",
    "displacement_norm",
)
_SUMS = ("work", "heat", "schedule_work")


class Note(NamedTuple):
    """Something that happened at a step, in words."""

    step: int
    kind: str
    text: str


class History(NamedTuple):
    """A run, small enough to draw.

    Attributes:
        folder: Where it lies.
        config: What config.json says: task, options, seed, versions ...
        recorded: Steps recorded.
        first_loss: Loss of the first step. Unit: L.
        last_loss: Loss of the last step, which may be nan. Unit: L.
        steps: column -> one value a bucket, oldest first. `step` is the bucket's last
            step; `loss` its mean, `loss_low` and `loss_high` its extremes; `work`,
            `heat` and `schedule_work` count from the start of the run; the others are
            means. Shape: (buckets,) each.
        evaluations: name -> (steps, values).
        probes: rank (1 is the sharpest) -> step, curvature, residual.
        portrait: rank -> step, probe_step, position, momentum.
        notes: Oldest first.
    """

    folder: Path
    config: Mapping[str, Any]
    recorded: int
    first_loss: float
    last_loss: float
    steps: Mapping[str, Column]
    evaluations: Mapping[str, tuple[Column, Column]]
    probes: Mapping[int, Mapping[str, Column]]
    portrait: Mapping[int, Mapping[str, Column]]
    notes: tuple[Note, ...]

    @property
    def words(self) -> dict[str, Any]:
        """The optimizer's words as the user gave them, and its method's name."""
        options = self.options
        found = options.get("optimizer")
        words = dict(found) if isinstance(found, Mapping) else {}
        return {"method": options.get("method") or "sgd", **words}

    @property
    def options(self) -> dict[str, Any]:
        """What the run was asked to do."""
        found = self.config.get("options")
        return dict(found) if isinstance(found, Mapping) else {}

    @property
    def task(self) -> str:
        """The task's name, or the path of its file."""
        return str(self.config.get("task") or self.options.get("task") or "a task")

    @property
    def diverged(self) -> bool:
        """Whether the loss stopped being a number."""
        return not math.isfinite(self.last_loss)


def read_history(folder: str | Path, buckets: int = 600) -> History:
    """Read a run folder.

    The run may still go on: the database is opened for reading only.

    Args:
        folder: A run folder.
        buckets: Into how many values a longer run is summed up.

    Returns:
        The run's history.

    Raises:
        ValueError: If this is no run folder, or the run has no step yet.

    Example:
        >>> read_history("runs/none")
        Traceback (most recent call last):
            ...
        ValueError: `folder` must be a run folder with config.json and run.sqlite, but
        runs/none has no config.json. ...
    """
    folder = Path(folder)
    config = read_words(folder)
    with opened(folder) as base:
        count, low, high = base.execute(
            "SELECT COUNT(*), MIN(step), MAX(step) FROM steps"
        ).fetchone()
        if not count:
            raise ValueError(
                f"`folder` must hold at least one step, but {folder} has none: the run "
                "stopped before its first step ended. Start it again."
            )
        first, last = (
            base.execute("SELECT loss FROM steps WHERE step = ?", (step,)).fetchone()[0]
            for step in (low, high)
        )
        return History(
            folder=folder,
            config=config,
            recorded=count,
            first_loss=_number(first),
            last_loss=_number(last),
            steps=_steps(base, low, high, buckets),
            evaluations=_evaluations(base, buckets),
            probes=_ranked(base, "probes", ("curvature", "residual"), 10 * buckets),
            portrait=_ranked(
                base, "portrait", ("probe_step", "position", "momentum"), 2 * buckets
            ),
            notes=tuple(
                Note(int(step or 0), str(kind), str(text))
                for step, kind, text in base.execute(
                    "SELECT step, kind, text FROM notes ORDER BY step LIMIT 200"
                )
            ),
        )


def read_words(folder: Path) -> Mapping[str, Any]:
    """Read a run's config.json.

    Args:
        folder: A run folder.

    Returns:
        What it says.

    Raises:
        ValueError: If a file of the run folder is missing or unreadable.
    """
    rule = "`folder` must be a run folder with config.json and run.sqlite, but"
    for name in ("config.json", "run.sqlite"):
        if not (folder / name).is_file():
            raise ValueError(
                f"{rule} {folder} has no {name}. `inertial train` makes one and says "
                "where."
            )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{rule} {folder}/config.json is not JSON: {error}.") from None
    if not isinstance(config, dict):
        raise ValueError(f"{rule} {folder}/config.json is not a table of words.")
    return config


@contextmanager
def opened(folder: Path) -> Generator[sqlite3.Connection]:
    """Hold a run's records open, for reading only.

    Args:
        folder: A run folder.

    Yields:
        A connection that cannot write; the run may go on meanwhile.

    Raises:
        ValueError: If they cannot be read.
    """
    address = (folder / "run.sqlite").absolute().as_uri() + "?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as base:
            yield base
    except sqlite3.DatabaseError as error:
        raise ValueError(
            f"{folder}/run.sqlite cannot be read as a run's records ({error}). Is it "
            "from another program, or damaged?"
        ) from error


def _steps(
    base: sqlite3.Connection, low: int, high: int, buckets: int
) -> dict[str, Column]:
    asked = ["MAX(step)", "AVG(loss)", "MIN(loss)", "MAX(loss)", "MAX(seconds)"]
    names = ["step", "loss", "loss_low", "loss_high", "seconds", *_MEANS, *_SUMS]
    asked += [f"AVG({name})" for name in _MEANS]
    asked += [f"TOTAL({name})" for name in _SUMS]
    rows = base.execute(
        f"SELECT {', '.join(asked)} FROM steps "
        "GROUP BY (step - ?) * ? / ? ORDER BY MAX(step)",
        (low, buckets, high - low + 1),
    ).fetchall()
    columns = dict(zip(names, numpy.array(rows, dtype=float).T, strict=True))
    for name in _SUMS:
        columns[name] = numpy.cumsum(columns[name])
    return columns


def _evaluations(
    base: sqlite3.Connection, most: int
) -> dict[str, tuple[Column, Column]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for name, step, value in base.execute(
        "SELECT name, step, value FROM evaluations ORDER BY step"
    ):
        found.setdefault(str(name), []).append((step, _number(value)))
    return {
        name: (columns[0], columns[1])
        for name, rows in sorted(found.items())
        for columns in [numpy.array(_thin(rows, most), dtype=float).T]
    }


def _ranked(
    base: sqlite3.Connection, table: str, names: tuple[str, ...], most: int
) -> dict[int, dict[str, Column]]:
    """Return a table rank by rank, counted from 1, however it was stored."""
    count = base.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
    every = max(1, count // most)
    found: dict[int, list[tuple[float, ...]]] = {}
    for rank, *row in base.execute(
        f"SELECT rank, step, {', '.join(names)} FROM {table} "
        f"WHERE (SELECT COUNT(*) FROM {table}) <= {most} OR step % {every} = 0 "
        "ORDER BY step"
    ):
        found.setdefault(int(rank), []).append(tuple(_number(v) for v in row))
    return {
        place: dict(
            zip(("step", *names), numpy.array(found[rank], dtype=float).T, strict=True)
        )
        for place, rank in enumerate(sorted(found), start=1)
    }


def _thin(rows: list[Any], most: int) -> list[Any]:
    """Return about `most` of the rows, the last among them."""
    every = max(1, math.ceil(len(rows) / most))
    return rows[::-1][::every][::-1]


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)  # SQLite keeps nan as NULL
