"""Every landscape by its name; a new one is a function and a row here."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from inertial.analysis.landscape.benchmarks import (
    ackley,
    beale,
    himmelblau,
    rastrigin,
    rosenbrock,
    styblinski_tang,
)
from inertial.analysis.landscape.bowls import (
    nesterov_chain,
    quadratic,
    quartic,
    ravine,
    saddle,
)
from inertial.analysis.landscape.shapes import double_well, monkey_saddle, plateau
from inertial.analysis.landscape.surface import Landscape

LANDSCAPES: dict[str, Callable[..., Landscape]] = {
    "ravine": ravine,
    "saddle": saddle,
    "monkey_saddle": monkey_saddle,
    "plateau": plateau,
    "double_well": double_well,
    "rosenbrock": rosenbrock,
    "beale": beale,
    "himmelblau": himmelblau,
    "rastrigin": rastrigin,
    "styblinski_tang": styblinski_tang,
    "ackley": ackley,
    "quartic": quartic,
    "nesterov_chain": nesterov_chain,
    "quadratic": quadratic,
}
"""Every landscape by its name; called without words, each stands on its own."""


def landscape(name: str, **words: Any) -> Landscape:
    """Return a landscape by its name.

    Args:
        name: One of `LANDSCAPES`.
        **words: Its settings, such as `tilt` of "double_well".

    Returns:
        The landscape.

    Raises:
        ValueError: If there is none of that name.
        TypeError: If it has no such setting.

    Example:
        >>> landscape("double_well", tilt=0.0).minima.shape
        (2, 2)
    """
    factory = LANDSCAPES.get(name)
    if factory is None:
        near = difflib.get_close_matches(str(name), LANDSCAPES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(LANDSCAPES)
        raise ValueError(
            f"There is no landscape {name!r}. Choose one of {known}.{hint}"
        )
    known_words = inspect.signature(factory).parameters
    for word in words:
        if word not in known_words:
            has = ", ".join(f"`{known}`" for known in known_words) or "none"
            raise TypeError(
                f"The landscape {name!r} has no setting `{word}`. Its settings: {has}."
            )
    return factory(**words)
