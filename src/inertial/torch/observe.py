"""Read the energy of a step while it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.distributed
from torch import Tensor

from inertial.bounds import Bound, check
from inertial.physics.coefficients import Coefficients
from inertial.physics.energy import book, energy_scale
from inertial.torch.kernels import Stride
from inertial.torch.methods import Group
from inertial.torch.sums import Sums, momentum_square_after


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
        gradient_norm: Of all gradients together, before any limit. Unit: L/X.
        momentum_norm: Of all buffers together. Unit: that of the buffer.
        displacement_norm: Of the way that the parameters went. Unit: X.
        alignment: Cosine of the angle between the force and the momentum that it
            meets; nan where one of them is 0. Unit: 1.
        curvature: Of the loss along the last step, (g' - g)·d / |d|², from this
            gradient, the last one and the way d between them. Each gradient comes from
            its own batch, so that it is as noisy as their difference. nan at the first
            reading, and where the momentum does not tell the last way: with a blend
            (Nesterov, QHM, Lion) or a mass that remembers. Unit: L/X².
        not_finite: How many numbers of the gradient are inf or nan.
    """

    kinetic: float = 0.0
    work: float = 0.0
    heat: float = 0.0
    schedule_work: float = 0.0
    gradient_norm: float = 0.0
    momentum_norm: float = 0.0
    displacement_norm: float = 0.0
    alignment: float = math.nan
    curvature: float = math.nan
    not_finite: int = 0


class _Entry(NamedTuple):
    """What one part of a group did in one step; entries of several parts add up."""

    kinetic: Any
    work: Any
    heat: Any
    schedule_work: Any
    gradient_square: Any
    momentum_square_after: Any
    displacement_square: Any
    force_momentum: Any
    force_square: Any
    momentum_square: Any
    turn: Any  # (g' - g)·d
    way_square: Any  # |d|², of the last step
    not_finite: Any


class _Last(NamedTuple):
    """What the curvature needs of the step before."""

    coefficients: Coefficients
    gradient_way: Any
    way_square: Any
    tensors: int


class Part(NamedTuple):
    """Which tensors of a group moved together.

    Attributes:
        key: Tells this part from others, from step to step; None if it will not last.
        group: Where the scale of its energy is kept.
        copies: How many processes moved the same tensors; 0 if none is distributed.
        tensors: How many.
        mesh: The processes among which they are spread; None if they are not.
        keeps_momentum: Whether anything of the past survives.
    """

    key: Any
    group: Group
    copies: int
    tensors: int
    mesh: Any
    keeps_momentum: bool


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
        self._entries: list[tuple[_Entry, int]] = []
        self._last: dict[Any, _Last] = {}
        self._kept: dict[int, tuple[Group, dict[str, float]]] = {}
        self._mesh: Any = None

    def wants(self) -> bool:
        """Return whether the sums of the coming step are used.

        The step before a reading counts: the curvature compares two gradients.
        """
        return self._reads() or (self._steps + 1) % self._every == 0

    def _reads(self) -> bool:
        return self._steps % self._every == 0

    def last(self, key: Any) -> Coefficients | None:
        """Return the six numbers with which a part moved one step ago, if known."""
        kept = self._last.get(key)
        return None if kept is None else kept.coefficients

    def record(self, part: Part, stride: Stride, sums: Sums) -> None:
        """Take what one part of a group brought home.

        Args:
            part: Which tensors moved.
            stride: How they moved.
            sums: What they brought.
        """
        last = self._last.pop(part.key, None)
        if last is not None and last.tensors != part.tensors:
            last = None
        c = _plain_numbers(stride.coefficients)
        scale = self._scale(part.group, c)
        entry = _entry(stride, c, sums, scale, last)
        if not part.keeps_momentum:
            entry = entry._replace(heat=entry.heat + self._lost(part.group, entry))
        if part.key is not None and stride.coefficients.blend_force == 0:
            self._last[part.key] = _Last(
                c,
                sums.gradient_displacement / stride.cut,
                sums.displacement_square,
                part.tensors,
            )
        self._entries.append((entry, part.copies))
        self._mesh = self._mesh or part.mesh

    def _scale(self, group: Group, c: Coefficients) -> float | None:
        """Return the last step's scale of energy; note this one's for the next."""
        if c.kick:
            kept = self._kept.setdefault(id(group), (group, {}))[1]
            kept["energy_scale"] = energy_scale(c)
        scale: float | None = group.get("energy_scale")
        return scale

    def _lost(self, group: Group, entry: _Entry) -> float:
        """Return the energy that is lost because no momentum survives a step.

        The last step's energy is this step's heat.
        """
        kept = self._kept.setdefault(id(group), (group, {}))[1]
        first = "energy_to_lose" not in kept
        kept["energy_to_lose"] = kept.get("energy_to_lose", 0.0) + float(entry.kinetic)
        return float(group.get("energy_to_lose", 0.0)) if first else 0.0

    def deliver(self) -> None:
        """Hand over the reading of the step that just ended."""
        if self._reads() and self._entries:
            self._callback(_reading(_gathered(self._entries, self._mesh)))
        for group, kept in self._kept.values():
            group.update(kept)  # where a checkpoint finds it
        self._entries, self._mesh, self._kept = [], None, {}
        self._steps += 1


def _plain_numbers(c: Coefficients) -> Coefficients:
    """Return coefficients that a scheduler cannot change afterwards in place."""
    for number in c:
        if isinstance(number, Tensor):
            return Coefficients(*(float(number) for number in c))
    return c


def _entry(
    stride: Stride,
    c: Coefficients,
    sums: Sums,
    before: float | None,
    last: _Last | None,
) -> _Entry:
    after = momentum_square_after(sums, c)
    energies = (sums.energy_before, sums.energy_slowed, sums.energy_after)
    if not c.kick:  # no force enters: the unit of energy is that of the last that did
        c = c._replace(kick=1.0, drift=before or 0.0)
    booked = book(c, *energies, before)
    turn = math.nan
    if last is not None:
        past = last.coefficients
        at_last_way = (1 - 1 / past.keep) * sums.gradient_position
        at_last_way -= past.drift / past.keep * sums.gradient_velocity
        turn = at_last_way / stride.cut - last.gradient_way
    return _Entry(
        booked.kinetic,
        booked.work,
        booked.heat,
        booked.schedule_work,
        sums.gradient_square / stride.cut**2,
        after,
        sums.displacement_square,
        sums.force_momentum,
        sums.force_square,
        sums.momentum_square,
        turn,
        math.nan if last is None else last.way_square,
        sums.not_finite,
    )


def _gathered(entries: list[tuple[_Entry, int]], mesh: Any) -> _Entry:
    """Return the entries of all parts and processes added up, in one collective.

    What several processes hold alike counts once: each brings its share.
    """
    if mesh is None and len(entries) == 1 and not _is_remote(entries[0][0]):
        return entries[0][0]
    ranks = 1 if mesh is None else mesh.size()
    rows = [
        [value / (copies or ranks) for value in entry] if mesh else list(entry)
        for entry, copies in entries
    ]
    device = next(
        (v.device for row in rows for v in row if isinstance(v, Tensor)), None
    )
    if device is None and mesh is None:
        return _Entry(*(sum(column) for column in zip(*rows, strict=True)))
    if mesh is not None:
        device = mesh.device_type
    made = [
        torch.stack(
            [torch.as_tensor(v, dtype=torch.float64, device=device) for v in row]
        )
        for row in rows
    ]
    whole = torch.stack(made).sum(0)
    if mesh is not None:
        flat = mesh if mesh.ndim == 1 else mesh._flatten()
        torch.distributed.all_reduce(whole, group=flat.get_group())
    return _Entry(*whole.tolist())


def _is_remote(entry: _Entry) -> bool:
    """Return whether an entry's numbers are tensors, on whatever device."""
    told = (entry.displacement_square, entry.turn, entry.way_square)
    return any(isinstance(value, Tensor) for value in told)


def _reading(total: _Entry) -> Reading:
    met = math.sqrt(max(total.force_square * total.momentum_square, 0.0))
    return Reading(
        total.kinetic,
        total.work,
        total.heat,
        total.schedule_work,
        _root(total.gradient_square),
        _root(total.momentum_square_after),
        _root(total.displacement_square),
        total.force_momentum / met if met > 0 else math.nan,
        total.turn / total.way_square if total.way_square > 0 else math.nan,
        round(total.not_finite),
    )


def _root(square: float) -> float:
    """Return the root; a sum of products may fall short of 0 by a rounding."""
    return math.sqrt(max(square, 0.0)) if square == square else math.nan
