"""What must not go unnoticed by T38 to T43, T48 to T54 and T56."""

import math

import numpy
from mutating import Mutation, replace_everywhere

from inertial.analysis.acceleration import growing_momentum
from inertial.analysis.tuning import polyak
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


def _weaker_force(coefficients, *rest):
    """A step whose force enters as into an average: (1 - decay) of it."""
    kick = coefficients.kick * (1 - coefficients.decay)
    return step(coefficients._replace(kick=kick), *rest)


def _fading(coefficients, kinetic, position, momentum, force, memory=None):
    """A step that forgets its momentum where no force is."""
    momentum = numpy.where(force == 0, 0.5 * momentum, momentum)
    return step(coefficients, kinetic, position, momentum, force, memory)


def _gaining(coefficients, *rest):
    """A step whose friction gives what it should take."""
    decay = coefficients.decay
    return step(coefficients._replace(decay=2 - decay), *rest)


def _one_late(step):
    return growing_momentum(step - 1)


def _two_over_t(step):
    return max(step, 0) / (max(step, 0) + 2)


def _text_momentum(curvature_min, curvature_max):
    """Polyak's tuning with the root of its momentum, as Sutskever 2013 prints it."""
    tuned = polyak(curvature_min, curvature_max)
    return tuned._replace(momentum=math.sqrt(tuned.momentum))


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
    Mutation(
        "T48", "the force enters as into an average", _replacing(step, _weaker_force)
    ),
    Mutation(
        "T49",
        "Nesterov's momentum grows a step late",
        _replacing(growing_momentum, _one_late),
    ),
    Mutation(
        "T50", "momentum fades twice where no force is", _replacing(step, _fading)
    ),
    Mutation(
        "T51",
        "the position moves with the old momentum",
        _replacing(step, _old_velocity),
    ),
    Mutation("T52", "friction gives what it should take", _replacing(step, _gaining)),
    Mutation(
        "T53", "the force enters as into an average", _replacing(step, _weaker_force)
    ),
    Mutation(
        "T54", "Polyak's momentum is not squared", _replacing(polyak, _text_momentum)
    ),
    Mutation(
        "T56",
        "Nesterov's momentum is that of friction 2/t",
        _replacing(growing_momentum, _two_over_t),
    ),
]
