"""The command starts quickly and is shown as it should be."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from inertial.cli import run
from inertial.training.live import Plain, Silent, Terminal, make_screen
from inertial.training.loop import Moment

HEAVY = ("torch", "sklearn", "scipy", "matplotlib", "rich", "jax")
MOMENT = Moment(5, 1.5, 1.25, 0.1, 0.9, 0.25, {"test_loss": 2.0, "accuracy": 0.5})


def test_help_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "inertial", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert "train" in done.stdout
    assert "demo" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    roots = {name.partition(".")[0] for name in imported}
    assert not roots & set(HEAVY)


def test_the_version_and_the_bare_command(capsys):
    assert run(["--version"]) == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", capsys.readouterr().out)
    assert run([]) in (0, 2)
    assert "Usage: inertial" in capsys.readouterr().out


def test_every_word_has_its_help(capsys):
    assert run(["train", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("lr", "momentum", "physics", "kinetic", "schedule-acts-on", "resume"):
        assert f"--{word}" in said
    assert Path.cwd().exists()


def test_a_terminal_shows_what_was_promised():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=110)
    with Terminal({"digits": 10}, console) as terminal:
        terminal.show(MOMENT)
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    for word in ("digits", "5/10", "loss", "accuracy", "lr", "momentum"):
        assert word in said
    for word in ("kinetic energy", "steps/s", "time left", "1.2500", "0.5", "0.25"):
        assert word in said


def test_elsewhere_lines_are_printed(capsys):
    plain = Plain(total=5, label="one: ")
    plain.show(MOMENT)
    said = capsys.readouterr().out
    assert said.startswith("one: step 5/5: loss 1.2500, accuracy 0.5, lr 0.1, ")
    plain.show(MOMENT._replace(momentum=float("nan"), metrics={}))
    assert "momentum" not in capsys.readouterr().out


def test_the_screen_suits_the_place(capsys):
    assert type(make_screen(5, "x", quiet=True)) is Silent
    assert type(make_screen(5, "x", quiet=False)) is Plain
