"""The sum form: the buffer sums gradients, the learning rate stands outside.

PyTorch's and Optax's SGD. A learning rate that changes acts on the whole past at once,
as a change of mass would; `schedule_acts_on` says where it shall act instead.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

from inertial.arrays import Array
from inertial.bounds import NOT_NEGATIVE, POSITIVE, RETENTION, SHARE
from inertial.conventions.method import Method, check_words
from inertial.conventions.motion import motion
from inertial.conventions.vocabulary import (
    Vocabulary,
    confirmed,
    decoupled_words,
    nesterov_words,
    read,
)
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic, newtonian

ScheduleActsOn = Literal["mass", "force", "clock"]
"""What a changing learning rate changes; the rest of the particle stays as it is."""

_NEWTON = newtonian()
_BOUNDS = {
    "lr": NOT_NEGATIVE,
    "momentum": RETENTION,
    "dampening": SHARE,
    "weight_decay": NOT_NEGATIVE,
}
_OPTAX_BOUNDS = {"learning_rate": NOT_NEGATIVE, "momentum": RETENTION}
_TORCH = Vocabulary(
    "torch.SGD",
    kinetic=None,
    coupled_decay=True,
    decoupled_decay=True,
    maximize=True,
    dampening=True,
    lookahead=True,
)
_OPTAX = Vocabulary("optax.sgd", lookahead=True)


class _Placed(NamedTuple):
    """Where lr went: into the force, the friction and the drift of one step."""

    force: Array
    decay: Array
    drift: Array


def torch_sgd(
    lr: Array = 1e-3,
    momentum: Array = 0.0,
    dampening: Array = 0.0,
    weight_decay: Array = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
    *,
    decoupled_weight_decay: bool = False,
    kinetic: Kinetic = _NEWTON,
    schedule_acts_on: ScheduleActsOn = "mass",
    reference_lr: Array | None = None,
    checked: bool = False,
) -> Method:
    """Read the words of `torch.optim.SGD`.

    PyTorch's rule is b' = momentum*b + (1 - dampening)*g, x' = x - lr*b', where the
    first step takes b' = g. Our momentum is minus its buffer b. The words after the
    star are ours. Under a schedule call this again with each step's words: it only
    multiplies, so lr may be 0, a zero-dimensional array, or traced.

    What a changing lr does is a choice, made by `schedule_acts_on`:

    - "mass": momentum is kept, the mass is 1/lr. PyTorch, to the last bit.
    - "force": velocity is kept, the force is scaled by lr/reference_lr. Keras under any
      schedule of lr; its velocity is -reference_lr times the buffer.
    - "clock": mass and friction are kept, the time step is sqrt(lr), with exact
      friction: what survives a step is momentum**sqrt(lr/reference_lr).

    Args:
        lr: Learning rate of this step. Unit: X²/L.
        momentum: Share of the buffer that survives a step (at `reference_lr`). Unit: 1.
        dampening: Share of the force kept out of the buffer, except at the first step
            and, as in PyTorch, where momentum is 0. Unit: 1.
        weight_decay: Pull towards 0, inside the force. Unit: L/X².
        nesterov: Whether to add this step's force once more, ahead of the buffer.
        maximize: Whether to climb.
        decoupled_weight_decay: Whether weight decay shrinks the position by
            1 - lr*weight_decay instead of joining the force.
        kinetic: The kinetic energy; its slope is the velocity.
        schedule_acts_on: "mass", "force" or "clock".
        reference_lr: The lr at which the three agree; above 0. By default `lr` itself.
            Unit: X²/L.
        checked: Whether `check_torch_sgd` has passed these words already. An optimizer
            checks at construction and never in a step.

    Returns:
        The method; its coefficients hold for this lr and momentum.

    Source: torch 2.13, torch/optim/sgd.py, `_single_tensor_sgd`. The three meanings of
        a schedule: docs/theory.md, T15, m_t = phi dt²/lr_t against phi_t = m lr_t/dt²;
        clock: T14, exact friction, a_t = exp(-eps dt_t/m) dt_t/dt_(t-1), b_t = lr_t.

    Example:
        >>> torch_sgd(lr=0.1, momentum=0.9, dampening=0.5).coefficients(1)
        Coefficients(decay=0.9, kick=0.5, blend_momentum=1.0, blend_force=0.0,
        drift=0.1, keep=1.0)
    """
    if not checked:
        check_torch_sgd(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            schedule_acts_on=schedule_acts_on,
            reference_lr=reference_lr,
        )
    placed = _place(lr, momentum, schedule_acts_on, reference_lr)
    damped = dampening * (momentum != 0)
    steady = Coefficients(
        decay=placed.decay,
        blend_momentum=placed.decay if nesterov else 1.0,
        blend_force=placed.force if nesterov else 0.0,
        drift=placed.drift,
        keep=1.0 - lr * weight_decay if decoupled_weight_decay else 1.0,
    )

    def coefficients(step: int) -> Coefficients:
        # `(step > 0)` instead of an `if`, so that a traced step is welcome too.
        return steady._replace(kick=(1.0 - damped * (step > 0)) * placed.force)

    return Method(
        coefficients,
        kinetic,
        weight_decay=0.0 if decoupled_weight_decay else weight_decay,
        maximize=maximize,
        settles_at=1 if dampening else 0,
    )


def _place(
    lr: Array, momentum: Array, acts_on: ScheduleActsOn, reference_lr: Array | None
) -> _Placed:
    if acts_on == "mass" or reference_lr is None:
        return _Placed(force=1.0, decay=momentum, drift=lr)
    ratio = lr / reference_lr
    if acts_on == "force":
        return _Placed(force=ratio, decay=momentum, drift=reference_lr)
    root = ratio**0.5  # the time step, in time steps of reference_lr
    return _Placed(force=root, decay=momentum**root, drift=reference_lr * root)


def check_torch_sgd(
    *,
    lr: Array = 1e-3,
    momentum: Array = 0.0,
    dampening: Array = 0.0,
    weight_decay: Array = 0.0,
    nesterov: bool = False,
    schedule_acts_on: str = "mass",
    reference_lr: Array | None = None,
    **others: Any,
) -> None:
    """Refuse words that `torch_sgd` cannot read; other words are not looked at.

    Args:
        lr: See `torch_sgd`, as for all words here. At least 0.
        momentum: At least 0 and below 1.
        dampening: Between 0 and 1.
        weight_decay: At least 0.
        nesterov: True needs a momentum and no dampening.
        schedule_acts_on: "mass", "force" or "clock".
        reference_lr: Above 0, or None.
        **others: Words without a bound, so that a whole parameter group may be given.

    Raises:
        ValueError: If a word lies outside its bound, or two contradict each other.

    Example:
        >>> check_torch_sgd(lr=0.1, momentum=1.02)
        Traceback (most recent call last):
            ...
        ValueError: `momentum` must be at least 0 and below 1, but is 1.02: at 1 ...
    """
    check_words(
        _BOUNDS,
        lr=lr,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
    )
    if nesterov and (momentum <= 0 or dampening != 0):
        raise ValueError(
            "Nesterov momentum requires a momentum and zero dampening, but `momentum` "
            f"is {momentum!r} and `dampening` is {dampening!r}. Pass `momentum=0.9, "
            "dampening=0`, or `nesterov=False`."
        )
    if schedule_acts_on not in get_args(ScheduleActsOn):
        raise ValueError(
            '`schedule_acts_on` must be "mass" (as PyTorch), "force" (as Keras) or '
            f'"clock" (mass and friction stay), but is {schedule_acts_on!r}.'
        )
    if reference_lr is not None:
        check_words({"reference_lr": POSITIVE}, reference_lr=reference_lr)


def torch_sgd_words(method: Method) -> dict[str, Any]:
    """Spell a method as `torch.optim.SGD` would, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `torch_sgd`. `decoupled_weight_decay` and `kinetic`, which PyTorch
        does not know, are among them only where they are needed.

    Raises:
        ValueError: If no words say this method.

    Example:
        >>> torch_sgd_words(torch_sgd(lr=0.5, momentum=0.75))
        {'lr': 0.5, 'momentum': 0.75, 'dampening': 0.0, 'weight_decay': 0.0,
        'nesterov': False, 'maximize': False}
    """
    first = read(_TORCH, method)
    lr, nesterov = nesterov_words(method, first)
    words: dict[str, Any] = {
        "lr": lr,
        "momentum": first.carry,
        "dampening": 1.0 - motion(method, 1).through if first.direct == 0 else 0.0,
        "weight_decay": method.weight_decay,
        "nesterov": nesterov,
        "maximize": method.maximize,
    }
    if first.keep != 1:
        if method.weight_decay != 0:
            raise ValueError(
                "torch.SGD cannot spell this method: it has one word for weight decay, "
                "but the method has both kinds. Put one of them into the loss."
            )
        words["weight_decay"] = decoupled_words(first, lr)
        words["decoupled_weight_decay"] = True
    if method.kinetic.name != _NEWTON.name:
        words["kinetic"] = method.kinetic
    return confirmed(_TORCH, method, torch_sgd, words)


def optax_sgd(
    learning_rate: Array, momentum: Array | None = None, nesterov: bool = False
) -> Method:
    """Read the words of `optax.sgd`.

    Its rule is PyTorch's without dampening: trace' = momentum*trace + g,
    x' = x - learning_rate*trace'. Nesterov without a momentum is plain descent there.

    Args:
        learning_rate: Of this step. Unit: X²/L.
        momentum: Share of the trace that survives a step; None is 0. Unit: 1.
        nesterov: Whether to add this step's force once more, ahead of the trace.

    Returns:
        The method.

    Source: optax 0.2.8, optax/transforms/_accumulation.py, `trace`.

    Example:
        >>> optax_sgd(0.1, momentum=0.9).coefficients(0).decay
        0.9
    """
    decay = 0.0 if momentum is None else momentum
    check_words(_OPTAX_BOUNDS, learning_rate=learning_rate, momentum=decay)
    return torch_sgd(
        lr=learning_rate,
        momentum=decay,
        nesterov=nesterov and momentum is not None,
        checked=True,
    )


def optax_sgd_words(method: Method) -> dict[str, Any]:
    """Spell a method as `optax.sgd` would, at constant words.

    Args:
        method: Any method.

    Returns:
        The words of `optax_sgd`.

    Example:
        >>> optax_sgd_words(torch_sgd(lr=0.5, momentum=0.75))
        {'learning_rate': 0.5, 'momentum': 0.75, 'nesterov': False}
    """
    first = read(_OPTAX, method)
    learning_rate, nesterov = nesterov_words(method, first)
    words = {
        "learning_rate": learning_rate,
        "momentum": first.carry,
        "nesterov": nesterov,
    }
    return confirmed(_OPTAX, method, optax_sgd, words)
