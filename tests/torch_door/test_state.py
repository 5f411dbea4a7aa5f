"""State: to and from torch.optim.SGD mid-run, through files, copies and checkpoints."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import SGD

from cases_torch import (
    KERNELS,
    OPTIONS,
    assert_equal,
    buffers,
    march,
    name_of,
    parameters,
    set_gradients,
    twin,
)
from inertial.torch import Inertial

HALF, END = range(4), range(4, 9)


def move_over(
    first: type, second: type, words: dict[str, Any], foreach: bool = False
) -> None:
    """Change the optimizer in the middle of a run; the run must not notice."""
    whole, broken = parameters(), parameters()
    march(SGD(whole, lr=0.1, foreach=foreach, **words), whole, [*HALF, *END])
    before = first(broken, lr=0.1, foreach=foreach, **words)
    march(before, broken, HALF)
    after = second(broken, lr=0.7)
    after.load_state_dict(before.state_dict())
    march(after, broken, END)
    assert_equal(broken, whole)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_from_sgd_mid_run(words: dict[str, Any], foreach: bool) -> None:
    move_over(SGD, Inertial, words, foreach)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_back_to_sgd_mid_run(words: dict[str, Any], foreach: bool) -> None:
    move_over(Inertial, SGD, words, foreach)


@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_to_ourselves_mid_run(words: dict[str, Any]) -> None:
    move_over(Inertial, Inertial, words)


def test_there_and_back_at_every_step() -> None:
    words = dict(lr=0.1, momentum=0.9, dampening=0.4, weight_decay=0.1)
    whole, broken = parameters(), parameters()
    march(SGD(whole, **words), whole, range(8))
    optimizer: torch.optim.Optimizer = SGD(broken, **words)
    for step in range(8):
        march(optimizer, broken, [step])
        other = Inertial if type(optimizer) is SGD else SGD
        following = other(broken, lr=0.3)
        following.load_state_dict(optimizer.state_dict())
        optimizer = following
    assert_equal(broken, whole)


@pytest.mark.parametrize("path", [(SGD, Inertial), (Inertial, SGD)], ids=str)
def test_not_yet_started_survives_the_move(path: tuple[type, type]) -> None:
    # Dampening spares the first gradient of each tensor: who takes a tensor over that
    # never had a gradient must still know that it is new.
    words = dict(lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1)

    def thaw_after(first: type, second: type) -> list[torch.Tensor]:
        tensors = parameters()
        tensors[0].requires_grad_(False)
        before = first(tensors, **words)
        march(before, tensors, HALF)
        after = second(tensors, **words)
        after.load_state_dict(before.state_dict())
        tensors[0].requires_grad_(True)
        march(after, tensors, END)
        return tensors

    assert_equal(thaw_after(*path), thaw_after(SGD, SGD))


def test_momentum_saved_by_an_sgd_without_momentum() -> None:
    # torch 1.x stored {"momentum_buffer": None} where momentum was 0.
    tensors = parameters()
    march(old := SGD(tensors, lr=0.1), tensors, HALF)
    state = old.state_dict()
    state["state"] = {i: {"momentum_buffer": None} for i in range(len(tensors))}
    optimizer = Inertial(tensors, lr=0.1)
    optimizer.load_state_dict(state)
    optimizer.param_groups[0]["momentum"] = 0.9
    theirs = twin(tensors)
    reference = SGD(theirs, lr=0.1, momentum=0.9)
    march(optimizer, tensors, END)
    march(reference, theirs, END)
    assert_equal(tensors, theirs)


@pytest.mark.parametrize("source", [SGD, Inertial])
@pytest.mark.parametrize(
    "lost",
    [
        ["maximize"],
        ["foreach"],
        ["nesterov"],
        ["maximize", "foreach", "differentiable", "fused"],
    ],
    ids=str,
)
def test_state_of_older_releases_loads(source: type, lost: list[str]) -> None:
    whole, broken = parameters(), parameters()
    march(SGD(whole, lr=0.1, momentum=0.9), whole, [*HALF, *END])
    before = source(broken, lr=0.1, momentum=0.9)
    march(before, broken, HALF)
    state = before.state_dict()
    for group in state["param_groups"]:
        for word in lost:
            del group[word]
    after = Inertial(broken, lr=0.1)
    after.load_state_dict(state)
    march(after, broken, END)
    assert_equal(broken, whole)


@pytest.mark.parametrize("weights_only", [True, False])
def test_through_a_file(weights_only: bool, tmp_path: Path) -> None:
    whole, broken = parameters(), parameters()
    march(SGD(whole, lr=0.1, momentum=0.9), whole, [*HALF, *END])
    before = Inertial(broken, lr=0.1, momentum=0.9)
    march(before, broken, HALF)
    torch.save(before.state_dict(), tmp_path / "state.pt")
    after = Inertial(broken, lr=0.5)
    after.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=weights_only))
    march(after, broken, END)
    assert_equal(broken, whole)


METHODS = {
    "sgd": lambda p: Inertial(p, lr=0.05, momentum=0.9, dampening=0.1),
    "adamw": lambda p: Inertial.adamw(p, lr=0.01),
    "adam": lambda p: Inertial.adam(p, lr=0.01),
    "lion": lambda p: Inertial.lion(p, lr=0.01),
    "signum": lambda p: Inertial.signum(p, lr=0.01),
    "qhm": lambda p: Inertial.qhm(p, lr=0.1, momentum=0.9, nu=0.7),
    "rmsprop": lambda p: Inertial.rmsprop(p, lr=0.01),
    "muon": lambda p: Inertial.muon(p, lr=0.01),
    "nesterov": lambda p: Inertial.nesterov(p, lr=0.05, momentum=0.9),
    "force": lambda p: Inertial(p, lr=0.05, momentum=0.9, schedule_acts_on="force"),
    "clock": lambda p: Inertial(p, lr=0.05, momentum=0.9, schedule_acts_on="clock"),
    "bfloat16": lambda p: Inertial(
        p, lr=0.05, momentum=0.9, state_dtype=torch.bfloat16
    ),
    "relativistic": lambda p: Inertial(
        p, lr=0.05, momentum=0.9, kinetic="relativistic"
    ),
}


def matrices() -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [torch.randn(4, 3).requires_grad_(), torch.randn(2, 5).requires_grad_()]


def lower(optimizer: torch.optim.Optimizer) -> None:
    for group in optimizer.param_groups:
        group["lr"] *= 0.8


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_resumes_from_a_file_to_the_last_bit(
    method: Any, tmp_path: Path
) -> None:
    whole, broken = matrices(), matrices()
    optimizer = method(whole)
    march(optimizer, whole, [*HALF, *END], lambda: lower(optimizer))
    before = method(broken)
    march(before, broken, HALF, lambda: lower(before))
    torch.save(before.state_dict(), tmp_path / "state.pt")
    after = method(broken)
    after.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    march(after, broken, END, lambda: lower(after))
    assert_equal(broken, whole)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("how", ["pickle", "deepcopy"])
def test_copies_go_on_alike(how: str, method: Any) -> None:
    tensors = matrices()
    optimizer = method(tensors)
    march(optimizer, tensors, HALF)
    if how == "pickle":
        other = pickle.loads(pickle.dumps(optimizer))
    else:
        other = copy.deepcopy(optimizer)
    copied = [p for group in other.param_groups for p in group["params"]]
    assert all(a is not b for a, b in zip(copied, tensors, strict=True))
    march(optimizer, tensors, END)
    march(other, copied, END)
    assert_equal(copied, tensors)
    assert other.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]


def test_deepcopy_keeps_public_attributes() -> None:
    optimizer = Inertial(matrices(), lr=0.1)
    public = {key for key in vars(optimizer) if not key.startswith("_")}
    again = {key for key in vars(copy.deepcopy(optimizer)) if not key.startswith("_")}
    assert public == again


def test_started_is_a_flag_of_its_own_and_is_stored() -> None:
    (p,) = tensors = [torch.ones(3, requires_grad=True)]
    optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
    march(optimizer, tensors, range(1))
    assert bool(optimizer.state[p]["started"]) is True
    assert bool(optimizer.state_dict()["state"][0]["started"]) is True


def test_buffer_has_pytorchs_sign_and_scale() -> None:
    (p,) = tensors = [torch.zeros(1, requires_grad=True)]
    optimizer = Inertial(tensors, lr=0.1, momentum=0.5)
    for _ in range(2):
        p.grad = torch.tensor([2.0])
        optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [3.0]


def test_no_buffer_is_kept_without_momentum() -> None:
    # SGD without momentum costs no memory; neither do we.
    tensors = parameters()
    optimizer = Inertial(tensors, lr=0.1)
    march(optimizer, tensors, HALF)
    assert buffers(optimizer, tensors) == []


def test_loading_leaves_the_given_state_untouched() -> None:
    tensors = parameters()
    optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
    march(optimizer, tensors, HALF)
    state = copy.deepcopy(optimizer.state_dict())
    kept = copy.deepcopy(state)
    other = Inertial(twin(tensors), lr=0.2)
    other.load_state_dict(state)
    assert state["param_groups"] == kept["param_groups"]
    for index, entry in state["state"].items():
        expected = kept["state"][index]
        assert entry.keys() == expected.keys()
        assert torch.equal(entry["momentum_buffer"], expected["momentum_buffer"])


def test_equal_runs_have_equal_states() -> None:
    def state() -> dict[str, Any]:
        tensors = parameters()
        optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
        march(optimizer, tensors, HALF)
        return optimizer.state_dict()

    first, second = io.BytesIO(), io.BytesIO()
    torch.save(state(), first)
    torch.save(state(), second)
    assert first.getvalue() == second.getvalue()


def test_hooks_around_the_state() -> None:
    tensors = parameters()
    optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
    seen: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("before saving"))
    optimizer.register_state_dict_post_hook(
        lambda o, state: {**state, "note": "by the way"}
    )
    optimizer.register_load_state_dict_pre_hook(
        lambda o, state: seen.append(f"before loading: {state['note']}")
    )
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    march(optimizer, tensors, HALF)
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["before saving", "before loading: by the way", "loaded"]


def test_a_hook_may_replace_the_state_that_is_loaded() -> None:
    tensors = parameters()
    optimizer = Inertial(tensors, lr=0.1, momentum=0.9)
    march(optimizer, tensors, HALF)
    state = optimizer.state_dict()

    def without_state(_: Any, given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "state": {}}

    fresh = Inertial(tensors, lr=0.1, momentum=0.9)
    fresh.register_load_state_dict_pre_hook(without_state)
    fresh.load_state_dict(state)
    assert buffers(fresh, tensors) == []


@pytest.mark.parametrize("named", [True, False])
def test_named_parameters(named: bool) -> None:
    net = torch.nn.Linear(3, 2)
    given = net.named_parameters() if named else net.parameters()
    optimizer = Inertial(given, lr=0.1, momentum=0.9)
    march(optimizer, list(net.parameters()), HALF)
    state = optimizer.state_dict()
    assert state["param_groups"][0].get("param_names") == (
        ["weight", "bias"] if named else None
    )
    other = Inertial(net.named_parameters(), lr=0.1)
    other.load_state_dict(state)
    assert other.param_groups[0].get("param_names") == ["weight", "bias"]


@pytest.mark.parametrize("flat", [False, True], ids=["nested", "flattened"])
class TestCheckpointApi:
    """get_/set_optimizer_state_dict, by which DCP, torchtitan and Lightning save."""

    def build(self) -> tuple[torch.nn.Module, Inertial]:
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
        groups = [
            {"params": net[0].parameters(), "lr": 0.05},
            {"params": net[1].parameters(), "momentum": 0.5},
        ]
        words = dict(lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1)
        return net, Inertial(groups, **words)

    def test_mid_run(self, flat: bool) -> None:
        options = StateDictOptions(flatten_optimizer_state_dict=flat)
        net, optimizer = self.build()
        march(optimizer, list(net.parameters()), HALF)
        state = get_optimizer_state_dict(net, optimizer, options=options)
        state = copy.deepcopy(state)
        fresh_net, fresh = self.build()
        fresh_net.load_state_dict(net.state_dict())
        set_optimizer_state_dict(fresh_net, fresh, state, options=options)
        march(optimizer, list(net.parameters()), END)
        march(fresh, list(fresh_net.parameters()), END)
        assert_equal(list(fresh_net.parameters()), list(net.parameters()))

    def test_looking_at_a_fresh_state_changes_nothing(self, flat: bool) -> None:
        options = StateDictOptions(flatten_optimizer_state_dict=flat)
        net, optimizer = self.build()
        seen_net, seen = self.build()
        get_optimizer_state_dict(seen_net, seen, options=options)
        assert_equal(list(seen_net.parameters()), list(net.parameters()))
        march(optimizer, list(net.parameters()), HALF)
        march(seen, list(seen_net.parameters()), HALF)
        assert_equal(list(seen_net.parameters()), list(net.parameters()))

    def test_fresh_state_loads_as_fresh(self, flat: bool) -> None:
        options = StateDictOptions(flatten_optimizer_state_dict=flat)
        net, optimizer = self.build()
        other_net, other = self.build()
        state = get_optimizer_state_dict(net, optimizer, options=options)
        set_optimizer_state_dict(other_net, other, state, options=options)
        pure_net, pure = self.build()
        march(other, list(other_net.parameters()), HALF)
        march(pure, list(pure_net.parameters()), HALF)
        assert_equal(list(other_net.parameters()), list(pure_net.parameters()))


def test_keep_hyperparameters_takes_only_the_buffers() -> None:
    tensors = parameters()
    old = Inertial(tensors, lr=0.1, momentum=0.9)
    march(old, tensors, HALF)
    copied = twin(tensors)
    new = Inertial(copied, lr=0.025, momentum=0.5, nesterov=True)
    new.load_state_dict(old.state_dict(), keep_hyperparameters=True)
    (group,) = new.param_groups
    assert (group["lr"], group["momentum"], group["nesterov"]) == (0.025, 0.5, True)
    assert_equal(buffers(new, copied), buffers(old, tensors))


def test_by_default_the_stored_words_win_as_in_pytorch() -> None:
    tensors = parameters()
    old = SGD(tensors, lr=0.1, momentum=0.9)
    march(old, tensors, HALF)
    new = Inertial(tensors, lr=0.025, momentum=0.5)
    new.load_state_dict(old.state_dict())
    (group,) = new.param_groups
    assert (group["lr"], group["momentum"]) == (0.1, 0.9)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=str)
def test_a_sixteen_bit_buffer_of_sgd_goes_on_in_float32(kind: torch.dtype) -> None:
    tensors = [torch.randn(5).to(kind).requires_grad_()]
    march(old := SGD(tensors, lr=0.1, momentum=0.9), tensors, HALF)
    new = Inertial(tensors, lr=0.1, momentum=0.9)
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    (held,) = buffers(new, tensors)
    assert held.dtype == torch.float32
    assert_equal([held.to(kind)], buffers(old, tensors))


def test_buffers_are_not_shared_with_the_donor() -> None:
    tensors = parameters()
    old = Inertial(tensors, lr=0.1, momentum=0.9)
    march(old, tensors, HALF)
    kept = [buffer.clone() for buffer in buffers(old, tensors)]
    copied = twin(tensors)
    new = Inertial(copied, lr=0.1)
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    march(new, copied, END)
    assert_equal(buffers(old, tensors), kept)


def test_a_half_finished_group_loads() -> None:
    # Some tensors with state, some without: a checkpoint with a frozen backbone.
    tensors = parameters()
    optimizer = Inertial(tensors, lr=0.1, momentum=0.9, dampening=0.5)
    set_gradients(tensors, 0)
    for p in tensors[::2]:
        p.grad = None
    optimizer.step()
    copied = twin(tensors)
    other = Inertial(copied, lr=0.1)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    march(optimizer, tensors, END)
    march(other, copied, END)
    assert_equal(copied, tensors)
