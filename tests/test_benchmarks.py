"""The benchmark's judgement, on made-up timings: what holds and what does not."""

import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def step(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("step")
    for name in ("step", "cases"):
        sys.modules.pop(name, None)


def case_of(step, *marks):
    return step.Case("made up", [(8,)], ("a", "b"), marks, "b")


TIMES = {"a": [1.0, 2.0, 9.0], "b": [2.0, 4.0, 6.0]}


def test_ratio_is_of_times_within_one_round(step):
    # 0.5, 0.5 and 1.5: the ratio of the medians is 0.5 too, its quartiles are not
    assert step.ratio(TIMES["a"], TIMES["b"]) == (0.5, 0.5, 1.0)


@pytest.mark.parametrize(
    ("limit", "at_least", "scale", "holds"),
    [
        (0.6, False, 1.0, True),
        (0.4, False, 1.0, False),
        (1.9, True, 1.0, True),  # b / a is 2 where speeds are asked for
        (2.1, True, 1.0, False),
        (2.1, True, 1.25, True),
    ],
)
def test_mark_is_judged_on_its_own_side(step, limit, at_least, scale, holds):
    mark = step.Mark("a", "b", limit, at_least, scale)
    (row,) = step.judged(case_of(step, mark), TIMES)
    assert row.holds is holds


def test_mark_without_an_entrant_is_not_measured(step):
    case = case_of(step, step.Mark("a", "absent", 0.5))
    (row,) = step.judged(case, TIMES)
    assert row.holds is None
    assert "| not measured |" in step.marks_table([row])[-1]


def test_report_says_what_is_missed_and_left_out(step):
    case = case_of(step, step.Mark("a", "b", 0.4))
    text = step.report([case], {"made up": TIMES}, {"c": "it is not installed"})
    assert "| ≤ 0.40 | 0.500 [0.500, 1.000] | **no** |" in text
    assert "left out: c (it is not installed)" in text
    written = json.dumps(step.as_json([case], {"made up": TIMES}, {}))
    assert json.loads(written)["marks"][0]["holds"] is False


def test_every_mark_and_base_takes_part_in_its_case(step):
    for case in step.CASES:
        assert {*case.entrants} <= {*step.ENTRANTS}
        assert case.base in case.entrants
        for mark in case.marks:
            assert {mark.ours, mark.against} <= {*case.entrants}


def test_timed_calls_every_entrant_once_a_round(step):
    case = step.CASES[4]._replace(entrants=("Inertial, sums", "torch SGD fused"))
    times, missing = step.timed(case, seconds=0.0, fewest=4)
    assert {name: len(found) for name, found in times.items()} == dict.fromkeys(
        case.entrants, 4
    )
    assert not missing
