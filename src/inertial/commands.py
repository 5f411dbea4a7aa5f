"""What the commands do once their words are read, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from inertial.training.job import Job

BAD_INPUT = 2
DIVERGED = 3
TRAIN_WORDS = ("quiet", "no_report")  # what goes with --resume
TASK_WORDS = ("batch_size", "model", "text")
PLAIN_WORDS = (
    "method",
    "schedule",
    "warm_up",
    "epochs",
    "steps",
    "seed",
    "device",
    "threads",
    "checkpoint_every",
)
Result = TypeVar("Result")  # of whatever is told


class Refused(Exception):
    """Something that ends the command with one line.

    Args:
        line: What was given, the rule, the way out.
        code: The exit code.
    """

    def __init__(self, line: str, code: int = BAD_INPUT) -> None:
        super().__init__(line)
        self.code = code


def begun(given: dict[str, Any]) -> Job:
    """Start the run that the words ask for.

    Args:
        given: The words of `inertial train`, without those that were not said.

    Returns:
        The job, ready to go.

    Raises:
        Refused: If the words make no run.
    """
    from inertial.training.job import begin
    from inertial.training.options import Options, parse_betas, parse_physics

    if "task" not in given:
        raise Refused(
            "train needs a task, such as `inertial train digits`, or --resume RUN."
        )

    def start() -> Job:
        known = {name: given[name] for name in PLAIN_WORDS if name in given}
        words = {
            name: value
            for name, value in given.items()
            if name not in (*PLAIN_WORDS, *TASK_WORDS, *TRAIN_WORDS)
            and name not in ("task", "out", "physics")
        }
        if "betas" in words:
            words["betas"] = parse_betas(words["betas"])
        task_words = {name: given[name] for name in TASK_WORDS if name in given}
        if "physics" in given:
            known["physics"] = parse_physics(given["physics"])
        options = Options(_placed(given["task"]), task_words, words, **known)
        return begin(options, given.get("out"), sys.argv[1:])

    return told(start)


def resumed(given: dict[str, Any]) -> Job:
    """Return the job that continues a run folder.

    Args:
        given: The words of `inertial train --resume`.

    Raises:
        Refused: If other words were said, or the run cannot go on.
    """
    from inertial.training.job import resume

    others = [name for name in given if name not in ("resume", *TRAIN_WORDS)]
    if others:
        named = ", ".join(
            "the task" if name == "task" else f"--{name.replace('_', '-')}"
            for name in others
        )
        raise Refused(
            f"--resume takes no other words, but {named} was given: the run goes on "
            "with the words it began with. Leave it out, or start a new run."
        )
    return told(lambda: resume(given["resume"]))


def _placed(task: str) -> str:
    """Return a task file's whole path, so that the run can be resumed from anywhere."""
    return str(Path(task).resolve()) if Path(task).is_file() else task


def run_job(job: Job, *, quiet: bool, report: bool) -> None:
    """Run a job to its end, show it, and say what its physics was.

    Args:
        job: What `begun` or `resumed` returned.
        quiet: Whether nothing is shown.
        report: Whether report.html is written.
    """
    from inertial.training.job import execute
    from inertial.training.live import make_screen
    from inertial.training.reading import read_run

    total = job.loop.total
    if not quiet and job.loop.step:
        done = "was finished already" if job.loop.step == total else "goes on"
        print(f"The run {job.path} {done} (step {job.loop.step} of {total}).")
    elif not quiet:
        print(f"Run folder: {job.path}")
    with make_screen(total, job.config["task"], quiet=quiet) as screen:
        ending = told(lambda: execute(job, screen), building=False)
    if ending.code not in (0, DIVERGED):
        end(ending.code, ending.sentence)
    if not quiet and not ending.code:
        print(f"\n{read_run(job.path)}")
    if report:
        report_on(job.path, quiet=quiet)
    end(ending.code, ending.sentence)


def end(code: int, sentence: str) -> None:
    """End the command with a sentence, unless all went well.

    Args:
        code: The exit code; 0 if all went well.
        sentence: What to say otherwise.

    Raises:
        Refused: If the code is not 0.
    """
    if code:
        raise Refused(sentence, code)


def report_on(path: Path, *, quiet: bool = False) -> None:
    """Write a run's report and say where it is.

    Args:
        path: The run folder.
        quiet: Whether nothing is said.
    """
    from inertial.report import write_report

    written = told(lambda: write_report(path))
    if not quiet:
        print(f"Report: {written}")


def compare_on(paths: dict[str, Path], page: Path) -> None:
    """Write one page on several runs and say where it is.

    Args:
        paths: Label -> run folder.
        page: The page.
    """
    from inertial.report import write_comparison

    title = "With momentum and without"
    written = told(lambda: write_comparison(paths, page, title))
    print(f"Side by side: {written}")


def paper_on(name: str | None, others: dict[str, Any], given: dict[str, Any]) -> int:
    """Make a row of the paper again, and print both.

    Args:
        name: Of the row; None if only words that belong to one were said.
        others: Words of `inertial evidence` that do not go with a row.
        given: Words that do; None where they were not said.

    Returns:
        The exit code.

    Raises:
        Refused: If the words do not go together, or make no run.
    """
    from inertial.evidence.paper.command import carry_out, prepare

    said = {word: value for word, value in given.items() if value is not None}
    if name is None:
        words = ", ".join(f"--{word}" for word in said if word != "seed")
        raise Refused(f"{words}: only with --paper, such as `--paper add`.")
    extra = [word for word, value in others.items() if value]
    if extra:
        named = ", ".join("names" if word == "words" else f"--{word}" for word in extra)
        raise Refused(
            f"--paper runs one row of the paper, but {named} was given too. Leave it "
            "out, or run both one after another."
        )
    trained = told(lambda: prepare(name, **said))
    return told(lambda: carry_out(trained, given["out"]), building=False)


def lab_on(runs: Path, port: int | None, *, browser: bool) -> None:
    """Serve the lab until Ctrl-C.

    Args:
        runs: The folder below which runs lie.
        port: Which; None: the usual one, or the next that is free.
        browser: Whether to open the page.

    Raises:
        Refused: If the extra is missing, the folder is no folder, or the port is taken.
        ModuleNotFoundError: If something else is missing.
    """
    if port is not None and not 0 <= port <= 65535:
        raise Refused(f"--port must be 0 to 65535, but is {port}.")
    if runs.exists() and not runs.is_dir():
        raise Refused(f"--runs {runs} must be a folder, but is a file.")
    try:
        from inertial.lab.server import Taken, serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in (
            "starlette",
            "uvicorn",
            "anyio",
        ):
            raise
        raise Refused(
            f"the lab needs {error.name}, which is missing; "
            "pip install 'inertial[lab]'."
        ) from error
    try:
        serve(runs, port, browser=browser)
    except Taken as error:
        raise Refused(str(error)) from error


def told(call: Callable[[], Result], *, building: bool = True) -> Result:
    """Call, and end the command with one line where the input was at fault.

    Args:
        call: What to do.
        building: Whether a ValueError or TypeError speaks of the input. Once the run
            goes on it is an error of the program, and keeps its traceback.

    Returns:
        What `call` returned.

    Raises:
        Refused: With the line.
    """
    from inertial.training.guards import DiskError
    from inertial.training.loop import BrokenPromise

    told = (ValueError, TypeError) if building else ()
    try:
        return call()
    except (*told, BrokenPromise, DiskError) as error:
        raise Refused(str(error)) from error
    except OSError as error:
        place = f" {error.filename!r}" if error.filename else ""
        raise Refused(f"cannot read or write{place}: {error.strerror}.") from error
