"""The average form: the buffer is a running mean of gradients.

An exponential moving average and quasi-hyperbolic momentum. Under a schedule both act
as PyTorch's sum does, since a mean is the sum in other units.
"""

from __future__ import annotations

from typing import Any

from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, RETENTION, SHARE
from inertial.conventions.method import Method, check_words
from inertial.conventions.vocabulary import Vocabulary, confirmed, read
from inertial.physics.coefficients import Coefficients

_EMA_BOUNDS = {"learning_rate": NOT_NEGATIVE, "beta": RETENTION}
_QHM_BOUNDS = {
    "lr": NOT_NEGATIVE,
    "momentum": RETENTION,
    "nu": SHARE,
    "weight_decay": NOT_NEGATIVE,
}
_EMA = Vocabulary("ema", debias=True)
_QHM = Vocabulary("qhm", coupled_decay=True, maximize=True, lookahead=True)


def ema(learning_rate: Array, beta: Array, debias: bool = False) -> Method:
    """Read descent along a moving average: e' = beta*e + (1 - beta)*g.

    x' = x - learning_rate*e', where `debias` divides e' by 1 - beta**(step + 1), the
    share of gradients that has entered it. It is `optax.ema(beta, debias)` followed by
    the learning rate (Optax debiases by default).

    Args:
        learning_rate: Of this step. Unit: X²/L.
        beta: Share of the average that survives a step. Unit: 1.
        debias: Whether to undo the start from 0.

    Returns:
        The method; its momentum is minus the average e.

    Source: optax 0.2.8, optax/transforms/_accumulation.py, `ema`; docs/theory.md, T01:
        e' = alpha*e + (1 - alpha)*g with alpha = 1 - friction*time_step/mass.

    Example:
        >>> ema(0.1, beta=0.75).coefficients(0)
        Coefficients(decay=0.75, kick=0.25, blend_momentum=1.0, blend_force=0.0,
        drift=0.1, keep=1.0)
    """
    check_words(_EMA_BOUNDS, learning_rate=learning_rate, beta=beta)
    return Method(
        lambda step: averaged(step, learning_rate, beta, debias),
        settles_at=None if debias else 0,
    )


def ema_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `ema`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `ema`.

    Example:
        >>> ema_words(ema(0.5, beta=0.75))
        {'learning_rate': 0.5, 'beta': 0.75, 'debias': False}
    """
    first = read(_EMA, method)
    debias = method.settles_at is None
    share = 1.0 if debias else _entering(first.carry)
    words = {
        "learning_rate": first.drift / share,
        "beta": first.carry,
        "debias": debias,
    }
    return confirmed(_EMA, method, ema, words)


def _entering(carry: Array) -> Array:
    """Return the share of the force that enters an average, or refuse where none does.

    Raises:
        ValueError: If nothing of the momentum is lost.
    """
    if carry == 1:
        raise ValueError(
            "no average can spell this method: it loses no momentum, so that a mean of "
            "its forces would take in no new one. Give it some friction."
        )
    return 1.0 - carry


def averaged(
    step: int, drift: Array, beta: Array, debias: bool, keep: Array = 1.0
) -> Coefficients:
    """Return the six numbers of a step along a moving average.

    Args:
        step: 0 at the first.
        drift: Learning rate.
        beta: Share of the average that survives a step. Unit: 1.
        debias: Whether to divide by 1 - beta**(step + 1).
        keep: Share of the position that is kept. Unit: 1.

    Returns:
        The six numbers.

    Source: see `ema`; Kingma & Ba (2015), algorithm 1, for the debiasing.

    Example:
        >>> averaged(0, drift=0.1, beta=0.75, debias=True).blend_momentum
        4.0
    """
    return Coefficients(
        decay=beta,
        kick=1.0 - beta,
        blend_momentum=1.0 / (1.0 - beta ** (step + 1)) if debias else 1.0,
        drift=drift,
        keep=keep,
    )


def betas_of(betas: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the two shares that Adam and Lion are given in one word.

    Args:
        betas: Two numbers. Unit: 1.

    Returns:
        The two numbers.

    Raises:
        ValueError: If they are not two.

    Example:
        >>> betas_of((0.9, 0.99))
        (0.9, 0.99)
    """
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(
            f"`betas` must be two numbers, but is {betas!r}. Pass `betas=(0.9, 0.99)`."
        )
    return betas[0], betas[1]


def qhm(
    lr: Array = 1e-3,
    momentum: Array = 0.999,
    nu: Array = 0.7,
    weight_decay: Array = 0.0,
    *,
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of quasi-hyperbolic momentum.

    m' = momentum*m + (1 - momentum)*g, x' = x - lr*((1 - nu)*g + nu*m'). With nu = 1
    it is `ema`, with nu = 0 plain descent, with nu = momentum PyTorch's Nesterov at
    lr*(1 - momentum).

    Args:
        lr: Learning rate of this step. Unit: X²/L.
        momentum: Share of the average that survives a step, beta in the paper. Unit: 1.
        nu: Share of the average in the step; the rest is this step's gradient. Unit: 1.
        weight_decay: Coupled. Unit: L/X².
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method; its momentum is minus the average m.

    Source: Ma & Yarats (2019), eqs. 3 and 4, and its rule of thumb as defaults. The
        special cases: docs/theory.md, T17.

    Example:
        >>> qhm(0.1, momentum=0.75, nu=0.5).coefficients(0).blend_force
        0.5
    """
    if not checked:
        words = {"lr": lr, "momentum": momentum, "nu": nu}
        check_words(_QHM_BOUNDS, **words, weight_decay=weight_decay)
    coefficients = averaged(0, lr, momentum, debias=False)
    coefficients = coefficients._replace(blend_momentum=nu, blend_force=1.0 - nu)
    return Method(lambda _: coefficients, weight_decay=weight_decay, maximize=maximize)


def qhm_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `qhm`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `qhm`.

    Example:
        >>> qhm_words(ema(0.5, beta=0.75))
        {'lr': 0.5, 'momentum': 0.75, 'nu': 1.0, 'weight_decay': 0.0,
        'maximize': False}
    """
    first = read(_QHM, method)
    averaged_part = first.through / _entering(first.carry)
    whole = averaged_part + first.direct
    words = {
        "lr": first.drift * whole,
        "momentum": first.carry,
        "nu": averaged_part / whole,
        "weight_decay": method.weight_decay,
        "maximize": method.maximize,
    }
    return confirmed(_QHM, method, qhm, words)
