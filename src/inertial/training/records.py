"""What a run writes down at each step: one SQLite file, readable while it goes on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TABLES = {
    "steps": (
        "step INTEGER PRIMARY KEY, epoch REAL, samples INTEGER, loss REAL, lr REAL, "
        "momentum REAL, kinetic REAL, work REAL, heat REAL, schedule_work REAL, "
        "gradient_norm REAL, momentum_norm REAL, displacement_norm REAL, seconds REAL, "
        "alignment REAL, curvature REAL, not_finite INTEGER"
    ),
    "evaluations": "step INTEGER, name TEXT, value REAL, PRIMARY KEY (step, name)",
    "probes": (
        "step INTEGER, rank INTEGER, curvature REAL, residual REAL, "
        "PRIMARY KEY (step, rank)"
    ),
    "portrait": (
        "step INTEGER, probe_step INTEGER, rank INTEGER, position REAL, "
        "momentum REAL, PRIMARY KEY (step, rank)"
    ),
    "notes": "step INTEGER, kind TEXT, text TEXT",
}
"""Table -> columns. A row's step is the number of steps taken when it was written; the
loss in `steps` is that of the step's batch, before the step moved anything, and NULL
where it was nan: the run ended there. `epoch` is how often the data were seen."""

FLUSH_SECONDS = 0.5  # how old the newest row may get before readers see it


class Records:
    """The database of a run, open for writing.

    Rows wait in memory and reach the disk together: every half second, and before each
    checkpoint, so that a checkpoint never knows of steps that the database does not.

    Args:
        path: The SQLite file; made if missing.

    Raises:
        ValueError: If the file is no database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []
        self._flushed = time.monotonic()
        self._database = sqlite3.connect(path)
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            if isinstance(error, sqlite3.OperationalError):  # the disk, not the file
                raise
            raise ValueError(
                f"{path} must be the run's records, but {error}. It is damaged: start "
                "the run again."
            ) from error

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode=WAL")
        # FULL: what is committed is on the disk, even if the power goes.
        self._database.execute("PRAGMA synchronous=FULL")
        with self._database:
            for name, columns in TABLES.items():
                self._database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
                self._complete(name, columns)

    def _complete(self, table: str, columns: str) -> None:
        """Add the columns that a run of an older version lacks; new ones stand last."""
        known = {
            row[1] for row in self._database.execute(f"PRAGMA table_info({table})")
        }
        for column in columns.split(", PRIMARY KEY (")[0].split(", "):
            if column.split()[0] not in known:
                self._database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")

    def add(self, table: str, *row: Any) -> None:
        """Note one row.

        Args:
            table: A name of `TABLES`.
            *row: One value for each column.
        """
        self._waiting.append((table, row))
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Put all rows on the disk."""
        with self._database:
            for table, row in self._waiting:
                marks = ", ".join("?" * len(row))
                self._database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        self._waiting.clear()
        self._flushed = time.monotonic()

    def forget_after(self, step: int) -> None:
        """Remove every row that was written after a step.

        Args:
            step: The last step to keep; -1 to keep nothing.
        """
        with self._database:
            for table in TABLES:
                self._database.execute(f"DELETE FROM {table} WHERE step > ?", (step,))

    def count(self) -> int:
        """Return how many steps are on record."""
        return int(self.ask("SELECT count(*) FROM steps")[0][0])

    def ask(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds."""
        return self._database.execute(query, tuple(values)).fetchall()

    def close(self) -> None:
        """Close the file; rows that wait are given up."""
        self._database.close()
