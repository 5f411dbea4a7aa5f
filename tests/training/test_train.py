"""`inertial train` from its words to its run folder, in one process."""

import json
import os
import random
import signal
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from inertial.cli import run
from inertial.training import checkpoint
from inertial.training.job import begin, execute
from inertial.training.live import Silent
from inertial.training.options import Options
from inertial.training.records import TABLES
from inertial.training.run import reader

HERE = Path(__file__).parent
TINY = str(HERE / "tiny_task.py")
EXAMPLE = str(HERE.parents[1] / "examples/own_task.py")
QUIET = ["--quiet", "--no-report"]


def train(*words, out="r", code=0):
    assert run(["train", *words, "--out", out, *QUIET]) == code
    return Path(out)


def ask(path, query):
    with closing(reader(path)) as base:
        return base.execute(query).fetchall()


def numbers(path):
    return ask(path, "SELECT step, loss, kinetic, displacement_norm FROM steps")


def test_a_run_folder_says_everything(capsys):
    assert run(["train", TINY, "--lr", "0.1", "--steps", "20", "--out", "r"]) == 0
    said = capsys.readouterr().out
    assert "step 20/20" in said
    assert "time left 0 s" in said
    assert "The loss" in said  # the reading
    assert "Report: r/report.html" in said
    config = json.loads(Path("r/config.json").read_text())
    assert config["options"]["optimizer"] == {"lr": 0.1, "momentum": 0.9}
    assert config["seed"] == 0
    assert config["threads"] == 1
    assert config["total_steps"] == 20
    assert config["versions"]["torch"] == torch.__version__.split("+")[0] or (
        config["versions"]["torch"] == torch.__version__
    )
    path = Path("r")
    assert (path / "report.html").stat().st_size > 1000
    steps = ask(path, "SELECT step, epoch, samples, lr, momentum FROM steps")
    assert steps[0] == (1, 0.125, 8, 0.1, 0.9)
    assert steps[-1] == (20, 2.5, 160, 0.1, 0.9)
    assert [s for (s,) in ask(path, "SELECT step FROM evaluations")] == [0, 8, 16, 20]
    assert ask(path, "SELECT DISTINCT step FROM probes") == [
        (0,),
        (5,),
        (10,),
        (15,),
        (20,),
    ]
    assert ask(path, "SELECT count(*) FROM portrait") == [(40,)]
    assert "cannot go on" not in said


def test_the_records_hold_an_energy_account():
    path = train(TINY, "--lr", "0.1", "--schedule", "linear")
    rows = ask(path, "SELECT kinetic, work, heat, schedule_work FROM steps")
    for (before, *_), (kinetic, work, heat, schedule) in pairwise(rows):
        # kinetic energy changes by what is put in and what friction takes; float64 sums
        # of float32 products: some 1e-7 of the largest entry
        assert kinetic - before == pytest.approx(work - heat + schedule, abs=1e-6)


def test_the_portrait_moves_with_its_momentum():
    path = train(TINY, "--lr", "0.1")
    lines = ask(
        path,
        "SELECT rank, probe_step, step, position, momentum FROM portrait "
        "ORDER BY rank, step",
    )
    compared = 0
    for (rank, probe, _, before, _), (rank2, probe2, step, after, p) in pairwise(lines):
        if (rank, probe) == (rank2, probe2):
            # position' = position + lr * momentum', in float32
            assert after - before == pytest.approx(0.1 * p, abs=1e-6), step
            compared += 1
    assert compared > 30


def test_the_records_can_be_read_while_the_run_goes_on(monkeypatch):
    seen = []
    real = checkpoint.save

    def save(folder, step, payload, *, good):
        if step:
            seen.append((step, len(ask(Path("r"), "SELECT step FROM steps"))))
        return real(folder, step, payload, good=good)

    monkeypatch.setattr(checkpoint, "save", save)
    train(TINY, "--checkpoint-every", "6")
    assert seen == [(step, step) for step in (6, 12, 18, 24)]


def test_the_seed_is_the_run():
    one, same = train(TINY), train(TINY, out="same")
    other = train(TINY, "--seed", "1", out="other")
    assert numbers(one) == numbers(same)
    assert numbers(one) != numbers(other)


def test_a_watched_run_is_the_same_run(capsys):
    quiet = train(TINY)
    assert run(["train", TINY, "--out", "loud", "--no-report"]) == 0
    assert numbers(quiet) == numbers(Path("loud"))


def test_whoever_watches_may_draw_from_chance():
    class Gambler(Silent):
        def show(self, moment):
            random.random()
            torch.rand(3)

    quiet = train(TINY)
    job = begin(Options(TINY, {}, {}), Path("watched"))
    random.random()
    assert execute(job, Gambler()).code == 0
    assert numbers(Path("watched")) == numbers(quiet)


@pytest.mark.parametrize(
    "words",
    [
        ["--nesterov"],
        ["--method", "nesterov", "--momentum", "0.8"],
        ["--method", "adam"],
        ["--method", "adamw", "--betas", "0.8,0.99", "--eps", "1e-6"],
        ["--method", "lion", "--lr", "0.01"],
        ["--method", "signum", "--momentum", "0.8"],
        ["--method", "muon", "--lr", "0.02"],
        ["--method", "qhm", "--lr", "0.1", "--momentum", "0.9", "--nu", "0.5"],
        ["--method", "rmsprop", "--alpha", "0.9"],
        ["--kinetic", "relativistic"],
        ["--physics", "mass=20,friction=2,time-step=1,law=explicit"],
        ["--weight-decay", "0.01", "--decoupled-weight-decay", "--dampening", "0.1"],
        ["--schedule", "onecycle", "--state-dtype", "bfloat16"],
        ["--schedule", "cosine", "--warm-up", "3", "--schedule-acts-on", "force"],
        ["--schedule", "step", "--schedule-acts-on", "clock", "--kernel", "foreach"],
    ],
    ids=" ".join,
)
def test_every_word_trains(words):
    path = train(TINY, *words, "--steps", "6")
    assert ask(path, "SELECT count(*), count(loss) FROM steps") == [(6, 6)]
    assert ask(path, "SELECT max(displacement_norm) > 0 FROM steps") == [(1,)]


def test_physics_and_words_are_the_same_run():
    words = train(TINY, "--lr", "0.05", "--momentum", "0.9", out="words")
    # lr = time_step^2/mass, momentum = 1 - friction*time_step/mass
    physics = "mass=20,friction=2,time-step=1,law=explicit"
    particle = train(TINY, "--physics", physics, out="particle")
    for one, other in zip(numbers(words), numbers(particle), strict=True):
        assert one[:2] == pytest.approx(other[:2], rel=1e-5)  # float32, 24 steps


def test_threads_and_device_are_as_asked():
    path = train(TINY, "--threads", "2", "--device", "cpu", "--steps", "2")
    config = json.loads((path / "config.json").read_text())
    assert (config["threads"], config["device"]) == (2, "cpu")


@pytest.fixture
def _signals():
    """Signals as a terminal leaves them: in the background some are ignored."""
    defaults = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, h) for number, h in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_a_signal_that_is_ignored_stays_ignored(monkeypatch):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    monkeypatch.setenv("TINY_SIGNAL", "SIGHUP")
    monkeypatch.setenv("TINY_STOP_AT", str(8 + 3))
    path = train(TINY, "--steps", "5")
    assert ask(path, "SELECT count(*) FROM steps") == [(5,)]


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)]
)
def test_a_signal_stops_and_says_how_to_go_on(name, code, monkeypatch, capsys):
    whole = train(TINY, out="whole")
    monkeypatch.setenv("TINY_SIGNAL", name)
    # the eight batches that are looked through beforehand count too
    monkeypatch.setenv("TINY_STOP_AT", str(8 + 11))
    path = train(TINY, out="stopped", code=code)
    said = capsys.readouterr().err
    assert said == (
        "inertial: stopped at step 11 of 24; "
        "to go on: inertial train --resume stopped\n"
    )
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    monkeypatch.setenv("TINY_STOP_AT", "-1")
    assert run(["train", "--resume", "stopped", *QUIET]) == 0
    assert numbers(path) == numbers(whole)


def test_a_finished_run_has_nothing_left_to_do(capsys):
    path = train(TINY)
    before = numbers(path), (path / "config.json").read_bytes()
    assert run(["train", "--resume", "r", "--no-report"]) == 0
    assert "was finished already (step 24 of 24)" in capsys.readouterr().out
    assert (numbers(path), (path / "config.json").read_bytes()) == before


def test_a_run_can_be_resumed_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(Path(TINY).read_text())
    path = train("mine.py", "--steps", "4").resolve()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(["train", "--resume", str(path), *QUIET]) == 0


DIVERGING = """
import torch
from torch import nn
from inertial.training import Defaults, from_tensors
def task():
    x = torch.linspace(-1, 1, 32).unsqueeze(1)
    return from_tensors("steep", nn.Linear(1, 1), (x, 3 * x), (x, 3 * x),
                        loss=nn.functional.mse_loss, batch_size=32,
                        defaults=Defaults(lr=0.1, momentum=0.0, epochs=400, threads=1))
"""


def test_a_loss_that_diverges_stops_the_run_with_its_physics(tmp_path, capsys):
    (tmp_path / "steep.py").write_text(DIVERGING)
    # curvature 2 (of the bias): unstable above lr = 2(1+0.9)/2 = 1.9
    assert (
        run(["train", "steep.py", "--lr", "30", "--momentum", "0.9", "--out", "r"]) == 3
    )
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "lr·curvature was 60" in printed.err
    assert "2(1+momentum) = 3.8" in printed.err
    assert "The last good checkpoint is r/checkpoints/step-00000000.pt" in printed.err
    assert "Traceback" not in printed.err
    assert Path("r/report.html").exists()
    (step, text), *_ = ask(
        Path("r"), "SELECT step, text FROM notes WHERE kind = 'diverged'"
    )
    assert f"step {step}" in text
    for path in Path("r/checkpoints").glob("*.pt"):  # no nan was ever saved
        for value in torch.load(path, weights_only=True)["model"].values():
            assert torch.isfinite(value).all()
    assert ask(Path("r"), "SELECT loss FROM steps ORDER BY step DESC")[0][
        0
    ] is None or (
        ask(Path("r"), "SELECT loss FROM steps ORDER BY step DESC")[0][0] > 1e30
    )
    assert run(["train", "--resume", "r"]) == 2
    assert "would diverge again at the same step" in capsys.readouterr().err


def test_the_edge_of_stability_is_where_the_theory_says(tmp_path):
    (tmp_path / "steep.py").write_text(DIVERGING)
    words = ["steep.py", "--momentum", "0.9", "--steps", "150"]
    stable = train(*words, "--lr", "1.88", out="below")
    losses = [loss for (loss,) in ask(stable, "SELECT loss FROM steps")]
    assert losses[-1] < losses[0]
    rising = train(*words, "--lr", "1.92", "--checkpoint-every", "30", out="above")
    losses = [loss for (loss,) in ask(rising, "SELECT loss FROM steps")]
    assert losses[-1] > 100 * losses[0]
    kept = checkpoint.listing(rising / "checkpoints")
    assert [found.good for found in kept] == [True, False, False]


def test_nan_that_appears_in_the_data_later_is_told(tmp_path, capsys):
    text = (
        Path(TINY)
        .read_text()
        .replace(
            "yield x + noise, y", "yield (x / 0 if drawn == 8 + 10 else x + noise), y"
        )
    )
    (tmp_path / "late.py").write_text(text)
    train("late.py", code=3)
    said = capsys.readouterr().err
    assert "At step 10 the data held" in said
    assert "batch 2 of epoch 2" in said


def test_the_example_of_an_own_task_learns():
    path = train(EXAMPLE, "--epochs", "2", "--batch-size", "16")
    assert ask(path, "SELECT count(*) FROM steps") == [(100,)]
    values = dict(
        ask(path, "SELECT step, value FROM evaluations WHERE name = 'accuracy'")
    )
    assert values[100] > 0.55  # two spirals: chance is 0.5


def test_a_report_can_be_written_again():
    path = train(TINY, "--steps", "5")
    assert run(["report", str(path)]) == 0
    assert (path / "report.html").exists()


def test_the_run_folder_is_chosen_afresh_each_time(capsys):
    for _ in range(2):
        assert run(["train", TINY, "--steps", "1", *QUIET]) == 0
    found = sorted(Path("runs").iterdir())
    assert len(found) == 2
    assert all(path.name.startswith("tiny-") for path in found)


def test_the_tables_are_what_readers_were_promised():
    path = train(TINY, "--steps", "1")
    for table, columns in TABLES.items():
        names = [row[1] for row in ask(path, f"PRAGMA table_info({table})")]
        promised = [
            c.split()[0] for c in columns.split(", ") if "PRIMARY KEY (" not in c
        ]
        assert names == [
            name for name in promised if name != "rank)" and name != "name)"
        ]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        ask(path, "DELETE FROM steps")
    assert os.access(path / "run.sqlite", os.R_OK)
