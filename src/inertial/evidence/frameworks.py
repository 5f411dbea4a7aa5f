"""PyTorch's own Muon and Adam, step by step beside the particle."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from inertial.analysis.landscape import Landscape, himmelblau
from inertial.conventions import Method, torch_adam, torch_muon, torch_sgd
from inertial.evidence.published import walk
from inertial.evidence.statement import Comparison, Finding
from inertial.physics import (
    Coefficients,
    account,
    kinetic,
    newton_schulz,
    nuclear_norm,
    step,
)
from inertial.report.drawing import mark
from inertial.report.style import SERIES


def t40_muon(seed: int) -> Finding:
    """Return how one step of PyTorch's Muon differs from the nuclear norm's slope."""
    draw = numpy.random.default_rng(seed).standard_normal
    small, gradient = draw((6, 4)), draw((48, 64))
    exact = kinetic("spectral", method="exact")
    unlike = abs(_matrix_slope(small) - exact.velocity(small, None)).max()
    theirs, ours = _muon_step(gradient)
    values = numpy.linalg.svd(theirs, compute_uv=False)
    polar = exact.velocity(-gradient, None)
    off = numpy.linalg.norm(theirs - polar) / numpy.linalg.norm(polar)
    began = numpy.geomspace(0.005, 1, 100)
    landed = numpy.array([_after_muon(value) for value in began])
    kept = landed[began > 0.02]
    half = "bfloat16 keeps 8 bits: 0.004, through 15 matrix products"
    looked = "100 places looked at; the slope between them is below 0.1 a place"
    return Finding(
        (
            Comparison(
                "exact factor and measured slope of the nuclear norm: apart",
                0,
                float(unlike),
                1e-8,
                "central difference over 10⁻⁵: 10⁻¹⁰ left out, rounding 10⁻¹⁰",
            ),
            Comparison(
                "torch.optim.Muon and the particle: apart, any entry",
                0,
                float(abs(ours - theirs).max()),
                2e-3,
                "one rounding of bfloat16 at entries of 0.3",
            ),
            Comparison("Muon's lowest", 0.682, values[-1], 0.02, half, ">"),
            Comparison("Muon's highest", 1.134, values[0], 0.02, half, "<"),
            Comparison("map: lowest from above 0.02", 0.682, kept.min(), 5e-3, looked),
            Comparison("map: highest from above 0.02", 1.134, kept.max(), 5e-3, looked),
            Comparison(
                "Muon's step from the exact factor, relative",
                0.1,
                float(off),
                0,
                "an exact slope would make it 0",
                ">",
            ),
        ),
        lambda figure: _draw_muon(figure, began, landed),
        "Singular values after Muon's five rounds over those before: from 0.02 on all "
        "swing between 0.68 and 1.13, while the exact factor is a level line at 1.",
    )


def _muon_step(gradient: Any) -> tuple[Any, Any]:
    """Return one step of torch.optim.Muon from rest, and the particle's."""
    import torch

    words: dict[str, Any] = {"weight_decay": 0.0, "momentum": 0.9, "nesterov": False}
    weight = torch.nn.Parameter(torch.zeros(*gradient.shape, dtype=torch.float64))
    weight.grad = torch.tensor(gradient)
    torch.optim.Muon([weight], lr=1.0, **words).step()
    method = torch_muon(lr=1.0, **words)
    force = -torch.tensor(gradient)
    rule, rest = method.coefficients(0), 0 * force
    ours, _, _ = step(rule, method.kinetic, rest, rest, force)
    return weight.detach().numpy(), ours.numpy()


def _matrix_slope(at: Any) -> Any:
    """Return the slope of the nuclear norm, entry by entry, by central differences."""
    slope, reach = numpy.zeros_like(at), 1e-5
    for entry in numpy.ndindex(at.shape):
        shift = numpy.zeros_like(at)
        shift[entry] = reach
        rise = nuclear_norm(at + shift) - nuclear_norm(at - shift)
        slope[entry] = rise / (2 * reach)
    return slope


def _after_muon(value: float) -> float:
    """Return where five rounds send a singular value, of a matrix of norm 1."""
    other = math.sqrt(max(0.0, 1 - value * value))
    return float(newton_schulz(numpy.diag([value, other]))[0, 0])


def _draw_muon(figure: Any, began: Any, landed: Any) -> None:
    axes = figure.add_subplot()
    axes.plot(began, 0 * began + 1, color=mark("ink"), label="exact factor")
    for level in (0.682, 1.134):
        axes.axhline(level, color=mark("muted"), ls="--", lw=1.2)
    axes.plot(began, landed, "o", ms=3, color=mark("loss"), label="Muon's five rounds")
    axes.axvline(0.02, color=mark("muted"), ls=":", lw=1.2)
    axes.set_xscale("log")
    axes.set(
        xlabel="singular value before (norm of the matrix: 1)",
        ylabel="singular value after",
        ylim=(0, 1.35),
    )
    axes.legend(frameon=False, loc="lower right")


def t41_adam(seed: int) -> Finding:
    """Return how torch.optim.Adam is a particle, by what it remembers of forces."""
    start = numpy.random.default_rng(seed).uniform(-2, 2, 2)
    land, lr, steps = himmelblau(), 0.05, 150
    frozen = (10**18, numpy.array([400.0, 2500.0]))  # so old that all is unbiased
    mass = numpy.sqrt(frozen[1]) + 1e-8
    heavy = Coefficients(decay=0.9, kick=0.1, drift=lr / mass)
    still = Method(
        lambda _: heavy._replace(drift=lr), kinetic("adaptive", decay=1 - 1e-16)
    )
    live = torch_adam(lr)
    sign = torch_sgd(lr, kinetic=kinetic("sign"))
    pairs = {
        "no memory": (walk(sign, land.gradient, start, steps), (0.0, 0.0), None),
        "frozen": (
            walk(Method(lambda _: heavy), land.gradient, start, steps),
            (0.9, 1 - 1e-16),
            frozen,
        ),
        "live": (walk(live, land.gradient, start, steps), (0.9, 0.999), None),
    }
    paths = {
        name: (ours, _adam_path(land.gradient, start, steps, lr, betas, memory))
        for name, (ours, betas, memory) in pairs.items()
    }
    why = "rounding of 150 steps, which the valleys' curvature of 80 lets grow"
    comparisons = [
        Comparison(f"{name}: PyTorch and the particle apart", 0, apart, 1e-9, why)
        for name, (ours, theirs) in paths.items()
        for apart in [float(abs(ours - theirs).max())]
    ]
    works = {
        "frozen": _mass_work(still, land.gradient, start, steps, frozen),
        "live": _mass_work(live, land.gradient, start, steps, None),
    }
    comparisons += [
        Comparison("frozen: work of the mass (loss)", 0, works["frozen"], 1e-9, why),
        Comparison(
            "live: work of the mass (loss)",
            1.0,
            works["live"],
            0,
            "a heavy ball has none; the loss here falls by about 100",
            ">",
        ),
    ]
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_adam(figure, land, paths),
        "Three falling losses: PyTorch's Adam as points, the particles as lines "
        "through them: sign descent, a heavy ball of fixed masses, and a mass with a "
        "memory.",
    )


def _adam_path(
    gradient: Callable[[Any], Any],
    start: Any,
    steps: int,
    lr: float,
    betas: tuple[float, float],
    memory: tuple[int, Any] | None,
) -> Any:
    """Return where torch.optim.Adam goes; a given second moment is there before it."""
    import torch

    weight = torch.nn.Parameter(torch.tensor(start))
    epsilon = 1e-8 if betas[1] else 0.0
    adam = torch.optim.Adam([weight], lr=lr, betas=betas, eps=epsilon)
    if memory is not None:
        adam.state[weight] = {
            "step": torch.tensor(float(memory[0])),
            "exp_avg": torch.zeros_like(weight),
            "exp_avg_sq": torch.tensor(memory[1]),
        }
    places = [start]
    for _ in range(steps):
        weight.grad = torch.tensor(gradient(places[-1]))
        adam.step()
        places.append(weight.detach().numpy().copy())
    return numpy.array(places)


def _mass_work(
    method: Method, gradient: Callable[[Any], Any], x: Any, steps: int, memory: Any
) -> float:
    """Return all work that a changing mass does on the momentum, its size. Unit: L."""
    total, last, p = 0.0, None, 0 * x
    memory = method.kinetic.start(x) if memory is None else memory
    for number in range(steps):
        rule, force = method.coefficients(number), -gradient(x)
        seen = method.kinetic.remember(force, memory)
        entry = account(rule, method.kinetic, p, force, seen, kinetic_before=last)
        total, last = total + abs(float(entry.schedule_work)), entry.kinetic
        x, p, memory = step(rule, method.kinetic, x, p, force, memory)
    return total


def _draw_adam(figure: Any, land: Landscape, paths: dict[str, tuple[Any, Any]]) -> None:
    axes = figure.add_subplot()
    for (name, (ours, theirs)), colour in zip(paths.items(), SERIES, strict=False):
        axes.plot(land.value(ours), color=mark(colour))
        every = land.value(theirs)[::10]
        axes.plot(
            10 * numpy.arange(len(every)),
            every,
            "o",
            ms=4,
            color=mark(colour),
            label=f"{name} memory" if name != "no memory" else name,
        )
    axes.set(xlabel="step", ylabel="loss", yscale="symlog")
    axes.legend(frameon=False)
