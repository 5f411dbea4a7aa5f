"""The statements on networks, in order. They take minutes: nobody runs them unasked."""

from __future__ import annotations

from collections.abc import Mapping

from inertial.evidence.statement import Statement
from inertial.evidence.table import collect

ROOMS = ("speed", "swings", "drops", "batches", "rates", "sharpness")

NETWORK_STATEMENTS: Mapping[str, Statement] = collect(
    f"networks.{room}" for room in ROOMS
)
"""name -> statement: N1 to N6."""
