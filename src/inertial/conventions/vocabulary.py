"""What a convention has words for, and the refusal of what it has none for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from inertial.conventions.method import Method
from inertial.conventions.motion import LINEAR, Motion, difference, motion


class Vocabulary(NamedTuple):
    """Which parts of a method one convention can spell.

    Attributes:
        name: The convention, such as "torch.SGD".
        kinetic: The one kinetic energy it knows; None if any can be given.
        coupled_decay: Whether weight decay can join the force.
        decoupled_decay: Whether weight decay can shrink the position.
        maximize: Whether it can climb.
        dampening: Whether later forces can enter the momentum less than the first.
        debias: Whether a bias correction may change the step for ever.
        lookahead: Whether a force can act ahead of the momentum (Nesterov, QHM, Lion).
    """

    name: str
    kinetic: str | None = "newtonian"
    coupled_decay: bool = False
    decoupled_decay: bool = False
    maximize: bool = False
    dampening: bool = False
    debias: bool = False
    lookahead: bool = False


def read(vocabulary: Vocabulary, method: Method) -> Motion:
    """Return a method's motion at its first step, if a convention has words for it.

    Args:
        vocabulary: What the convention can spell.
        method: The method to be spelled.

    Returns:
        The motion at step 0, from which the words are read.

    Raises:
        ValueError: If a part of the method has no word there; says which, and what may
            be done.

    Example:
        >>> read(Vocabulary("ema"), Method(lambda _: (), maximize=True))
        Traceback (most recent call last):
            ...
        ValueError: ema cannot spell this method: it has no word for climbing. Negate...
    """
    reason = _missing(vocabulary, method)
    if not reason:
        first, second = motion(method, 0), motion(method, 1)
        reason = _missing_in_motion(vocabulary, method, first, second)
    if reason:
        raise ValueError(f"{vocabulary.name} cannot spell this method: {reason}")
    return first


def _missing(vocabulary: Vocabulary, method: Method) -> str:
    if vocabulary.kinetic not in {None, method.kinetic.name}:
        return (
            f"its kinetic energy is {vocabulary.kinetic!r}, but the method's is "
            f"{method.kinetic.name!r}. Keep that, and use `torch_sgd(kinetic=...)`."
        )
    if method.maximize and not vocabulary.maximize:
        return "it has no word for climbing. Negate the loss and descend."
    if method.weight_decay != 0 and not vocabulary.coupled_decay:
        return (
            "it has no word for weight decay that joins the force. Add weight_decay/2 "
            "times the squared parameters to the loss."
        )
    if method.settles_at is None and not vocabulary.debias:
        return (
            "it has no word for a bias correction. Call it with a learning rate for "
            "each step instead."
        )
    return ""


def _missing_in_motion(
    vocabulary: Vocabulary, method: Method, first: Motion, second: Motion
) -> str:
    if first.keep != 1 and not vocabulary.decoupled_decay:
        return (
            "it has no word for weight decay that shrinks the position. Multiply the "
            f"parameters by {first.keep:g} yourself, before each step."
        )
    if first.direct != 0 and not vocabulary.lookahead:
        return (
            "it has no word for a force that acts ahead of the momentum (Nesterov). "
            "Spell it in qhm, which can mix the two freely."
        )
    if first.through != second.through and not vocabulary.dampening:
        return (
            "it has no word for dampening, by which the first force counts more than "
            "the later ones. Use torch.SGD."
        )
    return ""


def nesterov_words(method: Method, first: Motion) -> tuple[float, bool]:
    """Return learning rate and Nesterov flag as PyTorch, Optax and Keras mean them.

    Args:
        method: The method to be spelled.
        first: Its motion at step 0.

    Returns:
        The learning rate, and whether a force acts ahead of the momentum.

    Example:
        >>> from inertial.conventions.velocity_form import keras_sgd
        >>> method = keras_sgd(0.25, momentum=1 / 3, nesterov=True)
        >>> nesterov_words(method, motion(method, 0))
        (0.25, True)
    """
    ahead = first.direct != 0
    # Nesterov's first step is 1 + momentum times as long as lr says.
    shortened = ahead and method.kinetic.name in LINEAR
    return first.drift * first.direct if shortened else first.drift, ahead


def decoupled_words(first: Motion, learning_rate: float) -> float:
    """Return the weight decay that shrinks by 1 - learning_rate*weight_decay.

    Args:
        first: The method's motion at step 0.
        learning_rate: As the convention means it.

    Returns:
        The weight decay; 0 where nothing shrinks.

    Example:
        >>> decoupled_words(Motion(0.0, 1.0, 0.0, 1.0, 0.5, keep=0.875), 0.5)
        0.25
    """
    if first.keep == 1:
        return 0.0
    return (1.0 - first.keep) / learning_rate if learning_rate else float("inf")


def confirmed(
    vocabulary: Vocabulary,
    method: Method,
    spelled: Callable[..., Method],
    words: Mapping[str, Any],
) -> dict[str, Any]:
    """Return words after reading them back: they must say the method they came from.

    Args:
        vocabulary: The convention's name and reach.
        method: The method that was to be spelled.
        spelled: The convention's words -> Method.
        words: The proposed words.

    Returns:
        The words.

    Raises:
        ValueError: If no words of this convention say this method; names the first
            number that differs.

    Example:
        >>> from inertial.conventions.velocity_form import keras_sgd, polyak
        >>> said = {"learning_rate": 0.1, "momentum": 0.9}
        >>> confirmed(Vocabulary("keras.SGD"), polyak(0.1, 0.9), keras_sgd, said)
        {'learning_rate': 0.1, 'momentum': 0.9}
    """
    apart = difference(method, spelled(**words))
    if apart:
        raise ValueError(
            f"{vocabulary.name} cannot spell this method: at constant words it would "
            f"have another {apart}. Keep the method as it is, or read it in qhm or "
            "torch.SGD, which say more."
        )
    return dict(words)
