"""One self-contained HTML page of a run: what it did, and what the physics says."""

from inertial.report.page import write_comparison, write_report

__all__ = ["write_comparison", "write_report"]
