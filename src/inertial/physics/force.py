"""The force on the particle: minus the gradient, and what joins or limits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from inertial.arrays import Array, clip, total, where
from inertial.bounds import POSITIVE, check


def force(
    gradient: Array,
    position: Array,
    weight_decay: Array = 0.0,
    maximize: bool = False,
) -> Array:
    """Return the force: minus the gradient, minus the pull of coupled weight decay.

    The order is PyTorch's: `maximize` turns the gradient only, then the pull joins, so
    that it draws to the origin when climbing too.

    Args:
        gradient: Of the loss. Shape: any. Unit: L/X.
        position: The parameters. Shape: as `gradient`. Unit: X.
        weight_decay: Strength of the pull. Unit: L/X².
        maximize: Whether the loss is climbed.

    Returns:
        ∓gradient − weight_decay · position. Shape: as `gradient`. Unit: L/X.

    Source: torch.optim.SGD, the algorithm box of its documentation; Adam and the others
    have the same order.

    Example:
        >>> force(gradient=1.0, position=2.0, weight_decay=0.25)
        -1.5
    """
    downhill = gradient if maximize else -gradient
    if isinstance(weight_decay, (int, float)) and weight_decay == 0:
        return downhill  # not minus 0 · position: that is nan where position is inf
    return downhill - weight_decay * position


def clip_value(force: Array, limit: float) -> Array:
    """Return the force with every element held within ±`limit`.

    Each element then saturates by itself, which keeps no direction. To clip the
    momentum instead is a kinetic energy: `kinetic.huber`.

    Args:
        force: Shape: any. Unit: L/X.
        limit: Largest element. Positive. Unit: L/X.

    Returns:
        The clipped force. Shape: as `force`. Unit: L/X.

    Source: as torch.nn.utils.clip_grad_value_; docs/theory.md, T42.

    Example:
        >>> import numpy
        >>> clip_value(numpy.array([3.0, -0.5]), 1.0)
        array([ 1. , -0.5])
    """
    check("limit", limit, POSITIVE)
    return clip(force, limit)


class Clipped(NamedTuple):
    """Forces after clipping by norm, and what was cut.

    Attributes:
        forces: One array per parameter. Shape: as before. Unit: L/X.
        norm: Norm of all forces together, before. Shape: (). Unit: L/X.
        cut: Share of the norm that was cut; 0 where nothing was. Shape: (). Unit: 1.
    """

    forces: list[Array]
    norm: Array
    cut: Array


def clip_norm(forces: Sequence[Array], limit: float) -> Clipped:
    """Return the forces, shortened together if their common norm is above a limit.

    The direction stays. In more than one dimension such a force has a curl: it is the
    slope of no loss (T42). A force that is not finite stays so, and shows in `norm`.

    Args:
        forces: One array per parameter, at least one. Shape: any each. Unit: L/X.
        limit: Largest norm. Positive. Unit: L/X.

    Returns:
        The forces, their norm before, and the share that was cut.

    Raises:
        ValueError: If there are no forces.

    Source: Pascanu, Mikolov, Bengio (2013), "On the difficulty of training recurrent
    neural networks", algorithm 1. torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6
    instead, and so cuts a little more.

    Example:
        >>> import numpy
        >>> clipped = clip_norm([numpy.array([3.0]), numpy.array([4.0])], limit=1.0)
        >>> [force.round(3) for force in clipped.forces], float(clipped.cut)
        ([array([0.6]), array([0.8])], 0.8)
    """
    check("limit", limit, POSITIVE)
    if not forces:
        raise ValueError("`forces` must hold at least one array, but is empty.")
    norm = sum(total(force * force) for force in forces) ** 0.5
    share = limit / where(norm > limit, norm, limit)  # exactly 1 below the limit
    return Clipped([force * share for force in forces], norm, 1.0 - share)
