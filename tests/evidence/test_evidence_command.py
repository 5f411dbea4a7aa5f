"""`inertial evidence`: what it prints, writes, refuses, and with which code it ends."""

import re

import pytest
import small_statements as small

from inertial import cli
from inertial.evidence import command
from inertial.evidence.run import carry_out

AGREE = small.statement("T01", small.agree, page=("C1",))
DIFFER = small.statement("T02", small.differ, "true only if")
BROKEN = small.statement("T03", small.broken, "false")


def _here(chosen, seed, *, pictures):
    """Run in this process, which has what figures need."""
    return {s.name: carry_out(s, seed, pictures=pictures) for s in chosen}


@pytest.fixture
def given(monkeypatch):
    """Let the command find these statements, whatever it is asked for."""

    def give(*statements):
        monkeypatch.setattr(command, "find", lambda words: list(statements))

    return give


def test_it_ends_well_if_every_verdict_stands(given, capsys):
    given(AGREE)
    assert cli.run(["evidence"]) == 0
    told = capsys.readouterr().out
    assert "✓ true" in told
    assert "0.500 ± 0.010" in told
    assert "Gradient flow is" in told
    assert "1 statement: 1 true. Every measurement is as predicted" in told


def test_it_ends_with_1_if_a_verdict_changes(given, capsys):
    given(AGREE, DIFFER, BROKEN, AGREE._replace(name="T04"))
    assert cli.run(["evidence"]) == 1
    told = capsys.readouterr().out
    assert told.count("! CHANGED") == 2
    assert "T03 broke: ZeroDivisionError: nothing to divide by" in told
    assert "Not as predicted: 2 of 4 statements: T02, T03" in told
    assert "<script>alert" in re.sub(r"\s+", "", told)  # no markup is read from it


def test_it_writes_a_page_and_figures(given, capsys, tmp_path):
    given(AGREE)
    file, folder = tmp_path / "page.html", tmp_path / "deep" / "figures"
    file.write_text("an older page")
    words = ["--html", str(file), "--figures", str(folder), "--seed", "5"]
    assert cli.run(["evidence", *words]) == 0
    assert "inertial evidence T01 --seed 5" in file.read_text()
    assert [path.name for path in folder.iterdir()] == ["T01.svg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "page.html"]
    told = capsys.readouterr().out
    assert f"Page: {file}" in told
    assert f"Figures: {folder} (1 file" in told


def test_a_full_disk_is_one_line(given, capsys, tmp_path, monkeypatch):
    given(AGREE)
    monkeypatch.setattr(command, "_watched", _here)

    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("inertial.training.checkpoint.write_whole", full)
    assert cli.run(["evidence", "--html", str(tmp_path / "page.html")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "No space left on device" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["T99"], "there is no statement T99"),
        (["C99"], "the question's page has no C99"),
        (["zebra"], "no statement speaks of 'zebra'"),
        (["--seed", "-1"], "--seed must be 0 or more, but is -1"),
        (["--seed", "x"], "but 'x' was given"),
        (["--html", "none/page.html"], "there is no folder none; make it first"),
        (["--html", "."], "must be a file, but is a folder"),
        (["--figures", "a_file"], "must be a folder, but is a file"),
        (["--figures", "a_file/deep"], "cannot write 'a_file/deep'"),
        (["--colour"], "No such option"),
    ],
)
def test_bad_input_is_one_line(words, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").touch()
    monkeypatch.setattr(command, "run", lambda *_, **__: pytest.fail("nothing runs"))
    assert cli.run(["evidence", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_without_matplotlib_it_says_what_to_install(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.run(["evidence", "T01", "--html", str(tmp_path / "x.html")]) == 2
    assert "pip install 'inertial[train]'" in capsys.readouterr().err
