"""How a number is written, on a terminal and on the page."""

from __future__ import annotations

import math

from inertial.evidence.statement import Comparison

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 6) -> str:
    """Return a number in few characters, with a real minus and a raised power.

    Args:
        value: Any number.
        digits: How many of its digits count.

    Example:
        >>> number(0.25), number(-1.5e-12), number(1e-12), number(1820000.0)
        ('0.25', '−1.5·10⁻¹²', '10⁻¹²', '1820000')
    """
    if not math.isfinite(value):
        return {"nan": "no number", "inf": "∞", "-inf": "−∞"}[str(float(value))]
    text = f"{value:.{digits}g}"
    if "e" in text and abs(value) >= 1 and abs(value) < 1e9:
        text = f"{value:.0f}"
    share, _, power = text.partition("e")
    if power:
        raised = f"10{str(int(power)).translate(_RAISED)}"
        text = {"1": raised, "-1": f"-{raised}"}.get(share, f"{share}·{raised}")
    return text.replace("-", "−", 1) if value < 0 else text


def measured(comparison: Comparison) -> str:
    """Return what was measured, with its uncertainty where it has one.

    Args:
        comparison: Of an experiment.

    Example:
        >>> measured(Comparison("rate", 0.9, 0.9012345, 1e-2, "chance", "=", 0.0021))
        '0.9012 ± 0.0021'
    """
    error = comparison.uncertainty
    if not (0 < error < math.inf and math.isfinite(comparison.measured)):
        return number(comparison.measured)
    places = 1 - math.floor(math.log10(error))  # two digits of the error are known
    if not 0 <= places <= 9:
        return f"{number(comparison.measured)} ± {number(error, 2)}"
    text = f"{comparison.measured:.{places}f} ± {error:.{places}f}"
    return text.replace("-", "−")


def predicted(comparison: Comparison) -> str:
    """Return what was predicted: a number, or a side of it.

    Args:
        comparison: Of an experiment.

    Example:
        >>> predicted(Comparison("rate", 0.9, 0.5, 0.0, "strict", "<"))
        'below 0.9'
    """
    side = {"<": "below ", ">": "above "}.get(comparison.relation, "")
    return side + number(comparison.predicted)
