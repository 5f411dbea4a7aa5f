"""Find a task: one that comes with the library, or a user's own file."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from inertial.training.task import Task

BUILT_IN = {
    "digits": "inertial.training.tasks.digits",
    "digits-autoencoder": "inertial.training.tasks.digits_autoencoder",
    "curves": "inertial.training.tasks.curves",
    "text": "inertial.training.tasks.text",
    "breast-cancer": "inertial.training.tasks.breast_cancer",
}
"""name -> the module whose `task()` makes it. Imported only when asked for."""


def make_task(name: str, **words: Any) -> Task:
    """Make a task, by its name or from a user's file.

    Args:
        name: A name of `BUILT_IN`, or the path of a Python file with a function
            `task()` that returns a Task.
        **words: What the task function takes, such as `batch_size=64`.

    Returns:
        The task.

    Raises:
        ValueError: If there is no such task, or it does not take a word.
        TypeError: If `task()` returns something else.

    Example:
        >>> make_task("digits", batch_size=64).steps_per_epoch
        23
    """
    function = find(name)
    known = inspect.signature(function).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for word in words:
        if word not in known and not takes_all:
            takes = ", ".join(f"--{own.replace('_', '-')}" for own in known)
            raise ValueError(
                f"task {name!r} does not take --{word.replace('_', '-')}; "
                f"it takes {takes or 'no words'}."
            )
    made = function(**words) if name in BUILT_IN else _call(name, function, words)
    if not isinstance(made, Task):
        raise TypeError(
            f"`task()` in {name} must return an inertial.training.Task, but returned "
            f"{type(made).__name__}. See `from_tensors`."
        )
    return made


def find(name: str) -> Callable[..., Any]:
    """Return the function that makes a task.

    Raises:
        ValueError: If there is no such task.

    Example:
        >>> find("digit")
        Traceback (most recent call last):
            ...
        ValueError: there is no task 'digit'; did you mean 'digits'? Built in: digits,
        digits-autoencoder, curves, text, breast-cancer; or name a Python file.
    """
    if name in BUILT_IN:
        module = importlib.import_module(BUILT_IN[name])
        return module.task
    if name.endswith(".py") or "/" in name:
        return _from_file(Path(name))
    close = difflib.get_close_matches(name, BUILT_IN, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else "."
    raise ValueError(
        f"there is no task {name!r}{guess} Built in: {', '.join(BUILT_IN)}; "
        "or name a Python file."
    )


def _from_file(path: Path) -> Callable[..., Any]:
    if not path.is_file():
        raise ValueError(
            f"there is no task file {str(path)!r}. Name a Python file with a function "
            f"`task()`, or one of: {', '.join(BUILT_IN)}."
        )
    spec = importlib.util.spec_from_file_location(f"_task_{path.stem}", path)
    if spec is None or not isinstance(spec.loader, SourceFileLoader):
        raise ValueError(f"{str(path)!r} must be a Python file: its name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses and pickles look it up there
    sys.path.insert(0, str(path.parent.resolve()))  # its neighbours can be imported
    try:
        # Compiled anew: a cached file is trusted within a second of an edit.
        code = spec.loader.source_to_code(path.read_bytes(), str(path))
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        raise ValueError(_told(str(path), "could not be read", error)) from error
    finally:
        sys.path.pop(0)
    function = getattr(module, "task", None)
    if not callable(function):
        raise ValueError(
            f"the task file {str(path)!r} must have a function `task()` that returns "
            "an inertial.training.Task, but has none."
        )
    return function


def _call(name: str, function: Callable[..., Any], words: dict[str, Any]) -> Any:
    try:
        return function(**words)
    except Exception as error:
        raise ValueError(_told(name, "failed in `task()`", error)) from error


def _told(path: str, what: str, error: BaseException) -> str:
    line = getattr(error, "lineno", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).resolve() == Path(path).resolve():
            line = frame.lineno
    place = f", line {line}" if line else ""
    return f"the task file {path!r} {what}{place}: {type(error).__name__}: {error}"
