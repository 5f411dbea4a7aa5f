"""A wrong library is noticed: each statement fails under a mutation of its own."""

import importlib
from pathlib import Path

import pytest
from slow_statements import SLOW

from inertial.evidence.table import STATEMENTS

MUTATIONS = [
    mutation
    for file in sorted(Path(__file__).parent.glob("mutations_*.py"))
    for mutation in importlib.import_module(file.stem).MUTATIONS
]


def paced(mutations):
    slow = pytest.mark.slow
    return [
        pytest.param(m, id=f"{m.name}: {m.wrong}", marks=[slow] * (m.name in SLOW))
        for m in mutations
    ]


@pytest.mark.parametrize("mutation", paced(MUTATIONS))
# A wrong library may overflow or divide by nothing: that, too, is being noticed.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_experiment_notices_a_wrong_library(mutation, monkeypatch):
    mutation.apply(monkeypatch)
    try:
        holds = STATEMENTS[mutation.name].experiment(0).holds
    except Exception:
        holds = False
    assert not holds, f"{mutation.name} holds although {mutation.wrong}"


def test_every_statement_has_a_mutation():
    assert set(STATEMENTS) == {mutation.name for mutation in MUTATIONS}


def test_every_mutation_says_what_is_wrong():
    assert all(len(mutation.wrong) > 10 for mutation in MUTATIONS)
