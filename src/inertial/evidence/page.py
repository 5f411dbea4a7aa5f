"""The page: the question, the physics in five pictures, and every claim with proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from inertial.evidence.cards import CLASSES, claims, quotes
from inertial.evidence.look import alone, look
from inertial.evidence.pictures import pictures
from inertial.evidence.prose import answer, rendered
from inertial.evidence.quotes import COMMENTS, SENTENCES
from inertial.evidence.run import Result
from inertial.evidence.statement import Statement
from inertial.report.page import POLICY

TITLE = "What are mass and velocity in gradient descent?"
TABS = {
    "answer": "The answer",
    "physics": "Physics",
    "sentences": "The page",
    "claims": "Claims",
}


def page(chosen: Sequence[Statement], results: Mapping[str, Result], seed: int) -> str:
    """Return the whole page: one file that asks for nothing and runs nothing.

    Args:
        chosen: The statements on it.
        results: name -> what came of it, with its figure.
        seed: With which they were run.
    """
    known = {statement.name: statement for statement in chosen}
    bodies = {
        "answer": f'<div class="prose">{rendered(answer(), known)}</div>',
        "physics": _physics(),
        "sentences": _sentences(known),
        "claims": _filters(chosen) + claims(chosen, results, seed),
    }
    tabs = "\n".join(
        f'<section class="tab" id="{name}" aria-label="{escape(TABS[name])}">{body}'
        "</section>"
        for name, body in bodies.items()
    )
    links = "".join(
        f'<li><a href="#{name}">{escape(title)}</a></li>'
        for name, title in TABS.items()
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE} · Inertial</title>\n"
        f"<style>{look(TABS, _buttons(chosen))}</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">Momentum, put to the test</p><h1>{TITLE}</h1>'
        f"{_lead(chosen, results)}</header>\n<nav><ul>{links}</ul></nav>\n"
        f"<main>\n{tabs}\n</main>\n<footer>{_footer(results, seed)}</footer>\n"
        "</body>\n</html>\n"
    )


def picture_file(svg: str) -> str:
    """Return a figure as a file of its own, with its colours, light and dark.

    Args:
        svg: As an experiment's result has it.
    """
    opening, _, rest = svg.partition(">")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"{opening}><style>{alone()}</style>{rest}"
    )


def _lead(chosen: Sequence[Statement], results: Mapping[str, Result]) -> str:
    counts = Counter(statement.verdict for statement in chosen)
    changed = sum(not results[statement.name].holds for statement in chosen)
    told = [
        f"<b>{counts['true']}</b> hold",
        f"<b>{counts['true only if']}</b> hold under a condition",
        f"<b>{counts['false']}</b> do not",
    ]
    noun = "claim" if len(chosen) == 1 else "claims"
    lead = (
        f"And what does momentum really do? {len(chosen)} {noun} about it, each an "
        f"experiment that you can run again: {', '.join(told)}."
    )
    if changed:
        lead += f" <b>In this run {changed} came out otherwise than predicted.</b>"
    return f'<p class="lead">{lead}</p>'


def _physics() -> str:
    shown = []
    for count, picture in enumerate(pictures(), start=1):
        shown.append(
            f'<div class="story"><figure>{picture.svg}</figure><div>'
            f'<p class="count">{count} of 5</p><h3>{escape(picture.title)}</h3>'
            f"<p>{escape(picture.caption)}</p></div></div>"
        )
    return "<h2>The physics in five pictures</h2>" + "\n".join(shown)


def _sentences(known: Mapping[str, Statement]) -> str:
    return (
        "<h2>What the page says</h2><p>The question was answered before, on a page "
        "that many have read. Its sentences in few words, each with what the "
        f"experiments say of it.</p>{quotes(SENTENCES, known)}"
        "<h2>What the comments ask</h2>" + quotes(COMMENTS, known)
    )


def _buttons(chosen: Sequence[Statement]) -> list[tuple[str, str, str]]:
    """Return (id, class that stays visible, group) of each filter."""
    spoken = {name for statement in chosen for name in statement.page}
    verdicts = [(f"by-{kind}", kind, "by") for kind in CLASSES.values()]
    return verdicts + [(f"on-{c}", c, "on") for c in SENTENCES if c in spoken]


def _filters(chosen: Sequence[Statement]) -> str:
    groups: dict[str, list[str]] = {"by": [], "on": []}
    titles = {kind: word for word, kind in CLASSES.items()}
    for button, kind, group in _buttons(chosen):
        said = SENTENCES[kind].said if kind in SENTENCES else ""
        groups[group].append(
            f'<label title="{escape(said)}"><input type="radio" name="{group}" '
            f'id="{button}"><span>{titles.get(kind, kind)}</span></label>'
        )
    everything = (
        '<label><input type="radio" name="{0}" id="{0}-all" checked><span>all</span>'
        "</label>"
    )
    return (
        '<form class="filters">'
        + "".join(
            f'<fieldset class="filter"><legend>{legend}</legend>'
            f"{everything.format(group)}{''.join(groups[group])}</fieldset>"
            for group, legend in (("by", "Verdict"), ("on", "The page’s sentence"))
        )
        + "</form>"
    )


def _footer(results: Mapping[str, Result], seed: int) -> str:
    seconds = sum(result.seconds for result in results.values())
    option = " --networks" * all(name.startswith("N") for name in results)
    return (
        f"Made by Inertial, gradient descent with mass: {len(results)} experiments, "
        f"seed {seed}, {seconds:.0f} s of computing. "
        f"Run all of them again: <code>inertial evidence{option} --html "
        "evidence.html</code>"
    )
