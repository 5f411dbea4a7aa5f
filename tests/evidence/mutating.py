"""Make the library wrong on purpose, everywhere at once, for one test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest


class Mutation(NamedTuple):
    """One way in which the library could be wrong.

    Attributes:
        name: Of the statement whose experiment must notice.
        wrong: What is wrong with the library then.
        apply: Makes it so.
    """

    name: str
    wrong: str
    apply: Callable[[pytest.MonkeyPatch], None]


def replace_everywhere(
    monkeypatch: pytest.MonkeyPatch, original: Any, wrong: Any
) -> None:
    """Put a wrong thing wherever a loaded module of the library holds the right one."""
    found = 0
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] != "inertial" or module is None:
            continue
        for attribute, value in list(vars(module).items()):
            if value is original:
                monkeypatch.setattr(module, attribute, wrong)
                found += 1
            elif isinstance(value, dict):
                for key, entry in list(value.items()):
                    if entry is original:
                        monkeypatch.setitem(value, key, wrong)
                        found += 1
    assert found, f"{original!r} is nowhere in the library"
