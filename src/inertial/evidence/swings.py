"""Statements on swinging: what momentum does to oscillation, and Nesterov to that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis import critical_curvatures, period, rate, simulate
from inertial.analysis.landscape import quadratic
from inertial.conventions import polyak, sutskever
from inertial.evidence.measuring import columns, measured_rates, walked
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients

_ROUNDING = "rounding of a root"
# Curvature 1 everywhere: a learning rate is then the stiffness lr · curvature.


def t28_oscillation(seed: int) -> Finding:
    """Return how often balls with and without momentum cross the minimum."""
    del seed  # nothing is random
    stiffness, steps = numpy.geomspace(6e-4, 1.9, 48), 60
    told, seen = {}, {}
    for mu in (0.0, 0.9):
        balls = columns([polyak(s, mu).coefficients(0) for s in stiffness])
        sides = numpy.sign(walked(balls, 1.0, numpy.ones((48, 1)), steps)[..., 0])
        seen[mu] = (sides[1:] != sides[:-1]).sum(0)
        told[mu] = 2 * steps / period(Coefficients(decay=mu, drift=stiffness), 1.0)
    needless = int(seen[0.0][stiffness < 1].sum())
    off = float(abs(seen[0.9] - told[0.9]).max())
    return Finding(
        _compare_crossings(needless, off),
        _draw_crossings(stiffness, told, seen),
        "Crossings of the minimum in 60 steps against lr times curvature. Without "
        "momentum none up to 1, and one a step beyond. With momentum 0.9 they begin "
        "at 0.0026 and grow steadily.",
    )


def _compare_crossings(needless: int, off: float) -> tuple[Comparison, ...]:
    edge = critical_curvatures(Coefficients(decay=0.9))[0]
    return (
        Comparison(
            "crossings by plain descent at lr·curvature below 1 [1]",
            0,
            needless,
            0.0,
            "a count",
        ),
        Comparison(
            "crossings at momentum 0.9 over those told by the period, at worst [1]",
            0.0,
            off,
            1.0,
            "the swing begins at its turning point, between two crossings",
        ),
        Comparison(
            "lr·curvature from which on momentum 0.9 swings [1]",
            edge,
            _first_swing(0.9),
            1e-3 * edge,
            "a swing that takes longer than the 4000 steps watched: 2·10⁻⁴ of it",
        ),
        *(
            Comparison(
                f"rate at lr·curvature 1.95, momentum {mu:g} [1]",
                rate(Coefficients(decay=mu, drift=1.95), 1.0),
                float(measured_rates(polyak(1.95, mu).coefficients(0), 1.0)),
                1e-12,
                _ROUNDING,
            )
            for mu in (0.0, 0.5)
        ),
    )


def _first_swing(momentum: float) -> float:
    low, high = 1e-4, 1.0
    for _ in range(3):
        tried = numpy.geomspace(low, high, 100)
        balls = columns([polyak(s, momentum).coefficients(0) for s in tried])
        swings = (walked(balls, 1.0, numpy.ones((100, 1)), 4000) < 0).any(0)[:, 0]
        first = int(swings.argmax())
        low, high = tried[first - 1], tried[first]
    return float(high)


def _draw_crossings(
    stiffness: Any, told: dict[float, Any], seen: dict[float, Any]
) -> Callable[..., None]:
    def draw(figure: Any) -> None:
        from inertial.report.drawing import mark

        axes = figure.subplots()
        for mu, name, colour in (
            (0.0, "plain descent", "ink"),
            (0.9, "momentum 0.9", "kinetic"),
        ):
            axes.plot(stiffness, told[mu], color=mark(colour), label=name)
            axes.plot(stiffness, seen[mu], "o", color=mark(colour), ms=4)
        axes.set_xscale("log")
        axes.set_xlabel("lr · curvature [1]")
        axes.set_ylabel("crossings in 60 steps [1]")
        axes.legend(frameon=False, fontsize=10, loc="upper left")

    return draw


def t57_look_ahead(seed: int) -> Finding:
    """Return a heavy ball's and Nesterov's way along a steep and a flat direction."""
    del seed  # nothing is random
    steep, flat, mu = 1.0, 1e-3, 0.9
    forms = {"heavy ball": polyak(0.9, mu), "Nesterov": sutskever(0.9, mu)}
    balls = {name: method.coefficients(0) for name, method in forms.items()}
    weak = polyak(0.9, mu * (1 - 0.9 * steep)).coefficients(0)
    ahead = simulate(forms["Nesterov"], quadratic((steep,)), (1.0,), 40)
    behind = (ahead.positions - mu * ahead.momenta)[:, 0, 0]  # as Sutskever counts
    paths = {"heavy ball": walked(balls["heavy ball"], steep, 1.0, 40)}
    comparisons = (
        *(
            Comparison(
                f"rate of {name}, {place} direction [1]",
                rate(ball, curvature),
                float(measured_rates(ball, curvature)),
                1e-12,
                _ROUNDING,
            )
            for name, ball in balls.items()
            for place, curvature in (("steep", steep), ("flat", flat))
        ),
        Comparison(
            "Nesterov's path less that of a heavy ball of momentum 0.09, at most [X]",
            0.0,
            float(abs(behind - walked(weak, steep, 1.0, 40)).max()),
            1e-14,
            "rounding of 40 steps of size 1 and less",
        ),
    )
    envelopes = {name: rate(ball, steep) for name, ball in balls.items()}
    return Finding(
        comparisons,
        _draw_swings(paths | {"Nesterov": behind}, envelopes),
        "Position against steps along the steep direction. The heavy ball swings "
        "within an envelope that shrinks by 5 % a step; Nesterov's is at rest after "
        "five.",
    )


def _draw_swings(
    paths: dict[str, Any], envelopes: dict[str, float]
) -> Callable[..., None]:
    def draw(figure: Any) -> None:
        from inertial.report.drawing import mark

        axes = figure.subplots()
        steps = numpy.arange(41)
        for (name, path), colour in zip(
            paths.items(), ("loss", "kinetic"), strict=True
        ):
            # From rest the envelope of a swing is wider than its start.
            size = (abs(path) / envelopes[name] ** steps)[:25].max()
            for side in (1, -1):
                line = side * size * envelopes[name] ** steps
                axes.plot(steps, line, color=mark(colour), lw=1.2)
            axes.plot(steps, path, "o", color=mark(colour), ms=4, label=name)
        axes.set_xlabel("steps")
        axes.set_ylabel("position along the steep direction [X]")
        axes.legend(frameon=False, fontsize=10, loc="upper right")

    return draw


STATEMENTS = (
    Statement(
        "T28",
        "Momentum helps avoid oscillations.",
        "false",
        "Plain descent never oscillates for lr·curvature below 1; momentum 0.9 does "
        "from 0.0026 on. Momentum calms only the zig-zag of a too large learning rate, "
        "between 1 and 2, and only where √μ < |1 − lr·curvature|.",
        "momentum swings for lr·λ > (1−√μ)²; its swings die at √μ, those of plain "
        "descent at |1−lr·λ|",
        t28_oscillation,
        ("C9",),
        "Stability",
    ),
    Statement(
        "T57",
        "Nesterov's look-ahead calms the steep directions and leaves the flat ones as "
        "they are.",
        "true",
        "along a direction of stiffness s = lr·curvature it is a heavy ball whose "
        "momentum is μ(1 − s): 0.09 where the heavy ball has 0.9, and nearly 0.9 where "
        "the valley is flat.",
        "Nesterov at μ = heavy ball at μ(1−lr·λ); rates √(μ(1−s)) = 0.3 and √μ = 0.949 "
        "at s = 0.9",
        t57_look_ahead,
        (),
        "Stability",
    ),
)
