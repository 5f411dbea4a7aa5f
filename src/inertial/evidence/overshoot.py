"""Statements on what the best constants do besides: overshoot, and a cycle."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy

from inertial.analysis import nesterov_standard, polyak, polyak_overshoot, simulate
from inertial.analysis.landscape.bends import bends
from inertial.evidence.measuring import walked
from inertial.evidence.optimum import numbers
from inertial.evidence.statement import Comparison, Finding, Statement


def t30_three_cycle(seed: int) -> Finding:
    """Return where Polyak's setting ends in a valley whose curvature jumps."""
    valley = bends([(-math.inf, 1.0), (2.0, math.inf)], soft=1.0, stiff=25.0)
    starts = numpy.random.default_rng(seed).uniform(-4.0, 4.0, (200, 1))
    starts[0] = 3.3
    ball, ahead = (
        simulate(numbers(tuner(1.0, 25.0)), valley, starts, 300).positions[..., 0]
        for tuner in (polyak, nesterov_standard)
    )
    cycle = numpy.array([float(Fraction(n, 1225)) for n in (-2208, 792, 2592)])
    caught = abs(numpy.sort(ball[-3:], axis=0) - cycle[:, None]).max(0)
    return Finding(
        _compare_ends(caught, ahead[-1]),
        lambda figure: _draw_cycle(figure, ball[:41, 0], ahead[:41, 0], cycle),
        "Position against steps from the same start. Polyak's heavy ball jumps for "
        "ever between three places, drawn as lines; Nesterov's settles at 0 within 5 "
        "steps.",
    )


def _compare_ends(caught: Any, ahead: Any) -> tuple[Comparison, ...]:
    return (
        Comparison(
            "last three places of the ball from 3.3, off the exact cycle, at most [X]",
            0.0,
            float(caught[0]),
            1e-12,
            "rounding at places of size 2",
        ),
        Comparison(
            "of 200 random starts, caught in the cycle for ever [1]",
            10,
            int((caught < 1e-9).sum()),
            0.0,
            "a count: it is no rare accident",
            ">",
        ),
        Comparison(
            "farthest end of Nesterov's standard setting from the minimum [X]",
            0.0,
            float(abs(ahead).max()),
            1e-9,
            "300 steps at a rate of at most √(1 − 1/5) leave 10⁻¹⁴ of 4",
        ),
    )


def _draw_cycle(figure: Any, ball: Any, ahead: Any, cycle: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    for place in cycle:
        axes.axhline(place, color=mark("loss"), lw=1.2)
    axes.plot(ball, "o", color=mark("loss"), ms=5, label="Polyak")
    axes.plot(ahead, "s-", color=mark("kinetic"), ms=3.5, lw=1, label="Nesterov")
    axes.set_xlabel("steps")
    axes.set_ylabel("position [X]")
    axes.legend(frameon=False, fontsize=10, loc="upper right", ncols=2)


def t31_overshoot(seed: int) -> Finding:
    """Return how far Polyak's setting throws the steepest direction out at first."""
    del seed  # nothing is random
    comparisons: list[Comparison] = []
    paths = {}
    for condition in (1e2, 1e4, 1e6):
        ball, steps = numbers(polyak(1 / condition, 1.0)), int(3 * condition**0.5)
        steep, flat = (
            abs(walked(ball, curvature, 1.0, steps))
            for curvature in (1.0, 1 / condition)
        )
        comparisons += _compare_overshoot(condition, steep, flat)
        paths[condition] = steep
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_overshoot(figure, paths),
        "Distance of the steepest direction from its minimum, against steps over √κ, "
        "for two condition numbers. It rises to √κ/e at √κ/2 steps, 4 times the start "
        "at κ = 100 and 37 times at 10 000, and is back at the start only after 1.8√κ "
        "and 3.2√κ steps.",
    )


def _compare_overshoot(
    condition: float, steep: Any, flat: Any
) -> tuple[Comparison, ...]:
    root, name = math.sqrt(condition), f"at κ = {condition:g}"
    step, farthest = polyak_overshoot(condition)
    return (
        Comparison(
            f"farthest place of the steepest direction {name} [starts]",
            farthest,
            float(steep.max()),
            1e-9 * condition,
            "rounding of a double root, which grows with its square",
        ),
        Comparison(
            f"when it is there, {name} [steps]",
            step,
            int(steep.argmax()),
            1.0,
            "the top is as flat as a parabola",
        ),
        Comparison(
            f"the same place over √κ/e, {name} [1]",
            1.0,
            float(steep.max() / (root / math.e)),
            1 / root,
            "the next term of the expansion in 1/√κ",
        ),
        Comparison(
            f"farthest place of the flattest direction {name} [starts]",
            1.0,
            float(flat.max()),
            1e-12,
            "it never leaves its start but downhill",
        ),
    )


def _draw_overshoot(figure: Any, paths: dict[float, Any]) -> None:
    from inertial.report.drawing import mark

    axes = figure.subplots()
    for condition, colour in ((1e2, "loss"), (1e4, "kinetic")):
        root, path = int(math.sqrt(condition)), paths[condition]
        shown = slice(None, None, max(1, root // 25))
        axes.plot(
            numpy.arange(len(path))[shown] / root,
            path[shown],
            "o",
            color=mark(colour),
            ms=4,
            label=f"κ = {condition:,.0f}".replace(",", " "),
        )
        step, top = polyak_overshoot(condition)
        axes.axhline(top, color=mark(colour), lw=1.2)
        axes.plot(step / root, top, "*", color=mark("ink"), ms=11)
    axes.axhline(1.0, color=mark("muted"), lw=1.2)
    axes.text(0.05, 0.62, "the start", color=mark("muted"), fontsize=10)
    axes.set_yscale("log")
    axes.set_ylim(0.05, 80)
    axes.set_xlabel("steps/√κ")
    axes.set_ylabel("distance of the steepest\ndirection [starts]")
    axes.legend(frameon=False, fontsize=10, loc="upper right")


STATEMENTS = (
    Statement(
        "T30",
        "The best constants for bowls lead every smooth, strongly convex loss to its "
        "minimum.",
        "false",
        "In a valley whose curvature jumps between 1 and 25, Polyak's heavy ball for "
        "just these curvatures jumps for ever between three places. Nesterov's "
        "standard constants come home.",
        "cycle 792/1225, −2208/1225, 2592/1225",
        t30_three_cycle,
        ("C16",),
        "Speed",
    ),
    Statement(
        "T31",
        "With the best constants momentum brings the particle closer from the first "
        "steps on.",
        "true only if",
        "the steepest directions start at their minimum. From rest Polyak's setting "
        "first throws them out to √κ/e of their start, their loss to κ/e² of it, "
        "within √κ/2 steps. Only then do they decay.",
        "farthest √κ/e after √κ/2 steps; exactly the top of (1+t(1+ρ))ρᵗ, "
        "ρ = (√κ−1)/(√κ+1)",
        t31_overshoot,
        ("C7",),
        "Speed",
    ),
)
