"""Whether our table stands in the paper's order: read from numbers alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any, NamedTuple

from inertial.evidence.paper.published import CM, NAG, SGD, Setting

MARGIN = 0.05  # of the larger: about one step of the last digit that the paper prints
BETTER, EQUAL, WORSE = "better", "no different", "worse"


class Best(NamedTuple):
    """What one setting reached at its best learning rate.

    Attributes:
        error: Mean over seeds; infinite if every rate diverged.
        rate: The learning rate. Unit: X²/L.
        seeds: The error of each seed at that rate.
        at_edge: Whether the rate is the highest or the lowest that was tried.
        diverged: At how many rates some seed ended with a loss that is not finite.
    """

    error: float
    rate: float
    seeds: tuple[float, ...]
    at_edge: bool
    diverged: int


class Claim(NamedTuple):
    """One sentence about the order, read in the paper's row and in ours.

    Attributes:
        about: Of what, such as "NAG against CM at .99".
        paper: What the paper's row says.
        ours: What ours says.
    """

    about: str
    paper: str
    ours: str

    @property
    def verdict(self) -> str:
        """Whether both say the same, in words."""
        return "as in the paper" if self.paper == self.ours else "not as in the paper"


def best_of(results: Sequence[Mapping[str, Any]]) -> dict[Setting, Best]:
    """Return every setting's best learning rate, by its mean over seeds.

    Args:
        results: Of `run.judged`, one for each seed.

    Returns:
        In the order of the results' cells.

    Example:
        >>> cell = {"kind": "CM", "momentum": 0.9}
        >>> cells = [{**cell, "rate": 0.1, "error": 3.0},
        ...          {**cell, "rate": 0.2, "error": 2.0}]
        >>> best_of([{"cells": cells}])[Setting("CM", 0.9)].rate
        0.2
    """
    errors: dict[Setting, dict[float, list[float]]] = {}
    for result in results:
        for cell in result["cells"]:
            rates = errors.setdefault(Setting(cell["kind"], cell["momentum"]), {})
            found = math.inf if cell["error"] is None else cell["error"]
            rates.setdefault(cell["rate"], []).append(found)
    return {setting: _best(rates) for setting, rates in errors.items()}


def _best(rates: dict[float, list[float]]) -> Best:
    rate = min(rates, key=lambda each: fmean(rates[each]))
    diverged = sum(not all(map(math.isfinite, found)) for found in rates.values())
    edge = rate in (min(rates), max(rates))
    return Best(fmean(rates[rate]), rate, tuple(rates[rate]), edge, diverged)


def compare(error: float, other: float) -> str:
    """Return whether an error is better or worse than another, beyond a small margin.

    Example:
        >>> compare(0.15, 0.16), compare(0.10, 0.10), compare(float("inf"), 1.0)
        ('better', 'no different', 'worse')
    """
    if error == other or abs(error - other) <= MARGIN * max(error, other) < math.inf:
        return EQUAL
    return BETTER if error < other else WORSE


def claims(
    paper: Mapping[Setting, float], ours: Mapping[Setting, float]
) -> list[Claim]:
    """Return what both rows say about the order of the settings.

    Args:
        paper: Setting -> the printed error.
        ours: Setting -> our error, infinite where all diverged.

    Returns:
        The claims: plain descent against the rest, Nesterov's against classical
        momentum at each value, and what more momentum does to each.

    Example:
        >>> paper = {Setting("SGD", 0): 2.0, Setting("NAG", 0.9): 1.0,
        ...          Setting("CM", 0.9): 1.5}
        >>> for claim in claims(paper, {**paper, Setting("CM", 0.9): 0.5}):
        ...     print(claim.about, "-", claim.ours, "-", claim.verdict)
        SGD against the rest - worse than all - as in the paper
        NAG against CM at .9 - worse - not as in the paper
    """
    momenta = sorted({s.momentum for s in paper if s.kind == NAG})
    found = [Claim("SGD against the rest", _plain(paper), _plain(ours))]
    for momentum in momenta:
        told = [
            compare(row[Setting(NAG, momentum)], row[Setting(CM, momentum)])
            for row in (paper, ours)
        ]
        found.append(Claim(f"NAG against CM at {_short(momentum)}", *told))
    for kind in (NAG, CM):
        for less, more in pairwise(momenta):
            told = [
                compare(row[Setting(kind, more)], row[Setting(kind, less)])
                for row in (paper, ours)
            ]
            about = f"{kind} at {_short(more)} against {kind} at {_short(less)}"
            found.append(Claim(about, *told))
    return found


def _plain(row: Mapping[Setting, float]) -> str:
    plain = next(error for setting, error in row.items() if setting.kind == SGD)
    others = [error for setting, error in row.items() if setting.kind != SGD]
    told = {compare(plain, error) for error in others}
    if told == {WORSE}:
        return "worse than all"
    if WORSE in told:
        return "worse than some"
    return "worse than none"


def sentence(found: Iterable[Claim]) -> str:
    """Return in one sentence how much of the order is the paper's.

    Example:
        >>> sentence([Claim("a", "worse", "worse"), Claim("b", "worse", "better")])
        '1 of 2 claims about the order are as in the paper; not as in the paper: b.'
    """
    every = list(found)
    wrong = [claim.about for claim in every if claim.paper != claim.ours]
    told = f"{len(every) - len(wrong)} of {len(every)} claims about the order are as in"
    if not wrong:
        return f"{told} the paper."
    return f"{told} the paper; not as in the paper: {', '.join(wrong)}."


def learnt(row: Mapping[Setting, float], baseline: float) -> bool:
    """Return whether any setting did better than the biases alone, by the margin.

    Args:
        row: Setting -> error.
        baseline: Error of the biases alone.
    """
    return compare(min(row.values()), baseline) == BETTER


def _short(momentum: float) -> str:
    return f"{momentum:g}".removeprefix("0")
