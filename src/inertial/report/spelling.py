"""A run's setting in the words of each framework, and the command that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from inertial.conventions import translate
from inertial.training.history import History
from inertial.training.setting import Setting, method_of, read_setting

_DOORS: dict[str, tuple[str, str, str]] = {
    "PyTorch": ("torch.SGD", "torch.optim.SGD", "model.parameters()"),
    "Keras": ("keras.SGD", "keras.optimizers.SGD", ""),
    "Optax": ("optax.sgd", "optax.sgd", ""),
}
_QUIET = {"dampening": 0.0, "weight_decay": 0.0, "nesterov": False, "maximize": False}
_OPTION_WORDS = ("schedule", "warm_up", "epochs", "steps", "seed", "device", "threads")
_NO_OPTION = {"schedule": "constant", "warm_up": 0, "device": "cpu"}


def spellings(history: History) -> dict[str, str]:
    """Return the setting as code for each framework, at its largest learning rate.

    Args:
        history: The run.

    Returns:
        Framework -> a line of code, or a comment that says why there is none.
    """
    setting = read_setting(history)
    found = {"Inertial": _inertial(history, setting)}
    for name, door in _DOORS.items():
        found[name] = _spell(history, setting, *door)
    return found


def command(history: History) -> str:
    """Return the command that makes a run again.

    Args:
        history: The run.

    Returns:
        A line for a shell.
    """
    options = history.options
    parts = ["inertial", "train", str(options.get("task") or history.task)]
    task_words = options.get("task_words")
    if isinstance(task_words, Mapping):
        parts += _flags(task_words)
    if options.get("method", "sgd") != "sgd":
        parts += ["--method", str(options["method"])]
    physics = options.get("physics")
    if isinstance(physics, Mapping):
        words = (f"{k.replace('_', '-')}={v}" for k, v in physics.items())
        parts += ["--physics", ",".join(words)]
    words_of = options.get("optimizer")
    if isinstance(words_of, Mapping):
        parts += _flags(words_of)
    said = {w: options.get(w) for w in _OPTION_WORDS}
    parts += _flags({w: v for w, v in said.items() if v != _NO_OPTION.get(w)})
    return shlex.join(parts)


def _flags(words: Mapping[str, Any]) -> list[str]:
    parts: list[str] = []
    for word, value in words.items():
        flag = f"--{word.replace('_', '-')}"
        if value is True:
            parts.append(flag)
        elif isinstance(value, list | tuple):
            parts += [flag, ",".join(map(str, value))]
        elif value is not None and value is not False:
            parts += [flag, str(value)]
    return parts


def _spell(history: History, setting: Setting, name: str, call: str, first: str) -> str:
    if not setting.newtonian:
        return f"# The {setting.kinetic} kinetic energy is not {call}'s."
    method = method_of(history.words, setting.lr_peak, setting.momentum)
    try:
        words = translate(method, to=name)
    except ValueError as error:
        return f"# {error}"
    return _call(call, first, words)


def _inertial(history: History, setting: Setting) -> str:
    physics = history.options.get("physics")
    if isinstance(physics, Mapping):
        words = dict(physics)
        step = words.pop("time_step", 1.0)
        particle = _call("Particle", "", words)
        return f"Inertial.from_particle(model.parameters(), {particle}, {step!r})"
    words = {k: v for k, v in history.words.items() if k != "method"}
    words.setdefault("lr", setting.lr_peak)
    name = "Inertial" if setting.method == "sgd" else f"Inertial.{setting.method}"
    return _call(name, "model.parameters()", words)


def _call(name: str, first: str, words: Mapping[str, Any]) -> str:
    said = [f"{k}={_value(v)}" for k, v in words.items() if _speaks(k, v)]
    return f"{name}({', '.join([first, *said] if first else said)})"


def _speaks(word: str, value: Any) -> bool:
    return value is not None and not (word in _QUIET and value == _QUIET[word])


def _value(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else repr(value)
