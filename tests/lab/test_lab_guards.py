"""The lab's server: who may ask, what it refuses, and that nobody waits for others."""

import re
import subprocess
import sys
import threading
import time

import pytest
from starlette.testclient import TestClient

from cases_formulas import HUGE, STRANGE
from inertial.lab import app
from inertial.lab.binary import unpacked
from inertial.lab.controls import PARTICLES, WORK
from inertial.lab.server import Taken, bound

SENT = [*(text for text in STRANGE[::9] if text.strip()), *HUGE[:2]]


@pytest.fixture(scope="module")
def client():
    with TestClient(app.make_app(), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8010", ""]
)
def test_another_host_is_refused(client, host):
    answer = client.get("/api/schema", headers={"host": host})
    assert answer.status_code == 400


def test_the_same_answer_is_packed_for_the_wire_each_time(client):
    first, second = (client.get("/api/schema") for _ in range(2))
    assert first.headers["content-encoding"] == "gzip"
    assert first.content == second.content
    assert first.headers["content-length"] == second.headers["content-length"]


def test_every_answer_keeps_the_page_to_its_server(client):
    for path in ("/", "/api/schema", "/api/none", "/static/none.js"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_slow_request_delays_nobody(monkeypatch):
    free = threading.Event()
    posts = {**app.POSTS, "sim": lambda words: free.wait(10) and {"done": True}}
    monkeypatch.setattr(app, "POSTS", posts)
    with TestClient(app.make_app()) as client:
        done = []
        slow = [
            threading.Thread(
                target=lambda: done.append(client.post("/api/sim", json={}))
            )
            for _ in range(app.AT_ONCE)
        ]
        for thread in slow:
            thread.start()
        time.sleep(0.1)
        start = time.monotonic()
        assert client.get("/api/schema").status_code == 200
        assert time.monotonic() - start < 1.0  # of the ten that the slow ones wait
        assert done == []
        free.set()
        for thread in slow:
            thread.join()
        assert [answer.json() for answer in done] == [{"done": True}] * app.AT_ONCE


@pytest.mark.parametrize("path", ["sim", "analysis", "stability"])
@pytest.mark.parametrize("text", SENT, ids=range(len(SENT)))
def test_a_hostile_formula_gets_a_sentence_at_its_field(client, path, text):
    answer = client.post(f"/api/{path}", json={"l": "formula", "f": text})
    assert answer.status_code == 400
    assert answer.json()["field"] == "f"
    assert answer.json()["error"].endswith((".", "?"))


def test_a_bad_formula_has_no_picture(client):
    found = client.post("/api/landscape", json={"l": "formula", "f": "x^2"}).json()
    assert found["error"]["at"] == 1
    assert "write **" in found["error"]["sentence"]
    assert "heights" not in found


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "table of words"),
        (b"[1, 2]", "table of words"),
        (b"\xff\xfe", "table of words"),
        (b"[" * 10**6, "table of words"),
        (b" " * (app.LARGEST_BODY + 1), "A request may have"),
    ],
    ids=range(5),
)
def test_a_body_that_is_no_state_is_refused(client, body, said):
    answer = client.post("/api/sim", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({}, "from"),
        ({"from": "physics", "mass": 1}, "friction"),
        ({"from": "physics", "mass": "a", "friction": 0, "time_step": 1}, "mass"),
        ({"from": "framework", "lr": float("inf"), "momentum": 0.9}, "lr"),
        ({"from": "framework", "lr": 0.1, "momentum": None}, "momentum"),
    ],
)
def test_a_conversion_without_numbers_is_refused(client, words, field):
    import json

    answer = client.post("/api/convert", content=json.dumps(words))
    assert answer.status_code == 400
    assert answer.json()["field"] == field


@pytest.mark.parametrize("path", ["/api/none", "/static/../app.py", "/static/%2e%2e/a"])
def test_what_is_not_there_is_said(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is nothing at" in answer.json()["error"]


def test_work_is_limited(client):
    asked = {"steps": 5000, "p": "0,0;" * 50, "seq": 1}
    header, values = unpacked(client.post("/api/sim", json=asked).content)
    assert values.shape[1] == PARTICLES
    assert header["particles"] * header["steps"] <= WORK
    assert any("more than the lab takes" in said for said in header["notices"])


def test_an_error_of_our_own_is_a_sentence(monkeypatch):
    posts = {**app.POSTS, "sim": lambda words: 1 / 0}
    monkeypatch.setattr(app, "POSTS", posts)
    with TestClient(app.make_app(), raise_server_exceptions=False) as client:
        answer = client.post("/api/sim", json={})
    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.json()["error"]


def test_a_taken_port_is_said_and_the_next_one_found():
    with bound() as first:
        port = first.getsockname()[1]
        with pytest.raises(Taken, match=f"--port {port} is taken"):
            bound(port)
        with bound() as second:
            assert second.getsockname()[1] != port


def test_the_command_refuses_what_it_cannot_serve(tmp_path, capsys):
    from inertial.cli import run

    (tmp_path / "file").write_text("")
    assert run(["lab", "--runs", str(tmp_path / "file"), "--no-browser"]) == 2
    assert "must be a folder, but is a file" in capsys.readouterr().err
    assert run(["lab", "--port", "99999", "--no-browser"]) == 2
    assert "--port must be 0 to 65535" in capsys.readouterr().err


@pytest.mark.slow
def test_it_starts_quickly_without_torch_and_ends_in_one_line(tmp_path):
    import os
    import signal
    import urllib.request

    code = (
        "import sys, time\nfrom inertial.cli import run\n"
        f"words = ['lab', '--no-browser', '--port', '0', '--runs', {str(tmp_path)!r}]"
        "\ncode = run(words)"
        "\nprint('torch' in sys.modules, code, time.process_time() < 2.5)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    address = re.search(r"http://127.0.0.1:\d+/", server.stdout.readline())[0]
    # the address is said once the port listens, so nobody is refused
    with urllib.request.urlopen(f"{address}api/schema") as answer:
        assert answer.status == 200
    stream = urllib.request.urlopen(f"{address}api/runs")
    stream.close()
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=10)
    # 2.5 s of work at the most, where others use the same cores; 1 on a quiet machine
    assert out.splitlines() == ["The lab is closed.", "False 0 True"]
    assert err == ""
