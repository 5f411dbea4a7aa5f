"""From the equation of motion to steps: what is followed, kept, lost and limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis import largest_stable_lr, multipliers, period, rate, simulate
from inertial.analysis.landscape import Landscape, double_well, quadratic
from inertial.conventions import torch_sgd
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.evidence.thresholds import measured_limit
from inertial.physics import (
    EXPLICIT_EULER,
    LEAPFROG,
    SYMPLECTIC_EULER,
    Coefficients,
    Integrator,
    Particle,
    advance,
    coefficients,
    newtonian,
    step,
)

_SPACING = "the distance between the settings that were tried"


def t04_updated_velocity(seed: int) -> Finding:
    """Return what an oscillator without friction does under both Euler methods."""
    start = numpy.random.default_rng(seed).uniform(0.5, 1.5, 2)
    free, clock, steps = Particle(), 0.1, 1000
    bowl, place, push = quadratic((1.0,)), start[:1], start[1:]
    old, new = (
        simulate(coefficients(which, free, clock), bowl, place, steps, momentum=push)
        for which in (EXPLICIT_EULER, SYMPLECTIC_EULER)
    )
    grown = (old.losses[-1, 0] + old.kinetic[-1, 0]) / (start @ start / 2)
    x, v = new.positions[:, 0, 0], new.momenta[:, 0, 0]
    kept = v**2 / 2 + x**2 / 2 - clock / 2 * x * v
    limit, spacing = measured_limit(
        lambda dt: _bounded(free.coefficients(dt), bowl), 1.8, 2.2, 40
    )
    return Finding(
        (
            Comparison(
                "old velocity: growth of the excursion in a step, ωΔt = 0.1",
                rate(coefficients(EXPLICIT_EULER, free, clock), 1.0),
                float(grown ** (0.5 / steps)),
                1e-13,
                "rounding of 1000 steps, spread over them by the root",
            ),
            Comparison(
                "updated velocity: change of v²/2 + ω²x²/2 − Δt·ω²xv/2, over its value",
                0.0,
                float((kept.max() - kept.min()) / kept[0]),
                1e-12,
                "rounding of 1000 steps",
            ),
            Comparison(
                "updated velocity: the largest bounded ωΔt",
                float(largest_stable_lr(free.coefficients(1.0), 1.0)) ** 0.5,
                limit,
                spacing,
                _SPACING,
            ),
        ),
        lambda figure: _draw_t04(figure, old, new, clock),
        "Position against velocity: the old velocity spirals outwards, the updated one "
        "stays on one closed ellipse.",
    )


def _bounded(six: Coefficients, bowl: Landscape) -> Any:
    """Return which particles stay within 10 000 for 600 steps."""
    return simulate(six, bowl, (1.0,), 600, limit=1e4, keep_every=300).diverged_at < 0


def _draw_t04(figure: Any, old: Any, new: Any, clock: float) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    x, v = new.positions[:, 0, 0], new.momenta[:, 0, 0]
    turn = numpy.linspace(0, 2 * numpy.pi, 200)
    level = x[0] ** 2 + v[0] ** 2 - clock * x[0] * v[0]
    long, short = (numpy.sqrt(level / (1 + s * clock / 2)) for s in (-1, 1))
    along, across = long * numpy.cos(turn), short * numpy.sin(turn)
    half = 0.5**0.5
    axes.plot(half * (along - across), half * (along + across), color=mark("ink"))
    axes.plot(x[:63:2], v[:63:2], "o", ms=4, color=mark("loss"))
    far = 4 * numpy.sqrt(level)
    x, v = (each[:270, 0, 0] for each in (old.positions, old.momenta))
    # A step turns x − iv by the multiplier and stretches it.
    turned = multipliers(coefficients(EXPLICIT_EULER, Particle(), clock), 1.0)[0]
    spiral = (x[0] - 1j * v[0]) * abs(turned) ** (t := numpy.linspace(0, 269, 1000))
    spiral = spiral * numpy.exp(1j * abs(numpy.angle(turned)) * t)
    axes.plot(spiral.real, -spiral.imag, color=mark("heat"), linewidth=1)
    axes.plot(x[::2], v[::2], "o", ms=3, color=mark("heat"))
    axes.set(xlim=(-1.3 * far, 1.3 * far), ylim=(-far, far))
    axes.set(xlabel="position, ωx", ylabel="velocity v")
    axes.text(-1.25 * far, 0.85 * far, "old velocity", color=mark("heat"))
    axes.text(-1.25 * far, -0.92 * far, "updated velocity", color=mark("loss"))


def t08_orders(seed: int) -> Finding:
    """Return how the error of three ways to step falls with the step's length."""
    start = numpy.array([numpy.random.default_rng(seed).uniform(1.3, 1.8), 0.0])
    counts, duration = numpy.array([50, 100, 200, 400]), 2.0
    flow = _exact(lambda x, v: (_pull(x), v), start, duration)
    fall = _exact(lambda x, v: (v, _pull(x) - _BODY.friction * v), start, duration)
    ways = (
        ("gradient descent", 1, flow, _descended),
        ("heavy ball", SYMPLECTIC_EULER.order, fall, _rolled(SYMPLECTIC_EULER)),
        ("leapfrog", LEAPFROG.order, fall, _rolled(LEAPFROG)),
    )
    errors, comparisons = {}, []
    for name, order, exact, way in ways:
        ends = [way(start, duration / n, int(n)) for n in counts]
        errors[name] = [float(abs(end - exact)[0]) for end in ends]
        comparisons.append(
            Comparison(
                f"{name}: power of the step's length with which the error falls",
                float(order),
                float(numpy.log2(errors[name][-2] / errors[name][-1])),
                0.03,
                "the next power of the step, a few hundredths at 200 steps",
            )
        )
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t08(figure, duration / counts, errors),
        "Error against the step's length, both logarithmic: gradient descent and the "
        "heavy ball fall along slope 1, the leapfrog along slope 2.",
    )


_BODY, _HILLS = Particle(1.0, 0.7), double_well()


def _descended(position: Any, clock: float, steps: int) -> Any:
    six, momentum = torch_sgd(lr=clock).coefficients(0), 0.0 * position
    for _ in range(steps):
        position, momentum, _ = step(
            six, newtonian(), position, momentum, _pull(position)
        )
    return position


def _rolled(which: Integrator) -> Callable[[Any, float, int], Any]:
    def roll(position: Any, clock: float, steps: int) -> Any:
        state = position, 0.0 * position
        for _ in range(steps):
            state = advance(which, newtonian(), _pull, _BODY, clock, *state)
        return state[0]

    return roll


def _pull(position: Any) -> Any:
    return -_HILLS.gradient(position)


def _exact(rates: Any, start: Any, duration: float) -> Any:
    """Return where the differential equation itself leads, by an adaptive solver."""
    from scipy.integrate import solve_ivp

    def slope(_: float, state: Any) -> Any:
        return numpy.concatenate(rates(state[:2], state[2:]))

    whole = numpy.concatenate([start, 0 * start])
    found = solve_ivp(
        slope, (0, duration), whole, method="DOP853", rtol=1e-12, atol=1e-13
    )
    return found.y[:2, -1]


def _draw_t08(figure: Any, clocks: Any, errors: dict[str, list[float]]) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    for (name, found), colour in zip(
        errors.items(), ("loss", "kinetic", "work"), strict=True
    ):
        slope = 2 if name == "leapfrog" else 1
        line = found[-1] * (clocks / clocks[-1]) ** slope
        axes.plot(clocks, line, color=mark(colour))
        axes.plot(clocks, found, "o", color=mark(colour))
        raised = {"gradient descent": 0.45, "heavy ball": 2.6}.get(name, 7.0)
        label = f"{name}, slope {slope}"
        axes.text(clocks[-1], line[-1] * raised, label, color=mark(colour))
    axes.set(xscale="log", yscale="log")
    axes.set(xlabel="length of a step Δt (unit of time)")
    axes.set(ylabel="error at t = 2 (unit of x)")
    axes.set_xticks(list(clocks), [f"{c:g}" for c in clocks])
    axes.minorticks_off()


def t09_no_friction(seed: int) -> Finding:
    """Return the loss of a ball that nothing slows, and of one with friction."""
    start = numpy.random.default_rng(seed).uniform(0.8, 1.2, 1)
    bowl, clock = quadratic((1.0,)), 0.1
    free, braked = Particle(), Particle(friction=0.2)
    run = simulate(free.coefficients(clock), bowl, start, 2000)
    slow = simulate(braked.coefficients(clock), bowl, start, 400)
    swings = round(20 * period(free.coefficients(clock), 1.0))
    late = run.losses[-swings:, 0] / run.losses[0, 0]
    kept = rate(braked.coefficients(clock), 1.0) ** 2
    energy, turn = slow.losses[:, 0] + slow.kinetic[:, 0], 315  # five swings
    rows = (
        ("without friction: mean loss of the last 20 swings, over the first loss", 0.5,
         late.mean(), 0.002, "lr·curvature/8 = 0.00125, and the cut of a swing"),
        ("without friction: the highest loss of the last 20 swings, over the first",
         1.0, late.max(), 0.004, "lr·curvature/4 = 0.0025, and where the steps fall"),
        ("with friction: what a step leaves of the energy", kept,
         (energy[turn] / energy[0]) ** (1 / turn), 1e-4,
         "five swings are cut to whole steps; the energy ripples within each"),
    )  # fmt: skip
    return Finding(
        tuple(Comparison(what, p, float(m), t, why) for what, p, m, t, why in rows),
        lambda figure: _draw_t09(figure, run, slow, kept),
        "Without friction the loss swings between its first value and 0 for ever, "
        "half of it on average; with friction it dies away.",
    )


def _draw_t09(figure: Any, run: Any, slow: Any, kept: float) -> None:
    from inertial.report.drawing import mark

    axes, steps, height = figure.add_subplot(), numpy.arange(251), run.losses[0, 0]
    shown = steps[::2]
    axes.plot(shown, run.losses[shown, 0] / height, "o", ms=3.5, color=mark("heat"))
    axes.plot(shown, slow.losses[shown, 0] / height, "s", ms=3.5, color=mark("loss"))
    axes.plot(steps, kept**steps, color=mark("loss"))
    axes.axhline(0.5, color=mark("heat"))
    axes.set(xlabel="step", ylabel="loss, over the first", ylim=(-0.03, 1.42))
    told = "without friction: no end, one half on average (line)"
    axes.text(0, 1.3, told, color=mark("heat"))
    told = "with friction: falls along the line"
    axes.text(0, 1.15, told, color=mark("loss"))


_TOPIC = "From the equation to steps"
STATEMENTS = (
    Statement(
        "T04",
        "The position must be updated with the updated velocity.",
        "true",
        "With the old velocity an oscillator gains energy from nothing, however short "
        "the step; with the updated one it keeps exactly an energy near the true one, "
        "up to ωΔt = 2.",
        "old: growth √(1 + (ωΔt)²); updated: v²/2 + ω²x²/2 − Δt·ω²xv/2 kept",
        t04_updated_velocity,
        (),
        _TOPIC,
    ),
    Statement(
        "T08",
        "Gradient descent is the first-order discretisation of gradient flow.",
        "true",
        "Its error falls with the first power of the step. So does the heavy ball's "
        "against Newton's law with drag; the leapfrog's falls with the second.",
        "error ∝ Δt, Δt and Δt²",
        t08_orders,
        ("C1",),
        _TOPIC,
    ),
    Statement(
        "T09",
        "The heavy ball method is the equation x'' = −∇L.",
        "false",
        "Without friction the energy stays and the loss swings for ever; the heavy "
        "ball is m·x'' = −φ∇L − εx', and it is friction that lets it arrive.",
        "no friction: mean loss = half the first; friction: energy ∝ μ^t",
        t09_no_friction,
        ("C2",),
        _TOPIC,
    ),
)
