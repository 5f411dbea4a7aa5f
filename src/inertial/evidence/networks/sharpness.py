"""How sharp a place training settles at: the edge of stability."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.analysis.stability import largest_stable_curvature
from inertial.conventions import torch_sgd
from inertial.evidence.networks.team import Problem, kin, problem, spread
from inertial.evidence.statement import Comparison, Finding, Statement
from inertial.report.drawing import mark

_SETTINGS: dict[str, dict[str, Any]] = {
    "no momentum": {"lr": 0.06},
    "heavy ball 0.9": {"lr": 0.03, "momentum": 0.9},
    "Nesterov 0.9": {"lr": 0.02, "momentum": 0.9, "nesterov": True},
}
_ROLES = ("work", "loss", "other")
_STEPS, _EVERY = 800, 25
_SETTLED = 16  # looks at the end that are averaged
_SIZE, _SEEDS = 300, 3


def n6_edge(seed: int) -> Finding:
    """Return the sharpness of full-batch training over the limit of stability."""
    images = problem("digits-autoencoder", _SIZE)
    shares = {
        name: numpy.array([_sharpness(images, each, words)
                           for each in kin(seed, _SEEDS)]) / _limit(words)
        for name, words in _SETTINGS.items()
    }  # fmt: skip
    return Finding(
        tuple(_compared(name, share) for name, share in shares.items()),
        lambda figure: _draw_n6(figure, shares),
        "The sharpest curvature over the limit of stability: it climbs to 1 and stays "
        "about there, without momentum, with a heavy ball and with Nesterov's.",
    )


def _limit(words: dict[str, Any]) -> float:
    return float(largest_stable_curvature(torch_sgd(**words).coefficients(1)))


def _sharpness(images: Problem, seed: int, words: dict[str, Any]) -> list[float]:
    """Return the largest curvature of the loss, look by look."""
    from inertial.torch import Inertial
    from inertial.torch.curvature import leading_curvatures

    network, found, known = images.network(seed), [], None
    optimizer = Inertial(network.parameters(), **words)

    def cost() -> Any:
        return images.price(network(images.inputs), images.targets)

    for step in range(_STEPS + 1):
        if step % _EVERY == 0:
            sharp = leading_curvatures(
                cost, network.parameters(), 1, start=known, tolerance=0.05,
                max_products=25,
            )  # fmt: skip
            found.append(sharp.values[0])
            known = sharp.directions
        optimizer.zero_grad()
        cost().backward()
        optimizer.step()
    return found


def _compared(name: str, share: Any) -> Comparison:
    settled = share[:, -_SETTLED:].mean(-1)
    return Comparison(
        f"{name}: sharpness over its limit, steps {_STEPS // 2} to {_STEPS}",
        1.0,
        settled.mean(),
        0.2,
        "it hovers: past the limit it is thrown back, by a fifth and more",
        uncertainty=spread(settled)[1],
    )


def _draw_n6(figure: Any, shares: dict[str, Any]) -> None:
    rows = figure.subplots(3, 1, sharex=True, sharey=True)
    steps = numpy.arange(0, _STEPS + 1, _EVERY)
    for axes, (name, share), role in zip(rows, shares.items(), _ROLES, strict=True):
        mean, error = spread(share)
        axes.axhline(1.0, color=mark("ink"), lw=1.4)
        axes.errorbar(steps, mean, error, fmt="o", ms=3, lw=0.8, color=mark(role))
        axes.text(
            0.995, 0.08, f"{name}: limit {_limit(_SETTINGS[name]):.0f}",
            color=mark(role), transform=axes.transAxes, ha="right",
        )  # fmt: skip
        axes.set(ylim=(0, 1.5), yticks=(0, 0.5, 1))
    rows[1].set_ylabel("sharpness over its limit (1)")
    rows[2].set_xlabel("steps")


STATEMENTS = (
    Statement(
        "N6",
        "Training grows sharper until curvature reaches the limit of stability, and "
        "stays there.",
        "true",
        "full-batch training of the autoencoder climbs to 2(1 + μ)/lr and hovers, and "
        "with Nesterov's momentum to that over 1 + 2μ: the optimizer chooses how sharp "
        "a place it ends in.",
        "λ = 2/lr, 2(1 + μ)/lr, 2(1 + μ)/(lr·(1 + 2μ)): T21 (Cohen et al. 2021)",
        n6_edge,
        topic="On networks",
    ),
)
