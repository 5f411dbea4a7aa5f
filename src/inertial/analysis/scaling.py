"""Scaling: what a larger batch asks of learning rate and momentum.

A batch `batch_factor` times as large lets each step count for as many samples: the
clock goes faster, and the particle shall stay the same. Of the four rules two keep the
particle; the others are what people do.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

from inertial.bounds import POSITIVE, RETENTION, Bound, check, check_choice
from inertial.physics.coefficients import Coefficients
from inertial.physics.particle import Particle

ScalingRule = Literal["physical", "exact", "linear", "sqrt"]
"""What is kept: mass and friction (stepped over in two ways), momentum, or noise."""

# How each of the physical rules steps over the friction.
_LAWS = {"physical": "explicit", "exact": "exponential"}


class Scaled(NamedTuple):
    """A setting for another batch size, in PyTorch's words.

    Attributes:
        lr: Learning rate. Unit: X²/L.
        momentum: Share of the old momentum that survives a step. Unit: 1.
    """

    lr: float
    momentum: float


def scale(
    lr: float, momentum: float, batch_factor: float, rule: ScalingRule = "physical"
) -> Scaled:
    """Return learning rate and momentum for a batch that is so many times as large.

    With k the batch factor:

    - "physical": lr·k², 1 − k·(1 − momentum). Mass, friction and force stay, the time
      step is k times as long. Ends at k = 1/(1 − momentum) in plain descent.
    - "exact": momentum^k, and an effective learning rate k times as large. The same
      particle with its friction integrated exactly, so that it never ends.
    - "linear": lr·k, momentum. Keeps noise floor and drift, but the mass is k times as
      large: the damping ratio falls by √k. Good where k·lr·λ ≪ (1 − momentum)².
    - "sqrt": lr·√k, momentum. Keeps the noise of one step, not that of a run; it is the
      rule for Adam's learning rate, whose 1 − β go as the "physical" momentum's.

    All are rules for small steps: none asks whether the curvature still allows the new
    learning rate (see `largest_stable_lr`).

    Args:
        lr: Learning rate, positive. Unit: X²/L.
        momentum: Share of the old momentum that survives a step. Unit: 1.
        batch_factor: New batch size over old one, k; below 1 for a smaller batch.
        rule: "physical", "exact", "linear" or "sqrt".

    Returns:
        The setting for the new batch.

    Raises:
        ValueError: If "physical" would need a negative momentum.

    Source: docs/theory.md, T44: the equation of motion with its time step times k
    (T14's explicit and exponential friction). "linear": Goyal et al. (2017), the linear
    scaling rule, section 2.1. "sqrt": Malladi et al. (2022), On the SDEs and scaling
    rules for adaptive gradient algorithms.

    Example:
        >>> scale(0.125, momentum=0.75, batch_factor=2.0)
        Scaled(lr=0.5, momentum=0.5)
    """
    check("lr", lr, POSITIVE)
    check("momentum", momentum, RETENTION)
    check("batch_factor", batch_factor, POSITIVE)
    check_choice("rule", rule, get_args(ScalingRule))
    if rule == "linear":
        return Scaled(lr * batch_factor, momentum)
    if rule == "sqrt":
        return Scaled(lr * math.sqrt(batch_factor), momentum)
    if rule == "exact" and not momentum:
        # Infinite friction, which no particle has: the limit of the rule.
        return Scaled(lr * batch_factor, 0.0)
    if rule == "physical":
        _check_reach(momentum, batch_factor)
    particle = Particle.from_coefficients(
        Coefficients(decay=momentum, drift=lr), law=_LAWS[rule]
    )
    longer = particle.coefficients(time_step=batch_factor)
    # At the very end of the rule rounding could leave a momentum just below 0.
    return Scaled(float(longer.kick * longer.drift), max(float(longer.decay), 0.0))


def _check_reach(momentum: float, batch_factor: float) -> None:
    end = 1 / (1 - momentum)
    reach = Bound(
        0.0,
        end * (1 + 1e-12),  # 1 - 0.99 has lost three digits: 100 is still on the way
        low_open=True,
        why=f"from 1/(1 - momentum) = {end:g} on friction would take more than all of "
        'the momentum in one step. Use rule="exact", which has no such end, or a '
        "smaller factor.",
    )
    check("batch_factor", batch_factor, reach)
