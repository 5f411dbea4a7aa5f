"""What must not go unnoticed by T38 to T43, T48 to T54 and T56."""

import math

from mutating import Mutation, replace_everywhere

from inertial.physics.force import Clipped, clip_norm, clip_value
from inertial.physics.friction import friction_law
from inertial.physics.kinetic import adaptive, huber
from inertial.physics.spectral import MUON_COEFFICIENTS, newton_schulz
from inertial.physics.step import step


def _old_velocity(coefficients, kinetic, position, momentum, force, memory=None):
    """A step whose position moves with the old momentum."""
    _, pushed, memory = step(coefficients, kinetic, position, momentum, force, memory)
    moved = position + coefficients.drift * kinetic.velocity(momentum, memory)
    return moved, pushed, memory


def _half_limit(limit=1.0, by="element"):
    return huber(limit / 2, by)


def _four_rounds(matrix, coefficients=MUON_COEFFICIENTS, steps=5, *rest):
    return newton_schulz(matrix, coefficients, steps - 1, *rest)


def _biased(decay=0.999, epsilon=1e-8, debias=True):
    return adaptive(decay, epsilon, debias=False)


def _each_by_itself(forces, limit):
    return Clipped([clip_value(f, limit) for f in forces], 0.0, 0.0)


def _driving_friction(name):
    return friction_law(name)._replace(decay=math.exp)


def _replacing(original, wrong):
    return lambda monkeypatch: replace_everywhere(monkeypatch, original, wrong)


MUTATIONS = [
    Mutation(
        "T38",
        "the position moves with the old momentum",
        _replacing(step, _old_velocity),
    ),
    Mutation(
        "T39", "Huber's K bends at half its limit", _replacing(huber, _half_limit)
    ),
    Mutation(
        "T40",
        "Newton-Schulz runs a round less",
        _replacing(newton_schulz, _four_rounds),
    ),
    Mutation(
        "T41",
        "a young mass is not corrected for its bias",
        _replacing(adaptive, _biased),
    ),
    Mutation(
        "T42",
        "clipping by norm clips each element by itself",
        _replacing(clip_norm, _each_by_itself),
    ),
    Mutation(
        "T43",
        "friction drives the particle",
        _replacing(friction_law, _driving_friction),
    ),
]
