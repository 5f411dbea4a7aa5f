"""A step made as each gradient arrives is the step made at the end, without them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from cases_torch import assert_equal
from inertial.torch import Inertial

BUILDS: dict[str, Any] = {
    "momentum": lambda p: Inertial(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: Inertial.nesterov(p, lr=0.05),
    "no momentum": lambda p: Inertial(p, lr=0.05),
    "adamw": lambda p: Inertial.adamw(p, lr=0.01),
    "lion": lambda p: Inertial.lion(p, lr=0.01),
    "bfloat16": lambda p: Inertial(
        p, lr=0.05, momentum=0.9, state_dtype=torch.bfloat16
    ),
    "reference": lambda p: Inertial(p, lr=0.05, momentum=0.9, kernel="reference"),
}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 2)).double()


def train(model: nn.Module, optimizer: Inertial, steps: int = 5) -> list[Any]:
    readings: list[Any] = []
    optimizer.observe(readings.append)
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        batch = torch.randn(4, 5, generator=generator, dtype=torch.float64)
        model(batch).pow(2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        optimizer.param_groups[0]["lr"] *= 0.9
    return readings


@pytest.mark.parametrize("name", BUILDS)
def test_the_same_places_and_readings(name: str) -> None:
    usual, early = network(), network()
    expected = train(usual, BUILDS[name](usual.parameters()))
    optimizer = BUILDS[name](early.parameters())
    optimizer.step_in_backward()
    found = train(early, optimizer)
    assert_equal(list(early.parameters()), list(usual.parameters()))
    for ours, theirs in zip(found, expected, strict=True):
        # sums in another order: a few roundings of float64
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15, nan_ok=True)


def test_gradients_are_freed_and_the_end_restores_the_usual_loop() -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = Inertial([weight], lr=0.1)
    end = optimizer.step_in_backward()
    (weight * 2).sum().backward()
    assert weight.grad is None
    assert weight.item() == pytest.approx(0.8)
    optimizer.step()
    assert weight.item() == pytest.approx(0.8)
    end()
    (weight * 2).sum().backward()
    assert weight.grad is not None
    assert weight.item() == pytest.approx(0.8)
    optimizer.step()
    assert weight.item() == pytest.approx(0.6)


def test_a_group_added_later_and_a_state_loaded_later_count() -> None:
    first, second = (nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = Inertial([first], lr=0.1, momentum=0.5)
    optimizer.step_in_backward()
    optimizer.add_param_group({"params": [second], "lr": 0.2})
    saved = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["lr"] = 0.3
    optimizer.load_state_dict(saved)
    (first.sum() + second.sum()).backward()
    assert_equal([first, second], [torch.full((2,), 0.7), torch.full((2,), 0.8)])


def test_a_stale_graph_is_noticed() -> None:
    weight = nn.Parameter(torch.ones(2))
    optimizer = Inertial([weight], lr=0.1)
    optimizer.step_in_backward()
    loss = (weight**2).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_contradictions_are_refused() -> None:
    weight = nn.Parameter(torch.ones(2))
    optimizer = Inertial([weight], lr=0.1)
    optimizer.step_in_backward()
    with pytest.raises(RuntimeError, match="steps in backward already"):
        optimizer.step_in_backward()
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(weight.sum()).backward()
    weight.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="before the loss scaler could look"):
        scaler.step(optimizer)
