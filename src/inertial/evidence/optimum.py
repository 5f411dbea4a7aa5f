"""Statements on the best constants for a bowl, found again by blind search."""

from __future__ import annotations

import math
from typing import Any

import numpy

from inertial.analysis import (
    Tuned,
    break_even_condition_number,
    gradient_descent,
    heavy_ball,
    nesterov_best,
    nesterov_standard,
    polyak,
    rate,
)
from inertial.conventions import torch_sgd
from inertial.evidence.measuring import lowest, measured_rates
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients

_CONDITIONS = (10.0, 100.0, 1000.0)
_DOUBLE = "a double root is known to the square root of the rounding only"


def numbers(setting: Tuned) -> Coefficients:
    """Return the six numbers of a tuned setting."""
    return torch_sgd(
        setting.lr, setting.momentum, nesterov=setting.nesterov
    ).coefficients(0)


def spectrum(condition: float) -> Any:
    """Return five curvatures from 1/condition to 1."""
    return numpy.geomspace(1 / condition, 1.0, 5)


def best_lr(condition: float, momentum: float, nesterov: bool = False) -> Any:
    """Return (learning rate, rate) that are best at a momentum, by trying."""
    within = spectrum(condition)

    def worst(lr: float) -> float:
        ball = torch_sgd(lr, momentum, nesterov=nesterov).coefficients(0)
        return float(measured_rates(ball, within).max())

    return lowest(worst, 0.0, 4.0)


def _blind(condition: float, nesterov: bool = False) -> Tuned:
    """Return the best constants for a bowl, by trying."""
    momentum, worst = lowest(
        lambda mu: float(best_lr(condition, mu, nesterov)[1]), 0.0, 1.0
    )
    lr, _ = best_lr(condition, momentum, nesterov)
    return Tuned(lr, momentum, nesterov, worst)


def _found(told: Tuned, found: Tuned, name: str) -> tuple[Comparison, ...]:
    return (
        Comparison(f"best rate, {name} [1]", told.rate, found.rate, 1e-6, _DOUBLE),
        Comparison(
            f"lr of {name}, stiffest curvature 1 [1]",
            told.lr,
            found.lr,
            1e-4,
            "the search stops in a valley as sharp as the root is double",
        ),
        Comparison(
            f"momentum of {name} [1]",
            told.momentum,
            found.momentum,
            1e-4,
            "the same",
        ),
    )


def t24_polyak_optimum(seed: int) -> Finding:
    """Return the best constants of the heavy ball, searched for blindly."""
    del seed  # nothing is random
    comparisons: list[Comparison] = []
    for condition in _CONDITIONS:
        found, told = _blind(condition), polyak(1 / condition, 1.0)
        comparisons += _found(told, found, f"the heavy ball at κ = {condition:g}")
        comparisons.append(
            Comparison(
                f"best rate of plain descent at κ = {condition:g} [1]",
                gradient_descent(1 / condition, 1.0).rate,
                best_lr(condition, 0.0)[1],
                1e-6,
                "the search stops at steps of 10⁻⁷",
            )
        )
    return Finding(
        tuple(comparisons),
        _draw_valleys,
        "Steps for one digit against momentum, for three condition numbers. Each curve "
        "falls, faster and faster, to a corner and then rises; the corner lies where "
        "Polyak says. Measured points lie on the curves.",
    )


def _steps_a_digit(factor: Any) -> Any:
    return -math.log(10) / numpy.log(factor)


def _draw_valleys(figure: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    memories = numpy.geomspace(1, 300, 150)
    for condition, colour in zip(
        _CONDITIONS, ("loss", "kinetic", "other"), strict=True
    ):
        line = [heavy_ball(1 / condition, 1.0, 1 - 1 / m).rate for m in memories]
        axes.plot(
            memories,
            _steps_a_digit(line),
            color=mark(colour),
            label=f"κ = {condition:g}",
        )
        tried = memories[::15]
        seen = [best_lr(condition, 1 - 1 / m)[1] for m in tried]
        axes.plot(tried, _steps_a_digit(seen), "o", color=mark(colour), ms=5)
        best = polyak(1 / condition, 1.0)
        axes.plot(
            1 / (1 - best.momentum),
            _steps_a_digit(best.rate),
            "*",
            color=mark("ink"),
            ms=12,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("memory 1/(1 − momentum) [steps]")
    axes.set_ylabel("time for one digit, best lr [steps]")
    axes.legend(frameon=False, fontsize=10, loc="lower right")


def t25_nesterov_optimum(seed: int) -> Finding:
    """Return Nesterov's best constants, searched for blindly, and its standard ones."""
    del seed  # nothing is random
    comparisons: list[Comparison] = []
    for condition in _CONDITIONS:
        found = _blind(condition, nesterov=True)
        comparisons += _found(
            nesterov_best(1 / condition, 1.0), found, f"Nesterov at κ = {condition:g}"
        )
        standard = nesterov_standard(1 / condition, 1.0)
        comparisons.append(
            Comparison(
                f"rate of its standard constants at κ = {condition:g} [1]",
                standard.rate,
                float(measured_rates(numbers(standard), spectrum(condition)).max()),
                1e-6,
                _DOUBLE,
            )
        )
    return Finding(
        tuple(comparisons),
        _draw_learning_rates,
        "Rate of the worst direction against the learning rate, at κ = 100, for the "
        "standard and the best momentum. The standard one falls to a corner at lr · "
        "curvature 1, at the rate 0.9, and is level from there to 1.33; the best falls "
        "to 0.885 at 1.33. Beyond, both rise steeply.",
    )


def _draw_learning_rates(figure: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    ends, rates = numpy.array([0.01, 1.0]), numpy.linspace(0.4, 1.45, 211)
    for name, setting, colour in (
        ("standard", nesterov_standard(0.01, 1.0), "loss"),
        ("best", nesterov_best(0.01, 1.0), "kinetic"),
    ):
        balls = [numbers(setting._replace(lr=lr)) for lr in rates]
        line = [rate(ball, ends).max() for ball in balls]
        axes.plot(rates, line, color=mark(colour), label=f"{name} momentum")
        seen = [measured_rates(ball, spectrum(100.0)).max() for ball in balls[::10]]
        axes.plot(rates[::10], seen, "o", color=mark(colour), ms=4)
        axes.plot(setting.lr, setting.rate, "*", color=mark("ink"), ms=12)
    axes.set_ylim(0.875, 1.005)
    axes.set_xlabel("lr · largest curvature [1]")
    axes.set_ylabel("rate of the worst direction [1]")
    axes.legend(frameon=False, fontsize=10, loc="upper center")


def t29_break_even(seed: int) -> Finding:
    """Return the condition numbers from which on a given momentum helps at all."""
    del seed  # nothing is random
    comparisons = tuple(
        Comparison(
            f"condition number at which momentum {mu:g} breaks even [1]",
            break_even_condition_number(mu),
            _break_even(mu),
            1e-6 * break_even_condition_number(mu) ** 2,
            "the rates are found to 10⁻⁶ of a step, and differ by 2/κ² a unit of κ",
        )
        for mu in (0.5, 0.9, 0.99)
    )
    return Finding(
        comparisons,
        _draw_break_even,
        "Rate against condition number, for plain descent and for momentum 0.9, each "
        "with its best learning rate. Plain descent begins at 0 and rises; momentum is "
        "level at 0.949. They cross at κ = 38.",
    )


def _break_even(momentum: float) -> float:
    from scipy.optimize import brentq

    def lag(log_condition: float) -> float:
        condition = math.exp(log_condition)
        return float(best_lr(condition, momentum)[1] - best_lr(condition, 0.0)[1])

    return math.exp(brentq(lag, math.log(2.0), math.log(2000.0), xtol=1e-10))


def _draw_break_even(figure: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    conditions = numpy.geomspace(2, 2000, 145)
    for name, mu, colour in (
        ("plain descent", 0.0, "ink"),
        ("momentum 0.9", 0.9, "kinetic"),
    ):
        line = [heavy_ball(1 / k, 1.0, mu).rate for k in conditions]
        seen = [best_lr(k, mu)[1] for k in conditions[::12]]
        axes.plot(conditions, line, color=mark(colour), label=name)
        axes.plot(conditions[::12], seen, "o", color=mark(colour), ms=5)
    axes.axvline(break_even_condition_number(0.9), color=mark("muted"), lw=1.2)
    axes.set_xscale("log")
    axes.set_xlabel("condition number κ [1]")
    axes.set_ylabel("rate with the best lr [1]")
    axes.legend(frameon=False, fontsize=10, loc="lower right")


STATEMENTS = (
    Statement(
        "T24",
        "There is a best learning rate and a best momentum for a bowl, and they can be "
        "computed from its smallest and its largest curvature.",
        "true",
        "Polyak's constants make the flattest and the steepest direction critical at "
        "once; a search that knows no formula finds the same ones.",
        "lr = 4/(√L+√l)², μ = ((√κ−1)/(√κ+1))², rate (√κ−1)/(√κ+1); plain descent "
        "(κ−1)/(κ+1)",
        t24_polyak_optimum,
        ("C7",),
        "Speed",
    ),
    Statement(
        "T25",
        "Nesterov's method with its standard constants is the fastest of its kind.",
        "false",
        "Its standard constants, lr = 1/L and μ = (√κ−1)/(√κ+1), reach the rate "
        "1 − 1/√κ exactly; on bowls a third more learning rate and slightly "
        "less momentum reach 1 − 2/√(3κ+1), and Polyak's heavy ball is faster still. "
        "The standard ones are safe where the loss is no bowl.",
        "standard: 1−1/√κ; best: lr = 4/(3L+l), μ = (√(3κ+1)−2)/(√(3κ+1)+2), rate "
        "1−2/√(3κ+1)",
        t25_nesterov_optimum,
        ("C16",),
        "Speed",
    ),
    Statement(
        "T29",
        "Momentum 0.9 is never slower than none.",
        "true only if",
        "the condition number is above (1+√μ)/(1−√μ), which is 38 for 0.9 and 398 for "
        "0.99. Below, plain descent with its own best learning rate is faster.",
        "break-even at κ = (1+√μ)/(1−√μ), where (κ−1)/(κ+1) = √μ",
        t29_break_even,
        ("C7",),
        "Speed",
    ),
)
