"""Where a GPU finds the tensors of a step: a table of addresses that stays on it.

It is built once, and after that only what changed is sent (mostly nothing, at times the
addresses of the gradients), from pinned memory and without waiting.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor

from inertial.torch.kernels import Batch
from inertial.torch.triton_tensors import (
    Kind,
    Row,
    address_of,
    covers,
    interpreted,
    kind_of,
    row_of,
    signature,
    size_of,
    span,
)

TILE = 2048
"""Numbers of one program of the kernel; whole blocks of an 8-bit buffer."""
ROW = 8
"""Whole numbers that a table keeps of each tensor; the last of them are empty."""
ALIGNED = 16
"""Bytes that one thread can load at a time, from an address that is a multiple."""
PLANS = 1024
"""How many plans are remembered."""


class Table:
    """The tensors of one kind, as the device finds them.

    Args:
        kind: What they have in common.
        places: Which of the batch they are.
        rows: Where each lies.

    Attributes:
        rows: Of each: addresses of position, momentum, memory and scales, how many real
            numbers, the first program. Shape: (tensors, ROW). dtype: int64.
        owners: The tensor of each program. Shape: (programs,). dtype: int32.
        programs: How many tiles there are.
        aligned: Whether all addresses in it are multiples of `ALIGNED`.
    """

    def __init__(self, kind: Kind, places: list[int], rows: list[Row]) -> None:
        self.kind = kind
        self.places = places
        programs = [-(-row.numbers // TILE) for row in rows]
        *first, self.programs = accumulate(programs, initial=0)
        self.aligned = all(is_aligned(row[:4]) for row in rows)
        table = torch.zeros((len(rows), ROW), dtype=torch.int64)
        table[:, :6] = torch.tensor(
            [(*row, start) for row, start in zip(rows, first, strict=True)]
        )
        self.rows = _sent(table, kind.device)
        numbered = torch.arange(len(rows), dtype=torch.int32)
        self.owners = _sent(
            numbered.repeat_interleave(torch.tensor(programs)), kind.device
        )
        self._last: dict[str, tuple[Any, Tensor]] = {}

    def send(self, name: str, values: tuple[Any, ...], dtype: torch.dtype) -> Tensor:
        """Return numbers on the device, sent only if they are not those of last time.

        They are never overwritten: a graph, or a step still under way, may read them.

        Args:
            name: What they are.
            values: The numbers.
            dtype: Their type.

        Returns:
            The numbers. Shape: (values,).
        """
        last = self._last.get(name)
        if last is not None and last[0] == values:
            return last[1]
        made = _sent(torch.tensor(values, dtype=dtype), self.kind.device)
        if not is_capturing():  # what is being recorded is on the device only later
            self._last[name] = (values, made)
        return made


class Plan(NamedTuple):
    """How a batch is moved.

    Attributes:
        tables: One for each kind.
        left: The places of what the kernel cannot move.
        spans: Of each tensor: where position and momentum begin and end in memory, and
            how many bytes its gradient has.
        gradients: Addresses that were seen to lie outside these.
    """

    tables: list[Table]
    left: list[int]
    spans: list[tuple[int, int, int, int, int]]
    gradients: list[int]


_PLANS: dict[Any, Plan] = {}


def plan_of(batch: Batch, *, pairs: bool) -> Plan:
    """Return how a batch is moved, from the last time if it still lies as it did.

    Args:
        batch: What moves.
        pairs: Whether complex numbers are pairs of real ones to the velocity.

    Returns:
        The plan.
    """
    key = (pairs, interpreted(), *map(signature, zip(*batch[:5], strict=True)))
    gradients = [address_of(grad) for grad in batch.grads]
    plan = _PLANS.get(key)
    if plan is not None and plan.gradients == gradients:
        return plan
    if plan is not None and not any(map(covers, plan.spans, gradients)):
        plan = plan._replace(gradients=gradients)
    else:
        plan = _made(batch, gradients, pairs=pairs)
    if not is_capturing():  # what is being recorded is on the device only later
        _PLANS[key] = plan
        if len(_PLANS) > PLANS:
            del _PLANS[next(iter(_PLANS))]
    return plan


def _made(batch: Batch, gradients: list[int], *, pairs: bool) -> Plan:
    kinds: dict[Kind, tuple[list[int], list[Row]]] = {}
    left: list[int] = []
    spans = []
    for place, columns in enumerate(zip(*batch[:5], strict=True)):
        param, grad, buffer = columns[:3]
        spans.append((*span(param), *span(buffer), size_of(grad)))
        kind = kind_of(*columns, pairs=pairs)
        if kind is None or covers(spans[-1], gradients[place]):
            left.append(place)
            continue
        places, rows = kinds.setdefault(kind, ([], []))
        places.append(place)
        rows.append(row_of(*columns))
    tables = [Table(kind, *found) for kind, found in kinds.items()]
    return Plan(tables, left, spans, gradients)


def _sent(values: Tensor, device: torch.device) -> Tensor:
    """Return a copy on a device, on its way while the host goes on."""
    if device.type == "cpu":
        return values
    pinned = values.pin_memory()
    if is_capturing():
        keep(pinned)
    return pinned.to(device, non_blocking=True)


def is_capturing() -> bool:
    """Return whether steps are being recorded into a graph, not made.

    Example:
        >>> is_capturing()
        False
    """
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()


def keep(*objects: Any) -> None:
    """Keep what a graph that is being captured will read at every replay.

    Args:
        *objects: Tensors and tables. A graph does not say when it ends.
    """
    _RECORDED.append(objects)


def is_aligned(addresses: Any) -> bool:
    """Return whether all addresses are multiples of `ALIGNED`.

    Example:
        >>> is_aligned([32, 0]), is_aligned([40])
        (True, False)
    """
    return all(address % ALIGNED == 0 for address in addresses)


_RECORDED: list[Any] = []
