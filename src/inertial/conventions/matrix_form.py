"""Muon: a running mean of forces, whose velocity is the matrix's orthogonal factor."""

from __future__ import annotations

from typing import Any

from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, RETENTION, Bound, check
from inertial.conventions.average_form import averaged
from inertial.conventions.method import Method, check_words
from inertial.conventions.vocabulary import (
    Vocabulary,
    confirmed,
    decoupled_words,
    read,
)
from inertial.physics.spectral import (
    MUON_COEFFICIENTS,
    MUON_EPSILON,
    MUON_STEPS,
    spectral,
)

_BOUNDS = {"lr": NOT_NEGATIVE, "momentum": RETENTION, "weight_decay": NOT_NEGATIVE}
_SCALE_BY_WORD = {
    None: "original",
    "original": "original",
    "match_rms_adamw": "match_rms_adamw",
}
_MUON = Vocabulary(
    "torch.Muon", "spectral", decoupled_decay=True, maximize=True, lookahead=True
)


def torch_muon(
    lr: Array = 1e-3,
    weight_decay: Array = 0.1,
    momentum: Array = 0.95,
    nesterov: bool = True,
    ns_coefficients: tuple[float, float, float] = MUON_COEFFICIENTS,
    eps: float = MUON_EPSILON,
    ns_steps: int = MUON_STEPS,
    adjust_lr_fn: str | None = None,
    *,
    dtype: str | None = "bfloat16",
    maximize: bool = False,
    checked: bool = False,
) -> Method:
    """Read the words of `torch.optim.Muon`.

    m' = momentum*m + (1 - momentum)*g, u = m', or with Nesterov
    momentum*m' + (1 - momentum)*g, x' = x*(1 - lr*weight_decay) - lr*s*O(u), where O is
    nearly the orthogonal factor and s depends on the shape. PyTorch's docstring writes
    the sum m' = momentum*m + g; its code, and this, keep the average.

    Args:
        lr: Learning rate of this step. Unit: X.
        weight_decay: Decoupled, by the lr before its adjustment. Unit: 1/X.
        momentum: Share of the average that survives a step. Unit: 1.
        nesterov: Whether to blend this step's force in once more.
        ns_coefficients: Of the Newton-Schulz iteration.
        eps: Smallest Frobenius norm that it divides by. Unit: L/X.
        ns_steps: Rounds of it.
        adjust_lr_fn: "original" or "match_rms_adamw"; None is "original".
        dtype: Number type of the iteration. PyTorch has "bfloat16"; NumPy cannot, so
            None keeps the array's own.
        maximize: Whether to climb.
        checked: See `torch_sgd`.

    Returns:
        The method, for matrices only.

    Raises:
        ValueError: If a word lies outside its bound, or `adjust_lr_fn` is unknown.

    Source: Jordan (2024), "Muon"; torch 2.13, torch/optim/_muon.py,
        `_single_tensor_muon`.

    Example:
        >>> torch_muon(momentum=0.75).coefficients(0).blend_force
        0.25
    """
    if not checked:
        check_words(_BOUNDS, lr=lr, momentum=momentum, weight_decay=weight_decay)
        check("ns_steps", ns_steps, Bound(1.0, 99.0))
    if adjust_lr_fn not in _SCALE_BY_WORD:
        raise ValueError(
            '`adjust_lr_fn` must be "original", "match_rms_adamw" or None, but is '
            f"{adjust_lr_fn!r}. For no scale use `torch_sgd(kinetic=spectral())`."
        )
    coefficients = averaged(0, lr, momentum, False, keep=1.0 - lr * weight_decay)
    if nesterov:
        coefficients = coefficients._replace(
            blend_momentum=momentum, blend_force=1.0 - momentum
        )
    kinetic = spectral(
        scale=_SCALE_BY_WORD[adjust_lr_fn],
        steps=ns_steps,
        coefficients=ns_coefficients,
        epsilon=eps,
        dtype=dtype,
    )
    return Method(lambda _: coefficients, kinetic, maximize=maximize)


def torch_muon_words(method: Method) -> dict[str, Any]:
    """Spell a method in the words of `torch_muon`, at constant words.

    The size of the momentum is taken not to matter, which holds while its Frobenius
    norm is above `eps`.

    Args:
        method: Any method.

    Returns:
        The words of `torch_muon`; `dtype` only where it is not PyTorch's.

    Raises:
        ValueError: If no words say this method.

    Example:
        >>> torch_muon_words(torch_muon(momentum=0.75, weight_decay=0.0))["momentum"]
        0.75
    """
    first = read(_MUON, method)
    factor = dict(method.kinetic.words)
    if factor["method"] == "exact" or factor["scale"] == "none":
        raise ValueError(
            "torch.Muon cannot spell this method: it always scales by the shape and "
            "takes Newton-Schulz steps, but the method's kinetic energy is spectral"
            f"(method={factor['method']!r}, scale={factor['scale']!r}). Keep it as it "
            "is."
        )
    words = {
        "lr": first.drift,
        "weight_decay": decoupled_words(first, first.drift),
        "momentum": first.carry,
        "nesterov": first.direct != 0,
        "ns_coefficients": factor["coefficients"],
        "eps": factor["epsilon"],
        "ns_steps": factor["steps"],
        "adjust_lr_fn": factor["scale"],
        "maximize": method.maximize,
    }
    if factor["dtype"] != "bfloat16":
        words["dtype"] = factor["dtype"]
    return confirmed(_MUON, method, torch_muon, words)
