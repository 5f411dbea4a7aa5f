"""States worth seeing: the named regimes, and the claims of the question's page."""

from __future__ import annotations

from typing import NamedTuple

from inertial.lab.state import State


class Preset(NamedTuple):
    """A state with a name.

    Attributes:
        name: Its key.
        title: What people choose.
        sentence: What they will see.
        group: "regime" or "question".
        state: What is shown.
    """

    name: str
    title: str
    sentence: str
    group: str
    state: State


PRESETS: tuple[Preset, ...] = ()
