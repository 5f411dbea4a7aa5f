"""Every word of the command line that shapes a run, checked, and what it builds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from inertial.bounds import Bound, check
from inertial.physics.particle import Particle
from inertial.torch import Inertial, split_matrices
from inertial.training.schedule import Schedule, make_schedule
from inertial.training.task import Task

METHODS: dict[str, Callable[..., Inertial]] = {
    "sgd": Inertial,
    "nesterov": Inertial.nesterov,
    "adam": Inertial.adam,
    "adamw": Inertial.adamw,
    "lion": Inertial.lion,
    "signum": Inertial.signum,
    "muon": Inertial.muon,
    "qhm": Inertial.qhm,
    "rmsprop": Inertial.rmsprop,
}
"""--method -> what makes the optimizer."""

OPTIMIZER_WORDS = (
    "lr",
    "momentum",
    "dampening",
    "weight_decay",
    "nesterov",
    "decoupled_weight_decay",
    "kinetic",
    "schedule_acts_on",
    "betas",
    "eps",
    "nu",
    "alpha",
    "state_dtype",
    "kernel",
)
SHARED_WORDS = ("state_dtype", "kernel")  # every method takes them
PARTICLE_WORDS = (
    "kinetic",
    "weight_decay",
    "decoupled_weight_decay",
    "schedule_acts_on",
    *SHARED_WORDS,
)
PHYSICS_WORDS = ("mass", "friction", "time_step", "force_scale", "law")


@dataclass(frozen=True)
class Options:
    """What a run was asked to do. None where the user said nothing.

    Attributes:
        task: A built-in name, or the path of a task file.
        task_words: What is handed to `task()`.
        optimizer: Words of the optimizer that were given.
        method: A name of `METHODS`.
        physics: Words of a particle, instead of lr and momentum.
        schedule: How the learning rate changes.
        warm_up: Steps of warm-up.
        epochs: How often the data are seen. Default: the task's.
        steps: How many steps, instead of epochs.
        seed: Of the weights, the batches and all other chance.
        device: Where to compute.
        threads: How many threads compute. Default: the task's, or torch's choice.
        checkpoint_every: Steps between checkpoints. Default: at the end of an epoch
            that took two seconds or more, and once a minute in long ones.
    """

    task: str
    task_words: dict[str, Any]
    optimizer: dict[str, Any]
    method: str = "sgd"
    physics: dict[str, Any] | None = None
    schedule: str = "constant"
    warm_up: int = 0
    epochs: int | None = None
    steps: int | None = None
    seed: int = 0
    device: str = "cpu"
    threads: int | None = None
    checkpoint_every: int | None = None

    def check(self) -> None:
        """Refuse what could be refused without the task.

        Raises:
            ValueError: If a word is out of bounds, or two contradict each other.
        """
        whole = {"epochs": 1, "steps": 1, "threads": 1, "checkpoint_every": 1}
        for name, least in {**whole, "seed": 0, "warm_up": 0}.items():
            if getattr(self, name) is not None:
                check(name, getattr(self, name), Bound(least))
        if self.epochs is not None and self.steps is not None:
            raise ValueError("--epochs and --steps both say how long: give one.")
        if self.method not in METHODS:
            known = ", ".join(METHODS)
            raise ValueError(
                f"`method` must be one of {known}, but is {self.method!r}."
            )
        make_schedule(self.schedule, self.warm_up + 1, self.warm_up)
        _check_words(self)
        _check_device(self.device)
        # A one-weight rehearsal: the optimizer itself refuses its words, at once.
        rolling = self.method in ("sgd", "nesterov") and self.physics is None
        words = {"momentum": 0.5, **self.optimizer} if rolling else self.optimizer
        make_optimizer(nn.Linear(1, 1, bias=False), replace(self, optimizer=words))

    def completed(self, task: Task) -> Options:
        """Return the options with the task's defaults filled in.

        Args:
            task: What is trained.

        Returns:
            Options that need no defaults of the task any more.
        """
        words = dict(self.optimizer)
        if self.method in ("sgd", "nesterov") and self.physics is None:
            words.setdefault("lr", task.defaults.lr)
            words.setdefault("momentum", task.defaults.momentum)
        epochs = self.epochs
        if self.epochs is None and self.steps is None:
            epochs = task.defaults.epochs
        threads = self.threads or task.defaults.threads or torch.get_num_threads()
        return replace(self, optimizer=words, epochs=epochs, threads=threads)

    def total(self, task: Task) -> int:
        """Return how many steps the run has."""
        if self.steps is not None:
            return self.steps
        return (self.epochs or task.defaults.epochs) * task.steps_per_epoch

    def plan(self, task: Task) -> Schedule:
        """Return the schedule of the run."""
        return make_schedule(self.schedule, self.total(task), self.warm_up)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; `Options(**data)` reads it back."""
        return asdict(self)


def make_optimizer(model: nn.Module, options: Options) -> Inertial:
    """Make the optimizer that the options ask for.

    Args:
        model: Whose trainable parameters are moved.
        options: The words.

    Returns:
        The optimizer.

    Example:
        >>> asked = Options("digits", {}, {"lr": 0.1, "momentum": 0.9})
        >>> make_optimizer(nn.Linear(1, 1), asked).param_groups[0]["momentum"]
        0.9
    """
    words = dict(options.optimizer)
    if "state_dtype" in words:
        words["state_dtype"] = _dtype(words["state_dtype"])
    if "betas" in words:
        words["betas"] = tuple(words["betas"])
    params: list[Any] = [p for p in model.parameters() if p.requires_grad]
    if options.physics is not None:
        physics = dict(options.physics)
        time_step = physics.pop("time_step", 1.0)
        return Inertial.from_particle(params, Particle(**physics), time_step, **words)
    if options.method == "muon":
        matrices, rest = split_matrices(model)
        params = [{"params": matrices}]
        if rest:
            params.append({"params": rest, "method": "torch.AdamW"})
    return METHODS[options.method](params, **words)


def parse_physics(text: str) -> dict[str, Any]:
    """Read the words of a particle, such as "mass=10,friction=1,time-step=0.5".

    Args:
        text: Comma-separated words.

    Returns:
        word -> value; `law` is text, the others are numbers.

    Raises:
        ValueError: If a word is unknown, doubled or no number.

    Example:
        >>> parse_physics("mass=10,time-step=0.5")
        {'mass': 10.0, 'time_step': 0.5}
    """
    words: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        key = name.replace("-", "_")
        if not equals or key not in PHYSICS_WORDS or key in words:
            known = ", ".join(f"{word.replace('_', '-')}=" for word in PHYSICS_WORDS)
            raise ValueError(
                f"--physics must be a list such as mass=10,friction=1,time-step=1, "
                f"each word once, but has {part.strip()!r}. It knows {known}."
            )
        words[key] = value if key == "law" else _number(key, value)
    return words


def parse_betas(text: str) -> list[float]:
    """Read two numbers, such as "0.9,0.999".

    Returns:
        The numbers.

    Raises:
        ValueError: If there are not two.

    Example:
        >>> parse_betas("0.9,0.99")
        [0.9, 0.99]
    """
    parts = text.split(",")
    if len(parts) != 2:
        raise ValueError(
            f"--betas must be two numbers such as 0.9,0.999, but is {text!r}."
        )
    return [_number("betas", part) for part in parts]


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"`{name}` must be a number, but is {text!r}.") from error


def _check_words(options: Options) -> None:
    if options.physics is not None and options.method != "sgd":
        raise ValueError(
            f"--physics describes a particle, but --method {options.method} is another "
            "convention: give one of the two."
        )
    if options.physics is not None:
        name, known = "--physics", set(PARTICLE_WORDS)
        hint = "The particle's mass, friction and time-step say the rest."
    else:
        name = f"--method {options.method}"
        signature = inspect.signature(METHODS[options.method])
        known = {*signature.parameters, *SHARED_WORDS} & set(OPTIMIZER_WORDS)
        hint = f"It takes {', '.join(_dashed(word) for word in sorted(known))}."
    for word in options.optimizer:
        if word not in known:
            raise ValueError(f"{_dashed(word)} does not go with {name}. {hint}")
    if (
        options.schedule == "onecycle"
        and options.optimizer.get("schedule_acts_on") == "clock"
    ):
        raise ValueError(
            "--schedule onecycle moves the momentum itself, but with "
            "--schedule-acts-on clock the momentum follows the clock: choose another "
            "schedule or target."
        )


def _check_device(name: str) -> None:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).split("\n", maxsplit=1)[0].split(". ")[0]
        raise ValueError(
            f"--device must be a device of this machine, but {name!r} is not usable "
            f"({first}). Try --device cpu."
        ) from error


def _dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(
            f"`state_dtype` must be a type such as float32 or bfloat16, "
            f"but is {name!r}."
        )
    return dtype


def _dashed(word: str) -> str:
    return f"--{word.replace('_', '-')}"
