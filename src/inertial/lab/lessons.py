"""The answer in six steps, each a state with a few sentences and something to try."""

from __future__ import annotations

from typing import NamedTuple

from inertial.lab.state import State


class Lesson(NamedTuple):
    """One step of the way.

    Attributes:
        title: What it is about.
        text: A few plain sentences.
        ask: What to try.
        state: What is shown.
    """

    title: str
    text: str
    ask: str
    state: State


LESSONS: tuple[Lesson, ...] = ()
