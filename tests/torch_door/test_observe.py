"""The energy account of real steps balances, and reading it changes nothing."""

import pytest
import torch

from inertial.torch import Inertial

SETTINGS = {
    "no momentum": {"momentum": 0.0},
    "momentum": {"momentum": 0.9},
    "dampening": {"momentum": 0.9, "dampening": 0.5},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "weight decay": {"momentum": 0.9, "weight_decay": 0.1},
    "force": {"momentum": 0.9, "schedule_acts_on": "force"},
    "clock": {"momentum": 0.9, "schedule_acts_on": "clock"},
    "relativistic": {"momentum": 0.9, "kinetic": "relativistic"},
    "huber": {"momentum": 0.9, "kinetic": "huber"},
    "sign": {"momentum": 0.9, "kinetic": "sign"},
}


def roll(words, *, watched=True, every=1, steps=8):
    """Return the readings of a few steps under a falling lr, and where they led."""
    torch.manual_seed(0)
    params = [
        torch.nn.Parameter(torch.randn(shape, dtype=torch.float64))
        for shape in ((3, 2), (5,), ())
    ]
    optimizer = Inertial(params, lr=0.05, **words)
    readings = []
    if watched:
        optimizer.observe(readings.append, every=every)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.05 / (1 + 0.3 * step)
        optimizer.zero_grad()
        sum((param**4 / 4 - param**2 / 2).sum() for param in params).backward()
        optimizer.step()
    return readings, params, optimizer


@pytest.mark.parametrize("name", SETTINGS)
def test_the_account_balances_at_every_step(name):
    before = 0.0
    for reading in roll(SETTINGS[name])[0]:
        booked = before + reading.schedule_work - reading.heat + reading.work
        # a sum of a dozen float64 numbers of order 1
        assert reading.kinetic == pytest.approx(booked, abs=1e-13)
        before = reading.kinetic


@pytest.mark.parametrize("name", SETTINGS)
def test_reading_changes_no_digit(name):
    _, watched, _ = roll(SETTINGS[name])
    _, alone, _ = roll(SETTINGS[name], watched=False)
    assert all(torch.equal(a, b) for a, b in zip(watched, alone, strict=True))


def test_kinetic_energy_is_half_the_mass_times_the_squared_displacement():
    for reading, lr in zip(
        roll(SETTINGS["momentum"])[0],
        [0.05 / (1 + 0.3 * step) for step in range(8)],
        strict=True,
    ):
        # mass 1/lr, and one step is a unit of time, so that v is the displacement
        expected = reading.displacement_norm**2 / (2 * lr)
        assert reading.kinetic == pytest.approx(expected, rel=1e-12)


def test_work_on_a_constant_slope_is_the_loss_that_was_given_up_twice_over_at_first():
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, readings = Inertial([weight], lr=0.1, momentum=0.9), []
    optimizer.observe(readings.append)
    weight.grad = torch.full((1,), 2.0, dtype=torch.float64)
    optimizer.step()
    # from rest: K = lr g²/2, while the loss fell by lr g² (the newest velocity moves)
    assert readings[0].work == pytest.approx(0.1 * 4 / 2)
    assert readings[0].gradient_norm == pytest.approx(2.0)
    assert readings[0].momentum_norm == pytest.approx(2.0)
    assert readings[0].displacement_norm == pytest.approx(0.2)


def test_every_other_step_is_read_and_no_more():
    often, _, _ = roll(SETTINGS["momentum"])
    seldom, _, _ = roll(SETTINGS["momentum"], every=3)
    assert seldom == often[::3]
    plain, _, _ = roll(SETTINGS["no momentum"])
    plain_seldom, _, _ = roll(SETTINGS["no momentum"], every=3)
    assert plain_seldom == plain[::3]


def test_an_observation_ends():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer, readings = Inertial([weight], lr=0.1), []
    stop = optimizer.observe(readings.append)
    weight.grad = torch.ones(1)
    optimizer.step()
    stop()
    optimizer.step()
    assert len(readings) == 1


def test_an_interval_below_one_is_refused():
    optimizer = Inertial([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    with pytest.raises(ValueError, match="`every` must be at least 1, but is 0"):
        optimizer.observe(print, every=0)


def test_many_groups_and_tensors_are_one_account():
    torch.manual_seed(1)
    shapes = [(3,), (2, 2), (4,)]
    start = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    pushes = [torch.randn(shape, dtype=torch.float64) for shape in shapes]

    def total(groups):
        params = [torch.nn.Parameter(value.clone()) for value in start]
        for param, push in zip(params, pushes, strict=True):
            param.grad = push
        optimizer, readings = Inertial(groups(params), lr=0.1, momentum=0.9), []
        optimizer.observe(readings.append)
        optimizer.step()
        return readings[0]

    whole = total(lambda params: params)
    split = total(lambda params: [{"params": params[:1]}, {"params": params[1:]}])
    assert whole == pytest.approx(split, rel=1e-14, nan_ok=True)
