"""What the words of a run mean physically, and where they mean nothing of the kind."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy

from inertial.analysis.modes import damping_ratio
from inertial.analysis.stability import largest_stable_curvature, largest_stable_lr
from inertial.conventions.sum_form import torch_sgd
from inertial.physics.coefficients import Coefficients
from inertial.training.history import History

_SGD = ("torch.SGD", "SGD", "sgd")
_OTHER_KINETIC = {
    "torch.Adam": "adaptive",
    "torch.AdamW": "adaptive",
    "rmsprop": "adaptive",
    "lion": "sign",
    "signum": "sign",
    "torch.Muon": "spectral",
}


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
        kinetic: The name of the kinetic energy.
        acts_on: What a schedule of lr changes: "mass", "force" or "clock".
        coefficients: The six numbers of a step.
        curvature: The largest curvature of the last probe; nan without one. Unit: L/X².
        edge: The largest share of the stability limit that a probe met, with the lr of
            that moment; nan where that cannot be said. Unit: 1.
    """

    lr: float
    lr_first: float
    lr_peak: float
    momentum: float
    nesterov: bool
    kinetic: str
    acts_on: str
    coefficients: Coefficients
    curvature: float
    edge: float

    @property
    def newtonian(self) -> bool:
        """Whether velocity is momentum over mass; only then a mode has its ratio."""
        return self.kinetic == "newtonian"

    @property
    def mass(self) -> float:
        """At the largest lr, one step being one unit of time. Unit: L·step²/X²."""
        return 1 / self.lr_peak if self.lr_peak else math.inf

    @property
    def friction(self) -> float:
        """Force per velocity, at the largest lr. Unit: L·step/X²."""
        return (1 - self.momentum) * self.mass

    @property
    def limit(self) -> float:
        """The largest stable lr·curvature. Unit: 1."""
        return stability_limit(self.momentum, self.nesterov)

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
    nesterov = bool(words.get("nesterov", False))
    kinetic = _kinetic(words)
    sharpest = history.probes.get(1, {})
    curvature = float(sharpest["curvature"][-1]) if sharpest else math.nan
    coefficients = _coefficients(lr, momentum, nesterov)
    edge = math.nan
    if sharpest and kinetic == "newtonian":
        met = numpy.interp(sharpest["step"], history.steps["step"], lrs)
        shares = met * sharpest["curvature"] / stability_limit(momentum, nesterov)
        edge = float(numpy.nanmax(shares)) if len(shares) else math.nan
    return Setting(
        lr=lr,
        lr_first=float(lrs[0]),
        lr_peak=float(numpy.nanmax(lrs)),
        momentum=momentum,
        nesterov=nesterov,
        kinetic=kinetic,
        acts_on=str(words.get("schedule_acts_on") or "mass"),
        coefficients=coefficients,
        curvature=curvature,
        edge=edge,
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
    return float(largest_stable_curvature(_coefficients(1.0, momentum, nesterov)))


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
    return float(largest_stable_lr(_coefficients(1.0, momentum, nesterov), curvature))


def _coefficients(lr: float, momentum: float, nesterov: bool) -> Coefficients:
    # Nesterov without momentum is plain descent, which PyTorch's words refuse to say.
    method = torch_sgd(lr=lr, momentum=momentum, nesterov=nesterov and momentum > 0)
    return method.coefficients(1)


def _kinetic(words: dict[str, Any]) -> str:
    method = words.get("method") or words.get("optimizer") or "torch.SGD"
    found = words.get("kinetic") or "newtonian"
    if isinstance(found, list | tuple):  # as (name, words), as groups keep it
        found = found[0]
    if method in _SGD:
        return str(found)
    return _OTHER_KINETIC.get(str(method), str(found))


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
