"""The velocity form: the buffer holds a displacement, the learning rate stands inside.

Keras's SGD, Polyak's heavy ball and Sutskever's lookahead. A learning rate that changes
acts on the force alone: a particle already moving coasts on at its old pace.
"""

from __future__ import annotations

from typing import Any

from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, RETENTION
from inertial.conventions.method import Method, check_words
from inertial.conventions.vocabulary import (
    Vocabulary,
    confirmed,
    decoupled_words,
    nesterov_words,
    read,
)
from inertial.physics.coefficients import Coefficients

_KERAS_BOUNDS = {
    "learning_rate": NOT_NEGATIVE,
    "momentum": RETENTION,
    "weight_decay": NOT_NEGATIVE,
}
_POLYAK_BOUNDS = {"alpha": NOT_NEGATIVE, "beta": RETENTION}
_KERAS = Vocabulary("keras.SGD", decoupled_decay=True, lookahead=True)
_POLYAK = Vocabulary("polyak")
_SUTSKEVER = Vocabulary("sutskever", lookahead=True)


def keras_sgd(
    learning_rate: Array = 0.01,
    momentum: Array = 0.0,
    nesterov: bool = False,
    weight_decay: Array | None = None,
) -> Method:
    """Read the words of `keras.optimizers.SGD`.

    Its rule is v' = momentum*v - learning_rate*g, x' = x + v', or with Nesterov
    x' = x + momentum*v' - learning_rate*g. Weight decay first shrinks x by
    1 - learning_rate*weight_decay; g is the gradient from before that. Under a schedule
    call this again with each step's learning rate.

    Args:
        learning_rate: Of this step. Unit: X²/L.
        momentum: Share of the velocity that survives a step. Unit: 1.
        nesterov: Whether to add this step's force once more, ahead of the velocity.
        weight_decay: Decoupled pull towards 0; None is 0. Unit: L/X².

    Returns:
        The method; its momentum is Keras's velocity v, in units of X.

    Source: Keras 3.15, keras/src/optimizers/sgd.py, `update_step`, and
        base_optimizer.py, `_apply_weight_decay`.

    Example:
        >>> keras_sgd(0.1, momentum=0.9).coefficients(0)
        Coefficients(decay=0.9, kick=0.1, blend_momentum=1.0, blend_force=0.0,
        drift=1.0, keep=1.0)
    """
    shrink = 0.0 if weight_decay is None else weight_decay
    check_words(
        _KERAS_BOUNDS,
        learning_rate=learning_rate,
        momentum=momentum,
        weight_decay=shrink,
    )
    keep = 1.0 - learning_rate * shrink
    return _velocity_form(learning_rate, momentum, nesterov, keep)


def keras_sgd_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `keras_sgd`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `keras_sgd`.

    Example:
        >>> keras_sgd_words(polyak(alpha=0.5, beta=0.75))
        {'learning_rate': 0.5, 'momentum': 0.75, 'nesterov': False,
        'weight_decay': None}
    """
    first = read(_KERAS, method)
    learning_rate, nesterov = nesterov_words(method, first)
    words = {
        "learning_rate": learning_rate,
        "momentum": first.carry,
        "nesterov": nesterov,
        "weight_decay": decoupled_words(first, learning_rate) or None,
    }
    return confirmed(_KERAS, method, keras_sgd, words)


def polyak(alpha: Array, beta: Array) -> Method:
    """Read Polyak's words for the heavy ball: x' = x + beta*(x - x_before) - alpha*g.

    Args:
        alpha: Step along the gradient. Unit: X²/L.
        beta: Share of the last displacement that is repeated. Unit: 1.

    Returns:
        The method; its momentum is the last displacement, in units of X.

    Source: Polyak (1964), "Some methods of speeding up the convergence of iteration
        methods", the two-step method.

    Example:
        >>> polyak(alpha=0.1, beta=0.9).coefficients(0).kick
        0.1
    """
    check_words(_POLYAK_BOUNDS, alpha=alpha, beta=beta)
    return _velocity_form(alpha, beta, nesterov=False, keep=1.0)


def polyak_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `polyak`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `polyak`.

    Example:
        >>> polyak_words(keras_sgd(0.5, momentum=0.75))
        {'alpha': 0.5, 'beta': 0.75}
    """
    first = read(_POLYAK, method)
    words = {"alpha": first.drift, "beta": first.carry}
    return confirmed(_POLYAK, method, polyak, words)


def sutskever(learning_rate: Array, momentum: Array) -> Method:
    """Read Nesterov's method as Sutskever wrote it, at the point that looks ahead.

    The rule is v' = momentum*v - learning_rate*g(x + momentum*v), x' = x + v'. The
    position of our map is y = x + momentum*v, where the gradient is taken; read x back
    as y - momentum*v. Both start at the same point. With y the rule is Keras's
    Nesterov, for constant momentum and any schedule of the learning rate.

    Args:
        learning_rate: Of this step. Unit: X²/L.
        momentum: Share of the velocity that survives a step. Unit: 1.

    Returns:
        The method; its momentum is v, its position is y.

    Source: Sutskever et al. (2013), eqs. 3 and 4; in y: docs/theory.md, T16,
        y' = y + momentum*v' - learning_rate*g(y).

    Example:
        >>> sutskever(0.1, momentum=0.9).coefficients(0).blend_force
        0.1
    """
    check_words(_KERAS_BOUNDS, learning_rate=learning_rate, momentum=momentum)
    return _velocity_form(learning_rate, momentum, nesterov=True, keep=1.0)


def sutskever_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `sutskever`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `sutskever`.

    Example:
        >>> sutskever_words(keras_sgd(0.25, momentum=1 / 3, nesterov=True))
        {'learning_rate': 0.25, 'momentum': 0.333...}
    """
    first = read(_SUTSKEVER, method)
    learning_rate, _ = nesterov_words(method, first)
    words = {"learning_rate": learning_rate, "momentum": first.carry}
    return confirmed(_SUTSKEVER, method, sutskever, words)


def _velocity_form(step: Array, carried: Array, nesterov: bool, keep: Array) -> Method:
    coefficients = Coefficients(
        decay=carried,
        kick=step,
        blend_momentum=carried if nesterov else 1.0,
        blend_force=step if nesterov else 0.0,
        drift=1.0,
        keep=keep,
    )
    return Method(lambda _: coefficients)
