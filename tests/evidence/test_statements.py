"""Every statement holds, whatever the seed; and the table keeps its laws."""

import importlib
import re
from importlib import resources
from typing import get_args

import pytest
import small_statements as small
from slow_statements import SLOW

from inertial.evidence.quotes import COMMENTS, SENTENCES
from inertial.evidence.statement import Verdict
from inertial.evidence.table import ROOMS, STATEMENTS, collect, find

ALL = list(STATEMENTS.values())


def by_name(statement):
    return statement.name


def paced(statements):
    """The statements as parameters; those that take their time are marked slow."""
    slow = pytest.mark.slow
    return [
        pytest.param(s, id=s.name, marks=[slow] if s.name in SLOW else [])
        for s in statements
    ]


def judge(statement, seed):
    finding = statement.experiment(seed)
    failing = [c for c in finding.comparisons if not c.holds]
    assert not failing
    assert finding.holds
    return finding


@pytest.mark.parametrize("statement", ALL, ids=by_name)
def test_a_statement_holds(statement):
    finding = judge(statement, seed=0)
    assert len(finding.seen) > 20
    for comparison in finding.comparisons:
        assert comparison.what
        assert comparison.why
        assert comparison.tolerance >= 0
        assert abs(comparison.predicted) < float("inf")


@pytest.mark.parametrize("statement", paced(ALL))
def test_a_statement_holds_by_other_chance(statement):
    judge(statement, seed=1)


def test_names_are_those_of_the_theory_and_the_questions():
    theory = [f"T{number:02}" for number in range(1, 61)]
    assert list(STATEMENTS) == theory + [f"Q{number}" for number in range(1, 6)]
    assert all(name == s.name for name, s in STATEMENTS.items())


@pytest.mark.parametrize("statement", ALL, ids=by_name)
def test_a_row_is_complete(statement):
    assert statement.verdict in get_args(Verdict)
    assert statement.sentence.endswith((".", "?", "!"))
    assert statement.prediction
    assert statement.topic
    assert statement.because
    assert not statement.because.lower().startswith("only if"), "the words before it"
    assert set(statement.page) <= set(SENTENCES)
    assert len(set(statement.page)) == len(statement.page)


def test_every_sentence_of_the_page_is_spoken_of():
    spoken = {name for statement in ALL for name in statement.page}
    assert spoken == set(SENTENCES)


@pytest.mark.parametrize("name", [*SENTENCES, *COMMENTS])
def test_what_the_page_says_is_judged_by_statements(name):
    quote = {**SENTENCES, **COMMENTS}[name]
    assert quote.said
    assert quote.answer
    assert quote.names
    assert quote.verdict in get_args(Verdict)
    assert set(quote.names) <= set(STATEMENTS)


def test_no_room_with_statements_is_forgotten():
    package = resources.files("inertial.evidence")
    rooms = {
        file.name.removesuffix(".py")
        for file in package.iterdir()
        if file.name.endswith(".py")
        and re.search(r"^STATEMENTS(:.*)? = \(", file.read_text(), re.M)
    }
    assert rooms == set(ROOMS)


def test_two_statements_may_not_share_a_name(monkeypatch):
    room = importlib.import_module(f"inertial.evidence.{ROOMS[0]}")
    twin = room.STATEMENTS[0]._replace(topic="another")
    assert collect([ROOMS[0], ROOMS[0]]) == collect([ROOMS[0]])
    monkeypatch.setattr(room, "STATEMENTS", (*room.STATEMENTS, twin))
    with pytest.raises(ValueError, match="is the name of two statements"):
        collect([ROOMS[0]])


TINY = {
    name: small.statement(name, small.agree, page=page)._replace(sentence=sentence)
    for name, page, sentence in (
        ("T01", ("C1", "C15"), "Noise is averaged."),
        ("T02", ("C15",), "Momentum averages noise in a valley."),
        ("Q1", (), "What is γ?"),
    )
}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], "T01 T02 Q1"),
        (["T02"], "T02"),
        (["t2", "q1"], "T02 Q1"),
        (["Q1", "T01", "T01"], "T01 Q1"),
        (["C15"], "T01 T02"),
        (["c1"], "T01"),
        (["A1"], "T01 T02 Q1"),
        (["noise"], "T01 T02"),
        (["NOISE", "valley"], "T02"),
        (["averages noise"], "T02"),
        (["valley", "Q1"], "T02 Q1"),
    ],
)
def test_words_find_statements(words, names):
    assert [s.name for s in find(words, TINY)] == names.split()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["T99"], "there is no statement T99; there are T01 to T02 and Q1."),
        (["Q7"], "there is no statement Q7"),
        (["C17"], "has no C17: its sentences are C1 to C16, its comments A1 to A5"),
        (["A9"], "has no A9"),
        (["C3"], "no statement speaks of C3"),
        (["zebra"], "no statement speaks of 'zebra'. Try another word"),
        (["noise", "zebra"], "speaks of 'noise' and 'zebra'"),
        (["T01", "T77"], "no statement T77"),
    ],
)
def test_what_finds_nothing_says_what_there_is(words, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        find(words, TINY)
