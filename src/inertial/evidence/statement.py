"""What a statement is: a sentence, a prediction, an experiment, a verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Verdict = Literal["true", "true only if", "false"]
Relation = Literal["=", "<", ">"]


class Comparison(NamedTuple):
    """One number that was predicted, and what was measured.

    Attributes:
        what: What is compared, in words, with its unit in brackets where it has one.
        predicted: From the formula. Finite.
        measured: From the experiment.
        tolerance: How far the two may be apart (for "="), or how far the measured one
            may be on the wrong side (for "<" and ">"). At least 0.
        why: Where the tolerance comes from: rounding of so many operations, the order
            of what was left out, so many standard errors.
        relation: Whether measured shall equal predicted, lie below or above it.
        uncertainty: Standard error of the measured number; 0 where nothing is random.
    """

    what: str
    predicted: float
    measured: float
    tolerance: float
    why: str
    relation: Relation = "="
    uncertainty: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the measurement agrees with the prediction.

        Example:
            >>> Comparison("rate", 0.9, 0.9001, 1e-3, "finite time").holds
            True
        """
        if not math.isfinite(self.measured):
            return False
        excess = self.measured - self.predicted
        if self.relation == "=":
            return abs(excess) <= self.tolerance
        return (excess if self.relation == "<" else -excess) <= self.tolerance


class Finding(NamedTuple):
    """What an experiment brings home.

    Attributes:
        comparisons: All must hold, or the verdict changes.
        draw: Draws it on a matplotlib Figure: the prediction as a line, the measurement
            as points, axes with units.
        seen: What the figure shows, in a sentence, for those who cannot see it.
    """

    comparisons: tuple[Comparison, ...]
    draw: Callable[[Any], None]
    seen: str

    @property
    def holds(self) -> bool:
        """Whether every comparison holds, and there is one."""
        return bool(self.comparisons) and all(c.holds for c in self.comparisons)


class Statement(NamedTuple):
    """One sentence about momentum, put to the test.

    Attributes:
        name: "T01" to "T60", or "Q1" to "Q5" for the page's questions. Never changes.
        sentence: The claim in plain words, as people make it.
        verdict: What the experiment shows of it.
        because: For "true only if": the condition, continuing the words "only if";
            for "false": what is true instead; for "true": why. A sentence.
        prediction: The formula, as plain text with Greek letters.
        experiment: Seed -> what was found. It calls the library for all physics.
        page: Which sentences of the question's page it speaks of: "C1" to "C16".
        topic: Under which heading it stands.
    """

    name: str
    sentence: str
    verdict: Verdict
    because: str
    prediction: str
    experiment: Callable[[int], Finding]
    page: tuple[str, ...] = ()
    topic: str = ""
