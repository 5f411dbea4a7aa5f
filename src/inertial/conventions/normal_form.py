"""Words under a schedule: what each step does, and how another framework says it.

Constant words are translated by `table.translate`. Under a schedule the same motion
needs other words at each step, and sometimes there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from inertial.arrays import Array
from inertial.physics.coefficients import Coefficients

Rule = Callable[[int], Coefficients]
"""Step (0 at the first) -> the six numbers of that step."""


class NormalForm(NamedTuple):
    """One step in displacements: d' = carried·d − pushed·g + recalled·g_before.

    Attributes:
        carried: Share of the last displacement that is repeated, a in T14. Unit: 1.
        pushed: Displacement against a unit gradient, b in T14. Unit: X²/L.
        recalled: Displacement along the gradient before this one; 0 but for methods
            that look ahead. Unit: X²/L.
    """

    carried: Array
    pushed: Array
    recalled: Array


def normal_form(rule: Rule, step: int) -> NormalForm:
    """Return what a step does, with every buffer removed.

    Two runs from rest are the same run if and only if these numbers agree at every
    step, whatever the momentum of each is counted in.

    Args:
        rule: step -> the six numbers.
        step: 0 at the first, where nothing can be carried or recalled.

    Returns:
        The three numbers of this step.

    Raises:
        ValueError: If the position shrinks (decoupled weight decay), or a momentum is
            felt that the step before did not show.

    Source: docs/theory.md, T14; `recalled` is the last term of T18 (d).

    Example:
        >>> from inertial.conventions.sum_form import torch_sgd
        >>> halved = lambda t: torch_sgd(lr=0.5**t, momentum=0.5).coefficients(t)
        >>> normal_form(halved, 1)
        NormalForm(carried=0.25, pushed=0.5, recalled=0.0)
    """
    now = rule(step)
    if now.keep != 1:
        raise ValueError(
            f"there is no normal form, because the step keeps {now.keep:g} of the "
            "position. Put the weight decay into the loss."
        )
    shown = now.drift * now.blend_momentum
    pushed = shown * now.kick + now.drift * now.blend_force
    if step == 0:
        return NormalForm(0.0, pushed, 0.0)
    before = rule(step - 1)
    shown_before = before.drift * before.blend_momentum
    felt = now.decay * shown
    if felt == 0:
        return NormalForm(0.0, pushed, 0.0)
    if shown_before == 0:
        raise ValueError(
            f"there is no normal form at step {step}: the step before moved nothing, "
            "but its momentum survived and is felt now. Lower the learning rate to a "
            "small number instead of 0, or set the momentum of this step to 0."
        )
    carried = felt / shown_before
    return NormalForm(carried, pushed, carried * before.drift * before.blend_force)


def scheduled_keras_words(rule: Rule, step: int) -> dict[str, Any]:
    """Say one step of a schedule in the words of `keras_sgd`.

    Args:
        rule: step -> the six numbers.
        step: 0 at the first.

    Returns:
        "learning_rate" and "momentum" of this step. Keras refuses a momentum of 1 or
        more, which a learning rate that rises steeply can ask for.

    Raises:
        ValueError: If there is no normal form, or it recalls the gradient before.

    Source: docs/theory.md, T11: momentum·lr_t/lr_(t−1) and lr_t·(1 − dampening).

    Example:
        >>> from inertial.conventions.sum_form import torch_sgd
        >>> halved = lambda t: torch_sgd(lr=0.5**t, momentum=0.5).coefficients(t)
        >>> scheduled_keras_words(halved, 1)
        {'learning_rate': 0.5, 'momentum': 0.25}
    """
    _refuse_lookahead(rule(step))
    form = normal_form(rule, step)
    # At first any momentum will do; its own keeps the words from changing needlessly.
    carried = form.carried if step else rule(0).decay
    return {"learning_rate": form.pushed, "momentum": carried}


def scheduled_torch_words(rule: Rule, step: int) -> dict[str, Any]:
    """Say one step of a schedule in the words of `torch_sgd`.

    The momentum is counted in kicks. Where a step has none (Keras at learning rate 0),
    it is counted in the last kick there was, and `dampening` keeps the force out.

    Args:
        rule: step -> the six numbers.
        step: 0 at the first.

    Returns:
        "lr", "momentum" and "dampening" of this step. PyTorch takes any momentum in a
        parameter group, but only one below 1 at construction.

    Raises:
        ValueError: If the method looks ahead or shrinks the position, if the run
            begins without a force, which PyTorch cannot keep out, or if momentum comes
            back after a step without, in which PyTorch does not write its buffer.

    Source: docs/theory.md, T12 for averages: β_t(1 − α_t) and
        α_t(1 − α_(t−1))/(1 − α_t); T11 for velocities; T18 (b) for the dampening.

    Example:
        >>> from inertial.conventions.average_form import ema
        >>> rising = lambda t: ema(1.0, beta=0.5 if t < 1 else 0.75).coefficients(t)
        >>> scheduled_torch_words(rising, 1)
        {'lr': 0.25, 'momentum': 1.5, 'dampening': 0.0}
    """
    now = rule(step)
    _refuse_lookahead(now)
    if now.keep != 1:
        raise ValueError(
            f"the step keeps {now.keep:g} of the position, which PyTorch's SGD has no "
            "word for. Put the weight decay into the loss."
        )
    unit = _last_kick(rule, step)
    before = _last_kick(rule, step - 1) if step else unit
    if step and now.decay != 0 and rule(step - 1).decay == 0:
        raise ValueError(
            f"at step {step} momentum comes back after a step without, but PyTorch "
            "writes no buffer at momentum 0. Use a small momentum there instead."
        )
    return {
        "lr": now.drift * now.blend_momentum * unit,
        "momentum": now.decay * before / unit,
        "dampening": 1.0 - now.kick / unit,
    }


def _last_kick(rule: Rule, step: int) -> Array:
    for earlier in range(step, -1, -1):
        kick = rule(earlier).kick
        if kick != 0:
            return kick
    raise ValueError(
        "the run begins with a step without force, but PyTorch's first step always "
        "takes the gradient into the buffer. Leave those steps out."
    )


def _refuse_lookahead(now: Coefficients) -> None:
    if now.blend_force != 0:
        raise ValueError(
            "the method looks ahead of its momentum, so that it also moves with the "
            "gradient before; one momentum and one learning rate a step cannot say "
            "this. See `normal_form` for what the step does."
        )
