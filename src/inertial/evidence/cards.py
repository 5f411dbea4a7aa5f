"""The claims on the page: each opens to its experiment, numbers, figure and command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from inertial.evidence.numbers import measured, number, predicted
from inertial.evidence.prints import MARKS, because
from inertial.evidence.quotes import SENTENCES, Quote
from inertial.evidence.run import Result
from inertial.evidence.statement import Comparison, Statement

CLASSES = {"true": "true", "true only if": "only-if", "false": "false"}


def badge(verdict: str, *, holds: bool = True) -> str:
    """Return a verdict as a mark and a word.

    Args:
        verdict: "true", "true only if" or "false".
        holds: Whether the measurement still says so.
    """
    if not holds:
        return '<span class="verdict changed">! changed</span>'
    told = f"{MARKS[verdict]} {verdict}"
    return f'<span class="verdict {CLASSES[verdict]}">{told}</span>'


def claims(
    chosen: Sequence[Statement], results: Mapping[str, Result], seed: int
) -> str:
    """Return all claims, topic by topic.

    Args:
        chosen: The statements.
        results: name -> what came of it.
        seed: With which they were run.
    """
    topics: dict[str, list[str]] = {}
    for statement in chosen:
        card = _claim(statement, results[statement.name], seed)
        topics.setdefault(statement.topic or "Other", []).append(card)
    return "\n".join(
        f'<section class="topic"><h2>{escape(_title(topic))}</h2>{"".join(cards)}'
        "</section>"
        for topic, cards in topics.items()
    )


def _title(topic: str) -> str:
    return topic[:1].upper() + topic[1:]


def _claim(statement: Statement, result: Result, seed: int) -> str:
    kinds = " ".join(["claim", CLASSES[statement.verdict], *statement.page])
    name = escape(statement.name)
    return (
        f'<details class="{escape(kinds)}"><summary><span class="name">{name}</span>'
        f"{badge(statement.verdict, holds=result.holds)}"
        f'<span class="sentence">{escape(statement.sentence)}</span></summary>'
        f'<div class="body" id="{name}"><div class="inside">'
        f"<div>{_told(statement, result, seed)}</div>{_figure(result)}</div>"
        f"{_numbers(result)}</div></details>\n"
    )


def _told(statement: Statement, result: Result, seed: int) -> str:
    option = "--networks " if statement.name.startswith("N") else ""
    command = f"inertial evidence {option}{statement.name}"
    if seed:
        command += f" --seed {seed}"
    page = "".join(
        f"<dt>The page says ({name})</dt><dd><q>{escape(SENTENCES[name].said)}</q></dd>"
        for name in statement.page
        if name in SENTENCES
    )
    broken = f"<dt>Broke</dt><dd>{escape(result.error)}</dd>" if result.error else ""
    return (
        f'<p class="because">{escape(_sentence(because(statement)))}</p><dl>{broken}'
        f"<dt>Prediction</dt><dd>{escape(statement.prediction)}</dd>{page}"
        f"<dt>Run it again</dt><dd><pre>{escape(command)}</pre></dd></dl>"
    )


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _figure(result: Result) -> str:
    if not result.svg:
        return ""
    caption = f"<figcaption>{escape(result.seen)}</figcaption>" if result.seen else ""
    return f"<figure>{result.svg}{caption}</figure>"


def _numbers(result: Result) -> str:
    if not result.comparisons:
        return ""
    names = ("what", "predicted", "measured", "may differ by", "because", "")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(_row(comparison) for comparison in result.comparisons)
    return (
        '<div class="numbers-of"><table><caption>Every number that was compared.'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(comparison: Comparison) -> str:
    held = ("ok", "✓ agrees") if comparison.holds else ("off", "✗ does not agree")
    cells = (
        ("predicted", "number", predicted(comparison)),
        ("measured", "number", measured(comparison)),
        ("may differ by", "number", number(comparison.tolerance, 2)),
        ("because", "why", comparison.why),
        ("", *held),
    )
    told = "".join(
        f'<td class="{kind}" data-of="{name}">{escape(text)}</td>'
        for name, kind, text in cells
    )
    return f'<tr><th scope="row">{escape(comparison.what)}</th>{told}</tr>'


def quotes(table: Mapping[str, Quote], known: Mapping[str, Statement]) -> str:
    """Return what the page says, each with its verdict and the statements behind it.

    Args:
        table: name -> quote.
        known: The statements that are on the page.
    """
    items = "".join(_quote(name, quote, known) for name, quote in table.items())
    return f'<ul class="quotes">{items}</ul>'


def _quote(name: str, quote: Quote, known: Mapping[str, Statement]) -> str:
    links = " ".join(
        f'<a class="ref" href="#{other}">{other}</a>'
        if other in known
        else f"<code>{other}</code>"
        for other in quote.names
    )
    answer = quote.answer
    if quote.verdict == "true only if":
        answer = f"Only if {answer}"
    return (
        f'<li id="{name}"><span class="name">{name}</span>{badge(quote.verdict)}'
        f'<div class="said"><q>{escape(quote.said)}</q>'
        f"<p>{escape(answer)} {links}</p></div></li>"
    )
