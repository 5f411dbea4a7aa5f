"""The step in place: one tensor after another, or many in one call.

`reference` is the text to read: the map of `physics.step`, in place, one tensor at a
time, with the same sequence of operations as PyTorch's own loop, so that the digits
agree. `foreach` is the same for lists of tensors. Both take the six coefficients, so
every elementwise method runs through the same few lines.

The buffer keeps PyTorch's sign: it is minus the momentum of the physics, and the
gradient is minus the force. Kinetic energies are even and velocities odd, so both signs
make the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from inertial.physics.coefficients import Coefficients
from inertial.physics.force import force
from inertial.physics.kinetic import Kinetic
from inertial.physics.step import step
from inertial.torch.memory import Memory, memory_dtype
from inertial.torch.rounding import Rounding

CHUNK_BYTES = 1 << 28
"""Most bytes of parameters whose temporaries one foreach call may hold at a time."""


class Stride(NamedTuple):
    """What all tensors of a batch share in one step.

    Attributes:
        coefficients: The six numbers.
        kinetic: The kinetic energy.
        weight_decay: Coupled weight decay. Unit: L/X².
        maximize: Whether the loss is climbed.
        factor: Of the gradient, before all else: what a loss scaler or a limit on the
            gradient's norm asks for. Unit: 1.
        cut: What of the factor is due to a limit on the norm. Unit: 1.
        last: The six numbers of the step before, where a reading wants to know.
    """

    coefficients: Coefficients
    kinetic: Kinetic
    weight_decay: Any = 0.0
    maximize: bool = False
    factor: Any = 1.0
    cut: Any = 1.0
    last: Coefficients | None = None


class Batch(NamedTuple):
    """Tensors that take the same step, list by list.

    Attributes:
        params: Positions; written in place.
        grads: Gradients; never written.
        buffers: Momentum with PyTorch's sign; written in place. None where nothing of
            the past survives.
        memories: What the kinetic energy remembers, or None. A kernel lets the force
            in.
        roundings: How a 16-bit or 8-bit buffer is kept, or None.
        copies: How many processes hold this very tensor; 0 for a tensor that is not
            distributed.
    """

    params: list[Tensor]
    grads: list[Tensor]
    buffers: list[Tensor | None]
    memories: list[Memory | None]
    roundings: list[Rounding | None]
    copies: list[int]

    def take(self, indices: list[int]) -> Batch:
        """Return the tensors at some places."""
        columns: Any = ([column[i] for i in indices] for column in self)
        return Batch(*columns)


Kernel = Callable[[Batch, Stride], None]


def is_zero(coefficient: Any) -> bool:
    """Return whether a coefficient is known to be 0 without asking a device.

    Example:
        >>> is_zero(0.0), is_zero(torch.tensor(0.0))
        (True, False)
    """
    return not isinstance(coefficient, Tensor) and coefficient == 0


def _is_one(coefficient: Any) -> bool:
    return not isinstance(coefficient, Tensor) and coefficient == 1


def joined(param: Tensor, grad: Tensor, stride: Stride, dtype: Any = None) -> Tensor:
    """Return minus the force: the gradient and what joins it.

    PyTorch flips the sign for `maximize` first and adds the weight decay after.

    Args:
        param: Position. Shape: any. Unit: X.
        grad: Gradient. Shape: as `param`. Unit: L/X.
        stride: Supplies the weight decay, the sign and the factor.
        dtype: The buffer's type. Where it is wider than the parameter's, the sum is
            made in it: a small weight decay or factor would be lost in 16 bits.

    Returns:
        A new tensor, or `grad` itself if nothing joins it. Shape: as `param`.

    Example:
        >>> from inertial.physics.kinetic import newtonian
        >>> stride = Stride(Coefficients(), newtonian(), weight_decay=0.5)
        >>> joined(torch.tensor([2.0]), torch.tensor([1.0]), stride)
        tensor([2.])
    """
    grad = -grad if stride.maximize else grad
    if _is_one(stride.factor) and is_zero(stride.weight_decay):
        return grad
    if dtype is None and not _is_one(stride.factor):
        dtype = memory_dtype(param)  # a loss scale is there because 16 bits underflow
    if _widens(param, dtype):
        param, grad = param.to(dtype), grad.to(dtype)
    if not _is_one(stride.factor):
        grad = grad * stride.factor
    if is_zero(stride.weight_decay):
        return grad
    return grad.add(param, alpha=stride.weight_decay)


def _widens(param: Tensor, dtype: Any) -> bool:
    """Return whether a buffer keeps more digits than its parameter."""
    return dtype is not None and torch.promote_types(param.dtype, dtype) != param.dtype


def _joins_in(
    param: Tensor, buffer: Tensor | None, rounding: Rounding | None
) -> torch.dtype | None:
    """Return the type in which what joins the gradient is added up; None: its own."""
    if buffer is None:
        return None
    return memory_dtype(param) if rounding is not None else buffer.dtype


def _blend(buffer: Tensor, grad: Tensor, c: Coefficients) -> Tensor:
    """Return the momentum (PyTorch's sign) at which the velocity is taken."""
    if is_zero(c.blend_force):
        return buffer if _is_one(c.blend_momentum) else buffer * c.blend_momentum
    share = grad if _is_one(c.blend_force) else grad * c.blend_force
    if isinstance(c.blend_momentum, Tensor):
        return share + c.blend_momentum * buffer
    return share.add(buffer, alpha=c.blend_momentum)


def _enter(buffer: Tensor, grad: Tensor, c: Coefficients) -> Tensor:
    """Return the buffer after the gradient entered it, as in PyTorch's loop."""
    if isinstance(c.kick, Tensor):
        return buffer.mul_(c.decay).add_(grad * c.kick)
    return buffer.mul_(c.decay).add_(grad, alpha=c.kick)


def _fresh(grad: Tensor, c: Coefficients) -> Tensor:
    """Return the momentum of a particle without a past."""
    return grad if _is_one(c.kick) else grad * c.kick


def _momentum(
    buffer: Tensor | None, grad: Tensor, c: Coefficients, rounding: Rounding | None
) -> Tensor:
    """Return the advanced momentum in the precision that the step works in."""
    if buffer is None:
        return _fresh(grad, c)
    if rounding is None:
        return _enter(buffer, grad, c)
    exact = _enter(rounding.open(buffer), grad, c)
    rounding.close(buffer, exact)
    return exact


def _drift(param: Tensor, velocity: Tensor, c: Coefficients) -> None:
    if isinstance(param, DTensor) and velocity.placements != param.placements:  # type: ignore[attr-defined]
        velocity = velocity.redistribute(placements=param.placements)  # type: ignore[attr-defined]
    if not _is_one(c.keep):
        param.mul_(c.keep)
    if isinstance(c.drift, Tensor) and torch.compiler.is_compiling():
        param.add_(velocity * -c.drift)
    else:
        param.add_(velocity, alpha=-c.drift)


def reference(batch: Batch, stride: Stride) -> None:
    """Move one tensor after another, in place.

    Args:
        batch: What moves.
        stride: How.
    """
    c, kinetic = stride.coefficients, stride.kinetic
    joins = joins_gradient(stride)
    blends = not (is_zero(c.blend_force) and _is_one(c.blend_momentum))
    newtonian = kinetic.name == "newtonian"  # whose velocity is the momentum itself
    for param, grad, buffer, memory, rounding, _ in zip(*batch, strict=True):
        if joins:
            grad = joined(param, grad, stride, _joins_in(param, buffer, rounding))
        momentum = _momentum(buffer, grad, c, rounding)
        at = _blend(momentum, grad, c) if blends else momentum
        kept = memory and memory.take(grad)
        _drift(param, at if newtonian else kinetic.velocity(at, kept), c)


def joins_gradient(stride: Stride) -> bool:
    """Return whether anything joins the gradient or changes it.

    Example:
        >>> from inertial.physics.kinetic import newtonian
        >>> joins_gradient(Stride(Coefficients(), newtonian()))
        False
    """
    plain = is_zero(stride.weight_decay) and _is_one(stride.factor)
    return stride.maximize or not plain


def foreach(batch: Batch, stride: Stride) -> None:
    """Move many tensors in one call of each operation, in place.

    What the multi-tensor operations cannot do (sparse gradients, 16-bit buffers that
    are rounded at random, velocities of whole matrices) goes through `reference`.

    Args:
        batch: What moves.
        stride: How.
    """
    slow = [
        i
        for i, (grad, rounding) in enumerate(
            zip(batch.grads, batch.roundings, strict=True)
        )
        if grad.is_sparse or rounding is not None
    ]
    if slow:
        reference(batch.take(slow), stride)
        fast = sorted(set(range(len(batch.params))) - set(slow))
        batch = batch.take(fast)
    for chunk in chunks(batch):
        _foreach_chunk(chunk, stride)


def chunks(batch: Batch, limit: int | None = None) -> Iterator[Batch]:
    """Split a batch by device, type and size.

    Args:
        batch: What is to be split.
        limit: Most bytes of parameters in one part; a single larger tensor stays whole.
            Default: `CHUNK_BYTES`.

    Yields:
        Batches whose tensors may share one foreach call.
    """
    limit = CHUNK_BYTES if limit is None else limit
    parts: dict[Any, list[list[int]]] = {}
    room: dict[Any, int] = {}
    for i, (param, grad, buffer) in enumerate(
        zip(batch.params, batch.grads, batch.buffers, strict=True)
    ):
        kept = None if buffer is None else buffer.dtype
        kind = (param.device, param.dtype, grad.dtype, kept)
        size = param.numel() * param.element_size()
        if room.get(kind, -1) < size:
            parts.setdefault(kind, []).append([])
            room[kind] = limit
        parts[kind][-1].append(i)
        room[kind] -= size
    for indices in (part for kind in parts.values() for part in kind):
        yield batch if len(indices) == len(batch.params) else batch.take(indices)


def _foreach_chunk(batch: Batch, stride: Stride) -> None:
    c = stride.coefficients
    params = batch.params
    momenta: Any = batch.buffers
    kept = None if momenta[0] is None else momenta[0].dtype
    grads = _foreach_joined(params, batch.grads, stride, kept)
    if momenta[0] is None:
        momenta = grads if _is_one(c.kick) else torch._foreach_mul(grads, c.kick)
    else:
        torch._foreach_mul_(momenta, c.decay)
        if isinstance(c.kick, Tensor):
            torch._foreach_add_(momenta, torch._foreach_mul(grads, c.kick))
        else:
            torch._foreach_add_(momenta, grads, alpha=c.kick)
    memories = [
        memory and memory.take(grad)
        for memory, grad in zip(batch.memories, grads, strict=True)
    ]
    velocities = _foreach_velocity(
        _foreach_blend(momenta, grads, c), memories, stride.kinetic
    )
    if not _is_one(c.keep):
        torch._foreach_mul_(params, c.keep)
    if isinstance(c.drift, Tensor) and torch.compiler.is_compiling():
        torch._foreach_add_(params, torch._foreach_mul(velocities, -c.drift))
    else:
        torch._foreach_add_(params, velocities, alpha=-c.drift)


def _foreach_joined(
    params: list[Tensor], gradients: list[Tensor], stride: Stride, dtype: Any
) -> Any:
    """Return what `joined` does, for lists."""
    grads: Any = torch._foreach_neg(gradients) if stride.maximize else gradients
    wide: Any = params
    if dtype is None and not _is_one(stride.factor):
        dtype = memory_dtype(params[0])
    if _widens(params[0], dtype) and joins_gradient(stride):
        wide = [param.to(dtype) for param in params]
        grads = [grad.to(dtype) for grad in grads]
    if not _is_one(stride.factor):
        grads = torch._foreach_mul(grads, stride.factor)
    if not is_zero(stride.weight_decay):
        grads = torch._foreach_add(grads, wide, alpha=stride.weight_decay)
    return grads


def _foreach_blend(momenta: Any, grads: Any, c: Coefficients) -> Any:
    if is_zero(c.blend_force):
        if _is_one(c.blend_momentum):
            return momenta
        return torch._foreach_mul(momenta, c.blend_momentum)
    if isinstance(c.blend_momentum, Tensor) or not _is_one(c.blend_force):
        grads = torch._foreach_mul(grads, c.blend_force)
    if isinstance(c.blend_momentum, Tensor):
        return torch._foreach_add(grads, torch._foreach_mul(momenta, c.blend_momentum))
    return torch._foreach_add(grads, momenta, alpha=c.blend_momentum)


def _foreach_velocity(momenta: Any, memories: list[Any], kinetic: Kinetic) -> Any:
    if kinetic.name == "newtonian":
        return momenta
    if kinetic.name == "sign":
        return torch._foreach_sign(momenta)
    return [
        kinetic.velocity(momentum, memory)
        for momentum, memory in zip(momenta, memories, strict=True)
    ]


def differentiable(batch: Batch, stride: Stride) -> list[Tensor]:
    """Move through the pure map, so that gradients flow through the step itself.

    Args:
        batch: What moves; parameters and buffers are written with history.
        stride: How.

    Returns:
        The new buffers, with their history, for the optimizer's state.
    """
    buffers = []
    for param, gradient, buffer, memory, *_ in zip(*batch, strict=True):
        at = param.clone()
        old = torch.zeros_like(param) if buffer is None else buffer
        pull = force(gradient * stride.factor, at, stride.weight_decay, stride.maximize)
        position, momentum, _ = step(
            stride.coefficients,
            stride.kinetic._replace(remember=lambda _, kept: kept),
            at,
            -old,
            pull,
            memory and memory.take(pull),
        )
        param.copy_(position)
        buffers.append(-momentum)
    return buffers
