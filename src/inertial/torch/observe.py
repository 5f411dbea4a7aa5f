"""Read the energy of a step while it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.bounds import Bound, check
from inertial.physics.energy import Account, account, energy_scale
from inertial.torch.kernels import Batch, Stride, joined
from inertial.torch.methods import Group


class Reading(NamedTuple):
    """The energy account of one step, over all parameters; energies in loss units.

    kinetic = kinetic before + schedule_work - heat + work, exactly (for a kinetic
    energy without memory); what the loss gave up and the work did not receive is the
    step's discretisation error and the noise of the batch.

    Attributes:
        kinetic: Kinetic energy after the step. Unit: L.
        work: What the force put into the momentum. Unit: L.
        heat: What friction took. Unit: L.
        schedule_work: What a change of lr did to the kinetic energy. Unit: L.
        gradient_norm: Of all gradients together. Unit: L/X.
        momentum_norm: Of all buffers together. Unit: that of the buffer.
        displacement_norm: Of the way that the parameters went. Unit: X.
    """

    kinetic: float = 0.0
    work: float = 0.0
    heat: float = 0.0
    schedule_work: float = 0.0
    gradient_norm: float = 0.0
    momentum_norm: float = 0.0
    displacement_norm: float = 0.0


class Observation:
    """Collect the sums of one step and hand them over.

    Args:
        callback: Receives a `Reading`.
        every: Steps from one reading to the next.

    Raises:
        ValueError: If `every` is below 1.
    """

    def __init__(self, callback: Callable[[Reading], None], every: int = 1) -> None:
        check("every", every, Bound(1.0))
        self._callback = callback
        self._every = every
        self._steps = 0
        self._sums: list[Tensor] = []
        self._positions: list[Tensor] = []

    def _reads(self) -> bool:
        return self._steps % self._every == 0

    def before(self, group: Group, batch: Batch, stride: Stride) -> None:
        """Take the sums that need the old momentum, before a kernel writes over it."""
        c = stride.coefficients
        scale = float(energy_scale(c)) if float(c.kick) else None
        before = group.get("energy_scale", scale)
        if scale is not None:
            group["energy_scale"] = scale
        keeps_nothing = all(buffer is None for buffer in batch.buffers)
        if not self._reads() and not keeps_nothing:
            return
        rows = []
        for param, gradient, buffer, memory, _ in zip(*batch, strict=True):
            grad = joined(param, gradient, stride)
            old = torch.zeros_like(grad) if buffer is None else buffer
            booked = account(c, stride.kinetic, old, grad, memory, before)
            new = c.decay * old + c.kick * grad
            rows.append(_row(booked, gradient, new))
        if keeps_nothing and rows:
            # Where no momentum survives, the last step's energy is this step's heat.
            rows[0][2] += group.pop("energy_to_lose", 0.0)
            group["energy_to_lose"] = sum(row[0].item() for row in rows)
        if self._reads():
            self._sums += rows
            self._positions = [param.detach().clone() for param in batch.params]

    def after(self, batch: Batch) -> None:
        """Measure the way that the parameters went."""
        if not self._reads():
            return
        for row, param, old in zip(
            self._sums[-len(batch.params) :], batch.params, self._positions, strict=True
        ):
            row[-1] = _square(param.detach() - old)
        self._positions = []

    def deliver(self) -> None:
        """Hand over the reading of the step that just ended."""
        if self._reads() and self._sums:
            device = self._sums[0].device
            sums = torch.stack([row.to(device) for row in self._sums]).sum(0).tolist()
            self._callback(Reading(*sums[:4], *(value**0.5 for value in sums[4:])))
        self._sums = []
        self._steps += 1


def _square(tensor: Tensor) -> Tensor:
    tensor = _plain(tensor)
    return (tensor.abs().double() ** 2).sum()


def _plain(tensor: Tensor) -> Tensor:
    return tensor.to_dense() if tensor.is_sparse else tensor


def _row(booked: Account, gradient: Tensor, momentum: Tensor) -> Tensor:
    energies = (booked.kinetic, booked.work, booked.heat, booked.schedule_work)
    values: list[Any] = [
        torch.as_tensor(value).detach().real.double() for value in energies
    ]
    device = values[0].device
    values += [_square(gradient), _square(momentum)]
    row = torch.stack([value.to(device) for value in values])
    return torch.cat([row, row.new_zeros(1)])
