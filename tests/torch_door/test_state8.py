"""A momentum in 8 bits: how far off a rounding can be, and that nothing is lost."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from cases_torch import assert_equal, march, twin
from inertial.torch import Inertial
from inertial.torch.rounding import BLOCK, STEPS, Rounding
from inertial.torch.state import start_scales
from inertial.training import checkpoint

WORDS: dict[str, Any] = dict(lr=0.05, momentum=0.9, state_dtype=torch.int8)


def rounded(exact: Tensor, seed: int) -> Tensor:
    packed = torch.zeros_like(exact, dtype=torch.int8)
    rounding = Rounding((seed,), torch.zeros(-(-exact.numel() // BLOCK)))
    rounding.close(packed, exact)
    return rounding.open(packed)


def test_a_rounding_is_off_by_less_than_a_step_of_its_block() -> None:
    torch.manual_seed(0)
    exact = torch.randn(10 * BLOCK + 17) * torch.logspace(-20, 3, 10 * BLOCK + 17)
    gap = (rounded(exact, 1) - exact).abs()
    for start in range(0, len(exact), BLOCK):
        block = slice(start, start + BLOCK)
        # one step, and the roundings of float32 in making it: 127 steps of 3 ulp
        most = exact[block].abs().max() / STEPS * (1 + 4e-5)
        assert bool((gap[block] <= most).all())


def test_roundings_are_right_on_average() -> None:
    torch.manual_seed(0)
    exact, seeds = torch.randn(BLOCK), 1000
    mean = torch.stack([rounded(exact, seed) for seed in range(seeds)]).mean(0)
    step = exact.abs().max() / STEPS
    # the spread of one rounding is at most half a step; 256 means of 1000 stay within
    # five of their spreads
    assert float((mean - exact).abs().max()) < 5 * 0.5 * float(step) / seeds**0.5


@pytest.mark.parametrize("size", [1e-45, 1e-38, 1e-36, 1e38])
def test_the_ends_of_the_numbers_are_kept_or_nothing(size: float) -> None:
    exact = torch.tensor([size, -size, 0.0, size / 2])
    kept = rounded(exact, 1)
    lost = size / STEPS < torch.finfo(torch.float32).tiny
    # the largest of a block falls on a step, but for 3 roundings
    expected = torch.zeros(3) if lost else exact[:3]
    torch.testing.assert_close(kept[:3], expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("wrong", [float("inf"), float("nan")])
def test_a_number_without_end_stays_visible_in_its_block(wrong: float) -> None:
    exact = torch.ones(2 * BLOCK)
    exact[3] = wrong
    kept = rounded(exact, 1)
    assert bool(kept[:BLOCK].isnan().all())
    assert bool((kept[BLOCK:] == 1).all())


def walk(optimizer: Inertial, tensors: list[Tensor], steps: range) -> list[Tensor]:
    march(optimizer, tensors, steps)
    return [optimizer.state[p]["momentum_buffer"] for p in tensors]


def pair() -> list[Tensor]:
    torch.manual_seed(2)
    return [torch.randn(n, requires_grad=True) for n in (300, 7)]


@pytest.mark.parametrize("kernel", ["auto", "reference", "foreach"])
def test_a_loaded_state_goes_on_with_the_same_digits(kernel: str) -> None:
    whole, broken = pair(), pair()
    expected = walk(Inertial(whole, kernel=kernel, **WORDS), whole, range(9))
    first = Inertial(broken, kernel=kernel, **WORDS)
    walk(first, broken, range(4))
    again = twin(broken)
    second = Inertial(again, kernel=kernel, **WORDS)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    state = second.state[again[0]]
    assert state["momentum_buffer"].dtype == torch.int8
    assert state["momentum_scales"].dtype == torch.float32
    assert_equal(walk(second, again, range(4, 9)), expected)
    assert_equal(again, whole)


def test_a_deep_copy_goes_on_with_the_same_digits() -> None:
    tensors = pair()
    optimizer = Inertial(tensors, **WORDS)
    walk(optimizer, tensors, range(3))
    copies, other = copy.deepcopy((tensors, optimizer))
    assert_equal(
        walk(other, copies, range(3, 6)), walk(optimizer, tensors, range(3, 6))
    )
    assert_equal(copies, tensors)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.int8], ids=str)
def test_states_move_between_types(kind: torch.dtype) -> None:
    tensors = pair()
    words = WORDS | {"state_dtype": None}
    sgd = torch.optim.SGD(tensors, lr=0.05, momentum=0.9)
    march(sgd, tensors, range(3))
    exact = [sgd.state[p]["momentum_buffer"].clone() for p in tensors]
    packed = Inertial(tensors, **WORDS)
    packed.load_state_dict(sgd.state_dict(), keep_hyperparameters=True)
    for group in packed.param_groups:  # PyTorch's words do not name it
        assert group["state_dtype"] == "int8"
    other = Inertial(tensors, **words | {"state_dtype": kind})
    other.load_state_dict(packed.state_dict(), keep_hyperparameters=True)
    for p, before in zip(tensors, exact, strict=True):
        state = other.state[p]
        assert state["momentum_buffer"].dtype == kind
        scales = state.get("momentum_scales")
        assert (scales is None) == (kind != torch.int8)
        kept = state["momentum_buffer"].float()
        if scales is not None:
            kept = Rounding((), scales).open(state["momentum_buffer"])
        # a step of the block, and half an ulp of bfloat16
        most = before.abs().max() * (1 / STEPS + 2**-8)
        assert float((kept - before).abs().max()) <= float(most)


def test_a_checkpoint_of_a_run_brings_it_back(tmp_path: Path) -> None:
    whole, broken = pair(), pair()
    expected = walk(Inertial(whole, **WORDS), whole, range(9))
    first = Inertial(broken, **WORDS)
    walk(first, broken, range(4))
    saved = {"optimizer": first.state_dict(), "weights": [p.detach() for p in broken]}
    checkpoint.save(tmp_path, 4, saved, good=True)
    found = checkpoint.newest(tmp_path)
    assert found is not None
    again = [p.clone().requires_grad_() for p in found["weights"]]
    second = Inertial(again, **WORDS)
    second.load_state_dict(found["optimizer"])
    assert_equal(walk(second, again, range(4, 9)), expected)
    assert_equal(again, whole)


def test_shards_of_distributed_parameters_are_refused() -> None:
    shard = torch.zeros(3).as_subclass(DTensor)  # nothing but the class is asked
    with pytest.raises(TypeError, match="shards of a distributed parameter"):
        start_scales(shard)


def held_out_loss(kind: torch.dtype | None) -> float:
    """Return the loss on unseen handwritten digits after 150 steps."""
    digits = load_digits()
    x = torch.tensor(digits.data, dtype=torch.float32) / 16
    y = torch.tensor(digits.target)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = Inertial(net.parameters(), lr=0.1, momentum=0.9, state_dtype=kind)
    for _ in range(150):
        batch = torch.randint(0, 1500, (64,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
        optimizer.step()
    return nn.functional.cross_entropy(net(x[1500:]), y[1500:]).item()


def test_training_ends_where_exact_momentum_ends() -> None:
    exact, kept = held_out_loss(None), held_out_loss(torch.int8)
    assert exact < 0.6, "it learned: chance is ln 10"
    # seeds 0 to 3 end within 0.001 of float32's loss each, and 0.03 apart
    assert kept == pytest.approx(exact, abs=0.005)
