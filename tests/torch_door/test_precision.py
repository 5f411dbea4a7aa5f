"""A 16-bit momentum buffer rounded at random: unbiased, repeatable, resumable."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from cases_torch import KERNELS, assert_equal, march, noise, twin
from inertial.torch import Inertial

FOREACH = pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
PLACES = 4096


def constant_force(optimizer: Inertial, p: torch.Tensor, steps: int) -> torch.Tensor:
    p.grad = torch.ones_like(p)
    for _ in range(steps):
        optimizer.step()
    return optimizer.state[p]["momentum_buffer"]


@FOREACH
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32], ids=str)
def test_constant_force_gathers_what_it_should(
    kind: torch.dtype, foreach: bool
) -> None:
    # The exact buffer is 100 (1 - 0.99^n): 99.97 after 800 steps. 2% is the promise;
    # the mean of 4096 roundings, each off by at most 0.5, itself is good to 0.1.
    p = torch.zeros(PLACES, dtype=kind, requires_grad=True)
    optimizer = Inertial(
        [p], lr=0.0, momentum=0.99, state_dtype=torch.bfloat16, foreach=foreach
    )
    buffer = constant_force(optimizer, p, 800)
    assert buffer.dtype == torch.bfloat16
    assert buffer.float().mean().item() == pytest.approx(100, rel=0.02)
    assert len(buffer.unique()) > 1, "each element is rounded on its own"


def test_a_drifting_force_is_followed_on_average() -> None:
    # Against float64: the error of the mean falls with the number of elements, which
    # rounding to nearest would not do.
    p = torch.zeros(PLACES, requires_grad=True)
    optimizer = Inertial([p], lr=0.0, momentum=0.9, state_dtype=torch.bfloat16)
    exact = 0.0
    for step in range(50):
        force = 1.0 + 0.01 * step
        exact = 0.9 * exact + force
        p.grad = torch.full_like(p, force)
        optimizer.step()
    # Spread of one element: spacing 2^-4 at 8..16, over sqrt(1 - 0.81), over 64.
    kept = optimizer.state[p]["momentum_buffer"].float().mean().item()
    assert kept == pytest.approx(exact, abs=6 * 0.0625 / 0.436 / 64)


def walk(
    optimizer: Inertial, tensors: list[torch.Tensor], steps: range
) -> list[torch.Tensor]:
    march(optimizer, tensors, steps)
    return [optimizer.state[p]["momentum_buffer"] for p in tensors]


def pair() -> list[torch.Tensor]:
    like = torch.empty(300)
    return [noise(like, 0, index).requires_grad_() for index in range(2)]


WORDS: dict[str, Any] = dict(lr=0.05, momentum=0.9, state_dtype=torch.bfloat16)


@FOREACH
def test_the_same_run_gives_the_same_digits(foreach: bool) -> None:
    first, second = pair(), pair()
    one = walk(Inertial(first, foreach=foreach, **WORDS), first, range(10))
    torch.manual_seed(77)  # what else draws numbers must not matter
    two = walk(Inertial(second, foreach=foreach, **WORDS), second, range(10))
    assert_equal(one, two)
    assert_equal(first, second)


def test_the_users_random_numbers_are_left_alone() -> None:
    tensors = pair()
    optimizer = Inertial(tensors, **WORDS)
    for p in tensors:
        p.grad = torch.ones_like(p)
    before = torch.get_rng_state()
    optimizer.step()
    assert torch.equal(torch.get_rng_state(), before)


def test_each_tensor_and_each_step_has_its_own_noise() -> None:
    twins = [torch.zeros(PLACES, requires_grad=True) for _ in range(2)]
    optimizer = Inertial(twins, **WORDS)
    errors = []
    for _ in range(2):
        optimizer.state.clear()
        for p in twins:
            p.grad = torch.full_like(p, 1.003)
        optimizer.step()
        for p in twins:
            p.grad = torch.full_like(p, 1.001)
        optimizer.step()
        errors.append([optimizer.state[p]["momentum_buffer"].clone() for p in twins])
    assert not torch.equal(errors[0][0], errors[0][1])


@FOREACH
def test_resumed_run_gives_the_same_digits(foreach: bool) -> None:
    whole, broken = pair(), pair()
    walk(Inertial(whole, foreach=foreach, **WORDS), whole, range(12))
    before = Inertial(broken, foreach=foreach, **WORDS)
    walk(before, broken, range(5))
    resumed = twin(broken)
    after = Inertial(resumed, foreach=foreach, **WORDS)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    assert after.state[resumed[0]]["momentum_buffer"].dtype == torch.bfloat16
    walk(after, resumed, range(5, 12))
    assert_equal(resumed, whole)


@pytest.mark.parametrize(
    ("kind", "kept", "expected"),
    [
        (torch.float64, None, torch.float64),
        (torch.float32, None, torch.float32),
        (torch.bfloat16, None, torch.float32),
        (torch.float16, None, torch.float32),
        (torch.float64, torch.float32, torch.float32),
        (torch.float32, torch.float64, torch.float64),
        (torch.bfloat16, torch.bfloat16, torch.bfloat16),
        (torch.complex64, None, torch.complex64),
    ],
    ids=str,
)
@FOREACH
def test_type_of_the_buffer(
    kind: torch.dtype, kept: torch.dtype | None, expected: torch.dtype, foreach: bool
) -> None:
    p = torch.ones(5, dtype=kind, requires_grad=True)
    words = dict(lr=0.1, momentum=0.9, foreach=foreach)
    optimizer = Inertial([p], state_dtype=kept, **words)
    for _ in range(3):
        p.grad = torch.ones_like(p)
        optimizer.step()
    assert p.dtype == kind
    assert optimizer.state[p]["momentum_buffer"].dtype == expected
    # b = 1, 1.9, 2.71: the place is 1 - 0.1 * 5.61. Three roundings of 8 bits at most.
    assert p.detach().abs().float().mean().item() == pytest.approx(0.439, abs=6e-3)


def test_overflow_stays_visible() -> None:
    # Adding noise to the bits of inf would make a nan of it, or a finite number.
    p = torch.zeros(3, requires_grad=True)
    optimizer = Inertial([p], **WORDS)
    p.grad = torch.tensor([float("inf"), float("-inf"), float("nan")])
    optimizer.step()
    kept = optimizer.state[p]["momentum_buffer"].tolist()
    assert kept[:2] == [float("inf"), float("-inf")]
    assert kept[2] != kept[2]


def test_float32_values_that_fit_are_kept_exactly() -> None:
    p = torch.zeros(PLACES, requires_grad=True)
    optimizer = Inertial([p], lr=0.0, momentum=0.5, state_dtype=torch.bfloat16)
    assert torch.equal(constant_force(optimizer, p, 1), torch.ones(PLACES).bfloat16())
    later = constant_force(optimizer, p, 1)
    assert torch.equal(later, torch.full((PLACES,), 1.5).bfloat16())
