"""Two limits of the settings: the largest learning rate, and the ends of α."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import effective_lr, largest_stable_lr, rate, simulate
from inertial.analysis.landscape import plateau, quadratic
from inertial.conventions import ema, torch_sgd
from inertial.conventions.average_form import averaged
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.evidence.thresholds import measured_growth, measured_limit
from inertial.physics import Coefficients

_ROUNDING = "rounding of a hundred steps in double precision"


def t10_force_and_limit(seed: int) -> Finding:
    """Return the largest stable learning rate for forces of many sizes."""
    draw = numpy.random.default_rng(seed)
    curvature = float(draw.uniform(0.5, 5.0))
    known = torch_sgd(lr=0.1, momentum=0.9).coefficients(0)
    limit = largest_stable_lr(known, curvature)
    comparisons = []
    for start in (1e-6, 1.0, 1e6):
        found, spacing = _limit(curvature, start)
        comparisons.append(
            Comparison(
                f"largest stable lr·curvature, released at x = {start:g}",
                limit * curvature,
                found * curvature,
                spacing * curvature,
                "the distance between the settings that were tried",
            )
        )
    slope = 1e8
    run = simulate(known, plateau(slope=slope), (1e11, 0.0), 500, limit=1e12)
    last = run.positions[-2, 0, 0] - run.positions[-1, 0, 0]
    comparisons.append(
        Comparison(
            "final step on a constant slope of 1e8, over lr·slope/(1 − μ)",
            1.0,
            float(last / (effective_lr(known) * slope)),
            1e-11,
            "a step of 1e8 is the difference of positions rounded at 1e-5",
        )
    )
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t10(figure, known),
        "The largest stable learning rate against the curvature: points for a weak, a "
        "middling and a huge force lie on one and the same falling line.",
    )


def _ball(lr: Any) -> Coefficients:
    return Coefficients(decay=0.9, drift=lr)


def _limit(curvature: float, start: float) -> tuple[float, float]:
    return measured_limit(
        lambda lr: measured_growth(_ball(lr), curvature, start, 200) < 1,
        0.1 / curvature,
        5.0 / curvature,
        60,
    )


def _draw_t10(figure: Any, known: Coefficients) -> None:
    from inertial.report.drawing import mark

    axes, line = figure.add_subplot(), numpy.geomspace(0.08, 125, 50)
    axes.plot(line, largest_stable_lr(known, line), color=mark("ink"))
    for i, start in enumerate((1e-6, 1.0, 1e6)):
        marker, colour = "os^"[i], ("loss", "kinetic", "work")[i]
        places = [c * 2.2**i for c in (0.1, 1.0, 10.0)]
        limits = [_limit(c, start)[0] for c in places]
        axes.plot(places, limits, marker, ms=7, color=mark(colour),
                  label=f"released at x = {start:g}")  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="curvature λ (loss per x²)")
    axes.set(ylabel="largest stable lr (x² per loss)")
    axes.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.text(3.0, 1.9, "2(1 + μ)/λ")
    axes.legend(frameon=False, fontsize=11, loc="lower left")


_SHARES = (0.0, 0.5, 0.9, 0.95)


def t55_ends_of_alpha(seed: int) -> Finding:
    """Return what an average does at α = 0, at α = 1, and in between."""
    bowl, start, step_size = quadratic((1.0, 3.0)), (1.0, -0.5), 0.1
    push = numpy.random.default_rng(seed).normal(size=2)
    ways = (
        (ema(step_size, 0.0), None),
        (torch_sgd(lr=step_size), None),
        (averaged(0, step_size, 1.0, False), push),
    )
    none, plain, flight = (
        simulate(way, bowl, start, 100, momentum=p, noise=0.5, seed=seed).positions
        for way, p in ways
    )
    straight = numpy.asarray(start) + 100 * step_size * push
    falls = _falls(step_size, 0.01)
    told = [rate(ema(step_size, a).coefficients(0), 0.01) for a in _SHARES]
    pace = -numpy.log(falls) / (step_size * 0.01)
    rows = (
        ("α = 0: positions less those of descent with lr = β", 0.0,
         abs(none - plain).max(), 1e-13, _ROUNDING),
        ("α = 1: end of the path less that of uniform motion", 0.0,
         abs(flight[-1, 0] - straight).max(), 1e-12, _ROUNDING),
        ("α = 0 to 0.95: factor in a step, the farthest from the mode's", 0.0,
         abs(falls - told).max(), 1e-10, "the other mode has died out; rounding"),
        ("α = 0 to 0.95: pace over β·curvature, the farthest from 1", 1.0,
         pace[numpy.argmax(abs(pace - 1))], 0.03, "β·curvature/(1 − α), at most 0.02"),
    )  # fmt: skip
    return Finding(
        tuple(Comparison(w, p, float(m), t, why) for w, p, m, t, why in rows),
        _draw_t55,
        "Distance against steps for four values of α: all fall near one line, "
        "exp(−β·curvature·t), whatever α.",
    )


def _falls(step_size: float, curvature: float) -> Any:
    """Return the factor per step of averages with one β and different α."""
    run = _averages(step_size, curvature, 1000)
    return (run[1000] / run[600]) ** (1 / 400)


def _averages(step_size: float, curvature: float, steps: int) -> Any:
    shares = numpy.array(_SHARES)[:, None]
    six = averaged(0, step_size, shares, False)
    return simulate(six, quadratic((curvature,)), (1.0,), steps).positions[..., 0]


def _draw_t55(figure: Any) -> None:
    from inertial.report.drawing import mark

    axes, steps = figure.add_subplot(), numpy.arange(1501)
    axes.plot(steps, numpy.exp(-0.002 * steps), color=mark("ink"))
    run = _averages(0.1, 0.02, 1500)
    for i, (share, colour) in enumerate(
        zip(_SHARES, ("loss", "kinetic", "work", "other"), strict=True)
    ):
        shown = steps[25 * i :: 100]
        axes.plot(shown, run[shown, i], "os^D"[i], ms=6, color=mark(colour),
                  label=f"α = {share:g}")  # fmt: skip
    axes.set(yscale="log", xlabel="step", ylabel="distance, over the first")
    axes.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
    axes.minorticks_off()
    axes.text(830, 0.27, "exp(−β·curvature·t)")
    axes.legend(frameon=False, loc="lower left")


STATEMENTS = (
    Statement(
        "T10",
        "The force decides how large the learning rate may be before a run diverges.",
        "false",
        "The limit is 2(1 + μ)/curvature, for a force of any size; a constant force "
        "makes no run diverge, it ends in the constant step lr·slope/(1 − μ).",
        "largest stable lr = 2(1 + μ)/λ, whatever the force",
        t10_force_and_limit,
        ("C6",),
        "Limits of the settings",
    ),
    Statement(
        "T55",
        "With α = 1 we are entirely driven by momentum; with α = 0 the particle simply "
        "follows the force.",
        "true",
        "At α = 0 it is plain descent with lr = β, at α = 1 straight flight. In "
        "between, α changes hardly how fast a gentle slope is descended: that is β's.",
        "α = 0: x' = x − βg; α = 1: x' = x + βp₀; else pace β·λ while β·λ ≪ 1 − α",
        t55_ends_of_alpha,
        ("C12",),
        "Limits of the settings",
    ),
)
