"""What can befall a run from outside: a full disk, and signals that ask it to stop."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from inertial.training import checkpoint, run

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class DiskError(Exception):
    """The run's own files cannot be written; the message says what is left."""


@contextmanager
def disk_errors_told(path: Path, step: int) -> Generator[None]:
    """Turn a failed write of the run's own files into one clear sentence.

    Args:
        path: The run folder.
        step: How many steps were taken.

    Yields:
        Nothing.

    Raises:
        DiskError: If a write failed.
        OSError: If it has nothing to do with the run folder.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskError(_sentence(path, step, str(error))) from error
    except OSError as error:
        if not _ours(path, error):
            raise
        raise DiskError(_sentence(path, step, error.strerror or str(error))) from error


def _sentence(path: Path, step: int, what: str) -> str:
    found = checkpoint.listing(path / run.CHECKPOINTS)
    kept = (
        f"The checkpoint of step {found[-1].step} is intact"
        if found
        else "No checkpoint was written yet"
    )
    return (
        f"the run {str(path)!r} cannot be written (step {max(step, 0)}): {what}. "
        f"{kept}: free some space, then: inertial train --resume {path}"
    )


def _ours(path: Path, error: OSError) -> bool:
    """Return whether a failed file operation was on the run's own files."""
    if isinstance(error, BrokenPipeError):
        return False
    if error.filename is None:  # a write to an open file names none
        return error.errno is not None
    return path in Path(error.filename).parents


@contextmanager
def listening() -> Generator[list[int]]:
    """Collect the signals that ask to stop; the second one stops at once.

    Yields:
        The numbers of the signals that came.
    """
    received: list[int] = []
    before: dict[int, Any] = {}

    def listen(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, before[number])

    try:
        for name in SIGNALS:
            number = getattr(signal, name, None)
            # Under nohup, or in the background, a signal may be ignored on purpose.
            if number is None or signal.getsignal(number) is signal.SIG_IGN:
                continue
            with suppress(ValueError):  # not in the main thread: nothing to listen to
                before[number] = signal.signal(number, listen)
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
