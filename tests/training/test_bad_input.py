"""Bad input gets one clear line and exit code 2, and writes nothing."""

import os
import re
import shutil
import textwrap
from pathlib import Path

import pytest

from inertial.cli import run
from inertial.training.records import Records
from inertial.training.run import own

TINY = str(Path(__file__).parent / "tiny_task.py")
QUIET = ["--quiet", "--no-report"]

FILES = {
    "no_task.py": "x = 1\n",
    "broken.py": "def task(:\n",
    "failing.py": "def task():\n    x = 1\n    return undefined\n",
    "other.py": "def task():\n    return 3\n",
    "empty.py": """
        import torch
        from torch import nn
        from inertial.training import from_tensors
        def task():
            none = torch.zeros(0, 2)
            return from_tensors("empty", nn.Linear(2, 2), (none, none), (none, none),
                                loss=nn.functional.mse_loss)
        """,
    "nan.py": """
        import torch
        from torch import nn
        from inertial.training import from_tensors
        def task():
            x = torch.ones(8, 2)
            x[3, 1] = float("nan")
            return from_tensors("holes", nn.Linear(2, 2), (x, x), (x, x),
                                loss=nn.functional.mse_loss)
        """,
    "hidden_nan.py": """
        import torch
        from torch import nn
        from inertial.training import Task
        def task():
            def batches(epoch, generator):
                for i in range(4):
                    yield torch.full((2, 2), float("nan") if i == 2 else 1.0)
            return Task("hidden", nn.Linear(2, 1), batches,
                        lambda m, b: m(b).square().mean(), lambda m: {},
                        torch.ones(2, 2), 4, 2)
        """,
    "vector_loss.py": """
        import torch
        from torch import nn
        from inertial.training import from_tensors
        def task():
            x = torch.ones(8, 2)
            return from_tensors("vector", nn.Linear(2, 2), (x, x), (x, x),
                                loss=lambda out, y: (out - y).square())
        """,
    "wrong_shape.py": """
        import torch
        from torch import nn
        from inertial.training import from_tensors
        def task():
            x = torch.ones(8, 2)
            return from_tensors("shape", nn.Linear(3, 2), (x, x), (x, x),
                                loss=nn.functional.mse_loss)
        """,
    "empty.txt": "",
    "short.txt": "too short",
}

CASES = {
    "unknown task": (["digts"], "no task 'digts'; did you mean 'digits'"),
    "no task": ([], "train needs a task"),
    "missing file": (["gone.py"], "no task file 'gone.py'"),
    "no task()": (["no_task.py"], r"must have a function `task\(\)`"),
    "broken file": (["broken.py"], "could not be read, line 1: SyntaxError"),
    "failing task": (["failing.py"], "line 3: NameError"),
    "no Task": (["other.py"], "must return an inertial.training.Task"),
    "empty data": (["empty.py"], "must have at least one sample"),
    "nan data": (["nan.py"], "hold nan in the inputs of sample 3"),
    "nan in a batch": (["hidden_nan.py"], "batch 3 holds nan"),
    "vector loss": (
        ["vector_loss.py"],
        "must be one number.*Did you forget to average",
    ),
    "wrong shape": (["wrong_shape.py"], "failed on the probe batch.*shapes cannot be"),
    "no text": (["text"], "give --text FILE"),
    "missing text": (["text", "--text", "gone.txt"], "no text file 'gone.txt'"),
    "empty text": (["text", "--text", "empty.txt"], "is empty"),
    "short text": (["text", "--text", "short.txt"], "but has 9"),
    "momentum": ([TINY, "--momentum", "1.02"], "at least 0 and below 1, but is 1.02"),
    "nan momentum": ([TINY, "--momentum", "nan"], "`momentum` must be .* but is nan"),
    "negative lr": ([TINY, "--lr", "-1"], "`lr` must be at least 0"),
    "word as number": (
        [TINY, "--lr", "fast"],
        "'--lr'.*valid number.*but 'fast' was given",
    ),
    "negative mass": ([TINY, "--physics", "mass=-1"], "`mass` must be above 0"),
    "physics word": ([TINY, "--physics", "weight=1"], "has 'weight=1'. It knows mass="),
    "physics number": ([TINY, "--physics", "mass=big"], "`mass` must be a number"),
    "physics and lr": (
        [TINY, "--physics", "mass=1", "--lr", "1"],
        "--lr does not go with --physics",
    ),
    "physics and method": (
        [TINY, "--physics", "mass=1", "--method", "lion"],
        "give one of the two",
    ),
    "unknown option": ([TINY, "--momentun", "0.9"], "No such option.*--momentum"),
    "unknown method": ([TINY, "--method", "sdg"], "`method` must be one of sgd"),
    "foreign word": (
        [TINY, "--method", "lion", "--momentum", "0.9"],
        "--momentum does not go with --method lion. It takes --betas",
    ),
    "betas": ([TINY, "--method", "adamw", "--betas", "0.9"], "must be two numbers"),
    "kinetic": ([TINY, "--kinetic", "relativistik"], "relativistik"),
    "spectral vectors": ([TINY, "--kinetic", "spectral"], "needs a matrix|matrices"),
    "schedule": ([TINY, "--schedule", "cosin"], "`schedule` must be one of constant"),
    "warm-up": ([TINY, "--steps", "5", "--warm-up", "5"], "the run has 5 steps"),
    "acts on": ([TINY, "--schedule-acts-on", "wheels"], "wheels"),
    "state type": ([TINY, "--state-dtype", "float12"], "`state_dtype` must be"),
    "kernel": ([TINY, "--kernel", "popcorn"], "`kernel` must be one of"),
    "epochs": ([TINY, "--epochs", "0"], "`epochs` must be at least 1"),
    "steps": ([TINY, "--steps", "-3"], "`steps` must be at least 1"),
    "both": ([TINY, "--steps", "3", "--epochs", "3"], "give one"),
    "seed": ([TINY, "--seed", "-1"], "`seed` must be at least 0"),
    "threads": ([TINY, "--threads", "0"], "`threads` must be at least 1"),
    "device": ([TINY, "--device", "toaster"], "--device must be a device"),
    "batch size": ([TINY, "--batch-size", "0"], "."),
    "model": (["breast-cancer", "--model", "big"], "`model` must be one of"),
    "word of a task": ([TINY, "--model", "mlp"], "does not take --model"),
    "out exists": ([TINY, "--out", "."], "must not exist yet, but does"),
    "resume nothing": (["--resume", "gone"], "'gone' does not exist"),
    "resume a folder": (["--resume", "."], "has no config.json"),
    "resume and words": (
        ["--resume", ".", "--lr", "0.1"],
        "--resume takes no other words, but --lr was given",
    ),
}


@pytest.fixture
def _files(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(textwrap.dedent(text))


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line(case, capsys, tmp_path):
    words, said = CASES[case]
    before = set(tmp_path.rglob("*"))
    refuse(["train", *words], said, capsys)
    made = {p for p in set(tmp_path.rglob("*")) - before if "__pycache__" not in str(p)}
    assert not made


def refuse(words, said, capsys, code=2):
    assert run(words) == code
    printed = capsys.readouterr()
    assert printed.err.startswith("inertial: ")
    assert printed.err.count("\n") == 1, printed.err
    assert "Traceback" not in printed.err
    assert re.search(said, printed.err), printed.err
    return printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "gone"], "'gone' does not exist"),
        (["trian"], "No such command 'trian'"),
        (["demo", "--out", "."], "must not exist yet"),
    ],
)
def test_other_commands_refuse_alike(words, said, capsys):
    refuse(words, said, capsys)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of 24 steps with two checkpoints."""
    path = tmp_path_factory.mktemp("finished") / "r"
    words = ["train", TINY, "--checkpoint-every", "10", "--out", str(path), *QUIET]
    assert run(words) == 0
    return path


@pytest.fixture
def made(finished):
    shutil.copytree(finished, "r")
    return Path("r")


def test_a_corrupt_checkpoint_names_the_one_before(made, capsys):
    newest = made / "checkpoints/step-00000024.pt"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    said = "step-00000024.pt is corrupt.*Delete it.*from step-00000020.pt"
    refuse(["train", "--resume", "r"], said, capsys)
    newest.unlink()
    assert run(["train", "--resume", "r", *QUIET]) == 0
    assert newest.exists()


def test_two_corrupt_checkpoints_leave_no_way(made, capsys):
    for path in (made / "checkpoints").glob("*.pt"):
        path.write_bytes(b"nothing")
    refuse(["train", "--resume", "r"], "No older one is intact", capsys)


def test_a_truncated_checkpoint_is_corrupt(made, capsys):
    newest = made / "checkpoints/step-00000024.pt"
    newest.write_bytes(newest.read_bytes()[:-1])
    refuse(["train", "--resume", "r"], "is corrupt", capsys)


@pytest.mark.parametrize("damage", [b"not a database" * 100, None])
def test_lost_records_are_told(made, capsys, damage):
    if damage is None:
        (made / "run.sqlite").unlink()
    else:
        (made / "run.sqlite").write_bytes(damage)
    refuse(["train", "--resume", "r"], "run.sqlite must", capsys)


def test_a_damaged_config_is_told(made, capsys):
    (made / "config.json").write_text("{")
    refuse(["train", "--resume", "r"], "must be JSON as it was written", capsys)


def test_another_format_is_told(made, capsys):
    (made / "config.json").write_text('{"format": 99}')
    refuse(["train", "--resume", "r"], "another version of inertial", capsys)


def test_a_changed_task_is_told(tmp_path, capsys):
    task = tmp_path / "mine.py"
    task.write_text(Path(TINY).read_text())
    assert run(["train", "mine.py", "--steps", "3", "--out", "r", *QUIET]) == 0
    written = task.stat()
    task.write_text(task.read_text().replace("manual_seed(5)", "manual_seed(6)"))
    # as an edit within the same second, which a cache of compiled files would not see
    os.utime(task, ns=(written.st_atime_ns, written.st_mtime_ns))
    refuse(["train", "--resume", "r"], "data and first weights it began with", capsys)


def test_a_run_that_another_process_holds_is_refused(made, capsys):
    with own(made):
        refuse(["train", "--resume", "r"], "another process trains in it", capsys)


def test_a_broken_promise_of_batches_is_told(tmp_path, capsys):
    text = (
        Path(TINY).read_text().replace("steps_per_epoch=BATCHES", "steps_per_epoch=9")
    )
    (tmp_path / "mine.py").write_text(text)
    said = "promised 9 batches an epoch.*ended after 8"
    refuse(["train", "mine.py", "--out", "r", *QUIET], said, capsys)


def full_after(count):
    """Return an fsync that succeeds a few times, and then finds the disk full."""
    real, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) > count:
            raise OSError(28, "No space left on device")
        real(handle)

    return fsync


def test_a_full_disk_leaves_the_last_checkpoint(monkeypatch, capsys):
    words = ["train", TINY, "--checkpoint-every", "5", "--out", "r", *QUIET]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_after(8))  # the first checkpoint takes seven
        said = "No space left on device.*checkpoint of step 0 is intact"
        refuse(words, said, capsys)
    assert run(["train", "--resume", "r", *QUIET]) == 0


def test_full_records_are_told_too(monkeypatch, capsys):
    real = Records.commit

    def full(records):
        real(records)
        records.ask("PRAGMA max_page_count = 1")  # SQLite's own way to be full

    monkeypatch.setattr(Records, "commit", full)
    words = ["train", TINY, "--steps", "400", "--out", "r", *QUIET]
    refuse(words, "database or disk is full", capsys)


def test_a_disk_that_is_full_at_the_start_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setattr(os, "fsync", full_after(0))
    refuse(["train", TINY, "--out", "r"], "cannot be made: No space left", capsys)
    assert not list(Path.cwd().iterdir())
