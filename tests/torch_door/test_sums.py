"""The sums that a native step brings home, and the curvature that follows from them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import adaptive, huber, newtonian, relativistic, sign
from inertial.torch import Inertial, native
from inertial.torch.kernels import Batch, Stride, reference
from inertial.torch.memory import Memory
from inertial.torch.observe import Reading
from inertial.torch.sums import Sums, counted

pytestmark = pytest.mark.skipif(bool(native.missing()), reason=native.missing())

BLEND = Coefficients(
    decay=0.9, kick=0.3, blend_momentum=0.7, blend_force=0.3, drift=0.1, keep=0.98
)
STRIDES = {
    "plain": Stride(Coefficients(decay=0.9, drift=0.1), newtonian()),
    "blend": Stride(BLEND, newtonian(), 0.1, maximize=True, factor=0.3),
    "relativistic": Stride(BLEND, relativistic(speed_limit=0.5), 0.1),
    "huber": Stride(BLEND, huber(0.8), 0.1),
    "sign": Stride(BLEND, sign(), factor=0.5),
    "adam": Stride(BLEND, adaptive(), 0.1),
}
SIZES = (5, 1024, 1500, 16384, 20000)


def batch(kind: torch.dtype, stride: Stride, sizes: Any = SIZES) -> Batch:
    torch.manual_seed(0)
    drawn = [[torch.randn(n, dtype=kind) for n in sizes] for _ in range(3)]
    memories: list[Any] = [None] * len(sizes)
    if stride.kinetic.name == "adaptive":
        memories = [
            Memory({"memory_0": 1, "memory_1": p**2}, stride.kinetic) for p in drawn[0]
        ]
    return Batch(*drawn, memories, [None] * len(sizes), [0] * len(sizes))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", STRIDES)
def test_sums_are_those_of_the_reference(name: str, kind: torch.dtype) -> None:
    stride = STRIDES[name]._replace(last=STRIDES[name].coefficients)
    ours = native.native(batch(kind, stride), stride, sums=True)
    theirs = counted(reference, batch(kind, stride), stride)
    assert ours is not None
    # A block of 1024 numbers is added up in their own type, the blocks in float64: the
    # error is at most 1024 + 3 roundings of the sum of all sizes. That is at most the
    # root of the product of two squares; the largest stands for it here.
    whole = max(theirs.gradient_square, theirs.momentum_square, theirs.energy_after)
    room = 1027 * torch.finfo(kind).eps / 2 * float(whole)
    for field, mine, other in zip(Sums._fields, ours, theirs, strict=True):
        assert float(mine) == pytest.approx(float(other), abs=room, nan_ok=True), field
    assert math.isnan(ours.gradient_velocity) == (name == "adam")


def test_a_sum_of_many_equal_numbers_stays_exact() -> None:
    # 2^24 ones: float32 alone would stop counting there, and lose digits before.
    p = torch.zeros(1 << 24)
    stride = STRIDES["plain"]
    one = Batch([p], [torch.ones_like(p)], [None], [None], [None], [0])
    sums = native.native(one, stride, sums=True)
    assert sums is not None
    assert sums.gradient_square == 1 << 24


@pytest.mark.parametrize(
    "sizes", [(200_000,), (64,) * 1000, (16385, 3, 40_000)], ids=["one", "many", "odd"]
)
def test_sums_do_not_depend_on_the_number_of_threads(sizes: tuple[int, ...]) -> None:
    stride, before, found = STRIDES["blend"], torch.get_num_threads(), []
    stride = stride._replace(last=stride.coefficients)
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            part = batch(torch.float32, stride, sizes)
            sums = native.native(part, stride, sums=True)
            found.append((sums, native.gradient_square(part.grads), part.params))
    finally:
        torch.set_num_threads(before)
    for sums, square, params in found[1:]:
        assert (sums, square) == found[0][:2]
        for one, other in zip(params, found[0][2], strict=True):
            assert torch.equal(one, other)


def test_parameters_that_share_memory_move_one_after_another() -> None:
    def train(threads: int) -> Tensor:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        base = torch.ones(60_000)
        tied = [base[:50_000].requires_grad_(), base[10_000:].requires_grad_()]
        optimizer = Inertial(tied, lr=0.1, momentum=0.9, weight_decay=0.5)
        for _ in range(3):
            for p in tied:
                p.grad = torch.ones_like(p)
            optimizer.step()
        torch.set_num_threads(before)
        return base

    assert torch.equal(train(2), train(1))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.float16], ids=str)
def test_numbers_that_are_not_finite_are_counted(kind: torch.dtype) -> None:
    p, grad = torch.zeros(2000, dtype=kind), torch.ones(2000, dtype=kind)
    grad[7], grad[1030] = math.nan, math.inf
    stride = STRIDES["plain"]
    one = Batch([p], [grad], [None], [None], [None], [0])
    for found in (
        native.native(one, stride, sums=True),
        counted(reference, one, stride),
    ):
        assert found is not None
        assert int(found.not_finite) == 2
    assert native._native.norm([grad], 1)[1:] == (2, [])


HESSIAN = torch.diag(torch.tensor([0.5, 1.0, 3.0, 7.0], dtype=torch.float64))
HESSIAN[0, 1] = HESSIAN[1, 0] = 0.2
WORDS: dict[str, dict[str, Any]] = {
    "momentum": {"momentum": 0.9},
    "none": {},
    "dampening": {"momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1},
    "decoupled": {"momentum": 0.9, "weight_decay": 0.3, "decoupled_weight_decay": True},
    "maximize": {"momentum": 0.5, "maximize": True},
    "force": {"momentum": 0.9, "schedule_acts_on": "force"},
    "relativistic": {"momentum": 0.9, "kinetic": "relativistic"},
    "foreach": {"momentum": 0.9, "foreach": True},
}


def quotients(every: int, limit: float = math.inf, **words: Any) -> Any:
    """Return the curvature read at each step, and what the Hessian says of it."""
    place = torch.ones(4, dtype=torch.float64, requires_grad=True)
    optimizer = Inertial([place], lr=0.05, **words)
    read: dict[int, Reading] = {}
    known: dict[int, float] = {}
    step = 0
    optimizer.observe(lambda reading: read.__setitem__(step, reading), every=every)
    if limit < math.inf:
        optimizer.limit_norm(limit)
    way = torch.zeros_like(place)
    for step in range(10):
        optimizer.param_groups[0]["lr"] = 0.05 / (1 + 0.3 * step)
        place.grad = HESSIAN @ place.detach()
        if step:
            sense = -1 if words.get("maximize") else 1
            known[step] = sense * float(way @ HESSIAN @ way / (way @ way))
        before = place.detach().clone()
        optimizer.step()
        way = place.detach() - before
    return read, known


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("name", WORDS)
def test_curvature_is_the_rayleigh_quotient_of_the_last_way(
    name: str, every: int
) -> None:
    read, known = quotients(every, **WORDS[name])
    assert list(read) == list(range(0, 10, every))
    if name != "none":
        assert math.isnan(read[0].curvature)
    for step in list(read)[1:]:
        if name == "none":  # nothing of the last step is left to tell its way
            continue
        # the difference of two products of order 1, over the square of the way, which
        # is 1e-3 at least
        assert read[step].curvature == pytest.approx(known[step], rel=1e-10)


def test_a_limit_on_the_norm_is_not_part_of_the_readings() -> None:
    read, known = quotients(1, limit=0.5, momentum=0.9)
    assert read[0].gradient_norm == pytest.approx(
        float((HESSIAN @ torch.ones(4).double()).norm())
    )
    for step in range(1, 10):
        assert read[step].curvature == pytest.approx(known[step], rel=1e-10)


def test_a_loss_scale_is_not_part_of_the_readings() -> None:
    def train(scale: float) -> list[Reading]:
        place = torch.ones(4, requires_grad=True)
        optimizer, readings = Inertial([place], lr=0.05, momentum=0.9), []
        optimizer.observe(readings.append)
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, enabled=scale > 1)
        for _ in range(4):
            optimizer.zero_grad()
            scaler.scale((place**4).sum()).backward()
            scaler.step(optimizer)
            scaler.update()
        return readings

    # powers of two: not a digit differs
    assert repr(train(2.0**10)) == repr(train(1.0))


def test_alignment_is_the_cosine_of_force_and_momentum() -> None:
    place = torch.zeros(2, requires_grad=True)
    optimizer, readings = Inertial([place], lr=0.1, momentum=0.9), []
    optimizer.observe(readings.append)
    for push in ([3.0, 0.0], [0.0, 2.0], [3.0, 0.0]):
        place.grad = torch.tensor(push)
        optimizer.step()
    assert math.isnan(readings[0].alignment)
    assert readings[1].alignment == 0
    # the momentum is (0.9 * 3, 2) then
    assert readings[2].alignment == pytest.approx(2.7 / math.hypot(2.7, 2.0), rel=1e-6)
