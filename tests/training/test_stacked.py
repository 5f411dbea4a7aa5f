"""A crowd trained at once is each of its members trained alone."""

import pytest
import torch
from torch import nn

from inertial.conventions import ema, sutskever, torch_sgd
from inertial.torch import Inertial
from inertial.training import stacked
from inertial.training.stacked import Stack

WORDS = (
    {"lr": 0.05, "momentum": 0.0},
    {"lr": 0.02, "momentum": 0.9},
    {"lr": 0.01, "momentum": 0.95, "dampening": 0.5},
    {"lr": 0.03, "momentum": 0.8, "nesterov": True},
    {"lr": 0.04, "momentum": 0.5, "weight_decay": 0.1, "decoupled_weight_decay": True},
)
STEPS = 25


def network(seed):
    torch.manual_seed(seed)
    layers = nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)
    return nn.Sequential(*layers).double()


def data(seed, *lead):
    generator = torch.Generator().manual_seed(seed)
    shape = STEPS, *lead, 16
    inputs = torch.randn(*shape, 3, generator=generator, dtype=torch.float64)
    return inputs, torch.stack([inputs.sum(-1), inputs.prod(-1)], dim=-1)


def train_together(words, inputs, targets, *, own_batches=False):
    methods = [torch_sgd(**each) for each in words]
    members = stacked.stack([network(i) for i in range(len(words))])
    like = members.position["0.weight"]
    find = stacked.slopes(network(0), nn.functional.mse_loss, own_batches=own_batches)
    for step in range(STEPS):
        now = stacked.together([m.coefficients(step) for m in methods], like)
        losses, gradients = find(members.position, inputs[step], targets[step])
        members = stacked.advance(members, now, gradients)
    return members, losses


def train_alone(words, seed, inputs, targets):
    alone = network(seed)
    optimizer = Inertial(alone.parameters(), **words)
    for step in range(STEPS):
        loss = nn.functional.mse_loss(alone(inputs[step]), targets[step])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return dict(alone.named_parameters()), loss


@pytest.mark.parametrize("own_batches", [False, True], ids=["shared", "own"])
def test_each_member_is_what_it_would_be_alone(own_batches):
    lead = (len(WORDS),) if own_batches else ()
    inputs, targets = data(1, *lead)
    members, losses = train_together(WORDS, inputs, targets, own_batches=own_batches)
    for index, words in enumerate(WORDS):
        mine = (inputs[:, index], targets[:, index]) if own_batches else ()
        alone, loss = train_alone(words, index, *(mine or (inputs, targets)))
        for name, found in stacked.member(members.position, index).items():
            # 25 steps of a stable network in float64: a few hundred roundings of 1e-16
            torch.testing.assert_close(found, alone[name].data, rtol=0, atol=1e-12)
        torch.testing.assert_close(losses[index], loss.data, rtol=0, atol=1e-12)


def test_conventions_may_differ_within_a_stack():
    """PyTorch, Sutskever and an average with the same normal form move as one."""
    inputs, targets = data(2)
    same = [
        torch_sgd(0.02, momentum=0.75),
        ema(0.08, beta=0.75),
        torch_sgd(0.02, momentum=0.75, nesterov=True),
        sutskever(0.02, momentum=0.75),
    ]
    members = stacked.stack([network(0)] * 4)
    like = members.position["0.weight"]
    find = stacked.slopes(network(0), nn.functional.mse_loss)
    for step in range(STEPS):
        now = stacked.together([m.coefficients(step) for m in same], like)
        _, gradients = find(members.position, inputs[step], targets[step])
        members = stacked.advance(members, now, gradients)
    for where in members.position.values():
        # as above; T12 and T16 say that each pair is one motion
        torch.testing.assert_close(where[0], where[1], rtol=0, atol=1e-12)
        torch.testing.assert_close(where[2], where[3], rtol=0, atol=1e-12)
        assert (where[1] - where[2]).abs().max() > 1e-4  # the two motions do differ


def test_a_member_that_diverges_disturbs_no_other():
    inputs, targets = data(3)
    calm, wild = WORDS[1], {"lr": 1e6, "momentum": 0.99}
    members, losses = train_together([calm, wild], inputs, targets)
    assert not losses[1].isfinite()
    alone, _ = train_alone(calm, 0, inputs, targets)
    for name, found in stacked.member(members.position, 0).items():
        torch.testing.assert_close(found, alone[name].data, rtol=0, atol=1e-12)


def test_judge_gives_each_member_its_metric_and_leaves_no_graph():
    inputs, targets = data(4)
    members = stacked.stack([network(0), network(1)])
    found = stacked.judge(
        network(0), nn.functional.mse_loss, members.position, inputs[0], targets[0]
    )
    for seed in (0, 1):
        alone = nn.functional.mse_loss(network(seed)(inputs[0]), targets[0])
        # the same sums in another order
        torch.testing.assert_close(found[seed], alone.data, rtol=0, atol=1e-13)
    assert not found.requires_grad


def test_a_step_writes_to_nothing_it_was_given():
    before = Stack({"x": torch.ones(2, 3)}, {"x": torch.ones(2, 3)})
    now = stacked.together(
        [torch_sgd(0.1, 0.9).coefficients(0), torch_sgd(0.2).coefficients(0)],
        before.position["x"],
    )
    stacked.advance(before, now, {"x": torch.ones(2, 3)})
    assert (before.position["x"] == 1).all()
    assert (before.momentum["x"] == 1).all()


def test_no_network_is_refused():
    with pytest.raises(ValueError, match="`networks` must hold at least one"):
        stacked.stack([])


def test_running_statistics_are_refused():
    with pytest.raises(ValueError, match=r"`networks` must have no buffers.*LayerNorm"):
        stacked.stack([nn.BatchNorm1d(2)])
