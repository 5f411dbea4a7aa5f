"""Run experiments in processes of their own; whatever breaks is told by its name."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from inertial.evidence.statement import Comparison, Finding, Statement

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Result(NamedTuple):
    """What came of one experiment. It can travel between processes.

    Attributes:
        name: Of the statement.
        comparisons: As the experiment found them; none if it broke.
        svg: The figure, if one was asked for.
        seen: What the figure shows.
        seconds: How long it took. Unit: s.
        error: What broke, and where; empty if nothing did.
    """

    name: str
    comparisons: tuple[Comparison, ...] = ()
    svg: str = ""
    seen: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing broke and every comparison holds: the verdict stands."""
        held = bool(self.comparisons) and all(c.holds for c in self.comparisons)
        return held and not self.error

    @property
    def telling(self) -> Comparison | None:
        """The comparison to show first: the first that fails, or the first."""
        failing = [c for c in self.comparisons if not c.holds]
        return next(iter(failing or self.comparisons), None)


def carry_out(statement: Statement, seed: int, *, pictures: bool = False) -> Result:
    """Run one experiment here and now.

    Args:
        statement: With its experiment.
        seed: Of its chance.
        pictures: Whether to draw its figure.

    Returns:
        What came of it, even if the experiment or its figure breaks.
    """
    start = time.perf_counter()
    try:
        finding = statement.experiment(seed)
        comparisons = tuple(_plain(c) for c in finding.comparisons)
    except Exception as error:
        spent = time.perf_counter() - start
        return Result(statement.name, seconds=spent, error=_told(error))
    svg, broken = "", "" if comparisons else "the experiment compared nothing"
    if pictures and comparisons:
        try:
            svg = _drawn(statement, finding)
        except Exception as error:
            broken = f"the figure: {_told(error)}"
    spent = time.perf_counter() - start
    return Result(statement.name, comparisons, svg, finding.seen, spent, broken)


def _plain(comparison: Comparison) -> Comparison:
    """Return a comparison whose numbers are Python's."""
    return comparison._replace(
        predicted=float(comparison.predicted),
        measured=float(comparison.measured),
        tolerance=float(comparison.tolerance),
        uncertainty=float(comparison.uncertainty),
    )


def _drawn(statement: Statement, finding: Finding) -> str:
    from inertial.report.drawing import drawing

    name = statement.name.lower()
    return drawing(name, statement.sentence, finding.seen, finding.draw)


def _told(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(
        f" ({os.path.basename(p.filename)}, line {p.lineno})" for p in place
    )
    words = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if words else ''}{words}{where}"


def run(
    statements: Sequence[Statement],
    seed: int = 0,
    *,
    pictures: bool = False,
    workers: int | None = None,
    limit: float | None = None,
) -> Generator[Result, None, None]:
    """Run experiments, several at a time, each process on one thread.

    Args:
        statements: Which. Their experiments must be functions of a module.
        seed: Of their chance. The same seed makes the same numbers.
        pictures: Whether to draw the figures.
        workers: How many processes. Default: as many as there are cores.
        limit: After how long without any result those at work are ended. Default:
            never. Unit: s.

    Yields:
        What came of each, as it finishes. A process that dies takes one experiment
        with it, which is told; the others go on.
    """
    waiting = deque(statements)
    count = min(workers or cores(), len(waiting))
    team: list[_Worker] = []
    try:
        for _ in range(count):
            team.append(worker := _Worker(seed, pictures))
            yield from worker.begin(waiting)
        while busy := {id(w.pipe): w for w in team if w.statement is not None}:
            ready = wait([worker.pipe for worker in busy.values()], limit)
            for pipe in ready or [worker.pipe for worker in busy.values()]:
                worker = busy[id(pipe)]
                yield worker.collect() if ready else worker.give_up(limit or 0.0)
                yield from worker.begin(waiting)
    finally:
        for worker in team:
            worker.stop()


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Worker:
    """A process that carries out one experiment after another.

    Attributes:
        pipe: Our end of the line to it.
        statement: The one in its hands.
    """

    def __init__(self, seed: int, pictures: bool) -> None:
        self._words = (seed, pictures)
        self.statement: Statement | None = None
        self._hire()

    def _hire(self) -> None:
        # Spawned, not forked: a fork would inherit threads of torch in mid-flight.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, *self._words), daemon=True
        )
        with _one_thread(), _deaf():
            self._process.start()
        theirs.close()  # so that a dead process is the end of the line

    def begin(self, waiting: deque[Statement]) -> Iterator[Result]:
        """Hand over the next statement.

        Yields:
            What came of those that cannot be handed over.
        """
        self.statement = None
        while waiting and self.statement is None:
            statement = waiting.popleft()
            try:
                self.pipe.send(statement)
            except Exception as error:
                yield Result(statement.name, error=f"cannot be sent: {_told(error)}")
            else:
                self.statement = statement

    def collect(self) -> Result:
        """Return what came of the statement in its hands."""
        name = "" if self.statement is None else self.statement.name
        try:
            result: Result = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            told = f"its process died (exit code {self._process.exitcode})"
            self._hire()
            return Result(name, error=told)
        return result._replace(name=name)

    def give_up(self, limit: float) -> Result:
        """Return that it took too long, with its process ended and another hired."""
        name = "" if self.statement is None else self.statement.name
        self.stop()
        self._hire()
        return Result(name, error=f"it took longer than {limit:g} s and was ended")

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        self._process.join()
        self.pipe.close()


@contextlib.contextmanager
def _one_thread() -> Generator[None, None, None]:
    """Let processes started here compute on one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _deaf() -> Generator[None, None, None]:
    """Let processes started here never hear Ctrl-C, not even while they import."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Its start would unblock the signal; a Ctrl-C meanwhile reaches us afterwards.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, seed: int, pictures: bool) -> None:
    """Carry out what comes through the pipe, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us will end us
    if pictures:  # what every figure needs is not part of an experiment's time
        importlib.import_module("inertial.report.drawing")
    while True:
        try:
            statement = pipe.recv()
        except EOFError:
            return
        except Exception as error:
            pipe.send(Result("", error=f"cannot be received: {_told(error)}"))
            continue
        pipe.send(carry_out(statement, seed, pictures=pictures))
