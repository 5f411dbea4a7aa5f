"""What is timed against what, as data: shapes, entrants and the marks to reach.

An entrant is a function from parameters with gradients to the call that is timed. For
an optimizer that is `optimizer.step`, the whole of what a user calls.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch

from inertial.torch import Inertial

Params = list[torch.nn.Parameter]
Step = Callable[[], Any]

SGD = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 1e-4}
ADAM = {"lr": 1e-3}


class Entrant(NamedTuple):
    """One that takes part: how it is made, and the package that it needs."""

    make: Callable[[Params], Step]
    package: str = ""


class Mark(NamedTuple):
    """A ratio to reach: at most `limit`, or at least where `at_least` says so.

    The ratio is time of `ours` / time of `against`; where `at_least`, it is a speed:
    `scale` * time of `against` / time of `ours`.
    """

    ours: str
    against: str
    limit: float
    at_least: bool = False
    scale: float = 1.0


class Case(NamedTuple):
    """One model: its tensors, who steps it, the marks, and whose time is called 1."""

    name: str
    shapes: list[tuple[int, ...]]
    entrants: tuple[str, ...]
    marks: tuple[Mark, ...]
    base: str = "torch SGD fused"


def _ours(build: Callable[..., Inertial], words: dict[str, Any]) -> Callable:
    return lambda params: build(params, **words).step


def _ours_watched(build: Callable[..., Inertial], words: dict[str, Any]) -> Callable:
    def make(params: Params) -> Step:
        optimizer = build(params, **words)
        optimizer.observe(lambda reading: None)
        return optimizer.step

    return make


def _torch(build: Callable[..., Any], words: dict[str, Any], **path: bool) -> Callable:
    return lambda params: build(params, **words, **path).step


def _fused_with(sums: Callable[[Params, Any], Any]) -> Callable[[Params], Step]:
    """PyTorch's fused step, with the sums taken as a user of PyTorch would."""

    def make(params: Params) -> Step:
        optimizer = torch.optim.SGD(params, **SGD, fused=True)
        optimizer.step()
        buffers = [optimizer.state[param]["momentum_buffer"] for param in params]

        def step() -> None:
            gradients = [param.grad for param in params]
            before = sums(gradients, buffers)
            optimizer.step()
            sums(gradients, buffers, before)

        return step

    return make


def _sums_by_foreach(gradients: Any, buffers: Any, before: Any = None) -> Any:
    """g·g and non-finite numbers once; g·p, p·p before and after: |way| = lr |p'|.

    Fewer than the native kernel takes (it reads the position too, in g·x and x·x), in
    float32, and never copied to the host: a lower bound of what the account costs.
    """
    found = [torch.stack(torch._foreach_norm(buffers)).square().sum()]
    products = torch._foreach_mul(gradients, buffers)
    found.append(torch.stack([product.sum() for product in products]).sum())
    if before is None:
        found.append(torch.stack(torch._foreach_norm(gradients)).square().sum())
        finite = [gradient.isfinite().all() for gradient in gradients]
        found.append(torch.stack(finite).sum())
    return found


def _sums_by_dot(gradients: Any, buffers: Any, before: Any = None) -> Any:
    """The same by dot products, which write no temporary tensors; foreach has none."""
    pairs = [(buffers, buffers), (gradients, buffers)]
    if before is None:
        pairs.append((gradients, gradients))
    return [
        torch.stack(
            [torch.dot(a.view(-1), b.view(-1)) for a, b in zip(*pair, strict=True)]
        ).sum()
        for pair in pairs
    ]


def _triad(params: Params) -> Step:
    """a = b + s·c by PyTorch's own loop: two reads, and a write that reads first."""
    result, b, c = (torch.ones(params[0].shape) for _ in range(3))
    return partial(torch.add, b, c, alpha=0.5, out=result)


def _triad_in_place(params: Params) -> Step:
    """a += s·b: two reads and a write; no line is written that was not read."""
    result, b = (torch.ones(params[0].shape) for _ in range(2))
    return partial(result.add_, b, alpha=1e-9)


def _pytorch_optimizer(name: str, words: dict[str, Any]) -> Callable[[Params], Step]:
    def make(params: Params) -> Step:
        import pytorch_optimizer

        return getattr(pytorch_optimizer, name)(params, **words).step

    return make


def _heavyball(name: str, words: dict[str, Any]) -> Callable[[Params], Step]:
    def make(params: Params) -> Step:
        import heavyball

        optimizer = getattr(heavyball, name)(params, **words)
        optimizer.consume_grad = False  # it would set .grad to None
        return optimizer.step

    return make


def _bitsandbytes(name: str, words: dict[str, Any]) -> Callable[[Params], Step]:
    def make(params: Params) -> Step:
        import bitsandbytes

        return getattr(bitsandbytes.optim, name)(params, **words).step

    return make


_BFLOAT16 = {**SGD, "state_dtype": torch.bfloat16}
_INT8 = {**SGD, "state_dtype": torch.int8}
_HEAVYBALL_SGD = {"lr": 1e-3, "beta": 0.9, "weight_decay": 1e-4}

ENTRANTS = {
    "Inertial": Entrant(_ours(Inertial, SGD)),
    "Inertial, sums": Entrant(_ours_watched(Inertial, SGD)),
    "Inertial bfloat16, sums": Entrant(_ours_watched(Inertial, _BFLOAT16)),
    "Inertial int8, sums": Entrant(_ours_watched(Inertial, _INT8)),
    "Inertial adam": Entrant(_ours(Inertial.adam, ADAM)),
    "Inertial adam, sums": Entrant(_ours_watched(Inertial.adam, ADAM)),
    "torch SGD single": Entrant(_torch(torch.optim.SGD, SGD, foreach=False)),
    "torch SGD foreach": Entrant(_torch(torch.optim.SGD, SGD, foreach=True)),
    "torch SGD fused": Entrant(_torch(torch.optim.SGD, SGD, fused=True)),
    "torch SGD fused + sums by foreach": Entrant(_fused_with(_sums_by_foreach)),
    "torch SGD fused + sums by dot": Entrant(_fused_with(_sums_by_dot)),
    "torch Adam fused": Entrant(_torch(torch.optim.Adam, ADAM, fused=True)),
    "triad a = b + s c": Entrant(_triad),
    "triad a += s b": Entrant(_triad_in_place),
    "pytorch_optimizer SGD": Entrant(
        _pytorch_optimizer("SGD", SGD), "pytorch_optimizer"
    ),
    "pytorch_optimizer AdamW": Entrant(
        _pytorch_optimizer("AdamW", ADAM), "pytorch_optimizer"
    ),
    "heavyball SGD": Entrant(_heavyball("SGD", _HEAVYBALL_SGD), "heavyball"),
    "heavyball AdamW": Entrant(_heavyball("AdamW", ADAM), "heavyball"),
    "bitsandbytes SGD": Entrant(_bitsandbytes("SGD", SGD), "bitsandbytes"),
    "bitsandbytes SGD8bit": Entrant(_bitsandbytes("SGD8bit", SGD), "bitsandbytes"),
    "bitsandbytes Adam": Entrant(_bitsandbytes("Adam", ADAM), "bitsandbytes"),
}

_OURS = ("Inertial, sums", "Inertial")
_TORCH = ("torch SGD fused", "torch SGD foreach", "torch SGD single")
_SUMS = ("torch SGD fused + sums by foreach", "torch SGD fused + sums by dot")
_MANY = ("pytorch_optimizer SGD", "bitsandbytes SGD")
_OTHERS = (
    "heavyball SGD",
    *_MANY,
)  # heavyball compiles a list of 1000 for > 10 minutes
_ADAMS = ("pytorch_optimizer AdamW", "heavyball AdamW", "bitsandbytes Adam")
_TRIADS = ("triad a = b + s c", "triad a += s b")
_FREE = Mark("Inertial, sums", "torch SGD fused", 0.97)
_CHEAP = Mark("Inertial, sums", "torch SGD fused + sums by foreach", 0.20)
# The step touches 5 numbers for each that it moves (x, p and g read, x and p written);
# the triad 4, as a line of memory is read before it is written for the first time.
_BANDWIDTH = Mark("Inertial, sums", "triad a = b + s c", 0.90, True, 5 / 4)
_TRANSFORMER = [(768,), (768, 768)] * 30 + [(768, 3072)] * 3 + [(3072,)] * 87
_MLP = [(64, 64), (64,), (64, 64), (64,), (10, 64), (10,)]

CASES = (
    Case("16M", [(16_000_000,)], _OURS + _TORCH + _SUMS + _OTHERS, (_FREE, _CHEAP)),
    Case(
        "64M",
        [(64_000_000,)],
        _OURS + _TORCH[:1] + _SUMS + _TRIADS,
        (_FREE, _CHEAP, _BANDWIDTH),
    ),
    Case(
        "150 tensors, 25M",
        _TRANSFORMER,
        _OURS + _TORCH + _SUMS + _MANY,
        (_FREE,),
    ),
    Case(
        "1000 tensors of 64",
        [(64,)] * 1000,
        _OURS + _TORCH + _SUMS + _MANY,
        (_FREE._replace(limit=0.20),),
    ),
    Case(
        "MLP, 6 tensors, 9k",
        _MLP,
        _OURS + _TORCH + _SUMS + _OTHERS,
        (
            _FREE._replace(limit=0.40),
            Mark("Inertial", "torch SGD fused", 0.40),
        ),
    ),
    Case(
        "16M, state in few bits",
        [(16_000_000,)],
        (
            "Inertial bfloat16, sums",
            "Inertial int8, sums",
            "torch SGD fused",
            "bitsandbytes SGD8bit",
        ),
        (Mark("Inertial bfloat16, sums", "torch SGD fused", 0.80),),
    ),
    Case(
        "16M, adaptive",
        [(16_000_000,)],
        ("Inertial adam", "Inertial adam, sums", "torch Adam fused", *_ADAMS),
        (Mark("Inertial adam", "torch Adam fused", 0.85),),
        "torch Adam fused",
    ),
)


def parameters(shapes: list[tuple[int, ...]]) -> Params:
    """Parameters with gradients, always the same; each entrant has its own."""
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(shape, generator=generator) for shape in shapes]
    params = [torch.nn.Parameter(values) for values in made]
    for param in params:
        param.grad = torch.randn(param.shape, generator=generator)
    return params


def absent(entrant: Entrant) -> str:
    """Why an entrant cannot take part; "" if it can."""
    if entrant.package and importlib.util.find_spec(entrant.package) is None:
        return f"{entrant.package} is not installed: pip install --group bench"
    return ""
