"""The native kernel and the reference map: the same numbers, whatever is moved."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as some
from torch import Tensor

from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import adaptive, huber, newtonian, relativistic, sign
from inertial.torch import Inertial, native
from inertial.torch.kernels import Batch, Stride, reference
from inertial.torch.memory import Memory
from inertial.torch.rounding import BLOCK, Rounding

pytestmark = pytest.mark.skipif(bool(native.missing()), reason=native.missing())

F32, F64 = torch.float32, torch.float64
HALVES = (torch.bfloat16, torch.float16)
REALS = (F32, F64, *HALVES)
LAYOUTS: dict[str, Any] = {
    "0-d": lambda: torch.randn(()),
    "empty": lambda: torch.randn(0),
    "empty, transposed": lambda: torch.randn(3, 0, 2).mT,
    "one number": lambda: torch.randn(1, 1),
    "view": lambda: torch.randn(40)[3:30],
    "transposed": lambda: torch.randn(5, 7).t(),
    "gapped": lambda: torch.randn(9, 4)[:, ::2],
    "expanded": lambda: torch.randn(4, 1).expand(4, 3).clone(),
    "channels last": lambda: torch.randn(2, 3, 4, 5).to(
        memory_format=torch.channels_last
    ),
    "permuted": lambda: torch.randn(3, 4, 5).permute(1, 2, 0),
    # the edges of an 8-bit block, of a block of sums and of a piece of work
    **{str(n): lambda n=n: torch.randn(n) for n in (255, 257, 1023, 1024, 1025)},
    **{str(n): lambda n=n: torch.randn(n) for n in (16383, 16384, 16385)},
}
METHODS = {
    "gradient descent": Coefficients(drift=0.1),
    "no past, part of the force": Coefficients(kick=0.7, drift=0.1),
    "momentum": Coefficients(decay=0.9, drift=0.1),
    "dampening": Coefficients(decay=0.9, kick=0.4, drift=0.1),
    "decoupled decay": Coefficients(decay=0.9, drift=0.1, keep=0.97),
    "nesterov": Coefficients(decay=0.9, blend_momentum=0.9, blend_force=1.0, drift=0.1),
    "qhm": Coefficients(
        decay=0.9, kick=0.1, blend_momentum=0.7, blend_force=0.3, drift=0.1, keep=0.99
    ),
    "share of the momentum": Coefficients(decay=0.9, blend_momentum=0.6, drift=0.1),
}
KINETICS = {
    "newtonian": newtonian(),
    "sign": sign(),
    "huber": huber(0.8),
    "relativistic": relativistic(speed_limit=0.5, mass=1.3),
    "adam": adaptive(),
    "rmsprop": adaptive(0.9, debias=False),
}
KEPT = ("own", "bfloat16", "int8")


class Case(NamedTuple):
    """What a batch is made of, and how it moves."""

    layouts: tuple[str, ...]
    kind: torch.dtype
    grad: torch.dtype
    kept: str = "own"
    method: str = "momentum"
    kinetic: str = "newtonian"
    weight_decay: float = 0.0
    maximize: bool = False
    factor: float = 1.0

    @property
    def stride(self) -> Stride:
        return Stride(
            METHODS[self.method],
            KINETICS[self.kinetic],
            self.weight_decay,
            self.maximize,
            self.factor,
            last=METHODS[self.method],
        )

    @property
    def unit(self) -> float:
        """The spacing of the coarsest type, at 1."""
        kept = F32 if self.kept != "own" else self.kind  # the reference opens it so
        return max(torch.finfo(kind).eps for kind in (self.kind, self.grad, kept))

    @property
    def halves(self) -> bool:
        return self.kind in HALVES or self.grad in HALVES

    @property
    def exact(self) -> bool:
        """Whether both make the same operations in the same order.

        Newton's in one precision: other velocities are written with other operations
        (a square root of another sum), and in 16 bits, or in two precisions, the
        reference stores intermediate sums, which is one rounding or two more.
        """
        return self.kinetic == "newtonian" and self.grad == self.kind not in HALVES


def batch(case: Case, seed: int = 0) -> Batch:
    """Return the same tensors at each call."""
    torch.manual_seed(seed)
    columns: Batch = Batch([], [], [], [], [], [])
    for index, name in enumerate(case.layouts):
        param = LAYOUTS[name]().to(case.kind)
        grad = torch.randn_like(param, dtype=working(case)).to(case.grad)
        rounding = None
        if case.kept == "own" or case.kind.is_complex:
            kept = F32 if case.kind in HALVES else case.kind
            buffer = torch.randn_like(param, dtype=kept)
        else:
            scales = torch.zeros(-(-param.numel() // BLOCK))
            rounding = Rounding((3, index), scales if case.kept == "int8" else None)
            buffer = torch.zeros_like(param, dtype=getattr(torch, case.kept))
            rounding.close(buffer, torch.randn_like(param, dtype=F32))
        memory = None
        if case.kinetic in {"adam", "rmsprop"}:
            square = torch.rand_like(param, dtype=F64 if case.kind == F64 else F32)
            kinetic = KINETICS[case.kinetic]
            memory = Memory({"memory_0": 2, "memory_1": square}, kinetic)
        keeps = METHODS[case.method].decay != 0
        row = (param, grad, buffer if keeps else None, memory, rounding, 0)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns


def working(case: Case) -> torch.dtype:
    return case.kind if case.kind.is_complex else F32


def numbers(tensor: Tensor) -> Tensor:
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def assert_same_move(case: Case, ours: Batch, theirs: Batch, ulps: float) -> None:
    """Assert that two kernels moved the same tensors alike.

    The unit is that of the coarsest type that anything is kept in, at the largest
    number that goes into a sum: where two cancel, the result cannot keep more.
    """
    start, room = batch(case), ulps * case.unit
    for i in range(len(case.layouts)):
        wide = [numbers(start.params[i]).double(), numbers(start.grads[i]).double()]
        old, rounding = start.buffers[i], start.roundings[i]
        if old is not None:
            opened = old if rounding is None else rounding.open(old)
            wide.append(numbers(opened).double())
        away = numbers(theirs.params[i]).double() - wide[0]
        scale = torch.stack([*wide, away]).abs().amax(0)
        assert torch.equal(ours.grads[i], start.grads[i]), "a gradient was written"
        assert_within(ours.params[i], theirs.params[i], room * scale)
        if old is not None and rounding is None:
            assert_within(ours.buffers[i], theirs.buffers[i], room * scale)
        if ours.memories[i] is not None:
            one, two = (b.memories[i].state["memory_1"] for b in (ours, theirs))
            assert ours.memories[i].state["memory_0"] == 3
            # the square of a force doubles its relative error
            assert_within(one, two, 2 * room * (1 + scale**2))


def assert_within(ours: Tensor, theirs: Tensor, room: Tensor) -> None:
    gap = (numbers(ours).double() - numbers(theirs).double()).abs()
    assert bool((gap <= room).all()), f"off by {(gap / room).max()} of what is allowed"


def assert_same_bits(ours: Batch, theirs: Batch) -> None:
    for mine, other in zip(
        ours.params + ours.buffers, theirs.params + theirs.buffers, strict=True
    ):
        if mine is not None:
            assert torch.equal(mine, other)


CASES = some.builds(
    Case,
    layouts=some.lists(some.sampled_from(sorted(LAYOUTS)), min_size=1, max_size=3).map(
        tuple
    ),
    kind=some.sampled_from(REALS),
    grad=some.sampled_from(REALS),
    kept=some.sampled_from(KEPT),
    method=some.sampled_from(sorted(METHODS)),
    kinetic=some.sampled_from(sorted(KINETICS)),
    weight_decay=some.sampled_from([0.0, 0.1]),
    maximize=some.booleans(),
    factor=some.sampled_from([1.0, 0.25, 0.3]),
)


@settings(max_examples=80)
@given(CASES)
@example(Case(("16385", "gapped"), F32, F32))
@example(Case(("channels last",), torch.bfloat16, torch.bfloat16, "int8", "nesterov"))
def test_native_moves_as_the_reference_does(case: Case) -> None:
    ours, theirs = batch(case), batch(case)
    native.native(ours, case.stride)
    reference(theirs, case.stride)
    if case.exact and (case.kept == "own" or case.kind == F32):
        assert_same_bits(ours, theirs)
    elif case.kinetic != "sign" or not case.halves:
        # 2 ulp of the result, 3 where a root and two quotients make the mass; 16-bit
        # sums that the reference stores on its way (what joins the gradient, the share
        # of it, the kept position) are up to 2 more. A sign may turn where the two
        # terms under it cancel, so there it is left out.
        remembers = ours.memories[0] is not None
        assert_same_move(case, ours, theirs, 2 + 2 * case.halves + remembers)


@pytest.mark.parametrize("kind", [torch.complex64, torch.complex128], ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_complex_numbers_are_pairs_of_real_ones(kind: torch.dtype, method: str) -> None:
    layouts = ("transposed", "gapped", "1025")
    case = Case(layouts, kind, kind, method=method, weight_decay=0.1)
    ours, theirs = batch(case), batch(case)
    native.native(ours, case.stride)
    reference(theirs, case.stride)
    assert_same_move(case, ours, theirs, 2)  # complex products are written otherwise


FUSED = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "dampening": {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    "nesterov": {"momentum": 0.9, "nesterov": True, "maximize": True},
}


@pytest.mark.parametrize("kind", [F32, F64], ids=str)
@pytest.mark.parametrize("words", FUSED.values(), ids=FUSED)
def test_native_has_the_digits_of_pytorchs_fused_step(
    words: dict[str, Any], kind: torch.dtype
) -> None:
    def train(build: Any) -> list[Tensor]:
        torch.manual_seed(1)
        places = [torch.randn(n, dtype=kind, requires_grad=True) for n in (1024, 16389)]
        optimizer = build(places, lr=0.1, **words)
        for _ in range(3):
            for place in places:
                place.grad = torch.randn_like(place)
            optimizer.step()
        return places

    for mine, other in zip(
        train(Inertial),
        train(lambda p, **k: torch.optim.SGD(p, fused=True, **k)),
        strict=True,
    ):
        # PyTorch's fused loop makes the last few numbers, those that fill no vector,
        # with other roundings than its plain loop; 3 steps of at most 2 ulp at 4.
        whole = len(mine) - len(mine) % 16
        assert torch.equal(mine[:whole], other[:whole])
        torch.testing.assert_close(mine, other, rtol=0, atol=24 * torch.finfo(kind).eps)


@pytest.fixture
def instructions() -> Any:
    yield native._native.use
    native._native.use(native._native.runnable()[-1])


@pytest.mark.parametrize("kinetic", KINETICS)
@pytest.mark.parametrize("kind", [F32, F64], ids=str)
def test_all_instructions_make_the_same_step(
    instructions: Any, kind: torch.dtype, kinetic: str
) -> None:
    case = Case(("1025", "0-d"), kind, kind, "own", "qhm", kinetic, 0.1, factor=0.3)
    moved = []
    for name in native._native.runnable():
        instructions(name)
        assert native.instructions() == name
        moved.append(batch(case))
        native.native(moved[-1], case.stride)
    for other in moved[:-1]:
        assert_same_move(case, other, moved[-1], 2)  # the baseline rounds each product


def test_unknown_instructions_are_refused() -> None:
    with pytest.raises(ValueError, match="not in this build or this machine"):
        native._native.use("abacus")


LAZY = {
    "conjugated": lambda: (torch.ones(3) * 1j).conj(),
    "negated": lambda: (torch.ones(1) * 1j).conj().imag,
}


@pytest.mark.parametrize("name", LAZY)
def test_a_gradient_that_is_changed_when_it_is_read_moves_as_it_reads(
    name: str,
) -> None:
    grad = LAZY[name]()
    place = torch.zeros_like(grad.clone(), requires_grad=True)
    place.grad = grad
    optimizer = Inertial([place], lr=1.0, momentum=0.9)
    optimizer.step()
    assert torch.equal(place, -grad)


def step_of(param: Tensor, grad: Tensor) -> list[int]:
    told = native.setting(
        Stride(METHODS["momentum"], newtonian()), sums=False, random=False
    )
    return native._native.move([param], [grad], [None], [None], [None], [0], told, 1)[1]


class Elsewhere(Tensor):
    """A tensor that answers for itself and has no memory."""

    @staticmethod
    def __new__(cls, size: int) -> Any:
        return Tensor._make_wrapper_subclass(cls, (size,))

    @classmethod
    def __torch_dispatch__(cls, *_: Any) -> Any:
        raise RuntimeError


def freed() -> Tensor:
    gone = torch.zeros(3)
    gone.untyped_storage().resize_(0)
    return gone


def odd() -> Tensor:
    return torch.frombuffer(bytearray(13), dtype=F32, offset=1)


UNFIT = {
    "meta": lambda: torch.zeros(3, device="meta"),
    "sparse": lambda: torch.zeros(3).to_sparse(),
    "another layout": lambda: torch.zeros(3).to_mkldnn(),
    "whole numbers": lambda: torch.zeros(3, dtype=torch.int32),
    "bytes": lambda: torch.zeros(3, dtype=torch.int8),
    "no memory of its own": lambda: Elsewhere(3),
    "freed": freed,
    "repeated": lambda: torch.zeros(1).expand(3),
    "between two places": odd,
    "no tensor": lambda: None,
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_no_plain_memory_is_left_alone(name: str) -> None:
    assert step_of(UNFIT[name](), torch.zeros(3)) == [0]
    assert step_of(torch.zeros(3), UNFIT[name]()) == [0]


def test_a_gradient_that_lies_in_its_parameter_goes_the_long_way() -> None:
    place = torch.ones(8)
    assert step_of(place[:6], place[2:]) == [0]
