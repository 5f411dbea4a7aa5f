"""Every named method against the framework that owns it, under a changing lr."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy
import optax
import pytest
import torch
from torch.optim import SGD, Adam, AdamW, Muon, RMSprop

from cases_torch import (
    KERNELS,
    assert_close,
    assert_equal,
    changing_lr,
    double_precision_keras,
    keras_places,
    march,
    set_gradients,
    set_lr,
    twin,
)
from inertial.physics.kinetic import KINETICS
from inertial.torch import Inertial, split_matrices

STEPS = 20
WITHIN = 1e-12  # 20 float64 steps at order 1, rounded at different places
FOREACH = pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)

Build = Callable[[list[torch.Tensor]], torch.optim.Optimizer]


def tensors(kind: torch.dtype = torch.float64) -> list[torch.Tensor]:
    torch.manual_seed(0)
    shapes = [(6,), (3, 4), (), (2, 3, 2)]
    return [torch.randn(s, dtype=kind, requires_grad=True) for s in shapes]


def matrices(kind: torch.dtype = torch.float64) -> list[torch.Tensor]:
    torch.manual_seed(0)
    shapes = [(4, 4), (3, 6), (6, 3), (1, 5)]
    return [torch.randn(s, dtype=kind, requires_grad=True) for s in shapes]


def side_by_side(
    ours: Build,
    theirs: Build,
    start: Callable[[], list[torch.Tensor]] = tensors,
    within: float = WITHIN,
    lr: float = 0.05,
) -> None:
    mine, yours = start(), start()
    one, two = ours(mine), theirs(yours)
    for step in range(STEPS):
        for optimizer, held in ((one, mine), (two, yours)):
            set_lr(optimizer, changing_lr(step, lr))
            march(optimizer, held, [step])
        assert_close(mine, yours, within)


DECAYS = pytest.mark.parametrize("decay", [0.0, 0.1], ids=["free", "decayed"])
UP = pytest.mark.parametrize("maximize", [False, True], ids=["down", "up"])


@FOREACH
@UP
@DECAYS
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.8, 0.95), (0.0, 0.9)], ids=str)
@pytest.mark.parametrize("method", [(Adam, "adam"), (AdamW, "adamw")], ids=str)
def test_adam_and_adamw(
    method: tuple[Any, str],
    betas: tuple[float, float],
    decay: float,
    maximize: bool,
    foreach: bool,
) -> None:
    theirs, ours = method
    words = dict(lr=0.05, betas=betas, eps=1e-6, weight_decay=decay, maximize=maximize)
    side_by_side(
        lambda p: getattr(Inertial, ours)(p, foreach=foreach, **words),
        lambda p: theirs(p, **words),
    )


@FOREACH
@DECAYS
def test_rmsprop(decay: float, foreach: bool) -> None:
    words = dict(lr=0.01, alpha=0.9, eps=1e-6, weight_decay=decay)
    side_by_side(
        lambda p: Inertial.rmsprop(p, foreach=foreach, **words),
        lambda p: RMSprop(p, **words),
        lr=0.01,
    )


@FOREACH
@DECAYS
def test_nesterov(decay: float, foreach: bool) -> None:
    words = dict(lr=0.05, momentum=0.9, weight_decay=decay)
    mine, yours = tensors(), tensors()
    march(Inertial.nesterov(mine, foreach=foreach, **words), mine, range(STEPS))
    theirs = SGD(yours, nesterov=True, foreach=foreach, **words)
    march(theirs, yours, range(STEPS))
    assert_equal(mine, yours)


@pytest.mark.parametrize(
    "ours",
    [
        lambda p: Inertial.adam(p),
        lambda p: Inertial.adamw(p),
        lambda p: Inertial.rmsprop(p),
        lambda p: Inertial.nesterov(p, momentum=0.9),
    ],
    ids=["adam", "adamw", "rmsprop", "nesterov"],
)
def test_defaults_are_pytorchs(ours: Build, request: pytest.FixtureRequest) -> None:
    theirs: dict[str, Build] = {
        "adam": Adam,
        "adamw": AdamW,
        "rmsprop": RMSprop,
        "nesterov": lambda p: SGD(p, momentum=0.9, nesterov=True),
    }
    other = theirs[request.node.callspec.id]
    mine, yours = tensors(), tensors()
    march(ours(mine), mine, range(STEPS))
    march(other(yours), yours, range(STEPS))
    assert_close(mine, yours, WITHIN)


@pytest.mark.parametrize("keep", [False, True], ids=["their words", "own words"])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(Adam, Inertial.adam), (AdamW, Inertial.adamw), (Muon, Inertial.muon)],
    ids=["adam", "adamw", "muon"],
)
def test_takes_over_from_pytorch_in_the_middle(
    theirs: Any, ours: Any, keep: bool
) -> None:
    words = dict(lr=0.02, weight_decay=0.1)
    whole, broken = matrices(), matrices()
    march(theirs(whole, **words), whole, range(10))
    before = theirs(broken, **words)
    march(before, broken, range(4))
    resumed = twin(broken)
    after = ours(resumed, **words) if keep else ours(resumed, lr=0.5)
    after.load_state_dict(copy.deepcopy(before.state_dict()), keep_hyperparameters=keep)
    march(after, resumed, range(4, 10))
    assert_close(resumed, whole, WITHIN)


def test_muons_defaults_are_pytorchs() -> None:
    def words(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        (group,) = optimizer.param_groups
        names = ("lr", "weight_decay", "momentum", "nesterov", "ns_coefficients")
        names += ("eps", "ns_steps")
        return {name: group[name] for name in names}

    assert words(Inertial.muon(matrices())) == words(Muon(matrices()))


# --- Optax ---------------------------------------------------------------------------


def by_optax(make: Callable[..., Any]) -> list[list[torch.Tensor]]:
    """Return the places that an Optax optimizer passes on the noisy bowl."""
    here = tensors()
    place = [jnp.asarray(p.detach().numpy()) for p in here]
    state = make(learning_rate=1.0).init(place)
    path = []
    for step in range(STEPS):
        set_gradients(here, step)
        slopes = [jnp.asarray(p.grad.numpy()) for p in here]
        # Schedules read the count, and so does changing_lr: one chain per step keeps
        # the state, whose layout does not depend on the rate.
        move = make(learning_rate=changing_lr(step))
        updates, state = move.update(slopes, state, place)
        place = optax.apply_updates(place, updates)
        here = [torch.tensor(numpy.array(x)).requires_grad_() for x in place]
        path.append([p.detach().clone() for p in here])
    return path


OPTAX: dict[str, tuple[Callable[..., Any], Build]] = {
    "lion": (
        lambda learning_rate: optax.lion(learning_rate, 0.9, 0.99, weight_decay=0.1),
        lambda p: Inertial.lion(p, lr=0.05, betas=(0.9, 0.99), weight_decay=0.1),
    ),
    "lion, no decay": (
        lambda learning_rate: optax.lion(learning_rate, 0.7, 0.8, weight_decay=0.0),
        lambda p: Inertial.lion(p, lr=0.05, betas=(0.7, 0.8)),
    ),
    "signum": (
        lambda learning_rate: optax.signum(learning_rate, beta=0.9),
        lambda p: Inertial.signum(p, lr=0.05, momentum=0.9),
    ),
    "sgd": (
        lambda learning_rate: optax.sgd(learning_rate, momentum=0.9),
        lambda p: Inertial(p, lr=0.05, momentum=0.9),
    ),
    "sgd, nesterov": (
        lambda learning_rate: optax.sgd(learning_rate, momentum=0.9, nesterov=True),
        lambda p: Inertial(p, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "adam": (
        lambda learning_rate: optax.adam(learning_rate, 0.9, 0.95, eps=1e-6),
        lambda p: Inertial.adam(p, lr=0.05, betas=(0.9, 0.95), eps=1e-6),
    ),
    "adamw": (
        lambda learning_rate: optax.adamw(
            learning_rate, 0.9, 0.95, eps=1e-6, weight_decay=0.1
        ),
        lambda p: Inertial.adamw(
            p, lr=0.05, betas=(0.9, 0.95), eps=1e-6, weight_decay=0.1
        ),
    ),
}


@pytest.mark.parametrize("name", OPTAX)
def test_optax(name: str) -> None:
    make, ours = OPTAX[name]
    expected = by_optax(make)
    mine = tensors()
    optimizer = ours(mine)
    for step in range(STEPS):
        set_lr(optimizer, changing_lr(step))
        march(optimizer, mine, [step])
        assert_close(mine, expected[step], WITHIN)


@pytest.mark.parametrize("nesterov", [False, True], ids=["plain", "nesterov"])
def test_keras_at_constant_rate(nesterov: bool) -> None:
    # Under a changing rate see test_schedule_acts_on: that is the whole difference.
    start = tensors()
    with double_precision_keras():
        expected = keras_places(start, lambda _: 0.05, momentum=0.9, nesterov=nesterov)
    ours = Inertial(start, lr=0.05, momentum=0.9, nesterov=nesterov)
    for step, place in enumerate(expected):
        march(ours, start, [step])
        assert_close(start, place, WITHIN)


# --- Methods whose rule is written out here ------------------------------------------


@FOREACH
@pytest.mark.parametrize("nu", [0.0, 0.7, 1.0])
@DECAYS
def test_qhm_is_its_papers_rule(nu: float, decay: float, foreach: bool) -> None:
    # Ma & Yarats 2019, eq. 3 and 4, from an average that starts at zero.
    mine = tensors()
    words = dict(momentum=0.9, nu=nu, weight_decay=decay)
    optimizer = Inertial.qhm(mine, lr=0.05, foreach=foreach, **words)
    place = [p.detach().clone() for p in mine]
    average = [torch.zeros_like(p) for p in place]
    for step in range(STEPS):
        lr = changing_lr(step)
        set_lr(optimizer, lr)
        here = twin(p.requires_grad_() for p in place)
        set_gradients(here, step)
        for i, p in enumerate(here):
            slope = p.grad + decay * p.detach()
            average[i] = 0.9 * average[i] + 0.1 * slope
            place[i] = p.detach() - lr * ((1 - nu) * slope + nu * average[i])
        march(optimizer, mine, [step])
        assert_close(mine, place, WITHIN)


def test_lion_with_equal_betas_is_signum() -> None:
    side_by_side(
        lambda p: Inertial.lion(p, lr=0.05, betas=(0.9, 0.9)),
        lambda p: Inertial.signum(p, lr=0.05, momentum=0.9),
    )


def test_sign_kinetic_energy_is_signum() -> None:
    # The sign does not see the scale of the buffer: sum or average is the same.
    side_by_side(
        lambda p: Inertial(p, lr=0.05, momentum=0.9, kinetic="sign"),
        lambda p: Inertial.signum(p, lr=0.05, momentum=0.9),
    )


def test_adam_without_memory_is_sign_descent() -> None:
    side_by_side(
        lambda p: Inertial.adam(p, lr=0.05, betas=(0.0, 0.0), eps=0.0),
        lambda p: Inertial(p, lr=0.05, kinetic="sign"),
    )


# --- Muon ----------------------------------------------------------------------------


MUON = [
    {"lr": 0.05},
    {"lr": 0.05, "weight_decay": 0.0, "nesterov": False},
    {"lr": 0.05, "momentum": 0.8, "adjust_lr_fn": "match_rms_adamw"},
    {"lr": 0.05, "ns_steps": 3, "adjust_lr_fn": "original"},
]


@FOREACH
@pytest.mark.parametrize("kind", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("words", MUON, ids=str)
def test_muon(words: dict[str, Any], kind: torch.dtype, foreach: bool) -> None:
    # Both iterate in bfloat16, in the same order of operations, so the orthogonal
    # factors are the same bits while the momenta are; a momentum that differs in its
    # last place may round to another bfloat16, which would show as 1e-3.
    side_by_side(
        lambda p: Inertial.muon(p, foreach=foreach, **words),
        lambda p: Muon(p, **words),
        lambda: matrices(kind),
        within=WITHIN if kind == torch.float64 else 1e-5,  # 20 steps of float32
    )


def test_muon_with_a_method_for_the_rest() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 2)).double()
    other = copy.deepcopy(net)
    inner, rest = split_matrices(net)
    assert [p.ndim for p in inner] == [2, 2]
    assert [p.ndim for p in rest] == [1, 1]
    both = Inertial.muon(
        [
            {"params": inner, "lr": 0.02},
            {"params": rest, "method": "torch.AdamW", "lr": 0.01},
        ]
    )
    theirs_inner, theirs_rest = split_matrices(other)
    alone = Inertial.muon(theirs_inner, lr=0.02), AdamW(theirs_rest, lr=0.01)
    march(both, [*inner, *rest], range(5))
    for step in range(5):
        set_gradients([*theirs_inner, *theirs_rest], step)
        for optimizer in alone:
            optimizer.step()
    assert_close([*inner, *rest], [*theirs_inner, *theirs_rest], WITHIN)


# --- Laws of the whole zoo -----------------------------------------------------------

ZOO: dict[str, Build] = {
    "sgd": lambda p, **k: Inertial(p, lr=0.05, momentum=0.9, **k),
    "dampened": lambda p, **k: Inertial(p, lr=0.05, momentum=0.9, dampening=0.5, **k),
    "nesterov": lambda p, **k: Inertial.nesterov(p, lr=0.05, momentum=0.9, **k),
    "adam": lambda p, **k: Inertial.adam(p, lr=0.02, **k),
    "adamw": lambda p, **k: Inertial.adamw(p, lr=0.02, **k),
    "rmsprop": lambda p, **k: Inertial.rmsprop(p, lr=0.01, **k),
    "lion": lambda p, **k: Inertial.lion(p, lr=0.02, **k),
    "signum": lambda p, **k: Inertial.signum(p, lr=0.02, **k),
    "qhm": lambda p, **k: Inertial.qhm(p, lr=0.2, momentum=0.9, nu=0.7, **k),
    "muon": lambda p, **k: Inertial.muon(p, lr=0.05, weight_decay=0.0, **k),
    **{
        f"kinetic {name}": lambda p, name=name, **k: Inertial(
            p, lr=0.02, momentum=0.8, kinetic=name, **k
        )
        for name in KINETICS
    },
}


@pytest.mark.parametrize("method", ZOO.values(), ids=ZOO)
def test_every_method_goes_down_a_bowl(method: Build) -> None:
    held = matrices()
    optimizer = method(held)

    def loss() -> torch.Tensor:
        return sum((0.5 + 0.3 * i) * (p**2).sum() for i, p in enumerate(held))

    first = loss().item()
    for _ in range(60):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < 0.5 * first


@pytest.mark.parametrize("maximize", [False, True], ids=["down", "up"])
@pytest.mark.parametrize("method", ZOO.values(), ids=ZOO)
def test_every_kernel_is_the_reference(method: Any, maximize: bool) -> None:
    one, two = matrices(), matrices()
    first = method(one, kernel="reference", maximize=maximize)
    second = method(two, kernel="foreach", maximize=maximize)
    for step in range(8):
        for optimizer, held in ((first, one), (second, two)):
            set_lr(optimizer, changing_lr(step))
            march(optimizer, held, [step])
        assert_close(one, two, WITHIN)


@pytest.mark.parametrize("method", ZOO.values(), ids=ZOO)
def test_climbing_is_descending_the_mirrored_loss(method: Any) -> None:
    up, down = matrices(), matrices()
    one, two = method(up, maximize=True), method(down)
    for step in range(6):
        set_gradients(up, step)
        set_gradients(down, step)
        for p in up:
            p.grad = -p.grad
        one.step()
        two.step()
        assert_close(up, down, 0.0)


@pytest.mark.parametrize("method", ZOO.values(), ids=ZOO)
def test_every_method_says_what_it_is(method: Build) -> None:
    said = method(matrices()).describe()
    assert "lr=" in said
    assert "memory" in said
    assert "4 tensors" in said
