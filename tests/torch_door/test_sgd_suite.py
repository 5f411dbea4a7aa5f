"""What PyTorch asks of its own optimizers, asked of ours, and of SGD beside it.

Each test runs on torch.optim.SGD too, which shows that the demand is a fair one.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch.optim import SGD
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from cases_torch import SCHEDULERS, assert_close, assert_equal, march, parameters, turn
from inertial.torch import Inertial

BOTH = pytest.mark.parametrize("kind", [SGD, Inertial])
FOREACH = pytest.mark.parametrize("foreach", [False, True], ids=["single", "foreach"])

SETTINGS: list[dict[str, Any]] = [
    {},
    {"lr": 1e-2},
    {"lr": torch.tensor(1e-3)},
    {"lr": 1e-2, "maximize": True},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.5},
    {"momentum": 0.9, "weight_decay": 0.1},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"weight_decay": 0.1, "maximize": True},
]


def tag(words: dict[str, Any]) -> str:
    return "-".join(words) or "defaults"


EACH = pytest.mark.parametrize("words", SETTINGS, ids=tag)


class Line:
    """Least squares with one layer: the loss every test here goes down (or up)."""

    def __init__(self, strided: bool = False) -> None:
        torch.manual_seed(0)
        if strided:
            self.weight = torch.randn(10, 5, 2)[..., 0].requires_grad_()
            self.bias = torch.randn(10, 2)[..., 0].requires_grad_()
        else:
            self.weight = torch.randn(10, 5, requires_grad=True)
            self.bias = torch.randn(10, requires_grad=True)
        self.input = torch.randn(5)

    def parameters(self) -> list[torch.Tensor]:
        return [self.weight, self.bias]

    def loss(self) -> torch.Tensor:
        return (self.weight.mv(self.input) + self.bias).pow(2).sum()

    def closure(self, optimizer: torch.optim.Optimizer) -> Any:
        def run() -> torch.Tensor:
            optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            return loss

        return run


def goes_the_right_way(line: Line, losses: tuple[float, float], up: bool) -> bool:
    first, last = losses
    return last > first if up else last < first


@BOTH
@FOREACH
@EACH
@pytest.mark.parametrize("strided", [False, True], ids=["contiguous", "strided"])
def test_goes_the_right_way(
    kind: type, words: dict[str, Any], foreach: bool, strided: bool
) -> None:
    line = Line(strided)
    optimizer = kind(line.parameters(), foreach=foreach, **copy.deepcopy(words))
    first = line.loss().item()
    for _ in range(20):
        optimizer.step(line.closure(optimizer))
    up = words.get("maximize", False)
    assert goes_the_right_way(line, (first, line.loss().item()), up)


@BOTH
@EACH
@pytest.mark.parametrize(
    "name", [n for n in SCHEDULERS if n not in ("CyclicLR", "OneCycleLR")]
)
def test_goes_the_right_way_under_a_scheduler(
    kind: type, words: dict[str, Any], name: str
) -> None:
    words = {"lr": 1e-3, **copy.deepcopy(words)}
    if "OneCycle" in name:
        words |= {"momentum": 0.9, "lr": 1e-3}
    line = Line()
    optimizer = kind(line.parameters(), **words)
    if "OneCycle" in name:
        schedule: Any = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=2e-3, total_steps=30
        )
    elif isinstance(words["lr"], torch.Tensor) and name == "SWALR":
        pytest.skip("SWALR itself asks for a float rate in PyTorch")
    else:
        schedule = SCHEDULERS[name](optimizer)
    first = line.loss().item()
    for step in range(15):
        optimizer.step(line.closure(optimizer))
        turn(schedule, step)
    up = words.get("maximize", False)
    assert goes_the_right_way(line, (first, line.loss().item()), up)


@BOTH
@FOREACH
@EACH
def test_complex_is_two_reals(kind: type, words: dict[str, Any], foreach: bool) -> None:
    torch.manual_seed(0)
    whole = [
        torch.randn(10, 5, dtype=torch.complex64, requires_grad=True),
        torch.randn(3, dtype=torch.complex128, requires_grad=True),
        torch.randn(4, requires_grad=True),
    ]
    parts = [
        (torch.view_as_real(p) if p.is_complex() else p)
        .detach()
        .clone()
        .requires_grad_()
        for p in whole
    ]
    one = kind(whole, foreach=foreach, **copy.deepcopy(words))
    two = kind(parts, foreach=foreach, **copy.deepcopy(words))
    for _ in range(3):
        for p, q in zip(whole, parts, strict=True):
            p.grad = torch.randn_like(p)
            q.grad = torch.view_as_real(p.grad) if p.is_complex() else p.grad.clone()
        one.step()
        two.step()
    seen = [torch.view_as_real(p) if p.is_complex() else p for p in whole]
    # One or two units in the last place of the narrower type: the complex multiply by
    # a real number may be rounded otherwise.
    assert_close(seen, parts, 1e-6)


@BOTH
@FOREACH
@EACH
def test_tensor_rate_equals_float_rate(
    kind: type, words: dict[str, Any], foreach: bool
) -> None:
    if isinstance(words.get("lr"), torch.Tensor):
        return
    lr = words.get("lr", 1e-3)
    one, two = parameters(torch.float64), parameters(torch.float64)
    first = kind(one, foreach=foreach, **words)
    rate = torch.tensor(lr, dtype=torch.float64)
    second = kind(two, foreach=foreach, **{**words, "lr": rate})
    march(first, one, range(5))
    march(second, two, range(5))
    assert_equal(one, two)
    assert second.param_groups[0]["lr"] is rate


@BOTH
@EACH
def test_foreach_matches_the_loop(kind: type, words: dict[str, Any]) -> None:
    one, two = parameters(torch.float64), parameters(torch.float64)
    first = kind(one, foreach=False, **copy.deepcopy(words))
    second = kind(two, foreach=True, **copy.deepcopy(words))
    for step in range(7):
        for optimizer, tensors in ((first, one), (second, two)):
            optimizer.zero_grad()
            if step != 3:  # a step without gradients in between
                march(optimizer, tensors, [step])
            else:
                optimizer.step()
    assert_close(one, two, 1e-14)  # a few units in the last place at order 1


@BOTH
@FOREACH
def test_gradients_of_another_type_in_one_list(kind: type, foreach: bool) -> None:
    torch.manual_seed(0)
    kinds = (torch.float64, torch.float32, torch.complex64)
    tensors = [torch.randn(2, 3, dtype=k, requires_grad=True) for k in kinds]
    optimizer = kind(tensors, lr=0.1, momentum=0.9, foreach=foreach)
    for p in tensors:
        p.grad = torch.randn_like(p)
    expected = [p.detach() - 0.1 * p.grad for p in tensors]
    optimizer.step()
    # One rounding of the narrowest type at order 1.
    assert_close(tensors, expected, 1e-6)


@BOTH
@pytest.mark.parametrize("default", [torch.float64, torch.float32], ids=str)
def test_default_dtype_does_not_leak_into_the_step(
    kind: type, default: torch.dtype
) -> None:
    def train() -> list[torch.Tensor]:
        tensors = parameters(torch.float32)
        optimizer = kind(tensors, lr=0.1, momentum=0.9, weight_decay=0.1)
        march(optimizer, tensors, range(3))
        return tensors

    expected = train()
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        assert_equal(train(), expected)
    finally:
        torch.set_default_dtype(before)


@BOTH
@FOREACH
@EACH
def test_step_without_gradients_is_a_no_op(
    kind: type, words: dict[str, Any], foreach: bool
) -> None:
    tensors = parameters()
    optimizer = kind(tensors, foreach=foreach, **copy.deepcopy(words))
    before = [p.detach().clone() for p in tensors]
    optimizer.step()
    assert_equal(tensors, before)
    assert len(optimizer.state) == 0


@BOTH
@FOREACH
@pytest.mark.parametrize(
    "words", [words for words in SETTINGS if "weight_decay" not in words], ids=tag
)
def test_step_with_zero_gradients_is_a_no_op(
    kind: type, words: dict[str, Any], foreach: bool
) -> None:
    tensors = parameters()
    optimizer = kind(tensors, foreach=foreach, **copy.deepcopy(words))
    before = [p.detach().clone() for p in tensors]
    for p in tensors:
        p.grad = torch.zeros_like(p)
    optimizer.step()
    assert_equal(tensors, before)


@BOTH
@EACH
def test_can_be_printed(kind: type, words: dict[str, Any]) -> None:
    shown = repr(kind(parameters(), **copy.deepcopy(words)))
    assert kind.__name__ in shown
    assert "lr:" in shown
    assert "Parameter Group 0" in shown


@BOTH
@FOREACH
@EACH
def test_loaded_run_goes_on_alike_and_states_stay_equal(
    kind: type, words: dict[str, Any], foreach: bool
) -> None:
    line, other = Line(), Line()
    one = kind(line.parameters(), foreach=foreach, **copy.deepcopy(words))
    for _ in range(5):
        one.step(line.closure(one))
    for p, q in zip(line.parameters(), other.parameters(), strict=True):
        q.data.copy_(p.data)
    two = kind(other.parameters(), foreach=foreach, **copy.deepcopy(words))
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for _ in range(5):
        one.step(line.closure(one))
        two.step(other.closure(two))
        assert_equal(other.parameters(), line.parameters())
    a, b = one.state_dict(), two.state_dict()
    assert a["param_groups"] == b["param_groups"]
    assert a["state"].keys() == b["state"].keys()
    for index in a["state"]:
        assert a["state"][index].keys() == b["state"][index].keys()


@BOTH
def test_repeated_parameters_have_one_number_in_the_state(kind: type) -> None:
    optimizer = kind(parameters(), lr=0.1)
    optimizer.param_groups.extend(optimizer.param_groups)
    first, second = optimizer.state_dict()["param_groups"]
    assert first == second


@BOTH
def test_step_hooks(kind: type) -> None:
    tensors = parameters()
    optimizer = kind(tensors, lr=0.1, momentum=0.9)
    seen: list[Any] = []
    post = optimizer.register_step_post_hook(lambda o, a, k: seen.append(("after", o)))
    pre = optimizer.register_step_pre_hook(lambda o, a, k: seen.append(("before", o)))
    everywhere = [
        register_optimizer_step_pre_hook(lambda o, a, k: seen.append(("all", o))),
        register_optimizer_step_post_hook(lambda o, a, k: seen.append(("end", o))),
    ]
    try:
        march(optimizer, tensors, range(1))
    finally:
        for hook in everywhere:
            hook.remove()
    assert [name for name, _ in seen] == ["all", "before", "after", "end"]
    assert all(o is optimizer for _, o in seen)
    pre.remove()
    post.remove()
    march(optimizer, tensors, range(1))
    assert len(seen) == 4


@BOTH
def test_pre_hook_may_change_the_arguments_of_step(kind: type) -> None:
    tensors = parameters()
    optimizer = kind(tensors, lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kw: ((o, lambda: 3.0), {}))
    assert [optimizer.step()] == [3.0]


@BOTH
@FOREACH
def test_empty_gradients_and_empty_parameters(kind: type, foreach: bool) -> None:
    empty = torch.zeros(5, 0, requires_grad=True)
    full = torch.ones(2, requires_grad=True)
    optimizer = kind([empty, full], lr=0.1, momentum=0.9, foreach=foreach)
    for _ in range(2):
        empty.grad, full.grad = torch.zeros_like(empty), torch.ones_like(full)
        optimizer.step()
    # 1 - 0.1 * (1 + 1.9), to a few units in float32's last place.
    assert_close([full], [torch.full((2,), 0.71)], 2e-7)


@BOTH
def test_named_parameters_by_group(kind: type) -> None:
    net = torch.nn.Linear(3, 2)
    groups = [
        {"params": [("weight", net.weight)], "lr": 0.1},
        {"params": [("bias", net.bias)]},
    ]
    optimizer = kind(groups, lr=0.2)
    assert [g["param_names"] for g in optimizer.param_groups] == [["weight"], ["bias"]]
    with pytest.raises(ValueError, match="names"):
        optimizer.add_param_group({"params": [torch.ones(1, requires_grad=True)]})


@BOTH
def test_parameters_may_come_as_any_iterable_but_a_set(kind: type) -> None:
    net = torch.nn.Linear(3, 2)
    assert len(kind(net.parameters(), lr=0.1).param_groups[0]["params"]) == 2
    assert len(kind(tuple(net.parameters()), lr=0.1).param_groups[0]["params"]) == 2
    lone = kind([{"params": net.weight}], lr=0.1)
    assert lone.param_groups[0]["params"] == [net.weight]
    with pytest.raises(TypeError, match="set"):
        kind([{"params": set(net.parameters())}], lr=0.1)


@BOTH
def test_zero_grad(kind: type) -> None:
    (p,) = tensors = [torch.ones(2, requires_grad=True)]
    optimizer = kind(tensors, lr=0.1)
    p.grad = torch.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert torch.equal(p.grad, torch.zeros(2))
    optimizer.zero_grad()
    assert p.grad is None


@BOTH
def test_the_profiler_names_the_step(kind: type) -> None:
    tensors = parameters()
    optimizer = kind(tensors, lr=0.1)
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU]
    ) as seen:
        march(optimizer, tensors, range(1))
    names = {event.key for event in seen.key_averages()}
    assert f"Optimizer.step#{kind.__name__}.step" in names
    optimizer.zero_grad()


@BOTH
def test_gradients_are_left_as_they_were(kind: type) -> None:
    # SGD's foreach Nesterov is the exception; see test_defects.
    tensors = parameters()
    words = dict(lr=0.1, momentum=0.9, weight_decay=0.1, foreach=False)
    optimizer = kind(tensors, **words)
    march(optimizer, tensors, range(2))
    kept = [p.grad.clone() for p in tensors]
    optimizer.step()
    assert_equal([p.grad for p in tensors], kept)


@BOTH
def test_gradients_cross_over_groups_without_parameters(kind: type) -> None:
    (p,) = tensors = [torch.ones(2, requires_grad=True)]
    optimizer = kind([{"params": []}, {"params": tensors}], lr=0.1, momentum=0.9)
    p.grad = torch.ones(2)
    optimizer.step()
    assert_close([p], [torch.full((2,), 0.9)], 1e-7)  # one float32 rounding


@BOTH
def test_subclassed_tensors_and_parameters_keep_their_class(kind: type) -> None:
    class Weight(torch.nn.Parameter):
        pass

    weight = Weight(torch.ones(3))
    optimizer = kind([weight], lr=0.1, momentum=0.9)
    (weight**2).sum().backward()
    optimizer.step()
    assert type(weight) is Weight
    assert_close([weight], [torch.full((3,), 0.8)], 1e-7)  # one float32 rounding


@BOTH
def test_rosenbrock_valley(kind: type) -> None:
    at = torch.tensor([1.5, 1.5], dtype=torch.float64, requires_grad=True)
    goal = torch.ones(2, dtype=torch.float64)
    start = at.detach().dist(goal)
    optimizer = kind([at], lr=1e-4, momentum=0.9)
    for _ in range(300):
        optimizer.zero_grad()
        x, y = at
        ((1 - x) ** 2 + 100 * (y - x**2) ** 2).backward()
        optimizer.step()
    assert at.detach().dist(goal) < start


@BOTH
@pytest.mark.parametrize("maximize", [False, True])
def test_rosenbrock_valley_by_uncoalesced_sparse_gradients(
    kind: type, maximize: bool
) -> None:
    # One coordinate at a time, its gradient in two summands, as an embedding gives it.
    def slope(at: torch.Tensor) -> torch.Tensor:
        x, y = at.detach()
        return torch.stack([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])

    dense, sparse = (
        torch.tensor([1.5, 1.5], dtype=torch.float64, requires_grad=True)
        for _ in range(2)
    )
    words = dict(lr=1e-6 if maximize else 1e-4, momentum=0.5, maximize=maximize)
    one, two = kind([dense], **words), kind([sparse], **words)
    for step in range(50):
        axis = step % 2
        part = slope(sparse)[axis]
        where = torch.tensor([[axis, axis]])
        halves = torch.stack([part / 4, part - part / 4])
        sparse.grad = torch.sparse_coo_tensor(
            where, halves, (2,), check_invariants=True
        )
        dense.grad = torch.zeros(2, dtype=torch.float64)
        dense.grad[axis] = slope(dense)[axis]
        one.step()
        two.step()
    assert_close([sparse], [dense], 1e-9)  # rounding, carried through 50 steep steps
