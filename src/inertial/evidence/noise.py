"""Noise: what gradient noise does to a particle, and what momentum does about it."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import (
    base_variance,
    lyapunov_covariance,
    position_variance,
    stationary_covariance,
)
from inertial.conventions import keras_sgd, torch_sgd
from inertial.evidence import noise_limits, noise_pace
from inertial.evidence.ensemble import (
    ERRORS,
    WHY,
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
from inertial.physics import (
    NESTEROV,
    Coefficients,
    Particle,
    advance,
    newtonian,
)

TOPIC = "Noise"
_COLOURS = ("loss", "kinetic", "work", "other")


def t32_noise_floor(seed: int) -> Finding:
    """Return the jitter of settled crowds, of place and buffer."""
    curvature, noise, each = 1.3, 0.7, 3000
    settings = ((0.1, 0.0), (0.1, 0.9), (1.0, 0.5), (0.05, 0.95), (2.5, 0.9))
    lr, momentum = columns(settings, each)
    method = torch_sgd(lr, momentum, checked=True)
    run = settled(method, curvature, noise, seed, steps=500, after=300)
    comparisons, solved, found = [], 0.0, []
    for number, setting in enumerate(settings):
        own = slice(number * each, (number + 1) * each)
        closed = stationary_covariance(ball(*setting), curvature, noise)
        lyapunov = lyapunov_covariance(ball(*setting), curvature, noise)
        solved = max(solved, float(abs(lyapunov / closed - 1).max()))
        found.append(sample(run.positions[:, own, 0] ** 2))
        where = "at lr {:g}, μ {:g}".format(*setting)
        place = position_variance(ball(*setting), curvature, noise)
        buffer = sample(run.momenta[:, own, 0] ** 2)
        comparisons += [
            agree(f"variance of the position {where} [X²]", place, found[-1]),
            agree(f"variance of the buffer {where} [L²/X²]", closed[0, 0], buffer),
        ]
    exact = Comparison(
        "closed form against Lyapunov's equation, largest relative difference",
        0.0,
        solved,
        1e-9,
        "rounding, divided by 1 − rate², which is 0.05 at worst",
    )
    return Finding(
        (*comparisons, exact),
        lambda figure: _draw_t32(figure, curvature, noise, settings, found),
        "Variance of the position against the learning rate, one rising line for each "
        "momentum; the measured points lie on the lines.",
    )


def _draw_t32(
    figure: Any, curvature: float, noise: float, settings: Any, found: list[Sample]
) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    lr = numpy.geomspace(0.02, 4.0, 400)
    momenta = sorted({momentum for _, momentum in settings})
    names = dict(zip(momenta, (*_COLOURS, "heat")[: len(momenta)], strict=False))
    for momentum, name in names.items():
        floor = position_variance(ball(lr, momentum), curvature, noise)
        floor = numpy.where(numpy.isfinite(floor), floor, numpy.nan)
        axes.plot(lr, floor, color=mark(name), label=f"μ = {momentum:g}")
    for (rate, momentum), one in zip(settings, found, strict=True):
        dots(axes, [rate], [one], names[momentum])
    axes.set(xscale="log", yscale="log", ylim=(3e-3, 60))
    axes.set(xlabel="learning rate [X²/L]", ylabel="variance of the position [X²]")
    axes.legend(frameon=False, loc="upper left", ncols=2)


def t33_equipartition(seed: int) -> Finding:
    """Return kinetic over potential energy of particles that noise keeps warm."""
    each, time_step, force_scale, curvature = 3000, 0.5, 2.0, 1.0
    settings = ((0.3, 0.0), (1.0, 0.5), (0.1, 0.9), (3.0, 0.9), (0.05, 0.96))
    lr, momentum = columns(settings, each)
    particle = Particle.from_coefficients(
        ball(lr, momentum),
        force_scale=force_scale,
        time_step=time_step,
        law="explicit",
    )
    moves = particle.coefficients(time_step)
    run = settled(moves, curvature, 1.0, seed, steps=500, after=300)
    found = []
    for number in range(len(settings)):
        own = slice(number * each, (number + 1) * each)
        found.append(ratio(run.kinetic[:, own], run.losses[:, own]))
    comparisons = tuple(
        agree(
            f"kinetic over potential energy at lr {lr:g}, μ {momentum:g}",
            2 / (1 + momentum),
            one,
        )
        for (lr, momentum), one in zip(settings, found, strict=True)
    )

    seen = (
        "The ratio of kinetic to potential energy falls from 2 without momentum to 1 "
        "at momentum 1; the points lie on the line, two of them together at 0.9."
    )
    return Finding(comparisons, lambda figure: _draw_t33(figure, settings, found), seen)


def _draw_t33(figure: Any, settings: Any, found: list[Sample]) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    momenta = numpy.linspace(0.0, 1.0, 101)
    line = 2 / (1 + momenta)
    axes.plot(momenta, line, color=mark("ink"), label="2/(1 + μ)")
    axes.axhline(1.0, color=mark("muted"), ls="--", label="equal shares, as in a gas")
    places = [momentum for _, momentum in settings]
    dots(axes, places, found, "loss", label="measured, five learning rates")
    axes.set(xlabel="momentum μ", ylabel="kinetic over potential energy")
    axes.set(ylim=(0.9, 2.15))
    axes.legend(frameon=False)


def _looking_ahead(settings: Any, each: int, seed: int) -> list[Sample]:
    """Return the jitter of particles that feel the force ahead, stage by stage."""
    lr, momentum = columns(settings, each)
    particle = Particle.from_coefficients(ball(lr, momentum), law="explicit")
    generator = numpy.random.default_rng(seed)

    def force(place: Any) -> Any:
        return -place - generator.standard_normal(place.shape)

    place, push, squares = numpy.zeros_like(lr), numpy.zeros_like(lr), []
    for number in range(1, 501):
        place, push = advance(NESTEROV, newtonian(), force, particle, 1.0, place, push)
        if number >= 300 and number % 10 == 0:
            squares.append(place[:, 0] ** 2)
    table = numpy.array(squares).reshape(len(squares), len(settings), each)
    return [sample(table[:, number]) for number in range(len(settings))]


def t34_look_ahead_and_noise(seed: int) -> Finding:
    """Return the jitter of a look ahead, beside the heavy ball's."""
    settings = ((0.1, 0.9), (0.5, 0.5), (1.2, 0.9), (1.34, 0.9))
    found = _looking_ahead(settings, 3000, seed)
    comparisons = [
        agree(
            f"variance of Nesterov's position at lr·λ {lr:g}, μ {momentum:g} [X²]",
            base_variance(keras_sgd(lr, momentum, nesterov=True).coefficients(1), 1.0),
            one,
        )
        for (lr, momentum), one in zip(settings, found, strict=True)
    ]
    for number in (2, 3):
        heavy = position_variance(ball(*settings[number]), 1.0)
        comparisons.append(
            Comparison(
                f"the same at lr·λ {settings[number][0]:g} against a heavy ball's [X²]",
                heavy,
                found[number].mean,
                ERRORS * found[number].error,
                WHY,
                relation="<" if number == 2 else ">",
                uncertainty=found[number].error,
            )
        )
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t34(figure, settings, found),
        "At momentum 0.9 the heavy ball's variance rises slowly with the learning "
        "rate; Nesterov's stays far below it up to 1.3 and then shoots up.",
    )


def _draw_t34(figure: Any, settings: Any, found: list[Sample]) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    lr = numpy.linspace(0.01, 1.356, 600)
    heavy = position_variance(ball(lr, 0.9), 1.0)
    ahead = base_variance(Coefficients(0.9, lr, 0.9, lr, 1.0), 1.0)
    axes.plot(lr, heavy, color=mark("kinetic"), label="heavy ball")
    axes.plot(lr, ahead, color=mark("loss"), label="Nesterov")
    shown = [(s[0], f) for s, f in zip(settings, found, strict=True) if s[1] > 0.8]
    dots(axes, [s for s, _ in shown], [f for _, f in shown], "loss", label="measured")
    axes.axvline(2 * 1.9 / 2.8, color=mark("muted"), ls=":", label="Nesterov's limit")
    axes.set(xlabel="learning rate times curvature", yscale="log", ylim=(0.2, 100))
    axes.set(ylabel="variance of the position [X²]")
    axes.legend(frameon=False, loc="upper left")


STATEMENTS = (
    Statement(
        "T32",
        "Gradient noise keeps the parameters jittering for ever, and learning rate, "
        "momentum and curvature say exactly how much.",
        "true",
        "noise heats, friction cools, and where both balance the variance has a closed "
        "form for every stable setting: dice, matrices and algebra agree on it.",
        "Var x = lr σ² (1+μ) / (λ (1−μ) (2(1+μ) − lr λ)),  "
        "Var b = 2σ² / ((1−μ) (2(1+μ) − lr λ))",
        t32_noise_floor,
        topic=TOPIC,
    ),
    Statement(
        "T33",
        "Noise shares its energy between speed and place in one fixed ratio, whatever "
        "the learning rate and the curvature.",
        "true",
        "the ratio is 2/(1+μ) for every stable setting: equal shares, as in a warm "
        "gas, with a long memory, and twice as much kinetic energy in plain SGD.",
        "m Var v / (φ λ Var x) = 2/(1+μ)",
        t33_equipartition,
        topic=TOPIC,
    ),
    Statement(
        "T34",
        "Nesterov's look ahead also calms the noise: its jitter is smaller than the "
        "heavy ball's.",
        "true only if",
        "the learning rate stays clear of Nesterov's own limit 2(1+μ)/((1+2μ)λ), which "
        "is the lower one: close to it the jitter passes the heavy ball's and grows "
        "without bound.",
        "Var x = lr σ² (1+e) / (λ (1−e) (2(1+μ) − lr λ (1+2μ))),  e = μ(1 − lr λ)",
        t34_look_ahead_and_noise,
        topic=TOPIC,
    ),
    *noise_limits.STATEMENTS,
    *noise_pace.STATEMENTS,
)
