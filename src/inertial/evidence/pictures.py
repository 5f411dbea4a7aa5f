"""The physics in five pictures, each computed by the library when the page is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis import critical_curvatures, simulate
from inertial.analysis.landscape import Landscape, landscape
from inertial.conventions.sum_form import torch_sgd
from inertial.physics import (
    EXPLICIT_EULER,
    SYMPLECTIC_EULER,
    Coefficients,
    Particle,
    advance,
    newtonian,
    step,
)
from inertial.report.drawing import Picture, drawing, mark


def pictures() -> list[Picture]:
    """Draw the five.

    Returns:
        Them, in the order in which they explain each other.
    """
    return [
        _picture(
            "Force and friction",
            "On an even slope a particle first gains speed with each step, as if free; "
            "then friction takes as much as the force gives, and it rolls on at its "
            "terminal speed, the force over the friction. That is all a momentum of "
            "μ = 0.9 is: a friction that lets the speed grow to ten kicks. "
            "Points are steps of the optimizer, lines Newton’s law with drag.",
            "Speed against steps for three frictions: each rises from 0, and levels.",
            _draw_terminal_speed,
        ),
        _picture(
            "Kick first, then move",
            "The same spring, the same time step, no friction. Moved with the new "
            "velocity, as every optimizer does, the particle goes round for ever. "
            "Moved with the old one, it gains energy from nothing and spirals out.",
            "Velocity against position: a closed ellipse, and a spiral that leaves it.",
            _draw_two_eulers,
        ),
        _picture(
            "Too much friction, too little, just enough",
            "A valley and a momentum of 0.9: only curvature × learning rate "
            "decides. Where it is small the particle creeps. Where it is large it "
            "swings, and its swings die away at one rate, √0.9 a step, however "
            "steep the valley. Between them lies the critical value, (1 − √0.9)² = "
            "0.0026.",
            "Position against steps: one creeps, one settles fastest without "
            "swinging, one swings about the minimum.",
            _draw_regimes,
        ),
        _picture(
            "Where the energy goes",
            "Height turns into motion and motion into heat. The three together stay "
            "level: an optimizer with friction can only lose, which is why it settles, "
            "and why it never climbs a barrier higher than its start.",
            "Loss, kinetic energy and heat stacked over the steps; their sum is level.",
            _draw_energy,
        ),
        _picture(
            "What a schedule changes",
            "The learning rate falls to a tenth. PyTorch makes the particle ten times "
            "heavier: it slows at once. Keras weakens the force: the old speed dies "
            "away only slowly. A clock that ticks in smaller steps keeps mass and "
            "friction: each step is shorter, and the rolling goes on. One schedule, "
            "three different optimizers.",
            "Length of a step before and after the drop: one falls at once, one "
            "slowly, one lies between.",
            _draw_schedule,
        ),
    ]


def _picture(
    title: str, caption: str, seen: str, draw: Callable[[Any], None]
) -> Picture:
    name = "physics-" + "".join(c if c.isalnum() else "-" for c in title.lower())
    return Picture(title, caption, drawing(name, title, seen, draw))


def _axes(figure: Any, across: str, up: str) -> Any:
    axes = figure.subplots()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return axes


def _draw_terminal_speed(figure: Any) -> None:
    axes = _axes(figure, "time (steps)", "speed (kicks)")
    steps = 60
    for friction, name in ((0.05, "loss"), (0.1, "kinetic"), (0.2, "work")):
        # The exponential law is exact where the force is even: points lie on the line.
        particle = Particle(friction=friction, law="exponential")
        coefficients = particle.coefficients(1.0)
        momentum, speeds = 0.0, [0.0]
        for _ in range(steps):
            _, momentum, _ = step(coefficients, newtonian(), 0.0, momentum, 1.0)
            speeds.append(momentum / particle.mass)
        times = numpy.linspace(0, steps, 200)
        fall = -numpy.expm1(-friction * times) / friction
        axes.plot(times, fall, color=mark(name))
        axes.plot(range(0, steps + 1, 3), speeds[::3], "o", color=mark(name), ms=4)
        label = f"μ = {coefficients.decay:.2f}"
        axes.text(steps + 1.5, fall[-1], label, va="center", color=mark(name))
    axes.set_xlim(0, steps + 14)
    axes.set_ylim(0)


def _draw_two_eulers(figure: Any) -> None:
    axes = _axes(figure, "position", "velocity")
    ball = Particle()
    for integrator, name, label, height in (
        (EXPLICIT_EULER, "heat", "old velocity", 1.5),
        (SYMPLECTIC_EULER, "work", "new velocity", 0.7),
    ):
        x, p, path = 1.0, 0.0, [(1.0, 0.0)]
        for _ in range(44):
            x, p = advance(integrator, newtonian(), _spring, ball, 0.25, x, p)
            path.append((x, p))
        axes.plot(*zip(*path, strict=True), "o-", color=mark(name), markersize=3.5)
        axes.text(2.7, height, label, color=mark(name))
    axes.set_aspect("equal", adjustable="datalim")


def _spring(position: float) -> float:
    return -position


def _bowl() -> Landscape:
    return landscape("quadratic", curvatures=(1.0,))


def _draw_regimes(figure: Any) -> None:
    axes = _axes(figure, "steps", "position")
    ball = Coefficients(decay=0.9, drift=1.0)
    edge = critical_curvatures(ball)[0]
    for share, name, label in (
        (0.15, "loss", "creeps"),
        (1.0, "work", "critical"),
        (12.0, "kinetic", "swings"),
    ):
        setting = ball._replace(drift=share * edge)
        path = simulate(setting, _bowl(), (1.0,), 120).positions[:, 0, 0]
        axes.plot(path, color=mark(name), label=f"{label}: lr·λ = {share * edge:.2g}")
    axes.legend(frameon=False, loc="lower right", labelcolor="linecolor")
    axes.set_xlim(0, 120)
    axes.set_ylim(-0.85)


def _draw_energy(figure: Any) -> None:
    axes = _axes(figure, "steps", "energy (of the start)")
    run = simulate(Coefficients(decay=0.985, drift=0.001), _bowl(), (1.0,), 400)
    parts = [
        row[:, 0] / run.losses[0, 0] for row in (run.losses, run.kinetic, run.heat)
    ]
    names = ("loss", "kinetic", "heat")
    colours = [mark(name) for name in names]
    axes.stackplot(run.steps, *parts, colors=colours, alpha=0.55, linewidth=0)
    axes.plot(run.steps, sum(parts), color=mark("ink"), linewidth=1.4)
    for x, y, word in ((6, 0.12, "height"), (42, 0.32, "motion"), (250, 0.55, "heat")):
        axes.text(x, y, word, color=mark("ink"))
    axes.set_xlim(0, 400)
    axes.set_ylim(0, 1.15)


def _draw_schedule(figure: Any) -> None:
    axes = _axes(figure, "steps since the drop", "length of a step (before = 1)")
    drop, steps = 80, 30
    for acts_on, name, label in (
        ("force", "heat", "force (Keras)"),
        ("clock", "work", "clock"),
        ("mass", "loss", "mass (PyTorch)"),
    ):
        position, momentum, path = 0.0, 0.0, [0.0]
        for number in range(drop + steps):
            lr = 0.1 if number < drop else 0.01
            words: Any = {"schedule_acts_on": acts_on, "reference_lr": 0.1}
            method = torch_sgd(lr, 0.9, **words)
            position, momentum, _ = step(
                method.coefficients(number), method.kinetic, position, momentum, 1.0
            )
            path.append(position)
        lengths = numpy.diff(path)[drop - 8 :]
        at = numpy.arange(len(lengths)) - 8
        axes.plot(at, lengths, "o-", color=mark(name), markersize=3.5, label=label)
    axes.legend(frameon=False, loc="upper right", labelcolor="linecolor")
    axes.set_ylim(0, 1.1)
