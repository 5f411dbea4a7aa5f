"""States of other optimizers go on here as if they had never left."""

import copy

import pytest
import torch

from inertial.torch import Inertial


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)
    ).double()


def train(net, optimizer, steps):
    torch.manual_seed(1)
    inputs = torch.randn(16, 4, dtype=torch.float64)
    for _ in range(steps):
        optimizer.zero_grad()
        (net(inputs) ** 2).sum().backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(torch.optim.AdamW, Inertial.adamw), (torch.optim.Adam, Inertial.adam)],
)
def test_adam_goes_on(theirs, ours):
    stayed, moved = model(), model()
    train(stayed, theirs(stayed.parameters(), lr=0.01), 0)
    whole = theirs(stayed.parameters(), lr=0.01)
    train(stayed, whole, 10)
    begun = theirs(moved.parameters(), lr=0.01)
    train(moved, begun, 5)
    ended = ours(moved.parameters(), lr=0.5)
    ended.load_state_dict(copy.deepcopy(begun.state_dict()))
    train(moved, ended, 5)
    for a, b in zip(stayed.parameters(), moved.parameters(), strict=True):
        # ten float64 steps; only the order of a few products differs
        torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("acts_on", "carried"), [("mass", 0.9), ("force", 0.9), ("clock", 0.9**0.5)]
)
def test_a_momentum_from_sgd_keeps_its_displacement(acts_on, carried):
    net = model()
    theirs = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    train(net, theirs, 5)
    # constructed at the peak, and met by a state from a quarter of it
    ours = Inertial(net.parameters(), lr=0.08, momentum=0.9, schedule_acts_on=acts_on)
    ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    before = [param.detach().clone() for param in net.parameters()]
    last = [theirs.state[param]["momentum_buffer"] for param in net.parameters()]
    for param in net.parameters():
        param.grad = torch.zeros_like(param)
    ours.step()
    for param, old, buffer in zip(net.parameters(), before, last, strict=True):
        torch.testing.assert_close(
            param.detach() - old, -0.02 * carried * buffer, rtol=1e-9, atol=1e-15
        )


def test_halves_keep_what_they_remember_in_float32():
    param = torch.nn.Parameter(torch.ones(8, dtype=torch.bfloat16))
    optimizer = Inertial.adamw([param], lr=0.1)
    for step in range(5):
        param.grad = torch.full((8,), 1 + 0.1 * step, dtype=torch.bfloat16)
        optimizer.step()
    kept = copy.deepcopy(optimizer.state[param])
    assert kept["memory_1"].dtype == torch.float32
    again = Inertial.adamw([param], lr=0.1)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert torch.equal(again.state[param]["memory_1"], kept["memory_1"])
    assert torch.equal(again.state[param]["momentum_buffer"], kept["momentum_buffer"])
    assert again.state[param]["memory_1"].dtype == torch.float32
