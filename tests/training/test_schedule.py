"""Schedules are pure functions of the step, and PyTorch's where PyTorch has them."""

import pytest
import torch
from torch.optim import lr_scheduler

from inertial.training.schedule import SCHEDULES, make_schedule

TOTAL = 40

TORCH = {
    "constant": lambda o: lr_scheduler.ConstantLR(o, 1.0, 1),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, TOTAL),
    "linear": lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, TOTAL),
    "step": lambda o: lr_scheduler.MultiStepLR(o, [13, 27], 0.1),
}


def follow(scheduler_of):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = scheduler_of(optimizer)
    shares = []
    for _ in range(TOTAL):
        shares.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return shares


@pytest.mark.parametrize("name", TORCH)
def test_schedules_equal_pytorch_s(name):
    plan = make_schedule(name, TOTAL)
    found = [plan.lr_share(step) for step in range(TOTAL)]
    # PyTorch multiplies its way along; 40 roundings
    assert found == pytest.approx(follow(TORCH[name]), abs=1e-13)
    assert {plan.momentum_share(step) for step in range(TOTAL)} == {1.0}


def test_onecycle_has_pytorch_s_ends_and_turn():
    plan = make_schedule("onecycle", 100)
    lr = [plan.lr_share(step) for step in range(100)]
    momentum = [plan.momentum_share(step) for step in range(100)]
    assert lr[0] == pytest.approx(1 / 25)
    assert max(lr) == lr[30] == pytest.approx(1.0)
    assert lr[-1] < 1e-3
    assert (momentum[0], min(momentum)) == (1.0, pytest.approx(0.85 / 0.95))
    assert momentum[30] == min(momentum)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 3, 4, 57])
def test_every_schedule_stays_between_0_and_1(name, total):
    plan = make_schedule(name, total)
    shares = [plan.lr_share(step) for step in range(total)]
    assert all(0 <= share <= 1 for share in shares)
    assert shares[0] > 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warm_up_rises_evenly_to_the_first_value(name):
    rest, plan = make_schedule(name, 30), make_schedule(name, 40, 10)
    top = rest.lr_share(0)
    for step in range(10):
        assert plan.lr_share(step) == pytest.approx(top * (step + 1) / 10)
    for step in range(10, 40):
        assert plan.lr_share(step) == rest.lr_share(step - 10)
        assert plan.momentum_share(step) == rest.momentum_share(step - 10)


def test_a_warm_up_must_leave_something():
    with pytest.raises(ValueError, match=r"`warm_up` must be .* Shorten the warm-up"):
        make_schedule("constant", 10, 10)
