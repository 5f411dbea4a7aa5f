"""A state, read into what the library rolls: landscape, particles, six numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy

from inertial.analysis import LANDSCAPES, Trajectory, simulate
from inertial.analysis.landscape import Landscape
from inertial.analysis.landscape.formula import formula
from inertial.analysis.landscape.survey import Reference, anchors, reference
from inertial.lab.controls import CONTROLS, FRAMEWORK, LAW, REACH, clamped
from inertial.lab.state import OWN, Setting, State
from inertial.physics import (
    INTEGRATORS,
    KINETICS,
    Coefficients,
    Kinetic,
    Particle,
    coefficients,
)

_LEAST_OLD = 1e-3  # explicit Euler moves with what is left of the old momentum


class Scene(NamedTuple):
    """What a state means.

    Attributes:
        state: The state.
        landscape: Where they roll.
        starts: Shape: (particles, 2). Unit: X.
        settings: (mass, friction, time step) of each particle, as they are taken.
        kinetic: The kinetic energy.
        notices: A sentence for each thing that was not taken as given.
    """

    state: State
    landscape: Landscape
    starts: Any
    settings: tuple[Setting, ...]
    kinetic: Kinetic
    notices: tuple[str, ...]

    def coefficients(self, particle: int | None = None) -> Coefficients:
        """Return the six numbers of all particles, or of one.

        Args:
            particle: Which, from 0; None: all, as columns.

        Returns:
            The numbers. Shape of each: (particles, 1), or ().
        """
        if particle is None:
            mass, friction, time_step = numpy.array(self.settings).T[:, :, None]
        else:
            mass, friction, time_step = self.settings[particle]
        body = Particle(mass, friction, law=LAW)
        return coefficients(INTEGRATORS[self.state.integrator], body, time_step)

    def roll(self) -> Trajectory:
        """Return the trajectories."""
        state = self.state
        return simulate(
            self.coefficients(),
            self.landscape,
            self.starts,
            state.steps,
            kinetic=self.kinetic,
            noise=state.noise,
            seed=state.seed,
            limit=REACH,
        )

    def reference(self, particle: int) -> Reference:
        """Return the place whose curvatures decide a particle's fate."""
        found = _anchors(self.state.landscape, self.state.formula, self.state.box)
        return reference(self.landscape, self.starts[particle], found)

    @property
    def newtonian(self) -> bool:
        """Whether velocity is momentum over mass, so that modes mean something."""
        return self.kinetic.name == "newtonian"


def read_scene(state: State, notices: list[str] | None = None) -> Scene:
    """Return what a state means.

    Args:
        state: The state.
        notices: What was said of it already.

    Returns:
        The scene.

    Raises:
        FormulaError: If its formula cannot be read.

    Example:
        >>> from inertial.lab.state import State
        >>> read_scene(State()).coefficients(0).decay
        0.9
    """
    land = read_landscape(state)
    said = list(notices or ())
    settings = tuple(_braked(each, state.integrator, said) for each in state.settings)
    count = max(len(state.points), len(settings))
    points = state.points or (tuple(land.start),)
    starts = numpy.broadcast_to(numpy.array(points, float), (count, 2))
    settings = settings if len(settings) == count else settings * count
    kinetic = KINETICS[state.kinetic]()
    if kinetic.name != "newtonian" and state.integrator not in _ANY_KINETIC:
        said.append(
            f"The {state.integrator.replace('_', ' ')} is taken as a training step "
            "takes it, with one gradient; only with Newton's kinetic energy is that "
            "its own path."
        )
    return Scene(state, land, starts, settings, kinetic, tuple(dict.fromkeys(said)))


_ANY_KINETIC = ("symplectic_euler", "symplectic_euler_adjoint", "explicit_euler")


def read_landscape(state: State) -> Landscape:
    """Return the landscape of a state.

    Args:
        state: The state.

    Returns:
        The landscape, of two dimensions.

    Raises:
        FormulaError: If its formula cannot be read.
    """
    return _landscape(state.landscape, state.formula, state.box)


@lru_cache(maxsize=64)
def _landscape(name: str, text: str, box: tuple[float, ...]) -> Landscape:
    if name == OWN:
        return formula(text, ((box[0], box[1]), (box[2], box[3])))
    plane = {"dimension": 2} if name == "nesterov_chain" else {}
    return LANDSCAPES[name](**plane)


@lru_cache(maxsize=64)
def _anchors(name: str, text: str, box: tuple[float, ...]) -> Any:
    return anchors(_landscape(name, text, box))


def _braked(setting: Setting, integrator: str, notices: list[str]) -> Setting:
    """Return a setting whose friction takes at most the whole momentum in a step."""
    mass, friction, time_step = setting
    share = 1 - _LEAST_OLD if integrator == "explicit_euler" else 1.0
    most = share * mass / time_step
    if friction <= most:
        return setting
    notices.append(
        f"Friction {friction:g} would turn the velocity round within one step of "
        f"{time_step:g}: at mass {mass:g} a step can lose the whole momentum at most. "
        f"It was taken as {most:g}. Shorten the step for more."
    )
    return mass, most, time_step


def in_words(setting: Setting) -> dict[str, float]:
    """Return a setting in physical words and in a framework's.

    Args:
        setting: (mass, friction, time step).

    Returns:
        mass, friction, time_step, and the lr and momentum that PyTorch would say.

    Source: docs/theory.md, T62: lr = kick·drift, momentum = decay.

    Example:
        >>> words = in_words((1.0, 0.2, 0.5))
        >>> words["lr"], words["momentum"]
        (0.25, 0.9)
    """
    mass, friction, time_step = setting
    six = Particle(mass, friction, law=LAW).coefficients(time_step)
    return {
        "mass": mass,
        "friction": friction,
        "time_step": time_step,
        "lr": six.kick * six.drift,
        "momentum": six.decay,
    }


def from_framework(
    lr: float, momentum: float, time_step: float
) -> tuple[Setting, list[str]]:
    """Return the particle of a framework's setting, at a clock of one's choice.

    Args:
        lr: Learning rate. Unit: X²/L.
        momentum: Share of the momentum that survives a step. Unit: 1.
        time_step: The clock, which a run cannot tell. Unit: T.

    Returns:
        (mass, friction, time step), and what had to be changed.

    Source: docs/theory.md, T62 and T59, by `Particle.from_coefficients`.

    Example:
        >>> from_framework(0.25, 0.5, 0.5)[0]
        (1.0, 1.0, 0.5)
    """
    notices: list[str] = []

    def inside(control: Any, value: float) -> float:
        value, notice = clamped(control, value)
        notices.extend([notice] if notice else [])
        return value

    lr, momentum = inside(FRAMEWORK["lr"], lr), inside(FRAMEWORK["momentum"], momentum)
    time_step = inside(CONTROLS["time_step"], time_step)
    found = Particle.from_coefficients(
        Coefficients(decay=momentum, drift=lr), time_step=time_step, law=LAW
    )
    mass = inside(CONTROLS["mass"], float(found.mass))
    friction = inside(CONTROLS["friction"], float(found.friction))
    if mass != found.mass:  # the momentum is kept, the lr is what gives way
        friction = inside(
            CONTROLS["friction"], float(found.friction) * mass / float(found.mass)
        )
    return _braked((mass, friction, time_step), "", notices), notices
