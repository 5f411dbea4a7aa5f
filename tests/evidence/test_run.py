"""Experiments run apart from each other, and nothing that breaks is lost."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_statements as small

from inertial.evidence.run import Result, carry_out, run

HERE = Path(__file__).parent


def named(statements, **words):
    return {result.name: result for result in run(statements, **words)}


def test_every_experiment_comes_home_whatever_breaks():
    """A process that dies, one that cannot be reached, and those that go on."""
    statements = [
        small.statement("T01", small.agree),
        small.statement("T02", small.dying),
        small.statement("T03", small.broken),
        small.statement("T04", lambda seed: small.agree(seed)),
        small.statement("T05", small.differ),
        small.statement("T06", small.empty),
        small.statement("T07", small.threads),
    ]
    found = named(statements, workers=2)
    assert sorted(found) == [s.name for s in statements]
    assert [n for n, r in sorted(found.items()) if r.holds] == ["T01", "T07"]
    assert found["T02"].error == "its process died (exit code 7)"
    assert found["T03"].error.startswith("ZeroDivisionError: nothing to divide by (")
    assert "small_statements.py, line" in found["T03"].error
    assert found["T04"].error.startswith("cannot be sent: ")
    assert found["T05"].error == ""
    assert found["T05"].telling.what == "rate that differs"
    assert found["T06"].error == "the experiment compared nothing"
    assert not multiprocessing.active_children()


def test_the_threads_of_this_process_stay_as_they_were(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    found = named([small.statement("T01", small.threads)])
    assert found["T01"].holds
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ


def test_nothing_to_run_is_nothing():
    assert named([]) == {}


def test_a_seed_makes_the_same_numbers_again():
    chance = small.statement("T01", small.chance)
    first, second, other = (carry_out(chance, seed).comparisons for seed in (1, 1, 2))
    assert first == second != other


def test_a_figure_that_breaks_is_told_and_the_numbers_stay():
    result = carry_out(small.statement("T01", small.undrawn), 0, pictures=True)
    assert result.error.startswith("the figure: RuntimeError: no ink (")
    assert not result.holds
    assert result.comparisons
    assert carry_out(small.statement("T01", small.undrawn), 0).holds


def test_a_figure_comes_only_where_it_is_asked_for():
    agree = small.statement("T01", small.agree)
    assert carry_out(agree, 0).svg == ""
    assert carry_out(agree, 0, pictures=True).svg.startswith("<svg")


def test_a_result_without_comparisons_does_not_hold():
    assert not Result("T01").holds
    assert Result("T01").telling is None


def test_whoever_stops_listening_ends_the_processes():
    statements = [
        small.statement("T01", small.agree),
        small.statement("T02", small.sleeping),
    ]
    finished = run(statements, workers=2)
    assert next(finished).name == "T01"
    start = time.monotonic()
    finished.close()
    assert time.monotonic() - start < 10  # it would have slept for 60 s
    assert not multiprocessing.active_children()


SCRIPT = """
import small_statements as small
from inertial.evidence.run import run
if __name__ == "__main__":
    statements = [small.statement(f"T0{i}", small.sleeping) for i in range(2)]
    statements.insert(0, small.statement("T09", small.agree))
    print("ready", flush=True)
    for result in run(statements, workers=2):
        print(result.name, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
@pytest.mark.parametrize("lines", [1, 2])
def test_ctrl_c_stops_at_once(tmp_path, lines):
    """While the processes start, and while they work."""
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py"],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for expected in ("ready\n", "T09\n")[:lines]:
        assert process.stdout.readline() == expected
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    # It ends when nobody holds its output any more: not after the workers' 60 s.
    _, told = process.communicate(timeout=20)
    assert told.count("Traceback") == 1  # ours; the workers say nothing
    assert "KeyboardInterrupt" in told
    assert process.returncode != 0
