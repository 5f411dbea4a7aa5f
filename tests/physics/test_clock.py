"""Clocks: values, ends and refusals."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inertial.physics import (
    CLOCKS,
    Particle,
    constant,
    cosine,
    drops,
    joined,
    linear,
    power,
    warm_up,
)

SHAPES = {"linear": linear, "cosine": cosine}


@pytest.mark.parametrize("name", SHAPES)
@given(start=st.floats(0, 10), end=st.floats(0, 10), steps=st.integers(1, 100))
def test_a_clock_goes_from_its_start_to_its_end_and_stays(name, start, end, steps):
    ticks = [SHAPES[name](start, end, steps)(step) for step in range(2 * steps + 1)]
    assert ticks[0] == start
    assert ticks[steps:] == [end] * (steps + 1)
    rising = ticks if end >= start else ticks[::-1]
    # two products round to 1e-16 of 10
    assert all(b >= a - 1e-14 for a, b in pairwise(rising))


def test_clocks_are_torch_schedules():
    parameter = torch.nn.Parameter(torch.zeros(1))
    schedulers = torch.optim.lr_scheduler
    cases = [
        (
            cosine(0.3, 0.02, 17),
            lambda o: schedulers.CosineAnnealingLR(o, 17, 0.02),
            17,
        ),
        (linear(0.3, 0.06, 9), lambda o: schedulers.LinearLR(o, 1.0, 0.2, 9), 20),
        (warm_up(0.3, 8), lambda o: schedulers.LinearLR(o, 1 / 8, 1.0, 7), 20),
        (drops(0.3, [4, 9], 0.5), lambda o: schedulers.MultiStepLR(o, [4, 9], 0.5), 20),
        (constant(0.3), lambda o: schedulers.ConstantLR(o, 1.0), 20),
    ]
    for clock, scheduler, steps in cases:
        optimizer = torch.optim.SGD([parameter], lr=0.3)
        theirs = scheduler(optimizer)
        for step in range(steps):
            # torch multiplies its lr from step to step; ours has the closed form
            assert clock(step) == pytest.approx(
                optimizer.param_groups[0]["lr"], rel=1e-13
            )
            optimizer.step()
            theirs.step()


def test_a_power_law():
    clock = power(2.0, 0.75, steps=10)
    assert clock(0) == pytest.approx(2.0)
    assert clock(10) == pytest.approx(2.0 * 2**-0.75)


def test_each_joined_clock_counts_its_own_steps():
    clock = joined([warm_up(1.0, 3), constant(1.0), cosine(1.0, 0.0, 4)], [3, 5])
    assert [clock(step) for step in range(5)] == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])
    assert [clock(5 + s) for s in range(6)] == [
        cosine(1.0, 0.0, 4)(s) for s in range(6)
    ]


def test_a_particle_may_run_on_any_clock():
    particle = Particle(friction=0.1)
    clock = joined([warm_up(0.5, 3), linear(0.5, 0.0, 3)], [3])
    drifts = [particle.coefficients(clock(step)).drift for step in range(8)]
    assert drifts == [clock(step) for step in range(8)]
    assert drifts[-1] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("constant", {"time_step": 0.0}, "`time_step` must be above 0"),
        (
            "linear",
            {"start": -1.0, "end": 0.0, "steps": 3},
            "`start` must be at least 0",
        ),
        (
            "linear",
            {"start": 1.0, "end": 0.0, "steps": 0},
            "`steps` must be at least 1",
        ),
        ("cosine", {"start": 1.0, "end": -1.0, "steps": 3}, "`end` must be at least 0"),
        ("warm_up", {"time_step": 1.0, "steps": 0}, "`steps` must be at least 1"),
        ("warm_up", {"time_step": -1.0, "steps": 1}, "`time_step` must be above 0"),
        (
            "power",
            {"time_step": 1.0, "exponent": -1.0},
            "`exponent` must be at least 0",
        ),
        ("power", {"time_step": 0.0, "exponent": 1.0}, "`time_step` must be above 0"),
        (
            "power",
            {"time_step": 1.0, "exponent": 1.0, "steps": 0},
            "`steps` must be ab",
        ),
        ("drops", {"time_step": 1.0, "at": [3, 3]}, "`at` must be steps above 0, each"),
        ("drops", {"time_step": 1.0, "at": [0]}, "`at` must be steps above 0, each"),
        (
            "drops",
            {"time_step": 1.0, "at": [2], "factor": 0.0},
            "`factor` must be above",
        ),
        ("drops", {"time_step": 0.0, "at": [2]}, "`time_step` must be above 0"),
        (
            "joined",
            {"clocks": [constant(1.0)], "starts": [3]},
            "each of the 1 clocks but",
        ),
        (
            "joined",
            {"clocks": [constant(1.0)] * 3, "starts": [3, 2]},
            "`starts` must be",
        ),
    ],
)
def test_bad_clocks_are_refused(name, words, message):
    with pytest.raises(ValueError, match=message):
        CLOCKS[name](**words)
