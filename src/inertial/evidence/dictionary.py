"""What mass and velocity are, in the words of an optimizer."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import effective_lr, simulate
from inertial.analysis.landscape import plateau, quadratic
from inertial.conventions import ema, keras_sgd, torch_sgd
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Particle

_ROUNDING = "rounding of a hundred steps in double precision"


def q4_mass(seed: int) -> Finding:
    """Return what the mass of a particle changes on a constant slope."""
    slope = float(numpy.random.default_rng(seed).uniform(0.5, 2.0))
    body = Particle(numpy.array([[1.0], [3.0], [9.0]]), 1.0, 1.0, "exponential")
    speed = _speeds(body, slope)
    final = float(body.mobility) * slope
    lag = 1 - speed[[5, 25]] / final
    constant = 20 * 0.1 / numpy.log(lag[0] / lag[1])
    known = torch_sgd(lr=0.1, momentum=0.9).coefficients(0)
    first = simulate(known, plateau(slope=slope), (50.0, 0.0), 1).positions[:, 0, 0]
    rows = [
        ("lr = 0.1, μ = 0.9: force over the first change of velocity",
         Particle.from_coefficients(known, law="explicit").mass,
         slope / (first[0] - first[1]), 1e-12, "rounding of a difference near 50"),
        ("final speed of the heaviest over force per friction", 1.0,
         speed[-1, 2] / final, 1e-6, "exp(−150/9) = 6e-8 is left to go"),
    ]  # fmt: skip
    for i, mass in enumerate(body.mass[:, 0]):
        told = float(body.time_constant[i, 0])
        why = "rounding of positions near 50, over steps of 0.1"
        what = f"mass {mass:g}: time constant of the velocity (unit of time)"
        rows.append((what, told, constant[i], 1e-9, why))
    return Finding(
        tuple(Comparison(w, float(p), float(m), t, why) for w, p, m, t, why in rows),
        lambda figure: _draw_q4(figure, body, speed, final),
        "Speed against time on a constant slope, for three masses: the heavier one "
        "takes longer, and all end at the same speed.",
    )


def _speeds(body: Particle, slope: float) -> Any:
    """Return how fast particles fall down a slope. Shape: (steps, particles)."""
    far = plateau(slope=slope)
    path = simulate(body.coefficients(0.1), far, (1000.0, 0.0), 1500).positions
    return -numpy.diff(path[..., 0], axis=0) / 0.1


def _draw_q4(figure: Any, body: Particle, speed: Any, final: float) -> None:
    from inertial.report.drawing import mark

    axes, shown = figure.add_subplot(), numpy.arange(0, 400, 20)
    times = 0.1 * (1 + numpy.arange(400))
    for i, colour in enumerate(("loss", "kinetic", "work")):
        constant = float(body.time_constant[i, 0])
        axes.plot(times, 1 - numpy.exp(-times / constant), color=mark(colour))
        axes.plot(times[shown], speed[shown, i] / final, "o", ms=5, color=mark(colour))
        label = f"mass {body.mass[i, 0]:g}: time constant {constant:g}"
        axes.text(17, 0.5 - 0.13 * i, label, color=mark(colour))
    axes.set(xlabel="time (unit of time)", ylabel="speed, over φ·slope/ε")


def q5_velocity(seed: int) -> Finding:
    """Return what three frameworks remember, against how fast the particle moves."""
    start = numpy.random.default_rng(seed).uniform(0.5, 1.5, 2)
    bowl, lr, share = quadratic((1.0, 0.3)), 0.1, 0.9
    forms = {
        "PyTorch": torch_sgd(lr=lr, momentum=share),
        "Keras": keras_sgd(lr, momentum=share),
        "an average": ema(lr / (1 - share), share),
    }
    runs = {name: simulate(form, bowl, start, 100) for name, form in forms.items()}
    moves = numpy.diff(runs["PyTorch"].positions[:, 0], axis=0)
    sgd = forms["PyTorch"].coefficients(0)
    body = Particle.from_coefficients(sgd, law="explicit")
    told = {"PyTorch": 1 / body.mass, "Keras": 1.0, "an average": effective_lr(sgd)}
    comparisons = [
        Comparison(
            f"{name}: velocity over what is remembered",
            float(told[name]),
            float((moves * run.momenta[1:, 0]).sum() / (run.momenta[1:] ** 2).sum()),
            1e-12,
            _ROUNDING,
        )
        for name, run in runs.items()
    ]
    pull = -effective_lr(sgd) * bowl.gradient(runs["PyTorch"].positions[:-1, 0])
    alone = simulate(torch_sgd(lr=lr), bowl, start, 100).positions[:, 0]
    descent = numpy.diff(alone, axis=0) + lr * bowl.gradient(alone[:-1])
    comparisons += [
        Comparison(
            "without momentum: velocity plus lr·∇L",
            0.0, float(abs(descent).max()), 1e-14, "rounding of one step",
        ),
        Comparison(
            "with momentum: velocity plus lr/(1 − μ)·∇L, over the largest velocity",
            0.5, float(abs(moves - pull).max() / abs(moves).max()), 0.0,
            "half of the velocity itself is no rounding", ">",
        ),
    ]  # fmt: skip
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_q5(figure, moves, pull, runs, told),
        "Three buffers, each in its own unit, lie on the one velocity; the force alone "
        "swings ahead of it.",
    )


def _draw_q5(figure: Any, moves: Any, pull: Any, runs: Any, told: Any) -> None:
    from inertial.report.drawing import mark

    axes, steps = figure.add_subplot(), numpy.arange(61)
    axes.plot(steps, pull[:61, 0], "--", color=mark("heat"), label="−lr/(1 − μ)·∇L")
    axes.plot(steps, moves[:61, 0], color=mark("ink"), label="x(t+1) − x(t)")
    units = {"PyTorch": "−lr·buffer", "Keras": "velocity", "an average": "−β·average"}
    for i, (name, run) in enumerate(runs.items()):
        shown = steps[2 * i :: 6]
        colour = mark(("loss", "kinetic", "work")[i])
        axes.plot(shown, told[name] * run.momenta[1:, 0, 0][shown], "os^"[i], ms=6,
                  color=colour, label=f"{name}: {units[name]}")  # fmt: skip
    axes.set(xlabel="step", ylabel="velocity (x per step)")
    axes.legend(frameon=False, fontsize=11, loc="lower right", labelspacing=0.2)


_TOPIC = "What readers of the page ask"
STATEMENTS = (
    Statement(
        "Q4",
        "What is mass in gradient descent? How slowly a force turns into motion.",
        "true",
        "It is the force over the first change of velocity, φΔt²/lr; a velocity takes "
        "m/ε of time, 1/(1 − μ) steps, to follow a new force. Where it ends, no mass "
        "tells.",
        "m = φΔt²/lr; time constant m/ε; final speed φ·slope/ε",
        q4_mass,
        ("C3", "C12"),
        _TOPIC,
    ),
    Statement(
        "Q5",
        "What is velocity in gradient descent? Is it −∇L?",
        "true only if",
        "there is no momentum. Velocity is the step, x(t+1) − x(t), over the time "
        "step. Keras remembers it; PyTorch's buffer is −p/(φΔt), and an average is "
        "−(ε/φ)·velocity.",
        "velocity = −lr·buffer/Δt = Keras's velocity/Δt = −β·average/Δt",
        q5_velocity,
        ("C11",),
        _TOPIC,
    ),
)
