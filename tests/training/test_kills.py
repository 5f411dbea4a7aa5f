"""A run that is killed at any moment and resumed equals the run that never was."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
TASK = str(HERE / "tiny_task.py")
QUIET = ["--quiet", "--no-report"]
KILLED = 9  # what waitpid says of a process that SIGKILL ended


def start(path, *words):
    return [
        "train",
        TASK,
        "--checkpoint-every",
        "5",
        *words,
        "--out",
        str(path),
        *QUIET,
    ]


def again(path):
    return ["train", "--resume", str(path), *QUIET]


def serve(trials):
    done = subprocess.run(
        [sys.executable, str(HERE / "kill_server.py")],
        input=json.dumps(trials),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return json.loads(done.stdout), done.stderr


def rows(path, table):
    columns = {
        "steps": "step, epoch, samples, loss, lr, momentum, kinetic, work, heat, "
        "schedule_work, gradient_norm, momentum_norm, displacement_norm",
        "portrait": "step, probe_step, rank, position, momentum",
        "evaluations": "step, name, value",
        "probes": "step, rank, curvature, residual",
    }[table]
    with closing(sqlite3.connect(path / "run.sqlite")) as base:
        return base.execute(
            f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3"
        ).fetchall()


def newest_state(path):
    newest = sorted((path / "checkpoints").glob("*.pt"))[-1]
    return torch.load(newest, weights_only=True)


def check_equal(path, reference):
    for table in ("steps", "evaluations", "probes", "portrait"):
        assert rows(path, table) == rows(reference, table), table  # bit for bit
    one, other = newest_state(path), newest_state(reference)
    for name, value in one["model"].items():
        assert torch.equal(value, other["model"][name]), name
    assert torch.equal(one["chance"]["torch"], other["chance"]["torch"])
    assert one["chance"]["python"] == other["chance"]["python"]
    assert not list(path.glob("**/.*"))  # no leftover of a kill


MOMENTS = [
    {"call": "rename", "nth": 1},  # the folder is complete, but has no name yet
    {"call": "save", "nth": 1},  # there are records, but no checkpoint
    {"call": "replace", "nth": 5},  # a checkpoint is written, but not published
    {"call": "insert", "nth": 50},  # in the middle of an epoch
]


def killed_and_resumed(tmp_path, moments, *words):
    reference = tmp_path / "reference"
    trials = [{"arguments": start(reference, *words), "kill": None}]
    for number, moment in enumerate(moments):
        path = tmp_path / str(number)
        trials.append({"arguments": start(path, *words), "kill": moment})
        trials.append({"arguments": again(path), "kill": None})
    statuses, said = serve(trials)
    assert statuses[0][0] == 0, said
    for number, moment in enumerate(moments):
        killed, resumed = statuses[1 + 2 * number][0], statuses[2 + 2 * number][0]
        path = tmp_path / str(number)
        assert killed == KILLED, (moment, said)
        if moment["call"] in ("rename", "mkdir") or not path.exists():
            # The run never began: no folder, and a resume that says so.
            assert not path.exists()
            assert resumed == 2 << 8
            continue
        assert resumed == 0, (moment, said)
        check_equal(path, reference)


def test_a_killed_run_goes_on_to_the_same_digits(tmp_path):
    killed_and_resumed(tmp_path, MOMENTS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["--schedule", "onecycle", "--nesterov"],
        ["--method", "adamw", "--schedule", "cosine", "--warm-up", "4"],
        ["--state-dtype", "bfloat16", "--schedule-acts-on", "clock"],
        ["--kinetic", "relativistic", "--weight-decay", "0.01"],
    ],
    ids=lambda words: words[1],
)
def test_every_write_can_be_the_last(tmp_path, words):
    moments = [
        {"call": call, "nth": nth}
        for call, count in [("fsync", 12), ("replace", 8), ("unlink", 4), ("commit", 4)]
        for nth in range(1, count + 1)
    ]
    killed_and_resumed(tmp_path, moments, *words)


@pytest.mark.slow
def test_twenty_four_kills_at_random_moments(tmp_path):
    chance = random.Random(20261123)
    words = ["--epochs", "20"]
    reference = tmp_path / "reference"
    statuses, said = serve([{"arguments": start(reference, *words), "kill": None}])
    assert statuses[0][0] == 0, said
    duration = statuses[0][1]
    kills = 0
    for number in range(8):  # each run is killed three times, then finished
        path = tmp_path / str(number)
        trials = []
        for _ in range(3):
            moment = {"seconds": chance.uniform(0.0, 0.5 * duration)}
            if not trials:
                moment = {"seconds": chance.uniform(0.3, 0.9) * duration}
            arguments = start(path, *words) if not trials else again(path)
            trials.append({"arguments": arguments, "kill": moment})
        trials.append({"arguments": again(path), "kill": None})
        statuses, said = serve(trials)
        kills += sum(status == KILLED for status, _ in statuses)
        if not path.exists():
            continue  # killed before the run began
        assert statuses[-1][0] == 0, said
        check_equal(path, reference)
    assert kills >= 20
