"""Nesterov: what looking ahead is, in which words, and when it is a heavy ball."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import simulate
from inertial.analysis.landscape import quadratic, rosenbrock
from inertial.analysis.stability import trace_and_determinant
from inertial.conventions import Method, keras_sgd, torch_sgd
from inertial.conventions.normal_form import normal_form
from inertial.evidence.paths import (
    Slope,
    apart,
    lengths,
    none_apart,
    rough_schedule,
    rough_slope,
    walk,
    walk_torch,
)
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import (
    NESTEROV,
    RELATIVISTIC_LEAPFROG,
    Coefficients,
    Integrator,
    Kinetic,
    Particle,
    advance,
    coefficients,
    newtonian,
    relativistic,
    relativistic_leapfrog,
)

_FAR = "not chance: a run that agrees is a million million times nearer"


def _places(
    integrator: Integrator,
    particles: Any,
    slope: Slope,
    start: Any,
    kinetic: Kinetic | None = None,
    clock: float = 1.0,
) -> tuple[Any, Any]:
    """Return where a particle was after each step, and where it felt the force."""
    state, places, felt = (start, 0.0 * start), [start], []
    for t, particle in enumerate(particles):

        def pull(x: Any, t: int = t) -> Any:
            felt.append(x)
            return -slope(x, t)

        state = advance(
            integrator, kinetic or newtonian(), pull, particle, clock, *state
        )
        places.append(state[0])
    return numpy.array(places), numpy.array(felt)


def _looking_ahead(lr: Any, momentum: Any, slope: Slope, start: Any) -> Any:
    """Return where Nesterov's method looks, under any words. Shape: (steps, ...)."""
    shares = numpy.broadcast_to(momentum, len(lr))
    # A learning rate of 0 is no force, which no particle's own scale can be.
    particles = [Particle(1.0, 1.0 - share, law="explicit") for share in shares]
    return _places(NESTEROV, particles, lambda x, t: lr[t] * slope(x, t), start)[1]


def t16_nesterov_words(seed: int) -> Finding:
    """Return Nesterov's method in Keras's and in PyTorch's words, under schedules."""
    steps, mu = 150, 0.9
    slope, start = rough_slope(seed, steps)
    lr = rough_schedule(seed, steps)
    lr[40:43] = 0.0
    share = numpy.random.default_rng(seed + 1).uniform(0.5, 0.95, steps + 1)
    dropped = numpy.where(numpy.arange(steps) < 10, 0.05, 0.005)
    even, tied = numpy.full(steps, 0.05), 0.03 / share[1:]

    def torch_run(lr: Any, momentum: Any) -> Any:
        shares = numpy.broadcast_to(momentum, steps)
        words = [
            {"lr": a, "momentum": float(b)} for a, b in zip(lr, shares, strict=True)
        ]
        return walk_torch(
            words.__getitem__, slope, start, steps, momentum=mu, nesterov=True
        )[:-1]

    def keras(t: int) -> Method:
        six = keras_sgd(lr[t], share[t], nesterov=True).coefficients(0)
        ahead = six._replace(blend_momentum=share[t + 1])
        return Method(lambda _: ahead)

    look = [
        _looking_ahead(sizes, shares, slope, start)
        for sizes, shares in (
            (lr, mu),
            (lr, share[:-1]),
            (even, mu),
            (tied, share[:-1]),
        )
    ]
    held = walk(lambda t: keras_sgd(lr[t], mu, nesterov=True), slope, start, steps)
    falling = _looking_ahead(dropped, mu, slope, start)
    parted = torch_run(dropped, mu)
    kept = walk(lambda t: keras_sgd(dropped[t], mu, True), slope, start, steps)
    return Finding(
        (
            none_apart("Keras, any lr", [apart(held[:-1], look[0])]),
            none_apart("Keras, any lr, the next step's momentum ahead",
                       [apart(walk(keras, slope, start, steps)[:-1], look[1])]),
            none_apart("torch.optim.SGD, constant words",
                       [apart(torch_run(even, mu), look[2])]),
            none_apart("torch.optim.SGD, lr_t·μ_(t+1) constant",
                       [apart(torch_run(tied, share[1:]), look[3])]),
            Comparison("torch.optim.SGD, lr drops tenfold at step 10", 0.01,
                       apart(parted, falling), 0.0, _FAR, ">"),
        ),
        lambda figure: _draw_t16(figure, falling, kept, parted),
        "One coordinate while lr drops tenfold at step 10: Keras's points lie on the "
        "line of Nesterov's method and coast on, PyTorch's leave it at the drop.",
    )  # fmt: skip


def _draw_t16(figure: Any, falling: Any, kept: Any, parted: Any) -> None:
    from inertial.report.drawing import mark

    axes, counts = figure.add_subplot(), numpy.arange(80)
    figure.subplots_adjust(left=0.145)
    axes.plot(
        counts, falling[:80, 0], color=mark("ink"), label="Nesterov, looking ahead"
    )
    axes.plot(counts[::4], kept[:80:4, 0], "o", ms=5, color=mark("work"), label="Keras")
    axes.plot(counts[2::4], parted[2:80:4, 0], "s", ms=4, color=mark("heat"),
              label="torch.optim.SGD")  # fmt: skip
    axes.set(xlabel="step", ylabel="first coordinate (x)")
    axes.legend(frameon=False, fontsize=11)


def t19_one_curvature(seed: int) -> Finding:
    """Return the heavy ball that Nesterov's method is on one curvature, and on two."""
    lr, mu, steps = 0.1, 0.9, 200
    start = numpy.random.default_rng(seed).uniform(0.5, 1.5, 1)
    stiffness = numpy.array([0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 1.1, 1.25])
    ahead = torch_sgd(lr, mu, nesterov=True).coefficients(0)
    momenta = trace_and_determinant(ahead, stiffness / lr)[1]
    body, gaps, torch_gaps, found = Particle(1.0, 1 - mu, lr, "explicit"), [], [], []
    for s, momentum in zip(stiffness, momenta, strict=True):
        h = float(s / lr)
        base, look = _places(NESTEROV, [body] * steps, _bowl(h), start)
        ball = Coefficients(decay=float(momentum), drift=lr)
        rolled = simulate(ball, quadratic((h,)), start, steps).positions[:, 0]
        gaps.append(apart(rolled, base))
        theirs = walk_torch(lambda t: {}, _bowl(h), start, steps,
                            lr=lr, momentum=mu, nesterov=True)  # fmt: skip
        torch_gaps.append(apart(theirs[:-1], look))
        found.append(_fitted(base[:25], _bowl(h), 1)[0][0])
    two = numpy.array([1.0, 9.0])
    both = _places(NESTEROV, [body] * 40, _bowl(two), numpy.array([1.0, 1.0]))[1]
    form = normal_form(lambda _: ahead, 1)
    (_, missing), (whole, left) = (_fitted(both, _bowl(two), n) for n in (1, 2))
    wrong = abs(whole - [form.carried, form.pushed, form.recalled]).max()
    rounding = "rounding, times the condition of a fit"
    return Finding(
        (
            none_apart("heavy ball of momentum μ(1 − lr·λ), at nine λ", gaps),
            none_apart("torch.optim.SGD, nesterov=True, where it looks", torch_gaps),
            Comparison("momentum read off the paths less μ(1 − lr·λ), the largest", 0.0,
                       float(abs(numpy.array(found) - momenta).max()), 1e-9, rounding),
            Comparison("two curvatures: what no heavy ball explains, over all", 0.01,
                       missing, 0.0, "a heavy ball would leave rounding", ">"),
            Comparison("two curvatures: the same with the gradient before", 0.0,
                       left, 1e-9, rounding),
            Comparison("its three numbers less μ, lr(1 + μ) and lr·μ, the largest", 0.0,
                       float(wrong), 1e-9, rounding),
        ),
        lambda figure: _draw_t19(figure, ahead, lr, stiffness, found),
        "The momentum with which Nesterov's method rolls falls with the stiffness of a "
        "direction along a straight line, from 0.9 through zero at lr·λ = 1.",
    )  # fmt: skip


def _bowl(curvature: Any) -> Slope:
    return lambda x, t: curvature * x


def _fitted(path: Any, slope: Slope, gradients: int) -> tuple[Any, float]:
    """Return the normal form fitted to a path, and the share that it leaves."""
    # One gradient enters: the last. With two the one before it does too.
    moves, slopes = numpy.diff(path, axis=0), slope(path, 0)
    columns = [moves[:-1], -slopes[1:-1], slopes[:-2]][: 1 + gradients]
    known = numpy.stack([column.ravel() for column in columns], axis=1)
    wanted = moves[1:].ravel()
    form = numpy.linalg.lstsq(known, wanted, rcond=None)[0]
    rest = known @ form - wanted
    return form, float(numpy.linalg.norm(rest) / numpy.linalg.norm(wanted))


def _draw_t19(figure: Any, ahead: Any, lr: float, stiffness: Any, found: Any) -> None:
    from inertial.report.drawing import mark

    axes, s = figure.add_subplot(), numpy.linspace(0, 1.3, 60)
    axes.axhline(0, color=mark("muted"), lw=0.8)
    axes.axhline(ahead.decay, color=mark("heat"), ls="--", lw=1.4)
    axes.plot(s, trace_and_determinant(ahead, s / lr)[1], color=mark("ink"))
    axes.plot(stiffness, found, "o", ms=6, color=mark("loss"))
    axes.text(1.3, 0.93, "its word, μ = 0.9", color=mark("heat"), ha="right")
    axes.text(0.55, 0.48, "μ(1 − lr·λ), and nine paths")
    axes.set(xlabel="stiffness of the direction, lr·λ", ylim=(-0.35, 1.05))
    axes.set(ylabel="momentum of that heavy ball")


def t20_relativistic(seed: int) -> Finding:
    """Return Franca's leapfrogs beside PyTorch, and their speed limit."""
    steps, clock, limit = 200, 0.1, 2.0
    slope, start = rough_slope(seed, steps, 4)
    body = Particle(0.5, 0.8)
    half = relativistic_leapfrog(0.0)
    gaps = []
    for leap, six, ahead in (
        (half, body.coefficients(clock), True),
        (
            RELATIVISTIC_LEAPFROG,
            coefficients(RELATIVISTIC_LEAPFROG, body, clock),
            False,
        ),
    ):
        theirs = walk_torch(lambda t: {}, slope, start, steps, lr=six.kick * six.drift,
                            momentum=six.decay, nesterov=ahead)  # fmt: skip
        felt = _places(leap, [body] * steps, slope, start, None, clock)[1]
        gaps.append(apart(theirs[:-1], felt))
    sizes = {
        name: lengths(_places(which, [light] * 60, _valley, _FAR_UP, kinetic, tick)[0])
        for name, which, light, kinetic, tick in (
            ("relativistic", RELATIVISTIC_LEAPFROG, Particle(friction=0.1),
             relativistic(limit, by="norm"), 0.02),
            ("Newton's", RELATIVISTIC_LEAPFROG, Particle(friction=0.1), None, 0.02),
        )
    }  # fmt: skip
    top = limit * 0.02
    return Finding(
        (
            none_apart("torch.optim.SGD, nesterov=True, from symmetry 0", gaps[:1]),
            none_apart("torch.optim.SGD, lr(1 + μ)/2, from symmetry 1", gaps[1:]),
            Comparison("relativistic: longest step over the limit c·Δt", 1.0,
                       float(sizes["relativistic"].max() / top), 0.0,
                       "a limit that is never reached", "<"),
            Comparison("Newton's K: longest step over the same c·Δt", 2.0,
                       float(sizes["Newton's"].max() / top), 0.0,
                       "far beyond, so that the limit is at work", ">"),
        ),
        lambda figure: _draw_t20(figure, sizes, top),
        "Step lengths down a wall of Rosenbrock's valley: Newton's particle makes "
        "steps many times the speed limit, the relativistic one stays just below it.",
    )  # fmt: skip


_FAR_UP = numpy.array([-1.5, 3.0])


def _valley(x: Any, t: int) -> Any:
    return rosenbrock().gradient(x)


def _draw_t20(figure: Any, sizes: Any, top: float) -> None:
    from inertial.report.drawing import mark

    axes, shown = figure.add_subplot(), 60
    axes.axhline(top, color=mark("ink"))
    for (name, size), colour in zip(sizes.items(), ("loss", "kinetic"), strict=True):
        axes.plot(numpy.arange(shown) + 1, size[:shown], "o", ms=4, color=mark(colour),
                  label=f"{name} kinetic energy")  # fmt: skip
    axes.set(yscale="log", xlabel="step", ylabel="step length (x)")
    axes.text(60, top * 1.1, "speed limit × time step", ha="right", va="bottom")
    axes.legend(frameon=False, fontsize=11)


_TOPIC = "Nesterov"
STATEMENTS = (
    Statement(
        "T16",
        "nesterov=True is Nesterov's accelerated gradient, in PyTorch as in Keras.",
        "true only if",
        "in PyTorch lr times the next momentum stays constant. Under a falling lr "
        "PyTorch walks another path; Keras's is Nesterov's under every lr.",
        "where it looks: y' = y + μ_(t+1)·v' − lr_t·g, v' = μ_t·v − lr_t·g",
        t16_nesterov_words,
        (),
        _TOPIC,
    ),
    Statement(
        "T19",
        "Nesterov's method is the heavy ball with a correction of its momentum.",
        "true only if",
        "the loss has one curvature λ: then its momentum is μ(1 − lr·λ). With two it "
        "also feels the gradient of the step before, and no heavy ball is it.",
        "one λ: μ(1 − lr·λ); else d' = μ·d − lr(1 + μ)·g + lr·μ·g₋",
        t19_one_curvature,
        (),
        _TOPIC,
    ),
    Statement(
        "T20",
        "Heavy ball and Nesterov's method are two cases of one relativistic leapfrog.",
        "true",
        "Without a speed limit its half is PyTorch's Nesterov, its whole a heavy ball "
        "of lr(1 + μ)/2, seen where they feel the force. With a limit no step is "
        "longer than it allows.",
        "symmetry 0: NAG; symmetry 1: lr(1 + μ)/2; step < c·Δt",
        t20_relativistic,
        (),
        _TOPIC,
    ),
)
