"""`inertial evidence --paper`: say how long, run with a bar, print, keep."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from inertial.evidence.paper.prints import shown
from inertial.evidence.paper.run import Moment, Plan, Trained, judged, train
from inertial.training.checkpoint import write_whole

INTERRUPTED = 130
PROBE = 3  # updates: the first two are slower, the third says how long all will take
_SCALES = {"curves": 0.001}
_SCALE = 0.03  # a quarter of an hour on one core, as the 0.001 of Curves


def prepare(
    name: str,
    *,
    scale: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    rates: str | None = None,
    out: Path | None = None,
) -> Trained:
    """Make ready to make one row of the paper again.

    Args:
        name: The task: "curves", "add", "mul", "mem5" or "mem20".
        scale: Share of the paper's updates; None for about a quarter of an hour.
        seed: Of all chance.
        device: "cpu" or "cuda".
        rates: Learning rates with commas between them; None for the paper's.
        out: Where the result will go; see `carry_out`.

    Returns:
        The run, before its first update.

    Raises:
        ValueError: If a word makes no sense.

    Example:
        >>> prepare("add", scale=0.0001).plan.updates
        5
    """
    if out is not None:
        _check_place(out)
    if scale is None:
        scale = _SCALES.get(name, _SCALE)
    tried = None if rates is None else _numbers(rates)
    return train(Plan(name, scale, seed, device, tried))


def carry_out(trained: Trained, out: Path | None = None) -> int:
    """Run, and print the paper's row beside ours.

    An interrupted run is judged where it stands.

    Args:
        trained: From `prepare`.
        out: A JSON file for the result; None for none.

    Returns:
        0, or 130 if it was interrupted.

    Raises:
        OSError: If the file cannot be written.
    """
    start = time.perf_counter()
    moment = _watched(trained)
    result = judged(trained, moment)
    result["seconds"] = time.perf_counter() - start
    _print(result)
    if out is not None:
        write_whole(out, f"{json.dumps(result, indent=1)}\n".encode())
        print(f"Result: {out}")
    return 0 if moment.done == trained.plan.updates else INTERRUPTED


def _check_place(out: Path) -> None:
    """Refuse a place that cannot be written to before anything has run.

    Raises:
        ValueError: If it is one.
    """
    if out.is_dir():
        raise ValueError(
            f"--out {out} must be a file, but is a folder; try {out / 'paper.json'}."
        )
    if not out.parent.is_dir():
        raise ValueError(f"--out: there is no folder {out.parent}; make it first.")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise ValueError(f"--out: the folder {out.parent} cannot be written to.")


def _numbers(rates: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, rates.split(",")))
    except ValueError as error:
        raise ValueError(
            f"--rates must be numbers with commas between them, such as 0.01,0.001, "
            f"but is {rates!r}."
        ) from error


def _watched(trained: Trained) -> Moment:
    """Train to the end, or to Ctrl-C.

    Returns:
        The last whole update.
    """
    plan = trained.plan
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        Remaining(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    moment = next(trained.moments)
    try:
        with bar:
            task = bar.add_task(plan.name, total=plan.updates)
            before = time.perf_counter()
            for moment in trained.moments:
                bar.update(task, completed=moment.done)
                now = time.perf_counter()
                if moment.done == PROBE < plan.updates:
                    left = (now - before) * (plan.updates - moment.done)
                    console.print(_forecast(plan, left), highlight=False)
                before = now
    except KeyboardInterrupt:
        console.print(f"Stopped after {moment.done} of {plan.updates} updates.")
    return moment


def _forecast(plan: Plan, seconds: float) -> str:
    long = f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    return (
        f"{len(plan.members)} members, {plan.updates} updates each: about {long}. "
        "Ctrl-C judges them where they stand."
    )


def _print(result: dict[str, Any]) -> None:
    console = Console(highlight=False)
    for part in shown([result]):
        console.print(part, markup=False, soft_wrap=isinstance(part, str))
        console.print()
