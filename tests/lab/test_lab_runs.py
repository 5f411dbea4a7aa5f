"""Runs in the lab: as they were recorded, live, and none outside the folder."""

import json
import os
import sqlite3
import threading
import time

import numpy
import pytest
from starlette.testclient import TestClient

from cases_runs import write_run
from inertial.lab import decode
from inertial.lab.app import make_app
from inertial.lab.binary import unpacked
from inertial.lab.runs import Shelf
from inertial.lab.scene import read_scene
from inertial.training.glance import held, read_columns, standing
from inertial.training.history import read_history
from inertial.training.reading import sentences


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("shelf") / "runs"
    write_run(root / "calm", steps=300)
    write_run(root / "demo" / "noisy", steps=5000, noise=0.2)
    write_run(root / "wild", steps=400, lr=2.0)
    write_run(root / "short", steps=50, total_steps=100)
    (root / "half").mkdir()
    (root / "half" / "config.json").write_text('{"task":')
    (root / "empty").mkdir()
    (root / "empty" / "config.json").write_text('{"task": "digits"}')
    sqlite3.connect(root / "empty" / "run.sqlite").close()
    torn = root / "torn"
    write_run(torn, steps=20)
    (torn / "run.sqlite").write_bytes(b"SQLite format 3\0" + b"garbage" * 900)
    outside = write_run(root.parent / "outside", steps=10)
    (root / "link").symlink_to(outside)
    return root


@pytest.fixture(scope="module")
def client(root):
    with TestClient(make_app(root), raise_server_exceptions=False) as client:
        yield client


def test_each_run_says_how_it_stands(client):
    rows = {row["id"]: row for row in client.get("/api/runs").json()}
    states = {name: row["state"] for name, row in rows.items()}
    assert states == {
        "calm": "finished",
        "demo/noisy": "finished",
        "wild": "finished",
        "short": "interrupted",
        "half": "broken",
        "empty": "broken",
        "torn": "broken",
    }
    assert "diverged" in rows["wild"]["sentence"]
    assert rows["wild"]["loss"] is None
    assert "Stopped after step 50 of 100" in rows["short"]["sentence"]
    assert "no run.sqlite" in rows["half"]["sentence"]
    assert "cannot be read" in rows["torn"]["sentence"]
    assert rows["calm"]["setting"] == "sgd, lr 0.02, momentum 0.9"


def test_a_run_is_read_as_its_report_reads_it(client, root):
    found = client.get("/api/runs/demo/noisy").json()
    history = read_history(root / "demo" / "noisy")
    assert found["sentences"] == sentences(history)
    assert {"name": "loss", "title": "Loss of the batch", "unit": "loss"} in found[
        "columns"
    ]
    codes = {row["framework"]: row["code"] for row in found["snippets"]}
    assert codes["Optax"] == "optax.sgd(learning_rate=0.02, momentum=0.9)"


def test_a_setting_opens_in_explore(client):
    words = client.get("/api/runs/calm").json()["explore_state"]
    state, notices = decode(words)
    scene = read_scene(state)
    assert notices == []
    six = scene.coefficients(0)
    # lr 0.02 and momentum 0.9 of the run, its curvatures 10 and 1; twelve digits
    assert six.kick * six.drift == pytest.approx(0.02, rel=1e-11)
    assert six.decay == pytest.approx(0.9, rel=1e-11)
    assert scene.reference(0).curvatures == pytest.approx([1, 10], rel=1e-9)


def test_few_rows_come_as_they_are(client, root):
    answer = client.get("/api/runs/calm/data?columns=heat,step,loss")
    header, values = unpacked(answer.content, "<f8")
    base = sqlite3.connect(root / "calm" / "run.sqlite")
    rows = base.execute("SELECT heat, step, loss FROM steps ORDER BY step").fetchall()
    base.close()
    assert header["columns"] == ["heat", "step", "loss"]
    assert not header["decimated"]
    assert numpy.array_equal(values.T, rows)
    later = client.get("/api/runs/calm/data?columns=step&since=297").content
    assert unpacked(later, "<f8")[1].tolist() == [[298.0, 299.0]]


def test_many_rows_keep_their_peaks_and_are_real(client, root):
    answer = client.get("/api/runs/demo/noisy/data?columns=loss,step,heat&points=100")
    header, (loss, step, heat) = unpacked(answer.content, "<f8")
    every = read_columns(root / "demo" / "noisy", ("loss", "step", "heat"), 10**6)
    assert header["decimated"]
    assert header["last_step"] == 4999
    assert len(step) <= 100
    assert (numpy.diff(step) > 0).all()
    at = step.astype(int)
    assert numpy.array_equal(every.values[:, at], [loss, step, heat])
    assert loss.max() == every.values[0].max()
    assert loss.min() == every.values[0].min()


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "..%2foutside", "%2e%2e/outside", "calm/../../outside", "link",
        "/etc", "//etc/passwd", "calm%2f..%2fcalm", ".", "", "%00", "calm%00", "a\\b",
        "no", "calm/config.json", "~", "calm//",
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["/data", "/stream", "/reading", "/"])
def test_nothing_outside_the_folder_is_read(client, name, what):
    answer = client.get(f"/api/runs/{name}{what}".removesuffix("/"))
    if answer.status_code == 200:  # the list itself
        assert answer.request.url.path.rstrip("/") == "/api/runs"
        return
    assert answer.status_code == 404
    assert "outside" not in answer.text or "There is no" in answer.text
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("columns=nope", "The run has no column 'nope'"),
        ('columns=loss" FROM steps; --', "The run has no column"),
        ("columns=loss&points=x", "`points` must be a whole number"),
        ("columns=loss&since=1.5", "`since` must be a whole number"),
    ],
)
def test_a_question_that_makes_no_sense_gets_a_sentence(client, query, said):
    answer = client.get(f"/api/runs/calm/data?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_held_run_is_running(root):
    fcntl = pytest.importorskip("fcntl")
    folder = root / "short"
    with (folder / "config.json").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert held(folder)
        assert standing(folder).state == "running"
    assert not held(folder)


def test_a_new_row_and_the_end_are_told_within_half_a_second(tmp_path):
    import anyio

    folder = write_run(tmp_path / "live", steps=30, total_steps=32)
    seen = []

    async def watch():
        with anyio.move_on_after(8):
            async for event in Shelf(tmp_path).stream("live"):
                kind, _, data = event.decode().strip().split("\n")
                said = json.loads(data.removeprefix("data: "))
                seen.append((time.monotonic(), kind.removeprefix("event: "), said))
                if said.get("state") in ("finished", "broken"):
                    return

    def write():
        base = sqlite3.connect(folder / "run.sqlite")
        for step in (30, 31):
            time.sleep(0.5)
            base.execute("INSERT INTO steps(step, loss) VALUES (?, 1.0)", (step,))
            base.commit()
            written.append(time.monotonic())
        base.close()

    written = []
    writer = threading.Thread(target=write)
    writer.start()
    anyio.run(watch)
    writer.join()
    rows = {said["last_step"]: when for when, kind, said in seen if kind == "rows"}
    assert list(rows) == [29, 30, 31]
    for step, when in zip((30, 31), written, strict=True):
        assert rows[step] - when < 0.5
    assert seen[1][2]["state"] == "interrupted"
    assert seen[-1][2]["state"] == "finished"


def test_a_deleted_run_is_told(tmp_path):
    import anyio

    folder = write_run(tmp_path / "gone", steps=5, total_steps=9)

    async def watch():
        told = []
        async for event in Shelf(tmp_path).stream("gone"):
            told.append(event)
            if b'"state":"broken"' in event:
                return told
            if len(told) == 2:
                for file in ("run.sqlite", "config.json"):
                    os.remove(folder / file)

    assert b"has no config.json" in anyio.run(watch)[-1]


@pytest.mark.slow
def test_a_million_steps_open_at_once(tmp_path):
    folder = write_run(tmp_path / "million", steps=1)
    base = sqlite3.connect(folder / "run.sqlite")
    loss = numpy.random.default_rng(0).standard_normal(1_000_000) ** 2
    loss[654_321] = 1e3
    rows = ((step, value, 0.1, 0.9) for step, value in enumerate(loss.tolist()))
    base.execute("DELETE FROM steps")
    base.executemany(
        "INSERT INTO steps(step, loss, lr, momentum) VALUES (?, ?, ?, ?)", rows
    )
    base.commit()
    base.close()
    with TestClient(make_app(tmp_path)) as client:
        start = time.process_time()
        found = client.get("/api/runs/million").json()
        data = client.get("/api/runs/million/data?columns=loss,step").content
        spent = time.process_time() - start
    assert found["steps"] == 1_000_000
    assert found["sentences"] is None
    assert unpacked(data, "<f8")[1][0].max() > 999
    assert spent < 1.0  # of this process: the machine may be busy with others
