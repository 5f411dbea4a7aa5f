"""A particle's setting as code for each framework, or why there is none."""

from __future__ import annotations

from typing import Any

from inertial.conventions import Method
from inertial.lab.controls import LAW
from inertial.lab.scene import Scene
from inertial.report.spelling import FRAMEWORKS, call, framework_code

_SCHEDULE = {
    "PyTorch": "A learning-rate schedule changes the mass and keeps the momentum.",
    "Keras": "A learning-rate schedule changes the force and keeps the velocity, "
    "unlike in PyTorch.",
    "Optax": "A learning-rate schedule changes the mass and keeps the momentum, as in "
    "PyTorch.",
}
_NOISE = " The noise comes from your minibatches there, not from these words."
_EXPLICIT = (
    "No framework moves with the old velocity: explicit Euler blows up where the "
    "others swing, and nobody trains with it."
)
_HALVES = {
    "leapfrog": "It walks the leapfrog's path with its half kicks joined, from a whole "
    "first kick.",
    "relativistic_leapfrog": "It walks the places where the leapfrog kicks.",
    "nesterov": "Frameworks keep the place where Nesterov's method looks; so does this "
    "picture.",
}


def snippets(scene: Scene, particle: int) -> list[dict[str, Any]]:
    """Return a particle's setting as code.

    Args:
        scene: What is rolled.
        particle: Which particle.

    Returns:
        For each framework its name, the code (None if there is none), a note, and
        whether it walks the same path.
    """
    six = scene.coefficients(particle)
    method = Method(lambda _: six, scene.kinetic)
    found = [_inertial(scene, particle)]
    for name in FRAMEWORKS:
        code, note = _translated(scene, method, name)
        found.append(_row(scene, name, code, note))
    return found


def _translated(scene: Scene, method: Method, name: str) -> tuple[str | None, str]:
    """Return a method in a framework's words and a note, or None and the reason."""
    if scene.state.integrator == "explicit_euler":
        return None, _EXPLICIT
    try:
        code = framework_code(method, name)
    except ValueError as error:
        return None, str(error)
    note = f"{_HALVES.get(scene.state.integrator, '')} {_SCHEDULE[name]}"
    return code, note.strip()


def _row(scene: Scene, name: str, code: str | None, note: str) -> dict[str, Any]:
    told = note + (_NOISE if code and scene.state.noise else "")
    return {
        "framework": name,
        "code": code,
        "note": told,
        "equivalent": code is not None,
    }


def _inertial(scene: Scene, particle: int) -> dict[str, Any]:
    """Return the setting in this library's own words: the particle itself."""
    mass, friction, time_step = scene.settings[particle]
    integrator = scene.state.integrator
    body = call("Particle", "", {"mass": mass, "friction": friction, "law": LAW})
    if scene.newtonian and integrator in _TRAINED:
        words = {"time_step": time_step}
        code = call("Inertial.from_particle", f"model.parameters(), {body}", words)
        note = "A schedule changes the clock and keeps mass and friction."
        return _row(scene, "Inertial", code, note)
    # With another kinetic energy the unit of the momentum counts, and an optimizer
    # counts in units of its gradient: only a simulation keeps this particle's own.
    six = f"coefficients({integrator.upper()}, {body}, {time_step:.10g})"
    kinetic = f", kinetic={scene.kinetic.name}()" if not scene.newtonian else ""
    code = f"simulate({six}, landscape, position, {scene.state.steps}{kinetic})"
    return _row(scene, "Inertial", code, _NO_DOOR)


_TRAINED = ("symplectic_euler", "symplectic_euler_adjoint")
_NO_DOOR = (
    "As a simulation: these six numbers roll on any landscape of inertial.analysis."
)
