"""Whether lr/(1 − momentum) is what matters, and how late momentum is."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis.stability import memory
from inertial.conventions import torch_sgd
from inertial.evidence.networks.team import films, kin, problem, reached, spread
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.report.drawing import mark
from inertial.report.style import SERIES

_MOMENTA = (0.0, 0.5, 0.9, 0.99)
_SLOW, _FAST = 0.05, 2.0  # effective learning rates
_LEVELS = numpy.array([2.2, 2.0, 1.6, 1.2, 0.8])  # the gradient grows on the way
_STEPS = 620
_SIZE, _SEEDS = 500, 4


def n5_effective_lr(seed: int) -> Finding:
    """Return the delay of momentum at equal lr/(1 − momentum), and where it ends."""
    digits, seeds = problem("digits", _SIZE, model="mlp"), kin(seed, _SEEDS)
    settings = [torch_sgd(_SLOW * (1 - m), m).coefficients(1) for m in _MOMENTA]
    film = films(digits, settings, seeds, _STEPS)
    times = numpy.stack([reached(film, level) for level in _LEVELS], -1)
    late = times[1:] - times[0]
    past = numpy.array([memory(setting) - 1 for setting in settings[1:]])
    told = (past / past[0])[:, None] * late[0].mean(0)
    fast = [torch_sgd(_FAST * (1 - m), m).coefficients(1) for m in (0.0, 0.9)]
    plain, rolled = films(digits, fast, seeds, 200)[..., -60:].mean(-1)
    gap, error = spread(numpy.log(plain / rolled))
    return Finding(
        (
            *_delays(late, told, past),
            _sameness(film, told[1, -1]),
            Comparison(
                f"ln of loss without momentum over loss with 0.9, lr/(1 − μ) {_FAST:g}",
                1.0,
                gap,
                0.0,
                "more than a factor e: no spread of seeds",
                ">",
                error,
            ),
        ),
        lambda figure: _draw_n5(figure, late, told),
        "By how many steps momentum is later than none at equal lr/(1 − μ), against "
        "the loss: points of three seeds on the predicted lines for 0.5, 0.9 and 0.99.",
    )


def _delays(late: Any, told: Any, past: Any) -> tuple[Comparison, ...]:
    at = list(_LEVELS).index(1.2)
    mean, error = spread(late, axis=1)
    doubt = float(numpy.hypot(error[1, at], told[1, at] / mean[0, at] * error[0, at]))
    return (
        Comparison(
            f"steps that 0.9 is late at loss {_LEVELS[at]:g}, from those of 0.5",
            told[1, at],
            mean[1, at],
            0.2 * told[1, at] + 2 * doubt,
            "the next order: 9 steps of memory while the loss falls in some 50",
            uncertainty=error[1, at],
        ),
        *(
            Comparison(
                f"steps that {m:g} is late at loss {_LEVELS[at]:g}, at least",
                past[row],
                mean[row, at],
                0.0,
                "it is that late from the start, and more as the gradient grows",
                ">",
                error[row, at],
            )
            for row, m in enumerate(_MOMENTA[1:])
        ),
        Comparison(
            f"steps that 0.99 is late at loss {_LEVELS[at]:g}, from those of 0.5",
            told[2, at],
            mean[2, at],
            0.0,
            "its memory is longer than the fall of the loss: the proportion ends",
            "<",
            error[2, at],
        ),
    )


def _sameness(film: Any, late: float) -> Comparison:
    plain, _, rolled, _ = film
    before = [numpy.interp(_STEPS - late, range(_STEPS + 1), each) for each in plain]
    gap, error = spread(numpy.log(rolled[:, -1] / before))
    return Comparison(
        f"ln of loss with 0.9 at step {_STEPS} over that with none, so much earlier",
        0.0,
        gap,
        0.02,
        "the loss falls by 2 in 1000 a step, and the delay is known to 10 steps",
        uncertainty=error,
    )


def _draw_n5(figure: Any, late: Any, told: Any) -> None:
    axes = figure.add_subplot()
    mean, error = spread(late, axis=1)
    for row, (m, role) in enumerate(zip(_MOMENTA[1:], SERIES, strict=False)):
        colour = mark(role)
        axes.plot(_LEVELS, told[row], color=colour, lw=1.4)
        axes.errorbar(
            _LEVELS, mean[row], error[row], fmt="o", ms=5, lw=1, capsize=3, color=colour
        )
        axes.annotate(
            f"momentum {m:g}", (_LEVELS[-1], mean[row, -1]), (0, -17), color=colour,
            textcoords="offset points", ha="right",
        )  # fmt: skip
    axes.set(xlabel="training loss, falling (nats)", ylabel="late by (steps)")
    axes.set(yscale="log", xlim=(2.28, 0.7), ylim=(0.8, 500))
    axes.set_yticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()


STATEMENTS = (
    Statement(
        "N5",
        "What matters is lr/(1 − momentum): at an equal one, every momentum gives the "
        "same training curve.",
        "true only if",
        "the rate is small; and even then momentum is late, in proportion to μ/(1 − μ) "
        "steps, and more where the gradient grows. At large rates plain descent "
        "breaks down where momentum still trains.",
        "to first order, delay ∝ memory − 1 = μ/(1 − μ) steps, and at least that where "
        "the gradient grows",
        n5_effective_lr,
        topic="On networks",
    ),
)
