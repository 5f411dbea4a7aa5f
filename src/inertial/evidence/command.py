"""The command `inertial evidence`: choose, run with a bar, print, write, judge."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from inertial.evidence.prints import CHANGED, detail, overview
from inertial.evidence.run import Result, run
from inertial.evidence.statement import Statement
from inertial.evidence.table import find

CHANGED_CODE = 1
_PATIENCE = "This trains networks: minutes on two cores, for all six about two."


class Unusable(ValueError):
    """Words that find nothing, or a place that cannot be written to: one line."""


def evidence(
    words: Sequence[str] = (),
    *,
    figures: Path | None = None,
    html: Path | None = None,
    seed: int = 0,
    networks: bool = False,
) -> int:
    """Run statements, print what came of them, and write what was asked for.

    Args:
        words: Which; see `find`. None at all means everything.
        figures: A folder for the figures, one SVG each; made if it is missing.
        html: A file for the page of all that ran.
        seed: Of all chance.
        networks: Whether to choose among those that train networks, for minutes.

    Returns:
        0 if every verdict stands, 1 if one changed.

    Raises:
        Unusable: If the words find nothing, or a place cannot be written to.
    """
    if seed < 0:
        raise Unusable(f"--seed must be 0 or more, but is {seed}.")
    try:
        chosen = _trained(words) if networks else find(words)
        _check_places(figures, html)
    except ValueError as error:
        raise Unusable(str(error)) from error
    except OSError as error:
        raise Unusable(_unwritable(error)) from error
    if networks:
        print(_PATIENCE, file=sys.stderr)
    start = time.perf_counter()
    results = _watched(chosen, seed, pictures=bool(figures or html))
    seconds = time.perf_counter() - start
    _print(chosen, results, seconds)
    try:
        _write(chosen, results, figures, html, seed)
    except OSError as error:
        raise Unusable(_unwritable(error)) from error
    return 0 if all(r.holds for r in results.values()) else CHANGED_CODE


def _trained(words: Sequence[str]) -> list[Statement]:
    from inertial.evidence.networks.table import NETWORK_STATEMENTS

    return find(words, NETWORK_STATEMENTS)


def _unwritable(error: OSError) -> str:
    return f"cannot write {str(error.filename)!r}: {error.strerror}."


def _check_places(figures: Path | None, html: Path | None) -> None:
    """Refuse places that cannot be written to before anything has run.

    Raises:
        ValueError: If there is one.
    """
    if figures is not None:
        if figures.exists() and not figures.is_dir():
            raise ValueError(f"--figures {figures} must be a folder, but is a file.")
        figures.mkdir(parents=True, exist_ok=True)
        _check_writable("--figures", figures)
    if html is not None:
        if html.is_dir():
            raise ValueError(
                f"--html {html} must be a file, but is a folder; "
                f"try {html / 'evidence.html'}."
            )
        if not html.parent.is_dir():
            raise ValueError(
                f"--html: there is no folder {html.parent}; make it first."
            )
        _check_writable("--html", html.parent)
    if figures is not None or html is not None:
        _check_matplotlib()


def _check_writable(option: str, folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: the folder {folder} cannot be written to.")


def _check_matplotlib() -> None:
    import importlib.util

    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError(
            "figures need matplotlib, which is missing; "
            "install it: pip install 'inertial[train]'"
        )


def _watched(
    chosen: Sequence[Statement], seed: int, *, pictures: bool
) -> dict[str, Result]:
    """Run, with a bar on a terminal.

    Returns:
        name -> what came of it, in the order chosen.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        Elapsed(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    found: dict[str, Result] = {}
    with bar, contextlib.closing(run(chosen, seed, pictures=pictures)) as finished:
        task = bar.add_task("starting", total=len(chosen))
        for result in finished:
            found[result.name] = result
            said = result.name if result.holds else f"{result.name} {CHANGED}"
            bar.update(task, advance=1, description=said)
    return {statement.name: found[statement.name] for statement in chosen}


def _print(
    chosen: Sequence[Statement], results: dict[str, Result], seconds: float
) -> None:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Greek
    console = Console(highlight=False)
    if len(chosen) <= 3:
        for statement in chosen:
            console.print(detail(statement, results[statement.name]))
    else:
        console.print(overview(chosen, results))
    console.print(_summary(chosen, results, seconds), markup=False, soft_wrap=True)


def _summary(
    chosen: Sequence[Statement], results: dict[str, Result], seconds: float
) -> str:
    broken = [result for result in results.values() if result.error]
    lines = [f"{result.name} broke: {result.error}" for result in broken]
    counts = Counter(statement.verdict for statement in chosen)
    told = ", ".join(
        f"{counts[verdict]} {verdict}"
        for verdict in ("true", "true only if", "false")
        if counts[verdict]
    )
    noun = "statement" if len(chosen) == 1 else "statements"
    changed = [name for name, result in results.items() if not result.holds]
    if changed:
        share = f"{len(changed)} of {len(chosen)} {noun}"
        end = f"Not as predicted: {share}: {', '.join(changed)}"
    else:
        end = f"{len(chosen)} {noun}: {told}. Every measurement is as predicted"
    return "\n".join([*lines, f"{end} ({seconds:.1f} s)."])


def _write(
    chosen: Sequence[Statement],
    results: dict[str, Result],
    figures: Path | None,
    html: Path | None,
    seed: int,
) -> None:
    if figures is None and html is None:
        return
    from inertial.evidence.page import page, picture_file
    from inertial.training.checkpoint import write_whole

    if figures is not None:
        drawn = [result for result in results.values() if result.svg]
        for result in drawn:
            file = figures / f"{result.name}.svg"
            write_whole(file, picture_file(result.svg).encode())
        print(f"Figures: {figures} ({len(drawn)} files)")
    if html is not None:
        write_whole(html, page(chosen, results, seed).encode())
        print(f"Page: {html}")
