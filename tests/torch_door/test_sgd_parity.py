"""The promise of a drop-in: every bit as torch.optim.SGD, on the same kernel path."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.optim import SGD

from cases_torch import (
    KERNELS,
    OPTIONS,
    PLAIN,
    assert_close,
    assert_equal,
    buffers,
    changing_lr,
    march,
    name_of,
    parameters,
    set_gradients,
    set_lr,
    twin,
)
from inertial.torch import Inertial

STEPS = range(6)
MOMENTUM = [words for words in OPTIONS if words["momentum"]]


def in_step(words: dict[str, Any], theirs: dict[str, Any], kind: torch.dtype) -> None:
    """March both optimizers over all layouts and compare them after each step."""
    mine, yours = parameters(kind), parameters(kind)
    ours = Inertial(mine, lr=0.1, **words)
    reference = SGD(yours, lr=0.1, **theirs)
    for step in STEPS:
        march(ours, mine, [step])
        march(reference, yours, [step])
        assert_equal(mine, yours)
        assert_equal(buffers(ours, mine), buffers(reference, yours))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_every_option_on_every_layout(
    words: dict[str, Any], foreach: bool, kind: torch.dtype
) -> None:
    in_step({**words, "foreach": foreach}, {**words, "foreach": foreach}, kind)


@pytest.mark.parametrize("kernel", ["reference", "foreach"])
@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_named_kernels_are_the_same_two_paths(
    words: dict[str, Any], kernel: str
) -> None:
    theirs = {**words, "foreach": kernel == "foreach"}
    in_step({**words, "kernel": kernel}, theirs, torch.float32)


@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_the_default_is_sgds_default_on_this_device(words: dict[str, Any]) -> None:
    # Neither is told a kernel: on the CPU PyTorch's default is the loop.
    in_step(words, words, torch.float32)


@pytest.mark.parametrize("kind", [torch.complex64, torch.complex128], ids=str)
@pytest.mark.parametrize("foreach", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_complex_parameters(
    words: dict[str, Any], foreach: bool, kind: torch.dtype
) -> None:
    in_step({**words, "foreach": foreach}, {**words, "foreach": foreach}, kind)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_words_given_by_position(foreach: bool) -> None:
    mine, yours = parameters(), parameters()
    ours = Inertial(mine, 0.1, 0.9, 0.0, 0.01, True, foreach=foreach)
    theirs = SGD(yours, 0.1, 0.9, 0.0, 0.01, True, foreach=foreach)
    march(ours, mine, STEPS)
    march(theirs, yours, STEPS)
    assert_equal(mine, yours)


def test_defaults_are_sgds() -> None:
    mine, yours = parameters(), parameters()
    march(Inertial(mine), mine, STEPS)
    march(SGD(yours), yours, STEPS)
    assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", OPTIONS, ids=name_of)
def test_a_learning_rate_changed_by_hand(words: dict[str, Any], foreach: bool) -> None:
    mine, yours = parameters(), parameters()
    ours = Inertial(mine, lr=0.1, foreach=foreach, **words)
    theirs = SGD(yours, lr=0.1, foreach=foreach, **words)
    for step in range(14):
        for optimizer, tensors in ((ours, mine), (theirs, yours)):
            set_lr(optimizer, 0.0 if step == 5 else changing_lr(step))
            march(optimizer, tensors, [step])
        assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("shape", [(), (1,)], ids=str)
@pytest.mark.parametrize("words", OPTIONS[::3], ids=name_of)
def test_a_learning_rate_on_the_device(
    words: dict[str, Any], shape: tuple[int, ...], foreach: bool
) -> None:
    # A tensor rate may be filled in place between steps, without a new group entry.
    mine, yours = parameters(torch.float32), parameters(torch.float32)
    ours = Inertial(mine, lr=torch.full(shape, 0.1), foreach=foreach, **words)
    theirs = SGD(yours, lr=torch.full(shape, 0.1), foreach=foreach, **words)
    for step in STEPS:
        for optimizer, tensors in ((ours, mine), (theirs, yours)):
            optimizer.param_groups[0]["lr"].fill_(0.1 / (1 + step))
            march(optimizer, tensors, [step])
        assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_groups_with_their_own_words(foreach: bool) -> None:
    def build(kind: type, tensors: list[torch.Tensor]) -> torch.optim.Optimizer:
        groups = [
            {"params": tensors[:2], "lr": 0.3},
            {"params": tensors[2:3], "momentum": 0.0, "weight_decay": 0.2},
            {"params": tensors[3:5], "nesterov": True},
            {"params": tensors[5:], "maximize": True, "lr": 0.01, "dampening": 0.4},
        ]
        return kind(groups, lr=0.1, momentum=0.9, foreach=foreach)

    mine, yours = parameters(), parameters()
    ours, theirs = build(Inertial, mine), build(SGD, yours)
    for step in STEPS:
        march(ours, mine, [step])
        march(theirs, yours, [step])
        assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_a_group_added_on_the_way(foreach: bool) -> None:
    mine, yours = parameters(), parameters()
    ours = Inertial(mine[:4], lr=0.1, momentum=0.9, dampening=0.5, foreach=foreach)
    theirs = SGD(yours[:4], lr=0.1, momentum=0.9, dampening=0.5, foreach=foreach)
    for optimizer, tensors in ((ours, mine), (theirs, yours)):
        march(optimizer, tensors, range(3))
        optimizer.add_param_group({"params": tensors[4:], "lr": 0.02, "momentum": 0.5})
        march(optimizer, tensors, range(3, 8))
    assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", MOMENTUM, ids=name_of)
def test_momentum_switched_off_and_on_again(
    words: dict[str, Any], foreach: bool
) -> None:
    # SGD leaves the buffer as it is while momentum is 0, and finds it again afterwards.
    mine, yours = parameters(), parameters()
    ours = Inertial(mine, lr=0.1, foreach=foreach, **words)
    theirs = SGD(yours, lr=0.1, foreach=foreach, **words)
    for step, momentum in enumerate((0.0, 0.9, 0.9, 0.0, 0.0, 0.7, 0.9)):
        for optimizer, tensors in ((ours, mine), (theirs, yours)):
            optimizer.param_groups[0]["momentum"] = momentum
            march(optimizer, tensors, [step])
        assert_equal(mine, yours)
        assert_equal(buffers(ours, mine), buffers(theirs, yours))


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", MOMENTUM, ids=name_of)
def test_parameters_that_join_late_and_leave_early(
    words: dict[str, Any], foreach: bool
) -> None:
    # Each tensor has its own first step: the first one at which it has a gradient.
    mine, yours = parameters(), parameters()
    ours = Inertial(mine, lr=0.1, foreach=foreach, **words)
    theirs = SGD(yours, lr=0.1, foreach=foreach, **words)
    for step in range(8):
        for optimizer, tensors in ((ours, mine), (theirs, yours)):
            set_gradients(tensors, step)
            for index, p in enumerate(tensors):
                if (step + index) % 4 == 0 or step < index - 2:
                    p.grad = None
            optimizer.step()
        assert_equal(mine, yours)
        assert_equal(buffers(ours, mine), buffers(theirs, yours))


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_a_frozen_parameter_stays_and_starts_afresh_when_thawed(foreach: bool) -> None:
    mine, yours = parameters(), parameters()
    words = dict(lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1, foreach=foreach)
    ours, theirs = Inertial(mine, **words), SGD(yours, **words)
    for optimizer, tensors in ((ours, mine), (theirs, yours)):
        frozen = tensors[1].requires_grad_(False).clone()
        march(optimizer, tensors, range(3))
        assert torch.equal(tensors[1], frozen)
        tensors[1].requires_grad_(True)
        march(optimizer, tensors, range(3, 6))
    assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize(
    "words",
    [words for words in OPTIONS if not words["weight_decay"]],
    ids=name_of,
)
def test_sparse_gradients(words: dict[str, Any], foreach: bool) -> None:
    # With weight decay SGD refuses: a sparse gradient cannot hold decay * position.
    torch.manual_seed(0)
    table = torch.nn.Embedding(9, 4, sparse=True)
    mine, yours = twin([table.weight]), twin([table.weight])
    ours = Inertial(mine, lr=0.1, foreach=foreach, **words)
    theirs = SGD(yours, lr=0.1, foreach=foreach, **words)
    for step in range(5):
        rows = torch.tensor([step, 3, 3, 8 - step])
        for optimizer, (weight,) in ((ours, mine), (theirs, yours)):
            optimizer.zero_grad()
            used = torch.nn.functional.embedding(rows, weight, sparse=True)
            (used**2).sum().backward()
            assert weight.grad.is_sparse
            optimizer.step()
        assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_sparse_and_dense_side_by_side(foreach: bool) -> None:
    torch.manual_seed(0)
    start = [torch.randn(6, 3).requires_grad_(), torch.randn(3).requires_grad_()]
    mine, yours = twin(start), twin(start)
    ours = Inertial(mine, lr=0.1, momentum=0.9, foreach=foreach)
    theirs = SGD(yours, lr=0.1, momentum=0.9, foreach=foreach)
    for step in range(4):
        for optimizer, (table, head) in ((ours, mine), (theirs, yours)):
            optimizer.zero_grad()
            used = torch.nn.functional.embedding(
                torch.tensor([step, 5]), table, sparse=True
            )
            ((used @ head) ** 2).sum().backward()
            optimizer.step()
        assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", PLAIN.values(), ids=PLAIN)
def test_parameters_of_several_types_in_one_group(foreach: bool) -> None:
    start = [
        p
        for kind in (torch.float32, torch.float64, torch.complex64)
        for p in parameters(kind)
    ]
    mine, yours = twin(start), twin(start)
    words = dict(lr=0.1, momentum=0.9, weight_decay=0.1, foreach=foreach)
    march(Inertial(mine, **words), mine, STEPS)
    march(SGD(yours, **words), yours, STEPS)
    assert_equal(mine, yours)


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_closure_runs_with_gradients_and_its_loss_comes_back(foreach: bool) -> None:
    def losses(kind: type) -> list[float]:
        weight = torch.tensor([1.0, -2.0], requires_grad=True)
        optimizer = kind([weight], lr=0.1, momentum=0.9, foreach=foreach)

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = (weight**4).sum()
            loss.backward()
            return loss

        with torch.no_grad():
            return [float(optimizer.step(closure)) for _ in range(5)]

    assert losses(Inertial) == losses(SGD)


def test_step_without_a_closure_returns_nothing() -> None:
    (p,) = tensors = [torch.ones(2, requires_grad=True)]
    p.grad = torch.ones(2)
    assert Inertial(tensors, lr=0.1).step() is None


@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
def test_inside_inference_of_a_real_network(foreach: bool) -> None:
    def train(kind: type) -> list[torch.Tensor]:
        torch.manual_seed(3)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3),
            torch.nn.BatchNorm2d(4),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(4 * 6 * 6, 3),
        )
        words = dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
        optimizer = kind(net.parameters(), **words, foreach=foreach)
        for _ in range(5):
            x, y = torch.randn(8, 1, 8, 8), torch.randint(0, 3, (8,))
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
        return list(net.parameters())

    assert_equal(train(Inertial), train(SGD))


HALF = pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=str)


@HALF
@pytest.mark.parametrize("foreach", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize(
    "words", [words for words in OPTIONS if not words["momentum"]], ids=name_of
)
def test_sixteen_bits_without_a_buffer(
    words: dict[str, Any], foreach: bool, kind: torch.dtype
) -> None:
    in_step({**words, "foreach": foreach}, {**words, "foreach": foreach}, kind)


@HALF
@pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("words", MOMENTUM, ids=name_of)
def test_sixteen_bits_keep_the_buffer_in_float32(
    words: dict[str, Any], foreach: bool, kind: torch.dtype
) -> None:
    # No bitwise parity here, on purpose: SGD rounds its buffer to 16 bits (see
    # test_defects). What must hold is the exact buffer that follows from the gradients.
    (p,) = tensors = [torch.randn(64).to(kind).requires_grad_()]
    exact = p.detach().double()
    optimizer = Inertial(tensors, lr=0.01, foreach=foreach, **words)
    buffer = None
    for step in range(20):
        p.grad = noise_in(kind, step)
        force = p.grad.double() * (-1 if words["maximize"] else 1)
        force = force + words["weight_decay"] * p.detach().double()
        share = 1 - words["dampening"]
        exact = force if buffer is None else 0.9 * buffer + share * force
        buffer = exact
        optimizer.step()
    kept = optimizer.state[p]["momentum_buffer"]
    assert kept.dtype == torch.float32
    # 20 float32 operations on numbers of order 10: 20 * 10 * 6e-8.
    assert_close([kept.double()], [buffer], 2e-5)


def noise_in(kind: torch.dtype, step: int) -> torch.Tensor:
    """Return a gradient of 16 bits, a function of the step only."""
    generator = torch.Generator().manual_seed(step)
    return torch.randn(64, generator=generator).to(kind)
