"""Statements on speed: how much momentum gains, over what, and where it loses."""

from __future__ import annotations

import math
from typing import Any

import numpy

from inertial.analysis import (
    Tuned,
    gradient_descent,
    heavy_ball,
    nesterov_best,
    nesterov_standard,
    polyak,
    simulate,
)
from inertial.analysis.landscape import nesterov_chain
from inertial.conventions import torch_sgd
from inertial.evidence.measuring import columns, measured_rates, walked
from inertial.evidence.optimum import STATEMENTS as OPTIMUM
from inertial.evidence.optimum import best_lr, numbers, spectrum
from inertial.evidence.overshoot import STATEMENTS as OVERSHOOT
from inertial.evidence.statement import Comparison, Finding, Statement


def t26_speed_up(seed: int) -> Finding:
    """Return how many times fewer steps tuned momentum takes than tuned descent."""
    del seed  # nothing is random
    conditions = (10.0, 30.0, 100.0, 300.0, 1000.0)
    told = [
        math.log(polyak(1 / k, 1.0).rate) / math.log(gradient_descent(1 / k, 1.0).rate)
        for k in conditions
    ]
    early, late = numpy.array([_speed_ups(k) for k in conditions]).T
    return Finding(
        _compare_speed_ups(conditions, told, early, late),
        lambda figure: _draw_speed_ups(figure, conditions, told, early, late),
        "Speed-up of momentum over plain descent against the condition number, both "
        "logarithmic: a straight line of slope one half. Measured in the long run the "
        "points lie on it, to an error of 10⁻⁸ a quarter below.",
    )


def _compare_speed_ups(
    conditions: Any, told: Any, early: Any, late: Any
) -> tuple[Comparison, ...]:
    return (
        *(
            Comparison(
                f"long-run speed-up at κ = {k:g} [1]",
                predicted,
                float(measured),
                0.1,
                "the double root's factor t still grows, by ln 2 in half of the run",
            )
            for k, predicted, measured in zip(conditions, told, late, strict=True)
        ),
        Comparison(
            "that over √κ, at κ = 1000 [1]",
            1.0,
            float(late[-1] / math.sqrt(1000.0)),
            5e-3,
            "0.1 of 32, and the next term of the expansion in 1/κ",
        ),
        Comparison(
            "speed-up to an error of 10⁻⁸ over √κ, at most [1]",
            1.0,
            float((early / numpy.sqrt(conditions)).max()),
            0.0,
            "momentum first makes things worse (T31)",
            "<",
        ),
    )


def _speed_ups(condition: float) -> tuple[float, float]:
    """Return the speed-up to an error of 1e-8, and in the long run."""
    pair = [numbers(tuner(1 / condition, 1.0)) for tuner in (gradient_descent, polyak)]
    steps = int(10.5 * condition) + 20
    path = walked(columns(pair), spectrum(condition), numpy.ones((2, 5)), steps)
    error = numpy.log(abs(path).max(-1))
    plain, ball = (error < math.log(1e-8)).argmax(0)
    slope = error[-1] - error[steps // 2]
    return plain / ball, slope[1] / slope[0]


def _draw_speed_ups(
    figure: Any, conditions: Any, told: Any, early: Any, late: Any
) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    axes.plot(conditions, told, color=mark("ink"), label="ratio of the rates, about √κ")
    axes.plot(conditions, late, "o", color=mark("loss"), label="in the long run")
    axes.plot(
        conditions, early, "s", color=mark("kinetic"), label="to an error of 10⁻⁸"
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_yticks((3, 10, 30), ("3", "10", "30"))
    axes.set_yticks((), minor=True)
    axes.set_xlabel("condition number κ [1]")
    axes.set_ylabel("speed-up over plain descent [1]")
    axes.legend(frameon=False, fontsize=10, loc="upper left")


def t27_printed_momentum(seed: int) -> Finding:
    """Return what the momentum printed by Sutskever et al. costs the heavy ball."""
    del seed  # nothing is random
    conditions = (1e2, 1e4)
    comparisons = []
    for condition in conditions:
        best, printed = polyak(1 / condition, 1.0), _printed(condition)
        told = heavy_ball(1 / condition, 1.0, printed)
        _, slow = best_lr(condition, printed)
        fast = measured_rates(numbers(best), spectrum(condition)).max()
        comparisons += [
            Comparison(
                f"steps with the printed momentum over Polyak's, κ = {condition:g} [1]",
                math.log(best.rate) / math.log(told.rate),
                math.log(fast) / math.log(slow),
                1e-4,
                "a double root is known to the square root of the rounding only",
            ),
            Comparison(
                f"the printed momentum squared less Polyak's, κ = {condition:g} [1]",
                0.0,
                printed**2 - best.momentum,
                1e-15,
                "rounding",
            ),
        ]
    within, runs = spectrum(1e4), {}
    for name, setting in _contenders(1e4).items():
        path = walked(numbers(setting), within, numpy.ones(5), 1600)
        runs[name] = abs(path).max(-1)
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_errors(figure, runs),
        "Error against steps at κ = 10 000, logarithmic. Polyak's momentum falls along "
        "a straight line; the printed one falls half as steeply; Nesterov's "
        "method, to which the printed momentum belongs, falls as steeply as that.",
    )


def _printed(condition: float) -> float:
    return (math.sqrt(condition) - 1) / (math.sqrt(condition) + 1)


def _contenders(condition: float) -> dict[str, Tuned]:
    return {
        "Polyak": polyak(1 / condition, 1.0),
        "heavy ball, as printed": heavy_ball(1 / condition, 1.0, _printed(condition)),
        "Nesterov, as printed": nesterov_standard(1 / condition, 1.0),
    }


def _draw_errors(figure: Any, runs: dict[str, Any]) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    steps = numpy.arange(1601)
    colours = ("loss", "heat", "kinetic")
    for (name, told), colour in zip(_contenders(1e4).items(), colours, strict=True):
        error = runs[name]
        line = error[800] * told.rate ** (steps - 800.0)
        axes.plot(steps, line, color=mark(colour))
        axes.plot(steps[::40], error[::40], "o", color=mark(colour), ms=4, label=name)
    axes.set_yscale("log")
    axes.set_ylim(1e-14, 1e3)
    axes.set_xlabel("steps")
    axes.set_ylabel("distance from the minimum [starts]")
    axes.legend(frameon=False, fontsize=10, loc="lower left")


def t58_lower_bound(seed: int) -> Finding:
    """Return how near methods come on Nesterov's chain, link by link."""
    condition, steps = 100.0, 150
    chain = nesterov_chain(300, 1 / condition, 1.0)
    tuned = {
        "Polyak": numbers(polyak(1 / condition, 1.0)),
        "Nesterov": numbers(nesterov_best(1 / condition, 1.0)),
        "plain descent": numbers(gradient_descent(1 / condition, 1.0)),
    }
    drawn = numpy.random.default_rng(seed)
    momenta = drawn.uniform(0.0, 0.95, 12)
    rates = drawn.uniform(0.05, 0.95, 12) * 2 * (1 + momenta)
    others = [
        torch_sgd(lr, mu).coefficients(0) for lr, mu in zip(rates, momenta, strict=True)
    ]
    balls = columns([*tuned.values(), *others])
    run = simulate(balls, chain, chain.start, steps)
    away = abs(run.positions - chain.minima[0]).max(-1)
    factor = polyak(1 / condition, 1.0).rate
    bound = factor ** (run.steps + 1.0)
    ahead = max(abs(run.positions[t, :, t:]).max() for t in run.steps)
    return Finding(
        _compare_errors(away / bound[:, None], float(ahead)),
        lambda figure: _draw_chain(figure, tuned, away, bound),
        "Error against steps on Nesterov's chain, logarithmic. The bound falls along a "
        "straight line; Polyak's error falls beside it, Nesterov's more slowly, plain "
        "descent's hardly.",
    )


def _compare_errors(share: Any, ahead: float) -> tuple[Comparison, ...]:
    return (
        Comparison(
            "nearest of 15 settings, error over the bound [1]",
            1.0,
            float(share.min()),
            1e-9,
            "rounding at places of size 1; the end of 300 links is never felt",
            ">",
        ),
        Comparison(
            "largest place of a link that no news can have reached [X]",
            0.0,
            ahead,
            0.0,
            "nothing has moved it",
        ),
        Comparison(
            "Polyak's error over the bound, at most [1]",
            1.0,
            float(share[:, 0].max()),
            1e-9,
            "the same: on this chain it is the next link that it misses most",
        ),
    )


def _draw_chain(figure: Any, tuned: Any, away: Any, bound: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    steps = numpy.arange(len(bound))
    axes.plot(steps, bound, color=mark("ink"), label="bound")
    colours = ("loss", "kinetic", "muted")
    for number, (name, colour) in enumerate(zip(tuned, colours, strict=True)):
        axes.plot(
            steps[::5], away[::5, number], "o", color=mark(colour), ms=4, label=name
        )
    axes.set_yscale("log")
    axes.set_xlabel("steps")
    axes.set_ylabel("largest error of a link [X]")
    axes.legend(frameon=False, fontsize=10, loc="lower left")


STATEMENTS = (
    *OPTIMUM,
    Statement(
        "T26",
        "Momentum speeds up training, often hugely.",
        "true only if",
        "the loss is an ill-conditioned bowl without noise and both methods are tuned "
        "to it: then √κ times in the long run, and 0.7 to 0.85 times that to an error "
        "of 10⁻⁸, for momentum first makes things worse.",
        "steps of plain descent over steps of momentum = ln ρ(Polyak)/ln ρ(descent), "
        "about √κ",
        t26_speed_up,
        ("C7",),
        "Speed",
    ),
    Statement(
        "T27",
        "Classical momentum needs √κ times fewer steps than plain descent with the "
        "momentum (√κ−1)/(√κ+1), as Sutskever et al. (2013) print it.",
        "false",
        "That is Nesterov's momentum; Polyak's is its square. With the printed one the "
        "heavy ball takes twice the steps.",
        "rate √μ: with μ = ρ instead of ρ², ln ρ/ln √ρ = 2 times the steps",
        t27_printed_momentum,
        ("C16",),
        "Speed",
    ),
    *OVERSHOOT,
    Statement(
        "T58",
        "No method that follows gradients only can beat well-tuned momentum.",
        "true",
        "on Nesterov's chain a gradient tells a link only of its neighbours, so news "
        "travels one link a step. No method that moves along gradients it has seen "
        "beats ρ^(t+1); Polyak's heavy ball reaches it at every step. (On other bowls "
        "a method may do better.)",
        "largest error after t steps at least ((√κ−1)/(√κ+1))^(t+1)",
        t58_lower_bound,
        ("C16",),
        "Speed",
    ),
)
