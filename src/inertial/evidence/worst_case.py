"""Statements about promises: the worst convex landscape, with momentum and without."""

from __future__ import annotations

import math
from typing import Any

import numpy

from inertial.analysis import nesterov_standard, polyak, simulate
from inertial.analysis.acceleration import (
    growing_distance,
    growing_nesterov,
    growing_path,
    nesterov_promise,
    safe_heavy_ball,
    worst_convex_loss,
)
from inertial.analysis.landscape import Landscape, quadratic
from inertial.analysis.landscape.bends import bends
from inertial.conventions import sutskever, torch_sgd
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients, Particle
from inertial.report.drawing import mark, whole_steps

_TOPIC = "Worst cases"


def _valleys(seed: int, count: int, reach: float) -> Any:
    """Return random stiff ranges of convex valleys, two for each. Shape: (n, 2, 2)."""
    draw = numpy.random.default_rng(seed).uniform(-reach, reach, (count, 4))
    return numpy.sort(draw, axis=1).reshape(count, 2, 2)


def _base_losses(rule: Any, valleys: Landscape, count: int, steps: int) -> Any:
    """Return the losses at x, behind the look ahead. Shape: (steps + 1, count)."""
    run = simulate(rule, valleys, numpy.ones((count, 1)), steps)
    ahead = [0.0] + [
        rule(n).blend_momentum if rule(n).blend_force else 0.0 for n in range(steps)
    ]
    x = run.positions - numpy.array(ahead)[:, None, None] * run.momenta
    return numpy.array([valleys.value(frame) for frame in x])


def t49_attained(seed: int) -> Finding:
    """Return the highest losses after N steps, of valleys with straight sides."""
    most = 20
    ways = {"plain descent": 1.0 * numpy.arange(1, most + 1)}
    ways["Nesterov"] = growing_distance(numpy.arange(1, most + 1))
    rules = {
        "plain descent": lambda _: Coefficients(decay=0.0),
        "Nesterov": growing_nesterov(1.0),
    }
    comparisons, curves = [], {}
    for name, rule in rules.items():
        promised = worst_convex_loss(ways[name])
        half = 1 / (2 * ways[name] + 1)  # of Huber's bowl; one for each N
        rides = bends(numpy.stack([-half, half], -1)[:, None, :])
        ridden = _base_losses(rule, rides, most, most)
        attained = ridden[numpy.arange(1, most + 1), numpy.arange(most)]
        others = _base_losses(rule, bends(_valleys(seed, 2000, 1.2)), 2000, most)
        worst = numpy.maximum(others.max(axis=1)[1:], ridden.max(axis=1)[1:])
        curves[name] = promised, attained, others[1:, :150]
        comparisons += [
            Comparison(
                f"{name}: loss of the ride after {n} steps (L)",
                promised[n - 1],
                attained[n - 1],
                1e-12,
                "rounding",
            )
            for n in (1, 4, 8, 20)
        ]
        comparisons += [
            Comparison(
                f"{name}: the same, against PEPit's numerical worst case, N = {n}",
                value,
                attained[n - 1],
                1e-6,
                "the solver's accuracy",
            )
            for n, value in _PEPIT[name].items()
        ]
        comparisons += [
            Comparison(
                f"{name}: worst of 2000 valleys over the promise, any N",
                1.0,
                float((worst / promised).max()),
                1e-9,
                "rounding",
                "<",
            ),
        ]
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_attained(figure, curves),
        "Highest loss over the number of steps: two falling lines, one like 1/N, one "
        "like 1/N²; the rides' points lie on them, all others below.",
    )


# Largest loss after N steps from distance 1 with curvature 1: PEPit 0.5.1 (Goujaud et
# al. 2022), wc_gradient_descent and wc_accelerated_gradient_convex_simplified.
_PEPIT = {
    "plain descent": {1: 0.1666667, 4: 0.0555555, 8: 0.0294118},
    "Nesterov": {1: 0.1666667, 4: 0.0476190, 8: 0.0181818},
}


def _draw_attained(figure: Any, curves: dict[str, tuple[Any, Any, Any]]) -> None:
    axes = figure.add_subplot()
    for (name, (promised, attained, others)), colour in zip(
        curves.items(), ("loss", "kinetic"), strict=True
    ):
        steps = numpy.arange(1, len(promised) + 1)
        axes.plot(steps, promised, color=mark(colour))
        axes.plot(steps, attained, "o", ms=5, color=mark(colour), label=name)
        axes.plot(steps, others.max(axis=1), "_", ms=7, color=mark(colour))
    axes.set(
        xscale="log", yscale="log", xlabel="steps N", ylabel="loss left (L), from R = 1"
    )
    axes.set_xticks([1, 2, 5, 10, 20], [1, 2, 5, 10, 20])
    axes.minorticks_off()
    axes.legend(frameon=False)


def t54_no_promise(seed: int) -> Finding:
    """Return how much higher three settings may end than they began, where κ is 25."""
    soft, stiff, most = 1.0, 25.0, 20
    tuned, safe = polyak(soft, stiff), safe_heavy_ball(soft, stiff, 0.5 / stiff)
    quick = nesterov_standard(soft, stiff)
    rules = {
        "Polyak's tuning": torch_sgd(tuned.lr, tuned.momentum).coefficients,
        "the safe tuning": torch_sgd(safe.lr, safe.momentum).coefficients,
        "Nesterov": sutskever(quick.lr, quick.momentum).coefficients,
    }
    found = {n: _search(rules["Polyak's tuning"], n, seed) for n in _PEPIT_POLYAK}
    pool = numpy.concatenate([*found.values(), _valleys(seed, 1000, 4.0)])
    valleys = bends(pool, soft, stiff)
    start = valleys.value(numpy.ones((len(pool), 1)))
    worst, counts = {}, numpy.arange(most + 1)
    for name, rule in rules.items():
        losses = _base_losses(rule, valleys, len(pool), most)
        scale = start + (soft / 2 if name == "Nesterov" else 0.0)
        worst[name] = (losses / scale).max(axis=1)
    promise = {
        "the safe tuning": safe.rate ** (2 * counts),
        "Nesterov": nesterov_promise(soft, stiff, counts),
    }
    bad = worst["Polyak's tuning"]
    comparisons = [
        Comparison(
            f"Polyak: highest loss found after {n} steps, over the start's",
            limit,
            bad[n],
            0,
            "PEPit's worst over all landscapes of any dimension; here a line's",
            "<",
        )
        for n, limit in _PEPIT_POLYAK.items()
    ]
    return Finding(
        (
            *comparisons,
            Comparison("Polyak: the same after 5 steps", 3.1, bad[5], 0, _FOUND, ">"),
            Comparison("after 10", bad[5] + 1, bad[10], 0, _FOUND, ">"),
            Comparison("after 20", 4.0, bad[20], 0, _FOUND, ">"),
            *(
                Comparison(
                    f"{name}: worst of the same valleys over its promise",
                    1.0,
                    float((worst[name] / line)[1:].max()),
                    1e-12,
                    "rounding",
                    "<",
                )
                for name, line in promise.items()
            ),
        ),
        lambda figure: _draw_promises(figure, counts, worst, promise),
        "Worst loss over the start's, over steps: Polyak's tuning climbs above 1 and "
        "stays there; the safe tuning and Nesterov's stay below their falling lines.",
    )


_FOUND = "a search is a lower bound; twelve others found 3.17, 5.69, 4.45 or more"
# Worst (loss after N steps)/(loss before), curvatures from 1 to 25, any dimension:
# PEPit 0.5.1 (Goujaud et al. 2022), wc_heavy_ball_momentum with Polyak's words.
_PEPIT_POLYAK = {5: 4.6683, 10: 9.1359}


def _search(rule: Any, steps: int, seed: int) -> Any:
    """Return 100 valleys on which a rule ends high, bred from random ones."""
    draw = numpy.random.default_rng(seed)
    pool = _valleys(seed, 300, 4.0)
    for generation in range(30):
        valleys = bends(pool, 1.0, 25.0)
        run = simulate(
            rule, valleys, numpy.ones((len(pool), 1)), steps, keep_every=steps
        )
        best = pool[numpy.argsort(run.losses[-1] / run.losses[0])[-100:]]
        size = 0.5 * 0.88**generation
        moved = best + size * draw.standard_normal((2, *best.shape))
        moved = numpy.sort(moved.reshape(200, 4), axis=1).reshape(200, 2, 2)
        pool = numpy.concatenate([best, moved])
    return pool[:100]


def _draw_promises(
    figure: Any, counts: Any, worst: dict[str, Any], promise: dict[str, Any]
) -> None:
    axes = figure.add_subplot()
    for (name, points), colour in zip(
        worst.items(), ("heat", "loss", "kinetic"), strict=True
    ):
        if name in promise:
            axes.plot(counts, promise[name], color=mark(colour))
        axes.plot(counts, points, "o", ms=4, color=mark(colour), label=name)
    axes.plot(
        list(_PEPIT_POLYAK),
        list(_PEPIT_POLYAK.values()),
        "x",
        color=mark("heat"),
        label="Polyak's, PEPit",
    )
    axes.axhline(1.0, color=mark("muted"), ls="--", lw=1.2)
    axes.set(yscale="log", xlabel="step", ylabel="worst loss, over the start's")
    axes.set_ylim(1e-3, 30)
    whole_steps(axes)
    axes.legend(frameon=False, loc="lower left")


def t56_three_over_t(seed: int) -> Finding:
    """Return how near Nesterov's schedule is to a particle with friction 3/t."""
    curvature = float(numpy.random.default_rng(seed).uniform(0.5, 2.0))
    bowl, last, paths, off = quadratic((curvature,)), 10.0, {}, {}
    for clock in (0.08, 0.04, 0.02):
        steps = round(last / clock)
        times = clock * numpy.arange(1, steps + 1)
        exact = growing_path(times, curvature)
        rolled = _rolled(bowl, clock, steps)
        schedule = growing_nesterov(clock * clock)
        run = simulate(schedule, bowl, (1.0,), steps)
        looks = numpy.array([schedule(n).blend_momentum for n in range(steps)])
        base = run.positions[1:, 0, 0] - looks * run.momenta[1:, 0, 0]
        paths[clock] = times, exact, base, rolled
        off[clock] = [float(abs(path - exact).max()) for path in (base, rolled)]
    order = [math.log2(off[0.04][k] / off[0.02][k]) for k in (0, 1)]
    first = "the next power of the step bends the slope by a share of the step, 0.02·z"
    return Finding(
        (
            Comparison(
                "Nesterov's schedule: largest error at a time step of 0.02 (X)",
                0,
                off[0.02][0],
                0.04 * curvature**0.5,
                "first order: at most two time steps early or late at a speed of √λ",
            ),
            Comparison("its order in the time step", 1, order[0], 0.1, first),
            Comparison(
                "particle of friction 3/t: largest error at 0.02 (X)",
                0,
                off[0.02][1],
                0.04 * curvature**0.5,
                "first order, as the schedule",
            ),
            Comparison("its order in the time step", 1, order[1], 0.1, first),
        ),
        lambda figure: _draw_paths(figure, paths[0.04]),
        "A falling swing over time: Bessel's line, Nesterov's points on it, and those "
        "of a particle whose friction is 3/t.",
    )


def _rolled(bowl: Landscape, clock: float, steps: int) -> Any:
    """Return where a particle of mass 1 rolls whose friction falls as 3/t."""

    def rule(number: int) -> Coefficients:
        particle = Particle(friction=3.0 / ((number + 2) * clock))
        return particle.coefficients(clock)

    return simulate(rule, bowl, (1.0,), steps).positions[1:, 0, 0]


def _draw_paths(figure: Any, path: tuple[Any, ...]) -> None:
    axes = figure.add_subplot()
    times, exact, base, rolled = path
    axes.plot(times, exact, color=mark("ink"), label="2J₁(z)/z")
    axes.plot(
        times[::8],
        base[::8],
        "o",
        ms=4,
        color=mark("loss"),
        label="Nesterov's schedule",
    )
    axes.plot(
        times[4::8],
        rolled[4::8],
        "^",
        ms=4,
        color=mark("kinetic"),
        label="particle, friction 3/t",
    )
    axes.set(xlabel="time = steps·√lr (T)", ylabel="position (X)")
    axes.legend(frameon=False)


STATEMENTS = (
    Statement(
        "T49",
        "Nesterov's momentum makes the error fall like 1/N² instead of 1/N.",
        "true only if",
        "the loss is convex, the gradient exact and the momentum grows with the steps. "
        "Then the promise is tight: a long even slope into a bowl attains it, and what "
        "decides is how far a method gets down such a slope.",
        "L·R²/(2(2D + 1)):  D = N → LR²/(4N + 2);  D = (N² + 5N + 2)/8 → "
        "2LR²/(N² + 5N + 6)",
        t49_attained,
        ("C16",),
        _TOPIC,
    ),
    Statement(
        "T54",
        "The heavy ball, tuned well, is as fast on every strongly convex loss as it is "
        "on quadratics.",
        "false",
        "Its quadratic tuning may hold the loss at several times its start, here for "
        "20 steps; the tuning that is safe everywhere is promised no more than plain "
        "descent. Nesterov's keeps its promise on the same valleys.",
        "safe: (1 − lr·μ)ᴺ;  Nesterov: (1 − 1/√κ)ᴺ;  Polyak: 4.67, 9.14 after 5, 10 "
        "steps (PEPit)",
        t54_no_promise,
        ("C16",),
        _TOPIC,
    ),
    Statement(
        "T56",
        "Nesterov's method is a trick of algebra, without physics.",
        "false",
        "With its growing momentum it is a particle of mass 1 in a medium that thins "
        "with time, friction 3/t, observed every √lr.",
        "ẍ + (3/t)ẋ + ∇L = 0;  in a bowl x = 2J₁(z)/z, z = N√(lr·λ)",
        t56_three_over_t,
        ("C16",),
        _TOPIC,
    ),
)
"""T49, T54 and T56."""
