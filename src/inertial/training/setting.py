"""What the words of a run mean physically, and where they mean nothing of the kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from inertial.analysis.modes import damping_ratio
from inertial.analysis.stability import (
    effective_lr,
    equivalent_lr,
    largest_stable_curvature,
    largest_stable_lr,
)
from inertial.conventions import Method, qhm, torch_sgd
from inertial.physics.coefficients import Coefficients
from inertial.training.history import Column, History

_OTHER_KINETIC = {
    "adam": "adaptive",
    "adamw": "adaptive",
    "rmsprop": "adaptive",
    "lion": "sign",
    "signum": "sign",
    "muon": "spectral",
}
"""Method -> its kinetic energy, where the words do not say it."""


class Setting(NamedTuple):
    """The particle that a run was, as it stood at the end of the run.

    In the gauge of this class one step is one unit of time and the force is minus the
    gradient, so that the mass is 1/lr and the friction (1 - momentum)/lr.

    Attributes:
        lr: Learning rate. Unit: X²/L.
        lr_first: Of the first steps.
        lr_peak: The largest.
        momentum: Share of the momentum that survives a step. Unit: 1.
        nesterov: Whether the force is felt once more, ahead of the momentum.
        method: What makes the optimizer, such as "sgd" or "adamw".
        kinetic: The name of the kinetic energy.
        acts_on: What a schedule of lr changes: "mass", "force" or "clock".
        coefficients: The six numbers of a step at the end.
        peak: The six numbers at the largest lr.
        curvature: The largest curvature of the last probe; nan without one. Unit: L/X².
        edge: The largest share of the stability limit that a probe met, with the lr of
            that moment; nan where that cannot be said. Unit: 1.
    """

    lr: float
    lr_first: float
    lr_peak: float
    momentum: float
    nesterov: bool
    method: str
    kinetic: str
    acts_on: str
    coefficients: Coefficients
    peak: Coefficients
    curvature: float
    edge: float

    @property
    def newtonian(self) -> bool:
        """Whether velocity is momentum over mass; only then a mode has its ratio."""
        return self.kinetic == "newtonian"

    @property
    def mass(self) -> float:
        """At the largest lr, one step being one unit of time. Unit: L·step²/X²."""
        lr = float(equivalent_lr(self.peak))
        return 1 / lr if lr else math.inf

    @property
    def friction(self) -> float:
        """Force per velocity, at the largest lr. Unit: L·step/X²."""
        return (1 - self.momentum) * self.mass

    @property
    def effective_lr(self) -> float:
        """How far one gradient moves the particle in the end. Unit: X²/L."""
        return float(effective_lr(self.peak))

    @property
    def limit(self) -> float:
        """The largest stable lr·curvature. Unit: 1."""
        return self.lr * float(largest_stable_curvature(self.coefficients))

    @property
    def rule(self) -> str:
        """The formula of that limit, where it has a short one; else ""."""
        plain = self.coefficients.kick == self.coefficients.keep == 1
        return limit_rule(self.nesterov) if plain and self.method != "qhm" else ""

    @property
    def damping_ratio(self) -> float:
        """Of the sharpest direction; nan where it cannot be said. Unit: 1."""
        if not (self.newtonian and self.curvature > 0 and self.lr > 0):
            return math.nan
        return float(damping_ratio(self.coefficients, self.curvature))


def read_setting(history: History) -> Setting:
    """Say which particle a run was.

    Args:
        history: The run.

    Returns:
        Its setting at the end.
    """
    words = history.words
    lrs = history.steps["lr"]
    lr, momentum = float(lrs[-1]), float(history.steps["momentum"][-1])
    kinetic = _OTHER_KINETIC.get(words["method"]) or _name(words.get("kinetic"))
    sharpest = history.probes.get(1, {})
    curvature = float(sharpest["curvature"][-1]) if sharpest else math.nan
    edges = shares_of_limit(history)[1]
    return Setting(
        lr=lr,
        lr_first=float(lrs[0]),
        lr_peak=float(numpy.nanmax(lrs)),
        momentum=momentum,
        nesterov=_ahead(words),
        method=str(words["method"]),
        kinetic=kinetic,
        acts_on=str(words.get("schedule_acts_on") or "mass"),
        coefficients=_spelled(words, lr, momentum),
        peak=_spelled(words, float(numpy.nanmax(lrs)), momentum),
        curvature=curvature,
        edge=float(numpy.nanmax(edges)) if len(edges) else math.nan,
    )


def stability_limit(momentum: float, nesterov: bool) -> float:
    """Return the largest stable lr·curvature.

    Args:
        momentum: Share of the momentum that survives a step. Unit: 1.
        nesterov: Whether Nesterov's form is used.

    Returns:
        2·(1 + momentum), or for Nesterov 2·(1 + momentum)/(1 + 2·momentum). Unit: 1.

    Source: `analysis.stability.largest_stable_curvature`.

    Example:
        >>> stability_limit(0.5, nesterov=False), stability_limit(0.5, nesterov=True)
        (3.0, 1.5)
    """
    words = {"method": "nesterov" if nesterov else "sgd"}
    return float(largest_stable_curvature(_spelled(words, 1.0, momentum)))


def limit_rule(nesterov: bool) -> str:
    """Return the formula of the largest stable lr·curvature.

    Args:
        nesterov: Whether Nesterov's form is meant.

    Returns:
        The formula, in the words of the torch door.

    Example:
        >>> limit_rule(nesterov=False)
        '2(1+momentum)'
    """
    return "2(1+momentum)/(1+2·momentum)" if nesterov else "2(1+momentum)"


def shares_of_limit(history: History) -> tuple[Column, Column]:
    """Return how much of the stability limit each probe met.

    Args:
        history: The run.

    Returns:
        The probes' steps and the shares, of the largest curvature with the lr and
        momentum of that moment; empty where the limit means nothing. Unit: 1.
    """
    words, sharpest = history.words, history.probes.get(1)
    newtonian = _name(words.get("kinetic")) == "newtonian"
    if not sharpest or not newtonian or words["method"] in _OTHER_KINETIC:
        return numpy.zeros(0), numpy.zeros(0)
    at, seen = sharpest["step"], history.steps["step"]
    lr = numpy.interp(at, seen, history.steps["lr"])
    momentum = numpy.interp(at, seen, history.steps["momentum"])
    limits = [
        largest_stable_curvature(_spelled(words, *each))
        for each in zip(lr.tolist(), momentum.tolist(), strict=True)
    ]
    return at, sharpest["curvature"] / numpy.array(limits, dtype=float)


def stable_lr(momentum: float, nesterov: bool, curvature: float) -> float:
    """Return the learning rate from which on this curvature is unstable.

    Args:
        momentum: Share of the momentum that survives a step. Unit: 1.
        nesterov: Whether Nesterov's form is used.
        curvature: The largest Hessian eigenvalue. Unit: L/X².

    Returns:
        The learning rate. Unit: X²/L.

    Source: `analysis.stability.largest_stable_lr`.

    Example:
        >>> stable_lr(0.5, nesterov=False, curvature=4.0)
        0.75
    """
    words = {"method": "nesterov" if nesterov else "sgd"}
    return float(largest_stable_lr(_spelled(words, 1.0, momentum), curvature))


def method_of(words: Mapping[str, Any], lr: float, momentum: float) -> Method:
    """Return the method that a run's words spell, at one lr and momentum.

    Args:
        words: As `History.words` has them.
        lr: Learning rate. Unit: X²/L.
        momentum: Share of the momentum that survives a step. Unit: 1.

    Returns:
        The method; for another kinetic energy than Newton's, that of its buffer alone.

    Example:
        >>> method_of({"method": "sgd"}, 0.1, 0.9).coefficients(1).drift
        0.1
    """
    if words["method"] == "qhm":
        return qhm(lr, momentum, words.get("nu", 0.7))
    decoupled = bool(words.get("decoupled_weight_decay", False))
    return torch_sgd(
        lr,
        momentum,
        words.get("dampening", 0.0),
        words.get("weight_decay", 0.0),
        # Without momentum it is plain descent, which PyTorch's words refuse to say.
        nesterov=_ahead(words) and momentum > 0,
        decoupled_weight_decay=decoupled,
        checked=True,  # by the run itself
    )


def _spelled(words: Mapping[str, Any], lr: float, momentum: float) -> Coefficients:
    return method_of(words, lr, momentum).coefficients(1)


def _ahead(words: Mapping[str, Any]) -> bool:
    return words["method"] == "nesterov" or bool(words.get("nesterov", False))


def _name(kinetic: Any) -> str:
    if isinstance(kinetic, list | tuple):  # as (name, words), as groups keep it
        kinetic = kinetic[0]
    return str(kinetic or "newtonian")


def short(value: float) -> str:
    """Return a number with three digits, as people write it.

    Args:
        value: Any number.

    Returns:
        Its words.

    Example:
        >>> short(0.123456), short(12345.6), short(1.5e-7)
        ('0.123', '12,346', '1.5e-07')
    """
    if not math.isfinite(value):
        return str(value)
    if value != 0 and (abs(value) >= 1e7 or abs(value) < 1e-4):
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
