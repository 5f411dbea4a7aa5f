"""Conversions: one motion in the words of PyTorch, Keras, averages and physics."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.conventions import Method, ema, keras_sgd, qhm, torch_sgd
from inertial.conventions.normal_form import (
    normal_form,
    scheduled_keras_words,
    scheduled_torch_words,
)
from inertial.evidence.paths import (
    ROUNDING,
    apart,
    lengths,
    rough_schedule,
    rough_slope,
    walk,
    walk_displacements,
    walk_torch,
)
from inertial.evidence.statement import Comparison, Finding, Statement

_COLOURS = ("loss", "kinetic", "work", "other")
_FAR = "not chance: a run that agrees is a million million times nearer"


def _same(what: str, path: Any, other: Any) -> Comparison:
    return Comparison(
        f"{what}: largest distance over largest place",
        0.0,
        apart(path, other),
        1e-12,
        ROUNDING,
    )


def _other(what: str, path: Any, other: Any) -> Comparison:
    return Comparison(
        f"{what}: largest distance over largest place",
        0.01,
        apart(path, other),
        0.0,
        _FAR,
        ">",
    )


def _draw_runs(
    figure: Any, line: Any, points: Any, wrong: Any, said: tuple[str, str, str]
) -> None:
    """Draw one coordinate of three runs: predicted, measured, and with other words."""
    from inertial.report.drawing import mark

    axes, steps = figure.add_subplot(), numpy.arange(len(line))
    figure.subplots_adjust(left=0.145)
    axes.plot(steps, wrong, "--", color=mark("heat"), lw=1.4, label=said[2])
    axes.plot(steps, line, color=mark("ink"), label=said[0])
    axes.plot(steps[::3], points[::3], "o", ms=4, color=mark("loss"), label=said[1])
    axes.set(xlabel="step", ylabel="first coordinate (x)")
    axes.legend(frameon=False, fontsize=11)


def t11_torch_and_keras(seed: int) -> Finding:
    """Return a PyTorch run under a schedule, repeated by Keras, and the way back."""
    steps = 150
    lr = rough_schedule(seed, steps)
    chance = numpy.random.default_rng(seed + 1).uniform
    mu, damped = chance(0.5, 0.9, steps), chance(0.0, 0.5, steps)
    slope, start = rough_slope(seed, steps)

    def words(t: int) -> dict[str, Any]:
        return {"lr": lr[t], "momentum": mu[t], "dampening": damped[t]}

    def rule(t: int) -> Any:
        return torch_sgd(**words(t)).coefficients(t)

    def keras(t: int) -> Method:
        return keras_sgd(**scheduled_keras_words(rule, t))

    def back(t: int) -> dict[str, Any]:
        return scheduled_torch_words(lambda s: keras(s).coefficients(s), t)

    theirs = walk_torch(words, slope, start, steps)
    ours = walk(keras, slope, start, steps)
    returned = walk_torch(back, slope, start, steps)
    naive = walk(lambda t: keras_sgd(lr[t], mu[t]), slope, start, steps)
    even = {"lr": 0.05, "momentum": 0.9}
    still = walk_torch(lambda t: even, slope, start, steps)
    plain = walk(lambda t: keras_sgd(0.05, 0.9), slope, start, steps)
    return Finding(
        (
            _same("Keras in converted words, from torch.optim.SGD", ours, theirs),
            _same("torch.optim.SGD in words converted back", returned, ours),
            _same("constant words, the same in both", plain, still),
            _other("words that change, the same in both", naive, theirs),
        ),
        lambda figure: _draw_runs(
            figure, ours[:, 0], theirs[:, 0], naive[:, 0],
            ("Keras, converted words", "torch.optim.SGD", "Keras, PyTorch's words"),
        ),
        "One coordinate over 150 steps of a random schedule: PyTorch's points lie on "
        "the line of Keras in converted words; Keras in PyTorch's words goes astray.",
    )  # fmt: skip


def t12_torch_and_average(seed: int) -> Finding:
    """Return an average under schedules, repeated by torch.optim.SGD."""
    steps = 150
    size = 10 * rough_schedule(seed, steps)
    size[40:43] = size[90] = 0.0  # an average may stand still
    share = numpy.random.default_rng(seed + 1).uniform(0.5, 0.95, steps)
    slope, start = rough_slope(seed, steps)

    def changing(t: int) -> Method:
        return ema(size[t], share[t])

    def words(t: int) -> dict[str, Any]:
        return scheduled_torch_words(lambda s: changing(s).coefficients(s), t)

    average = walk(changing, slope, start, steps)
    theirs = walk_torch(words, slope, start, steps)
    naive = walk_torch(
        lambda t: {"lr": size[t] * (1 - share[t]), "momentum": share[t]},
        slope, start, steps,
    )  # fmt: skip
    held = walk(lambda t: ema(size[t], 0.9), slope, start, steps)
    same_momentum = walk_torch(
        lambda t: {"lr": size[t] * (1 - 0.9), "momentum": 0.9}, slope, start, steps
    )
    return Finding(
        (
            _same("torch.optim.SGD in converted words", theirs, average),
            _same("constant α = μ = 0.9, any schedule of β", same_momentum, held),
            _other("α changes, μ = α", naive, average),
        ),
        lambda figure: _draw_runs(
            figure, average[:, 0], theirs[:, 0], naive[:, 0],
            ("average, α changes", "torch.optim.SGD, converted",
             "torch.optim.SGD, μ = α"),
        ),
        "One coordinate over 150 steps: PyTorch's points in converted words lie on the "
        "line of the average; with the retention itself as momentum they do not.",
    )  # fmt: skip


def _constant(x: Any, t: int) -> Any:
    return 1.0 + 0.0 * x


def t13_first_steps(seed: int) -> Finding:
    """Return how averages and torch.optim.SGD begin."""
    steps, lr, mu = 150, 0.05, 0.9
    slope, start = rough_slope(seed, steps)
    words: dict[str, Any] = {"lr": lr, "momentum": mu, "dampening": mu}
    damped = walk_torch(lambda t: {}, slope, start, steps, **words)
    zero = walk(lambda t: ema(lr, mu), slope, start, steps)
    warm = walk(lambda t: ema(lr, mu), slope, start, steps, push=-slope(start, 0))
    unbiased = ema(lr, mu, debias=True)
    corrected = walk(lambda t: unbiased, slope, start, steps)
    scheduled = walk_torch(
        lambda t: scheduled_torch_words(unbiased.coefficients, t), slope, start, steps
    )
    even = lengths(walk(lambda t: unbiased, _constant, start, 40))
    full = lr * len(start) ** 0.5
    first = [
        normal_form(method.coefficients, 0).pushed
        for method in (torch_sgd(**words), ema(lr, mu))
    ]
    return Finding(
        (
            Comparison(
                "first step of dampening = momentum over that of the average from 0",
                first[0] / first[1],
                float(lengths(damped)[0] / lengths(zero)[0]),
                1e-12,
                "rounding of one step",
            ),
            _same("dampening = momentum, from the average of e₀ = g₁", damped, warm),
            _same("corrected average, from torch.optim.SGD", scheduled, corrected),
            Comparison(
                "corrected average, constant slope: step over lr·slope, worst of 40",
                1.0,
                float(even[numpy.argmax(abs(even - full))] / full),
                1e-12,
                ROUNDING,
            ),
            _other("dampening = momentum, from the average of 0", damped, zero),
        ),
        lambda figure: _draw_t13(figure, words),
        "Length of each step on a constant slope: with dampening and with the "
        "correction it is full from the first step on; the average from 0 needs "
        "thirty steps to get there.",
    )


def _draw_t13(figure: Any, words: dict[str, Any]) -> None:
    from inertial.report.drawing import mark

    axes, steps, start = figure.add_subplot(), 40, numpy.zeros(1)
    lr, mu = words["lr"], words["momentum"]
    counts = numpy.arange(1, steps + 1)
    for method, colour in ((ema(lr, mu), "ink"), (ema(lr, mu, True), "muted")):
        forms = [normal_form(method.coefficients, t) for t in range(steps)]
        path = walk_displacements(forms.__getitem__, _constant, start, steps)
        axes.plot(counts, lengths(path) / lr, color=mark(colour))
    damped = walk_torch(lambda t: {}, _constant, start, steps, **words)
    zero = walk(lambda t: ema(lr, mu), _constant, start, steps)
    axes.plot(counts[::2], lengths(damped)[::2] / lr, "o", ms=5, color=mark("loss"))
    axes.plot(counts[::2], lengths(zero)[::2] / lr, "o", ms=5, color=mark("kinetic"))
    axes.set(xlabel="step", ylabel="step length (lr·slope)", ylim=(0, 1.25))
    axes.text(40, 1.07, "PyTorch, dampening = momentum; corrected average",
              ha="right", color=mark("loss"), fontsize=11)  # fmt: skip
    axes.text(13, 0.55, "average that starts at 0", color=mark("kinetic"), fontsize=11)


def t17_quasi_hyperbolic(seed: int) -> Finding:
    """Return three methods that QHM is, and one that it is not, under a schedule."""
    from inertial.torch import Inertial

    steps, mu = 150, 0.9
    lr = 5 * rough_schedule(seed, steps)
    lr[40:43] = 0.0
    slope, start = rough_slope(seed, steps)

    def quasi(nu: float) -> Any:
        return walk_torch(lambda t: {"lr": lr[t]}, slope, start, steps,
                          Inertial.qhm, momentum=mu, nu=nu)  # fmt: skip

    def theirs(scale: float, **words: Any) -> Any:
        return walk_torch(lambda t: {"lr": scale * lr[t]}, slope, start, steps, **words)

    family = {
        "plain SGD": (0.0, theirs(1.0)),
        "PyTorch's Nesterov": (mu, theirs(1 - mu, momentum=mu, nesterov=True)),
        "average (EMA)": (1.0, walk(lambda t: ema(lr[t], mu), slope, start, steps)),
    }
    nus = numpy.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1])
    runs = {float(nu): quasi(float(nu)) for nu in nus}
    core = walk(lambda t: qhm(lr[t], mu, 0.7), slope, start, steps)
    away = {n: [apart(run, p) for run in runs.values()] for n, (_, p) in family.items()}
    nearest = min(gaps[7] for gaps in away.values())
    return Finding(
        (
            *(
                _same(f"QHM at ν = {nu:g}, from {name}", runs[nu], path)
                for name, (nu, path) in family.items()
            ),
            _same("QHM at ν = 0.7: optimizer, from six numbers", runs[0.7], core),
            Comparison(
                "QHM at ν = 0.7: distance from the nearest of the three",
                0.01, nearest, 0.0, _FAR, ">",
            ),
        ),
        lambda figure: _draw_t17(figure, nus, away),
        "Distance of a QHM run from three other methods over ν: each falls to zero at "
        "one ν, plain SGD at 0, PyTorch's Nesterov at 0.9, the average at 1.",
    )  # fmt: skip


def _draw_t17(figure: Any, nus: Any, away: dict[str, list[float]]) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    for at, colour in ((0.0, "loss"), (0.9, "kinetic"), (1.0, "work")):
        axes.axvline(at, color=mark(colour), lw=1.2)
    for (name, gaps), colour in zip(away.items(), _COLOURS, strict=False):
        axes.plot(nus, gaps, "o", ms=5, color=mark(colour), label=f"from {name}")
    axes.set(xlabel="share ν of the average in the step")
    axes.set(ylim=(-0.03, 1.5 * max(map(max, away.values()))))
    axes.set(ylabel="distance over largest place")
    axes.legend(frameon=False, fontsize=11, loc="upper center")


_TOPIC = "Conversions"
STATEMENTS = (
    Statement(
        "T11",
        "A run of PyTorch's SGD can be repeated in Keras with its lr and momentum.",
        "true only if",
        "both stay constant. Under a schedule Keras needs momentum·lr_t/lr_(t−1), and "
        "lr·(1 − dampening); then it walks every step of PyTorch's run.",
        "Keras: momentum μ_t·lr_t/lr_(t−1), learning rate lr_t·(1 − τ_t), τ₀ = 0",
        t11_torch_and_keras,
        (),
        _TOPIC,
    ),
    Statement(
        "T12",
        "PyTorch's momentum is an exponential moving average, up to a factor in lr.",
        "true only if",
        "the retention α stays constant; then for every schedule of the learning rate. "
        "If it changes, PyTorch's momentum is another number than α.",
        "lr_t = β_t·(1 − α_t), μ_t = α_t·(1 − α_(t−1))/(1 − α_t)",
        t12_torch_and_average,
        (),
        _TOPIC,
    ),
    Statement(
        "T13",
        "dampening = momentum makes PyTorch's momentum an exponential moving average.",
        "true only if",
        "the average starts at the first gradient. One that starts at 0 takes a first "
        "step 1 − μ times as long; and Adam's correction of it is a schedule of lr.",
        "first step 1/(1 − μ) times as long; correction: lr_t = β(1 − α)/(1 − α^t)",
        t13_first_steps,
        (),
        _TOPIC,
    ),
    Statement(
        "T17",
        "Quasi-hyperbolic momentum is one more method beside SGD, averages, Nesterov.",
        "false",
        "It contains all three, under any schedule: ν = 0 is plain SGD, ν = 1 the "
        "average, ν = μ PyTorch's Nesterov at lr·(1 − μ). Between them it is new.",
        "x' = x − lr·((1 − ν)g + νe')",
        t17_quasi_hyperbolic,
        (),
        _TOPIC,
    ),
)
