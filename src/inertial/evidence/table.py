"""All statements, in order, and how one is found: by its name, the page, or words."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence

from inertial.evidence.quotes import COMMENTS, SENTENCES
from inertial.evidence.statement import Statement

_HERE = "inertial.evidence"

ROOMS = (
    "conversion",
    "derivation",
    "dictionary",
    "energies",
    "filter",
    "landscapes",
    "limits",
    "mass",
    "nesterov",
    "noise",
    "noise_limits",
    "noise_pace",
    "optimum",
    "overshoot",
    "questions",
    "scaling",
    "schedule",
    "speed",
    "stability",
    "stepping",
    "swings",
    "worst_case",
)
"""The modules that hold statements; a module may hold those of another as well."""


def collect(rooms: Iterable[str] = ROOMS) -> dict[str, Statement]:
    """Return the statements of some modules.

    Args:
        rooms: Names of modules of this package, each with a tuple `STATEMENTS`.

    Returns:
        name -> statement: first T01 to T60, then Q1 to Q5.

    Raises:
        ValueError: If two statements have one name.
    """
    found: dict[str, Statement] = {}
    for room in rooms:
        for statement in importlib.import_module(f"{_HERE}.{room}").STATEMENTS:
            if found.get(statement.name, statement) is not statement:
                raise ValueError(
                    f"{statement.name} is the name of two statements, the second in "
                    f"{_HERE}.{room}. Names never change: give the newer one the next "
                    "number."
                )
            found[statement.name] = statement
    return dict(sorted(found.items(), key=lambda item: _place(item[0])))


def _place(name: str) -> tuple[bool, int]:
    return name.startswith("Q"), int(name[1:])


STATEMENTS: Mapping[str, Statement] = collect()
"""name -> statement, in order."""


def find(
    words: Sequence[str], among: Mapping[str, Statement] | None = None
) -> list[Statement]:
    """Return the statements that some words mean.

    Args:
        words: Names ("T24", "q2", "N1"), sentences or comments of the question's page
            ("C7", "A3"), or words that a statement contains. Names and sentences add
            up; of the other words all must be there. None at all means everything.
        among: name -> statement. Default: all.

    Returns:
        The statements, in order, each once.

    Raises:
        ValueError: If a word finds nothing.

    Example:
        >>> [statement.name for statement in find(["t24"])]
        ['T24']
    """
    known = STATEMENTS if among is None else among
    if not words:
        return list(known.values())
    names = [word for word in words if re.fullmatch(r"[TQCAN]\d{1,3}", word.upper())]
    plain = [word for word in words if word not in names]
    chosen = {name for word in names for name in _named(word.upper(), known)}
    if plain:
        chosen |= _speaking(plain, known)
    return [statement for name, statement in known.items() if name in chosen]


def _named(word: str, known: Mapping[str, Statement]) -> list[str]:
    kind, number = word[0], int(word[1:])
    if kind in "TQN":
        name = f"T{number:02}" if kind == "T" else f"{kind}{number}"
        if name in known:
            return [name]
        if kind == "N" and known is STATEMENTS:
            raise ValueError(
                f"{name} would train networks, which takes minutes. If that is meant: "
                f"inertial evidence --networks {name}"
            )
        raise ValueError(f"there is no statement {word}; there are {_span(known)}.")
    name = f"{kind}{number}"
    told = name in SENTENCES or name in COMMENTS
    found = [s.name for s in known.values() if told and name in _spoken(s)]
    if found:
        return found
    if told:
        raise ValueError(
            f"no statement speaks of {name}. See: inertial evidence --help"
        )
    raise ValueError(
        f"the question's page has no {word}: its sentences are C1 to "
        f"C{len(SENTENCES)}, its comments A1 to A{len(COMMENTS)}."
    )


def _spoken(statement: Statement) -> set[str]:
    """Return the sentences and comments of the page that a statement speaks of."""
    comments = {
        name for name, comment in COMMENTS.items() if statement.name in comment.names
    }
    return comments.union(statement.page)


def _speaking(plain: Sequence[str], known: Mapping[str, Statement]) -> set[str]:
    found = {
        statement.name
        for statement in known.values()
        if all(word.lower() in _text(statement) for word in plain)
    }
    if not found:
        raise ValueError(
            f"no statement speaks of {' and '.join(map(repr, plain))}. Try another "
            f"word, such as noise or Nesterov, or a name: {_span(known)}."
        )
    return found


def _text(statement: Statement) -> str:
    words = (statement.sentence, statement.because, statement.topic)
    return " ".join(words).lower()


def _span(known: Mapping[str, Statement]) -> str:
    groups = ([n for n in known if n.startswith(kind)] for kind in "TQN")
    told = [f"{g[0]} to {g[-1]}" if len(g) > 1 else g[0] for g in groups if g]
    return " and ".join(told) or "none"
