"""Whether momentum makes weights and loss swing, and with which period."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from inertial.analysis import modes
from inertial.conventions import torch_sgd
from inertial.evidence.networks.team import (
    Problem,
    crew,
    films,
    kin,
    problem,
    roll,
    spread,
)
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients
from inertial.report.drawing import mark

_MOMENTA = (0.9, 0.99)
_RATE = 0.1  # lr/(1 − momentum) of all
_WARM, _STEPS = 300, 130
_NUDGE = 1e-3  # small enough for the answer to be linear, in units of a weight
_LARGE, _HUGE = 0.5, 2.0  # lr/(1 − momentum) where the loss is looked at
_SIZE, _SEEDS = 500, 3


class Swing(NamedTuple):
    """How the sharpest direction answers a nudge.

    Attributes:
        curvature: Of that direction, mean of start and end. Unit: L/X².
        answers: Position with the nudge less that without, in nudges. (momenta, steps).
    """

    curvature: float
    answers: Any


def n2_swings(seed: int) -> Finding:
    """Return periods of a nudged network, and how often the loss rises."""
    digits = problem("digits", _SIZE, model="mlp")
    swings = [_nudged(digits, each) for each in kin(seed, _SEEDS)]
    told = numpy.array(
        [[modes.period(_words(m), s.curvature) for m in _MOMENTA] for s in swings]
    )
    found = numpy.array([[_period(line) for line in s.answers] for s in swings])
    gone = numpy.array([[_left(line) for line in s.answers] for s in swings])[:, 0]
    left = [modes.rate(_words(0.9), s.curvature) ** (told[i, 0] / 2)
            for i, s in enumerate(swings)]  # fmt: skip
    return Finding(
        (
            *(
                Comparison(
                    f"period at momentum {m:g} (steps)",
                    told[:, row].mean(),
                    found[:, row].mean(),
                    0.06 * told[:, row].mean(),
                    "the curvature moves by a tenth on the way, its root by half",
                    uncertainty=spread(found[:, row])[1],
                )
                for row, m in enumerate(_MOMENTA)
            ),
            Comparison(
                "share of the nudge at the first turn, momentum 0.9",
                float(numpy.mean(left)),
                gone.mean(),
                0.1,
                "directions of other curvature mix in; one in ten",
                uncertainty=spread(gone)[1],
            ),
            *_rises(digits, seed),
        ),
        lambda figure: _draw_n2(figure, swings[0]),
        "A nudge along the sharpest direction of a network swings and fades as the "
        "measured curvature says, with momentum 0.9 and, more slowly, with 0.99.",
    )


def _words(momentum: float, rate: float = _RATE) -> Coefficients:
    return torch_sgd(rate * (1 - momentum), momentum).coefficients(1)


def _nudged(digits: Problem, seed: int) -> Swing:
    import torch

    from inertial.torch.curvature import leading_curvatures

    exact = digits._replace(inputs=digits.inputs.double())
    warm = crew(digits, [seed])
    for moment in roll(digits, warm, _steady([_words(0.0)]), _WARM):
        warm = moment.members
    network = digits.network(seed).double()
    names = list(warm.position)
    network.load_state_dict({n: warm.position[n][0] for n in names})

    def bend(start: Any = None) -> Any:
        return leading_curvatures(
            lambda: digits.price(network(exact.inputs), digits.targets),
            network.parameters(), 1, start=start,
        )  # fmt: skip

    first = bend()
    along = dict(zip(names, first.directions[0], strict=True))
    sizes = torch.tensor([0.0, _NUDGE] * len(_MOMENTA), dtype=torch.float64)
    members = crew(digits, [seed] * len(sizes))
    for name, value in network.named_parameters():
        shift = sizes.view(-1, *[1] * value.dim()) * along[name]
        members.position[name] = value.detach() + shift
        members.momentum[name] = torch.zeros_like(members.position[name])
    settings = [_words(m) for m in _MOMENTA for _ in range(2)]
    lines = []
    for moment in roll(exact, members, _steady(settings), _STEPS):
        place = moment.members.position
        lines.append(sum((place[n] * along[n]).flatten(1).sum(1) for n in names))
    network.load_state_dict({n: place[n][0] for n in names})
    last = bend(first.directions)
    track = torch.stack(lines, 1).numpy()
    answers = (track[1::2] - track[::2]) / _NUDGE
    return Swing((first.values[0] + last.values[0]) / 2, answers)


def _steady(settings: list[Coefficients]) -> Any:
    return lambda step: settings


def _period(line: Any) -> float:
    """Return twice the mean way from one crossing of 0 to the next, or to a turn."""
    at = numpy.flatnonzero(line[:-1] * line[1:] < 0)
    crossings = at + line[at] / (line[at] - line[at + 1])
    return float(2 * numpy.diff(crossings[:3]).mean())


def _left(line: Any) -> float:
    """Return how far it swings to the other side at first."""
    return float(-line[: len(line) // 4].min())


def _rises(digits: Problem, seed: int) -> tuple[Comparison, ...]:
    words = ((0.0, _LARGE), (0.9, _LARGE), (0.99, _HUGE))
    film = films(digits, [_words(*each) for each in words], kin(seed, _SEEDS), 400)
    plain, ball, long = (numpy.diff(film) > 0).sum(-1)
    why = "the swings are too weak against the fall: none, in any seed"
    return (
        Comparison(
            f"rises of the loss in 400 steps, momentum 0.9, lr/(1 − μ) = {_LARGE:g}",
            0.0, ball.mean(), 1.0, why, uncertainty=spread(ball)[1],
        ),
        Comparison(
            f"rises of the loss in 400 steps, no momentum, lr = {_LARGE:g}",
            10.0, plain.mean(), 0.0, "lr·λ reaches 2: it rings", ">", spread(plain)[1],
        ),
        Comparison(
            f"rises of the loss in 400 steps, momentum 0.99, lr/(1 − μ) = {_HUGE:g}",
            10.0, long.mean(), 0.0, "100 steps of memory outlast the fall", ">",
            spread(long)[1],
        ),
    )  # fmt: skip


def _draw_n2(figure: Any, swing: Swing) -> None:
    axes = figure.add_subplot()
    steps = numpy.arange(_STEPS + 1)
    for m, line, role in zip(_MOMENTA, swing.answers, ("loss", "work"), strict=True):
        pole, _ = modes.multipliers(_words(m), swing.curvature)
        # From rest the first step is x' = x − lr·λ·x.
        lr = _RATE * (1 - m)
        shift = (1 - lr * swing.curvature - pole.real) / pole.imag
        wave = (pole**steps * (1 - 1j * shift)).real
        axes.plot(steps, wave, color=mark(role), lw=1.4)
        axes.plot(steps[::3], line[::3], "o", ms=4, color=mark(role))
    axes.text(22, 0.36, "momentum 0.9", color=mark("loss"))
    axes.text(66, 0.72, "momentum 0.99", color=mark("work"))
    axes.set(xlabel="steps after the nudge", ylabel="sharpest direction (nudges)")
    axes.set(xlim=(-2, _STEPS), ylim=(-1.0, 1.1))


STATEMENTS = (
    Statement(
        "N2",
        "Momentum makes the loss oscillate.",
        "true only if",
        "its memory outlasts the fall of the loss, as with 0.99 at a large rate. With "
        "0.9 the weights do swing, just as curvature says; the loss falls all the "
        "same, where plain descent at the same lr/(1 − μ) rings.",
        "a nudge along curvature λ swings with the period 2π/θ, "
        "cos θ = (1 + μ − lr·λ)/(2√μ)",
        n2_swings,
        topic="On networks",
    ),
)
