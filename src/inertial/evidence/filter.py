"""The buffer as a filter: of gradients, of weights, and beside weight decay."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis import buffer_gain
from inertial.analysis.rest import resting_place
from inertial.analysis.scaling import scale
from inertial.conventions import Method, torch_sgd
from inertial.evidence.paths import none_apart, walk_torch
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients

_ROUNDING = "rounding of some hundred steps in double precision"


def t22_weight_decay(seed: int) -> Finding:
    """Return where optimizers rest between their loss and two kinds of weight decay."""
    from inertial.torch import Inertial

    curvature, decay, lr, steps = 1.0, 0.5, 0.05, 400
    minimum = float(numpy.random.default_rng(seed).uniform(1.5, 2.5))
    momenta = (0.0, 0.3, 0.5, 0.7, 0.9)
    rests: dict[str, Any] = {"coupled": [], "decoupled": []}
    for mu in momenta:
        words = {"lr": lr, "momentum": mu, "weight_decay": decay}

        def slope(x: Any, t: int) -> Any:
            return curvature * (x - minimum)

        start = numpy.zeros(1)
        coupled = walk_torch(lambda t: {}, slope, start, steps, None, **words)
        ours = walk_torch(lambda t: {}, slope, start, steps, Inertial,
                          decoupled_weight_decay=True, **words)  # fmt: skip
        rests["coupled"].append(float(coupled[-1, 0]))
        rests["decoupled"].append(float(ours[-1, 0]))

    def predicted(kind: str, mu: float) -> float:
        method = torch_sgd(
            lr, mu, weight_decay=decay, decoupled_weight_decay=kind == "decoupled"
        )
        return float(_rest(method, curvature, minimum))

    return Finding(
        tuple(
            Comparison(
                f"{kind}, μ = {mu:g}: resting place (x)",
                predicted(kind, mu),
                rests[kind][momenta.index(mu)],
                1e-8,
                "what 400 steps leave of the way, at most 0.9²⁰⁰",
            )
            for kind, mu in (
                ("coupled", 0.0), ("coupled", 0.9),
                ("decoupled", 0.0), ("decoupled", 0.5), ("decoupled", 0.9),
            )
        ),
        lambda figure: _draw_t22(figure, momenta, rests, predicted, minimum),
        "Resting place over momentum: with coupled decay it is the same for every "
        "momentum, with decoupled decay it nears the minimum of the loss.",
    )  # fmt: skip


def _rest(method: Method, curvature: float, minimum: float) -> Any:
    return resting_place(
        method.coefficients(1), curvature, minimum, method.weight_decay
    )


def _draw_t22(
    figure: Any, momenta: Any, rests: Any, predicted: Any, minimum: float
) -> None:
    from inertial.report.drawing import mark

    axes, along = figure.add_subplot(), numpy.linspace(0, 0.98, 60)
    said = {"coupled": "coupled (torch.optim.SGD)", "decoupled": "decoupled"}
    for kind, colour in (("coupled", "kinetic"), ("decoupled", "loss")):
        line = [predicted(kind, float(mu)) for mu in along]
        axes.plot(along, line, color=mark(colour), lw=1.4)
        axes.plot(momenta, rests[kind], "o", ms=6, color=mark(colour), label=said[kind])
    axes.axhline(minimum, color=mark("muted"), ls="--", lw=1.2)
    axes.text(0, minimum, "minimum of the loss", va="bottom", color=mark("muted"))
    axes.set(xlabel="momentum μ", ylabel="resting place (x)")
    axes.set(ylim=(0.55 * minimum, 1.06 * minimum))
    axes.legend(frameon=False, fontsize=11, loc=(0.02, 0.6))


def t46_average_of_weights(seed: int) -> Finding:
    """Return PyTorch's average of weights over k steps, and one that replaces them."""
    kept, k = 127 / 128, 8
    weight = numpy.random.default_rng(seed).normal(size=4)
    factors = (2, 4, 8, 16, 32, 64)
    fine = {n: _averaged(kept, [weight] * n) for n in factors}
    coarse = {n: _averaged(scale(1.0, kept, n, "exact").momentum, [weight])
              for n in factors}  # fmt: skip
    slow = 0.9999
    left = 1.0 - _averaged(slow, [numpy.ones(1)] * k)[0]
    short = left - scale(1.0, slow, k, "physical").momentum
    steps = 4000
    moving = numpy.arange(1.0, steps + 1)[:, None]
    behind = moving[-1] - _averaged(kept, moving)
    late = moving[-1] - _averaged(
        scale(1.0, kept, k, "exact").momentum, moving[k - 1 :: k]
    )
    reach = max(n for n in range(1, 200) if _reaches(kept, n))
    return Finding(
        (
            none_apart("one step of ρ^k, from k steps of ρ on weights that rest",
                       [abs(fine[n] - coarse[n]).max() for n in factors], 1e-13),
            Comparison("what 1 − k(1 − ρ) forgets too much, over (k(1 − ρ))²",
                       (1 - 1 / k) / 2, float(short / (k * (1 - slow)) ** 2), 2e-4,
                       "the next term, k(1 − ρ)/6"),
            Comparison("last k for which 1 − k(1 − ρ) is a share, 1 − ρ = 1/128",
                       1 / (1 - kept), float(reach), 0.0, "whole numbers"),
            Comparison("weights that move: steps that ρ^k lags less",
                       (k - 1) / 2, float((behind - late)[0]), 0.1,
                       "the next term, k²(1 − ρ)/12"),
        ),
        lambda figure: _draw_t46(figure, kept),
        "Share of the old average left after k steps: PyTorch's points lie on ρ^k; the "
        "straight line 1 − k(1 − ρ) leaves them and is negative beyond k = 128.",
    )  # fmt: skip


def _averaged(kept: float, weights: Any) -> Any:
    """Return PyTorch's average of weights, begun at 0, after a step for each."""
    import torch
    from torch.optim.swa_utils import get_ema_avg_fn

    average, join = torch.zeros(len(weights[0]), dtype=torch.float64), None
    join = get_ema_avg_fn(kept)
    for weight in weights:
        average = join(average, torch.from_numpy(numpy.asarray(weight)), 0)
    return average.numpy()


def _reaches(kept: float, k: int) -> bool:
    try:
        scale(1.0, kept, k, "physical")
    except ValueError:
        return False
    return True


def _draw_t46(figure: Any, kept: float) -> None:
    from inertial.report.drawing import mark

    axes, factors = figure.add_subplot(), numpy.arange(1, 201)
    straight = [n for n in factors if _reaches(kept, int(n))]
    for rule, along, colour in (
        ("exact", factors, "ink"), ("physical", straight, "heat"),
    ):  # fmt: skip
        line = [scale(1.0, kept, float(n), rule).momentum for n in along]  # type: ignore
        axes.plot(along, line, color=mark(colour), ls="-" if colour == "ink" else "--")
    counts = factors[7::8]
    left = [1 - _averaged(kept, [numpy.ones(1)] * int(n))[0] for n in counts]
    axes.plot(counts, left, "o", ms=5, color=mark("loss"))
    axes.text(95, 0.56, "ρ^k, and PyTorch's average", color=mark("loss"))
    axes.text(22, 0.15, "1 − k(1 − ρ)\nends at k = 128", color=mark("heat"))
    axes.set(xlabel="steps joined to one, k", ylim=(-0.03, 1.05))
    axes.set(ylabel="share of the old average left")


def t60_low_pass(seed: int) -> Finding:
    """Return how PyTorch's buffer answers gradients that swing, fast or slowly."""
    import torch

    mu, steps = 0.9, 500
    six = torch_sgd(0.1, mu).coefficients(0)
    even = float(numpy.arccos(mu / 2))
    swings = numpy.concatenate([[0.0, numpy.pi, even], numpy.linspace(0.05, 3.1, 22)])
    phase = numpy.random.default_rng(seed).uniform(0, 2 * numpy.pi, len(swings))
    weight = torch.nn.Parameter(torch.zeros(2, len(swings), dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=mu)
    for t in range(steps):
        angle = swings * t + phase
        felt = numpy.stack([numpy.cos(angle), numpy.sin(angle)])
        weight.grad = torch.from_numpy(felt)
        optimizer.step()
    buffer = optimizer.state[weight]["momentum_buffer"].numpy()
    gains = numpy.hypot(*buffer)
    said = ("constant gradient", "gradient that alternates", "cos ω = μ/2")
    wrong = abs(gains / buffer_gain(six, swings) - 1)
    return Finding(
        (
            *(
                Comparison(f"{name}: buffer over gradient",
                           float(buffer_gain(six, swings[i])), float(gains[i]), 1e-12,
                           _ROUNDING)
                for i, name in enumerate(said)
            ),
            none_apart("gain over the predicted, less 1, at 25 frequencies", wrong),
            Comparison("constant over alternating", (1 + mu) / (1 - mu),
                       float(gains[0] / gains[1]), 1e-11, _ROUNDING),
        ),
        lambda figure: _draw_t60(figure, six, swings, gains),
        "Gain of the buffer over the gradient's frequency: ten for a constant one, "
        "one where cos ω = 0.45, about a half for one that alternates every step.",
    )  # fmt: skip


def _draw_t60(figure: Any, six: Coefficients, swings: Any, gains: Any) -> None:
    from inertial.report.drawing import mark

    axes, along = figure.add_subplot(), numpy.linspace(0, numpy.pi, 200)
    axes.axhline(1, color=mark("muted"), ls="--", lw=1.2)
    axes.plot(along, buffer_gain(six, along), color=mark("ink"))
    axes.plot(swings, gains, "o", ms=5, color=mark("loss"))
    axes.set(yscale="log", ylim=(0.4, 14), ylabel="buffer over gradient")
    axes.set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    axes.set_xticks([0, numpy.pi / 2, numpy.pi],
                    ["0\nconstant", "π/2", "π\nalternates"])  # fmt: skip
    axes.set(xlabel="frequency of the gradient (radian per step)", xlim=(-0.25, 3.5))
    axes.minorticks_off()
    axes.text(0.25, 8.3, "1/(1 − μ)")
    axes.text(3.1, 0.62, "1/(1 + μ)", ha="right")
    axes.text(3.1, 1.06, "plain SGD", ha="right", color=mark("muted"))
    figure.subplots_adjust(bottom=0.23)


_TOPIC = "Filters"
STATEMENTS = (
    Statement(
        "T22",
        "Decoupled weight decay pulls as strongly as an L2 term of the same number.",
        "false",
        "With momentum it pulls only 1 − μ times as strongly: a tenth at μ = 0.9. An "
        "L2 term's pull goes through the momentum and does not depend on it.",
        "rest at λc/(λ + (1 − μ)w) if decoupled, at λc/(λ + w) if coupled",
        t22_weight_decay,
        (),
        _TOPIC,
    ),
    Statement(
        "T46",
        "With k times the batch, an average of weights must keep ρ^k instead of ρ.",
        "true only if",
        "the weights hardly move within k steps: then it is exact. If they move, it "
        "lags about (k − 1)/2 steps less; and 1 − k(1 − ρ) forgets too much.",
        "ρ^k; 1 − k(1 − ρ) is less by (k(1 − ρ))²·(1 − 1/k)/2, ends at k = 1/(1 − ρ)",
        t46_average_of_weights,
        (),
        _TOPIC,
    ),
    Statement(
        "T60",
        "Momentum goes faster in homogeneous areas and slower in rougher ones.",
        "true",
        "The buffer is a low-pass filter: a constant gradient is felt 1/(1 − μ) times, "
        "one that alternates every step 1/(1 + μ) times, 19 times less at μ = 0.9.",
        "gain 1/|1 − μ·exp(−iω)|, which is 1 where cos ω = μ/2",
        t60_low_pass,
        ("C8",),
        _TOPIC,
    ),
)
