"""What a step brings home besides the step: sums over all numbers that moved.

A fused kernel takes them from its registers. For the others `counted` takes them before
and after, at the cost of a copy of the positions and a few more passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic
from inertial.torch.kernels import Batch, Stride, joined


class Sums(NamedTuple):
    """Sums over all numbers of one step, each a float or a 0-d float64 tensor.

    "gradient" is the gradient times the stride's factor and sign; "force" is what is
    left of it after weight decay joined. Both have the gradient's sign, and the
    momentum the buffer's, so that products have the sign of the physics.

    Attributes:
        gradient_square: Unit: L²/X².
        force_square: Unit: L²/X².
        force_momentum: Force times momentum before the step.
        momentum_square: Of the momentum before the step.
        displacement_square: Unit: X².
        gradient_displacement: Gradient times the way that the position went. Unit: L.
        gradient_position: Gradient times the position before the step. Unit: L.
        gradient_velocity: Gradient times the velocity of the step before, found from
            the old momentum; nan where that does not tell it.
        energy_before: K at blend_momentum times the old momentum.
        energy_slowed: The same of what friction leaves of the old momentum.
        energy_after: The same of the new momentum.
        not_finite: How many numbers of the gradient are inf or nan.
    """

    gradient_square: Any = 0.0
    force_square: Any = 0.0
    force_momentum: Any = 0.0
    momentum_square: Any = 0.0
    displacement_square: Any = 0.0
    gradient_displacement: Any = 0.0
    gradient_position: Any = 0.0
    gradient_velocity: Any = 0.0
    energy_before: Any = 0.0
    energy_slowed: Any = 0.0
    energy_after: Any = 0.0
    not_finite: Any = 0.0


def counted(
    kernel: Callable[[Batch, Stride], Any], batch: Batch, stride: Stride
) -> Sums:
    """Move with a kernel that brings no sums, and take them around it.

    Args:
        kernel: Moves the batch.
        batch: What moves.
        stride: How.

    Returns:
        The sums of the step.
    """
    old = [param.detach().clone() for param in batch.params]
    gradients = [_gradient(grad, stride) for grad in batch.grads]
    columns = (batch.params, batch.grads, batch.buffers, batch.memories)
    rows = [
        _row(gradient, *tensors, stride)
        for gradient, tensors in zip(
            gradients, zip(*columns, batch.roundings, strict=True), strict=True
        )
    ]
    kernel(batch, stride)
    for row, param, start, gradient in zip(
        rows, batch.params, old, gradients, strict=True
    ):
        way = param.detach() - start
        row["displacement_square"] = _dot(way, way)
        row["gradient_displacement"] = _dot(gradient, way)
    return total([Sums(**row) for row in rows])


def total(parts: list[Sums]) -> Sums:
    """Return the sums of several parts together.

    Example:
        >>> total([Sums(force_square=1.0), Sums(force_square=2.0)]).force_square
        3.0
    """
    if len(parts) == 1:
        return parts[0]
    return Sums(*(_added(column) for column in zip(*parts, strict=True)))


def newtonian_energies(sums: Sums, c: Coefficients) -> Sums:
    """Fill in Newton's energies, which follow from the products.

    Args:
        sums: Without energies.
        c: The six numbers of the step.

    Returns:
        The sums with K = Σ p²/2 before, after friction and after the step.

    Example:
        >>> sums = Sums(force_square=1.0, force_momentum=1.0, momentum_square=4.0)
        >>> newtonian_energies(sums, Coefficients(decay=0.5, drift=1.0))[8:11]
        (2.0, 0.5, 1.5)
    """
    half = c.blend_momentum**2 / 2
    slowed = c.decay**2 * half * sums.momentum_square
    return sums._replace(
        energy_before=half * sums.momentum_square,
        energy_slowed=slowed,
        energy_after=slowed + half * _gained(sums, c),
    )


def momentum_square_after(sums: Sums, c: Coefficients) -> Any:
    """Return the square of the new momentum.

    Example:
        >>> sums = Sums(force_square=1.0, force_momentum=1.0, momentum_square=4.0)
        >>> momentum_square_after(sums, Coefficients(decay=0.5))
        3.0
    """
    return c.decay**2 * sums.momentum_square + _gained(sums, c)


def _gained(sums: Sums, c: Coefficients) -> Any:
    """Return |decay·p + kick·force|² − |decay·p|²."""
    crossed = 2 * c.decay * c.kick * sums.force_momentum
    return crossed + c.kick**2 * sums.force_square


def _row(
    gradient: Tensor,
    param: Tensor,
    grad: Tensor,
    buffer: Tensor | None,
    memory: Any,
    rounding: Any,
    stride: Stride,
) -> dict[str, Any]:
    """Return the sums of one tensor that can be taken before it moves."""
    c = stride.coefficients
    force = joined(param, grad, stride)
    old = torch.zeros_like(force)
    if buffer is not None:
        old = buffer if rounding is None else rounding.open(buffer)
    kept = None if memory is None else memory.with_force(force)
    slowed = c.decay * old
    energies = [
        stride.kinetic.energy(c.blend_momentum * p, kept)
        for p in (old, slowed, slowed + c.kick * force)
    ]
    return {
        "gradient_square": _dot(gradient, gradient),
        "force_square": _dot(force, force),
        "force_momentum": _dot(force, old),
        "momentum_square": _dot(old, old),
        "gradient_position": _dot(gradient, param.detach()),
        "gradient_velocity": _along(gradient, old, stride.kinetic, stride.last),
        "energy_before": _number(energies[0]),
        "energy_slowed": _number(energies[1]),
        "energy_after": _number(energies[2]),
        "not_finite": _number((~_real(gradient).isfinite()).sum()),
    }


def _along(
    gradient: Tensor, old: Tensor, kinetic: Kinetic, last: Coefficients | None
) -> Any:
    """Return the gradient times the velocity of the step before."""
    if last is None or kinetic.remember is not Kinetic._field_defaults["remember"]:
        return float("nan")
    return _dot(gradient, kinetic.velocity(last.blend_momentum * old, None))


def _gradient(grad: Tensor, stride: Stride) -> Tensor:
    gradient = -grad if stride.maximize else grad
    wide = gradient if gradient.dtype.itemsize > 2 else gradient.float()
    return wide * stride.factor


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return _number((_real(a).double() * _real(b).double()).sum())


def _real(tensor: Tensor) -> Tensor:
    """Return a tensor's numbers, a complex one's in pairs."""
    tensor = _plain(tensor)
    if tensor.is_complex():
        return torch.view_as_real(tensor.resolve_conj())
    return tensor


def _plain(tensor: Tensor) -> Tensor:
    return tensor.to_dense() if tensor.is_sparse else tensor


def _number(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    value = value.detach().real.double()
    return value.full_tensor() if isinstance(value, DTensor) else value


def _added(column: tuple[Any, ...]) -> Any:
    tensors = [value for value in column if isinstance(value, Tensor)]
    if not tensors:
        return sum(column)
    device = tensors[0].device
    return sum(
        value.to(device) if isinstance(value, Tensor) else value for value in column
    )
