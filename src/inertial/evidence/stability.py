"""Statements on limits and swinging: when a step flies off, and when it goes round."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy

from inertial.analysis import (
    critical_curvatures,
    equivalent_lr,
    half_life,
    largest_stable_curvature,
    largest_stable_lr,
    period,
    regime,
    simulate,
)
from inertial.analysis.landscape import quadratic
from inertial.conventions import Method, ema, polyak, torch_sgd
from inertial.evidence.measuring import columns, measured_rates, walked
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.evidence.swings import STATEMENTS as SWINGS
from inertial.physics import EXPLICIT_EULER, Coefficients, Particle, coefficients

_WEIGHT_DECAY = 0.5
_ROUNDING = "rounding of a root"
# Curvature 1 everywhere: a learning rate is then the stiffness lr · curvature.


def _old_velocity(lr: float, momentum: float) -> Method:
    particle = Particle(mass=1 / lr, friction=(1 - momentum) / lr, law="explicit")
    return Method(lambda _: coefficients(EXPLICIT_EULER, particle, 1.0))


_FORMS: dict[str, Callable[[float, float], Method]] = {
    "average": ema,
    "heavy ball": torch_sgd,
    "coupled decay": lambda lr, mu: torch_sgd(lr, mu, weight_decay=_WEIGHT_DECAY),
    "decoupled decay": lambda lr, mu: torch_sgd(
        lr, mu, weight_decay=_WEIGHT_DECAY, decoupled_weight_decay=True
    ),
    "Nesterov": lambda lr, mu: torch_sgd(lr, mu, nesterov=True),
    "old velocity": _old_velocity,
}

# The formulas of the statement at momentum 9/10, curvature 1, weight decay 1/2.
_AT_NINE_TENTHS = {
    "average": Fraction(38),
    "heavy ball": Fraction(38, 10),
    "coupled decay": Fraction(38, 15),
    "decoupled decay": Fraction(76, 39),
    "Nesterov": Fraction(38, 28),
    "old velocity": Fraction(1, 10),
}


def t21_stability_limits(seed: int) -> Finding:
    """Return the learning rates at which six spellings of momentum fly off."""
    del seed  # nothing is random
    momenta = numpy.array([0.3, 0.6, 0.9])
    predicted = {n: [_limit(f, mu) for mu in momenta] for n, f in _FORMS.items()}
    measured = {n: [_edge(f, mu) for mu in momenta] for n, f in _FORMS.items()}
    ratios = numpy.array([*measured.values()]) / numpy.array([*predicted.values()])
    worst = float(ratios.flat[abs(ratios - 1).argmax()])
    home, gone = (
        [_comes_home(f(share * _edge(f, 0.9), 0.9)) for f in _FORMS.values()]
        for share in (0.98, 1.02)
    )
    return Finding(
        _compare_limits(measured, worst, sum(home), sum(gone)),
        _draw_limits(momenta, measured),
        "Six curves of the largest stable learning rate against momentum, on each of "
        "which the measured points lie: from the average, whose limit rises without "
        "bound, to the step with the old velocity, whose limit falls to nothing.",
    )


def _compare_limits(
    measured: Any, worst: float, home: int, gone: int
) -> tuple[Comparison, ...]:
    return (
        Comparison(
            "measured over predicted limit, the worst of 18 [1]",
            1.0,
            worst,
            1e-9,
            _ROUNDING,
        ),
        *(
            Comparison(
                f"largest lr · curvature, {name}, momentum 0.9 [1]",
                float(told),
                measured[name][-1],
                1e-9,
                _ROUNDING,
            )
            for name, told in _AT_NINE_TENTHS.items()
        ),
        Comparison(
            "forms that come to rest 2 % below the limit, of 6 [1]",
            len(_FORMS),
            home,
            0.0,
            "a count",
        ),
        Comparison("forms that come to rest 2 % above it [1]", 0, gone, 0.0, "a count"),
    )


def _limit(form: Callable[[float, float], Method], momentum: float) -> float:
    method = form(0.01, momentum)
    numbers = method.coefficients(1)
    limit = largest_stable_lr(numbers, 1.0 + method.weight_decay)
    return float(0.01 * limit / equivalent_lr(numbers))


def _edge(form: Callable[[float, float], Method], momentum: float) -> float:
    from scipy.optimize import brentq

    def growth(lr: float) -> float:
        method = form(lr, momentum)
        return (
            float(measured_rates(method.coefficients(1), 1.0, method.weight_decay)) - 1
        )

    return float(brentq(growth, 1e-2, 1e2, xtol=1e-12))


def _comes_home(method: Method) -> bool:
    ball, pull = method.coefficients(1), method.weight_decay
    return bool(abs(walked(ball, 1.0, 1.0, 5000, pull)[-100:]).max() < 0.1)


def _draw_limits(momenta: Any, measured: dict[str, list[float]]) -> Callable[..., None]:
    def draw(figure: Any) -> None:
        from inertial.report.drawing import mark

        axes = figure.subplots()
        colours = ("loss", "ink", "other", "work", "kinetic", "heat")
        grid = numpy.linspace(0.02, 0.97, 96)
        for (name, form), colour in zip(_FORMS.items(), colours, strict=True):
            line = [_limit(form, mu) for mu in grid]
            axes.plot(grid, line, color=mark(colour), label=name)
            axes.plot(momenta, measured[name], "o", color=mark(colour), ms=6)
        axes.set_yscale("log")
        axes.set_xlabel("momentum [1]")
        axes.set_ylabel("largest stable lr · curvature [1]")
        axes.legend(fontsize=9, ncols=2, frameon=False, loc="upper left")

    return draw


def t23_regimes(seed: int) -> Finding:
    """Return what 400 random heavy balls do, and how one swings."""
    drawn = numpy.random.default_rng(seed)
    momenta = drawn.uniform(0.02, 0.95, 400)
    stiffness = numpy.append(  # as many again where it is large
        10 ** drawn.uniform(-3.0, 0.0, 200), drawn.uniform(0.7, 6.0, 200)
    )
    clear = _away_from_borders(momenta, stiffness)
    momenta, stiffness = momenta[clear], stiffness[clear]
    balls = [
        polyak(s, mu).coefficients(0) for s, mu in zip(stiffness, momenta, strict=True)
    ]
    seen = _behaviour(walked(columns(balls), 1.0, numpy.ones((len(balls), 1)), 1500))
    told = regime(Coefficients(decay=momenta, drift=stiffness), 1.0)
    timed = _timed(simulate(polyak(0.05, 0.9), quadratic((1.0,)), (1.0,), 1500))
    return Finding(
        _compare_regimes(int((seen != told).sum()), *timed),
        _draw_regimes(momenta, stiffness, seen),
        "A map of momentum against stiffness. Balls that creep lie below the critical "
        "curve, those that swing above it, those that jump from side to side above a "
        "second curve, and those that fly off above the limit 2(1 + μ).",
    )


def _compare_regimes(
    others: int, swing: float, halving: float
) -> tuple[Comparison, ...]:
    ball = Coefficients(decay=0.9, drift=0.05)
    band = numpy.linspace(*critical_curvatures(ball), 102)[1:-1]
    same = float(measured_rates(ball, band).max() - measured_rates(ball, band).min())
    return (
        Comparison(
            "balls that do other than their regime says [1]",
            0,
            others,
            0.0,
            "a count; none lies within 2 % of a border, where it takes ages to tell",
        ),
        Comparison(
            "period at lr·curvature 0.05, momentum 0.9 [steps]",
            period(ball, 1.0),
            swing,
            2e-3,
            "one step over all 106 half swings, in which crossings are read off lines",
        ),
        Comparison(
            "half-life of the amplitude there [steps]",
            half_life(ball, 1.0),
            halving,
            0.02,
            "the energy ripples by a factor of about 2 over 114 half-lives",
        ),
        Comparison(
            "spread of the rate over all curvatures that swing [1]",
            0.0,
            same,
            1e-12,
            _ROUNDING,
        ),
    )


def _away_from_borders(momenta: Any, stiffness: Any) -> Any:
    balls = Coefficients(decay=momenta)
    borders = (*critical_curvatures(balls), largest_stable_curvature(balls))
    return numpy.all([abs(stiffness / edge - 1) > 0.02 for edge in borders], axis=0)


def _behaviour(positions: Any) -> Any:
    """Return what balls do in words, by their sides and sizes only."""
    positions = positions[..., 0]
    alive = abs(positions[1:]) > 1e-290  # below, only rounding is left
    crossed = (numpy.sign(positions[1:]) != numpy.sign(positions[:-1])) & alive
    count = crossed.sum(0)
    gone = ~(abs(positions[-1]) < 1)  # nan too
    cases = (gone, count == 0, count == alive.sum(0))
    words = ("diverging", "overdamped", "overdamped, flipping sign")
    return numpy.select(cases, words, "underdamped")


def _timed(run: Any) -> tuple[float, float]:
    place = run.positions[:, 0, 0]
    at = numpy.flatnonzero(place[1:] * place[:-1] < 0)
    crossing = at + place[at] / (place[at] - place[at + 1])
    energy = numpy.log2((run.losses + run.kinetic)[1:, 0])
    slope = numpy.polyfit(run.steps[1:], energy, 1)[0]
    return float(2 * numpy.diff(crossing).mean()), float(-2 / slope)


def _draw_regimes(momenta: Any, stiffness: Any, seen: Any) -> Callable[..., None]:
    def draw(figure: Any) -> None:
        from inertial.report.drawing import mark

        axes = figure.subplots()
        grid = numpy.linspace(0.02, 0.95, 120)
        for word, name, colour in (
            ("overdamped", "creeps", "loss"),
            ("underdamped", "swings", "kinetic"),
            ("overdamped, flipping sign", "jumps", "other"),
            ("diverging", "flies off", "heat"),
        ):
            picked = seen == word
            axes.plot(
                momenta[picked],
                stiffness[picked],
                "o",
                color=mark(colour),
                ms=3.5,
                label=name,
            )
        balls = [polyak(1.0, mu).coefficients(0) for mu in grid]
        for edge in numpy.array([critical_curvatures(ball) for ball in balls]).T:
            axes.plot(grid, edge, color=mark("ink"))
        axes.plot(grid, [largest_stable_lr(b, 1.0) for b in balls], color=mark("ink"))
        axes.set_yscale("log")
        axes.set_xlabel("momentum [1]")
        axes.set_ylabel("lr · curvature [1]")
        # Above the axes, for points are everywhere within.
        figure.subplots_adjust(top=0.89)
        axes.legend(
            frameon=False,
            fontsize=10,
            ncols=4,
            loc="lower center",
            bbox_to_anchor=(0.5, 0.98),
            handletextpad=0.1,
        )

    return draw


STATEMENTS = (
    Statement(
        "T21",
        "Momentum makes a learning rate safer: it can be larger before training "
        "diverges.",
        "true only if",
        "the heavy ball is meant, whose limit is 2(1 + μ)/curvature, at most twice "
        "that of plain descent. Nesterov's limit falls to 4/3, below plain descent's "
        "2; a step with the old velocity stands only 1 − μ; and an average seems to "
        "stand more only because it writes its learning rate 1/(1 − μ) times larger.",
        "lr·λ < 2(1+μ) heavy ball; 2(1+μ)/(1+2μ) Nesterov; 1−μ old velocity; "
        "2(1+μ)/(1−μ) average; lr·(λ+w) < 2(1+μ) coupled decay w; "
        "lr·λ < (2−lr·w)(1+μ) decoupled",
        t21_stability_limits,
        ("C6",),
        "Stability",
    ),
    Statement(
        "T23",
        "While a heavy ball swings, it settles at √μ a step, whatever the learning "
        "rate and the curvature; below a critical stiffness it creeps, and above "
        "another it jumps from side to side.",
        "true",
        "the two multipliers of a step have the product μ; as long as they are a "
        "complex pair, each has the size √μ.",
        "swings for (1−√μ)² < lr·λ < (1+√μ)²; rate √μ; "
        "period 2π/arccos((1+μ−lr·λ)/(2√μ)); half-life 2·ln2/(−ln μ)",
        t23_regimes,
        (),
        "Stability",
    ),
    *SWINGS,
)
