"""The command line: words in, one clear line out where they make no sense.

Nothing heavy is imported before a command needs it: `inertial --help` is quick.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from inertial.commands import (
    BAD_INPUT,
    Refused,
    begun,
    compare_on,
    end,
    lab_on,
    paper_on,
    report_on,
    resumed,
    run_job,
    told,
)

INTERRUPTED = 130
BROKEN_PIPE = 141
ClickError: Any = typer.BadParameter.__mro__[2]  # typer may carry its own click

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Gradient descent with mass: train a network as a rolling particle.",
)


def _word(help_text: str, *names: str) -> Any:
    return typer.Option(*names, help=help_text, show_default=False)


Task = Annotated[
    str | None,
    typer.Argument(
        help="digits, digits-autoencoder, curves, text, breast-cancer, or a Python "
        "file with a function task().",
        show_default=False,
    ),
]
Number = float | None
Whole = int | None


@app.command()
def train(
    task: Task = None,
    lr: Annotated[Number, _word("Learning rate.")] = None,
    momentum: Annotated[Number, _word("Share of momentum kept in a step.")] = None,
    dampening: Annotated[Number, _word("Share of each gradient left out.")] = None,
    weight_decay: Annotated[Number, _word("Pull to the origin.")] = None,
    nesterov: Annotated[bool | None, _word("Look ahead.", "--nesterov")] = None,
    decoupled_weight_decay: Annotated[
        bool | None,
        _word(
            "Shrink the weights instead of bending the force.",
            "--decoupled-weight-decay",
        ),
    ] = None,
    kinetic: Annotated[
        str | None, _word("Kinetic energy, such as relativistic.")
    ] = None,
    method: Annotated[
        str | None,
        _word("sgd, nesterov, adam, adamw, lion, signum, muon, qhm or rmsprop."),
    ] = None,
    betas: Annotated[str | None, _word("Of Adam and Lion, such as 0.9,0.999.")] = None,
    eps: Annotated[Number, _word("Of Adam, RMSprop and Muon.")] = None,
    nu: Annotated[Number, _word("Of QHM: share of momentum in the velocity.")] = None,
    alpha: Annotated[Number, _word("Of RMSprop: share of squared force kept.")] = None,
    physics: Annotated[
        str | None,
        _word(
            "A particle instead of lr and momentum: mass=..,friction=..,time-step=.. "
            "[,force-scale=..,law=exact|explicit|implicit]."
        ),
    ] = None,
    schedule: Annotated[
        str | None, _word("constant, cosine, linear, step or onecycle.")
    ] = None,
    warm_up: Annotated[Whole, _word("Steps in which lr rises from 0.")] = None,
    schedule_acts_on: Annotated[
        str | None, _word("What the schedule changes: mass, force or clock.")
    ] = None,
    state_dtype: Annotated[
        str | None, _word("Type of the momentum: float32, bfloat16 ...")
    ] = None,
    kernel: Annotated[str | None, _word("auto, reference or foreach.")] = None,
    epochs: Annotated[Whole, _word("How often the data are seen.")] = None,
    steps: Annotated[Whole, _word("How many steps, instead of epochs.")] = None,
    batch_size: Annotated[Whole, _word("Samples in a batch.")] = None,
    model: Annotated[
        str | None, _word("A model of the task: conv, mlp, gru ...")
    ] = None,
    text: Annotated[str | None, _word("The text file to learn, for task text.")] = None,
    seed: Annotated[Whole, _word("Of all chance; default 0.")] = None,
    device: Annotated[str | None, _word("cpu (default), cuda ...")] = None,
    threads: Annotated[Whole, _word("CPU threads; default: the task's choice.")] = None,
    out: Annotated[Path | None, _word("Run folder to make; default: in runs/.")] = None,
    checkpoint_every: Annotated[
        Whole, _word("Steps between checkpoints; default: each epoch or minute.")
    ] = None,
    resume: Annotated[
        Path | None, _word("Continue this run folder; takes no other words.")
    ] = None,
    quiet: Annotated[bool, _word("Show no progress.", "--quiet")] = False,
    no_report: Annotated[bool, _word("Write no report.html.", "--no-report")] = False,
) -> None:
    """Train a network, and say what its physics was."""
    given = {
        name: value
        for name, value in locals().items()
        if value is not None and value is not False
    }
    job = resumed(given) if resume is not None else begun(given)
    run_job(job, quiet=quiet, report=not no_report)


@app.command()
def demo(
    seed: Annotated[int, _word("Of all chance.")] = 0,
    out: Annotated[
        Path | None, _word("Folder for the runs; default: in runs/.")
    ] = None,
    quiet: Annotated[bool, _word("Show no progress.", "--quiet")] = False,
) -> None:
    """Train on handwritten digits with and without momentum, side by side."""
    from inertial.training.demo import compare

    found = told(lambda: compare(seed, out, quiet=quiet))
    end(found.code, found.stopped)
    print(found.told)
    for path in found.paths.values():
        report_on(path)
    compare_on(found.paths, found.folder / "report.html")


@app.command()
def report(run: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write a run's report.html again, while it goes on or after."""
    from inertial.training.run import read_config

    told(lambda: read_config(run))
    report_on(run)


@app.command()
def evidence(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names (T24, Q1), sentences or comments of the question's page (C7, "
            "A2), or words that a statement contains; default: all.",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[Path | None, _word("Folder for the figures, as SVG.")] = None,
    html: Annotated[Path | None, _word("File for a page of all that ran.")] = None,
    seed: Annotated[int, _word("Of all chance.")] = 0,
    networks: Annotated[
        bool,
        _word("Train networks instead (N1 to N6): takes minutes.", "--networks"),
    ] = False,
    paper: Annotated[
        str | None,
        _word("Make a row of Sutskever et al. (2013): curves, add, mul, mem5, mem20."),
    ] = None,
    scale: Annotated[
        Number, _word("With --paper: share of its updates; default: 15 minutes' worth.")
    ] = None,
    rates: Annotated[
        str | None,
        _word("With --paper: learning rates, such as 0.01,0.001; default: its own."),
    ] = None,
    device: Annotated[str | None, _word("With --paper: cpu (default), cuda.")] = None,
    out: Annotated[Path | None, _word("With --paper: JSON file to write.")] = None,
) -> None:
    """Put what is said about momentum to the test; exit 1 if a verdict changes."""
    on_paper = {"scale": scale, "rates": rates, "device": device, "out": out}
    if paper is not None or any(word is not None for word in on_paper.values()):
        others: dict[str, Any] = {"words": words, "figures": figures, "html": html}
        others["networks"] = networks
        _exit(paper_on(paper, others, {**on_paper, "seed": seed}))
    from inertial.evidence import command

    _examine(
        command, words or (), figures=figures, html=html, seed=seed, networks=networks
    )


def _examine(command: Any, *words: Any, **places: Any) -> NoReturn:
    try:
        code = command.evidence(*words, **places)
    except command.Unusable as error:
        raise Refused(str(error)) from error
    _exit(code)


def _exit(code: int) -> NoReturn:
    raise typer.Exit(code)


@app.command()
def lab(
    runs: Annotated[
        Path, _word("Folder below which recorded and live runs lie; default: runs.")
    ] = Path("runs"),
    port: Annotated[
        Whole, _word("Port; default: 8010, or the next that is free.")
    ] = None,
    no_browser: Annotated[bool, _word("Open no browser.", "--no-browser")] = False,
) -> None:
    """Open the lab: momentum in the browser, from a slider to a live run."""
    lab_on(runs, port, browser=not no_browser)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, _word("Say the version.", "--version")] = False,
) -> None:
    if version:
        import importlib.metadata

        print(importlib.metadata.version("inertial"))
        raise typer.Exit


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line.

    Args:
        arguments: Words as typed. Default: those of the process.
    """
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command.

    Args:
        arguments: Words as typed.

    Returns:
        0 done, 1 a verdict changed, 2 bad input, 3 diverged, 128 + signal if stopped.
    """
    try:
        code = app(args=arguments, prog_name="inertial", standalone_mode=False)
    except Refused as refusal:
        return _say(str(refusal), refusal.code)
    except ClickError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return BAD_INPUT
        said = f"{error.format_message().rstrip('.')}{_given(error, arguments)}."
        command = f"{error.ctx.info_name} " if _in_command(error) else ""
        return _say(f"{said} See: inertial {command}--help", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        return _say("stopped at once.", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away: nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code if isinstance(code, int) else 0


def _given(error: Any, arguments: list[str]) -> str:
    """Return what was given for the option that an error is about, in words."""
    for name in getattr(getattr(error, "param", None), "opts", ()):
        for word, following in pairwise([*arguments, ""]):
            if word == name or word.startswith(f"{name}="):
                value = following if word == name else word.partition("=")[2]
                return f", but {value!r} was given"
    return ""


def _in_command(error: Any) -> bool:
    return error.ctx is not None and error.ctx.parent is not None


def _say(line: str, code: int) -> int:
    print(f"inertial: {' '.join(line.split())}", file=sys.stderr)
    return code
