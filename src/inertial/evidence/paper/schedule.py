"""The momentum of every update as the paper sets it, in as few updates as one likes."""

from __future__ import annotations

import math

from inertial.conventions import polyak, sutskever, torch_sgd
from inertial.evidence.paper.published import CM, SGD, Setting
from inertial.physics import Coefficients

LAST = 1000  # updates at the end of Curves with less momentum
LATE_MOMENTUM = 0.9
FIRST = 1000  # updates at the beginning of the sequences with this much
EARLY_MOMENTUM = 0.9
STAIR = 250  # updates between one rise of the momentum and the next


def rising(update: float, total: int, highest: float) -> float:
    """Return the momentum on Curves: it rises, and falls at the very end.

    Args:
        update: Which of the paper's updates; 0 at the first.
        total: How many updates the paper has.
        highest: mu_max.

    Returns:
        Unit: 1.

    Source: Sutskever et al. (2013), eq. 5, from memory, written without its logarithm:
        min(1 - 1/(2(floor(t/250) + 1)), mu_max); section 3.1 for the last 1000.

    Example:
        >>> [rising(t, 750_000, 0.999) for t in (0, 250, 1000, 749_000)]
        [0.5, 0.75, 0.9, 0.9]
    """
    if update >= total - LAST:
        return min(LATE_MOMENTUM, highest)
    return min(1 - 1 / (2 * (math.floor(update / STAIR) + 1)), highest)


def settled(update: float, final: float) -> float:
    """Return the momentum on the sequences: 0.9 at first, then its final value.

    Args:
        update: Which of the paper's updates; 0 at the first.
        final: mu_0.

    Returns:
        Unit: 1.

    Source: Sutskever et al. (2013), section 4.

    Example:
        >>> settled(999, 0.98), settled(1000, 0.98)
        (0.9, 0.98)
    """
    return EARLY_MOMENTUM if update < FIRST else final


def one_step(
    setting: Setting, rate: float, now: float, following: float
) -> Coefficients:
    """Return one update of plain descent, classical momentum or Nesterov's.

    In the paper's letters v' = mu v - rate g, and x' = x + v'. For Nesterov's g is
    taken ahead, at x + mu v, which is the position of our map; so the map must end at
    the *next* update's look ahead.

    Args:
        setting: The kind.
        rate: Learning rate. Unit: X²/L.
        now: Momentum of this update. Unit: 1.
        following: Momentum of the next. Unit: 1.

    Returns:
        The six numbers.

    Source: Sutskever et al. (2013), eqs. 1 to 4; docs/theory.md, T16, for a momentum
        that changes.

    Example:
        >>> one_step(Setting("NAG", 0.9), 0.1, 0.5, 0.75)
        Coefficients(decay=0.5, kick=0.1, blend_momentum=0.75, blend_force=0.1,
        drift=1.0, keep=1.0)
    """
    if setting.kind == SGD and now == 0:
        return torch_sgd(rate).coefficients(0)
    if setting.kind in (SGD, CM):
        return polyak(rate, now).coefficients(0)
    ahead = sutskever(rate, now).coefficients(0)
    return ahead._replace(blend_momentum=following)
