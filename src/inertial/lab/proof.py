"""The statements of `inertial.evidence`, and one experiment at a time on request."""

from __future__ import annotations

import threading
from typing import Any

from inertial.lab.answers import Fault

LIMIT = 120.0  # seconds for one experiment; the slowest takes a third on two cores


class Bench:
    """Where experiments are made, one at a time, each result kept."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}

    def listed(self) -> dict[str, Any]:
        """Return the answer to /api/evidence."""
        from inertial.evidence.table import STATEMENTS

        shown = (
            "name",
            "sentence",
            "verdict",
            "because",
            "prediction",
            "page",
            "topic",
        )
        return {
            "statements": [
                {field: getattr(statement, field) for field in shown}
                for statement in STATEMENTS.values()
            ]
        }

    def made(self, name: str) -> dict[str, Any]:
        """Return the answer to /api/evidence/{name}: what an experiment showed.

        Args:
            name: Of the statement.

        Returns:
            Its comparisons, and its figure as SVG.

        Raises:
            Fault: If there is no such statement.
        """
        from inertial.evidence.table import STATEMENTS

        statement = STATEMENTS.get(name)
        if statement is None:
            raise Fault(f"There is no statement {name[:20]!r}.", "name", status=404)
        with self._turn:  # figures and experiments take a core each
            if name not in self._kept:
                self._kept[name] = _made(statement)
            return self._kept[name]


def _made(statement: Any) -> dict[str, Any]:
    from inertial.evidence.run import run

    (found,) = run([statement], pictures=True, workers=1, limit=LIMIT)
    return {
        "name": found.name,
        "svg": found.svg,
        "seen": found.seen,
        "seconds": found.seconds,
        "error": found.error or None,
        "holds": found.holds,
        "comparisons": [
            {**comparison._asdict(), "holds": comparison.holds}
            for comparison in found.comparisons
        ],
    }
