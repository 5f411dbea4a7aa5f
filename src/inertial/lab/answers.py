"""What the page asks and the library answers: each function is one request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy

from inertial.analysis import Mode, effective_lr, list_modes
from inertial.analysis.film import Trajectory, velocities, work
from inertial.analysis.landscape.formula import FormulaError
from inertial.analysis.landscape.survey import contour_levels, heights
from inertial.lab import sentences
from inertial.lab.binary import packed, single, to_base64
from inertial.lab.controls import CONTROLS, FRAMEWORK, REACH
from inertial.lab.scene import (
    Scene,
    from_framework,
    in_words,
    read_landscape,
    read_scene,
)
from inertial.lab.snippets import snippets
from inertial.lab.state import decode

COLUMNS, ROWS = 129, 97  # places of the picture: lines stay round, 50 KB
CHANNELS = (
    ("x", "Position x", "length"),
    ("y", "Position y", "length"),
    ("loss", "Loss", "loss"),
    ("kinetic", "Kinetic energy", "loss"),
    ("heat", "Heat", "loss"),
    ("work", "Work of the force", "loss"),
    ("fx", "Force along x", "loss / length"),
    ("fy", "Force along y", "loss / length"),
    ("px", "Momentum along x", "loss · time / length"),
    ("py", "Momentum along y", "loss · time / length"),
    ("vx", "Velocity along x", "length / time"),
    ("vy", "Velocity along y", "length / time"),
)
"""Name, title and unit of what is drawn, in order."""


class Fault(ValueError):
    """A request that makes no sense.

    Args:
        sentence: What was given, the rule, the way out.
        field: Which key of the state is at fault, if one is.
        at: Where in its text.
        status: Of the answer, as HTTP counts.
    """

    def __init__(
        self, sentence: str, field: str | None = None, at: int = 0, status: int = 400
    ) -> None:
        super().__init__(sentence)
        self.field, self.at, self.status = field, at, status


def scene_of(words: Mapping[str, Any]) -> Scene:
    """Return what the words of a request mean.

    Raises:
        Fault: If its formula cannot be read.
    """
    try:
        return read_scene(*decode(words))
    except FormulaError as error:
        raise Fault(str(error), "f", error.at) from error


def landscape(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the picture of a landscape, or what is wrong with its formula.

    Args:
        words: The state; of it `l`, `f` and `box`.

    Returns:
        The answer to /api/landscape.
    """
    state, notices = decode(words)
    try:
        land = read_landscape(state)
    except FormulaError as error:
        said = {"sentence": str(error), "at": error.at}
        return {"error": said, "title": "Your formula", "notices": notices}
    values = heights(land, COLUMNS, ROWS)
    return {
        "error": None,
        "title": sentences.landscape_title(land.name),
        "extent": [*land.domain[0], *land.domain[1]],
        "start": land.start,
        "shape": [ROWS, COLUMNS],
        "levels": contour_levels(values),
        "minima": land.minima,
        "hint": land.question,
        "heights": to_base64(single(values)),
        "notices": notices,
    }


def channels(scene: Scene, run: Trajectory) -> Any:
    """Return all that is drawn of a trajectory, in the order of `CHANNELS`.

    Args:
        scene: What was rolled.
        run: How it rolled.

    Returns:
        Shape: (channels, particles, steps + 1). Unit: see `CHANNELS`.
    """
    clock = numpy.array([[setting[2]] for setting in scene.settings])
    with numpy.errstate(all="ignore"):  # a formula may have no slope somewhere
        forces = -scene.landscape.gradient(run.positions)
    vectors = (run.positions, forces, run.momenta, velocities(run, clock))
    place, force, momentum, velocity = (v.transpose(2, 1, 0) for v in vectors)
    energies = (run.losses, run.kinetic, run.heat, work(run))
    return numpy.concatenate(
        [
            place,
            numpy.stack([energy.T for energy in energies]),
            force,
            momentum,
            velocity,
        ]
    )


def simulation(words: Mapping[str, Any]) -> bytes:
    """Return the trajectories of a state.

    Args:
        words: The state.

    Returns:
        The answer to /api/sim: a header and single-precision numbers.
    """
    scene = scene_of(words)
    run = scene.roll()
    values = single(channels(scene, run))
    state = scene.state
    header = {
        "seq": words.get("seq"),
        "particles": len(scene.starts),
        "steps": state.steps,
        "channels": [name for name, _, _ in CHANNELS],
        "shape": values.shape,
        "diverged_at": [
            None if step < 0 else step for step in run.diverged_at.tolist()
        ],
        "limit": REACH,
        "seed": state.seed if state.noise else None,
        "budget_sentence": sentences.budget(scene),
        "sentence": sentences.picture(scene, run),
        "notices": scene.notices,
    }
    return packed(header, values)


def particle_of(words: Mapping[str, Any], scene: Scene) -> int:
    """Return which particle a request speaks of."""
    try:
        chosen = int(words.get("particle") or 0)
    except (TypeError, ValueError, OverflowError):
        chosen = 0
    return min(max(chosen, 0), len(scene.settings) - 1)


def analysis(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a particle's setting will do, before a step is taken.

    Args:
        words: The state, and `particle`.

    Returns:
        The answer to /api/analysis.
    """
    scene = scene_of(words)
    chosen = particle_of(words, scene)
    six = scene.coefficients(chosen)
    place = scene.reference(chosen)
    modes = list_modes(six, place.curvatures) if scene.newtonian else []
    setting = in_words(scene.settings[chosen])
    setting["effective_lr"] = float(effective_lr(six))
    return {
        "particle": chosen,
        "modes": [_mode(mode) for mode in modes],
        "at": {"kind": place.kind, "position": place.position},
        "setting": setting,
        "settings": [in_words(each) for each in scene.settings],
        "snippets": snippets(scene, chosen),
        "sentence": sentences.modes(scene, place, modes),
        "clamped": scene.notices,
        "notices": scene.notices,
    }


def _mode(mode: Mode) -> dict[str, Any]:
    return {
        "curvature": mode.curvature,
        "damping_ratio": mode.damping_ratio,
        "continuous_damping_ratio": mode.continuous_damping_ratio,
        "multipliers": [[z.real, z.imag] for z in mode.multipliers],
        "magnitude": abs(mode.multipliers[0]),
        "regime": mode.regime,
        "rate": mode.rate,
        "half_life": mode.half_life,
        "period": mode.period,
        "sentence": sentences.mode(mode),
    }


def convert(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting in both languages.

    Args:
        words: `from` "physics" (mass, friction, time_step) or "framework" (lr,
            momentum, and the time_step to keep).

    Returns:
        The answer to /api/convert.

    Raises:
        Fault: If a word is missing or no number.
    """
    source = words.get("from")
    if source == "physics":
        names = ("mass", "friction", "time_step")
        setting = ",".join(repr(_given(words, name)) for name in names)
        scene = read_scene(*decode({"set": setting}))
        return {**in_words(scene.settings[0]), "clamped": scene.notices}
    if source == "framework":
        lr, momentum = _given(words, "lr"), _given(words, "momentum")
        clock = _given(
            {"time_step": CONTROLS["time_step"].default, **words}, "time_step"
        )
        found, notices = from_framework(lr, momentum, clock)
        return {**in_words(found), "clamped": notices}
    raise Fault('`from` must be "physics" or "framework".', "from")


def _given(words: Mapping[str, Any], name: str) -> float:
    control = CONTROLS.get(name) or FRAMEWORK[name]
    try:
        value = float(words[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise Fault(
            f"{control.title} must be a number from {control.low:g} to "
            f"{control.high:g}.",
            name,
        )
    return value
