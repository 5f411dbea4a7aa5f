"""Statements about kinetic energies: which optimizer each is, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis.landscape import double_well, hessian, himmelblau
from inertial.conventions import lion, signum, sutskever, torch_sgd
from inertial.evidence.frameworks import t40_muon, t41_adam
from inertial.evidence.loops import t42_clipping
from inertial.evidence.published import PAIRS, walk, walk_published
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import (
    LEAPFROG,
    Coefficients,
    Kinetic,
    Particle,
    advance,
    kinetic,
    step,
)
from inertial.report.drawing import mark
from inertial.report.style import SERIES

_NEWTON = kinetic("newtonian")
_TOPIC = "Kinetic energies"


def _jacobian(
    coefficients: Coefficients, gradient: Callable[[Any], Any], at: Any
) -> Any:
    """Return the slopes of one step's (position, momentum), to the last digits.

    The step is taken at a place that is imaginary by 1e-30 in one direction; nothing is
    subtracted, so nothing is lost. Shape: (places, 2n) -> (places, 2n, 2n).
    """
    size = at.shape[-1] // 2
    columns = []
    for axis in range(2 * size):
        place = at.astype(complex)
        place[..., axis] += 1e-30j
        x, p = place[..., :size], place[..., size:]
        x, p, _ = step(coefficients, _NEWTON, x, p, -gradient(x))
        columns.append(numpy.concatenate([x, p], -1).imag / 1e-30)
    return numpy.stack(columns, -1)


def t38_area(seed: int) -> Finding:
    """Return by how much one step shrinks areas of (position, momentum)."""
    land, lr, mu = himmelblau(), 0.02, 0.9
    methods = {"heavy ball": torch_sgd(lr, mu), "Nesterov": sutskever(lr, mu)}
    at = numpy.random.default_rng(seed).uniform(-3.5, 3.5, (200, 4))
    rules = {name: method.coefficients(1) for name, method in methods.items()}
    slopes = {n: _jacobian(c, land.gradient, at) for n, c in rules.items()}
    areas = {name: numpy.linalg.det(each) for name, each in slopes.items()}
    form = numpy.kron([[0, 1], [-1, 0]], numpy.eye(2))
    turned = numpy.swapaxes(slopes["heavy ball"], 1, 2) @ form @ slopes["heavy ball"]
    extra = numpy.linalg.det(numpy.eye(2) - lr * hessian(land, at[:, :2]))
    shrink = mu**2
    apart = abs(areas["heavy ball"] - shrink).max()
    wrong = abs(areas["Nesterov"] - shrink * extra).max()
    rounding = "rounding of a 4×4 determinant whose entries reach 150"
    return Finding(
        (
            Comparison("heavy ball: largest |det − μ²|", 0, apart, 1e-12, rounding),
            Comparison(
                "heavy ball: largest entry of JᵀΩJ − μΩ",
                0,
                float(abs(turned - mu * form).max()),
                1e-11,
                "rounding of products of entries up to 150",
            ),
            Comparison(
                "Nesterov: largest |det − μ² det(1 − lr·H)|",
                0,
                wrong,
                1e-8,
                "the Hessian comes from central differences, good to ten digits",
            ),
            Comparison(
                "Nesterov: places where it turns an area over, of 200",
                float((extra < 0).sum()),
                float((areas["Nesterov"] < 0).sum()),
                0,
                "a count",
            ),
        ),
        lambda figure: _draw_areas(figure, extra, areas, shrink),
        "Over how much Nesterov's Hessian factor is, the heavy ball's area factor lies "
        "on a level line at 0.81; Nesterov's lies on a slanted line through 0.",
    )


def _draw_areas(figure: Any, extra: Any, areas: Any, shrink: float) -> None:
    axes = figure.add_subplot()
    ends = numpy.array([extra.min(), extra.max()])
    for (name, area), line, colour in zip(
        areas.items(), (0 * ends + shrink, shrink * ends), SERIES, strict=False
    ):
        axes.plot(ends, line, color=mark(colour))
        axes.plot(extra, area, "o", ms=4, color=mark(colour), label=name)
    axes.set(xlabel="det(1 − lr·Hessian) at the place", ylabel="area after / before")
    axes.legend(frameon=False)


def t39_optimizers(seed: int) -> Finding:
    """Return how far optimizers, as published, are from particles with an energy."""
    gradient, lr, mu, steps = himmelblau().gradient, 0.01, 0.9, 200
    start = numpy.random.default_rng(seed).uniform(-2, 2, 2)
    rounding = "rounding of 200 steps whose slopes reach 100"
    comparisons = []
    for name, particle, rule in PAIRS:
        ours = walk(particle(lr, mu), gradient, start, steps)
        theirs = walk_published(rule, lr, mu, gradient, start, steps)
        apart = float(abs(ours - theirs).max())
        comparisons.append(Comparison(f"{name}: apart", 0, apart, 1e-11, rounding))
    blend = walk(lion(lr, (0.9, 0.99)), gradient, start, 3 * steps)
    sign = walk(signum(lr, 0.99), gradient, start, 3 * steps)
    slopes = {name: _slopes(kinetic(name)) for name in _ENERGIES}
    unlike = max(float(abs(v - s).max()) for _, v, s in slopes.values())
    comparisons += [
        Comparison(
            "Lion (0.9, 0.99) and Signum (0.99): apart",
            lr,
            float(abs(blend - sign).max()),
            0,
            "they part by at least one step as soon as one sign differs",
            ">",
        ),
        Comparison(
            "velocity and measured slope of K: apart, all energies",
            0,
            unlike,
            1e-8,
            "a central difference over 10⁻⁵ leaves 10⁻¹⁰ of the third derivative",
        ),
    ]
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_slopes(figure, slopes),
        "Velocity over momentum for five energies: a straight line for Newton, curves "
        "and steps with a top speed of 1 for the others; the points lie on them.",
    )


_ENERGIES = ("newtonian", "relativistic", "log_cosh", "huber", "sign")


def _slopes(energy: Kinetic) -> tuple[Any, Any, Any]:
    """Return momenta, velocities, and the slope of K there by central differences."""
    momenta = numpy.arange(-2.4, 2.5, 0.3) + 0.05  # beside the kinks at 0 and 1
    reach = 1e-5
    rise = [
        energy.energy(numpy.array([p + reach]), None)
        - energy.energy(numpy.array([p - reach]), None)
        for p in momenta
    ]
    return momenta, energy.velocity(momenta, None), numpy.array(rise) / (2 * reach)


def _draw_slopes(figure: Any, slopes: dict[str, tuple[Any, Any, Any]]) -> None:
    axes = figure.add_subplot()
    fine = numpy.linspace(-2.5, 2.5, 501)
    for (name, (momenta, _, measured)), colour in zip(
        slopes.items(), SERIES, strict=True
    ):
        axes.plot(fine, kinetic(name).velocity(fine, None), color=mark(colour))
        label = name.replace("_", " ")
        axes.plot(momenta, measured, "o", ms=4, color=mark(colour), label=label)
    axes.set(xlabel="momentum p", ylabel="velocity ∂K/∂p")
    axes.legend(frameon=False, loc="upper left")


def t43_friction_takes(seed: int) -> Finding:
    """Return what friction takes from six kinetic energies that roll in two wells."""
    land, dt, steps = double_well(), 0.02, 400
    particle = Particle(friction=0.5)
    start = numpy.random.default_rng(seed).uniform((1.5, 0.5), (1.8, 0.9))
    comparisons, books = [], {}
    for name, energy in _SMOOTH.items():
        x, p, total, taken = start, 0 * start, [], []
        for _ in range(steps + 1):
            velocity = energy.velocity(p, None)
            total.append(float(land.value(x) + energy.energy(p, None)))
            taken.append(particle.friction / particle.mass * float(p @ velocity))
            x, p = advance(
                LEAPFROG, energy, lambda x: -land.gradient(x), particle, dt, x, p
            )
        heat = dt * (numpy.cumsum(taken) - (taken[0] + numpy.array(taken)) / 2)
        books[name] = total[0] - heat, numpy.array(total)
        comparisons += [
            Comparison(
                f"{name}: energy after {steps * dt:g} (L)",
                books[name][0][-1],
                total[-1],
                20 * dt**2,
                "the leapfrog and the sum over steps are of second order in the step",
            ),
            Comparison(
                f"{name}: largest rise in a step (L)",
                0,
                float(numpy.diff(total).max()),
                11 * dt**3,
                "a step of second order leaves its cube, times 11, the sharpest bend",
                "<",
            ),
        ]
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_books(figure, books, dt),
        "Energy over time for six kinetic energies, points on the lines that friction "
        "times momentum times velocity predicts; none ever rises.",
    )


_SMOOTH = {
    "Newton": kinetic("newtonian"),
    "Einstein": kinetic("relativistic"),
    "log cosh": kinetic("log_cosh"),
    "Huber": kinetic("huber"),
    "nearly Σ|p|": kinetic("relativistic", mass=0.3),
    "nearly |p|": kinetic("relativistic", mass=0.3, by="norm"),
}


def _draw_books(figure: Any, books: dict[str, tuple[Any, Any]], dt: float) -> None:
    axes = figure.add_subplot()
    for (name, (predicted, total)), colour in zip(
        books.items(), (*SERIES, "ink"), strict=True
    ):
        times = dt * numpy.arange(len(total))
        axes.plot(times, predicted, color=mark(colour), lw=1.4)
        axes.plot(times[::25], total[::25], "o", ms=4, color=mark(colour), label=name)
    axes.set(xlabel="time (T)", ylabel="loss + kinetic energy (L)")
    axes.legend(frameon=False, ncols=2)


STATEMENTS = (
    Statement(
        "T38",
        "Momentum respects the geometry of motion: like a real particle with friction, "
        "it shrinks every area of position and momentum by the same factor.",
        "true only if",
        "the momentum is the heavy ball's: one step shrinks areas by μⁿ in n "
        "dimensions on any landscape (it is conformally symplectic, JᵀΩJ = μΩ). "
        "Nesterov's step shrinks them by det(1 − lr·H) more, which depends on where "
        "it is, and turns them over where a curvature exceeds 1/lr.",
        "det J = μⁿ;  Nesterov: μⁿ det(1 − lr·H)",
        t38_area,
        topic=_TOPIC,
    ),
    Statement(
        "T39",
        "Momentum SGD, Signum, Lion, normalised SGD and clipped momentum are different "
        "optimizers.",
        "false",
        "They are one particle with different kinetic energies K(p): the velocity is "
        "∂K/∂p, and nothing else changes. Each walks the published path to rounding. "
        "Only Lion with unequal betas is none of them: it takes its sign between the "
        "momentum and the new force.",
        "p' = μp − g,  x' = x + lr·∂K/∂p;  K: ½p², Σ|p|, |p|, c√(p²+c²), Huber's",
        t39_optimizers,
        topic=_TOPIC,
    ),
    Statement(
        "T40",
        "Muon is steepest descent in the spectral norm, with momentum.",
        "true only if",
        "the orthogonal factor is exact: it is the slope of the nuclear norm. The five "
        "Newton–Schulz rounds that PyTorch ships leave singular values between 0.68 "
        "and 1.13 (and farther off if they began below 0.02 of the matrix's norm), a "
        "fifth off that slope.",
        "∂‖P‖_*/∂P = UVᵀ;  after five rounds 0.682 ≤ σ ≤ 1.134",
        t40_muon,
        topic=_TOPIC,
    ),
    Statement(
        "T41",
        "Adam is momentum with a mass of its own for every parameter.",
        "true only if",
        "the second moment stands still: then it is a heavy ball of masses √v + ε, to "
        "rounding. With a live one each step is still the map, but the mass follows "
        "past forces and does work itself, so no energy is kept; with no memory at "
        "all it is sign descent.",
        "m = √v + ε, kick 1 − β₁;  work of the mass: 0 only if v is constant",
        t41_adam,
        topic=_TOPIC,
    ),
    Statement(
        "T42",
        "Clipping the gradient is the same as descending a loss with straight sides.",
        "true only if",
        "there is one parameter. In more, the force that is clipped by norm does work "
        "around a closed loop, so it is the slope of no loss. To clip the momentum "
        "instead is a kinetic energy, Huber's.",
        "∂F₂/∂x₁ − ∂F₁/∂x₂ = c(λ₁ − λ₂)g₁g₂/|g|³;  ∂K_Huber/∂p = clip(p)",
        t42_clipping,
        topic=_TOPIC,
    ),
    Statement(
        "T43",
        "Friction makes the particle lose energy until it rests, whatever its kinetic "
        "energy.",
        "true",
        "For every convex, even K the drag on p takes p·∂K/∂p, which is never "
        "negative, and only it takes energy. For energies like |p| this loss falls "
        "with p itself, not with its square: they do not slow down before they stop.",
        "d(L + K)/dt = −(ε/m)·p·∂K/∂p ≤ 0",
        t43_friction_takes,
        topic=_TOPIC,
    ),
)
"""T38 to T43."""
