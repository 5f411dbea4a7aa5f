"""A limit on the norm of all gradients, and a loss scale, on the way through a step."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cases_torch import assert_close, assert_equal
from inertial.torch import Inertial, limit, native

PUSHES = (0.3, 2.0, 40.0, 5.0, 0.1)
KERNELS: dict[str, dict[str, Any]] = {
    "auto": {},
    "reference": {"kernel": "reference"},
    "foreach": {"kernel": "foreach"},
}


def tensors() -> list[Tensor]:
    torch.manual_seed(0)
    shapes = ((3, 2), (1500,), (), (4, 3))
    return [torch.randn(shape, requires_grad=True) for shape in shapes]


def push(params: list[Tensor], step: int) -> None:
    torch.manual_seed(step)
    for p in params:
        p.grad = PUSHES[step] * torch.randn_like(p)


@pytest.mark.parametrize("words", KERNELS.values(), ids=KERNELS)
def test_a_limit_is_what_pytorch_does_to_the_gradients(words: dict[str, Any]) -> None:
    ours, theirs = tensors(), tensors()
    kinds = dict(lr=0.1, momentum=0.9, weight_decay=0.1)
    mine = Inertial([{"params": ours[:1]}, {"params": ours[1:]}], **kinds, **words)
    mine.limit_norm(30.0)
    other = torch.optim.SGD(theirs, **kinds)
    for step in range(len(PUSHES)):
        push(ours, step)
        push(theirs, step)
        kept = [p.grad.clone() for p in ours]
        torch.nn.utils.clip_grad_norm_(theirs, 30.0)
        mine.step()
        other.step()
        assert_equal([p.grad for p in ours], kept)
    # the norms differ in the last place of float32: sums in another order, at order 4
    assert_close(ours, theirs, 5e-6)


def norms_read(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    read = limit.gradient_norm

    def spy(gradients: list[Tensor]) -> float:
        found.append(read(gradients))
        return found[-1]

    monkeypatch.setattr(limit, "gradient_norm", spy)
    return found


@pytest.mark.parametrize("words", KERNELS.values(), ids=KERNELS)
def test_the_norm_of_the_last_step_costs_no_reading(
    words: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = norms_read(monkeypatch)
    params = tensors()
    optimizer = Inertial(params, lr=0.1, **words)
    optimizer.limit_norm(30.0, norm_of="last step")
    cuts = []
    for step in range(len(PUSHES)):
        push(params, step)
        before = [p.detach().clone() for p in params]
        optimizer.step()
        way = torch.cat(
            [(b - p).flatten() for b, p in zip(before, params, strict=True)]
        )
        force = torch.cat([p.grad.flatten() for p in params])
        cuts.append(float(way.detach().norm() / (0.1 * force.norm())))
    norms = [push_norm(step) for step in range(len(PUSHES))]
    assert len(found) == 1, "only where there is no last step"
    # each step is cut by what the one before asked for: the spike of step 2 passes
    # but for the cut of step 1, and the two calm steps after it pay late
    last = [norms[0], *norms[:-1]]
    expected = [min(1.0, 30.0 / norm) for norm in last]
    # a way is the difference of two float32 places of order 1
    assert cuts == pytest.approx(expected, rel=1e-3)
    assert norms[2] * cuts[2] > 10 * 30.0


def push_norm(step: int) -> float:
    params = tensors()
    push(params, step)
    return float(torch.cat([p.grad.flatten() for p in params]).norm())


def test_this_steps_norm_is_read_once_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    found = norms_read(monkeypatch)
    params = tensors()
    optimizer = Inertial(params, lr=0.1)
    remove = optimizer.limit_norm(30.0)
    for step in range(3):
        push(params, step)
        optimizer.step()
    remove()
    optimizer.step()
    assert len(found) == 3
    assert found == pytest.approx([push_norm(step) for step in range(3)], rel=1e-6)


def test_a_removed_limit_leaves_nothing() -> None:
    limited, free = tensors(), tensors()
    first, second = Inertial(limited, lr=0.1), Inertial(free, lr=0.1)
    first.limit_norm(1e-3, norm_of="last step")()
    first.limit_norm(1e-3)()
    for optimizer, params in ((first, limited), (second, free)):
        push(params, 1)
        optimizer.step()
    assert_equal(limited, free)
    assert not first._stepper.observers


REFUSED: dict[str, Any] = {
    "`max_norm` must be above 0": lambda o: o.limit_norm(0.0),
    "`norm_of` must be": lambda o: o.limit_norm(1.0, norm_of="next step"),
    "set already": lambda o: (o.limit_norm(1.0), o.limit_norm(1.0)),
    "frees each gradient": lambda o: (o.step_in_backward(), o.limit_norm(1.0)),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_a_limit_cannot_be_is_refused(words: str) -> None:
    optimizer = Inertial(tensors(), lr=0.1)
    with pytest.raises((ValueError, RuntimeError), match=words):
        REFUSED[words](optimizer)


def test_a_gradient_without_end_makes_no_number() -> None:
    weight = torch.zeros(2, requires_grad=True)
    optimizer = Inertial([weight], lr=0.1)
    optimizer.limit_norm(1.0)
    weight.grad = torch.tensor([float("nan"), 1.0])
    optimizer.step()
    assert bool(weight.isnan().all()), "as after torch.nn.utils.clip_grad_norm_"


def scaled(build: Any, *, unscale: bool = False, clip: float = 0.0) -> list[Tensor]:
    """Train under a GradScaler that meets an overflow in one of two groups."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    groups = [{"params": layer.parameters()} for layer in (net[0], net[2])]
    optimizer = build(groups, lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12, growth_interval=3)
    if clip and not unscale:
        optimizer.limit_norm(clip)
    for step in range(8):
        optimizer.zero_grad()
        loss = (net(torch.randn(16, 5)) - 3).pow(2).mean()
        scaler.scale(loss).backward()
        if step in {2, 5}:
            net[2].bias.grad.fill_(float("inf"))
        before = copy.deepcopy([*net.parameters()])
        if unscale:
            scaler.unscale_(optimizer)
            if clip:
                torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        scaler.step(optimizer)
        scaler.update()
        if step in {2, 5}:
            assert_equal(list(net.parameters()), before)
    return list(net.parameters())


def test_a_loss_scaler_leaves_its_scale_to_the_step() -> None:
    assert Inertial._step_supports_amp_scaling
    # scales are powers of two: not a digit differs
    assert_equal(scaled(Inertial), scaled(torch.optim.SGD))
    assert_equal(scaled(Inertial, unscale=True), scaled(torch.optim.SGD))


def test_a_loss_scaler_and_a_limit_work_together() -> None:
    theirs = scaled(torch.optim.SGD, unscale=True, clip=0.5)
    assert_equal(scaled(Inertial, unscale=True, clip=0.5), theirs)
    # the limit's own norm: sums in another order, at order 1
    assert_close(scaled(Inertial, clip=0.5), theirs, 2e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("words", KERNELS.values(), ids=KERNELS)
def test_small_forces_on_16_bits_survive_the_scale(
    words: dict[str, Any], momentum: float
) -> None:
    # 1e-9 is nothing in float16 (its smallest number is 6e-8), and lr makes it 1e-3.
    weight = torch.zeros(4, dtype=torch.float16, requires_grad=True)
    optimizer = Inertial([weight], lr=1e6, momentum=momentum, **words)
    optimizer.grad_scale = torch.tensor(2.0**16)
    optimizer.found_inf = torch.tensor(0.0)
    weight.grad = torch.full_like(weight, 1e-9 * 2.0**16)
    optimizer.step()
    # float16 keeps 11 bits of the gradient and of the place
    torch.testing.assert_close(
        weight.float(), torch.full((4,), -1e-3), rtol=2e-3, atol=0
    )


@pytest.mark.skipif(bool(native.missing()), reason=native.missing())
def test_a_norm_in_one_pass_is_pytorchs() -> None:
    grads = [p.detach() for p in tensors()] + [torch.randn(6, 6)[:, ::2]]
    # two orders of some 1500 float32 products
    assert limit.gradient_norm(grads) == pytest.approx(
        float(torch.nn.utils.get_total_norm(grads)), rel=1e-6
    )
