"""Gradient scaling, accumulation, clipping, and gradients that flow through a step."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch.optim import SGD

from cases_torch import KERNELS, assert_close, assert_equal
from inertial.torch import Inertial

FOREACH = pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
BUILDS: dict[str, Any] = {
    "sgd": lambda p, **k: Inertial(p, lr=0.1, momentum=0.9, dampening=0.3, **k),
    "force": lambda p, **k: Inertial(
        p, lr=0.1, momentum=0.9, schedule_acts_on="force", **k
    ),
    "adamw": lambda p, **k: Inertial.adamw(p, lr=0.01, **k),
    "lion": lambda p, **k: Inertial.lion(p, lr=0.01, **k),
    "rmsprop": lambda p, **k: Inertial.rmsprop(p, lr=0.01, **k),
    "bfloat16": lambda p, **k: Inertial(
        p, lr=0.1, momentum=0.9, state_dtype=torch.bfloat16, **k
    ),
}


def scaled_run(build: Any, overflows: set[int], foreach: bool) -> tuple[Any, Any]:
    """Train 8 steps under a GradScaler; return the weights and the state."""
    torch.manual_seed(0)
    weight = torch.randn(4, 3, requires_grad=True)
    optimizer = build([weight], foreach=foreach)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=100)
    done = 0
    for step in range(8 + len(overflows)):
        optimizer.zero_grad()
        factor = 0.5 + 0.1 * done
        before = copy.deepcopy(optimizer.state_dict()["state"]), weight.detach().clone()
        blow = math.inf if step in overflows else 1.0
        scaler.scale(((weight * factor) ** 2).sum() * blow).backward()
        scaler.step(optimizer)
        scaler.update()
        if step in overflows:
            after = optimizer.state_dict()["state"]
            assert_equal([weight], [before[1]])
            assert_same_state(before[0], after)
        else:
            done += 1
    return weight, optimizer.state_dict()["state"]


def assert_same_state(one: Any, two: Any) -> None:
    assert one.keys() == two.keys()
    for index in one:
        assert one[index].keys() == two[index].keys()
        for name in one[index]:
            assert str(one[index][name]) == str(two[index][name])


@FOREACH
@pytest.mark.parametrize("overflows", [{0}, {0, 1}, {3}, {0, 4, 5}], ids=str)
@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_a_skipped_step_never_was(
    build: Any, overflows: set[int], foreach: bool
) -> None:
    # Scales are powers of two, so a run with overflows has the digits of one without.
    weight, state = scaled_run(build, overflows, foreach)
    expected, expected_state = scaled_run(build, set(), foreach)
    assert_equal([weight], [expected])
    assert_same_state(state, expected_state)


@FOREACH
def test_under_autocast_and_scaler_like_sgd(foreach: bool) -> None:
    def train(kind: type) -> list[torch.Tensor]:
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
        )
        words = dict(lr=0.05, momentum=0.9, nesterov=True, foreach=foreach)
        optimizer = kind(net.parameters(), **words)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
        for _ in range(6):
            x = torch.randn(16, 5)
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = (net(x) - x.sum(1, keepdim=True)).pow(2).mean()
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
        return list(net.parameters())

    assert_equal(train(Inertial), train(SGD))


@FOREACH
@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_accumulated_gradients_are_one_batch(build: Any, foreach: bool) -> None:
    def train(parts: int) -> torch.Tensor:
        torch.manual_seed(0)
        weight = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
        data = torch.randn(5, 8, 3, dtype=torch.float64)
        optimizer = build([weight], foreach=foreach)
        for batch in data:
            optimizer.zero_grad()
            for part in batch.chunk(parts):
                ((part @ weight) ** 2).mean().div(parts).backward()
            optimizer.step()
        return weight

    # Sums in another order: a few units in the last place. A bfloat16 buffer that
    # differs in its last float32 bits may round the other way: 2^-8 of order 1.
    within = 0.02 if build is BUILDS["bfloat16"] else 1e-12
    assert_close([train(4)], [train(1)], within)


def final_place(
    curvature: torch.Tensor, lr: Any, words: dict[str, Any]
) -> torch.Tensor:
    """Return where five differentiable steps on a bowl lead."""
    place = torch.tensor([1.0, -0.7], dtype=torch.float64, requires_grad=True).clone()
    optimizer = Inertial([place], lr=lr, differentiable=True, **words)
    for _ in range(5):
        place.grad = curvature * place.clone() + 0.1 * place.clone() ** 3
        optimizer.step()
    return place


DIFFERENTIABLE: list[dict[str, Any]] = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"momentum": 0.9, "dampening": 0.3, "maximize": True},
    {"momentum": 0.8, "decoupled_weight_decay": True, "weight_decay": 0.2},
    {"momentum": 0.9, "kinetic": "relativistic"},
]


@pytest.mark.parametrize("words", DIFFERENTIABLE, ids=str)
def test_hypergradient_of_the_loss(words: dict[str, Any]) -> None:
    curvature = torch.tensor([1.0, 3.0], dtype=torch.float64, requires_grad=True)
    # gradcheck compares with central differences; its own tolerances are for float64.
    assert torch.autograd.gradcheck(
        lambda c: final_place(c, 0.1, words), (curvature,), atol=1e-8, rtol=1e-6
    )


@pytest.mark.parametrize("words", DIFFERENTIABLE, ids=str)
def test_hypergradient_of_the_learning_rate(words: dict[str, Any]) -> None:
    curvature = torch.tensor([1.0, 3.0], dtype=torch.float64)
    rate = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda lr: final_place(curvature, lr, words), (rate,), atol=1e-8, rtol=1e-6
    )


@pytest.mark.parametrize("words", DIFFERENTIABLE, ids=str)
def test_differentiable_steps_have_the_same_places(words: dict[str, Any]) -> None:
    curvature = torch.tensor([1.0, 3.0], dtype=torch.float64)
    place = torch.tensor([1.0, -0.7], dtype=torch.float64, requires_grad=True)
    optimizer = Inertial([place], lr=0.1, **words)
    for _ in range(5):
        with torch.no_grad():
            place.grad = curvature * place + 0.1 * place**3
        optimizer.step()
    # Five float64 steps at order 1, rounded at different places.
    assert_close([final_place(curvature, 0.1, words)], [place], 1e-14)


def test_observing_does_not_change_the_run() -> None:
    def train(observed: bool) -> torch.Tensor:
        weight = torch.linspace(-1, 1, 6, requires_grad=True)
        optimizer = Inertial([weight], lr=0.1, momentum=0.9)
        seen: list[Any] = []
        if observed:
            optimizer.observe(seen.append)
        for _ in range(4):
            optimizer.zero_grad()
            (weight**4).sum().backward()
            optimizer.step()
        assert len(seen) == (4 if observed else 0)
        return weight

    assert_equal([train(True)], [train(False)])
