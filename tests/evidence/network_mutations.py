"""One wrong library for each statement on networks."""

from mutating import Mutation, replace_everywhere

from inertial.analysis import scaling, stability
from inertial.conventions import torch_sgd
from inertial.physics import step
from inertial.torch import curvature
from inertial.training import stacked  # its step must be loaded to be made wrong

# Names bound here stay right: only modules of the library are made wrong.
SCALE = scaling.scale
LIMIT = stability.largest_stable_curvature
MEMORY = stability.memory
CURVATURES = curvature.leading_curvatures
assert stacked.step is step


def _instead(original, wrong):
    return lambda monkeypatch: replace_everywhere(monkeypatch, original, wrong)


def _forgetful(c, kinetic, position, momentum, force, memory=None):
    plain = c._replace(decay=0.0 * c.decay)
    return step(plain, kinetic, position, momentum, force, memory)


def _halved(*words, **more):
    found = CURVATURES(*words, **more)
    return found._replace(values=[value / 2 for value in found.values])


def _swapped(*words, schedule_acts_on="mass", **more):
    other = {"mass": "force", "force": "mass"}.get(schedule_acts_on, schedule_acts_on)
    return torch_sgd(*words, schedule_acts_on=other, **more)


def _linear_lr(lr, momentum, batch_factor, rule="physical"):
    right = SCALE(lr, momentum, batch_factor, rule)
    return right._replace(lr=lr * batch_factor) if rule == "physical" else right


MUTATIONS = (
    Mutation("N1", "a step forgets the old momentum", _instead(step, _forgetful)),
    Mutation("N2", "curvatures are halved", _instead(CURVATURES, _halved)),
    Mutation("N3", "a schedule on the mass acts on the force, and the other way round",
             _instead(torch_sgd, _swapped)),
    Mutation("N4", "the physical rule multiplies lr by k, not by k squared",
             _instead(SCALE, _linear_lr)),
    Mutation("N5", "momentum remembers 1/(1 - m squared) steps",
             _instead(MEMORY, lambda c: 1 / (1 - c.decay**2))),
    Mutation("N6", "momentum does not raise the limit of stability",
             _instead(LIMIT, lambda c: LIMIT(c) / (1 + c.decay))),
)  # fmt: skip
