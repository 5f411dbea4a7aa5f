"""The house stands as drawn: what may import what, and how large a room may grow."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import inertial

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "inertial").rglob("*.py"))
HEAVY = ("torch", "jax", "optax", "keras", "scipy", "sklearn", "matplotlib", "rich")


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after a statement."""
    code = (
        f"{statement}; import sys; print(*{{m.partition('.')[0] for m in sys.modules}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_import_needs_numpy_and_nothing_heavier():
    extra = modules_after("import inertial") - modules_after("import numpy")
    third_party = extra - set(sys.stdlib_module_names) - {"inertial"}
    assert not third_party


@pytest.mark.parametrize(
    "statement", ["import inertial.analysis", "import inertial.cli"]
)
def test_frameworks_wait_until_asked_for(statement):
    heavy = set(HEAVY) - {"rich"}  # the command line's own help may be drawn with it
    assert not heavy & modules_after(statement)


def test_every_public_name_exists():
    for name in inertial.__all__:
        assert getattr(inertial, name) is not None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_room_stays_small(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 400, "a file of about 350 lines at most: split it by its nouns"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_first_line_says_what_a_room_is_for(path):
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "a file opens with its purpose"


def test_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert inertial.__version__ == version
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()


def test_torch_is_pinned_exactly_once():
    pins = re.findall(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert pins == ["2.13.0"]
