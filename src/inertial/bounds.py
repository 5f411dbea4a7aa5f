"""Say what a setting may be, as data, so that every door refuses bad input alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """The interval in which a number must lie, and why.

    Attributes:
        low: Smallest value.
        high: Largest value.
        low_open: Whether `low` itself is refused.
        high_open: Whether `high` itself is refused.
        why: What would go wrong outside, and the way out. A sentence, or "".
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    why: str = ""

    def rule(self) -> str:
        """Return the rule in words.

        Example:
            >>> Bound(0.0, 1.0, high_open=True).rule()
            'at least 0 and below 1'
        """
        parts = []
        if self.low > -math.inf:
            parts.append(f"{'above' if self.low_open else 'at least'} {self.low:g}")
        if self.high < math.inf:
            parts.append(f"{'below' if self.high_open else 'at most'} {self.high:g}")
        return " and ".join(parts) or "a finite number"

    def admits(self, value: Any) -> bool:
        """Return whether `value` is a finite number inside the interval.

        Example:
            >>> Bound(0.0, 1.0, high_open=True).admits(1.0)
            False
        """
        number = float(value.detach() if hasattr(value, "detach") else value)
        if not math.isfinite(number):
            return False
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below


POSITIVE = Bound(0.0, low_open=True)
NOT_NEGATIVE = Bound(0.0)
SHARE = Bound(0.0, 1.0)
RETENTION = Bound(
    0.0,
    1.0,
    high_open=True,
    why="at 1 or above the particle would never lose, or even gain, speed without a "
    "force. For an undamped particle use `Particle(friction=0)`.",
)


def check(name: str, value: Any, bound: Bound) -> None:
    """Refuse a value outside its bound.

    Args:
        name: The argument's name, as the user wrote it.
        value: What the user gave: a number, or a zero-dimensional array.
        bound: Where it must lie.

    Raises:
        TypeError: If the value is not a number.
        ValueError: If it lies outside, or is not finite.

    Example:
        >>> check("mass", -1.0, POSITIVE)
        Traceback (most recent call last):
            ...
        ValueError: `mass` must be above 0, but is -1.0.
    """
    try:
        admitted = bound.admits(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` must be a number, but is {value!r}.") from error
    if not admitted:
        tail = f": {bound.why}" if bound.why else "."
        raise ValueError(f"`{name}` must be {bound.rule()}, but is {value!r}{tail}")


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Refuse a word that is not one of the choices.

    Args:
        name: The argument's name, as the user wrote it.
        value: What the user gave.
        choices: What it may be.

    Raises:
        ValueError: If it is none of them.

    Example:
        >>> check_choice("law", "exakt", ["explicit", "exact"])
        Traceback (most recent call last):
            ...
        ValueError: `law` must be one of "explicit", "exact", but is 'exakt'.
    """
    known = list(choices)
    if value not in known:
        listed = ", ".join(f'"{choice}"' for choice in known)
        raise ValueError(f"`{name}` must be one of {listed}, but is {value!r}.")
