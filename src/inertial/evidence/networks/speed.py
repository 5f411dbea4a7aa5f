"""Whether momentum is quicker where both sides are tuned, and how noise decides it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from inertial.analysis.stability import largest_stable_lr
from inertial.conventions import torch_sgd
from inertial.evidence.networks.team import films, kin, problem, reached, spread
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.report.drawing import mark

_LEVEL = 0.1  # the loss to reach, nats: 98 of 100 digits are right there
_MOMENTA = (0.0, 0.9)
_SEEDS = 4


class Regime(NamedTuple):
    """A batch size, the grid it is tuned on, and how long one may try.

    Attributes:
        batch: Samples in a batch; 0 for all of the data.
        rates: lr/(1 − momentum), of each side the same. Unit: X²/L.
        steps: How many.
        every: Steps from one look at the loss to the next.
    """

    batch: int
    rates: tuple[float, ...]
    steps: int
    every: int


_REGIMES = {
    "8": Regime(8, (0.1, 0.2, 0.4), 1200, 20),
    "64": Regime(64, (0.2, 0.4, 0.8, 1.6), 450, 10),
    "all 1438": Regime(0, (0.25, 0.5, 1.0, 2.0, 4.0), 240, 1),
}


def n1_tuned(seed: int) -> Finding:
    """Return how much quicker tuned momentum is than tuned descent, by batch size."""
    digits, seeds = problem("digits", model="mlp"), kin(seed, _SEEDS)
    best = {}
    for name, regime in _REGIMES.items():
        settings = [
            torch_sgd(rate * (1 - m), m).coefficients(1)
            for m in _MOMENTA
            for rate in regime.rates
        ]
        film = films(
            digits, settings, seeds, regime.steps,
            batch=regime.batch, every=regime.every,
        )  # fmt: skip
        steps = reached(film, _LEVEL, regime.every)
        steps = steps.reshape(len(_MOMENTA), len(regime.rates), _SEEDS)
        best[name] = numpy.stack([each[each.mean(-1).argmin()] for each in steps])
    gains = {name: spread(plain / rolled) for name, (plain, rolled) in best.items()}
    return Finding(
        _compared(gains),
        lambda figure: _draw_n1(figure, best),
        "Steps to a loss of 0.1, each side at its best learning rate, against the "
        "batch: equal at 8 samples, several times fewer with momentum on all data.",
    )


def _compared(gains: dict[str, Any]) -> tuple[Comparison, ...]:
    small, middle, whole = gains.values()
    plain, ball = (torch_sgd(1.0 - m, m).coefficients(1) for m in _MOMENTA)
    # Both in units of lr/(1 − momentum), at one curvature, which cancels.
    ceiling = largest_stable_lr(ball, 1.0) / (1 - _MOMENTA[1])
    ceiling /= largest_stable_lr(plain, 1.0)
    coarse = "rates a factor 2 apart miss the best by up to a fifth"
    return (
        Comparison(
            "batch of 8: steps without momentum over steps with 0.9",
            1.0, small[0], 0.2 + 2 * small[1], f"{coarse}; two standard errors",
            uncertainty=small[1],
        ),
        Comparison(
            "all data: steps without momentum over steps with 0.9",
            2.0, whole[0], 0.0, "more than any grid or spread of seeds can do", ">",
            whole[1],
        ),
        Comparison(
            "all data: the same, against what stability would allow",
            ceiling, whole[0], 0.0, "(1 + μ)/(1 − μ), the ratio of the limits", "<",
            whole[1],
        ),
        Comparison(
            "batch of 64: the same, against a batch of 8",
            small[0], middle[0], 0.0, "less noise, more gain", ">", middle[1],
        ),
    )  # fmt: skip


def _draw_n1(figure: Any, best: dict[str, Any]) -> None:
    axes = figure.add_subplot()
    places = numpy.arange(len(best))
    told = (("no momentum", "work", -0.05, 12), ("momentum 0.9", "loss", 0.05, -18))
    for row, (name, role, shift, above) in enumerate(told):
        mean, error = numpy.array([spread(steps[row]) for steps in best.values()]).T
        axes.plot(places + shift, mean, ":", lw=1, color=mark(role))
        axes.errorbar(
            places + shift, mean, error, fmt="o", ms=6, capsize=3, color=mark(role)
        )
        axes.annotate(
            name, (1.5, (mean[1] * mean[2]) ** 0.5), (0, above), ha="center",
            color=mark(role), textcoords="offset points",
        )  # fmt: skip
    for at, (plain, rolled) in enumerate(best.values()):
        gain, error = spread(plain / rolled)
        axes.text(at, 1150, f"gain {gain:.2f} ± {error:.2f}", ha="center")
    axes.set_xticks(places, list(best))
    axes.set(xlabel="samples in a batch", ylabel=f"steps to loss {_LEVEL}")
    axes.set(yscale="log", xlim=(-0.45, 2.45), ylim=(30, 1500))
    axes.set_yticks([50, 100, 200, 500], ["50", "100", "200", "500"])
    axes.minorticks_off()


STATEMENTS = (
    Statement(
        "N1",
        "Momentum speeds up training.",
        "true only if",
        "the batch is large: with both sides at their best learning rate it saves no "
        "steps at a batch of 8, where noise rules, and most of them on all the data, "
        "where curvature rules.",
        "noise rules: equal steps at equal lr/(1 − μ), a gain of 1. Curvature rules: a "
        "gain above 1 and below (1 + μ)/(1 − μ), the ratio of the limits of stability",
        n1_tuned,
        topic="On networks",
    ),
)
