"""Bad input at the PyTorch door: what was given, the rule, the way out."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.optim import SGD

from inertial.torch import Inertial


def one() -> list[torch.Tensor]:
    return [torch.ones(2, requires_grad=True)]


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"lr": -1e-2}, ValueError, r"Invalid learning rate: -0\.01.*`lr` must be"),
    ({"lr": float("nan")}, ValueError, "`lr` must be"),
    ({"lr": float("inf")}, ValueError, "`lr` must be"),
    ({"lr": "fast"}, TypeError, "`lr` must be a number"),
    ({"lr": torch.tensor([0.1, 0.2])}, ValueError, "Tensor lr must be 1-element"),
    ({"lr": torch.tensor(-0.1)}, ValueError, "Invalid learning rate"),
    ({"momentum": -0.5}, ValueError, r"Invalid momentum value: -0\.5.*`momentum`"),
    ({"momentum": 1.0}, ValueError, r"`momentum` must be .* below 1"),
    ({"momentum": 1.02}, ValueError, r"`momentum` must be .* below 1.*1\.02"),
    ({"momentum": float("nan")}, ValueError, "`momentum` must be"),
    ({"momentum": "much"}, TypeError, "`momentum` must be a number"),
    ({"dampening": float("nan"), "momentum": 0.9}, ValueError, "`dampening` must"),
    ({"weight_decay": -1.0}, ValueError, r"Invalid weight_decay value: -1\.0"),
    ({"weight_decay": float("inf")}, ValueError, "`weight_decay` must be"),
    ({"nesterov": True}, ValueError, "Nesterov momentum requires a momentum"),
    (
        {"nesterov": True, "momentum": 0.9, "dampening": 0.5},
        ValueError,
        "Nesterov momentum requires a momentum and zero dampening",
    ),
    ({"fused": True, "foreach": True}, ValueError, "`fused=True`.*`foreach=True`"),
    ({"fused": True, "kernel": "reference"}, ValueError, "contradicts `kernel=.ref"),
    ({"fused": True, "differentiable": True}, ValueError, "`differentiable=True`"),
    ({"kernel": "warp"}, ValueError, '`kernel` must be one of .*"reference"'),
    ({"kernel": "reference", "foreach": True}, ValueError, "contradict"),
    ({"kernel": "foreach", "foreach": False}, ValueError, "contradict"),
    ({"differentiable": True, "foreach": True}, ValueError, "`differentiable=True`"),
    ({"schedule_acts_on": "time"}, ValueError, '`schedule_acts_on` must be .*"clock"'),
    (
        {"schedule_acts_on": "clock", "lr": 0.0},
        ValueError,
        "is a ratio to the `lr` of the construction",
    ),
    ({"kinetic": "warp"}, ValueError, "warp.*newtonian|newtonian.*warp"),
    ({"kinetic": 3}, TypeError, "kinetic"),
    ({"kinetic": "spectral"}, TypeError, r"needs matrices.*\(2,\)"),
    ({"state_dtype": torch.int16}, ValueError, "`state_dtype` must be .*bfloat16"),
    ({"state_dtype": "half"}, ValueError, "`state_dtype` must be .*bfloat16"),
    ({"momentun": 0.9}, TypeError, "momentun"),
]


@pytest.mark.parametrize(
    ("words", "error", "text"),
    BAD,
    ids=["-".join(f"{k}={v}" for k, v in words.items()) for words, _, _ in BAD],
)
def test_refused_at_construction(
    words: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=f"(?s){text}"):
        Inertial(one(), **words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"momentum": 1.5}, "`momentum` must be"),
        ({"lr": -1.0}, "Invalid learning rate"),
        ({"schedule_acts_on": "time"}, "`schedule_acts_on` must be"),
        ({"nesterov": True}, "Nesterov momentum requires"),
        ({"betas": (0.9, 0.99)}, "`betas` is not a word of"),
        ({"method": "sgdd"}, "`method` must be one of"),
        ({"method": "torch.AdamW", "momentum": 0.9}, "`momentum` is not a word of"),
        ({"kernel": "fast"}, "`kernel` must be one of"),
        ({"foreach": True, "kernel": "reference"}, "contradict each other"),
        ({"fused": True, "foreach": True}, "`fused=True` asks for a step in one pass"),
        ({"differentiable": True}, "holds for a whole optimizer, not for one group"),
    ],
    ids=str,
)
def test_refused_in_a_group(words: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Inertial([{"params": one(), **words}], lr=0.1)
    optimizer = Inertial(one(), lr=0.1)
    with pytest.raises(ValueError, match=text):
        optimizer.add_param_group({"params": one(), **words})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("betas", [(0.9,), (1.0, 0.9), (0.9, -0.1), (0.9, 1.5)])
@pytest.mark.parametrize("build", ["adam", "adamw", "lion"])
def test_betas_are_checked(build: str, betas: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="beta"):
        getattr(Inertial, build)(one(), betas=betas)


@pytest.mark.parametrize(
    ("build", "words", "text"),
    [
        ("adamw", {"eps": -1.0}, "eps"),
        ("adamw", {"weight_decay": -1.0}, "weight_decay"),
        ("adamw", {"lr": -1.0}, "Invalid learning rate"),
        ("rmsprop", {"alpha": 1.5}, "alpha"),
        ("qhm", {"nu": float("nan")}, "nu"),
        ("qhm", {"momentum": 1.0}, "momentum"),
        ("signum", {"momentum": -0.1}, "momentum"),
        ("nesterov", {"momentum": 0.0}, "Nesterov momentum requires"),
    ],
    ids=str,
)
def test_words_of_named_methods_are_checked(
    build: str, words: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        getattr(Inertial, build)(one(), **words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"ns_steps": 100}, "ns_steps"),
        ({"momentum": 1.0}, "momentum"),
        ({"adjust_lr_fn": "mine"}, "adjust_lr_fn|scale"),
    ],
    ids=str,
)
def test_words_of_muon_are_checked(words: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Inertial.muon([torch.ones(2, 2, requires_grad=True)], **words)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), ()], ids=str)
def test_muon_asks_for_matrices_and_names_the_way_out(shape: tuple[int, ...]) -> None:
    with pytest.raises(TypeError, match="needs matrices"):
        Inertial.muon([torch.ones(shape, requires_grad=True)])


def test_the_name_of_the_wrong_parameter_is_told() -> None:
    net = torch.nn.Linear(3, 2)
    with pytest.raises(TypeError, match="bias"):
        Inertial.muon(net.named_parameters())


@pytest.mark.parametrize("words", [{"lr": -1.0}, {"momentum": 1.5}], ids=str)
def test_words_are_checked_before_parameters_are_read(words: dict[str, Any]) -> None:
    # PyTorch's own suite gives no parameters at all here.
    with pytest.raises(ValueError, match="Invalid"):
        Inertial(None, **words)


def test_an_observer_needs_a_positive_interval() -> None:
    with pytest.raises(ValueError, match="`every`"):
        Inertial(one(), lr=0.1).observe(lambda reading: None, every=0)


def test_other_kinetic_energies_are_no_newtonian_particle() -> None:
    with pytest.raises(ValueError, match="Newton"):
        Inertial(one(), lr=0.1, kinetic="sign").particle()


@pytest.mark.parametrize("kind", [SGD, Inertial])
class TestLikePyTorch:
    """What PyTorch refuses, and in its words, since programs look for them."""

    def test_no_parameters(self, kind: type) -> None:
        with pytest.raises(ValueError, match="empty parameter list"):
            kind([], lr=0.1)

    def test_a_bare_tensor(self, kind: type) -> None:
        with pytest.raises(TypeError, match="iterable"):
            kind(torch.ones(2, requires_grad=True), lr=0.1)

    def test_something_else_than_tensors(self, kind: type) -> None:
        with pytest.raises(TypeError, match="Tensors"):
            kind([0.5], lr=0.1)

    def test_the_same_parameter_in_two_groups(self, kind: type) -> None:
        (p,) = one()
        with pytest.raises(ValueError, match="more than one parameter group"):
            kind([{"params": p}, {"params": p}], lr=0.1)

    def test_the_same_parameter_twice_in_a_group(self, kind: type) -> None:
        (p,) = one()
        with pytest.warns(UserWarning, match="duplicate parameters"):
            kind([p, p], lr=0.1)

    def test_a_tensor_that_is_no_leaf(self, kind: type) -> None:
        (p,) = one()
        with pytest.raises(ValueError, match="non-leaf"):
            kind([p * 2], lr=0.1)

    def test_a_group_that_is_no_dict(self, kind: type) -> None:
        with pytest.raises(TypeError, match="param_group must be a dict"):
            kind(one(), lr=0.1).add_param_group(one())

    def test_a_state_with_other_groups(self, kind: type) -> None:
        two = kind([{"params": one()}, {"params": one()}], lr=0.1)
        with pytest.raises(ValueError, match="different number of parameter groups"):
            kind(one(), lr=0.1).load_state_dict(two.state_dict())

    def test_a_state_with_longer_groups(self, kind: type) -> None:
        two = kind([*one(), *one()], lr=0.1)
        with pytest.raises(ValueError, match="doesn't match the size"):
            kind(one(), lr=0.1).load_state_dict(two.state_dict())

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ({"lr": -1e-2}, "Invalid learning rate: -0.01"),
            ({"momentum": -0.5}, "Invalid momentum value: -0.5"),
            ({"weight_decay": -0.5}, "Invalid weight_decay value: -0.5"),
        ],
        ids=str,
    )
    def test_numbers_out_of_bounds(
        self, kind: type, words: dict[str, Any], text: str
    ) -> None:
        with pytest.raises(ValueError, match=text):
            kind(one(), **{"lr": 0.1, **words})

    def test_weight_decay_on_a_sparse_gradient(self, kind: type) -> None:
        table = torch.nn.Embedding(4, 2, sparse=True)
        optimizer = kind(table.parameters(), lr=0.1, weight_decay=0.1)
        table(torch.tensor([1])).sum().backward()
        with pytest.raises(RuntimeError):
            optimizer.step()
