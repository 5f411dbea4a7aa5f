"""The answer in prose: Markdown in, plain HTML out, with links to the statements."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NAME = re.compile(r"(?:inertial evidence )?([TQN]\d{1,2})")


def answer() -> str:
    """Return the answer, as Markdown.

    Example:
        >>> answer().startswith("# What are mass and velocity")
        True
    """
    return (files("inertial.evidence") / "answer.md").read_text(encoding="utf-8")


def rendered(markdown: str, known: Container[str] = ()) -> str:
    """Return Markdown as HTML that can do no harm: no HTML passes through.

    A statement's name in code, such as `T03`, becomes a link to its place on the page,
    and a block of kind `text` is set as a formula.

    Args:
        markdown: The text. Its title (# ...) is left out: the page has its own.
        known: The statements that are on the page.

    Example:
        >>> rendered("See `T03`, <b>not</b> `T09`.", known={"T03"})
        '<p>See <a class="ref" href="#T03" title="inertial evidence T03">T03</a>,
        &lt;b&gt;not&lt;/b&gt; <code>T09</code>.</p>'
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.options["known"] = known
    reader.add_render_rule("code_inline", _code)
    reader.add_render_rule("fence", _block)
    reader.add_render_rule("table_open", _table_open)
    reader.add_render_rule("table_close", _table_close)
    text = re.sub(r"\A# .*\n", "", markdown)
    return reader.render(text).strip()


def _code(
    _: Any, tokens: Sequence[Token], at: int, options: Any, environment: Any
) -> str:
    text = tokens[at].content
    named = _NAME.fullmatch(text)
    if named is None or named[1] not in options["known"]:
        return f"<code>{escape(text)}</code>"
    title = f"inertial evidence {named[1]}"
    return f'<a class="ref" href="#{named[1]}" title="{title}">{escape(text)}</a>'


def _block(
    _: Any, tokens: Sequence[Token], at: int, options: Any, environment: Any
) -> str:
    text = escape(tokens[at].content.rstrip())
    if tokens[at].info.strip() != "text":
        return f"<pre>{text}</pre>\n"
    text = re.sub(r"(?<![A-Za-z])(d?)([a-zα-ω])(?![A-Za-z])", r"\1<i>\2</i>", text)
    rows = (re.split(r" {3,}", line) for line in text.split("\n"))
    lines = "".join(
        f"<div>{''.join(f'<span>{cell}</span>' for cell in row)}</div>" for row in rows
    )
    return f'<div class="formula">{lines}</div>\n'


def _table_open(*_: Any) -> str:
    return '<div class="wide"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"
