"""The page's derivation, from Newton's law to a moving average, line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis import largest_stable_lr, rate, simulate
from inertial.analysis.landscape import double_well, quadratic
from inertial.conventions import ema
from inertial.evidence.measuring import columns
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.evidence.thresholds import measured_growth, measured_limit
from inertial.physics import (
    EXPLICIT_EULER,
    Coefficients,
    Particle,
    advance,
    coefficients,
    newtonian,
    step,
)

_ROUNDING = "rounding of a hundred steps in double precision"


def t01_identification(seed: int) -> Finding:
    """Return α, β and γ as particles' paths have them, against the dictionary."""
    draw, clock = numpy.random.default_rng(seed).uniform, 0.3
    shares, mass = draw(0.03, 0.97, (40, 1)), draw(0.5, 3.0, (40, 1))
    body = Particle(mass, shares * mass / clock, draw(0.5, 2.0, (40, 1)), "explicit")
    kept, step_size = _averages_of_paths(body, clock)
    predicted = 1 - clock / body.time_constant[:, 0]
    sizes = step_size / (body.mobility[:, 0] * clock)
    weakest = int(numpy.argmin(shares))
    rows = (
        ("α of 40 paths less 1 − εη/m, the largest", 0.0, abs(kept - predicted).max()),
        ("β of 40 paths over φη/ε, the farthest from 1", 1.0,
         sizes[numpy.argmax(abs(sizes - 1))]),
        ("average plus momentum, over momentum, at γ = −ε/m and β = η/m", 0.0,
         _average_plus_momentum(mass, shares, clock)),
        ("α of a path less the page's εη/m, at the weakest friction",
         1 - 2 * float(shares[weakest, 0]), kept[weakest] - shares[weakest, 0]),
    )  # fmt: skip
    why = "rounding, times the condition of a fit to 40 steps"
    return Finding(
        tuple(Comparison(what, p, float(m), 1e-11, why) for what, p, m in rows),
        lambda figure: _draw_t01(figure, shares[:, 0], kept),
        "The retention read off forty paths lies on the line 1 − εη/m and meets the "
        "page's line εη/m only where both are one half.",
    )


def _average_plus_momentum(mass: Any, shares: Any, clock: float) -> float:
    """Return how far the page's average is from minus the momentum, at γ = −ε/m."""
    friction = shares * mass / clock
    even = Particle(mass, friction, friction / mass, "explicit").coefficients(clock)
    valley, start = quadratic((0.3,)), (1.0,)
    pushed = simulate(even, valley, start, 60).momenta
    averaged = simulate(_average(clock / mass, 1 - shares), valley, start, 60).momenta
    return float(abs(pushed - averaged).max() / abs(pushed).max())


def _average(learning_rate: Any, beta: Any) -> Coefficients:
    """Return the six numbers of many moving averages, one in each row."""
    rows = zip(learning_rate[:, 0], beta[:, 0], strict=True)
    return columns([ema(float(lr), float(share)).coefficients(0) for lr, share in rows])


def _averages_of_paths(body: Particle, clock: float) -> tuple[Any, Any]:
    """Return the α and β that turn each particle's path into a moving average."""
    hills = double_well()
    path = simulate(body.coefficients(clock), hills, (1.3, -0.8), 40).positions
    moves, slopes = numpy.diff(path, axis=0), hills.gradient(path)
    found = []
    for i in range(path.shape[1]):
        known = numpy.stack([moves[:-1, i].ravel(), -slopes[1:-1, i].ravel()], 1)
        found.append(numpy.linalg.lstsq(known, moves[1:, i].ravel(), rcond=None)[0])
    kept, push = numpy.array(found).T
    return kept, push / (1 - kept)


def _draw_t01(figure: Any, shares: Any, kept: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    axes.plot([0, 1], [1, 0], color=mark("ink"))
    axes.plot([0, 1], [0, 1], color=mark("heat"), linestyle="--")
    axes.plot(shares, kept, "o", color=mark("loss"), markersize=5)
    axes.text(0.2, 0.86, "α = 1 − εη/m, and 40 paths")
    axes.text(0.77, 0.56, "the page's\nα = εη/m", color=mark("heat"))
    axes.set(xlabel="share of the momentum that friction takes, εη/m")
    axes.set(ylabel="retention α in a step")


def t02_literal_constants(seed: int) -> Finding:
    """Return the page's constants and the corrected ones, run beside the particle."""
    body, clock, steps = Particle(0.5, 1.0, 1.7, "explicit"), 0.1, 100
    alpha, beta = 1 - clock / body.time_constant, body.mobility * clock
    bowl, start = quadratic((1.0, 3.0)), (1.0, -0.5)
    rolled = simulate(
        body.coefficients(clock), bowl, start, steps, noise=0.5, seed=seed
    ).positions[:, 0]
    averaged = simulate(
        ema(beta, alpha), bowl, start, steps, noise=0.5, seed=seed
    ).positions[:, 0]
    # The page: γ = 1/η − ε/m above 0, the force γ·gradient, x' = x + (η/m)p'.
    page = Particle(0.5, 1.0, 1 / clock - 1.0 / 0.5, "explicit").coefficients(clock)
    hill = quadratic((-1.0,))  # a force along the gradient: the bowl turned over
    climbed = simulate(page, hill, (1.0,), 60).positions[:, 0, 0]
    growth = rate(page, -1.0)
    return Finding(
        (
            Comparison(
                "distance of the average from the particle over its largest position",
                0.0,
                float(abs(rolled - averaged).max() / abs(rolled).max()),
                1e-13,
                _ROUNDING,
            ),
            Comparison(
                "growth of x in a step with the page's constants, on x²/2",
                growth,
                float(climbed[-1] / climbed[-2]),
                1e-9,
                "the other mode has shrunk by 1e-22 at step 60; rounding is left",
            ),
        ),
        lambda figure: _draw_t02(figure, rolled[:, 0], averaged[:, 0], climbed, growth),
        "Left, the corrected average steps exactly on the particle's path; right, with "
        "the page's constants the distance from the minimum grows without end.",
    )


def _draw_t02(
    figure: Any, rolled: Any, averaged: Any, climbed: Any, growth: float
) -> None:
    from inertial.report.drawing import mark

    left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.42})
    left.plot(rolled, color=mark("ink"))
    left.plot(numpy.arange(101)[::3], averaged[::3], "o", ms=4, color=mark("loss"))
    left.set(xlabel="step", ylabel="position")
    left.set_title("corrected constants", loc="left", fontsize=12)
    steps = numpy.arange(61)
    right.plot(steps, climbed[-1] * growth ** (steps - 60.0), color=mark("ink"))
    right.plot(steps[::3], climbed[::3], "o", ms=4, color=mark("heat"))
    right.set(xlabel="step", yscale="log", ylim=(0.5, 1e9))
    right.set_title("the page's constants", loc="left", fontsize=12)


def t03_stale_gradient(seed: int) -> Finding:
    """Return the paths and the limits of an average of gradients one step late."""
    start = numpy.random.default_rng(seed).uniform(-1.5, 1.5, 2)
    late, old = _late_and_old(start, 200)
    same = Comparison(
        "late gradients against the old velocity: positions apart, over the largest",
        0.0,
        float(abs(late - old).max() / abs(old).max()),
        1e-11,
        "rounding of 200 steps, which the hills between the two wells spread",
    )
    return Finding(
        (same, _limit("old", _explicit, 0.5), _limit("updated", _fresh, 5.0)),
        _draw_t03,
        "Growth in a step against lr·curvature: with the stale gradient it crosses 1 "
        "at 0.1, with the fresh one at 3.8.",
    )


def _explicit(lr: Any) -> Coefficients:
    return coefficients(EXPLICIT_EULER, Particle(1.0, 0.1, lr, "explicit"), 1.0)


def _fresh(lr: Any) -> Coefficients:
    return Particle(1.0, 0.1, lr, "explicit").coefficients(1.0)


def _limit(name: str, make: Callable[[Any], Coefficients], high: float) -> Comparison:
    found, spacing = measured_limit(
        lambda lr: measured_growth(make(lr)) < 1, 0.01, high
    )
    return Comparison(
        f"largest stable lr·curvature with the {name} velocity, μ = 0.9",
        largest_stable_lr(make(1e-3), 1.0),
        found,
        spacing,
        "the distance between the settings that were tried",
    )


def _late_and_old(start: Any, steps: int) -> tuple[Any, Any]:
    """Return a path by gradients of the step before, and one by the old velocity."""
    slope, lr, share = double_well().gradient, 0.02, 0.9
    body = Particle(1.0, 1 - share, lr, "explicit")
    average = ema(lr / (1 - share), share).coefficients(0)
    late, momentum = [start, start], 0.0 * start
    for _ in range(steps):
        position, momentum, _ = step(
            average, newtonian(), late[-1], momentum, -slope(late[-2])
        )
        late.append(position)
    old, momentum = [start], 0.0 * start
    for _ in range(steps + 1):
        position, momentum = advance(
            EXPLICIT_EULER, newtonian(), lambda x: -slope(x), body, 1.0, old[-1],
            momentum,
        )  # fmt: skip
        old.append(position)
    return numpy.array(late), numpy.array(old)


def _draw_t03(figure: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    lines, dots = numpy.geomspace(0.01, 4.4, 300), numpy.geomspace(0.012, 4.3, 22)
    for make, colour in ((_explicit, "heat"), (_fresh, "loss")):
        axes.plot(lines, rate(make(lines), 1.0), color=mark(colour))
        growth = measured_growth(make(dots[:, None]), steps=200)
        axes.plot(dots, growth, "o", ms=5, color=mark(colour))
    axes.axhline(1.0, color=mark("ink"), linestyle="--", linewidth=1)
    axes.set(xscale="log", ylim=(0.88, 1.5), ylabel="growth of the excursion in a step")
    axes.set(xlabel="learning rate × curvature (no unit)")
    axes.set_xticks([0.01, 0.1, 1.0, 3.8], ["0.01", "0.1", "1", "3.8"])
    axes.text(0.15, 1.23, "gradient one\nstep late", color=mark("heat"))
    axes.text(0.9, 0.9, "fresh gradient", color=mark("loss"))
    axes.text(0.011, 1.012, "grows above this line", fontsize=11)


STATEMENTS = (
    Statement(
        "T01",
        "Newton's law with drag is the averaged form, with α = ηε/m, β = η/m and "
        "γ = 1/η − ε/m.",
        "false",
        "It is the averaged form, but α = 1 − ηε/m: α is what survives friction, not "
        "what friction takes. The force must point downhill, so γ is −ε/m if the "
        "average is to be minus the momentum; for any other force scale φ = −γ the "
        "average is −(ε/φ)·velocity and β = φη/ε.",
        "α = 1 − εη/m, β = φη/ε, γ = −φ",
        t01_identification,
        ("C15",),
        "The derivation",
    ),
    Statement(
        "T02",
        "With the page's constants the averaged form and the particle run alike.",
        "false",
        "With the corrected constants they agree to the last digits, noise included; "
        "the page's positive γ pushes along the gradient, and x leaves uphill.",
        "corrected: distance 0; the page's: x grows by the larger root of "
        "z² − (2 − εη/m + γη²/m)z + 1 − εη/m",
        t02_literal_constants,
        ("C11", "C15"),
        "The derivation",
    ),
    Statement(
        "T03",
        "It does not matter whether the average takes the gradient at θ(t) or, as in "
        "the page's first form, at θ(t−1).",
        "false",
        "A gradient one step late is the same as moving with the old velocity "
        "(explicit Euler); at μ = 0.9 it stands 38 times less learning rate.",
        "stable for lr·λ < 1 − μ with the late gradient, < 2(1 + μ) with the fresh one",
        t03_stale_gradient,
        ("C15",),
        "The derivation",
    ),
)
