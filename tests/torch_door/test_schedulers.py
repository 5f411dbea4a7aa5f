"""Every scheduler that PyTorch ships turns ours as it turns torch.optim.SGD."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from cases_torch import (
    KERNELS,
    SCHEDULERS,
    assert_equal,
    march,
    parameters,
    turn,
    twin,
)
from inertial.torch import Inertial

VARIANTS: dict[str, dict[str, Any]] = {
    "heavy ball": {"momentum": 0.9},
    "damped and decayed": {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1},
    "nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
}


def words_of(optimizer: torch.optim.Optimizer) -> list[tuple[float, float]]:
    return [(group["lr"], group["momentum"]) for group in optimizer.param_groups]


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("name", SCHEDULERS)
def test_scheduled_run_is_the_same(
    name: str, words: dict[str, Any], foreach: bool
) -> None:
    mine, yours = parameters(), parameters()
    ours = Inertial(mine, lr=0.1, foreach=foreach, **words)
    theirs = SGD(yours, lr=0.1, foreach=foreach, **words)
    schedule, reference = SCHEDULERS[name](ours), SCHEDULERS[name](theirs)
    for step in range(15):
        march(ours, mine, [step])
        march(theirs, yours, [step])
        turn(schedule, step)
        turn(reference, step)
        assert words_of(ours) == words_of(theirs)
        assert schedule.get_last_lr() == reference.get_last_lr()
        assert_equal(mine, yours)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_groups_keep_their_own_schedule(name: str) -> None:
    def build(kind: type, tensors: list[torch.Tensor]) -> torch.optim.Optimizer:
        groups = [
            {"params": tensors[:3], "lr": 0.3},
            {"params": tensors[3:], "momentum": 0.5},
        ]
        return kind(groups, lr=0.1, momentum=0.9, nesterov=True)

    mine, yours = parameters(), parameters()
    ours, theirs = build(Inertial, mine), build(SGD, yours)
    schedule, reference = SCHEDULERS[name](ours), SCHEDULERS[name](theirs)
    for step in range(10):
        march(ours, mine, [step])
        march(theirs, yours, [step])
        turn(schedule, step)
        turn(reference, step)
        assert words_of(ours) == words_of(theirs)
    assert_equal(mine, yours)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_resumed_schedule_goes_on_where_it_was(name: str) -> None:
    def build(tensors: list[torch.Tensor]) -> tuple[Inertial, Any]:
        optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
        return optimizer, SCHEDULERS[name](optimizer)

    def run(pair: tuple[Inertial, Any], tensors: Any, steps: range) -> None:
        for step in steps:
            march(pair[0], tensors, [step])
            turn(pair[1], step)

    whole, first = parameters(), parameters()
    run(build(whole), whole, range(14))
    before = build(first)
    run(before, first, range(6))
    second = twin(first)
    after = build(second)
    after[0].load_state_dict(before[0].state_dict())
    after[1].load_state_dict(before[1].state_dict())
    run(after, second, range(6, 14))
    assert_equal(second, whole)


@pytest.mark.parametrize("name", ["StepLR", "CosineAnnealingLR", "LambdaLR"])
def test_a_rate_on_the_device_under_a_scheduler(name: str) -> None:
    mine, yours = parameters(torch.float32), parameters(torch.float32)
    ours = Inertial(mine, lr=torch.tensor(0.1), momentum=0.9)
    theirs = SGD(yours, lr=torch.tensor(0.1), momentum=0.9)
    schedule, reference = SCHEDULERS[name](ours), SCHEDULERS[name](theirs)
    for step in range(10):
        march(ours, mine, [step])
        march(theirs, yours, [step])
        turn(schedule, step)
        turn(reference, step)
    assert_equal(mine, yours)


@pytest.mark.parametrize("cyclic", [lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR])
def test_momentum_really_cycles(cyclic: type) -> None:
    # Guards the tests above: a scheduler that leaves the momentum alone proves nothing.
    tensors = parameters()
    optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
    if cyclic is lr_scheduler.OneCycleLR:
        schedule = cyclic(optimizer, max_lr=0.2, total_steps=12)
    else:
        schedule = cyclic(optimizer, base_lr=0.01, max_lr=0.2, step_size_up=3)
    seen = []
    for step in range(8):
        march(optimizer, tensors, [step])
        schedule.step()
        seen.append(optimizer.param_groups[0]["momentum"])
    assert len(set(seen)) >= 4
