"""The run folder: made at once or not at all, owned by one process, read by many."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import time
from pathlib import Path
from typing import IO, Any

from inertial.training.checkpoint import sync_folder, write_whole

CONFIG = "config.json"
DATABASE = "run.sqlite"
CHECKPOINTS = "checkpoints"
REPORT = "report.html"
FORMAT = 1
PACKAGES = ("inertial", "torch", "numpy", "scikit-learn")


def choose(task: str, parent: Path = Path("runs")) -> Path:
    """Return a fresh folder's name, such as runs/digits-20261123-221500-1.

    Args:
        task: The task's name.
        parent: Where runs live.

    Returns:
        A path that does not exist yet.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 1
    while (path := parent / f"{task}-{stamp}-{number}").exists():
        number += 1
    return path


def check_free(path: Path) -> None:
    """Refuse a run folder that exists.

    Raises:
        ValueError: If it does.
    """
    if path.exists() or path.is_symlink():
        raise ValueError(
            f"the run folder {str(path)!r} must not exist yet, but does. Name another "
            f"with --out, or continue it: inertial train --resume {path}"
        )


def create(path: Path, config: dict[str, Any]) -> None:
    """Make a run folder with its config, at once.

    It is filled under another name and then moved: whenever the folder exists, the run
    can be resumed.

    Args:
        path: The folder; must not exist.
        config: Everything needed to make the run again.

    Raises:
        OSError: If it cannot be written; nothing is left then.
    """
    check_free(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        (temporary / CHECKPOINTS).mkdir(parents=True)
        about = {"format": FORMAT, **config}
        write_whole(temporary / CONFIG, json.dumps(about, indent=1).encode())
        temporary.rename(path)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(path.parent)


def read_config(path: Path) -> dict[str, Any]:
    """Return the config of a run.

    Args:
        path: The run folder.

    Returns:
        What `create` was given.

    Raises:
        ValueError: If it is no run folder, or of a newer kind.
    """
    file = path / CONFIG
    if not file.is_file():
        what = "has no config.json" if path.is_dir() else "does not exist"
        raise ValueError(
            f"a run folder is what `inertial train` made, but {str(path)!r} {what}. "
            "Run folders are in runs/ unless --out said otherwise."
        )
    try:
        config: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(
            f"{file} must be JSON as it was written, but is damaged ({error}). "
            "Start the run again."
        ) from error
    if config.get("format") != FORMAT:
        raise ValueError(
            f"{file} must have format {FORMAT}, but has {config.get('format')!r}: "
            "another version of inertial made it. Use that one."
        )
    return config


def own(path: Path) -> IO[bytes]:
    """Hold a run folder for this process alone, until the returned file is closed.

    The system lets go of it when the process ends, however it ends.

    Args:
        path: The run folder.

    Returns:
        The open file that holds the lock.

    Raises:
        ValueError: If another process trains in it.
    """
    file = (path / CONFIG).open("rb")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows has no such lock; a second process is not refused
        pass
    except BlockingIOError as error:
        file.close()
        raise ValueError(
            f"the run {str(path)!r} must be free, but another process trains in it. "
            "Wait for it, or stop it first."
        ) from error
    return file


def versions() -> dict[str, str]:
    """Return the versions on which the numbers of a run depend.

    Example:
        >>> sorted(versions())[:2]
        ['inertial', 'machine']
    """
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def reader(path: Path) -> sqlite3.Connection:
    """Open a run's records for reading, while it goes on or after.

    Args:
        path: The run folder.

    Returns:
        A connection that cannot write.

    Raises:
        ValueError: If the run has no records.
    """
    file = path / DATABASE
    if not file.is_file():
        raise ValueError(f"the run {str(path)!r} must have {DATABASE}, but has none.")
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
