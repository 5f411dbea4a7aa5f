"""Schedules: a clock that changes, what a falling learning rate acts on, dead ends."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any, get_args

import numpy

from inertial.analysis import effective_lr
from inertial.conventions import Method, ScheduleActsOn, keras_sgd, torch_sgd, translate
from inertial.conventions.normal_form import (
    normal_form,
    scheduled_keras_words,
    scheduled_torch_words,
)
from inertial.evidence.paths import (
    ROUNDING,
    apart,
    lengths,
    none_apart,
    roll,
    rough_schedule,
    rough_slope,
    walk,
    walk_displacements,
    walk_torch,
)
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import (
    FRICTION_LAWS,
    Coefficients,
    Particle,
)

_COLOURS = ("loss", "kinetic", "work", "other")
_DROP = 200  # settled to 0.9**200, less than rounding


def _constant(x: Any, t: int) -> Any:
    return 1.0 + 0.0 * x


def t14_normal_form(seed: int) -> Finding:
    """Return the a and b of particles, read off their paths under a random clock."""
    steps = 100
    clock = 4 * rough_schedule(seed, steps)
    body = Particle(0.7, 0.9, 1.3)
    slope, start = rough_slope(seed, steps)
    forms, fitted, gaps, torch_gaps, ends = {}, {}, [], [], []
    for law in FRICTION_LAWS:
        particle = replace(body, law=law)

        def rule(t: int, particle: Particle = particle) -> Any:
            return particle.coefficients(clock[t])

        path = roll([particle] * steps, clock, slope, start)
        forms[law] = [normal_form(rule, t) for t in range(steps)]
        fitted[law] = _read_off(path, slope)
        made = walk_displacements(forms[law].__getitem__, slope, start, steps)
        gaps.append(apart(made, path))
        words = [scheduled_torch_words(rule, t) for t in range(steps)]
        theirs = walk_torch(words.__getitem__, slope, start, steps)
        torch_gaps.append(apart(theirs, path))
        ends.append(_laws(particle))
    coasted, fallen = zip(*ends, strict=True)
    wrong = [
        abs(numpy.array(forms[law])[1:, :2] - fitted[law]).max()
        for law in FRICTION_LAWS
    ]
    return Finding(
        (
            none_apart(
                "distance of x' = x + a·d − b·g from four laws of friction", gaps
            ),
            none_apart(
                "distance of torch.optim.SGD from them, lr and μ by step", torch_gaps
            ),
            none_apart("a and b less those read off the paths", wrong, 1e-9),
            none_apart("free flight: v/v₀ less exp(−εt/m), exact laws", coasted, 1e-13),
            none_apart("constant slope: v less φ·slope/ε, other laws", fallen, 1e-13),
        ),
        lambda figure: _draw_t14(figure, forms, fitted),
        "The share a of the last displacement under four laws of friction and a random "
        "clock: dots read off the paths lie on the lines of the normal form.",
    )


def _read_off(path: Any, slope: Any) -> Any:
    """Return a and b of each step but the first, from five coordinates. (n, 2)."""
    moves = numpy.diff(path, axis=0)
    found = []
    for t in range(1, len(moves)):
        known = numpy.stack([moves[t - 1], -slope(path[t], t)], axis=1)
        found.append(numpy.linalg.lstsq(known, moves[t], rcond=None)[0])
    return numpy.array(found)


def _laws(particle: Particle) -> tuple[float, float]:
    """Return what a friction law gets wrong of free flight, and of a constant slope."""
    clock, start = (0.3, 0.1, 0.25), numpy.zeros(1)
    speed = 1.0
    for time_step in clock:
        speed *= particle.coefficients(time_step).decay
    left = exp(-sum(clock) / particle.time_constant)
    flight = abs(speed - left) if particle.law in ("exact", "exponential") else 0.0
    falling = roll([particle] * 150, [0.3] * 150, _constant, start)
    final = lengths(falling)[-1] / 0.3
    fall = 0.0 if particle.law == "exact" else abs(final - particle.mobility)
    return flight, fall


def _draw_t14(figure: Any, forms: Any, fitted: Any) -> None:
    from inertial.report.drawing import mark

    axes, shown = figure.add_subplot(), slice(29, 74)
    counts = numpy.arange(1, 100)[shown]
    for law, colour in zip(forms, _COLOURS, strict=True):
        line = numpy.array(forms[law])[1:, 0][shown]
        style = "--" if law == "exponential" else "-"
        axes.plot(counts, line, style, color=mark(colour), lw=1.4, label=law)
        each = 3 if law == "exponential" else 2
        axes.plot(counts[::each], fitted[law][shown][::each, 0], "o", ms=4,
                  color=mark(colour))  # fmt: skip
    axes.set(xlabel="step", ylabel="share a of the last displacement", ylim=(0, 1.3))
    axes.legend(frameon=False, fontsize=11, ncols=2, loc="lower left")


def t15_what_a_schedule_acts_on(seed: int) -> Finding:
    """Return PyTorch and Keras as particles, and all meanings of a tenfold drop."""
    from inertial.torch import Inertial

    steps, mu, clock = 150, 0.9, 0.3
    lr = rough_schedule(seed, steps)
    slope, start = rough_slope(seed, steps)
    words = [{"lr": rate} for rate in lr]

    def particle(rate: float) -> Particle:
        six = torch_sgd(rate, mu).coefficients(0)
        return Particle.from_coefficients(
            six, force_scale=1.1, time_step=clock, law="explicit"
        )

    first = particle(lr[0])
    heavier = [particle(rate) for rate in lr]
    stronger = [replace(first, force_scale=1.1 * rate / lr[0]) for rate in lr]
    clocks = [clock] * steps
    mass = roll(heavier, clocks, slope, start)
    pull = roll(stronger, clocks, slope, start)
    torch_run = walk_torch(words.__getitem__, slope, start, steps, momentum=mu)
    keras_run = walk(lambda t: keras_sgd(lr[t], mu), slope, start, steps)
    ours = walk_torch(
        words.__getitem__, slope, start, steps, Inertial,
        lr=lr[0], momentum=mu, schedule_acts_on="force",
    )  # fmt: skip
    drops = {name: _dropped(name) for name in get_args(ScheduleActsOn)}
    return Finding(
        (
            none_apart("torch.optim.SGD, from a particle of mass φΔt²/lr",
                  [apart(torch_run, mass)]),
            none_apart("Keras, from a particle of force scale m·lr/Δt²",
                  [apart(keras_run, pull)]),
            none_apart("Inertial, schedule_acts_on force, from Keras",
                  [apart(ours, keras_run)]),
            *(
                Comparison(
                    f"step after a tenfold drop over the one before, on the {name}",
                    line[_DROP] / line[_DROP - 1],
                    points[_DROP] / points[_DROP - 1],
                    1e-8,
                    "what 200 steps leave of the start, 0.9²⁰⁰",
                )
                for name, (line, points) in drops.items()
            ),
        ),
        lambda figure: _draw_t15(figure, drops),
        "Step length on a constant slope through a tenfold drop: at once on the mass, "
        "slowly on the force, and in between on the clock.",
    )  # fmt: skip


def _dropped(acts_on: ScheduleActsOn) -> tuple[Any, Any]:
    """Return each step's length through a drop: predicted, and of an optimizer."""
    from inertial.torch import Inertial

    steps, mu, start = _DROP + 60, 0.9, numpy.zeros(1)
    lr = numpy.where(numpy.arange(steps) < _DROP, 0.1, 0.01)

    def rule(t: int) -> Coefficients:
        return torch_sgd(
            lr[t],
            mu,
            schedule_acts_on=acts_on,
            reference_lr=lr[0],
        ).coefficients(t)

    # Before the drop the step is settled; what it is then, the force alone decides.
    length = [effective_lr(rule(0))] * _DROP
    for t in range(_DROP, steps):
        carried, pushed, _ = normal_form(rule, t)
        length.append(carried * length[-1] + pushed)
    words = [{"lr": rate} for rate in lr]
    settings: dict[str, Any] = {"lr": lr[0], "momentum": mu}
    if acts_on == "mass":  # PyTorch itself
        path = walk_torch(words.__getitem__, _constant, start, steps, **settings)
    elif acts_on == "force":
        path = walk(lambda t: keras_sgd(lr[t], mu), _constant, start, steps)
    else:
        settings["schedule_acts_on"] = acts_on
        path = walk_torch(
            words.__getitem__, _constant, start, steps, Inertial, **settings
        )
    return numpy.array(length), lengths(path)


def _draw_t15(figure: Any, drops: Any) -> None:
    from inertial.report.drawing import mark

    said = {"mass": "mass (PyTorch)", "force": "force (Keras)", "clock": "clock"}
    axes, shown = figure.add_subplot(), slice(_DROP - 8, _DROP + 40)
    counts = numpy.arange(-8, 40) + 1
    for (name, (line, points)), colour in zip(drops.items(), _COLOURS, strict=False):
        axes.plot(counts, line[shown], color=mark(colour), lw=1.4)
        axes.plot(counts[::2], points[shown][::2], "o", ms=4, color=mark(colour),
                  label=f"acts on the {said[name]}")  # fmt: skip
    axes.set(xlabel="step after the drop", ylabel="step length (x)")
    axes.set(yscale="log", ylim=(0.07, 1.4))
    axes.set_yticks([0.1, 0.2, 0.5, 1], ["0.1", "0.2", "0.5", "1"])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=11)


def t18_impossible(seed: int) -> Finding:
    """Return what no words can say: a pause, coasting, a frictionless average."""
    steps, stop, mu = 60, 30, 0.9
    on = numpy.arange(steps) < stop

    def felt(x: Any, t: int) -> Any:
        return on[t] + 0.0 * x

    paused = numpy.where(numpy.arange(steps) == stop, 0.0, 0.1)

    def sgd(t: int) -> Coefficients:
        return torch_sgd(paused[t], mu).coefficients(t)

    def coasting(t: int) -> Method:
        return keras_sgd(0.1 * on[t], mu)

    words = [
        scheduled_torch_words(lambda s: coasting(s).coefficients(s), t)
        for t in range(steps)
    ]
    slope, start = rough_slope(seed, steps)
    coasted = walk(coasting, slope, start, steps)
    theirs = walk_torch(words.__getitem__, slope, start, steps)
    open_door = [{**w, "dampening": 0.0} for w in words]
    naive = walk_torch(open_door.__getitem__, slope, start, steps)
    rest = numpy.zeros(1)
    through = walk_torch(lambda t: {"lr": paused[t]}, felt, rest, steps, momentum=mu)
    pause = walk(lambda t: torch_sgd(paused[t], mu), felt, rest, steps)
    before = lengths(through)[stop - 1]
    free = Method(lambda _: Coefficients(decay=1.0, drift=0.1))
    return Finding(
        (
            Comparison("(a) PyTorch's step at lr = 0 (x)", 0.0,
                       float(lengths(through)[stop]), 0.0, "exact"),
            Comparison(
                "(a) the step after it, without force, over the one before it",
                mu * mu, float(lengths(through)[stop + 1] / before), 1e-13, ROUNDING,
            ),
            _refused("(a) Keras's words for that step",
                     lambda: scheduled_keras_words(sgd, stop + 1)),
            none_apart("(b) PyTorch with dampening 1, from Keras coasting",
                  [apart(theirs, coasted)]),
            Comparison("(b) the same without dampening", 0.01, apart(naive, coasted),
                       0.0, "not chance: a run that agrees is far nearer", ">"),
            _refused("(c) an average without friction, μ = 1",
                     lambda: translate(free, to="ema")),
        ),
        lambda figure: _draw_t18(figure, pause, through, stop),
        "Step lengths through one step of learning rate 0, the force gone: PyTorch "
        "stands still and moves on; no displacement was left to carry.",
    )  # fmt: skip


def _refused(what: str, ask: Any) -> Comparison:
    try:
        ask()
        said = 0.0
    except ValueError:
        said = 1.0
    return Comparison(
        f"{what}: the library refuses (1) or answers (0)", 1.0, said, 0.0, "yes or no"
    )


def _draw_t18(figure: Any, pause: Any, through: Any, stop: int) -> None:
    from inertial.report.drawing import mark

    axes, counts = figure.add_subplot(), numpy.arange(len(pause) - 1) + 1
    shown = slice(stop - 15, stop + 20)
    axes.plot(counts[shown], lengths(pause)[shown], color=mark("ink"))
    axes.plot(counts[shown], lengths(through)[shown], "o", ms=5, color=mark("loss"))
    axes.annotate("lr = 0: no step,\nbut the buffer lives", (stop + 1, 0.0),
                  (stop - 9, 0.25), color=mark("heat"), ha="center",
                  arrowprops={"arrowstyle": "-", "color": mark("heat")})  # fmt: skip
    axes.annotate("it moves again,\nwithout any force", (stop + 2, 0.776),
                  (stop + 7, 0.82), color=mark("loss"), va="center",
                  arrowprops={"arrowstyle": "-", "color": mark("loss")})  # fmt: skip
    axes.set(xlabel="step", ylabel="step length (x)")


_TOPIC = "Schedules"
STATEMENTS = (
    Statement(
        "T14",
        "Every framework's momentum, and the particle's, is an algorithm of its own.",
        "false",
        "All repeat a share a of the last displacement and move b against the "
        "gradient. They differ in how their words make a and b, friction included.",
        "x' = x + a_t·(x − x₋) − b_t·g; a particle: a = decay·Δt/Δt₋, b = kick·Δt/m",
        t14_normal_form,
        (),
        _TOPIC,
    ),
    Statement(
        "T15",
        "A schedule of the learning rate does the same in every framework.",
        "false",
        "PyTorch's changes the mass and keeps the momentum, Keras's changes the force "
        "and keeps the velocity. After a tenfold drop a settled run's next step is "
        "10 % of its last in PyTorch, and 91 % in Keras.",
        "PyTorch: m_t = φΔt²/lr_t; Keras: φ_t = m·lr_t/Δt²; next step ab₋ + b",
        t15_what_a_schedule_acts_on,
        (),
        _TOPIC,
    ),
    Statement(
        "T18",
        "What one framework can do with momentum, the others can be told to do too.",
        "false",
        "PyTorch's buffer outlives a step of lr 0, Keras's displacement does not; "
        "Keras coasts through it, PyTorch only with dampening 1; and without friction "
        "there is no average at all.",
        "(a) a_(t+1) = μ·lr_(t+1)/0; (b) τ_t = 1; (c) 1 − α = 0",
        t18_impossible,
        (),
        _TOPIC,
    ),
)
