"""Checkpoints that survive anything: whole or absent, and never silently damaged."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import torch

KEEP = 2  # the newest, and one more in case the newest is damaged


class Checkpoint(NamedTuple):
    """One checkpoint on disk.

    Attributes:
        path: The file; `torch.load(path, weights_only=True)` reads it.
        step: How many steps were taken.
        good: Whether the loss was then no higher than where the run began.
        digest: SHA-256 of the file.
    """

    path: Path
    step: int
    good: bool
    digest: str


def save(folder: Path, step: int, payload: dict[str, Any], *, good: bool) -> Path:
    """Write a checkpoint so that it is there whole, or not at all.

    The digest goes first, then the file, each under another name and then moved: a kill
    between any two instructions leaves the older checkpoints as they were.

    Args:
        folder: Where checkpoints live.
        step: How many steps were taken.
        payload: Tensors and plain containers.
        good: Whether this is a state to go back to.

    Returns:
        The file. An OSError (a full disk) leaves nothing of it behind.
    """
    buffer = io.BytesIO()
    torch.save(payload, buffer)
    content = buffer.getbuffer()
    path = folder / f"step-{step:08d}.pt"
    about = {"sha256": hashlib.sha256(content).hexdigest(), "good": good, "step": step}
    write_whole(path.with_suffix(".json"), json.dumps(about).encode())
    write_whole(path, content)
    _prune(folder)
    return path


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file that other processes see whole or not at all, even after a crash.

    Args:
        path: The file; an older one is replaced.
        content: What it shall hold.

    Raises:
        OSError: If the disk is full or refuses; nothing is left behind then.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that a folder's list of names is on the disk."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def listing(folder: Path) -> list[Checkpoint]:
    """Return the checkpoints of a run, oldest first.

    Args:
        folder: Where checkpoints live.

    Returns:
        Those that were published; a file left over from a kill is none.
    """
    found = []
    for path in sorted(folder.glob("step-*.pt")):
        about = _about(path)
        step = int(path.stem.removeprefix("step-"))
        found.append(
            Checkpoint(path, step, about.get("good", False), about.get("sha256", ""))
        )
    return found


def load(checkpoint: Checkpoint, *, older: Checkpoint | None = None) -> dict[str, Any]:
    """Read a checkpoint after checking that it is what was written.

    Args:
        checkpoint: Which.
        older: The one before it, named in the error as the way out.

    Returns:
        The payload.

    Raises:
        ValueError: If the file is damaged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     _ = save(Path(name), 3, {"x": torch.ones(1)}, good=True)
        ...     load(listing(Path(name))[-1])
        {'x': tensor([1.])}
    """
    content = checkpoint.path.read_bytes()
    if hashlib.sha256(content).hexdigest() != checkpoint.digest:
        way_out = (
            f"Delete it and resume again: the run then goes on from {older.path.name}, "
            "which is intact."
            if older is not None
            else "No older one is intact: start the run again."
        )
        raise ValueError(
            f"the checkpoint {checkpoint.path} is corrupt: it must have the SHA-256 "
            f"that was noted when it was written, but has another. {way_out}"
        )
    payload: dict[str, Any] = torch.load(
        io.BytesIO(content), map_location="cpu", weights_only=True
    )
    return payload


def newest(folder: Path) -> dict[str, Any] | None:
    """Read the newest checkpoint of a run.

    Args:
        folder: Where checkpoints live.

    Returns:
        Its payload, or None where none was written yet.
    """
    found = listing(folder)
    if not found:
        return None
    intact = [c for c in found[:-1] if _intact(c)]
    return load(found[-1], older=intact[-1] if intact else None)


def last_good(folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint whose loss was no higher than at the start."""
    return next((c for c in reversed(listing(folder)) if c.good), None)


def clean(folder: Path) -> None:
    """Remove what a kill may have left half written."""
    for leftover in folder.glob(".*.part"):
        leftover.unlink()
    for about in folder.glob("step-*.json"):
        if not about.with_suffix(".pt").exists():
            about.unlink()


def _intact(checkpoint: Checkpoint) -> bool:
    content = checkpoint.path.read_bytes()
    return hashlib.sha256(content).hexdigest() == checkpoint.digest


def _about(path: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return {}
    return about


def _prune(folder: Path) -> None:
    found = listing(folder)
    kept = {c.path for c in found[-KEEP:]}
    kept |= {c.path for c in [c for c in found if c.good][-1:]}
    for checkpoint in found:
        if checkpoint.path not in kept:
            # The file first: a digest alone is no checkpoint, a file alone is corrupt.
            checkpoint.path.unlink()
            checkpoint.path.with_suffix(".json").unlink(missing_ok=True)
