"""What noise leaves of momentum's promise: no calm, and no larger steps."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import (
    buffer_variance,
    largest_stable_lr_multiplicative,
    position_variance,
)
from inertial.conventions import ema, torch_sgd
from inertial.evidence.ensemble import (
    Sample,
    agree,
    ball,
    columns,
    dots,
    ratio,
    sample,
    settled,
)
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients, newtonian, step

TOPIC = "Noise"


def t35_averaging(seed: int) -> Finding:
    """Return what a buffer averages out of pure noise, and what places keep of it."""
    averages, each = (0.5, 0.9, 0.97), 3000
    (beta,) = columns([(one,) for one in averages], each)
    average = ema(0.1, 0.5).coefficients(0)._replace(decay=beta, kick=1 - beta)
    flat = settled(average, 0.0, 1.0, seed, steps=300, after=200)
    buffer = [
        sample(flat.momenta[:, number * each : (number + 1) * each, 0] ** 2)
        for number in range(len(averages))
    ]
    settings = ((0.01, 0.9), (0.1, 0.0), (0.01, 0.0))
    method = torch_sgd(*columns(settings, each), checked=True)
    run = settled(method, 1.0, 1.0, seed + 1, steps=900, after=400)
    squares = run.positions[..., 0] ** 2
    heavy, effective, same = (
        squares[:, number * each : (number + 1) * each] for number in range(3)
    )
    gained = [ratio(heavy, other) for other in (effective, same)]
    closed = [position_variance(ball(*setting), 1.0) for setting in settings]
    comparisons = [
        agree(
            f"variance of the buffer over that of the gradients at α {one:g}",
            buffer_variance(ema(0.1, one).coefficients(0), 1.0),
            found,
        )
        for one, found in zip(averages, buffer, strict=True)
    ]
    names = ("equal effective learning rate", "equal learning rate")
    comparisons += [
        agree(f"variance of the position, μ 0.9 over μ 0, at {name}", p, found)
        for name, p, found in zip(
            names, (closed[0] / closed[1], closed[0] / closed[2]), gained, strict=True
        )
    ]
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t35(figure, averages, buffer, gained),
        "With more momentum the buffer's variance falls, the position's stays level at "
        "equal effective learning rate and rises at equal learning rate.",
    )


def _draw_t35(
    figure: Any, averages: Any, buffer: list[Sample], gained: list[Sample]
) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    share = numpy.linspace(0.0, 0.98, 200)
    effective = ball(0.1 * (1 - share), share)
    plain = position_variance(ball(0.1, 0.0), 1.0)
    slow = position_variance(ball(0.01, 0.0), 1.0)
    lines = (
        (
            "position, equal lr",
            "heat",
            position_variance(ball(0.01, share), 1.0) / slow,
        ),
        (
            "position, equal lr/(1 − μ)",
            "kinetic",
            position_variance(effective, 1.0) / plain,
        ),
        ("buffer", "loss", buffer_variance(Coefficients(share, 1 - share), 1.0)),
    )
    for name, colour, line in lines:
        axes.plot(share, line, color=mark(colour), label=name)
    dots(axes, averages, buffer, "loss")
    dots(axes, [0.9], gained[:1], "kinetic")
    dots(axes, [0.9], gained[1:], "heat")
    axes.set(yscale="log", ylim=(0.008, 100))
    axes.set(xlabel="momentum μ = α", ylabel="variance over that of SGD")
    axes.legend(frameon=False, loc="upper left")


_STRONG, _WEAK = 5.0, 0.1  # noise of the curvature, in units of the curvature
_MOMENTA = (0.0, 0.5, 0.9, 0.99)


def _growth(lr: float, momentum: float, curvature_noise: float) -> float:
    """Return the factor per step of the mean squares, as particles make it.

    The mean squares of a linear step move linearly: three starts say everything. A
    curvature of 1 ± its noise, both equally likely, has the same variance as any dice.
    """
    coefficients = torch_sgd(lr, momentum).coefficients(1)
    push, place = numpy.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    squares = numpy.zeros((3, 3))
    for curvature in (1 - curvature_noise, 1 + curvature_noise):
        x, p, _ = step(coefficients, newtonian(), place, push, -curvature * place)
        squares += numpy.stack([p * p, x * x, p * x]) / 2
    start = numpy.stack([push * push, place * place, push * place])
    return float(max(abs(numpy.linalg.eigvals(squares @ numpy.linalg.inv(start)))))


def _measured_limit(momentum: float, curvature_noise: float) -> float:
    """Return the learning rate at which mean squares stop falling, by bisection."""
    low, high = 0.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        falls = _growth(middle, momentum, curvature_noise) < 1
        low, high = (middle, high) if falls else (low, middle)
    return low


def t36_noisy_curvature(seed: int) -> Finding:
    """Return the largest steps that a curvature with noise allows."""
    del seed  # both signs of the noise are taken in turn: there are no dice
    comparisons, gains = [], {}
    for noise in (_STRONG, _WEAK):
        limits = [_measured_limit(momentum, noise) for momentum in _MOMENTA]
        for momentum, limit in zip(_MOMENTA, limits, strict=True):
            comparisons.append(
                Comparison(
                    f"largest lr·λ at noise {noise:g} λ, μ {momentum:g}",
                    largest_stable_lr_multiplicative(ball(1.0, momentum), 1.0, noise),
                    limit,
                    1e-9 * limit,
                    "rounding of an eigenvalue near 1, over its slope with lr",
                )
            )
        shares = 1 - numpy.array(_MOMENTA)
        gains[noise] = limits / shares / limits[0]
    comparisons += [
        Comparison(
            "gain in the largest lr/(1−μ) by μ 0.99, strong noise: below 1 + (λ/σ_λ)²",
            1 + 1 / _STRONG**2,
            float(gains[_STRONG][-1]),
            1e-9,
            "rounding",
            relation="<",
        ),
        Comparison(
            "the same with weak noise: more than 50 times",
            50.0,
            float(gains[_WEAK][-1]),
            0.0,
            "a bound well inside 199, the gain without noise",
            relation=">",
        ),
    ]
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t36(figure, gains),
        "The gain in the largest effective step against the memory 1/(1−μ): with weak "
        "noise it rises almost in proportion, with strong noise it stays at one.",
    )


def _draw_t36(figure: Any, gains: dict[float, Any]) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    share = numpy.geomspace(1.0, 1e-2, 200)
    names = {_WEAK: ("work", "weak noise"), _STRONG: ("heat", "strong noise")}
    for noise, (colour, name) in names.items():
        line = [
            largest_stable_lr_multiplicative(ball(1.0, 1 - one), 1.0, noise) / one
            for one in share
        ]
        axes.plot(
            1 / share,
            numpy.array(line) / line[0],
            color=mark(colour),
            label=f"{name}, {noise:g} times the curvature",
        )
        memories = 1 / (1 - numpy.array(_MOMENTA))
        axes.plot(memories, gains[noise], "o", ms=6, color=mark(colour))
    axes.set(xscale="log", yscale="log", ylim=(0.7, 300))
    axes.set(xlabel="memory 1/(1 − μ) [steps]")
    axes.set_ylabel("largest lr/(1 − μ), over that of SGD")
    axes.legend(frameon=False, loc="upper left")


STATEMENTS = (
    Statement(
        "T35",
        "Momentum averages the gradient noise out.",
        "false",
        "it does so in the buffer, not in the parameters: their variance is the same "
        "at equal effective learning rate, 1/(1−μ) times as large at equal learning "
        "rate. The buffer is calm, but it pushes in one direction for longer.",
        "Var e = σ² (1−α)/(1+α);  Var x, momentum over none: "
        "(2−E)/(2−E(1−μ)/(1+μ)) at equal E = lr λ/(1−μ), about 1/(1−μ) at equal lr",
        t35_averaging,
        page=("C10",),
        topic=TOPIC,
    ),
    Statement(
        "T36",
        "Momentum lets a run take larger steps before it diverges.",
        "true only if",
        "the curvature sets the limit. Where noise in the curvature sets it, the "
        "effective learning rate stays below 2λ/σ_λ², "
        "whatever the momentum.",
        "lr < 2λ(1−μ²) / (σ_λ²(1+μ) + λ²(1−μ))",
        t36_noisy_curvature,
        page=("C6",),
        topic=TOPIC,
    ),
)
