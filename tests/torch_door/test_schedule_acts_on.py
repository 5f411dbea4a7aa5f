"""What a learning-rate schedule changes: the mass, the force, or the clock."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.optim import SGD

from cases_torch import (
    KERNELS,
    SCHEDULERS,
    assert_close,
    assert_equal,
    changing_lr,
    double_precision_keras,
    keras_places,
    march,
    parameters,
    set_gradients,
    set_lr,
    turn,
    twin,
)
from inertial.physics.particle import Particle
from inertial.torch import Inertial

LR = 0.05
STEPS = 20

SCHEDULES: dict[str, Callable[[int], float]] = {
    "constant": lambda step: LR,
    "wave and drop": changing_lr,
    "tenfold up": lambda step: LR * (10 if step == 6 else 1) / 3,
    "warm-up": lambda step: LR * min(1.0, (step + 1) / 8),
    "to zero": lambda step: LR * max(0.0, 1 - step / 12),
    "pause in the middle": lambda step: 0.0 if 5 <= step < 8 else LR,
    "zero at first": lambda step: 0.0 if step < 2 else LR,
    "jagged": lambda step: LR * (0.1 + 0.9 * math.sin(7.0 * step) ** 2),
}


def places() -> list[torch.Tensor]:
    # Keras holds no empty or strided variables; two plain tensors say it all.
    torch.manual_seed(0)
    return [
        torch.randn(6, dtype=torch.float64, requires_grad=True),
        torch.randn(3, 4, dtype=torch.float64, requires_grad=True),
    ]


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("nesterov", [False, True], ids=["plain", "nesterov"])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_force_is_keras(
    schedule: Callable[[int], float], nesterov: bool, foreach: bool
) -> None:
    words = {"momentum": 0.9, "nesterov": nesterov}
    tensors = places()
    with double_precision_keras():
        expected = keras_places(tensors, schedule, **words)
    optimizer = Inertial(
        tensors, lr=LR, schedule_acts_on="force", foreach=foreach, **words
    )
    for step in range(STEPS):
        set_lr(optimizer, schedule(step))
        march(optimizer, tensors, [step])
        # 20 float64 steps at order 1; the two round at different places.
        assert_close(tensors, expected[step], 1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_force_with_decoupled_decay_is_keras(
    schedule: Callable[[int], float],
) -> None:
    tensors = places()
    with double_precision_keras():
        expected = keras_places(tensors, schedule, momentum=0.9, weight_decay=0.2)
    optimizer = Inertial(
        tensors,
        lr=LR,
        momentum=0.9,
        weight_decay=0.2,
        decoupled_weight_decay=True,
        schedule_acts_on="force",
    )
    for step in range(STEPS):
        set_lr(optimizer, schedule(step))
        march(optimizer, tensors, [step])
        assert_close(tensors, expected[step], 1e-12)  # rounding of 20 steps


def by_hand(
    start: list[torch.Tensor],
    schedule: Callable[[int], float],
    momentum: float,
    mass: float,
) -> list[list[torch.Tensor]]:
    """Roll a particle of fixed mass and friction whose clock the schedule sets.

    lr = dt²/m, so dt = sqrt(lr·m); friction such that a step at the first rate keeps
    the share `momentum` exactly: exp(-friction·dt/m).
    """
    place = [p.detach().clone() for p in start]
    rolling = [torch.zeros_like(p) for p in place]
    tick = math.sqrt(LR * mass)
    friction = -math.log(momentum) * mass / tick
    path = []
    for step in range(STEPS):
        here = twin(p.requires_grad_() for p in place)
        set_gradients(here, step)
        dt = math.sqrt(schedule(step) * mass)
        for i, p in enumerate(here):
            rolling[i] = math.exp(-friction * dt / mass) * rolling[i] - dt * p.grad
            place[i] = place[i].detach() + dt * rolling[i] / mass
        path.append([p.clone() for p in place])
    return path


@pytest.mark.parametrize("mass", [1.0, 7.3])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_clock_is_a_particle_of_fixed_mass_and_friction(
    schedule: Callable[[int], float], mass: float
) -> None:
    # The mass is a gauge: whichever one is named, the path is the same.
    tensors = places()
    expected = by_hand(tensors, schedule, 0.9, mass)
    optimizer = Inertial(tensors, lr=LR, momentum=0.9, schedule_acts_on="clock")
    for step in range(STEPS):
        set_lr(optimizer, schedule(step))
        march(optimizer, tensors, [step])
        assert_close(tensors, expected[step], 1e-12)  # rounding of 20 steps


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_from_particle_keeps_its_mass_and_friction(
    schedule: Callable[[int], float],
) -> None:
    mass, friction, dt = 2.0, 0.8, 0.3
    tensors = places()
    particle = Particle(mass=mass, friction=friction, law="exact")
    optimizer = Inertial.from_particle(tensors, particle, time_step=dt)
    start_lr = optimizer.param_groups[0]["lr"]
    assert start_lr == pytest.approx(dt * dt / mass, rel=1e-15)
    place = [p.detach().clone() for p in tensors]
    rolling = [torch.zeros_like(p) for p in place]
    for step in range(STEPS):
        ratio = schedule(step) / LR
        tick = dt * math.sqrt(ratio)
        here = twin(p.requires_grad_() for p in place)
        set_gradients(here, step)
        for i, p in enumerate(here):
            rolling[i] = math.exp(-friction * tick / mass) * rolling[i] - tick * p.grad
            place[i] = p.detach() + tick * rolling[i] / mass
        set_lr(optimizer, start_lr * ratio)
        march(optimizer, tensors, [step])
        assert_close(tensors, place, 1e-12)  # rounding of 20 steps


@pytest.mark.parametrize("target", ["mass", "force", "clock"])
@pytest.mark.parametrize("nesterov", [False, True], ids=["plain", "nesterov"])
def test_without_a_schedule_they_are_one(target: str, nesterov: bool) -> None:
    words = dict(lr=LR, momentum=0.9, nesterov=nesterov)
    mine, theirs = parameters(), parameters()
    march(Inertial(mine, schedule_acts_on=target, **words), mine, range(STEPS))
    march(SGD(theirs, **words), theirs, range(STEPS))
    assert_close(mine, theirs, 1e-12)  # rounding of 20 steps


def test_mass_is_the_default_and_pytorchs() -> None:
    mine, said = parameters(), parameters()
    one = Inertial(mine, lr=LR, momentum=0.9)
    two = Inertial(said, lr=LR, momentum=0.9, schedule_acts_on="mass")
    for step in range(STEPS):
        for optimizer, tensors in ((one, mine), (two, said)):
            set_lr(optimizer, changing_lr(step))
            march(optimizer, tensors, [step])
    assert_equal(mine, said)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("mass", 0.9 * 0.1),
        ("force", 0.9),
        # dt falls by sqrt(10), and with it both the way and the loss of momentum.
        ("clock", 0.9 ** math.sqrt(0.1) * math.sqrt(0.1)),
    ],
)
def test_the_step_after_a_tenfold_drop(target: str, expected: float) -> None:
    # A coasting particle (no force) shows what the drop does to its velocity.
    (p,) = tensors = [torch.zeros(1, dtype=torch.float64, requires_grad=True)]
    optimizer = Inertial(tensors, lr=LR, momentum=0.9, schedule_acts_on=target)
    lengths = []
    for gradient, lr in ((1.0, LR), (0.0, LR), (0.0, LR / 10)):
        before = p.item()
        set_lr(optimizer, lr)
        p.grad = torch.full((1,), gradient, dtype=torch.float64)
        optimizer.step()
        lengths.append(before - p.item())
    assert lengths[2] / lengths[1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("target", ["force", "clock"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_turns_every_target(name: str, target: str) -> None:
    def train(foreach: bool) -> list[torch.Tensor]:
        tensors = parameters()
        optimizer = Inertial(
            tensors, lr=0.1, momentum=0.9, schedule_acts_on=target, foreach=foreach
        )
        schedule = SCHEDULERS[name](optimizer)
        for step in range(15):
            march(optimizer, tensors, [step])
            turn(schedule, step)
        return tensors

    one, two = train(False), train(True)
    assert all(torch.isfinite(p).all() for p in one)
    assert_close(one, two, 1e-12)  # the two kernels round alike to a few last places


@pytest.mark.parametrize("target", ["force", "clock"])
@pytest.mark.parametrize("step_of_rest", [1, 6, 9, 12])
def test_resumed_in_the_middle_of_a_schedule(target: str, step_of_rest: int) -> None:
    # Also right before, in, and right after a pause of lr = 0.
    def lr(step: int) -> float:
        return 0.0 if 7 <= step < 10 else changing_lr(step)

    def run(optimizer: Inertial, tensors: list[torch.Tensor], steps: range) -> None:
        for step in steps:
            set_lr(optimizer, lr(step))
            march(optimizer, tensors, [step])

    words = dict(lr=LR, momentum=0.9, schedule_acts_on=target)
    whole, broken = places(), places()
    run(Inertial(whole, **words), whole, range(STEPS))
    before = Inertial(broken, **words)
    run(before, broken, range(step_of_rest))
    resumed = twin(broken)
    after = Inertial(resumed, lr=0.3)
    after.load_state_dict(before.state_dict())
    run(after, resumed, range(step_of_rest, STEPS))
    assert_equal(resumed, whole)


@pytest.mark.parametrize("target", ["force", "clock"])
def test_a_parameter_that_joins_late_starts_at_rest(target: str) -> None:
    # It has no past to be rescaled by the rates that went before.
    words = dict(lr=LR, momentum=0.9, schedule_acts_on=target)
    late, alone = places(), places()
    one, two = Inertial(late, **words), Inertial(alone, **words)
    for step in range(STEPS):
        set_lr(one, changing_lr(step))
        set_gradients(late, step)
        if step < 5:
            late[0].grad = None
        one.step()
    for step in range(5, STEPS):
        set_lr(two, changing_lr(step))
        set_gradients(alone, step)
        alone[1].grad = None
        two.step()
    assert_close([late[0]], [alone[0]], 1e-12)  # rounding of 15 steps


@pytest.mark.parametrize("target", ["force", "clock"])
def test_a_parameter_that_rests_in_between(target: str) -> None:
    # While it has no gradient its own clock stands: what it kept is what it had.
    words = dict(lr=LR, momentum=0.9, schedule_acts_on=target)
    broken, whole = places()[:1], places()[:1]
    one, two = Inertial(broken, **words), Inertial(whole, **words)
    for step in range(6):
        for optimizer, tensors in ((one, broken), (two, whole)):
            set_lr(optimizer, LR)
            march(optimizer, tensors, [step])
    set_lr(one, LR / 5)
    one.zero_grad()
    one.step()  # nothing has a gradient: nothing happens
    for step in range(6, 12):
        for optimizer, tensors in ((one, broken), (two, whole)):
            set_lr(optimizer, LR / 2)
            march(optimizer, tensors, [step])
    assert_close(broken, whole, 1e-12)  # rounding of 12 steps
