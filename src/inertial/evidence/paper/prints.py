"""The paper's table beside ours: on a terminal, and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table as Grid

from inertial.evidence.paper.order import (
    Best,
    Claim,
    best_of,
    claims,
    learnt,
    sentence,
)
from inertial.evidence.paper.published import PUBLISHED

Results = Sequence[Mapping[str, Any]]
_HEAD = ("setting", "paper", "ours", "learning rate", "remark")
_CLAIM_HEAD = ("claim", "paper", "ours", "verdict")


def rows(results: Results) -> list[tuple[str, str, str, str, str]]:
    """Return the table of one task, a row for each setting.

    Args:
        results: Of `run.judged`, one for each seed of one task at one scale.

    Returns:
        Setting, the paper's figure, ours (with the range over seeds), the learning rate
        at which ours was best, and what to beware of.

    Raises:
        ValueError: If the results are of different tasks, scales or lengths.
    """
    first = results[0]
    for word in ("paper", "scale", "done"):
        if len({result[word] for result in results}) > 1:
            raise ValueError(
                f"`results` must agree in {word!r}, but do not. Make one table of each."
            )
    table = PUBLISHED[first["paper"]]
    found = [
        (str(setting), _number(table.errors[setting]), *_told(best))
        for setting, best in best_of(results).items()
    ]
    printed = "" if table.baseline is None else _number(table.baseline)
    blind = ("biases alone", printed, _number(first["baseline"]), "", "")
    return [blind, *found]


def order(results: Results) -> list[Claim]:
    """Return what the results of one task say about the order of the settings.

    Args:
        results: Of `run.judged`, one for each seed.
    """
    ours = {setting: best.error for setting, best in best_of(results).items()}
    return claims(PUBLISHED[results[0]["paper"]].errors, ours)


def how(results: Results) -> str:
    """Return how the results came to be: scale, updates, seeds, device, time.

    Args:
        results: Of `run.judged`, one for each seed.
    """
    first = results[0]
    where = first["device"]
    if where == "cpu":
        where = f"CPU, {first['threads']} thread{'s' * (first['threads'] > 1)}"
    numbers = ", ".join(str(result["seed"]) for result in results)
    seeds = f"seed{'s' * (len(results) > 1)} {numbers}"
    minutes = max(result.get("seconds", 0.0) for result in results) / 60
    told = (
        f"Scale {first['scale']:g}: {first['done']:,} of the paper's "
        f"{first['paper_updates']:,} updates; {seeds}; {where}, PyTorch "
        f"{first['torch']}, {minutes:.0f} minutes for a seed."
    )
    if first["done"] < first["updates"]:
        told += (
            f" Stopped before its end, which is at update {first['updates']:,}: the "
            "momentum had not come to the end of its schedule."
        )
    return told


def warning(results: Results) -> str:
    """Return what a reader must know before comparing the settings, or "".

    Args:
        results: Of `run.judged`, one for each seed.
    """
    row = {setting: best.error for setting, best in best_of(results).items()}
    if learnt(row, results[0]["baseline"]):
        return ""
    return (
        "No setting learnt more than the biases alone would answer: at this scale the "
        "order says nothing."
    )


def shown(results: Results) -> list[Grid | str]:
    """Return what a terminal shows of one task.

    Args:
        results: Of `run.judged`, one for each seed.
    """
    place = PUBLISHED[results[0]["paper"]].place
    found = order(results)
    told = [(c.about, c.paper, c.ours, c.verdict) for c in found]
    parts: list[Grid | str] = [
        _grid(f"Sutskever et al. (2013), {place}", _HEAD, rows(results)),
        how(results),
        _grid("The order", _CLAIM_HEAD, told),
        warning(results),
        sentence(found),
    ]
    return [part for part in parts if part]


def markdown(results: Results) -> str:
    """Return one task's tables as Markdown.

    Args:
        results: Of `run.judged`, one for each seed.

    Example:
        >>> cells = [{"kind": s.kind, "momentum": s.momentum, "rate": 0.1, "error": e}
        ...          for s, e in PUBLISHED["add"].errors.items()]
        >>> same = {"paper": "add", "scale": 1.0, "done": 1, "updates": 1,
        ...         "paper_updates": 1, "seed": 0, "device": "cpu", "threads": 1,
        ...         "torch": "2", "baseline": 0.82, "cells": cells}
        >>> print(markdown([same]).splitlines()[-1])
        8 of 8 claims about the order are as in the paper.
    """
    found = order(results)
    told = [(c.about, c.paper, c.ours, c.verdict) for c in found]
    parts = [
        f"The paper's {PUBLISHED[results[0]['paper']].place}.",
        how(results),
        _pipes(_HEAD, rows(results)),
        _pipes(_CLAIM_HEAD, told),
        warning(results),
        sentence(found),
    ]
    return "\n\n".join(part for part in parts if part)


def _told(best: Best) -> tuple[str, str, str]:
    if not math.isfinite(best.error):
        return "diverged", "none", f"all {best.diverged} rates diverged"
    ours = _number(best.error)
    if len(best.seeds) > 1:
        ours += f" ({_number(min(best.seeds))} to {_number(max(best.seeds))})"
    remarks = []
    if best.at_edge:
        remarks.append("edge of the grid")
    if best.diverged:
        rates = "rate" if best.diverged == 1 else "rates"
        remarks.append(f"{best.diverged} {rates} diverged")
    return ours, f"{best.rate:g}", ", ".join(remarks)


def _number(value: float) -> str:
    return f"{value:.2g}" if value < 0.1 else f"{value:.3g}"


def _grid(title: str, head: tuple[str, ...], body: Sequence[tuple[str, ...]]) -> Grid:
    grid = Grid(title=title, title_justify="left", box=None, pad_edge=False)
    for index, word in enumerate(head):
        grid.add_column(word, no_wrap=index == 0, style="bold" if index == 0 else None)
    for row in body:
        grid.add_row(*row)
    return grid


def _pipes(head: tuple[str, ...], body: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
