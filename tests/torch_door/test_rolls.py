"""The short way through a step gives what the long way gives, whatever changes."""

from __future__ import annotations

import copy
import io
import pickle
import resource
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from inertial.torch import Inertial, native

pytestmark = pytest.mark.skipif(bool(native.missing()), reason=native.missing())

Change = Callable[["Run"], None]


class Run:
    """A network that trains, watched, on the short way or the long one."""

    def __init__(self, short: bool, kind: torch.dtype = torch.float64) -> None:
        torch.manual_seed(0)
        self.short = short
        self.net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).to(kind)
        self.data = torch.randn(8, 4)
        self.readings: list[Any] = []
        words = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}
        self.adopt(Inertial(self.net.parameters(), **words))

    def adopt(self, optimizer: Inertial) -> None:
        self.optimizer = optimizer
        optimizer.observe(self.readings.append)
        if not self.short:
            rolls = optimizer._stepper._rolls
            rolls.move = lambda *_: False  # type: ignore[method-assign]

    @property
    def first(self) -> Tensor:
        return self.net[0].weight

    def backward(self) -> None:
        self.optimizer.zero_grad()
        self.net(self.data.to(self.first.dtype)).pow(2).mean().backward()

    def train(self, steps: int) -> None:
        for _ in range(steps):
            self.backward()
            before = [
                p.grad.clone() for p in self.net.parameters() if p.grad is not None
            ]
            self.optimizer.step()
            after = [p.grad for p in self.net.parameters() if p.grad is not None]
            for one, other in zip(before, after, strict=True):
                assert torch.equal(one, other), "gradients are left alone"


def swap_data(run: Run) -> None:
    run.first.data = torch.ones_like(run.first) / 4


def transpose_data(run: Run) -> None:
    run.first.data = run.first.data.t().contiguous().t()


def change_type(run: Run) -> None:
    run.net.to(torch.float32)


def one_without_gradient(run: Run) -> None:
    run.backward()
    run.first.grad = None
    run.optimizer.step()


def add_group(run: Run) -> None:
    extra = nn.Parameter(torch.ones(3, dtype=torch.float64))
    run.net.register_parameter("extra", extra)
    run.optimizer.add_param_group({"params": [extra], "lr": 0.5, "nesterov": True})
    extra.grad = torch.ones_like(extra)
    run.optimizer.step()


def load(run: Run) -> None:
    saved = copy.deepcopy(run.optimizer.state_dict())
    run.train(2)
    run.optimizer.load_state_dict(saved)
    if not run.short:
        run.optimizer._stepper._rolls.move = lambda *_: False  # type: ignore


def replace_state(run: Run) -> None:
    run.optimizer.state[run.first] = {
        "momentum_buffer": torch.ones_like(run.first),
        "started": torch.tensor(True),
    }


def forget_one(run: Run) -> None:
    del run.optimizer.state[run.first]


def start_one_again(run: Run) -> None:
    run.optimizer.state[run.first]["started"] = torch.tensor(False)


def replace_buffer(run: Run) -> None:
    run.optimizer.state[run.first]["momentum_buffer"] = torch.full_like(run.first, 0.3)


def freeze(run: Run) -> None:
    run.first.requires_grad_(False)
    run.train(1)
    run.first.requires_grad_(True)


def rate_as_tensor(run: Run) -> None:
    run.optimizer.param_groups[0]["lr"] = torch.tensor(0.05)
    run.train(2)
    run.optimizer.param_groups[0]["lr"].fill_(0.01)


def other_words(run: Run) -> None:
    run.optimizer.param_groups[0].update(kinetic="relativistic", nesterov=True)
    run.train(1)
    run.optimizer.param_groups[0].update(kinetic="norm", nesterov=False)


def other_strides(run: Run) -> None:
    run.backward()
    run.first.grad = run.first.grad.t().contiguous().t()
    run.optimizer.step()


def sparse(run: Run) -> None:
    run.optimizer.param_groups[0]["weight_decay"] = 0.0  # which sparse ones refuse
    run.backward()
    run.first.grad = run.first.grad.to_sparse()
    run.optimizer.step()


def itself(run: Run) -> None:
    run.backward()
    run.first.grad = run.first.data
    run.optimizer.step()


def subclass(run: Run) -> None:
    class Named(nn.Parameter):
        pass

    run.net[0].weight = Named(run.first.detach().clone())
    run.adopt(Inertial(run.net.parameters(), lr=0.05, momentum=0.9))


def copied(run: Run) -> None:
    net, optimizer = copy.deepcopy((run.net, run.optimizer))
    run.net = net
    run.adopt(optimizer)


def pickled(run: Run) -> None:
    kept = io.BytesIO()
    pickle.dump((run.net, run.optimizer), kept)
    kept.seek(0)
    run.net, optimizer = pickle.load(kept)
    run.adopt(optimizer)


def group_as_tuple(run: Run) -> None:
    group = run.optimizer.param_groups[0]
    group["params"] = tuple(group["params"])


def climb(run: Run) -> None:
    run.optimizer.param_groups[0]["maximize"] = True


CHANGES: list[Change] = [
    *(swap_data, transpose_data, change_type, one_without_gradient, add_group, load),
    *(replace_state, forget_one, start_one_again, replace_buffer, freeze),
    *(rate_as_tensor, other_words, other_strides, sparse, itself, subclass),
    *(copied, pickled, group_as_tuple, climb),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_short_way_gives_what_the_long_way_gives(change: Change) -> None:
    runs = Run(short=True), Run(short=False)
    for run in runs:
        run.train(3)
        change(run)
        run.train(3)
    mine, other = (list(run.net.parameters()) for run in runs)
    for one, two in zip(mine, other, strict=True):
        assert torch.equal(one, two)
    assert len(runs[0].readings) == len(runs[1].readings)
    for seen, expected in zip(runs[0].readings, runs[1].readings, strict=True):
        # sums in blocks, and in one go: some hundred float64 roundings of order 1, or
        # of float32 after a change to that
        near = 1e-4 if change is change_type else 1e-10
        # a curvature is the difference of two such sums over the square of a way
        assert seen == pytest.approx(expected, rel=near, abs=near, nan_ok=True)


def test_the_short_way_is_taken() -> None:
    run = Run(short=True)
    run.train(1)
    taken = []
    rolls = run.optimizer._stepper._rolls
    move = rolls.move
    rolls.move = lambda *given: taken.append(move(*given)) or taken[-1]
    run.train(2)
    assert taken == [True, True]


@pytest.mark.parametrize("build", [Inertial, torch.optim.SGD])
def test_backward_through_a_graph_from_before_a_step_is_refused(build: Any) -> None:
    weight = torch.ones(3, requires_grad=True)
    optimizer = build([weight], lr=0.1, momentum=0.9)
    for _ in range(2):
        (weight**2).sum().backward()
        optimizer.step()
    loss = (weight**2).sum()
    version = weight._version
    optimizer.step()
    assert weight._version > version
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_two_threads_that_step_at_once_stay_in_memory() -> None:
    # Their digits are nobody's business; that nothing is read after it was freed is.
    weights = [torch.ones(40_000, requires_grad=True) for _ in range(4)]
    optimizer = Inertial(weights, lr=1e-6, momentum=0.9)
    for weight in weights:
        weight.grad = torch.ones_like(weight)
    optimizer.step()

    def work() -> None:
        for _ in range(50):
            optimizer.step()
            for weight in weights:
                weight.grad = torch.ones_like(weight)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(bool(weight.isfinite().all()) for weight in weights)


@pytest.mark.parametrize("steps", [2000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_steps_leave_nothing_behind(steps: int) -> None:
    weights = [torch.ones(5, requires_grad=True) for _ in range(3)]
    optimizer = Inertial(weights, lr=1e-9, momentum=0.9)
    optimizer.observe(lambda _: None)

    def walk(count: int) -> None:
        for _ in range(count):
            for weight in weights:
                weight.grad = torch.ones(5)
            optimizer.step()

    walk(500)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walk(steps)
    # kilobytes: a kept reference of 64 bytes a tensor and step would be 19 MB at 10^5,
    # and the peak of a fresh process wanders by a few hundred kilobytes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4000
