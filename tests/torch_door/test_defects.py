"""Defects of other optimizers: each shown on the real one, and absent from ours."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, distribute_tensor
from torch.optim import SGD, Muon

from cases_torch import assert_close, assert_equal, buffers, march, parameters, twin
from inertial.torch import Inertial

OURS = pytest.mark.parametrize(
    "words", [{"foreach": False}, {"foreach": True}], ids=["single", "foreach"]
)


@pytest.fixture
def filled_memory() -> Iterator[None]:
    """Fill uninitialised memory with nan, so that who reads it is seen."""
    torch.use_deterministic_algorithms(True)
    fill = torch.utils.deterministic.fill_uninitialized_memory
    torch.utils.deterministic.fill_uninitialized_memory = True
    yield
    torch.utils.deterministic.fill_uninitialized_memory = fill
    torch.use_deterministic_algorithms(False)


def first_step_overflows(kind: type, **words: Any) -> list[float]:
    """Train one number under a GradScaler whose first gradient is inf."""
    weight = torch.ones(1, requires_grad=True)
    optimizer = kind([weight], lr=0.1, momentum=0.9, **words)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    seen = []
    for factor in (math.inf, 1.0, 1.0):
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        seen.append(weight.item())
    return seen


@pytest.mark.usefixtures("filled_memory")
class TestOverflowInTheFirstStep:
    """1: the fused kernel plants an uninitialised buffer when it skips."""

    def test_theirs(self) -> None:
        seen = first_step_overflows(SGD, fused=True)
        assert seen[:1] == [1.0]
        assert math.isnan(seen[1])
        assert math.isnan(seen[2])

    @OURS
    def test_ours(self, words: dict[str, Any]) -> None:
        # Skipped, then 1 - 0.1, then 0.9 - 0.1 * 1.9; float32 rounding.
        assert first_step_overflows(Inertial, **words) == pytest.approx(
            [1.0, 0.9, 0.71], abs=1e-6
        )


def thaw(kind: type, **words: Any) -> list[torch.Tensor]:
    tensors = parameters()
    tensors[0].requires_grad_(False)
    optimizer = kind(tensors, lr=0.1, momentum=0.9, **words)
    march(optimizer, tensors, range(3))
    tensors[0].requires_grad_(True)
    march(optimizer, tensors, range(3, 6))
    return tensors


class TestLateThawedParameter:
    """2: the fused kernel crashes on a parameter that joins later."""

    def test_theirs(self) -> None:
        with pytest.raises(TypeError, match="NoneType"):
            thaw(SGD, fused=True)

    @OURS
    def test_ours(self, words: dict[str, Any]) -> None:
        assert_equal(thaw(Inertial, **words), thaw(SGD, **words))


def gradient_after_a_step(kind: type, **words: Any) -> float:
    weight = torch.ones(1, requires_grad=True)
    weight.grad = torch.ones(1)
    kind([weight], lr=0.1, momentum=0.9, nesterov=True, **words).step()
    return weight.grad.item()


class TestGradientIsOverwritten:
    """3: foreach with nesterov and no weight decay writes into p.grad."""

    def test_theirs(self) -> None:
        assert gradient_after_a_step(SGD, foreach=True) == pytest.approx(1.9)

    @OURS
    def test_ours(self, words: dict[str, Any]) -> None:
        assert {gradient_after_a_step(Inertial, **words)} == {1.0}

    @OURS
    @pytest.mark.parametrize("build", ["adamw", "lion", "muon", "qhm", "rmsprop"])
    @pytest.mark.parametrize("maximize", [False, True])
    def test_ours_for_every_method(
        self, build: str, words: dict[str, Any], maximize: bool
    ) -> None:
        torch.manual_seed(0)
        weight = torch.randn(4, 3, requires_grad=True)
        words = {**words, "weight_decay": 0.1, "maximize": maximize}
        optimizer = getattr(Inertial, build)([weight], lr=0.1, **words)
        for _ in range(3):
            weight.grad = torch.randn(4, 3)
            kept = weight.grad.clone()
            optimizer.step()
            assert torch.equal(weight.grad, kept)


def slope_of_two_steps(kind: type) -> float:
    """Return d x₂/d w of two steps on the loss w·x²/2 from x = 1, by autograd."""
    w = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    x = torch.ones((), dtype=torch.float64, requires_grad=True).clone()
    optimizer = kind([x], lr=0.1, momentum=0.9, differentiable=True)
    for _ in range(2):
        x.grad = w * x.clone()
        optimizer.step()
    (slope,) = torch.autograd.grad(x, w)
    return slope.item()


class TestFirstBufferIsDetached:
    """4: no gradient flows through the first buffer of a differentiable step.

    x₁ = 1 - 0.1 w and x₂ = x₁ - 0.1 (0.9 w + w x₁), so d x₂/d w = -0.1 - 0.09 -
    0.1 (1 - 0.2 w) = -0.27 at w = 1. Theirs sees only the last x₁: -0.1 * 0.9.
    """

    def test_theirs(self) -> None:
        assert slope_of_two_steps(SGD) == pytest.approx(-0.09, abs=1e-12)

    def test_ours(self) -> None:
        assert slope_of_two_steps(Inertial) == pytest.approx(-0.27, abs=1e-12)


def first_buffer(kind: type, look: bool, **words: Any) -> float:
    """Return what the first step remembers, with or without a look at the state."""
    net = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(net.weight, 1.0)
    optimizer = kind(net.parameters(), lr=0.1, momentum=0.9, **words)
    if look:
        get_optimizer_state_dict(net, optimizer)
    net.weight.grad = torch.ones(1, 1)
    optimizer.step()
    return optimizer.state[net.weight]["momentum_buffer"].item()


class TestSavingAFreshOptimizerChangesTraining:
    """5: DCP materialises the state by a step of zero gradient, which leaves a mark."""

    WORDS: ClassVar = {"dampening": 0.5, "weight_decay": 0.1}

    def test_theirs(self) -> None:
        assert first_buffer(SGD, False, **self.WORDS) == pytest.approx(1.1)
        assert first_buffer(SGD, True, **self.WORDS) == pytest.approx(0.64)

    @OURS
    def test_ours(self, words: dict[str, Any]) -> None:
        words = {**words, **self.WORDS}
        assert first_buffer(Inertial, True, **words) == first_buffer(
            Inertial, False, **words
        )
        assert first_buffer(Inertial, True, **words) == pytest.approx(1.1)

    @pytest.mark.parametrize("build", ["adamw", "lion", "signum", "muon", "rmsprop"])
    def test_ours_for_every_method(self, build: str) -> None:
        def train(look: bool) -> torch.Tensor:
            torch.manual_seed(0)
            net = torch.nn.Linear(3, 2, bias=False)
            optimizer = getattr(Inertial, build)(
                net.parameters(), lr=0.1, weight_decay=0.1
            )
            if look:
                get_optimizer_state_dict(net, optimizer)
            march(optimizer, [net.weight], range(3))
            return net.weight

        assert_equal([train(True)], [train(False)])

    def test_ours_with_a_rate_on_the_device(self) -> None:
        def buffer(look: bool) -> float:
            net = torch.nn.Linear(1, 1, bias=False)
            torch.nn.init.constant_(net.weight, 1.0)
            lr = torch.tensor(0.1)
            words = dict(momentum=0.9, dampening=0.5, weight_decay=0.1)
            optimizer = Inertial(net.parameters(), lr=lr, **words)
            if look:
                get_optimizer_state_dict(net, optimizer)
            net.weight.grad = torch.ones(1, 1)
            optimizer.step()
            return optimizer.state[net.weight]["momentum_buffer"].item()

        assert buffer(True) == buffer(False)


class TestBf16MuonNormalisesItsOwnBuffer:
    """6: a cast that is no copy lets the iteration write into the momentum."""

    def norm(self, kind: Any) -> float:
        torch.manual_seed(0)
        weight = torch.zeros(8, 8, dtype=torch.bfloat16, requires_grad=True)
        optimizer = kind([weight], lr=0.01, momentum=0.95, nesterov=False)
        weight.grad = torch.randn(8, 8).to(torch.bfloat16)
        optimizer.step()
        kept = optimizer.state[weight]["momentum_buffer"].float().norm()
        return (kept / weight.grad.float().norm()).item()

    def test_theirs(self) -> None:
        # The buffer should hold 0.05 of the gradient; its norm is 1 instead.
        assert self.norm(Muon) > 0.1

    def test_ours(self) -> None:
        # 1% covers the 8 bits of the gradient's own rounding.
        assert self.norm(Inertial.muon) == pytest.approx(0.05, rel=1e-2)


class TestMuonBufferIsAnAverage:
    """7: Muon's documentation writes a sum of gradients, its code keeps an average."""

    def buffer_share(self, kind: Any) -> float:
        weight = torch.eye(3, requires_grad=True)
        optimizer = kind([weight], lr=0.01, momentum=0.95)
        weight.grad = torch.eye(3)
        optimizer.step()
        return optimizer.state[weight]["momentum_buffer"][0, 0].item()

    def test_theirs(self) -> None:
        assert r"B_{t-1} + g_t" in (Muon.__doc__ or "")
        assert self.buffer_share(Muon) == pytest.approx(0.05, rel=1e-6)

    def test_ours_keeps_the_same_and_says_so(self) -> None:
        assert self.buffer_share(Inertial.muon) == pytest.approx(0.05, rel=1e-6)
        assert "average" in (Inertial.muon.__doc__ or "")

    def test_ours_takes_over_theirs_at_its_true_scale(self) -> None:
        torch.manual_seed(0)
        tensors = [torch.randn(4, 4, requires_grad=True)]
        march(before := Muon(tensors, lr=0.01), tensors, range(3))
        copied = twin(tensors)
        after = Inertial.muon(copied, lr=0.01)
        after.load_state_dict(copy.deepcopy(before.state_dict()))
        march(before, tensors, range(3, 4))
        march(after, copied, range(3, 4))
        # float32 rounding of one lerp; a factor 20 would show at once.
        assert_close(buffers(after, copied), buffers(before, tensors), 1e-6)


@pytest.fixture(scope="module")
def mesh() -> Iterator[Any]:
    """One process that thinks it is distributed."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    dist.destroy_process_group()


def mixed(mesh: Any, both: bool) -> list[torch.Tensor]:
    torch.manual_seed(0)
    spread = distribute_tensor(torch.randn(4, 3), mesh, [Replicate()])
    made = [torch.nn.Parameter(spread)]
    if both:
        made.append(torch.nn.Parameter(torch.randn(3)))
    return made


def two_steps(kind: Any, tensors: list[torch.Tensor], **words: Any) -> None:
    optimizer = kind(tensors, lr=0.1, momentum=0.9, **words)
    for _ in range(2):
        for p in tensors:
            p.grad = torch.ones_like(p)
        optimizer.step()


class TestDistributedTensors:
    """8: fused has no rule for DTensor, foreach refuses a mixed list."""

    def test_theirs_fused(self, mesh: Any) -> None:
        with pytest.raises(NotImplementedError, match="_fused_sgd_"):
            two_steps(SGD, mixed(mesh, both=False), fused=True)

    def test_theirs_foreach_on_a_mixed_list(self, mesh: Any) -> None:
        with pytest.raises(RuntimeError, match=r"mixed torch\.Tensor and DTensor"):
            two_steps(SGD, mixed(mesh, both=True), foreach=True)

    @OURS
    @pytest.mark.parametrize("build", ["", "adamw", "lion", "signum"])
    def test_ours(self, mesh: Any, words: dict[str, Any], build: str) -> None:
        def train(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
            made = getattr(Inertial, build) if build else Inertial
            extra = {"momentum": 0.9} if build in ("", "signum") else {}
            optimizer = made(tensors, lr=0.1, **extra, **words)
            for _ in range(3):
                for p in tensors:
                    p.grad = p.detach() * 0.5
                optimizer.step()
            assert all(
                isinstance(optimizer.state[p]["momentum_buffer"], type(p.data))
                for p in tensors
            )
            return tensors

        spread = train(mixed(mesh, both=True))
        plain = train([whole(p).clone().requires_grad_() for p in mixed(mesh, True)])
        assert_equal([whole(p) for p in spread], plain)


def whole(p: torch.Tensor) -> torch.Tensor:
    held = p.detach()
    return held.full_tensor() if isinstance(held, DTensor) else held


class TestSixteenBitBufferStalls:
    """9: constant gradient 1 at momentum 0.99 must gather 100.

    PyTorch's fused step is left out: on a CPU its 16-bit path (2.13) takes the
    momentum of element i from elsewhere, beyond the buffer in long tensors, so
    what it gathers is whatever that memory held.
    """

    def gathered(self, kind: Any, **words: Any) -> float:
        weight = torch.zeros(4096, dtype=torch.bfloat16, requires_grad=True)
        optimizer = kind([weight], lr=0.0, momentum=0.99, **words)
        weight.grad = torch.ones_like(weight)
        for _ in range(800):
            optimizer.step()
        return optimizer.state[weight]["momentum_buffer"].float().mean().item()

    @OURS
    def test_theirs(self, words: dict[str, Any]) -> None:
        assert self.gathered(SGD, **words) == 64

    @OURS
    @pytest.mark.parametrize("kept", [None, torch.bfloat16], ids=str)
    def test_ours(self, words: dict[str, Any], kept: torch.dtype | None) -> None:
        # 2% is promised. float32 ends at 100 - 100 * 0.99^800 = 99.97.
        gathered = self.gathered(Inertial, state_dtype=kept, **words)
        assert gathered == pytest.approx(100, rel=0.02)


def words_of(optimizer: torch.optim.Optimizer) -> tuple[float, float]:
    (group,) = optimizer.param_groups
    return group["lr"], group["momentum"]


class TestWordsAreNotChecked:
    """11: momentum 1.5 is taken; loading overwrites new words and casts the buffer."""

    def test_theirs(self) -> None:
        assert SGD([torch.ones(1, requires_grad=True)], momentum=1.5)

    def test_ours(self) -> None:
        with pytest.raises(ValueError, match=r"`momentum` must be .* below 1.* 1\.5"):
            Inertial([torch.ones(1, requires_grad=True)], momentum=1.5)

    def stored(self, kind: Any) -> dict[str, Any]:
        tensors = [torch.ones(3, requires_grad=True)]
        optimizer = kind(tensors, lr=0.1, momentum=0.9)
        tensors[0].grad = torch.full((3,), 1 / 3)
        optimizer.step()
        return optimizer.state_dict()

    def test_theirs_loses_the_new_words_and_the_buffers_digits(self) -> None:
        half = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
        optimizer = SGD([half], lr=0.025, momentum=0.5)
        optimizer.load_state_dict(self.stored(SGD))
        assert words_of(optimizer) == (0.1, 0.9)
        assert optimizer.state[half]["momentum_buffer"].dtype == torch.bfloat16

    @pytest.mark.parametrize("donor", [SGD, Inertial])
    def test_ours_can_keep_both(self, donor: Any) -> None:
        half = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
        optimizer = Inertial([half], lr=0.025, momentum=0.5)
        state = self.stored(donor)
        optimizer.load_state_dict(state, keep_hyperparameters=True)
        assert words_of(optimizer) == (0.025, 0.5)
        kept = optimizer.state[half]["momentum_buffer"]
        assert kept.dtype == torch.float32
        assert torch.equal(kept, torch.full((3,), 1 / 3))
