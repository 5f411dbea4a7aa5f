"""Which words a parameter group speaks, and the step that they spell.

A group keeps the words of one framework's method (`lr` and `momentum`, or `lr` and
`betas`), so that PyTorch's schedulers find what they look for. The words become six
coefficients in `inertial.conventions`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from inertial.bounds import NOT_NEGATIVE, RETENTION, Bound, check, check_choice
from inertial.conventions import (
    lion,
    qhm,
    rmsprop,
    signum,
    torch_adam,
    torch_adamw,
    torch_muon,
    torch_sgd,
)
from inertial.conventions.method import Method
from inertial.physics.kinetic import KINETICS, Kinetic, kinetic

Group = dict[str, Any]
KineticWord = Any
"""A kinetic energy's name, a (name, words) pair as groups store it, or a Kinetic."""


class Words(NamedTuple):
    """One method at the PyTorch door.

    Attributes:
        defaults: word -> default value.
        build: The convention that turns the words into a Method.
    """

    defaults: Mapping[str, Any]
    build: Callable[..., Method]


_ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}

METHODS: dict[str, Words] = {
    "torch.SGD": Words(
        {
            "lr": 1e-3,
            "momentum": 0.0,
            "dampening": 0.0,
            "weight_decay": 0.0,
            "nesterov": False,
            "decoupled_weight_decay": False,
            "kinetic": "newtonian",
            "schedule_acts_on": "mass",
            "reference_lr": None,
        },
        torch_sgd,
    ),
    "torch.Adam": Words(_ADAM, torch_adam),
    "torch.AdamW": Words(_ADAM | {"weight_decay": 1e-2}, torch_adamw),
    "rmsprop": Words(
        {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0}, rmsprop
    ),
    "lion": Words({"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0.0}, lion),
    "signum": Words({"lr": 1e-4, "momentum": 0.9, "weight_decay": 0.0}, signum),
    "qhm": Words({"lr": 1e-3, "momentum": 0.999, "nu": 0.7, "weight_decay": 0.0}, qhm),
    "torch.Muon": Words(
        {
            "lr": 1e-3,
            "weight_decay": 0.1,
            "momentum": 0.95,
            "nesterov": True,
            "ns_coefficients": (3.4445, -4.7750, 2.0315),
            "eps": 1e-7,
            "ns_steps": 5,
            "adjust_lr_fn": None,
        },
        torch_muon,
    ),
}
"""Every method that a parameter group may name, with its words."""

_READY = {name: kinetic(name) for name in KINETICS}  # asked for at every step
ALL_WORDS = frozenset().union(*(words.defaults for words in METHODS.values()))


def words_of(group: Group) -> Words:
    """Return the row of `METHODS` that a group speaks.

    Raises:
        ValueError: If the group names no known method.

    Example:
        >>> sorted(words_of({"method": "lion"}).defaults)
        ['betas', 'lr', 'weight_decay']
    """
    name = group["method"]
    check_choice("method", name, METHODS)
    return METHODS[name]


def read(group: Group, *, checked: bool = False) -> Method:
    """Return the step that a group's words spell now.

    Args:
        group: A parameter group.
        checked: Whether the words have passed `validate` already. A step never
            checks again: a scheduler may pass through values that no constructor takes.

    Returns:
        The method: six coefficients by step, and a kinetic energy.

    Example:
        >>> read({**METHODS["torch.SGD"].defaults, "method": "torch.SGD",
        ...       "maximize": False}).coefficients(0).drift
        0.001
    """
    row = words_of(group)
    words = {name: group[name] for name in row.defaults}
    if isinstance(words["lr"], Tensor) and words["lr"].ndim:
        words["lr"] = words["lr"].squeeze()
    if "kinetic" in words:
        words["kinetic"] = resolve(words["kinetic"])
    return row.build(**words, maximize=group["maximize"], checked=checked)


def resolve(word: KineticWord) -> Kinetic:
    """Return the kinetic energy that a group's word names.

    Raises:
        TypeError: If it is none.

    Example:
        >>> resolve(("huber", (("limit", 2.0),))).name
        'huber'
    """
    if isinstance(word, Kinetic):
        return word
    if isinstance(word, str):
        return _READY[word] if word in _READY else kinetic(word)
    if not isinstance(word, tuple | list) or len(word) != 2:
        raise TypeError(
            '`kinetic` must be a name such as "relativistic", or a Kinetic such as '
            f"`relativistic(speed_limit=2.0)`, but is {word!r}."
        )
    name, words = word
    return kinetic(name, **dict(words))


def storable(word: KineticWord) -> KineticWord:
    """Return a kinetic energy as plain data, so that a state_dict needs no pickle.

    A kinetic energy of the user's own, which `KINETICS` does not know, stays as it is.

    Example:
        >>> from inertial.physics.kinetic import relativistic
        >>> storable(relativistic(2.0))[0]
        'relativistic'
    """
    chosen = kinetic(word) if isinstance(word, str) else resolve(word)
    if chosen.name not in KINETICS:
        return chosen
    return (chosen.name, chosen.words) if chosen.words else chosen.name


def complete(group: Group, default_method: str) -> Group:
    """Fill in what a group leaves to its own method, and refuse what that lacks.

    Args:
        group: The user's group, without PyTorch's defaults.
        default_method: The optimizer's method, whose defaults PyTorch fills in.

    Returns:
        The group with its words.

    Raises:
        ValueError: If a word belongs to another method.
    """
    group.setdefault("method", default_method)
    row = words_of(group)
    foreign = sorted((ALL_WORDS - set(row.defaults)) & set(group))
    if foreign:
        raise ValueError(
            f"`{foreign[0]}` is not a word of {group['method']}, which takes "
            f"{', '.join(sorted(row.defaults))}. Leave it out, or give the group "
            "another `method`."
        )
    return group if group["method"] == default_method else {**row.defaults, **group}


def with_reference(group: Group) -> Group:
    """Return a group whose kinetic energy is data, and whose schedule has a reference.

    Example:
        >>> words = {"method": "torch.SGD", "lr": 0.5, "schedule_acts_on": "clock"}
        >>> with_reference({**METHODS["torch.SGD"].defaults, **words})["reference_lr"]
        0.5
    """
    if "kinetic" in words_of(group).defaults:
        group = {**group, "kinetic": storable(group["kinetic"])}
    acts_on = group.get("schedule_acts_on", "mass")
    if acts_on != "mass" and group["reference_lr"] is None:
        group = {**group, "reference_lr": float(group["lr"])}
    return group


_TORCH_SAYS = {
    "lr": ("Invalid learning rate: {}", NOT_NEGATIVE),
    "momentum": ("Invalid momentum value: {}", RETENTION),
    "weight_decay": ("Invalid weight_decay value: {}", NOT_NEGATIVE),
}

_REFERENCE = Bound(
    0.0,
    low_open=True,
    why="a schedule that acts on the force or the clock is a ratio to the `lr` of the "
    "construction. Give the peak there, and let the scheduler lower it.",
)


def validate(group: Group) -> None:
    """Refuse a group whose words spell no step.

    PyTorch's own opening words come first, so that code which looks for them still
    finds them; the rule and the way out follow.

    Args:
        group: A parameter group with all its words.

    Raises:
        ValueError: If a word lies outside its bound.
    """
    lr = group["lr"]
    if hasattr(lr, "numel") and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, but has {lr.numel()} elements.")
    if group.get("schedule_acts_on", "mass") != "mass":
        check("lr", group["reference_lr"], _REFERENCE)
    try:
        read(group)
    except ValueError as error:
        for word, (opening, bound) in _TORCH_SAYS.items():
            if word in group and not bound.admits(group[word]):
                said = opening.format(group[word])
                raise ValueError(f"{said}. {error}") from error
        raise
