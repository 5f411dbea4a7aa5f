"""Words under a schedule: every buffer removed, and put back in another's words."""

import numpy
import pytest
import torch

from cases_conventions import START, apart, gradient, run, schedule
from inertial.conventions import (
    Method,
    ema,
    keras_sgd,
    sutskever,
    torch_sgd,
    translate,
)
from inertial.conventions.normal_form import (
    normal_form,
    scheduled_keras_words,
    scheduled_torch_words,
)
from inertial.physics.coefficients import Coefficients

EXACT = 1e-12  # rounding of 60 steps
STEPS = 60


def moving(t):
    """A learning rate that never stands still, and never rises by a tenth."""
    return schedule(t) or schedule(22)


def by_displacements(rule, steps=STEPS):
    """Run the normal form by hand."""
    x, d, before = START, 0.0 * START, 0.0 * START
    positions = [x]
    for t in range(steps):
        form, slope = normal_form(rule, t), gradient(x)
        d = form.carried * d - form.pushed * slope + form.recalled * before
        x, before = x + d, slope
        positions.append(x)
    return numpy.array(positions)


@pytest.mark.parametrize(
    "method",
    [
        lambda t: torch_sgd(moving(t), 0.8, dampening=0.3),
        lambda t: torch_sgd(moving(t), 0.8, nesterov=True),
        lambda t: keras_sgd(schedule(t), 0.8),
        lambda t: sutskever(schedule(t), 0.8),
        lambda t: ema(10 * moving(t), 0.8 - 0.3 * (t % 2)),
    ],
)
def test_the_normal_form_walks_the_same_positions(method):
    ours = by_displacements(lambda t: method(t).coefficients(t))
    assert apart(ours, run(method)) < EXACT


def test_torch_in_the_words_of_keras_by_the_theory():
    """T11: momentum lr_t/lr_(t-1), lr_t (1 - dampening), undamped at first."""

    def rule(t):
        return torch_sgd(moving(t), 0.8, dampening=0.3).coefficients(t)

    assert scheduled_keras_words(rule, 0)["learning_rate"] == moving(0)
    words = scheduled_keras_words(rule, 7)
    assert words["momentum"] == pytest.approx(0.8 * moving(7) / moving(6), rel=1e-14)
    assert words["learning_rate"] == pytest.approx(0.7 * moving(7), rel=1e-14)
    theirs = run(lambda t: keras_sgd(**scheduled_keras_words(rule, t)))
    ours = run(lambda t: torch_sgd(moving(t), 0.8, dampening=0.3))
    assert apart(theirs, ours) < EXACT


def test_keras_in_the_words_of_torch_coasts_with_dampening():
    """T18 (b): at learning rate 0 the force must be kept out of PyTorch's buffer."""

    def rule(t):
        return keras_sgd(schedule(t), 0.6).coefficients(t)

    assert scheduled_torch_words(rule, 20)["dampening"] == 1
    words = [scheduled_torch_words(rule, t) for t in range(STEPS)]
    ours = run(lambda t: torch_sgd(**words[t], checked=True))
    assert apart(ours, run(lambda t: keras_sgd(schedule(t), 0.6))) < EXACT


def test_an_average_in_the_words_of_torch_by_the_theory():
    """T12, where the average may also stand still."""
    share = [0.9 if t % 3 else 0.7 for t in range(STEPS)]

    def rule(t):
        return ema(10 * schedule(t), share[t]).coefficients(t)

    words = scheduled_torch_words(rule, 4)
    wanted = share[4] * (1 - share[3]) / (1 - share[4])
    assert words["momentum"] == pytest.approx(wanted, rel=1e-14)
    assert words["lr"] == pytest.approx(10 * schedule(4) * (1 - share[4]), rel=1e-14)
    ours = run(lambda t: torch_sgd(**scheduled_torch_words(rule, t), checked=True))
    assert apart(ours, run(lambda t: ema(10 * schedule(t), share[t]))) < EXACT


def test_there_and_back_again_through_pytorch_itself():
    """PyTorch writes no buffer at momentum 0, so no first momentum may become 0."""

    def rule(t):
        return torch_sgd(moving(t), 0.8, dampening=0.3).coefficients(t)

    def keras(t):
        return keras_sgd(**scheduled_keras_words(rule, t))

    weight = torch.nn.Parameter(torch.tensor(START))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for t in range(STEPS):
        back = scheduled_torch_words(lambda s: keras(s).coefficients(s), t)
        optimizer.param_groups[0].update(back)
        weight.grad = torch.tensor(gradient(weight.detach().numpy()))
        optimizer.step()
    ours = run(keras)
    assert apart(ours[-1], weight.detach().numpy()) < EXACT


def test_what_no_words_can_say_is_refused():
    def stopped(t):
        return torch_sgd(schedule(t), 0.9).coefficients(t)

    assert normal_form(stopped, 21).carried == 0
    with pytest.raises(ValueError, match="at step 22: the step before moved nothing"):
        normal_form(stopped, 22)
    for spell in (scheduled_keras_words, scheduled_torch_words):
        with pytest.raises(ValueError, match="looks ahead of its momentum"):
            spell(lambda _: torch_sgd(0.1, 0.9, nesterov=True).coefficients(1), 3)
        with pytest.raises(ValueError, match=r"keeps 0\.5 of the position"):
            spell(lambda _: Coefficients(keep=0.5), 3)
    with pytest.raises(ValueError, match="at step 2 momentum comes back"):
        scheduled_torch_words(lambda t: Coefficients(decay=0.9 * (t != 1)), 2)
    with pytest.raises(ValueError, match="begins with a step without force"):
        scheduled_torch_words(lambda _: keras_sgd(0.0, 0.9).coefficients(0), 2)


@pytest.mark.parametrize("to", ["ema", "qhm"])
def test_without_friction_there_is_no_average(to):
    """T18 (c): its share of new gradients would be 0."""
    free = Method(lambda _: Coefficients(decay=1.0, drift=0.1))
    with pytest.raises(ValueError, match=r"it loses no momentum.*some friction"):
        translate(free, to=to)
