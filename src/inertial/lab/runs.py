"""Recorded and live runs, as the page asks for them; none outside the folder given."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from inertial.lab.answers import Fault
from inertial.lab.binary import packed, to_json
from inertial.lab.presets import like
from inertial.lab.state import OWN, State, encode
from inertial.report.spelling import spellings
from inertial.training.glance import (
    TITLES,
    list_columns,
    read_columns,
    standing,
)
from inertial.training.history import History, read_history, read_words
from inertial.training.reading import sentences
from inertial.training.setting import read_setting, short

DEEPEST = 3  # folders within folders in which runs are looked for
MOST = 500  # runs in the list
LARGE = 100_000  # steps from which a reading takes longer than people wait
POINTS = 2000
MOST_POINTS = 20_000
LOOK_EVERY = 0.2  # seconds between two looks at a run that is watched
_STATE_EVERY = 5  # looks between two at whether it still goes on


class Shelf:
    """The folder below which runs lie.

    Args:
        root: The folder; it need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def place(self, name: str) -> Path:
        """Return a run's folder.

        Args:
            name: Its path below the root, with /.

        Returns:
            The folder.

        Raises:
            Fault: If it is outside, or not there.
        """
        gone = Fault(f"There is no run {name[:100]!r} here.", "run", status=404)
        parts = name.split("/")
        if "\0" in name or "\\" in name or any(p in ("", ".", "..") for p in parts):
            raise gone
        try:
            path = self.root.joinpath(*parts).resolve(strict=True)
        except (OSError, ValueError):
            raise gone from None
        if self.root not in path.parents or not path.is_dir():
            raise gone
        return path

    def folders(self) -> Iterator[Path]:
        """Yield what looks like a run folder, newest first."""
        found = []
        for place, inner, files in os.walk(self.root):
            depth = len(Path(place).relative_to(self.root).parts)
            inner[:] = [name for name in inner if not name.startswith(".")]
            if depth and {"config.json", "run.sqlite"} & set(files):
                found.append(Path(place))
                inner.clear()
            elif depth >= DEEPEST:
                inner.clear()
        yield from sorted(found, key=_age)[:MOST]

    def listed(self) -> list[dict[str, Any]]:
        """Return the answer to /api/runs."""
        return [self.row(folder) for folder in self.folders()]

    def row(self, folder: Path) -> dict[str, Any]:
        """Return what the list says of a run."""
        stands = standing(folder)
        words = _words(folder)
        return {
            "id": folder.relative_to(self.root).as_posix(),
            "name": folder.name,
            "task": str(words.get("task") or ""),
            "started": str(words.get("started") or ""),
            "setting": _wished(words),
            **stands._asdict(),
        }

    def run(self, name: str) -> dict[str, Any]:
        """Return the answer to /api/runs/{id}."""
        folder = self.place(name)
        answer = self.row(folder)
        readable = answer["state"] != "broken"
        answer["columns"] = (
            [_column(c) for c in list_columns(folder)] if readable else []
        )
        if readable and answer["steps"] <= LARGE:
            return answer | self.reading(name)
        return answer | dict.fromkeys(("sentences", "snippets", "explore_state"))

    def reading(self, name: str) -> dict[str, Any]:
        """Return the answer to /api/runs/{id}/reading."""
        folder = self.place(name)
        try:
            history = read_history(folder)
        except ValueError as error:
            return {"sentences": [str(error)], "snippets": [], "explore_state": None}
        return {
            "sentences": sentences(history),
            "snippets": [
                {
                    "framework": framework,
                    "code": None if code.startswith("#") else code,
                    "note": code[2:] if code.startswith("#") else "",
                    "equivalent": not code.startswith("#"),
                }
                for framework, code in spellings(history).items()
            ],
            "explore_state": explore_state(history),
        }

    def data(self, name: str, columns: str, points: str, since: str) -> bytes:
        """Return the answer to /api/runs/{id}/data.

        Args:
            name: Its path below the root.
            columns: Names, with commas between.
            points: About how many rows at most; "": as usual.
            since: Only steps after this one; "": all.

        Returns:
            A header and double-precision numbers, column after column.

        Raises:
            Fault: If there is no such run or column.
        """
        folder = self.place(name)
        asked = [each for each in columns.split(",") if each][:40]
        most = min(max(_whole(points, POINTS, "points"), 2), MOST_POINTS)
        try:
            rows = read_columns(folder, asked, most, _whole(since, -1, "since"))
        except ValueError as error:
            raise Fault(str(error), "columns") from error
        header = {
            "columns": rows.columns,
            "shape": rows.values.shape,
            "last_step": rows.last_step,
            "decimated": rows.decimated,
        }
        return packed(header, rows.values.astype("<f8"))

    async def stream(self, name: str) -> AsyncIterator[bytes]:
        """Yield what happens in a run, as events: new rows, and a new state.

        Args:
            name: Its path below the root.

        Yields:
            "rows" with `last_step`, and "state" with the run's row of the list.
        """
        folder = self.root.joinpath(*name.split("/"))
        steps, state, look = -2, "", 0
        while True:
            stands = await to_thread.run_sync(standing, folder)
            last = await to_thread.run_sync(_last_step, folder)
            if last != steps:  # before the state: who sees the end has all rows
                steps = last
                yield _event("rows", {"last_step": last}, last)
            if stands.state != state or look % _STATE_EVERY == 0:
                state = stands.state
                yield _event("state", stands._asdict(), last)
            look += 1
            await anyio.sleep(LOOK_EVERY)


def _event(kind: str, data: dict[str, Any], step: int) -> bytes:
    return b"event: %b\nid: %d\ndata: %b\n\n" % (kind.encode(), step, to_json(data))


def _last_step(folder: Path) -> int:
    """Return the last step on record; -1 if there is none, or no longer a run."""
    try:
        return read_columns(folder, ("step",), 2, since=2**62).last_step
    except (ValueError, OSError):
        return -1


def _age(folder: Path) -> float:
    try:
        return -folder.stat().st_mtime
    except OSError:
        return 0.0


def _words(folder: Path) -> dict[str, Any]:
    try:
        return dict(read_words(folder))
    except (ValueError, OSError):
        return {}


def _column(name: str) -> dict[str, str]:
    title, unit = TITLES.get(name, (name.replace("_", " ").capitalize(), ""))
    return {"name": name, "title": title, "unit": unit}


def _wished(words: dict[str, Any]) -> str:
    """Return a run's setting in the words it was given, in a line."""
    options = words.get("options")
    options = options if isinstance(options, dict) else {}
    given = options.get("optimizer")
    said = [f"{k} {_plainly(v)}" for k, v in (given or {}).items() if v is not None]
    method = options.get("method") or "sgd"
    return ", ".join([str(method), *said]) if isinstance(given, dict) else str(method)


def _plainly(value: Any) -> str:
    return short(value) if isinstance(value, float) else str(value)


def _whole(text: str, usual: int, name: str) -> int:
    try:
        return int(text) if text else usual
    except ValueError:
        raise Fault(f"`{name}` must be a whole number.", name) from None


def explore_state(history: History) -> dict[str, str] | None:
    """Return the state in which Explore rolls as a run did.

    The landscape is the bowl of its two sharpest directions at the last probe, or the
    usual ravine where none was taken.

    Args:
        history: The run.

    Returns:
        The state in the words of the address; None where its kinetic energy has no
        single particle.
    """
    setting = read_setting(history)
    if not setting.newtonian or not setting.lr_peak > 0:
        return None
    state = State(
        settings=(like(setting.lr_peak, min(max(setting.momentum, 0.0), 1.0)),),
        integrator="nesterov" if setting.nesterov else "symplectic_euler",
    )
    bent = [float(f"{probe['curvature'][-1]:.6g}") for probe in history.probes.values()]
    bowls = sorted(c for c in bent if c > 0)
    if bowls:
        text = f"({bowls[0]:.6g}*x**2 + {bowls[-1]:.6g}*y**2)/2"
        state = state._replace(landscape=OWN, formula=text)
    return encode(state)
