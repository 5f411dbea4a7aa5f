"""What a convention says once its words are read: one step, ready to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from inertial.bounds import Bound, check
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic, newtonian


class Method(NamedTuple):
    """One optimisation method, in the one language that the whole library speaks.

    Attributes:
        coefficients: step (0 at the first) -> the six numbers of that step.
        kinetic: The kinetic energy; its slope is the velocity.
        weight_decay: Coupled weight decay, which joins the force as
            -weight_decay * position. Unit: L/X².
        maximize: Whether the loss is climbed instead of descended.
        settles_at: The first step from which the coefficients no longer change; None if
            they change for ever (bias correction).
    """

    coefficients: Callable[[int], Coefficients]
    kinetic: Kinetic = newtonian()
    weight_decay: float = 0.0
    maximize: bool = False
    settles_at: int | None = 0


class Convention(NamedTuple):
    """One framework's way to spell momentum.

    Attributes:
        name: The name it is found by, such as "torch.SGD".
        method: Words -> Method. Checks its words, which are the framework's own.
        words: Method -> the words that spell it (the inverse), or a ValueError saying
            why this convention cannot.
        source: Where the rule is written: equation or line, not only a paper.
    """

    name: str
    method: Callable[..., Method]
    words: Callable[[Method], dict[str, Any]]
    source: str


def check_words(bounds: Mapping[str, Bound], **words: Any) -> None:
    """Refuse the first word that lies outside its bound.

    Args:
        bounds: word -> bound.
        **words: The words to check; each needs a bound.

    Example:
        >>> from inertial.bounds import POSITIVE
        >>> check_words({"lr": POSITIVE}, lr=0.0)
        Traceback (most recent call last):
            ...
        ValueError: `lr` must be above 0, but is 0.0.
    """
    for name, value in words.items():
        check(name, value, bounds[name])
