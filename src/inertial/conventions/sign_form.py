"""The sign form: a running mean of gradients, of which only the sign moves.

Signum and Lion: the kinetic energy is the sum of |p|, so every element has one speed.
"""

from __future__ import annotations

from typing import Any

from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, RETENTION, Bound
from inertial.conventions.average_form import averaged, betas_of
from inertial.conventions.method import Method, check_words
from inertial.conventions.vocabulary import (
    Vocabulary,
    confirmed,
    decoupled_words,
    read,
)
from inertial.physics.kinetic import sign

_BOUNDS = {
    "lr": NOT_NEGATIVE,
    "momentum": RETENTION,
    "betas[0]": RETENTION,
    "betas[1]": Bound(
        0.0,
        1.0,
        low_open=True,
        high_open=True,
        why="at 0 the momentum forgets what the blend needs, at 1 it learns nothing. "
        "For the sign of the force alone use `signum(momentum=0)`.",
    ),
    "weight_decay": NOT_NEGATIVE,
}
_SIGNUM = Vocabulary("signum", "sign", decoupled_decay=True, maximize=True)
_LION = _SIGNUM._replace(name="lion", lookahead=True)


def signum(
    lr: Array = 1e-4,
    momentum: Array = 0.9,
    weight_decay: Array = 0.0,
    *,
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of Signum: every element moves by lr against its mean gradient.

    m' = momentum*m + (1 - momentum)*g, x' = x*(1 - lr*weight_decay) - lr*sign(m').

    Args:
        lr: Length of each element's step. Unit: X.
        momentum: Share of the average that survives a step; `beta` in Optax. Unit: 1.
        weight_decay: Decoupled. Unit: 1/X.
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method.

    Source: Bernstein et al. (2018), "signSGD", algorithm 2; optax 0.2.8, `signum`.

    Example:
        >>> signum(0.1).kinetic.name
        'sign'
    """
    if not checked:
        check_words(_BOUNDS, lr=lr, momentum=momentum, weight_decay=weight_decay)
    coefficients = averaged(0, lr, momentum, False, keep=1.0 - lr * weight_decay)
    return Method(lambda _: coefficients, sign(), maximize=maximize)


def signum_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `signum`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `signum`.

    Example:
        >>> signum_words(lion(lr=0.5, betas=(0.75, 0.75)))
        {'lr': 0.5, 'momentum': 0.75, 'weight_decay': 0.0, 'maximize': False}
    """
    first = read(_SIGNUM, method)
    words = {
        "lr": first.drift,
        "momentum": first.carry,
        "weight_decay": decoupled_words(first, first.drift),
        "maximize": method.maximize,
    }
    return confirmed(_SIGNUM, method, signum, words)


def lion(
    lr: Array = 1e-4,
    betas: tuple[Array, Array] = (0.9, 0.99),
    weight_decay: Array = 0.0,
    *,
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of Lion.

    x' = x*(1 - lr*weight_decay) - lr*sign(betas[0]*m + (1 - betas[0])*g), then
    m' = betas[1]*m + (1 - betas[1])*g. The sign is taken of the old average; in terms
    of the new one the blend is betas[0]/betas[1] of it and the rest of the force.

    Args:
        lr: Length of each element's step. Unit: X.
        betas: Share of the average in the blend, and share of it that survives a step.
            Unit: 1.
        weight_decay: Decoupled. Unit: 1/X.
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method; its momentum is minus the average m.

    Source: Chen et al. (2023), "Symbolic discovery of optimization algorithms",
        algorithm 2; optax 0.2.8, `scale_by_lion`.

    Example:
        >>> lion(0.1, betas=(0.25, 0.5)).coefficients(0).blend_momentum
        0.5
    """
    blend, memory = betas_of(betas)
    if not checked:
        shares = {"betas[0]": blend, "betas[1]": memory}
        check_words(_BOUNDS, lr=lr, weight_decay=weight_decay, **shares)
    share = blend / memory
    coefficients = averaged(0, lr, memory, False, keep=1.0 - lr * weight_decay)
    coefficients = coefficients._replace(blend_momentum=share, blend_force=1.0 - share)
    return Method(lambda _: coefficients, sign(), maximize=maximize)


def lion_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `lion`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `lion`.

    Example:
        >>> lion_words(signum(lr=0.5, momentum=0.75))["betas"]
        (0.75, 0.75)
    """
    first = read(_LION, method)
    # Without carried momentum the second beta means nothing: any will do.
    memory = first.carry or 0.99
    blend = 0.0
    if first.carry != 0:
        # direct = (1 - blend/memory)/(1 - blend), solved for blend
        blend = (1.0 - first.direct) / (1.0 / memory - first.direct)
    words = {
        "lr": first.drift,
        "betas": (blend, memory),
        "weight_decay": decoupled_words(first, first.drift),
        "maximize": method.maximize,
    }
    return confirmed(_LION, method, lion, words)
