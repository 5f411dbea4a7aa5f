"""The Triton kernel in Triton's interpreter: run by test_triton.py, in a process of its
own, since Triton asks once, when it is imported, whether to interpret.

    TRITON_INTERPRET=1 python -m pytest tests/cases_triton.py
"""

from __future__ import annotations

import pytest
import torch

from cases_torch import LAYOUTS, march, noise, parameters, twin
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import (
    adaptive,
    huber,
    newtonian,
    norm,
    relativistic,
    sign,
)
from inertial.torch import Inertial
from inertial.torch import triton as door
from inertial.torch.kernels import Batch, Stride, reference
from inertial.torch.memory import Memory, start_memory
from inertial.torch.rounding import BLOCK, Rounding
from inertial.torch.sums import Sums, counted

KINETICS = {
    "newtonian": newtonian(),
    "relativistic": relativistic(speed_limit=0.7, mass=0.9),
    "sign": sign(),
    "huber": huber(limit=0.8),
    "adaptive": adaptive(decay=0.95, epsilon=1e-3),
    "rmsprop": adaptive(decay=0.9, epsilon=1e-3, debias=False),
}
STRIDES = {
    "sgd": Stride(Coefficients(decay=0.9, drift=0.1), newtonian()),
    "nesterov": Stride(
        Coefficients(decay=0.9, blend_momentum=0.9, blend_force=1.0, drift=0.1),
        newtonian(),
        weight_decay=0.05,
    ),
    "qhm": Stride(
        Coefficients(0.9, 0.1, 0.7, 0.3, 0.1, 0.99), newtonian(), maximize=True
    ),
    "scaled": Stride(
        Coefficients(0.8, 1.0, 1.0, 0.0, 0.1, 1.0), newtonian(), 0.05, factor=0.125
    ),
}
WRONG = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NumPy's
EXACT = ("newtonian", "sign", "huber")
LAST = Coefficients(decay=0.9, blend_momentum=0.6, drift=0.1)


def batch_of(
    position=torch.float32, gradient=None, momentum=None, kinetic=None, keeps=True
):
    """Return tensors of each layout and of more than one tile, in motion."""
    params = [p.detach() for p in parameters(position)]
    params += [torch.randn(n).to(position) for n in (1, 2048, 4100)]
    count = len(params)
    grads = [noise(p, 1, i).to(gradient or position) for i, p in enumerate(params)]
    buffers = [noise(p, 2, i).to(momentum or position) for i, p in enumerate(params)]
    memories = [None] * count
    if kinetic is not None and kinetic.name == "adaptive":
        memories = [Memory({}, kinetic) for _ in params]
        for memory, param in zip(memories, params, strict=True):
            start_memory(memory.state, param, kinetic)
    kept = buffers if keeps else [None] * count
    return Batch(params, grads, kept, memories, [None] * count, [0] * count)


def copy_of(batch):
    def copied(t):
        return None if t is None else twin([t])[0]

    memories = [
        m
        and Memory(
            {k: twin([v])[0] if k[-1] == "1" else v for k, v in m.state.items()},
            m.kinetic,
        )
        for m in batch.memories
    ]
    roundings = [
        r and r._replace(scales=None if r.scales is None else r.scales.clone())
        for r in batch.roundings
    ]
    return Batch(
        [copied(t) for t in batch.params],
        batch.grads,
        [copied(t) for t in batch.buffers],
        memories,
        roundings,
        batch.copies,
    )


def ulps(ours, theirs, start):
    """Return the largest distance in units of the last place of what was added up."""
    if not ours.numel():
        return 0.0
    way = (theirs - start).abs()
    size = torch.stack([start.abs(), ours.abs(), theirs.abs(), way]).amax(0).double()
    place = torch.finfo(ours.dtype)
    unit = 2.0 ** size.clamp_min(place.tiny).log2().floor() * place.eps
    return float(((ours.double() - theirs.double()).abs() / unit).max())


def assert_near(ours, theirs, start, places):
    for column in (0, 2):
        columns = (ours[column], theirs[column], start[column])
        for a, b, old in zip(*columns, strict=True):
            assert a is None or ulps(a, b, old) <= places
    for a, b in zip(ours.memories, theirs.memories, strict=True):
        if a is not None:
            assert a.state["memory_0"] == b.state["memory_0"] == 1
            kept = (a.state["memory_1"], b.state["memory_1"])
            assert ulps(*kept, kept[1]) <= places


@pytest.mark.parametrize("name", STRIDES)
@pytest.mark.parametrize("energy", KINETICS)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_agrees_with_the_reference(name, energy, kind):
    kinetic = KINETICS[energy]
    stride = STRIDES[name]._replace(kinetic=kinetic)
    ours = batch_of(kind, kinetic=kinetic)
    theirs = copy_of(ours)
    before = [grad.clone() for grad in ours.grads]
    start = copy_of(ours)
    assert door.triton(ours, stride) is None
    reference(theirs, stride)
    # Each operation is rounded as in PyTorch's loop. But of its roots on a CPU one in
    # six is off by a place, and a quotient then by two.
    assert_near(ours, theirs, start, 0 if energy in EXACT else 4)
    assert all(map(torch.equal, ours.grads, before))


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize(
    ("position", "gradient", "momentum"),
    [
        (torch.bfloat16, torch.bfloat16, torch.float32),
        (torch.float16, torch.float16, torch.float32),
        (torch.bfloat16, torch.float32, torch.bfloat16),
        (torch.float32, torch.bfloat16, torch.float32),
        (torch.float32, torch.float32, torch.float64),
        (torch.float64, torch.float64, torch.float32),
        (torch.float16, torch.float16, torch.float16),
    ],
)
def test_mixtures_of_types(position, gradient, momentum, keeps):
    ours = batch_of(position, gradient, momentum, keeps=keeps)
    exact = Batch(
        [p.double() for p in ours.params],
        [g.double() for g in ours.grads],
        [b and None if b is None else b.double() for b in ours.buffers],
        *ours[3:],
    )
    exact = copy_of(exact)
    door.triton(ours, STRIDES["nesterov"])
    reference(exact, STRIDES["nesterov"])
    for column in (0, 2) if keeps else (0,):
        for a, b in zip(ours[column], exact[column], strict=True):
            scale = b.abs() + 1.0  # of what is added up: numbers of size 1
            # half a place of the type, and a few roundings in float32 before it
            within = torch.finfo(a.dtype).eps + 8 * torch.finfo(torch.float32).eps
            assert ((a.double() - b).abs() <= within * scale).all()


@pytest.mark.parametrize("energy", KINETICS)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["sgd", "qhm", "scaled"])
def test_sums_are_those_of_the_reference(energy, kind, name):
    kinetic = KINETICS[energy]
    stride = STRIDES[name]._replace(kinetic=kinetic, last=LAST)
    ours = batch_of(kind, kinetic=kinetic)
    theirs = copy_of(ours)
    found = door.triton(ours, stride, sums=True)
    expected = counted(reference, theirs, stride)
    count = sum(p.numel() for p in ours.params)
    # of `count` products of size 1, added in a tree; products of signs cancel
    place = 1e-6 if kind == torch.float32 else 1e-13
    for word, a, b in zip(Sums._fields, found, expected, strict=True):
        near = {"rel": place, "abs": place * count, "nan_ok": True}
        assert float(a) == pytest.approx(float(b), **near), word


@pytest.mark.parametrize("bits", [torch.bfloat16, torch.int8])
@pytest.mark.parametrize("position", [torch.float32, torch.bfloat16])
def test_random_rounding_has_the_digits_of_the_reference(bits, position):
    ours = batch_of(position, momentum=torch.float32)
    roundings, kept = [], []
    for i, buffer in enumerate(ours.buffers):
        blocks = -(-buffer.numel() // BLOCK)
        scales = torch.zeros(blocks) if bits == torch.int8 else None
        rounding = Rounding((3, i, 0), scales)
        packed = torch.empty_like(buffer, dtype=bits)
        rounding.close(packed, buffer)
        roundings.append(rounding)
        kept.append(packed)
    ours = ours._replace(buffers=kept, roundings=roundings)
    ours = ours.take([i for i, p in enumerate(ours.params) if door_takes(p)])
    theirs = copy_of(ours)
    for step in range(3):
        for batch in (ours, theirs):
            for i, rounding in enumerate(batch.roundings):
                batch.roundings[i] = rounding._replace(seed=(step, i))
        door.triton(ours, STRIDES["sgd"])
        reference(theirs, STRIDES["sgd"])
    assert all(map(torch.equal, ours.buffers, theirs.buffers))
    for a, b in zip(ours.roundings, theirs.roundings, strict=True):
        assert bits == torch.bfloat16 or torch.equal(a.scales, b.scales)
    if position == torch.float32:
        assert all(map(torch.equal, ours.params, theirs.params))


def door_takes(param):
    return param.numel() and not (param.ndim == 2 and param.stride()[-1] == 2)


@WRONG
def test_a_block_with_a_wrong_number_says_so():
    buffer = torch.randn(3 * BLOCK)
    buffer[BLOCK + 3] = float("inf")
    buffer[:BLOCK] = 1e-42  # whose scale has no inverse
    scales = torch.zeros(3)
    packed = torch.zeros(3 * BLOCK, dtype=torch.int8)
    grad = buffer.clone()
    batch = Batch(
        [torch.zeros_like(buffer)],
        [grad],
        [packed],
        [None],
        [Rounding((0,), scales)],
        [0],
    )
    theirs = copy_of(batch)
    door.triton(batch, STRIDES["sgd"])
    reference(theirs, STRIDES["sgd"])
    assert scales[0] == 0
    assert scales[1].isnan()
    assert scales[2] > 0
    assert torch.equal(packed, theirs.buffers[0])


@WRONG
def test_wrong_gradients_are_counted():
    batch = batch_of()
    batch.grads[-1][[0, 7, 4099]] = torch.tensor(
        [float("inf"), float("nan"), -float("inf")]
    )
    sums = door.triton(batch, STRIDES["sgd"], sums=True)
    assert int(sums.not_finite) == 3


LEFT = {
    "sparse": lambda p, g: (p, g.to_sparse()),
    "gaps": lambda p, g: (
        torch.stack([p, p], -1)[..., 0],
        torch.stack([g, g], -1)[..., 0],
    ),
    "other strides": lambda p, g: (p, g.t().contiguous().t()),
    "gradient over position": lambda p, g: (p, p),
    "negated when read": lambda p, g: (p, torch._neg_view(g)),
}


@pytest.mark.parametrize("why", LEFT)
def test_what_it_cannot_move_goes_through_the_reference(why):
    torch.manual_seed(0)
    param, grad = LEFT[why](torch.randn(4, 3), torch.randn(4, 3))
    ours = Batch([param], [grad], [torch.zeros(4, 3)], [None], [None], [0])
    twice = param.clone()
    theirs = ours._replace(params=[twice], buffers=[torch.zeros(4, 3)])
    if grad is param:
        theirs = theirs._replace(grads=[twice])
    sums = door.triton(ours, STRIDES["sgd"], sums=True)
    expected = counted(reference, theirs, STRIDES["sgd"])
    assert torch.equal(param, twice)
    assert [float(a) for a in sums] == pytest.approx(
        [float(b) for b in expected], nan_ok=True
    )
    plan = door.plan_of(ours, pairs=True)
    assert plan.left == [0]


def test_complex_numbers_are_pairs_to_newton_only():
    torch.manual_seed(0)
    param, grad = torch.randn(5, dtype=torch.cfloat), torch.randn(5, dtype=torch.cfloat)
    ours = Batch([param], [grad], [torch.zeros_like(param)], [None], [None], [0])
    theirs = copy_of(ours)
    assert door.plan_of(ours, pairs=True).left == []
    assert door.plan_of(ours, pairs=False).left == [0]
    for _ in range(2):
        door.triton(ours, STRIDES["nesterov"])
        reference(theirs, STRIDES["nesterov"])
    # PyTorch rounds once more where it multiplies complex numbers by a real one
    assert torch.allclose(param, theirs.params[0], rtol=1e-6)


def test_a_plan_follows_what_changes():
    ours = batch_of()
    theirs = copy_of(ours)
    stride = STRIDES["sgd"]
    for step in range(4):
        if step == 1:  # gradients elsewhere
            grads = [noise(p, 9, i) for i, p in enumerate(ours.params)]
            ours, theirs = ours._replace(grads=grads), theirs._replace(grads=grads)
        if step == 2:  # a schedule
            slower = stride.coefficients._replace(drift=0.01)
            stride = stride._replace(coefficients=slower)
        if step == 3:  # another form at the same place
            ours.params[1], ours.grads[1] = (
                ours.params[1].view(4, 3),
                ours.grads[1].view(4, 3),
            )
            ours.buffers[1] = ours.buffers[1].view(4, 3)
        door.triton(ours, stride)
        reference(theirs if step < 3 else reshaped(theirs), stride)
    assert all(
        torch.equal(a.view(-1), b.view(-1))
        for a, b in [
            (ours.params[1], theirs.params[1]),
            (ours.params[-1], theirs.params[-1]),
        ]
    )


def reshaped(batch):
    for column in (batch.params, batch.buffers):
        column[1] = column[1].view(4, 3)
    return batch


def test_a_gradient_that_comes_to_lie_over_its_parameter_is_seen():
    param, buffer = torch.ones(4), torch.zeros(4)
    batch = Batch([param], [torch.ones(4)], [buffer], [None], [None], [0])
    door.triton(batch, STRIDES["sgd"])
    assert door.plan_of(batch, pairs=True).left == []
    assert door.plan_of(batch._replace(grads=[param]), pairs=True).left == [0]
    assert door.plan_of(batch._replace(grads=[buffer]), pairs=True).left == [0]


def test_numbers_in_tensors_are_read_where_they_are():
    ours, theirs = batch_of(), None
    theirs = copy_of(ours)
    lr, decay = torch.tensor(0.1, dtype=torch.float64), torch.tensor(0.05)
    told = Coefficients(torch.tensor(0.9), drift=lr, blend_force=torch.tensor(0.0))
    stride = Stride(told, newtonian(), weight_decay=decay)
    plain = Stride(Coefficients(0.9, drift=0.1), newtonian(), weight_decay=0.05)
    for step in range(3):
        lr.fill_(0.1 / (1 + step))
        slower = plain.coefficients._replace(drift=0.1 / (1 + step))
        door.triton(ours, stride)
        reference(theirs, plain._replace(coefficients=slower))
    # 0.9 and 0.05 are float32 here and float64 there
    for a, b in zip(ours.params, theirs.params, strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_autograd_is_told():
    batch = batch_of()
    before = [p._version for p in batch.params]
    door.triton(batch, STRIDES["sgd"])
    assert [p._version - v for p, v in zip(batch.params, before, strict=True)] == [
        1 if door_takes(p) or not p.numel() else p._version - v
        for p, v in zip(batch.params, before, strict=True)
    ]
    assert all(p._version > v for p, v in zip(batch.params, before, strict=True))


def test_which_energies_it_moves():
    assert all(door.moves(kinetic) for kinetic in KINETICS.values())
    assert not door.moves(norm())
    assert not door.moves(huber(by="norm"))


def test_the_same_step_has_the_same_digits():
    found = [door.triton(batch_of(), STRIDES["qhm"], sums=True) for _ in range(2)]
    assert [float(x) for x in found[0]][:8] == pytest.approx(
        [float(x) for x in found[1]][:8], rel=0, abs=0, nan_ok=True
    )


MADE = {
    "sgd": lambda p, k: Inertial(p, lr=0.1, momentum=0.9, nesterov=True, kernel=k),
    "no momentum": lambda p, k: Inertial(p, lr=0.1, weight_decay=0.1, kernel=k),
    "adamw": lambda p, k: Inertial.adamw(p, lr=0.1, kernel=k),
    "lion": lambda p, k: Inertial.lion(p, lr=0.1, kernel=k),
    "bfloat16": lambda p, k: Inertial(
        p, lr=0.1, momentum=0.9, state_dtype=torch.bfloat16, kernel=k
    ),
    "int8": lambda p, k: Inertial(
        p, lr=0.1, momentum=0.9, state_dtype=torch.int8, kernel=k
    ),
}


@pytest.mark.parametrize("method", MADE)
def test_the_optimizer_moves_and_reads_as_with_the_reference(method):
    runs = {}
    for kernel in ("triton", "reference"):
        tensors = parameters(torch.float32)[:-1]
        optimizer = MADE[method](tensors, kernel)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
        readings = []
        optimizer.observe(readings.append)
        march(optimizer, tensors, range(4), schedule.step)
        runs[kernel] = tensors, readings
    for a, b in zip(runs["triton"][0], runs["reference"][0], strict=True):
        # the bowl's gradient carries a rounding on from step to step
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)
    for a, b in zip(runs["triton"][1], runs["reference"][1], strict=True):
        # the reference takes force times momentum in float64
        assert list(a) == pytest.approx(list(b), rel=1e-3, abs=1e-5, nan_ok=True)


def test_layouts_are_those_it_is_meant_for():
    taken = [
        name
        for name, make in LAYOUTS.items()
        if not door.plan_of(
            Batch(
                [p := make(torch.float32)],
                [torch.zeros_like(p)],
                [None],
                [None],
                [None],
                [0],
            ),
            pairs=True,
        ).left
    ]
    assert taken == [name for name in LAYOUTS if name != "strided"]
