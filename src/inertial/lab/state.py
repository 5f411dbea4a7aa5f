"""What the page shows, as one value, and as the fragment of its address.

Whatever a link holds makes a state: unknown keys are passed over, and what is out of
range is moved inside, with a sentence that says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from inertial.analysis.landscape import LANDSCAPES
from inertial.analysis.landscape.formula import BOX, LONGEST
from inertial.lab.controls import (
    BOX_REACH,
    CONTROLS,
    PARTICLES,
    REACH,
    TABS,
    WORK,
    clamped,
)
from inertial.physics import INTEGRATORS, KINETICS

VERSION = 1
OWN = "formula"  # the landscape that a person types
LANDSCAPE_NAMES = (*LANDSCAPES, OWN)
KINETIC_NAMES = tuple(
    name for name in KINETICS if KINETICS[name]().scope != "matrix"
)  # a place in the plane is a vector
Point = tuple[float, float]
Setting = tuple[float, float, float]
_USUAL: Setting = tuple(  # type: ignore[assignment]
    CONTROLS[name].default for name in ("mass", "friction", "time_step")
)


class State(NamedTuple):
    """Everything that a link to the lab says.

    Attributes:
        landscape: A name of `LANDSCAPES`, or "formula".
        formula: The text of the formula.
        box: The window of a formula: x from, x to, y from, y to. Unit: X.
        points: Where each particle starts; none: the landscape's own start. Unit: X.
        settings: (mass, friction, time step) of each particle; one is for all.
        integrator: A name of `INTEGRATORS`.
        kinetic: A name of `KINETICS`.
        noise: Standard deviation of the gradient's noise. Unit: L/X.
        seed: Of the noise.
        steps: How many are taken.
        step: The one that is looked at.
        tab: Which part of the page.
        run: The run that is looked at, if any.
        x: The column along its horizontal axis; "": the usual one.
        y: The column along its vertical axis; "": the usual one.
    """

    landscape: str = "ravine"
    formula: str = ""
    box: tuple[float, float, float, float] = (*BOX[0], *BOX[1])
    points: tuple[Point, ...] = ()
    settings: tuple[Setting, ...] = (_USUAL,)
    integrator: str = "symplectic_euler"
    kinetic: str = "newtonian"
    noise: float = CONTROLS["noise"].default
    seed: int = int(CONTROLS["seed"].default)
    steps: int = int(CONTROLS["steps"].default)
    step: int = 0
    tab: str = "explore"
    run: str = ""
    x: str = ""
    y: str = ""


KEYS = {
    "l": "landscape",
    "f": "formula",
    "box": "box",
    "p": "points",
    "set": "settings",
    "i": "integrator",
    "kin": "kinetic",
    "n": "noise",
    "s": "seed",
    "steps": "steps",
    "k": "step",
    "tab": "tab",
    "run": "run",
    "x": "x",
    "y": "y",
}
"""Key in the address -> attribute of `State`."""


def encode(state: State) -> dict[str, str]:
    """Return what of a state is not as at first, in the words of the address.

    Args:
        state: The state.

    Returns:
        key -> text, `v` first.

    Example:
        >>> encode(State(landscape="saddle", steps=50))
        {'v': '1', 'l': 'saddle', 'steps': '50'}
    """
    usual = State()
    words = {"v": str(VERSION)}
    for key, name in KEYS.items():
        value = getattr(state, name)
        if value != getattr(usual, name):
            words[key] = said(value)
    return words


def url(state: State, root: str = "http://127.0.0.1:8010/") -> str:
    """Return the address that opens the lab in a state.

    Args:
        state: The state.
        root: Where the lab is served.

    Returns:
        The address; its fragment never leaves the browser.

    Example:
        >>> url(State(points=((1.0, -2.5),)))
        'http://127.0.0.1:8010/#v=1&p=1,-2.5'
    """
    return f"{root}#{urlencode(encode(state), safe=',;*()', quote_via=quote)}"


def from_url(address: str) -> tuple[State, list[str]]:
    """Return the state that an address says, and what had to be changed.

    Args:
        address: A whole address, or its fragment.

    Returns:
        The state, and a sentence for each thing that was not taken as given.

    Example:
        >>> from_url(url(State(steps=50)))[0].steps
        50
    """
    return decode(dict(parse_qsl(address.partition("#")[2], keep_blank_values=True)))


def decode(words: Mapping[str, Any]) -> tuple[State, list[str]]:
    """Return the state that some words say, and what had to be changed.

    Args:
        words: key -> text or number. Unknown keys are passed over.

    Returns:
        The state, and a sentence for each thing that was not taken as given.

    Example:
        >>> decode({"n": "1e9", "future": "?"})[0].noise
        10.0
    """
    notices: list[str] = []
    found: dict[str, Any] = {}
    for key, name in KEYS.items():
        if key in words and str(words[key]) != "":
            try:
                found[name] = _READ[name](str(words[key]), notices)
            except ValueError as error:
                notices.append(f"{error} It was left as at first.")
    state = State(**found)
    return _fitted(state, notices), list(dict.fromkeys(notices))


def _fitted(state: State, notices: list[str]) -> State:
    """Return a state whose parts go together."""
    count = max(len(state.points), len(state.settings), 1)
    most = WORK // count
    if state.steps > most:
        notices.append(
            f"{state.steps} steps of {count} particles are more than the lab takes at "
            f"once; {most} were taken."
        )
        state = state._replace(steps=most)
    if len(state.settings) not in (1, len(state.points)) and state.points:
        kept = (*state.settings, *[state.settings[-1]] * PARTICLES)[: len(state.points)]
        notices.append(
            f"There are {len(state.points)} particles but {len(state.settings)} "
            "settings; the last setting serves those that have none."
        )
        state = state._replace(settings=kept)
    return state._replace(step=min(state.step, state.steps))


def said(value: Any) -> str:
    """Return a value as the address says it.

    Example:
        >>> said(((1.0, 0.5), (2.0, 0.0)))
        '1,0.5;2,0'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        nested = value and isinstance(value[0], tuple)
        return (";" if nested else ",").join(said(part) for part in value)
    return repr(value).removesuffix(".0")


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{what} must be a number, but is {_quoted(text)}.") from None
    if not math.isfinite(number):
        raise ValueError(f"{what} must be a finite number, but is {_quoted(text)}.")
    return number


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 30 else f"{text[:30]}...")


def _controlled(name: str, text: str, notices: list[str]) -> float:
    control = CONTROLS[name]
    value, notice = clamped(control, _number(text, control.title))
    notices += [notice] if notice else []
    return value


def _whole(name: str) -> Callable[[str, list[str]], int]:
    return lambda text, notices: round(_controlled(name, text, notices))


def _choice(what: str, known: tuple[str, ...]) -> Callable[[str, list[str]], str]:
    def read(text: str, _: list[str]) -> str:
        if text not in known:
            listed = ", ".join(known)
            raise ValueError(f"There is no {what} {_quoted(text)}; there are {listed}.")
        return text

    return read


def _row(text: str, count: int, what: str) -> tuple[float, ...]:
    parts = text.split(",")
    if len(parts) != count:
        raise ValueError(
            f"{what} must be {count} numbers with commas between, but is "
            f"{_quoted(text)}."
        )
    return tuple(_number(part, what) for part in parts)


def _rows(text: str, count: int, what: str, notices: list[str]) -> list[Any]:
    parts = [part for part in text.split(";", PARTICLES + 1) if part]
    if len(parts) > PARTICLES:
        notices.append(f"The lab rolls {PARTICLES} particles at most; the rest wait.")
    return [_row(part, count, what) for part in parts[:PARTICLES]]


def _points(text: str, notices: list[str]) -> tuple[Point, ...]:
    rows = _rows(text, 2, "A start point", notices)
    inside = [tuple(min(max(part, -REACH), REACH) for part in row) for row in rows]
    if inside != rows:
        notices.append(f"A start point beyond {REACH:g} was moved to the edge.")
    return tuple(inside)


def _settings(text: str, notices: list[str]) -> tuple[Setting, ...]:
    rows = _rows(text, 3, "A setting (mass, friction, time step)", notices)
    if not rows:
        raise ValueError("A setting must be mass, friction and time step.")
    return tuple(tuple(_each(row, notices)) for row in rows)  # type: ignore[misc]


def _each(row: tuple[float, ...], notices: list[str]) -> list[float]:
    names = ("mass", "friction", "time_step")
    pairs = (
        clamped(CONTROLS[name], value) for name, value in zip(names, row, strict=True)
    )
    values, said = zip(*pairs, strict=True)
    notices += [sentence for sentence in said if sentence]
    return list(values)


def _box(text: str, _: list[str]) -> tuple[float, ...]:
    left, right, low, high = _row(text, 4, "The window")
    beyond = max(map(abs, (left, right, low, high))) > BOX_REACH
    if beyond or right - left < 1e-3 or high - low < 1e-3:
        raise ValueError(
            f"The window must reach from low to high within {BOX_REACH:g}, but is "
            f"{_quoted(text)}."
        )
    return left, right, low, high


def _short(what: str, longest: int) -> Callable[[str, list[str]], str]:
    def read(text: str, _: list[str]) -> str:
        if len(text) > longest:
            raise ValueError(
                f"{what} may have {longest} characters, but has {len(text)}."
            )
        return text

    return read


_READ: dict[str, Callable[[str, list[str]], Any]] = {
    "landscape": _choice("landscape", LANDSCAPE_NAMES),
    "formula": lambda text, _: text[: 4 * LONGEST],  # its own reader says what is wrong
    "box": _box,
    "points": _points,
    "settings": _settings,
    "integrator": _choice("integrator", tuple(INTEGRATORS)),
    "kinetic": _choice("kinetic energy", KINETIC_NAMES),
    "noise": lambda text, notices: _controlled("noise", text, notices),
    "seed": _whole("seed"),
    "steps": _whole("steps"),
    "step": lambda text, _: max(0, min(round(_number(text, "The step")), 10**6)),
    "tab": _choice("part of the page", TABS),
    "run": _short("The name of a run", 200),
    "x": _short("The name of a column", 60),
    "y": _short("The name of a column", 60),
}
