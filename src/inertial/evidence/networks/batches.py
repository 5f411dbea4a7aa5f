"""How learning rate and momentum follow the batch, against samples seen."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis.scaling import Scaled, ScalingRule, scale
from inertial.conventions import torch_sgd
from inertial.evidence.networks.team import films, kin, problem, reached, spread
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.report.drawing import mark

_BASE, _BATCH = Scaled(lr=0.001, momentum=0.99), 8
_SHORT = Scaled(lr=0.01, momentum=0.9)  # the same lr/(1 − momentum), a short memory
_FACTORS = (4, 16)
_SAMPLES = 14_000
_LEVEL = 0.7  # nats
_SEEDS = 4
_COLOURS: dict[ScalingRule, str] = {
    "physical": "loss",
    "linear": "work",
    "sqrt": "other",
}
_RULES = tuple(_COLOURS)


def n4_batches(seed: int) -> Finding:
    """Return the loss against samples seen, for batches up to 16 times as large."""
    seeds = kin(seed, _SEEDS)
    base, short = _films((_BASE, _SHORT), 1, seeds)
    needed = {1: _needed(base, 1)}
    shown: dict[tuple[str, int], Any] = {}
    found: dict[tuple[str, int], Any] = {}
    for factor in _FACTORS:
        scaled = [scale(*_BASE, factor, rule) for rule in _RULES]
        scaled.append(scale(*_SHORT, factor, "linear"))
        *large, other = _films(scaled, factor, seeds)
        for rule, film in zip(_RULES, large, strict=True):
            found[rule, factor] = _needed(film, factor) / needed[1]
            shown[rule, factor] = film
        found["short", factor] = _needed(other, factor) / _needed(short, 1)
    return Finding(
        _compared(found),
        lambda figure: _draw_n4(figure, base, shown),
        "Loss against samples seen: with 16 times the batch the physical rule follows "
        "the line of the small batch; the linear and the root rule come far behind.",
    )


def _every(factor: int) -> int:
    return max(1, 24 // factor)  # steps: a look for every 192 samples or so


def _films(settings: Any, factor: int, seeds: list[int]) -> Any:
    digits, batch = problem("digits", model="mlp"), _BATCH * factor
    return films(
        digits,
        [torch_sgd(*setting).coefficients(1) for setting in settings],
        seeds,
        _SAMPLES // batch,
        batch=batch,
        every=_every(factor),
    )


def _seen(film: Any, factor: int) -> Any:
    """Return the samples seen at each look. Unit: thousands."""
    looks = numpy.arange(film.shape[-1])
    return looks * _every(factor) * _BATCH * factor / 1000


def _needed(film: Any, factor: int) -> Any:
    """Return the samples to the level; all there were, where it was not reached."""
    steps = reached(film, _LEVEL, _every(factor))
    return numpy.minimum(steps * _BATCH * factor, _SAMPLES)


def _compared(found: dict[Any, Any]) -> tuple[Comparison, ...]:
    near, far = _FACTORS
    same, error = spread(found["physical", far])
    (few, many), doubts = spread([found["short", each] for each in _FACTORS], axis=1)
    return (
        Comparison(
            f"samples to loss {_LEVEL}, batch ×{far} over ×1, physical rule",
            1.0, same, 0.1 + 2 * error,
            "a step of 16 times 8 samples in some 3000; two standard errors",
            uncertainty=error,
        ),
        *(
            Comparison(
                f"samples to loss {_LEVEL}, batch ×{far} over ×1, {rule} rule at 0.99",
                2.0, spread(found[rule, far])[0], 0.0,
                "far beyond the physical rule; 14 000 samples are counted at most",
                ">", spread(found[rule, far])[1],
            )
            for rule in ("linear", "sqrt")
        ),
        Comparison(
            f"samples to loss {_LEVEL}, batch ×{near} over ×1, linear rule at 0.9",
            1.1, few, 0.0, "late by 4 times as many samples of memory", ">", doubts[0],
        ),
        Comparison(
            f"samples to loss {_LEVEL}, batch ×{far} over ×1, linear rule at 0.9",
            1.5, many, 0.0, "late by 16 times as many samples of memory", ">",
            doubts[1],
        ),
    )  # fmt: skip


def _draw_n4(figure: Any, base: Any, shown: dict[Any, Any]) -> None:
    axes, far = figure.add_subplot(), max(_FACTORS)
    axes.plot(_seen(base, 1), base.mean(0), color=mark("ink"), lw=1.6)
    for rule, role in _COLOURS.items():
        film = shown[rule, far]
        mean, error = spread(film)
        chosen = slice(None, None, 4)
        axes.errorbar(
            _seen(film, far)[chosen], mean[chosen], error[chosen], fmt="o", ms=4, lw=1,
            color=mark(role),
        )  # fmt: skip
    told = (
        ("batch 8", "ink", 0.5, 1.2),
        (f"batch {_BATCH * far}: physical", "loss", 3.5, 0.95),
        ("linear", "work", 9.0, 1.75),
        ("square root", "other", 9.5, 2.32),
    )
    for text, role, *place in told:
        axes.text(*place, text, color=mark(role))
    axes.set(xlabel="samples seen (thousands)", ylabel="training loss (nats)")
    axes.set(xlim=(0, _SAMPLES / 1000), ylim=(0, 2.6))


STATEMENTS = (
    Statement(
        "N4",
        "Multiply the batch by k and the learning rate by k or √k, leave the momentum "
        "alone, and the loss falls alike over the samples seen.",
        "false",
        "with lr·k the memory is k times as long, counted in samples, and the loss "
        "comes late: 4 times the batch takes a quarter more samples at momentum 0.9, "
        "16 times takes twice as many, and three times as many at 0.99; with √k more "
        "still. The physical rule, lr·k² and 1 − k(1 − μ), keeps the curve.",
        "physical rule: the same particle with k times the time step, so equal loss at "
        "equal samples (T44)",
        n4_batches,
        topic="On networks",
    ),
)
