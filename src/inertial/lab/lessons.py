"""The answer in six steps, each a state with a few sentences and something to try."""

from __future__ import annotations

from typing import NamedTuple

from inertial.lab.presets import PRESETS
from inertial.lab.state import State


class Lesson(NamedTuple):
    """One step of the way.

    Attributes:
        title: What it is about.
        text: A few plain sentences.
        ask: What to try.
        state: What is shown.
    """

    title: str
    text: str
    ask: str
    state: State


_SHOWN = {preset.name: preset.state for preset in PRESETS}


def _shown(name: str) -> State:
    return _SHOWN[name]._replace(tab="learn")


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "Velocity, and the force that changes it",
        "The parameters of a network are a place, and the loss is the height there. "
        "The gradient, turned downhill, is a force. In plain gradient descent the "
        "force is the velocity: where it ends, the motion ends. With momentum the "
        "force only changes the velocity, and the velocity moves the particle.",
        "Step through the first swings and watch the two arrows: the velocity still "
        "points ahead when the force already points back.",
        _shown("ripples"),
    ),
    Lesson(
        "Mass",
        "Mass says how slowly a velocity answers a force. Momentum is mass times "
        "velocity, and it is what a training step keeps. In the words of a framework "
        "a heavier particle has a smaller learning rate and a momentum closer to one.",
        "Move the mass of the second particle down until the two paths meet.",
        _shown("mass_and_velocity"),
    ),
    Lesson(
        "Friction",
        "Friction takes a share of the momentum in every step, and turns it into "
        "heat. What is left is the number that frameworks call momentum. Without "
        "friction the particle would swing for ever; with very much it forgets its "
        "motion at once, and slides as gradient descent does.",
        "Raise the friction until the damping ratio along the valley is above one, "
        "and watch the swing vanish.",
        _shown("critical"),
    ),
    Lesson(
        "The time step",
        "A computer looks at the force only once a step. In between the particle "
        "moves blindly. Twice the time step is four times the learning rate; beyond a "
        "limit each swing across the valley is wider than the last, and the loss "
        "explodes.",
        "Shorten the time step until the marker on the map leaves the region of "
        "divergence.",
        _shown("divergence"),
    ),
    Lesson(
        "Why it speeds up",
        "In a long valley the slope across changes its sign from step to step, and "
        "the slope along does not. Momentum adds up what agrees and cancels what "
        "alternates. So it may take a longer step, and gathers speed along the "
        "valley.",
        "Compare the two losses. Then lower the momentum of the first particle, and "
        "see where its advantage goes.",
        _shown("speed"),
    ),
    Lesson(
        "When it hurts",
        "Where every direction is equally steep there is nothing to gather: momentum "
        "only overshoots. Where the noise of the batches rules, momentum at an equal "
        "learning rate scatters more. It helps where the landscape is much steeper in "
        "some directions than in others.",
        "Now ask your own question: type a formula, drag a start point, or choose a "
        "claim from the menu and see what it needs to be true.",
        _shown("round_bowl"),
    ),
)
"""In reading order."""
