"""What the page is built from: every list, range and sentence, once."""

from __future__ import annotations

from typing import Any

from inertial.analysis import LANDSCAPES
from inertial.analysis.landscape.formula import BOX, LONGEST, WORDS
from inertial.lab.answers import CHANNELS
from inertial.lab.controls import CONTROLS, FRAMEWORK, PARTICLES, TABS, WORK
from inertial.lab.lessons import LESSONS
from inertial.lab.presets import PRESETS
from inertial.lab.scene import read_landscape
from inertial.lab.sentences import landscape_title
from inertial.lab.stability import regions
from inertial.lab.state import KEYS, KINETIC_NAMES, OWN, VERSION, State, encode, said
from inertial.physics import INTEGRATORS
from inertial.report.spelling import FRAMEWORKS

_INTEGRATORS = {
    "symplectic_euler": (
        "Symplectic Euler (heavy ball)",
        "Push first, then move with the new velocity: SGD with momentum.",
    ),
    "symplectic_euler_adjoint": (
        "Symplectic Euler, read after the move",
        "The same heavy ball, seen half a turn later.",
    ),
    "leapfrog": (
        "Leapfrog",
        "Half a push, a move, half a push: a heavy ball with a slightly smaller lr.",
    ),
    "nesterov": (
        "Nesterov",
        "The force is taken where the momentum leads: it brakes before the wall.",
    ),
    "relativistic_leapfrog": (
        "Leapfrog with friction at both ends",
        "Half the drag, a move around the push, half the drag.",
    ),
    "explicit_euler": (
        "Explicit Euler",
        "Move with the old velocity: it gains energy in every swing.",
    ),
}
_KINETICS = {
    "newtonian": ("Newton", "Velocity is momentum over mass: SGD."),
    "relativistic": ("Einstein", "Newton's while slow, never above a top speed."),
    "log_cosh": ("Log cosh", "A soft top speed for each coordinate."),
    "sign": ("Sign", "Each coordinate moves at one speed: Signum, Lion."),
    "norm": ("Norm", "The whole particle moves at one speed: normalized SGD."),
    "huber": ("Huber", "Newton's up to a speed that is never passed: clipping."),
    "adaptive": ("Adaptive", "The mass follows the size of past forces: Adam."),
}


def schema() -> dict[str, Any]:
    """Return the answer to /api/schema."""
    return {
        "version": VERSION,
        "keys": KEYS,
        "defaults": _defaults(),
        "landscapes": [_landscape(name) for name in (*LANDSCAPES, OWN)],
        "integrators": _named(_INTEGRATORS, tuple(INTEGRATORS)),
        "kinetics": _named(_KINETICS, KINETIC_NAMES),
        "controls": [control._asdict() for control in CONTROLS.values()],
        "framework_controls": [control._asdict() for control in FRAMEWORK.values()],
        "presets": [
            {**preset._asdict(), "state": encode(preset.state)} for preset in PRESETS
        ],
        "lessons": [
            {**lesson._asdict(), "state": encode(lesson.state)} for lesson in LESSONS
        ],
        "channels": [
            {"name": name, "title": title, "unit": unit}
            for name, title, unit in CHANNELS
        ],
        "regimes": regions(),
        "frameworks": ["Inertial", *FRAMEWORKS],
        "tabs": TABS,
        "formula": {
            "words": WORDS,
            "longest": LONGEST,
            "box": [*BOX[0], *BOX[1]],
            "hint": "Numbers, x and y, + - * / **, brackets, and "
            f"{', '.join(WORDS[2:])}.",
        },
        "limits": {
            "particles": PARTICLES,
            "steps": int(CONTROLS["steps"].high),
            "work": WORK,
        },
    }


def _defaults() -> dict[str, str]:
    """Return each key's value at first, in the words of the address."""
    usual = State()
    words = {key: said(getattr(usual, name)) for key, name in KEYS.items()}
    return {"v": str(VERSION), **words}


def _named(rows: dict[str, tuple[str, str]], names: tuple[str, ...]) -> list[Any]:
    ordered = sorted(names, key=lambda name: list(rows).index(name))
    return [
        {"name": name, "title": rows[name][0], "hint": rows[name][1]}
        for name in ordered
    ]


def _landscape(name: str) -> dict[str, Any]:
    if name == OWN:
        return {
            "name": OWN,
            "title": landscape_title(OWN),
            "hint": "A landscape of your own, typed as a formula.",
            "extent": [*BOX[0], *BOX[1]],
            "start": None,
            "minima": [],
        }
    land = read_landscape(State(landscape=name))
    return {
        "name": name,
        "title": landscape_title(name),
        "hint": land.question,
        "extent": [*land.domain[0], *land.domain[1]],
        "start": land.start,
        "minima": land.minima,
    }
