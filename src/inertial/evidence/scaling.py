"""Scaling: a batch that is larger, and what else has to change with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy

from inertial.analysis import (
    mode_matrix,
    position_variance,
    scale,
    simulate,
    stationary_covariance,
)
from inertial.analysis.landscape import quadratic
from inertial.analysis.scaling import ScalingRule
from inertial.conventions import torch_adam, torch_sgd
from inertial.evidence.ensemble import (
    ERRORS,
    Sample,
    agree,
    ball,
    columns,
    course,
    sample,
)
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.physics import Coefficients

TOPIC = "Batch size"
_RULES: tuple[ScalingRule, ...] = ("physical", "exact", "linear", "sqrt")
_COLOURS = dict(zip(_RULES, ("loss", "work", "heat", "other"), strict=True))
_FACTORS = (2, 4, 8)
_POWER = 0.25  # variance of the gradient noise at the small batch, L²/X²
# Damping ratio 0.3 at curvature 1, with a memory of a hundred steps.
_SWINGING = ((0.01 / 0.6) ** 2, 0.99)
_CREEPING = (1e-4, 0.9)  # damping ratio 5


def _deviations(base: tuple[float, float], steps: int) -> Any:
    """Return how far each rule's course is from the small batch's, at equal samples.

    Args:
        base: lr and momentum at the small batch.
        steps: How many of those to follow.

    Returns:
        Of the mean, and of the standard deviation, each over its own size. Shape: (2,
        rules, factors). Unit: 1.
    """
    first = course(torch_sgd(*base).coefficients, 1.0, 1.0, steps)
    found = numpy.empty((2, len(_RULES), len(_FACTORS)))
    for column, factor in enumerate(_FACTORS):
        scaled = numpy.array([scale(*base, factor, rule) for rule in _RULES])
        lr, momentum = scaled.T
        method = torch_sgd(lr, momentum, checked=True)
        larger = course(method.coefficients, 1.0, 1.0, steps // factor)
        wanted, spread = first.mean[::factor, None], first.spread[::factor, None]
        off = ((larger.mean - wanted) ** 2).mean(0) / (wanted**2).mean()
        wide = (numpy.sqrt(larger.spread / factor) - numpy.sqrt(spread)) ** 2
        found[:, :, column] = numpy.sqrt([off, wide.mean(0) / spread.mean()])
    return found


def t44_batch_rules(seed: int) -> Finding:
    """Return how well each rule keeps the course when the batch grows."""
    del seed  # mean and variance are followed themselves: there are no dice
    swinging, creeping = _deviations(_SWINGING, 2000), _deviations(_CREEPING, 6000)
    frequency = _SWINGING[0] ** 0.5  # of the small batch, in radians a step
    longest = _FACTORS[-1] * frequency
    exactly = "next order in the time step: 8·√(lr·λ) = 0.13 of the leading one"
    mean, spread = swinging
    comparisons = []
    for number, rule in enumerate(_RULES[:2]):
        comparisons += [
            Comparison(
                f"mean, rule {rule}, batch ×8: deviation below 8·√(lr·λ)",
                longest, mean[number, 2], 0.0, "half a step's phase at most", "<",
            ),
            Comparison(
                "the same, ×8 over ×2: first order, 8−1 over 2−1",
                7.0, mean[number, 2] / mean[number, 0], 0.13 * 7.0, exactly,
            ),
            Comparison(
                f"standard deviation, rule {rule}, batch ×8: deviation",
                0.0, spread[number, 2], longest**2, "second order in the time step",
            ),
        ]  # fmt: skip
    bound = "a bound: as large as the course itself"
    for number, rule in ((2, "linear"), (3, "sqrt")):
        comparisons.append(
            Comparison(
                f"mean, rule {rule}, batch ×8, damping ratio 0.3: deviation above 1",
                1.0, mean[number, 2], 0.0, bound, ">",
            )
        )  # fmt: skip
    comparisons.append(
        Comparison(
            "mean, rule linear, ×8, damping ratio 5: deviation below k·lr·λ/(1−μ)²",
            _FACTORS[-1] * _CREEPING[0] / 0.1**2, creeping[0, 2, 2], 0.0,
            "the mass that the rule adds slows by this share", "<",
        )
    )  # fmt: skip
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t44(figure, swinging[0], creeping[0]),
        "Deviation from the small batch's course against the batch factor: the "
        "physical and the exact rule stay below a tenth; the linear rule is off by "
        "twice the course where particles swing, and by 4% where they creep.",
    )


def _draw_t44(figure: Any, swinging: Any, creeping: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    for number, rule in enumerate(_RULES[:3]):
        colour = mark(_COLOURS[rule])
        axes.plot(
            _FACTORS, swinging[number], "o", color=colour, label=f"{rule}, ζ = 0.3"
        )
        guide = numpy.linspace(1.15, 8, 100)
        if rule != "linear":
            line = swinging[number, 0] * (guide - 1)
            axes.plot(guide, line, color=colour, lw=1.2)
    axes.plot(
        _FACTORS,
        creeping[2],
        "o",
        ms=10,
        mfc="none",
        color=mark("heat"),
        label="linear, ζ = 5",
    )
    axes.plot([], [], color=mark("muted"), lw=1.2, label="first order, ∝ k − 1")
    axes.set(xscale="log", yscale="log", ylim=(1e-3, 30), xlim=(1.7, 9.5))
    axes.set_xticks(_FACTORS, [f"×{factor}" for factor in _FACTORS])
    axes.minorticks_off()
    axes.set(xlabel="batch size", ylabel="deviation of the mean course")
    axes.legend(frameon=False, loc="upper left", ncols=2, fontsize=11)


def _moments(coefficients: Coefficients, power: float, steps: int) -> tuple[Any, Any]:
    """Return mean and standard deviation of the position after so many steps."""
    matrix = numpy.linalg.matrix_power(mode_matrix(coefficients, 1.0), steps)
    settled = stationary_covariance(coefficients, 1.0, power**0.5)
    left = settled - matrix @ settled @ matrix.T
    return matrix[1, 1], left[1, 1] ** 0.5


def t45_dice_and_batches(seed: int) -> Finding:
    """Return what dice say of the rules: a crowd at batch 1 and three at batch 8."""
    each, factor, steps = 10_000, 8, 192
    bowl, rules = quadratic((1.0,)), _RULES[:3]
    small = simulate(
        torch_sgd(*_SWINGING), bowl, numpy.ones((each, 1)), steps,
        noise=_POWER**0.5, seed=seed, keep_every=factor,
    )  # fmt: skip
    settings = [tuple(scale(*_SWINGING, factor, rule)) for rule in rules]
    method = torch_sgd(*columns(settings, each), checked=True)
    large = simulate(
        method, bowl, (1.0,), steps // factor,
        noise=(_POWER / factor) ** 0.5, seed=seed + 1,
    )  # fmt: skip
    crowds = [small.positions[..., 0], *numpy.split(large.positions[..., 0], 3, axis=1)]
    named = (("batch 1", _SWINGING, 1), *zip(rules, settings, (8, 8, 8), strict=True))
    comparisons, closed = [], []
    for (name, setting, k), crowd in zip(named, crowds, strict=True):
        mean, width = _moments(ball(*setting), _POWER / k, steps // k)
        closed.append((mean, width))
        last = crowd[-1:]
        spread = sample((last - last.mean()) ** 2)
        comparisons += [
            agree(f"mean after 192 small batches, {name} [X]", mean, sample(last)),
            agree(f"variance, {name} [X²]", width**2, spread),
        ]
    comparisons += _against_batch_1(closed[0], crowds)
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t45(figure, crowds, factor),
        "Position against samples seen: the crowds at batch 8 under the physical and "
        "the exact rule lie in the band of batch 1; under the linear rule the swing is "
        "nearly three times as slow.",
    )


def _against_batch_1(
    wanted: tuple[float, float], crowds: Sequence[Any]
) -> Iterator[Comparison]:
    """Compare the large batch with what the closed form says of the small one.

    Yields:
        The comparisons.
    """
    bias = _SWINGING[0] ** 0.5 * 8 / 4
    for name, crowd in zip(_RULES[:3], crowds[1:], strict=True):
        found = sample(crowd[-1:])
        far = name == "linear"
        yield Comparison(
            f"mean, {name} at batch 8: how far off batch 1's [X]",
            0.3 if far else bias,
            abs(found.mean - wanted[0]),
            ERRORS * found.error,
            "4.5 standard errors; the bound is most of what the swing has left"
            if far
            else "4.5 standard errors; the bound is a quarter of a long step's phase",
            relation=">" if far else "<",
            uncertainty=found.error,
        )
        if not far:
            spread = sample((crowd[-1:] - found.mean) ** 2)
            yield Comparison(
                f"variance, {name} at batch 8, against batch 1's [X²]",
                wanted[1] ** 2,
                spread.mean,
                ERRORS * spread.error + 0.018 * wanted[1] ** 2,
                "4.5 standard errors, and second order in the time step, lr·λ·8²",
                uncertainty=spread.error,
            )


def _draw_t45(figure: Any, crowds: Sequence[Any], factor: int) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    base = crowds[0]
    seen = factor * numpy.arange(len(base))
    mean, width = base.mean(1), base.std(1)
    axes.fill_between(
        seen, mean - 2 * width, mean + 2 * width, color=mark("muted"), alpha=0.25, lw=0
    )
    axes.plot(seen, mean, color=mark("ink"), label="batch 1, mean ± 2 sd")
    # Every third point each, so that two rules that agree can both be seen.
    for number, (rule, crowd) in enumerate(zip(_RULES[:3], crowds[1:], strict=True)):
        own = slice(number + 1, None, 3)
        axes.errorbar(
            seen[own], crowd.mean(1)[own], 2 * crowd.std(1)[own], fmt="osD"[number],
            ms=5, color=mark(_COLOURS[rule]), label=f"batch 8, {rule}", lw=1.2,
        )  # fmt: skip
    axes.set(xlabel="samples seen, in small batches", ylabel="position [X]")
    axes.legend(frameon=False, loc="lower left")


def t47_adam(seed: int) -> Finding:
    """Return Adam's jitter at sixteen times the batch, under two rules."""
    lr, betas, factor, each, burn = 4e-3, (0.99, 0.998), 16, 2500, 800
    bowl = quadratic((1.0,))
    small = simulate(
        torch_adam(lr, betas), bowl, numpy.zeros((each, 1)), 1800,
        noise=1.0, seed=seed, keep_every=40,
    )  # fmt: skip
    quick, slow = (scale(1.0, beta, factor).momentum for beta in betas)
    rates = [scale(lr, betas[0], factor, rule).lr for rule in ("sqrt", "linear")]
    (rate,) = columns([(one,) for one in rates], 2 * each)
    large = simulate(
        torch_adam(rate, (quick, slow), checked=True), bowl, (0.0,), 150,
        noise=factor**-0.5, seed=seed + 1, keep_every=5,
    )  # fmt: skip
    squares = large.positions[large.steps >= burn // factor, :, 0] ** 2
    late = small.positions[small.steps >= burn, :, 0] ** 2
    found = [sample(late), *map(sample, numpy.split(squares, 2, axis=1))]
    # Where noise rules, Adam's mass is the noise, 1: a moving average at lr/σ.
    average = Coefficients(betas[0], 1 - betas[0], drift=lr)
    floor = position_variance(average, 1.0, 1.0)
    closed = [floor, floor, floor * factor**0.5]
    why = "4.5 standard errors, and what the mass is not the noise alone: "
    parts = ("(1−β₂)", "(1−β₂)", "(1−β₂), and half of Var x·λ²/σ²")
    slack = (0.02, 0.08, 0.14)
    names = ("batch 1", "batch 16, lr × 4", "batch 16, lr × 16")
    comparisons = [
        Comparison(
            f"variance of the position, {name} [X²]", predicted, one.mean,
            ERRORS * one.error + share * predicted, why + part, uncertainty=one.error,
        )
        for name, predicted, one, share, part in zip(
            names, closed, found, slack, parts, strict=True
        )
    ]  # fmt: skip
    return Finding(
        tuple(comparisons),
        lambda figure: _draw_t47(figure, lr, (quick, *rates), found),
        "Adam's jitter at batch 16 over that at batch 1: one at four times the "
        "learning rate, four at sixteen times.",
    )


def _draw_t47(figure: Any, lr: float, large: Any, found: list[Sample]) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    factors = numpy.geomspace(1.0, 24.0, 100)
    beta, noise, base = large[0], 0.25, found[0].mean
    average = Coefficients(beta, 1 - beta, drift=factors * lr / noise)
    line = position_variance(average, 1.0, noise)
    axes.axhline(1.0, color=mark("muted"), ls="--", label="the jitter at batch 1")
    axes.plot(factors, line / base, color=mark("ink"), label="noise rules")
    names = (("√k", "work"), ("k, as for SGD", "heat"))
    for number, (name, colour) in enumerate(names, start=1):
        one = found[number]
        axes.errorbar(
            [large[number] / lr], [one.mean / base],
            [2 * one.error / base], fmt="o", ms=7, color=mark(colour),
            label=f"measured, lr × {name}",
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    axes.set_xticks([1, 2, 4, 8, 16], ["×1", "×2", "×4", "×8", "×16"])
    axes.set_yticks([0.25, 0.5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
    axes.minorticks_off()
    axes.set(xlabel="learning rate at batch 16, over that at batch 1")
    axes.set(ylabel="variance of the position,\nover that at batch 1")
    axes.legend(frameon=False, loc="upper left")


STATEMENTS = (
    Statement(
        "T44",
        "With a larger batch, raise the learning rate in proportion and leave the "
        "momentum alone.",
        "true only if",
        "k·lr·λ stays far below (1−μ)² in every direction, so that nothing swings. In "
        "general the particle is kept by lr·k² with 1−k(1−μ), or by momentum^k with k "
        "times the effective learning rate: k ticks of the clock at once.",
        "mass, friction and force stay, dt → k·dt; the course changes by O(k·dt)",
        t44_batch_rules,
        topic=TOPIC,
    ),
    Statement(
        "T45",
        "A batch eight times as large can take the same path, seen by the sample.",
        "true",
        "if momentum is scaled along with the learning rate: mean and spread agree "
        "with the small batch's up to the length of the steps; at unchanged momentum "
        "the particle is eight times as heavy and swings √8 times as slowly.",
        "x(n) = Mⁿx₀, S(n) = S − MⁿS(Mⁿ)ᵀ with the scaled coefficients",
        t45_dice_and_batches,
        topic=TOPIC,
    ),
    Statement(
        "T47",
        "Adam's learning rate grows in proportion to the batch, as SGD's does.",
        "false",
        "where noise rules it grows with the square root, and 1−β in proportion: Adam "
        "divides by the noise, which has fallen by √k already. In proportion, the "
        "jitter's variance grows √k-fold.",
        "Var x ≈ lr·σ/(2λ): 1 at lr·√k, √k at lr·k",
        t47_adam,
        topic=TOPIC,
    ),
)
