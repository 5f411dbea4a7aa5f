"""A run's setting in the words of each framework, and the command that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from inertial.conventions import Method, translate
from inertial.training.history import History
from inertial.training.setting import Setting, method_of, read_setting

_DOORS: dict[str, tuple[str, str, str]] = {
    "PyTorch": ("torch.SGD", "torch.optim.SGD", "model.parameters()"),
    "Keras": ("keras.SGD", "keras.optimizers.SGD", ""),
    "Optax": ("optax.sgd", "optax.sgd", ""),
}
FRAMEWORKS = tuple(_DOORS)
"""The frameworks that a method can be spelled for, as code."""

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
    for name in FRAMEWORKS:
        found[name] = _spell(history, setting, name)
    return found


def framework_code(method: Method, framework: str) -> str:
    """Return the line of code that makes a method in a framework.

    Args:
        method: What is to be spelled, with constant words.
        framework: One of `FRAMEWORKS`.

    Returns:
        The line; its numbers have ten digits.

    Raises:
        ValueError: If the framework has no words for the method; says for what.

    Example:
        >>> from inertial.conventions import keras_sgd
        >>> framework_code(keras_sgd(0.1, momentum=0.9), "Optax")
        'optax.sgd(learning_rate=0.1, momentum=0.9)'
    """
    convention, door, first = _DOORS[framework]
    if method.kinetic.name != "newtonian":
        raise ValueError(f"The {method.kinetic.name} kinetic energy is not {door}'s.")
    return call(door, first, translate(method, to=convention))


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


def _spell(history: History, setting: Setting, name: str) -> str:
    if not setting.newtonian:  # its words may hide behind the method's name
        return f"# The {setting.kinetic} kinetic energy is not {_DOORS[name][1]}'s."
    method = method_of(history.words, setting.lr_peak, setting.momentum)
    try:
        return framework_code(method, name)
    except ValueError as error:
        return f"# {error}"


def _inertial(history: History, setting: Setting) -> str:
    physics = history.options.get("physics")
    if isinstance(physics, Mapping):
        words = dict(physics)
        step = words.pop("time_step", 1.0)
        particle = call("Particle", "", words)
        return f"Inertial.from_particle(model.parameters(), {particle}, {step!r})"
    words = {k: v for k, v in history.words.items() if k != "method"}
    words.setdefault("lr", setting.lr_peak)
    name = "Inertial" if setting.method == "sgd" else f"Inertial.{setting.method}"
    return call(name, "model.parameters()", words)


def call(name: str, first: str, words: Mapping[str, Any]) -> str:
    """Return a call as code, without the words that say nothing.

    Args:
        name: What is called.
        first: Its first arguments, as code, or "".
        words: Its words, by name.

    Returns:
        The code; numbers have ten digits.

    Example:
        >>> call("Particle", "", {"mass": 2.0, "law": "exact", "nesterov": False})
        "Particle(mass=2, law='exact')"
    """
    said = [f"{k}={_value(v)}" for k, v in words.items() if _speaks(k, v)]
    return f"{name}({', '.join([first, *said] if first else said)})"


def _speaks(word: str, value: Any) -> bool:
    return value is not None and not (word in _QUIET and value == _QUIET[word])


def _value(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else repr(value)
