"""Statements about what stops a particle: a slope, a shelf, a pass, a barrier, heat."""

from __future__ import annotations

import math
from typing import Any

import numpy

from inertial.analysis import Trajectory, rate, simulate
from inertial.analysis.acceleration import growing_distance, growing_nesterov
from inertial.analysis.landscape import plateau, saddle
from inertial.analysis.rolling import coasting_distance, slope_distance
from inertial.evidence.escape import t52_barrier, t53_escape
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients
from inertial.report.drawing import mark
from inertial.report.style import SERIES

_TOPIC = "Landscapes"


def _column(values: Any) -> Any:
    return numpy.asarray(values, float)[:, None]


def t48_constant_slope(seed: int) -> Finding:
    """Return how far three momenta get down a constant slope, step by step."""
    slope, lr = numpy.random.default_rng(seed).uniform(0.5, 2.0, 2)
    steps, mu, start = 60, 0.9, 9000.0
    hill = plateau(slope=slope)
    counts: Any = numpy.arange(steps + 1)
    pair = Coefficients(decay=_column([1.0, mu]), drift=lr)
    run = simulate(pair, hill, (start, 0.0), steps, limit=1e5)
    gone = (start - run.positions[..., 0]) / (lr * slope)
    rule = growing_nesterov(lr)
    ahead = simulate(rule, hill, (start, 0.0), steps, limit=1e5)
    looks = numpy.array([rule(n - 1).blend_momentum for n in range(steps + 1)])
    base = ahead.positions[:, 0, 0] - looks * ahead.momenta[:, 0, 0]
    measured = {
        "no friction": (slope_distance(1.0, counts), gone[:, 0]),
        "Nesterov's schedule": (
            numpy.append(0.0, growing_distance(counts[1:])),
            (start - base) / (lr * slope),
        ),
        "momentum 0.9": (slope_distance(mu, counts), gone[:, 1]),
    }
    rounding = "rounding of positions near 9000"
    speed = numpy.diff(gone[:, 1])[-1]
    return Finding(
        (
            *(
                Comparison(f"{name}: distance after 60 steps (lr·slope)", a, b, e, r)
                for name, (line, points) in measured.items()
                for a, b, e, r in [(line[-1], points[-1], 1e-9, rounding)]
            ),
            Comparison(
                "momentum 0.9: length of the last step (lr·slope)",
                1 / (1 - mu),
                speed,
                1.001 * mu**steps / (1 - mu),
                "0.9⁶⁰/0.1 is still missing after 60 steps",
            ),
        ),
        lambda figure: _draw_distances(figure, counts, measured),
        "Distance over steps: a parabola without friction, a quarter of it with "
        "Nesterov's schedule, a straight line soon at momentum 0.9.",
    )


def _draw_distances(figure: Any, counts: Any, measured: dict[str, Any]) -> None:
    axes = figure.add_subplot()
    for (name, (line, points)), colour in zip(measured.items(), SERIES, strict=False):
        axes.plot(counts, line, color=mark(colour))
        axes.plot(counts[::5], points[::5], "o", ms=4, color=mark(colour), label=name)
    axes.plot(counts, counts, color=mark("muted"), ls="--", label="plain descent")
    axes.set(xlabel="step", ylabel="distance (lr·slope)", ylim=(0, 1000))
    axes.legend(frameon=False, loc="upper left")


def t50_shelf(seed: int) -> Finding:
    """Return how far particles coast over a flat shelf after a slope."""
    start = float(numpy.random.default_rng(seed).uniform(3, 4))
    momenta = numpy.array([0.0, 0.5, 0.8, 0.9, 0.93])
    rule = Coefficients(decay=_column(momenta), drift=0.1)
    x = _shelf(rule, start, 30.0).positions[..., 0]
    rows = numpy.arange(len(momenta))
    entry = (x <= 0).argmax(axis=0)
    last = x[entry - 1, rows] - x[entry, rows]
    coasted = x[entry, rows] - x[-1]
    predicted = [coasting_distance(d, m) for d, m in zip(last, momenta, strict=True)]
    shelf = -x[-1, 3]
    ends = [
        _shelf(rule._replace(decay=0.9), start, share * shelf).positions[-1, 0, 0]
        for share in (0.99, 1.01)
    ]
    flat = "0.93⁴⁰⁰ is 10⁻¹³: only rounding and that are left"
    return Finding(
        (
            *(
                Comparison(f"coast at momentum {m:g} (X)", p, c, 1e-10, flat)
                for m, p, c in zip(momenta, predicted, coasted, strict=True)
            ),
            Comparison(
                "a shelf 1% narrower than its coast: rest at (X)",
                -0.99 * shelf - 1,
                ends[0],
                1e-6,
                "the valley behind it, as 400 steps leave it",
            ),
            Comparison("a shelf 1% wider: rest at (X)", -shelf, ends[1], 1e-10, flat),
        ),
        lambda figure: _draw_coasts(figure, x, momenta, entry, predicted),
        "Position over steps for five momenta: each falls down the slope, enters the "
        "shelf at 0, and comes to rest where a dashed line says.",
    )


def _shelf(rule: Coefficients, start: float, width: float) -> Trajectory:
    return simulate(rule, plateau(width=width), (start, 0.0), 480)


def _draw_coasts(
    figure: Any, x: Any, momenta: Any, entry: Any, predicted: list[float]
) -> None:
    axes = figure.add_subplot()
    axes.axhline(0, color=mark("muted"), lw=1.2)
    frames = numpy.arange(0, 121, 3)
    for row, colour in enumerate(SERIES):
        rest = x[entry[row], row] - predicted[row]
        axes.axhline(rest, color=mark(colour), ls="--", lw=1.2)
        axes.plot(frames, x[frames, row], "o", ms=3, color=mark(colour))
        side = "top" if row in (1, 2) else "bottom"
        axes.text(
            121,
            rest + (0.2 if side == "bottom" else -0.15),
            f"momentum {momenta[row]:g}",
            ha="right",
            va=side,
            color=mark(colour),
        )
    axes.text(35, 2.5, "slope above 0, shelf below", color=mark("muted"))
    axes.set(xlabel="step", ylabel="position (X)")


def t51_saddle(seed: int) -> Finding:
    """Return how soon particles leave a pass, with and without momentum."""
    down, lr, mu = 0.1, 0.1, 0.9
    nudge = float(numpy.random.default_rng(seed).uniform(5e-5, 2e-4))
    names = ("plain, same lr", "momentum 0.9", "plain, same lr/(1 − μ)")
    settings = [(0.0, lr), (mu, lr), (0.0, lr / (1 - mu))]
    decays, drifts = (_column(each) for each in zip(*settings, strict=True))
    rule = Coefficients(decay=decays, drift=drifts)
    run = simulate(rule, saddle(down=down), (0.0, nudge), 1100, limit=1e60)
    y = run.positions[..., 1]
    first, last = (y > 1e-2).argmax(axis=0), (y > 1.0).argmax(axis=0)
    growth = [rate(Coefficients(decay=m, drift=e), -down) for m, e in settings]
    took = (last - first).tolist()
    needed = [math.log(100) / math.log(z) for z in growth]
    still = simulate(rule, saddle(down=down), (1.0, 0.0), 300, keep_every=300)
    grown = [
        (y[b, k] / y[a, k]) ** (1 / (b - a))
        for k, (a, b) in enumerate(zip(first, last, strict=True))
    ]
    whole = "steps are whole: at most one too many at each end"
    late = "the second multiplier has shrunk the start's share of it below this"
    return Finding(
        (
            *(
                Comparison(f"{name}: growth per step", z, g, 1e-7, late)
                for name, z, g in zip(names, growth, grown, strict=True)
            ),
            *(
                Comparison(f"{name}: steps from 0.01 to 1", n, t, 1.0, whole)
                for name, n, t in zip(names, needed, took, strict=True)
            ),
            Comparison(
                "steps, against plain at same lr", took[0], took[1], 0, whole, "<"
            ),
            Comparison(
                "steps, against plain at same lr/(1 − μ)",
                took[2],
                took[1],
                0,
                whole,
                ">",
            ),
            Comparison(
                "from the ridge itself: farthest along the way out (X)",
                0,
                float(abs(still.positions[..., 1]).max()),
                0,
                "no force ever points there",
            ),
        ),
        lambda figure: _draw_saddle(figure, y, names, growth, last),
        "Distance from the pass over steps, on a logarithmic axis: three straight "
        "lines; momentum leaves before descent of its lr, after descent of its "
        "effective lr.",
    )


def _draw_saddle(
    figure: Any, y: Any, names: tuple[str, ...], growth: list[float], last: Any
) -> None:
    axes = figure.add_subplot()
    for row, (name, colour) in enumerate(zip(names, SERIES, strict=False)):
        steps = numpy.arange(last[row] + 1)
        line = y[last[row], row] * growth[row] ** (steps - float(last[row]))
        every = max(len(steps) // 25, 1)
        axes.plot(steps, line, color=mark(colour))
        axes.plot(
            steps[::every],
            y[: last[row] + 1 : every, row],
            "o",
            ms=4,
            color=mark(colour),
            label=name,
        )
    axes.set(xlabel="step", ylabel="distance from the pass (X)", yscale="log")
    axes.legend(frameon=False, loc="lower right")


STATEMENTS = (
    Statement(
        "T48",
        "Momentum powers through flat areas: the steps add up as 1 + 2 + … + N.",
        "true only if",
        "there is no friction. With a constant momentum the speed is capped at "
        "1/(1 − μ) times plain descent's; only a momentum that grows towards 1, as in "
        "Nesterov's schedule, keeps gaining, at a quarter of the free fall.",
        "N(N+1)/2;  N/(1−μ) − μ(1−μᴺ)/(1−μ)²;  (N² + 5N + 2)/8",
        t48_constant_slope,
        ("C4", "C16"),
        _TOPIC,
    ),
    Statement(
        "T50",
        "Momentum carries the optimizer across plateaus where descent stops.",
        "true only if",
        "the plateau is short: where no force is left a particle coasts d₀μ/(1 − μ) "
        "further than its last step d₀, and not a step more. Plain descent stops at "
        "once.",
        "coast = d₀·μ/(1 − μ)",
        t50_shelf,
        ("C4",),
        _TOPIC,
    ),
    Statement(
        "T51",
        "Momentum escapes saddle points faster.",
        "true only if",
        "it is compared at the same lr. At the same effective lr/(1 − μ) plain descent "
        "leaves sooner, for inertia also resists being set in motion. On the ridge "
        "itself neither leaves.",
        "z = ½(1 + μ + s + √((1 + μ + s)² − 4μ)),  s = lr·|curvature|",
        t51_saddle,
        ("C4",),
        _TOPIC,
    ),
    Statement(
        "T52",
        "Momentum keeps the optimizer from getting stuck in local minima.",
        "true only if",
        "it starts higher than the barrier: friction only takes energy, so from rest "
        "below it no momentum crosses. From above, the well in which it ends "
        "alternates with μ, and it leaves the deeper well as readily as the shallow "
        "one.",
        "start below the barrier: 0 cross;  above: the well of m·ẍ = −∇L − εẋ",
        t52_barrier,
        ("C4",),
        _TOPIC,
    ),
    Statement(
        "T53",
        "Momentum helps noise to drive the optimizer out of minima.",
        "false",
        "At an equal temperature (equal lr/(1 − μ)) inertia leaves a well more rarely, "
        "by Kramers' factor. At an equal lr momentum leaves sooner only because it is "
        "1/(1 − μ) times as hot.",
        "rate/rate without = 2ζ(√(1 + ζ²) − ζ),  ζ = (1 − μ)/(2√(lr·|top curvature|))",
        t53_escape,
        ("C4",),
        _TOPIC,
    ),
)
"""T48 and T50 to T53."""
