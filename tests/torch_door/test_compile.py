"""A compiled step is the eager step, and is compiled once."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cases_torch import KERNELS, assert_close, noise, set_gradients, set_lr
from inertial.torch import Inertial

# PyTorch's compiler imports parts of itself that use its own deprecated jit.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.torch\.jit\.:DeprecationWarning",
    r"ignore:.*torch\.jit\.script:DeprecationWarning",
)
SLOW = pytest.mark.slow
FOREACH = pytest.mark.parametrize("foreach", KERNELS.values(), ids=KERNELS)
BUILDS: dict[str, Any] = {
    "plain": lambda p, **k: Inertial(p, **{"lr": 0.1, **k}),
    "heavy ball": lambda p, **k: Inertial(
        p, **{"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, **k}
    ),
    "dampened": lambda p, **k: Inertial(
        p, **{"lr": 0.1, "momentum": 0.9, "dampening": 0.5, **k}
    ),
    "nesterov": lambda p, **k: Inertial.nesterov(p, **{"lr": 0.1, **k}),
    "relativistic": lambda p, **k: Inertial(
        p, **{"lr": 0.1, "momentum": 0.9, "kinetic": "relativistic", **k}
    ),
    "lion": lambda p, **k: Inertial.lion(p, **{"lr": 0.01, **k}),
    "adamw": lambda p, **k: Inertial.adamw(p, **{"lr": 0.01, **k}),
    "force": lambda p, **k: Inertial(
        p, **{"lr": 0.1, "momentum": 0.9, "schedule_acts_on": "force", **k}
    ),
}


@pytest.fixture(autouse=True)
def forget_compiled_code() -> Any:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def start() -> list[torch.Tensor]:
    return [noise(torch.empty(4, 3), 0, index).requires_grad_() for index in range(3)]


def run(build: Any, backend: str | None, **words: Any) -> list[torch.Tensor]:
    tensors = start()
    optimizer = build(tensors, **words)
    move = optimizer.step
    if backend is not None:
        move = torch.compile(optimizer.step, backend=backend)
    for step in range(5):
        set_gradients(tensors, step)
        set_lr(optimizer, 0.1 / (1 + step % 2))
        move()
    return tensors


@pytest.mark.parametrize(
    ("name", "foreach"),
    [
        ("heavy ball", False),
        ("dampened", False),
        ("nesterov", True),
        ("relativistic", True),
        ("force", True),
        *(
            pytest.param(name, foreach, marks=SLOW)
            for name in BUILDS
            for foreach in (False, True)
        ),
    ],
)
def test_traced_step_is_the_eager_step(name: str, foreach: bool) -> None:
    # A tensor rate is what PyTorch's documentation asks for under compile.
    words = {"foreach": foreach, "lr": torch.tensor(0.1)}
    build = BUILDS[name]
    expected = run(build, None, foreach=foreach, lr=torch.tensor(0.1))
    # Float32 steps at order 1 whose operations may be fused or put in another order.
    assert_close(run(build, "eager", **words), expected, 1e-6)


@pytest.mark.parametrize("name", ["lion"])
def test_through_aot_autograd(name: str) -> None:
    words = {"foreach": True, "lr": torch.tensor(0.1)}
    expected = run(BUILDS[name], None, foreach=True, lr=torch.tensor(0.1))
    assert_close(run(BUILDS[name], "aot_eager", **words), expected, 1e-6)


def test_with_a_rate_that_is_a_number() -> None:
    expected = run(BUILDS["heavy ball"], None)
    assert_close(run(BUILDS["heavy ball"], "eager"), expected, 1e-6)


@FOREACH
@pytest.mark.parametrize("name", ["heavy ball", pytest.param("plain", marks=SLOW)])
def test_a_changing_tensor_rate_compiles_once(name: str, foreach: bool) -> None:
    compiled = []

    def count(graph: torch.fx.GraphModule, _: Any) -> Any:
        compiled.append(graph)
        return graph.forward

    tensors = start()
    rate = torch.tensor(0.1)
    optimizer = BUILDS[name](tensors, lr=rate, foreach=foreach)
    move = torch.compile(optimizer.step, backend=count)
    for step in range(3):  # the first steps may differ: state is created, dampening
        set_gradients(tensors, step)
        move()
    before = len(compiled)
    assert before > 0, "nothing was compiled, so nothing was tested"
    for step in range(3, 8):
        rate.fill_(0.1 / step)
        set_gradients(tensors, step)
        move()
    assert len(compiled) == before


def test_whole_training_step_compiles() -> None:
    def train(compiled: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
        optimizer = Inertial(net.parameters(), lr=torch.tensor(0.1), momentum=0.9)

        def step(x: torch.Tensor) -> None:
            optimizer.zero_grad()
            net(x).pow(2).mean().backward()
            optimizer.step()

        move = torch.compile(step, backend="eager") if compiled else step
        for _ in range(3):
            move(torch.randn(5, 3))
        return list(net.parameters())

    assert_close(train(True), train(False), 1e-6)  # float32 at order 1


@SLOW
@FOREACH
@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_inductor(build: Any, foreach: bool) -> None:
    words = {"foreach": foreach, "lr": torch.tensor(0.1)}
    expected = run(build, None, foreach=foreach, lr=torch.tensor(0.1))
    assert_close(run(build, "inductor", **words), expected, 1e-5)  # fused float32
