"""The adaptive form: a mass that remembers past forces, as in Adam and RMSprop."""

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
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import adaptive

_MEMORY = Bound(0.0, 1.0, high_open=True)
_BOUNDS = {
    "lr": NOT_NEGATIVE,
    "alpha": _MEMORY,
    "betas[0]": RETENTION,
    "betas[1]": _MEMORY,
    "eps": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
}
_ADAM = Vocabulary(
    "torch.Adam", "adaptive", coupled_decay=True, maximize=True, debias=True
)
_ADAMW = _ADAM._replace(name="torch.AdamW", coupled_decay=False, decoupled_decay=True)
_RMSPROP = _ADAM._replace(name="rmsprop", debias=False)


def torch_adam(
    lr: Array = 1e-3,
    betas: tuple[Array, Array] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: Array = 0.0,
    *,
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of `torch.optim.Adam`: a debiased mean over a mass that remembers.

    x' = x - lr * m/(1 - betas[0]**t) / (sqrt(v/(1 - betas[1]**t)) + eps), where m and v
    are running means of the gradient and its square; weight decay joins the gradient,
    and so the mass. `optax.adam` says the same.

    Args:
        lr: Learning rate of this step. Unit: X.
        betas: Shares of m and of v that survive a step. Unit: 1.
        eps: Added to the mass. Unit: L/X.
        weight_decay: Coupled. Unit: L/X².
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method; its momentum is minus m. It settles never: the bias correction
        changes for ever.

    Source: Kingma & Ba (2015), algorithm 1; torch 2.13, torch/optim/adam.py,
        `_single_tensor_adam`.

    Example:
        >>> torch_adam(betas=(0.75, 0.999)).coefficients(0).blend_momentum
        4.0
    """
    carried, memory = betas_of(betas)
    if not checked:
        shares = {"betas[0]": carried, "betas[1]": memory}
        check_words(_BOUNDS, lr=lr, eps=eps, weight_decay=weight_decay, **shares)
    return Method(
        lambda step: averaged(step, lr, carried, debias=True),
        adaptive(memory, eps, debias=True),
        weight_decay=weight_decay,
        maximize=maximize,
        settles_at=None,
    )


def torch_adam_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `torch_adam`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `torch_adam`.

    Example:
        >>> torch_adam_words(torch_adamw(weight_decay=0.0))["betas"]
        (0.9, 0.999)
    """
    words = _adam_words(_ADAM, method) | {"weight_decay": method.weight_decay}
    return confirmed(_ADAM, method, torch_adam, words)


def torch_adamw(
    lr: Array = 1e-3,
    betas: tuple[Array, Array] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: Array = 1e-2,
    *,
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of `torch.optim.AdamW`: Adam, whose decay shrinks the position.

    Args:
        lr: Learning rate of this step. Unit: X.
        betas: Shares of m and of v that survive a step. Unit: 1.
        eps: Added to the mass. Unit: L/X.
        weight_decay: Decoupled: the position shrinks by 1 - lr*weight_decay. Unit: 1/X.
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method.

    Source: Loshchilov & Hutter (2019), algorithm 2; torch 2.13, torch/optim/adamw.py.

    Example:
        >>> torch_adamw(lr=0.5, weight_decay=0.25).coefficients(0).keep
        0.875
    """
    if not checked:
        check_words(_BOUNDS, weight_decay=weight_decay)
    method = torch_adam(lr, betas, eps, maximize=maximize, checked=checked)
    keep = 1.0 - lr * weight_decay
    return method._replace(
        coefficients=lambda step: method.coefficients(step)._replace(keep=keep)
    )


def torch_adamw_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `torch_adamw`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `torch_adamw`.

    Example:
        >>> torch_adamw_words(torch_adam(lr=0.5))["weight_decay"]
        0.0
    """
    words = _adam_words(_ADAMW, method)
    words["weight_decay"] = decoupled_words(read(_ADAMW, method), words["lr"])
    return confirmed(_ADAMW, method, torch_adamw, words)


def rmsprop(
    lr: Array = 1e-2,
    alpha: Array = 0.99,
    eps: float = 1e-8,
    weight_decay: Array = 0.0,
    momentum: Array = 0.0,
    centered: bool = False,
    *,
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of `torch.optim.RMSprop` without momentum.

    x' = x - lr * g/(sqrt(v) + eps), v a running mean of g². PyTorch's momentum there
    sums forces that were already divided by the mass of their day, so it is no momentum
    of this particle, and is refused instead of approximated.

    Args:
        lr: Learning rate of this step. Unit: X.
        alpha: Share of v that survives a step. Unit: 1.
        eps: Added to the mass, outside the root. Unit: L/X.
        weight_decay: Coupled. Unit: L/X².
        momentum: Must be 0.
        centered: Must be False.
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method.

    Raises:
        ValueError: If a word lies outside its bound, or asks for what is not this step.

    Source: torch 2.13, torch/optim/rmsprop.py, `_single_tensor_rmsprop`.

    Example:
        >>> rmsprop(alpha=0.9).kinetic.words
        (('decay', 0.9), ('epsilon', 1e-08), ('debias', False))
    """
    if not checked:
        check_words(_BOUNDS, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay)
    if momentum != 0 or centered:
        raise ValueError(
            f"`momentum` must be 0 and `centered` False for RMSprop, but they are "
            f"{momentum!r} and {centered!r}: they divide each force by the mass of its "
            "day, before it enters the momentum. For a momentum over a mass that "
            "remembers use `torch_sgd(momentum=..., kinetic=adaptive(debias=False))` "
            "or Adam."
        )
    coefficients = Coefficients(decay=0.0, drift=lr)
    kinetic = adaptive(alpha, eps, debias=False)
    return Method(lambda _: coefficients, kinetic, weight_decay, maximize)


def rmsprop_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `rmsprop`, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `rmsprop`.

    Example:
        >>> rmsprop_words(rmsprop(lr=0.5, alpha=0.75))["alpha"]
        0.75
    """
    first = read(_RMSPROP, method)
    mass = dict(method.kinetic.words)
    words = {
        "lr": first.drift,
        "alpha": mass["decay"],
        "eps": mass["epsilon"],
        "weight_decay": method.weight_decay,
        "maximize": method.maximize,
    }
    return confirmed(_RMSPROP, method, rmsprop, words)


def _adam_words(vocabulary: Vocabulary, method: Method) -> dict[str, Any]:
    first = read(vocabulary, method)
    mass = dict(method.kinetic.words)
    return {
        "lr": first.drift,
        "betas": (first.carry, mass["decay"]),
        "eps": mass["epsilon"],
        "maximize": method.maximize,
    }
