"""What `inertial evidence` prints: a table of many, or all numbers of a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inertial.evidence.numbers import measured, number, predicted
from inertial.evidence.quotes import SENTENCES
from inertial.evidence.run import Result
from inertial.evidence.statement import Statement

MARKS = {"true": "✓", "true only if": "◐", "false": "✗"}
CHANGED = "CHANGED"
_COLOURS = {"true": "green", "true only if": "yellow", "false": "red"}


def verdict(statement: Statement, result: Result) -> Text:
    """Return the verdict as a mark and a word, or that it changed.

    Args:
        statement: With the verdict it should have.
        result: Of its experiment.
    """
    if not result.holds:
        return Text(f"! {CHANGED}", style="bold reverse red")
    word = statement.verdict
    return Text(f"{MARKS[word]} {word}", style=_COLOURS[word])


def overview(chosen: Sequence[Statement], results: Mapping[str, Result]) -> Table:
    """Return a table of statements, a row each.

    Args:
        chosen: The statements.
        results: name -> what came of it.
    """
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 1, 0))
    table.add_column("", no_wrap=True, style="bold")
    table.add_column("claim", ratio=3)
    table.add_column("verdict", no_wrap=True)
    table.add_column("predicted → measured", ratio=2)
    table.add_column("s", justify="right", no_wrap=True, style="dim")
    for statement in chosen:
        result = results[statement.name]
        table.add_row(
            statement.name,
            escape(statement.sentence),
            verdict(statement, result),
            escape(_telling(result)),
            f"{result.seconds:.1f}",
        )
    return table


def _telling(result: Result) -> str:
    told = result.telling
    if result.error or told is None:
        return result.error
    return f"{told.what}: {predicted(told)} → {measured(told)}"


def detail(statement: Statement, result: Result) -> Group:
    """Return everything about one statement.

    Args:
        statement: The statement.
        result: What came of it.
    """
    title = Text.assemble((statement.name, "bold"), "  ", statement.sentence)
    lines = [f"Why: {because(statement)}", f"Prediction: {statement.prediction}"]
    lines += [
        f"The page, {name}: “{SENTENCES[name].said}”"
        for name in statement.page
        if name in SENTENCES
    ]
    words = [Text(line) for line in lines]
    parts: list[Any] = [
        title,
        verdict(statement, result),
        *words,
        Text(),
        _comparisons(result),
    ]
    return Group(*(Padding(p, (0, 0, 0, 0 if p is title else 5)) for p in parts))


def because(statement: Statement) -> str:
    """Return the reason as a sentence: "Only if ..." where there is a condition.

    Args:
        statement: The statement.
    """
    text = statement.because
    if statement.verdict == "true only if" and not text.lower().startswith("only if"):
        return f"only if {text}"
    return text


def _comparisons(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("", "what", "predicted", "measured", "within", "why so near"):
        table.add_column(name, overflow="fold")
    for comparison in result.comparisons:
        table.add_row(
            Text("✓", style="green") if comparison.holds else Text("✗", style="red"),
            escape(comparison.what),
            predicted(comparison),
            measured(comparison),
            number(comparison.tolerance, 2),
            escape(comparison.why),
        )
    return table
