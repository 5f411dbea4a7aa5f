"""What the lab says in words, each sentence made from the numbers it speaks of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy

from inertial.analysis import Mode, Trajectory
from inertial.analysis.landscape.survey import Reference
from inertial.lab.controls import REACH
from inertial.lab.scene import Scene
from inertial.training.setting import short

_SETTLED = 1e-3  # share of the window within which a particle has arrived


def landscape_title(name: str) -> str:
    """Return a landscape's name as people read it.

    Example:
        >>> landscape_title("monkey_saddle")
        'Monkey saddle'
    """
    if name == "formula":
        return "Your formula"
    return name.replace("_", " ").capitalize()


def budget(scene: Scene) -> str:
    """Return what the picture costs, so that a comparison is fair to read."""
    count, state = len(scene.starts), scene.state
    each = "one particle" if count == 1 else f"{count} particles"
    said = f"{each.capitalize()}, {state.steps} steps, one gradient a step"
    if count > 1:
        said += " each"
    chance = (
        f"noise {state.noise:g} from seed {state.seed}" if state.noise else "no noise"
    )
    return f"{said}; {chance}."


def picture(scene: Scene, run: Trajectory) -> str:
    """Return what a trajectory shows, particle by particle."""
    count = len(scene.starts)
    names = (
        [f"Particle {n + 1}" for n in range(count)] if count > 1 else ["The particle"]
    )
    return " ".join(_fate(scene, run, n, name) for n, name in enumerate(names))


def _fate(scene: Scene, run: Trajectory, number: int, name: str) -> str:
    first, last = (float(run.losses[frame, number]) for frame in (0, -1))
    step = int(run.diverged_at[number])
    if step >= 0:
        return (
            f"{name} diverges at step {step}: from there on it is farther than "
            f"{REACH:,.0f} away."
        )
    where = _where(scene, run.positions[:, number])
    verb = "falls" if last < first else "rises" if last > first else "stays"
    loss = f"from {short(first)} to {short(last)}" if last != first else short(first)
    said = f"{name} {where}; its loss {verb} {'at ' if last == first else ''}{loss}"
    given, heat = first - last, float(run.heat[-1, number])
    if scene.newtonian and not scene.state.noise and given > 0 and heat > 0:
        moving = float(run.kinetic[-1, number])
        said += f", {short(heat)} has become heat and {short(moving)} is still motion"
    return f"{said}."


def _where(scene: Scene, path: numpy.ndarray) -> str:
    land, end = scene.landscape, path[-1]
    size = max(high - low for low, high in land.domain)
    if len(land.minima):
        away = numpy.linalg.norm(land.minima - end, axis=-1)
        nearest = land.minima[int(numpy.argmin(away))]
        at = f"({short(float(nearest[0]))}, {short(float(nearest[1]))})"
        if away.min() <= _SETTLED * size:
            return f"arrives at the minimum {at}"
        return f"ends {short(float(away.min()))} from the minimum {at}"
    inside = all(
        low <= c <= high for c, (low, high) in zip(end, land.domain, strict=True)
    )
    at = f"({short(float(end[0]))}, {short(float(end[1]))})"
    return f"ends at {at}" if inside else f"leaves the picture and is at {at}"


_PLACE = {
    "minimum": "At the minimum",
    "saddle": "At the pass",
    "start": "Where it starts",
}
_DOES = {
    "diverging": "grows with every step",
    "marginal": "neither grows nor fades",
    "underdamped": "swings and fades",
    "critical": "comes to rest the quickest way, without a swing",
    "critical, flipping sign": "jumps from side to side and fades the quickest way",
    "overdamped": "creeps to rest without a swing",
    "overdamped, flipping sign": "jumps from side to side and fades",
    "dead-beat": "is at rest after two steps",
}
"""Regime -> what the particle does in it."""


def regime_title(name: str) -> str:
    """Return a regime's name as people read it.

    Example:
        >>> regime_title("dead-beat")
        'Dead-beat'
    """
    return name.capitalize()


def regime_meaning(name: str) -> str:
    """Return what a particle does in a regime.

    Example:
        >>> regime_meaning("marginal")
        'The motion neither grows nor fades.'
    """
    return f"The motion {_DOES[name]}."


def mode(found: Mode) -> str:
    """Return what a mode does, with its numbers."""
    said = f"Curvature {short(found.curvature)}: {_DOES[found.regime]}"
    parts = []
    if math.isfinite(found.period) and found.regime not in ("dead-beat",):
        parts.append(f"a swing takes {short(found.period)} steps")
    if found.rate > 1 and found.regime == "diverging":
        parts.append(f"{short(found.rate)} times farther each step")
    elif 0 < found.half_life < math.inf:
        parts.append(f"half is left after {short(found.half_life)} steps")
    return f"{'; '.join([said, *parts])}."


def modes(scene: Scene, place: Reference, found: Sequence[Mode]) -> str:
    """Return what the modes of a setting say together."""
    if not scene.newtonian:
        return (
            f"With the {scene.kinetic.name.replace('_', '-')} kinetic energy the speed "
            "is not momentum over mass, so no damping ratio or multiplier can be given."
        )
    at = _PLACE[place.kind]
    if not abs(numpy.asarray(place.curvatures)).max() > 0:
        return f"{at} nothing curves, so no mode swings or settles."
    worst = max(found, key=lambda each: each.rate)
    if worst.regime == "diverging" and worst.curvature > 0:
        return (
            f"{at} the curvature {short(worst.curvature)} is too much for this step: "
            f"the motion grows {short(worst.rate)} times with every step. Use a "
            "smaller lr: more mass or a shorter time step."
        )
    if worst.regime == "diverging":
        return (
            f"{at} curvature {short(worst.curvature)} leads away, {short(worst.rate)} "
            "times farther with every step, as it must where the ground falls."
        )
    if not worst.half_life < math.inf:
        return f"{at} the slowest direction {_DOES[worst.regime]}."
    return (
        f"{at} the slowest direction has curvature {short(worst.curvature)}: it "
        f"{_DOES[worst.regime]}, and half of it is left after "
        f"{short(worst.half_life)} steps."
    )
