"""What the mass does: made small, made large, and renamed."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import equivalent_lr, largest_stable_lr, rate, simulate
from inertial.analysis.landscape import double_well, plateau, quadratic
from inertial.conventions import torch_sgd
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.evidence.thresholds import measured_growth, measured_limit
from inertial.physics import Particle, friction_law

_ROUNDING = "rounding of a hundred steps in double precision"
_SPACING = "the distance between the settings that were tried"


def t05_light_without_friction(seed: int) -> Finding:
    """Return what a light particle without friction remembers, and when it explodes."""
    start = numpy.random.default_rng(seed).uniform(-1.5, 1.5, 2)
    masses, clock, hills = numpy.geomspace(0.1, 1e3, 9)[:, None], 0.1, double_well()
    run = simulate(Particle(masses).coefficients(clock), hills, start, 200)
    forces = -hills.gradient(run.positions[:-1])
    whole = clock * forces.sum(0)
    missing = abs(run.momenta[-1] - whole).max(-1) / (clock * abs(forces).sum((0, 2)))
    least = clock**2 / largest_stable_lr(Particle().coefficients(clock), 1.0)
    found, spacing = measured_limit(
        lambda share: _stays(Particle(least / share), clock), 0.9, 1.1, 60
    )
    kept = measured_growth(Particle(20 * least).coefficients(clock), steps=900)
    return Finding(
        (
            Comparison(
                "momentum less the sum of all past forces, over their sizes, any mass",
                0.0,
                float(missing.max()),
                1e-13,
                "rounding of 200 steps",
            ),
            Comparison(
                "mass below which it explodes",
                least,
                least / found,
                least * spacing,
                _SPACING,
            ),
            Comparison(
                "decay of the excursion in a step, at 20 times that mass",
                1.0,
                float(kept[0]),
                1e-4,
                "a swing takes 14 steps, so the highest is met to 2 %, 840 steps apart",
            ),
        ),
        lambda figure: _draw_t05(figure, least, clock),
        "Growth in a step against the mass: exactly 1 above the least mass, and an "
        "explosion below it; nowhere does the particle calm down.",
    )


def _stays(body: Particle, clock: float) -> Any:
    run = simulate(
        body.coefficients(clock), quadratic((1.0,)), (1.0,), 800, limit=1e4,
        keep_every=400,
    )  # fmt: skip
    return run.diverged_at < 0


def _draw_t05(figure: Any, least: float, clock: float) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    line, dots = numpy.geomspace(0.4, 60, 400), numpy.geomspace(0.42, 55, 24)
    axes.plot(line, rate(Particle(least * line).coefficients(clock), 1.0),
              color=mark("ink"))  # fmt: skip
    six = Particle(least * dots[:, None]).coefficients(clock)
    axes.plot(dots, measured_growth(six), "o", color=mark("heat"))
    axes.set(xscale="log", ylim=(0, 8), xlabel="mass, over φλΔt²/4 (no unit)")
    axes.set(ylabel="growth of the excursion in a step")
    axes.set_xticks(
        [0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"]
    )
    axes.minorticks_off()
    axes.text(0.85, 5.0, "light: explodes", color=mark("heat"))
    axes.text(2.0, 1.5, "heavier: 1 for ever, nothing is forgotten")


def t06_light_with_friction(seed: int) -> Finding:
    """Return how a light particle with friction comes near gradient descent."""
    start = numpy.random.default_rng(seed).uniform(0.5, 2.0, 1)
    body, clock = Particle(1.0, 1.0, 2.0), 0.1
    masses = numpy.array([0.03, 0.012, 0.008, 0.006])[:, None]
    comparisons = []
    for law in ("exponential", "implicit"):
        light = Particle(masses, 1.0, 2.0, law)
        apart = _from_descent(light, clock, start)
        told = friction_law(law).decay(clock / light.time_constant[:, 0])
        predicted = body.mobility * clock * told
        comparisons.append(
            Comparison(
                f"{law} law: distance from descent over lr·λ·μ, the farthest from 1",
                1.0,
                float((apart / predicted)[numpy.argmax(abs(apart / predicted - 1))]),
                1e-6,
                "μ falls to 6e-8, and the positions are rounded at 1e-16",
            )
        )
    found, spacing = measured_limit(lambda q: _brakes(clock / q, clock), 1.5, 2.5, 60)
    explicit = friction_law("explicit")
    comparisons.append(
        Comparison(
            "explicit law: the largest stable εΔt/m, on a plain",
            explicit.inverse(explicit.least),
            found,
            spacing,
            _SPACING,
        )
    )
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t06(figure, clock),
        "Distance from gradient descent against the mass: it vanishes with the mass "
        "under the implicit law, and far faster under the exponential one.",
    )


def _from_descent(body: Particle, clock: float, start: Any) -> Any:
    """Return the farthest that light particles get from plain descent, over x_0."""
    bowl = quadratic((1.0,))
    rolled = simulate(body.coefficients(clock), bowl, start, 60).positions
    descent = torch_sgd(lr=2.0 * clock)  # mobility 2, the same for every mass
    walked = simulate(descent, bowl, start, 60).positions
    return abs(rolled - walked).max((0, 2)) / abs(start[0])


def _brakes(masses: Any, clock: float) -> Any:
    """Return which particles lose momentum where no force is."""
    six = Particle(masses, 1.0, 2.0, "explicit").coefficients(clock)
    run = simulate(six, quadratic((0.0,)), (0.0,), 50, momentum=(1.0,))
    return abs(run.momenta[-1, :, 0]) < 1.0


def _draw_t06(figure: Any, clock: float) -> None:
    from inertial.report.drawing import mark

    axes, line = figure.add_subplot(), numpy.geomspace(3e-3, 0.03, 100)
    dots = numpy.geomspace(3e-3, 0.028, 9)
    for law, colour in (("implicit", "kinetic"), ("exponential", "loss")):
        axes.plot(line, 0.2 * friction_law(law).decay(clock / line), color=mark(colour))
        light = Particle(dots[:, None], 1.0, 2.0, law)
        apart = _from_descent(light, clock, numpy.ones(1))
        axes.plot(dots, apart, "o", color=mark(colour))
    axes.set(xscale="log", yscale="log", xlabel="mass (friction 1, time step 0.1)")
    axes.set(ylabel="distance from descent, over x₀", ylim=(1e-16, 1))
    axes.set_xticks([0.003, 0.01, 0.03], ["0.003", "0.01", "0.03"])
    axes.minorticks_off()
    axes.text(0.0032, 5e-2, "implicit law", color=mark("kinetic"))
    axes.text(0.0062, 1e-9, "exponential law", color=mark("loss"))


def t07_heavy(seed: int) -> Finding:
    """Return how far heavy particles bend away from a straight line."""
    speed = float(numpy.random.default_rng(seed).uniform(0.5, 1.5))
    masses, clock, steps, slope = numpy.geomspace(1e2, 1e6, 9)[:, None], 0.1, 50, 3.0
    heavy = Particle(masses).coefficients(clock)
    push = masses * numpy.array([[speed, 0.0]])
    run = simulate(heavy, plateau(slope=slope), (10.0, 0.0), steps, momentum=push)
    bent = 10.0 + steps * clock * speed - run.positions[-1, :, 0]
    predicted = equivalent_lr(heavy)[:, 0] * slope * sum(range(steps + 1))
    wavy = simulate(heavy, double_well(), (-1.2, 0.4), steps, momentum=push).positions
    astray = abs(wavy[-1, :, 0] - (-1.2 + steps * clock * speed))
    worst = numpy.argmax(abs(bent / predicted - 1))
    return Finding(
        (
            Comparison(
                "constant slope: the bend over φΔt²·slope·N(N + 1)/(2m), worst mass",
                1.0,
                float((bent / predicted)[worst]),
                1e-7,
                "positions near 10 rounded at 2e-15, the least bend is 4e-5",
            ),
            Comparison(
                "hills: power of the mass with which the bend falls",
                -1.0,
                float(numpy.log(astray[-1] / astray[-3]) / numpy.log(10.0)),
                1e-3,
                "the next order in 1/mass, at a mass of 1e5",
            ),
        ),
        lambda figure: _draw_t07(figure, masses[:, 0], bent, predicted),
        "The bend of the path against the mass: points on the line 1/mass, over four "
        "powers of ten.",
    )


def _draw_t07(figure: Any, masses: Any, bent: Any, predicted: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    axes.plot(masses, predicted, color=mark("ink"))
    axes.plot(masses, bent, "o", color=mark("loss"))
    axes.set(xscale="log", yscale="log", xlabel="mass (slope 3, time step 0.1)")
    axes.set(ylabel="bend after 50 steps (unit of x)")
    axes.text(3e3, 3e-2, "φΔt²·slope·N(N + 1)/(2m)")


def t59_mass_as_gauge(seed: int) -> Finding:
    """Return a path, and what two rescalings and a change of mass alone make of it."""
    body, clock, bowl = Particle(0.5, 0.8, 1.3), 0.1, quadratic((2.0,))

    def path(which: Particle, time_step: float) -> Any:
        six = which.coefficients(time_step)
        return simulate(six, bowl, (1.0,), 100, noise=0.3, seed=seed).positions[:, 0]

    original = path(body, clock)
    gauges = path(body.rescaled(2.0), clock), path(body.reclocked(1.4), 1.4 * clock)
    heavy = path(Particle(1.0, 0.8, 1.3), clock)
    size = abs(original).max()
    first = (heavy[1] - heavy[0]) / (original[1] - original[0])
    unit = Particle.from_coefficients(
        body.coefficients(clock), force_scale=2.6, time_step=clock
    )
    spread = abs(heavy - original).max() / size
    rows = (
        ("mass, friction and force doubled: positions apart, over the largest", 0.0,
         abs(gauges[0] - original).max() / size, _ROUNDING),
        ("clock × 1.4, mass × 1.96, friction × 1.4: the same", 0.0,
         abs(gauges[1] - original).max() / size, _ROUNDING),
        ("mass read off the step, if the force scale is said to be doubled", 2 * 0.5,
         unit.mass, "rounding of an exponential and a logarithm"),
        ("mass alone doubled: first step over the first step before", 0.5,
         first[0], "rounding of one step"),
    )  # fmt: skip
    apart = Comparison(
        "mass alone doubled: positions apart, over the largest",
        0.05,
        float(spread),
        0.0,
        "a twentieth is many times what rounding could do",
        ">",
    )
    return Finding(
        (*(Comparison(w, p, float(m), 1e-13, why) for w, p, m, why in rows), apart),
        lambda figure: _draw_t59(figure, original, gauges, heavy),
        "Both rescaled paths lie on the original one; the path with another mass alone "
        "leaves it at once.",
    )


def _draw_t59(figure: Any, original: Any, gauges: Any, heavy: Any) -> None:
    from inertial.report.drawing import mark

    axes, steps = figure.add_subplot(), numpy.arange(101)
    axes.plot(heavy[:, 0], color=mark("heat"), ls="--", label="mass × 2 alone")
    axes.plot(original[:, 0], color=mark("ink"), label="original")
    axes.plot(
        steps[::6], gauges[0][::6, 0], "o", ms=6, color=mark("loss"),
        label="mass, friction, force × 2",
    )  # fmt: skip
    axes.plot(
        steps[3::6], gauges[1][3::6, 0], "s", ms=5, color=mark("work"),
        label="clock, friction × 1.4, mass × 1.96",
    )  # fmt: skip
    low, high = axes.get_ylim()
    axes.set(xlabel="step", ylabel="position", ylim=(low, high + 0.5 * (high - low)))
    axes.legend(frameon=False, fontsize=11, loc="upper right", labelspacing=0.2)


_TOPIC = "What the mass does"
STATEMENTS = (
    Statement(
        "T05",
        "As the mass goes to 0, momentum no longer matters (said without friction).",
        "false",
        "Without friction nothing is forgotten: the momentum is the sum of all past "
        "forces, each with weight 1, for any mass. A smaller mass only lengthens the "
        "step, until it explodes.",
        "p = p₀ − φΔt·Σ∇L; bounded only for m > φλΔt²/4",
        t05_light_without_friction,
        ("C13",),
        _TOPIC,
    ),
    Statement(
        "T06",
        "As the mass goes to 0, momentum becomes gradient descent.",
        "true only if",
        "there is friction and the step takes it implicitly or exactly, together with "
        "the force; then lr = φΔt/ε. Under the explicit law, which is PyTorch's, a "
        "mass below εΔt/2 is unstable.",
        "distance = lr·λ·μ·x₀, μ = exp(−εΔt/m) or 1/(1 + εΔt/m); explicit: εΔt/m < 2",
        t06_light_with_friction,
        ("C11", "C13"),
        _TOPIC,
    ),
    Statement(
        "T07",
        "As the mass goes to infinity, the velocity stays constant.",
        "true",
        "The path bends away from a straight line by as much as one over the mass.",
        "bend = φΔt²·slope·N(N + 1)/(2m) after N steps",
        t07_heavy,
        ("C14",),
        _TOPIC,
    ),
    Statement(
        "T59",
        "Mass is irrelevant. Assume unit mass; what counts is the step size.",
        "true only if",
        "friction and force, or friction and the clock, are rescaled together with the "
        "mass: it is a choice of units. Changing the mass alone changes both the "
        "learning rate φΔt²/m and the momentum 1 − εΔt/m.",
        "(m, ε, φ) → c·(m, ε, φ) and (Δt, m, ε) → (sΔt, s²m, sε) move no position",
        t59_mass_as_gauge,
        ("C3",),
        _TOPIC,
    ),
)
