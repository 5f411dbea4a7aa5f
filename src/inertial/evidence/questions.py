"""What the page's readers ask in the comments, each answered by an experiment."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import largest_stable_lr, simulate
from inertial.analysis.landscape import Landscape, double_well, quadratic
from inertial.analysis.stability import trace_and_determinant
from inertial.conventions import ema
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.evidence.thresholds import measured_limit
from inertial.physics import (
    EXPLICIT_EULER,
    SYMPLECTIC_EULER_ADJOINT,
    Coefficients,
    Particle,
    advance,
    coefficients,
    newtonian,
)

_ROUNDING = "rounding of a hundred steps in double precision"


def q1_gamma(seed: int) -> Finding:
    """Return the page's γ as read off a moving average, for many time steps."""
    start = numpy.random.default_rng(seed).uniform(-1.5, 1.5, 2)
    clocks, alpha, beta = numpy.geomspace(0.02, 1.0, 9), 0.9, 0.2
    found = numpy.array([_gamma(alpha, beta, clock, start) for clock in clocks])
    told = numpy.array([_even(alpha, beta, clock).force_scale for clock in clocks])
    unit = 1.0 / float(_even(alpha, beta, 1.0).time_constant)
    worst = int(numpy.argmax(abs(found / told + 1)))
    rows = (
        ("γ of the average over ε/m, worst of nine time steps η", -1.0,
         found[worst] / told[worst]),
        ("γ at η = 1 − α, that is at ε = m", -1.0, _gamma(alpha, beta, unit, start)),
    )  # fmt: skip
    why = "rounding, times the condition of a fit to 40 steps"
    below = Comparison(
        "the largest γ of the nine", 0.0, float(found.max()), 0.0, "a sign", "<"
    )
    return Finding(
        (*(Comparison(w, p, float(m), 1e-10, why) for w, p, m in rows), below),
        lambda figure: _draw_q1(figure, clocks, found, alpha, beta),
        "γ against the time step: always negative, along −(1 − α)/η, and −1 at one "
        "time step only; the page's γ is positive throughout.",
    )


def _even(alpha: float, beta: float, clock: float) -> Particle:
    """Return the particle whose momentum is exactly minus the moving average."""
    six = ema(beta, alpha).coefficients(0)
    body = Particle.from_coefficients(six, time_step=clock, law="explicit")
    return body.rescaled(clock / beta / body.mass)


def _gamma(alpha: float, beta: float, clock: float, start: Any) -> float:
    """Return what a unit of gradient adds to minus the average in a unit of time."""
    hills = double_well()
    run = simulate(ema(beta, alpha), hills, start, 40)
    slopes, momenta = hills.gradient(run.positions[:-1]), run.momenta
    known = numpy.stack([slopes.ravel(), momenta[:-1].ravel()], 1)
    change = (momenta[1:] - momenta[:-1]).ravel() / clock
    return float(numpy.linalg.lstsq(known, change, rcond=None)[0][0])


def _draw_q1(figure: Any, clocks: Any, found: Any, alpha: float, beta: float) -> None:
    from inertial.report.drawing import mark

    axes, line = figure.add_subplot(), numpy.geomspace(0.02, 1.0, 100)
    told = [-_even(alpha, beta, float(clock)).force_scale for clock in line]
    axes.plot(line, told, color=mark("ink"))
    axes.plot(clocks, found, "o", color=mark("loss"))
    axes.plot(line, alpha / line, color=mark("heat"), linestyle="--")
    axes.axhline(-1.0, color=mark("muted"), linestyle=":")
    axes.set(xscale="log", ylim=(-5.5, 5.5), xlabel="time step η (at α = 0.9)")
    axes.set(ylabel="γ, force per gradient")
    axes.set_xticks([0.02, 0.1, 1.0], ["0.02", "0.1", "1"])
    axes.minorticks_off()
    axes.text(0.022, 2.6, "the page's 1/η − ε/m\n(climbs)", color=mark("heat"))
    axes.text(0.05, -3.3, "−ε/m = −(1 − α)/η: downhill")
    axes.text(0.45, -1.75, "γ = −1", color=mark("muted"))


def q2_order_of_updates(seed: int) -> Finding:
    """Return what a step leaves of an area of starts, with each velocity."""
    start = numpy.random.default_rng(seed).uniform(-1.5, 1.5, 2)
    pushes = numpy.linspace(0.02, 0.35, 12)[:, None]
    body = Particle(1.0, 0.1, pushes, "explicit")
    ways = {
        "updated": body.coefficients(1.0),
        "old": coefficients(EXPLICIT_EULER, body, 1.0),
    }
    areas = {name: _area(six) for name, six in ways.items()}
    comparisons = []
    for name, six in ways.items():
        told = numpy.ravel(trace_and_determinant(six, 1.0)[1]) + 0 * areas[name]
        worst = int(numpy.argmax(abs(areas[name] - told)))
        comparisons.append(
            Comparison(
                f"{name} velocity: share of area a step leaves, worst of 12 lr·λ",
                float(told[worst]),
                float(areas[name][worst]),
                1e-12,
                "rounding of ten steps",
            )
        )
    comparisons.append(
        Comparison(
            "position first, then velocity by the new gradient: positions apart",
            0.0,
            _adjoint(start),
            1e-12,
            _ROUNDING,
        )
    )
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_q2(figure, pushes[:, 0], areas),
        "Share of area that a step leaves: with the updated velocity it is μ, all the "
        "friction; with the old one it rises with lr·λ and passes 1.",
    )


def _area(six: Coefficients) -> Any:
    """Return the share of an area of (position, momentum) that a step leaves."""
    corners = []
    for place, push in ((1.0, 0.0), (0.0, 1.0)):
        run = simulate(six, quadratic((1.0,)), (place,), 10, momentum=(push,))
        corners.append((run.positions[-1, :, 0], run.momenta[-1, :, 0]))
    (x, p), (other_x, other_p) = corners
    return (x * other_p - other_x * p) ** 0.1


def _adjoint(start: Any) -> float:
    """Return how far the two orders of one step part, read at the same gradients."""
    body, hills = Particle(1.0, 0.1, 0.05, "explicit"), double_well()
    ball = simulate(body.coefficients(1.0), hills, start, 100).positions[:, 0]
    position, momentum, apart = start, 0.0 * start, 0.0
    for expected in (start, *ball[:-1]):
        apart = max(apart, float(abs(position - expected).max()))
        position, momentum = advance(
            SYMPLECTIC_EULER_ADJOINT, newtonian(), lambda x: -hills.gradient(x), body,
            1.0, position, momentum,
        )  # fmt: skip
    return apart


def _draw_q2(figure: Any, pushes: Any, areas: dict[str, Any]) -> None:
    from inertial.report.drawing import mark

    axes, line = figure.add_subplot(), numpy.linspace(0, 0.37, 50)
    body = Particle(1.0, 0.1, numpy.maximum(line, 1e-9), "explicit")
    updated = trace_and_determinant(body.coefficients(1.0), 1.0)[1] + 0 * line
    old = trace_and_determinant(coefficients(EXPLICIT_EULER, body, 1.0), 1.0)[1]
    for told, name, colour in ((updated, "updated", "loss"), (old, "old", "heat")):
        axes.plot(line, told, color=mark(colour))
        axes.plot(pushes, areas[name], "o", color=mark(colour))
    axes.axhline(1.0, color=mark("ink"), linestyle="--", linewidth=1)
    axes.set(xlabel="learning rate × curvature (no unit)", ylim=(0.8, 1.3))
    axes.set(ylabel="area left after a step, over before")
    axes.text(0.2, 0.84, "updated velocity: μ", color=mark("loss"))
    axes.text(0.03, 1.15, "old velocity: μ + lr·λ", color=mark("heat"))
    axes.text(0.37, 1.01, "above 1 it grows", ha="right", fontsize=11)


def q3_force_and_rate(seed: int) -> Finding:
    """Return the largest stable learning rate when the force is made larger."""
    draw = numpy.random.default_rng(seed).uniform
    times = float(draw(50.0, 150.0))
    base = largest_stable_lr(_ball(1e-3), 1.0)
    comparisons = []
    for name, curvature in (("farther", 1.0), ("tilted", 1.0), ("steeper", times)):
        found, spacing = _largest(name, times)
        told = largest_stable_lr(_ball(1e-3), curvature) / base
        comparisons.append(
            Comparison(
                f"force × {times:.0f}, {name}: largest stable lr, over that before",
                told,
                found / base,
                spacing / base,
                "the distance between the settings that were tried",
            )
        )
    body, hills = Particle(2.0, 0.7, 1.3, "explicit"), double_well()
    run = simulate(body.coefficients(0.1), hills, draw(-1.5, 1.5, 2), 100)
    rise = (run.momenta[1:] - run.momenta[:-1]) / 0.1
    push = -body.force_scale * hills.gradient(run.positions[:-1])
    total = push - body.friction * run.momenta[:-1] / body.mass
    comparisons.append(
        Comparison(
            "momentum's rate of change less push and drag, over the largest",
            0.0,
            float(abs(rise - total).max() / abs(total).max()),
            1e-13,
            "rounding of a difference of neighbours",
        )
    )
    return Finding(
        tuple(comparisons),
        _draw_q3,
        "Largest stable learning rate against the force: level where the start is "
        "farther or the loss tilted, falling as 1/force where the bowl is steeper.",
    )


def _ball(lr: Any) -> Coefficients:
    return Coefficients(decay=0.9, drift=lr)


def _stronger(name: str, times: float) -> tuple[Landscape, float]:
    """Return a bowl and a start at which the force is so many times what it was."""
    bowl = quadratic((times if name == "steeper" else 1.0,))
    if name != "tilted":
        return bowl, times if name == "farther" else 1.0
    pull = times - 1.0
    return (
        bowl._replace(
            value=lambda x: (x * x / 2 + pull * x).sum(-1), gradient=lambda x: x + pull
        ),
        1.0,
    )


def _largest(name: str, times: float) -> tuple[float, float]:
    bowl, start = _stronger(name, times)

    def settles(lr: Any) -> Any:
        run = simulate(_ball(lr), bowl, (start,), 200, limit=1e290)
        moves = abs(numpy.diff(run.positions[..., 0], axis=0))
        return moves[-60:].max(0) < moves[:60].max(0)

    scale = times if name == "steeper" else 1.0
    return measured_limit(settles, 0.1 / scale, 5.0 / scale, 50)


def _draw_q3(figure: Any) -> None:
    from inertial.report.drawing import mark

    axes, line = figure.add_subplot(), numpy.geomspace(0.8, 130, 50)
    base = largest_stable_lr(_ball(1e-3), 1.0)
    axes.plot(line, largest_stable_lr(_ball(1e-3), line), color=mark("heat"))
    axes.axhline(base, color=mark("loss"))
    for i, (name, colour) in enumerate(
        (("farther", "loss"), ("tilted", "work"), ("steeper", "heat"))
    ):
        places = [c * (1.0, 1.8, 1.0)[i] for c in (1.0, 10.0, 50.0)]
        found = [_largest(name, c)[0] for c in places]
        axes.plot(places, found, "os^"[i], ms=7, color=mark(colour))
    axes.set(xscale="log", yscale="log", ylim=(0.02, 14))
    axes.set(xlabel="force at the start, over before")
    axes.set(ylabel="largest stable lr (x² per loss)")
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.text(1.0, 6.0, "released farther away (●) or tilted (■)", color=mark("loss"))
    axes.text(1.1, 0.25, "a steeper bowl (▲)", color=mark("heat"))


_TOPIC = "What readers of the page ask"
STATEMENTS = (
    Statement(
        "Q1",
        "What is γ? Is it equal to −1?",
        "true only if",
        "friction and mass are the same number, ε = m, or one takes φ = 1 and lets the "
        "average be −(ε/φ)·velocity instead. γ is the force per gradient: −ε/m if the "
        "average is to be minus the momentum, and never positive.",
        "γ = −φ; with average = −momentum: γ = −ε/m = −(1 − α)/η",
        q1_gamma,
        ("C15",),
        _TOPIC,
    ),
    Statement(
        "Q2",
        "Why is the position updated with the updated velocity?",
        "true",
        "Then a step loses exactly what friction takes, μ of every area is left; with "
        "the old velocity it gains lr·λ each step. Position first is as good, if the "
        "velocity then uses the gradient at the new position: the same path.",
        "area left in a step: μ with the updated velocity, μ + lr·λ with the old one",
        q2_order_of_updates,
        (),
        _TOPIC,
    ),
    Statement(
        "Q3",
        "Is it the force that sets the learning rate?",
        "false",
        "The curvature and the friction do. A hundredfold force from afar or from a "
        "tilt leaves the limit as it is; from a steeper bowl it lowers it a "
        "hundredfold, for then the curvature grew. The force changes the momentum, and "
        "only with the drag added is it the momentum's whole rate of change.",
        "largest stable lr = 2(1 + μ)/λ; dp/dt = −φ∇L − εv",
        q3_force_and_rate,
        ("C5", "C6"),
        _TOPIC,
    ),
)
