"""The demo compares what can be compared, and says what its numbers say."""

from pathlib import Path

import pytest

from inertial.cli import run
from inertial.training import demo, loop


def result(lr, momentum, *steps):
    reached = dict(zip(demo.LEVELS, steps, strict=True))
    return demo.Result(lr, momentum, reached, 0.1, 0.9)


def results(plain, rolling, equal):
    return {
        demo.PLAIN: result(0.01, 0.0, *plain),
        demo.ROLLING: result(0.01, 0.9, *rolling),
        demo.EQUAL: result(0.1, 0.0, *equal),
    }


def test_the_verdict_follows_the_numbers():
    never = (None, None, None)
    alike = demo.verdict(results(never, (90, 110, 160), (70, 90, 150)))
    assert "momentum reached a training loss of 0.25 at step 160" in alike
    assert "the plain run never did in the same budget" in alike
    assert "at step 150 and momentum at step 160 (1.07 times)" in alike
    assert "mostly acts as a larger effective learning rate" in alike
    apart = demo.verdict(results(never, (90, 110, 160), (300, 400, 500)))
    assert "the longer way alone does not explain" in apart
    open_end = demo.verdict(results(never, (90, 110, 160), never))
    assert "So " not in open_end
    nothing = demo.verdict(results(never, never, never))
    assert nothing.count("neither reached a training loss") == 2


def test_the_table_has_a_row_for_each_run():
    lines = demo.table(results((5, 6, None), (1, 2, 3), (1, 2, 4))).splitlines()
    assert len(lines) == 4
    assert "effective lr" in lines[0]
    assert lines[1].split()[-3:] == ["never", "0.100", "90.0%"]
    assert "step 3" in lines[2]


def test_the_demo_makes_three_runs_with_reports(monkeypatch, capsys):
    monkeypatch.setattr(demo, "EPOCHS", 1)
    monkeypatch.setattr(loop, "SHARES", (2.0,))  # no probe: they are tested elsewhere
    assert run(["demo", "--out", "d", "--quiet"]) == 0
    said = capsys.readouterr().out
    for name in demo.FOLDERS.values():
        assert (Path("d") / name / "report.html").exists()
        assert f"d/{name}/report.html" in said
    assert demo.PLAIN in said
    page = Path("d/report.html").read_text()
    assert all(label in page for label in demo.WORDS)


@pytest.mark.slow
def test_the_demo_shows_what_theory_says(capsys):
    assert run(["demo", "--out", "d", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "the plain run never did in the same budget" in said  # at the same lr (T28)
    assert "larger effective learning rate" in said  # T35: equal lr_eff, equal pace
