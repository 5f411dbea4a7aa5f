"""Clocks: how much time passes in a step.

A clock is a pure function of the step number (a Python int, 0 at the first) to a time
step. A particle under a clock keeps its mass and friction; decay, kick and drift follow
from `Particle.coefficients(clock(step))`. Time steps are in units of T.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from inertial.bounds import NOT_NEGATIVE, POSITIVE, Bound, check

Clock = Callable[[int], float]

_COUNT = Bound(1.0)


def constant(time_step: float) -> Clock:
    """Return a clock that ticks evenly.

    Args:
        time_step: Every step's length. Positive. Unit: T.

    Returns:
        The clock.

    Example:
        >>> constant(0.1)(7)
        0.1
    """
    check("time_step", time_step, POSITIVE)
    return lambda step: time_step


def linear(start: float, end: float, steps: int) -> Clock:
    """Return a clock that goes evenly from one time step to another, and stays there.

    Args:
        start: At step 0. Not negative. Unit: T.
        end: At step `steps` and after. Not negative; at 0 time stops. Unit: T.
        steps: How many steps it takes; at least 1.

    Returns:
        The clock.

    Example:
        >>> [linear(1.0, 0.0, 4)(step) for step in (0, 1, 4, 9)]
        [1.0, 0.75, 0.0, 0.0]
    """
    return _between(start, end, steps, lambda share: share)


def warm_up(time_step: float, steps: int) -> Clock:
    """Return a clock that speeds up evenly, and never stands still on the way.

    Step t lasts time_step · (t + 1)/steps, up to `time_step`. The first step is not 0:
    a step of no length would waste its gradient.

    Args:
        time_step: The full length. Positive. Unit: T.
        steps: The first step with number steps − 1 has the full length; at least 1.

    Returns:
        The clock.

    Source: Goyal et al. (2017), "Accurate, large minibatch SGD", section 2.2 (gradual).

    Example:
        >>> [warm_up(1.0, 4)(step) for step in (0, 1, 3, 9)]
        [0.25, 0.5, 1.0, 1.0]
    """
    check("time_step", time_step, POSITIVE)
    check("steps", steps, _COUNT)
    return lambda step: time_step * min(1.0, (step + 1) / steps)


def cosine(start: float, end: float, steps: int) -> Clock:
    """Return a clock that slows down along half a cosine, and stays there.

    Args:
        start: At step 0. Not negative. Unit: T.
        end: At step `steps` and after. Not negative; at 0 time stops. Unit: T.
        steps: How many steps it takes; at least 1.

    Returns:
        The clock.

    Source: Loshchilov and Hutter (2017), "SGDR", eq. 5, one period.

    Example:
        >>> [round(cosine(1.0, 0.0, 4)(step), 3) for step in (0, 1, 2, 4, 9)]
        [1.0, 0.854, 0.5, 0.0, 0.0]
    """
    return _between(
        start, end, steps, lambda share: (1 - math.cos(math.pi * share)) / 2
    )


def power(time_step: float, exponent: float, steps: float = 1.0) -> Clock:
    """Return a clock that slows down as a power: time_step · (1 + t/steps)^−exponent.

    Args:
        time_step: At step 0. Positive. Unit: T.
        exponent: Not negative. Above 1/2 and up to 1 the steps sum to infinity and
            their squares do not, as stochastic approximation asks. Unit: 1.
        steps: After how many steps it has slowed to 2^−exponent. Positive.

    Returns:
        The clock.

    Source: Robbins and Monro (1951), "A stochastic approximation method", for the sums.

    Example:
        >>> [power(1.0, 0.5)(step) for step in (0, 3)]
        [1.0, 0.5]
    """
    check("time_step", time_step, POSITIVE)
    check("exponent", exponent, NOT_NEGATIVE)
    check("steps", steps, POSITIVE)
    return lambda step: time_step * (1.0 + step / steps) ** -exponent


def drops(time_step: float, at: Sequence[int], factor: float = 0.1) -> Clock:
    """Return a clock that slows down by a factor at given steps.

    Args:
        time_step: Before the first drop. Positive. Unit: T.
        at: The steps at which it drops: above 0 and increasing.
        factor: Of the time step, at each. Positive. Unit: 1.

    Returns:
        The clock.

    Example:
        >>> [drops(1.0, at=[2, 3], factor=0.5)(step) for step in range(5)]
        [1.0, 1.0, 0.5, 0.25, 0.25]
    """
    check("time_step", time_step, POSITIVE)
    check("factor", factor, POSITIVE)
    steps = _increasing("at", at)
    return lambda step: time_step * factor ** bisect_right(steps, step)


def joined(clocks: Sequence[Clock], starts: Sequence[int]) -> Clock:
    """Return one clock after another; each counts its own steps from 0.

    Args:
        clocks: The clocks, in order; at least one.
        starts: The first step of each clock after the first: above 0 and increasing.

    Returns:
        The clock.

    Raises:
        ValueError: If there is not one start for each clock but the first.

    Example:
        >>> both = joined([warm_up(1.0, 2), linear(1.0, 0.0, 2)], starts=[2])
        >>> [both(step) for step in range(5)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    parts = tuple(clocks)
    if len(starts) != len(parts) - 1:
        raise ValueError(
            f"`starts` must have one step for each of the {len(parts)} clocks but the "
            f"first, but has {len(starts)}. The first clock starts at step 0."
        )
    firsts = (0, *_increasing("starts", starts))

    def clock(step: int) -> float:
        part = bisect_right(firsts, step) - 1
        return parts[part](step - firsts[part])

    return clock


CLOCKS: dict[str, Callable[..., Clock]] = {
    "constant": constant,
    "linear": linear,
    "warm_up": warm_up,
    "cosine": cosine,
    "power": power,
    "drops": drops,
    "joined": joined,
}


def _between(
    start: float, end: float, steps: int, shape: Callable[[float], float]
) -> Clock:
    """Return a clock that goes from `start` to `end` in a given shape."""
    check("start", start, NOT_NEGATIVE)
    check("end", end, NOT_NEGATIVE)
    check("steps", steps, _COUNT)

    def clock(step: int) -> float:
        share = shape(min(1.0, step / steps))
        return start * (1.0 - share) + end * share

    return clock


def _increasing(name: str, steps: Sequence[int]) -> tuple[int, ...]:
    """Return the steps, all above 0 and each above the one before.

    Raises:
        ValueError: If they are not.
    """
    listed = tuple(steps)
    for before, after in zip((0, *listed), listed, strict=False):
        if not after > before:
            raise ValueError(
                f"`{name}` must be steps above 0, each above the one before, but is "
                f"{list(listed)}."
            )
    return listed
