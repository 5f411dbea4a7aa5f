"""How learning rate and momentum change over a run: physics' clocks, cut to length."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from inertial.bounds import Bound, check
from inertial.physics.clock import (
    Clock,
    constant,
    cosine,
    drops,
    joined,
    linear,
    warm_up,
)

RISE = 0.3  # "onecycle": share of the run that rises; OneCycleLR's pct_start
LOW, END = 1 / 25, 1 / 25e4  # its first and last share of lr: div_factor, final_ ...
DIP = 0.85 / 0.95  # its lowest share of the momentum: base_momentum / max_momentum


class Schedule(NamedTuple):
    """The learning rate and the momentum of each step, as shares of the given ones.

    Attributes:
        total: How many steps the run has.
        lr_share: step -> share of the learning rate.
        momentum_share: step -> share of the momentum.
    """

    total: int
    lr_share: Clock
    momentum_share: Clock = constant(1.0)


def _drops(steps: int) -> Schedule:
    # Down to a tenth at each third of the run, as He et al. (2016) did for ResNets.
    thirds = sorted({round(steps / 3), round(2 * steps / 3)} - {0})
    return Schedule(steps, drops(1.0, thirds, 0.1))


def _onecycle(steps: int) -> Schedule:
    rise = max(1, round(RISE * steps))
    fall = max(1, steps - rise)
    return Schedule(
        steps,
        joined([cosine(LOW, 1.0, rise), cosine(1.0, END, fall)], [rise]),
        joined([cosine(1.0, DIP, rise), cosine(DIP, 1.0, fall)], [rise]),
    )


SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    "constant": lambda steps: Schedule(steps, constant(1.0)),
    "cosine": lambda steps: Schedule(steps, cosine(1.0, 0.0, steps)),
    "linear": lambda steps: Schedule(steps, linear(1.0, 0.0, steps)),
    "step": _drops,
    "onecycle": _onecycle,
}
"""name -> (steps -> schedule)."""


def make_schedule(name: str, total: int, warm: int = 0) -> Schedule:
    """Make a schedule.

    Args:
        name: A name of `SCHEDULES`.
        total: How many steps the run has.
        warm: Steps of warm-up before it, in which lr rises to its first value; fewer
            than `total`.

    Returns:
        The schedule.

    Raises:
        ValueError: If there is no such schedule.

    Example:
        >>> plan = make_schedule("linear", total=6, warm=2)
        >>> [plan.lr_share(step) for step in range(6)]
        [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
        >>> make_schedule("cosin", 10)
        Traceback (most recent call last):
            ...
        ValueError: `schedule` must be one of constant, cosine, linear, step, onecycle,
        but is 'cosin'.
    """
    if name not in SCHEDULES:
        known = ", ".join(SCHEDULES)
        raise ValueError(f"`schedule` must be one of {known}, but is {name!r}.")
    why = f"the run has {total} steps in all. Shorten the warm-up."
    check("warm_up", warm, Bound(0, total, high_open=True, why=why))
    rest = SCHEDULES[name](total - warm)
    if not warm:
        return rest
    first = rest.lr_share(0), rest.momentum_share(0)
    return Schedule(
        total,
        joined([warm_up(first[0], warm), rest.lr_share], [warm]),
        joined([constant(first[1]), rest.momentum_share], [warm]),
    )
