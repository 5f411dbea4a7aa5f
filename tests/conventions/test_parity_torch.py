"""Our words against torch.optim itself, under a learning rate that changes."""

import numpy
import pytest
import torch

from cases_conventions import START, STEPS, apart, gradient, run, schedule
from inertial.conventions import (
    rmsprop,
    torch_adam,
    torch_adamw,
    torch_muon,
    torch_sgd,
)
from inertial.physics.kinetic import adaptive
from inertial.physics.spectral import newton_schulz

# Two roundings a step, in another order; no setting here amplifies them beyond 1e-13.
EXACT = 1e-12


def torch_run(optimizer, words, gradient=gradient, start=START, peak=0.05):
    x = torch.nn.Parameter(torch.tensor(start))
    made = optimizer([x], lr=peak, **words)
    positions = [start]
    for t in range(STEPS):
        made.param_groups[0]["lr"] = schedule(t, peak)
        x.grad = torch.tensor(gradient(x.detach().numpy()))
        made.step()
        positions.append(x.detach().numpy().copy())
    return numpy.array(positions)


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"dampening": 0.5},  # torch does not dampen without a momentum
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.5},
        {"momentum": 0.9, "dampening": 1.0},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "weight_decay": 0.1},
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"momentum": 0.5, "maximize": True, "weight_decay": 0.1},
    ],
    ids=str,
)
def test_sgd(words):
    peak = 0.002 if words.get("maximize") else 0.05  # climbing would overflow
    ours = run(lambda t: torch_sgd(schedule(t, peak), **words))
    assert apart(ours, torch_run(torch.optim.SGD, words, peak=peak)) < EXACT


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"betas": (0.5, 0.9), "eps": 1e-3},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "maximize": True},
        {"betas": (0.0, 0.99)},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("convention", "optimizer"),
    [(torch_adam, torch.optim.Adam), (torch_adamw, torch.optim.AdamW)],
)
def test_adam(convention, optimizer, words):
    ours = run(lambda t: convention(schedule(t), **words))
    assert apart(ours, torch_run(optimizer, words)) < EXACT


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"alpha": 0.5, "eps": 1e-3},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "maximize": True},
    ],
    ids=str,
)
def test_rmsprop(words):
    ours = run(lambda t: rmsprop(schedule(t), **words))
    assert apart(ours, torch_run(torch.optim.RMSprop, words)) < EXACT


def test_momentum_over_a_remembering_mass_is_not_the_momentum_of_torch_rmsprop():
    """Why `rmsprop` refuses a momentum: the two differ in the first digit."""
    ours = run(
        lambda t: torch_sgd(schedule(t), 0.9, kinetic=adaptive(0.99, 1e-8, False))
    )
    assert apart(ours, torch_run(torch.optim.RMSprop, {"momentum": 0.9})) > 0.1


# Far from singular, and far enough out that its slope stays so: the iteration turns
# rounding in a singular value of 1/500 of the largest into an error of the whole step.
MATRIX = numpy.array(
    [[4.0, 1.0, -1.0], [-1.5, 5.0, 2.0], [1.0, -2.0, 6.0], [3.0, 2.0, 1.0]]
)
MUON = [
    {},
    {"nesterov": False},
    {"momentum": 0.8, "weight_decay": 0.0},
    {"adjust_lr_fn": "match_rms_adamw"},
    {"ns_steps": 3, "eps": 1e-2},
]


@pytest.mark.parametrize("words", MUON, ids=str)
@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_muon_in_double_precision(words, shape, monkeypatch):
    """Torch's own loop, but with the orthogonal factor in float64."""

    def in_double(matrix, coefficients, steps, eps):
        return newton_schulz(matrix, coefficients, steps, eps)

    monkeypatch.setattr(torch.optim._muon, "_zeropower_via_newtonschulz", in_double)
    theirs = torch_run(torch.optim.Muon, words, *of_shape(shape))
    gradient_of, start = of_shape(shape)
    ours = run(
        lambda t: torch_muon(schedule(t), dtype=None, **words), gradient_of, start
    )
    assert apart(ours, theirs) < EXACT


def of_shape(shape):
    if shape == "tall":
        return gradient, MATRIX
    return (lambda x: gradient(x.T).T), MATRIX.T.copy()


@pytest.mark.parametrize("words", MUON, ids=str)
def test_muon_as_shipped(words):
    """In bfloat16, as torch has it: the same operations on the same numbers.

    Equal to 2e-16 where this was written. But the averages agree to float64 rounding
    only, and where that falls on the edge between two bfloat16 numbers one element of
    one velocity turns by 2**-8 of itself: at this learning rate 1e-4 of the start.
    """

    def gradient_of(x):
        return torch.tensor(gradient(x.numpy()))

    start = torch.tensor(MATRIX)
    position = run(lambda t: torch_muon(schedule(t), **words), gradient_of, start)
    theirs = torch_run(torch.optim.Muon, words, start=MATRIX)
    assert apart(position, theirs) < 1e-3
