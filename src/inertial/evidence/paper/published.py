"""What Sutskever, Martens, Dahl and Hinton (2013) printed, as data."""

from __future__ import annotations

from typing import NamedTuple

SOURCE = (
    "Sutskever, Martens, Dahl, Hinton (2013), On the importance of initialization and "
    "momentum in deep learning, ICML"
)
SGD, CM, NAG = "SGD", "CM", "NAG"


class Setting(NamedTuple):
    """One column of a table.

    Attributes:
        kind: "SGD", "CM" (classical momentum) or "NAG" (Nesterov's).
        momentum: mu_max on Curves, mu_0 on the sequences. Unit: 1.
    """

    kind: str
    momentum: float

    def __str__(self) -> str:
        """Return the name, such as "NAG .99"."""
        if self.kind == SGD:
            return SGD
        return f"{self.kind} {self.momentum:g}".replace(" 0.", " .")


class Table(NamedTuple):
    """One row of the paper.

    Attributes:
        place: Which table, and what its numbers are.
        updates: How many updates its runs had.
        rates: The learning rates of which the best was printed. Unit: X²/L.
        errors: Setting -> what was printed.
        baseline: Printed error of the output biases alone; None where none was.
        beside: Other numbers of the row, which we do not make again.
    """

    place: str
    updates: int
    rates: tuple[float, ...]
    errors: dict[Setting, float]
    baseline: float | None = None
    beside: tuple[tuple[str, float], ...] = ()


def _row(momenta: tuple[float, ...], *errors: float) -> dict[Setting, float]:
    """Return a row: plain descent, then NAG at each momentum, then CM."""
    settings = [
        Setting(SGD, 0.0),
        *(Setting(NAG, m) for m in momenta),
        *(Setting(CM, m) for m in momenta),
    ]
    return dict(zip(settings, errors, strict=True))


_DEEP = (0.9, 0.99, 0.995, 0.999)
_RECURRENT = (0.9, 0.98, 0.995)
_SEQUENCES = "table 5, zero-one loss, mean of four seeds"
# The grid for sequences is from memory; all else was read in the paper's text.
_SEQUENCE_RATES = (1e-3, 1e-4, 1e-5, 1e-6)

PUBLISHED = {
    "curves": Table(
        "table 1, squared error of reconstruction on the training set, Curves",
        750_000,
        (0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001),
        _row(_DEEP, 0.48, 0.16, 0.096, 0.091, 0.074, 0.15, 0.10, 0.10, 0.10),
        beside=(
            ("SGD, Chapelle and Erhan (2011)", 0.16),
            ("Hessian-free, section 5", 0.058),
            ("Hessian-free, Martens (2010)", 0.11),
        ),
    ),
    "add": Table(
        f"{_SEQUENCES}, addition, T = 80",
        50_000,
        _SEQUENCE_RATES,
        _row(_RECURRENT, 0.39, 0.02, 0.21, 0.00025, 0.43, 0.62, 0.036),
        baseline=0.82,
    ),
    "mul": Table(
        f"{_SEQUENCES}, multiplication, T = 80",
        50_000,
        _SEQUENCE_RATES,
        _row(_RECURRENT, 0.48, 0.36, 0.22, 0.0013, 0.029, 0.025, 0.37),
        baseline=0.84,
    ),
    "mem5": Table(
        f"{_SEQUENCES}, 5-bit memory, T = 200",
        50_000,
        _SEQUENCE_RATES,
        _row(_RECURRENT, 1.27, 1.02, 0.96, 0.63, 1.12, 1.09, 0.92),
        baseline=2.5,
    ),
    "mem20": Table(
        f"{_SEQUENCES}, 20-bit memory, T = 80",
        50_000,
        _SEQUENCE_RATES,
        _row(_RECURRENT, 5.37, 2.77, 0.0144, 0.00005, 1.75, 0.0017, 0.053),
        baseline=8.0,
    ),
}
"""Name of the task -> the paper's row."""
