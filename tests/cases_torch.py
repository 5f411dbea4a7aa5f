"""What the tests of the torch door share: options, schedulers, small problems."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

PLAIN = {"single": False, "foreach": True}
"""PyTorch's two CPU paths for SGD, by the `foreach` flag that asks for them."""

KERNELS = PLAIN | {"auto": None}
"""The same, and our own choice: the native kernel, where it is built. It rounds as
PyTorch's loop does in float32 and float64, and less often in 16 bits."""


def is_spelled_by_sgd(words: dict[str, Any]) -> bool:
    """Return whether torch.optim.SGD accepts the words."""
    looks_ahead = words["nesterov"]
    return not looks_ahead or (words["momentum"] > 0 and words["dampening"] == 0)


OPTIONS: list[dict[str, Any]] = [
    words
    for values in product((0, 0.9), (0, 0.5), (0, 0.1), (False, True), (False, True))
    if is_spelled_by_sgd(
        words := dict(
            zip(
                ("momentum", "dampening", "weight_decay", "nesterov", "maximize"),
                values,
                strict=True,
            )
        )
    )
]
"""Every valid combination of SGD's own words."""


def name_of(words: dict[str, Any]) -> str:
    """Return a short test id."""
    return (
        "-".join(f"{key}={value}" for key, value in words.items() if value) or "plain"
    )


LAYOUTS: dict[str, Callable[[torch.dtype], Tensor]] = {
    "vector": lambda kind: torch.randn(7, dtype=kind),
    "matrix": lambda kind: torch.randn(3, 4, dtype=kind),
    "scalar": lambda kind: torch.randn((), dtype=kind),
    "empty": lambda kind: torch.randn(0, 3, dtype=kind),
    "transposed": lambda kind: torch.randn(4, 3, dtype=kind).t(),
    "strided": lambda kind: torch.randn(5, 4, 2, dtype=kind)[..., 0],
    "channels_last": lambda kind: torch.randn(2, 3, 4, 4, dtype=kind).to(
        memory_format=torch.channels_last
    ),
}
"""Every shape and layout in which a parameter comes."""


def parameters(kind: torch.dtype = torch.float64, seed: int = 0) -> list[Tensor]:
    """Return one parameter of each layout, the same at each call."""
    torch.manual_seed(seed)
    return [make(kind).requires_grad_() for make in LAYOUTS.values()]


def twin(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Return copies with the same strides, ready to be trained on their own."""
    return [
        t.detach()
        .clone(memory_format=torch.preserve_format)
        .requires_grad_(t.requires_grad)
        for t in tensors
    ]


def noise(like: Tensor, step: int, index: int) -> Tensor:
    """Return the gradient noise of one step: a function of step and place only."""
    generator = torch.Generator().manual_seed(1000 * step + index)
    kind = like.dtype
    drawn = torch.randn(like.shape, generator=generator, dtype=kind)
    return torch.empty_like(like).copy_(drawn)


def set_gradients(tensors: Sequence[Tensor], step: int) -> None:
    """Give each parameter the gradient of a noisy bowl at its present place.

    It depends on the position, so that one wrong digit spreads to all later steps.
    """
    for index, p in enumerate(tensors):
        if p.requires_grad:
            with torch.no_grad():
                p.grad = (0.5 + 0.3 * index) * p + 0.1 * noise(p, step, index)


def march(
    optimizer: torch.optim.Optimizer,
    tensors: Sequence[Tensor],
    steps: Iterable[int],
    each: Callable[[], None] = lambda: None,
) -> None:
    """Take steps on the noisy bowl; `each` runs after every one."""
    for step in steps:
        set_gradients(tensors, step)
        optimizer.step()
        each()


def assert_equal(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> None:
    """Assert that two lists of tensors agree in every bit."""
    assert len(ours) == len(theirs)
    for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a, b = a.detach(), b.detach()
        assert a.dtype == b.dtype, f"tensor {index}: {a.dtype} is not {b.dtype}"
        assert torch.equal(a, b), f"tensor {index}: off by {(a - b).abs().max()}"


def assert_close(
    ours: Sequence[Tensor], theirs: Sequence[Tensor], within: float
) -> None:
    """Assert that two lists of tensors agree to an absolute tolerance."""
    assert len(ours) == len(theirs)
    for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        a, b = a.detach(), b.detach()
        assert a.shape == b.shape
        gap = float((a - b).abs().max()) if a.numel() else 0.0
        assert gap <= within, f"tensor {index}: off by {gap}"


def buffers(
    optimizer: torch.optim.Optimizer, tensors: Iterable[Tensor]
) -> list[Tensor]:
    """Return the momentum buffers that exist, in the order of the parameters."""
    found = (optimizer.state.get(p, {}).get("momentum_buffer") for p in tensors)
    return [buffer for buffer in found if buffer is not None]


def changing_lr(step: int, lr: float = 0.05) -> float:
    """Return a rate that goes up and down and falls tenfold at step 11."""
    wave = lr * (
        1 + 0.5 * torch.cos(torch.tensor(step / 3, dtype=torch.float64)).item()
    )
    return wave / 10 if step > 10 else wave


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of all groups, as a scheduler does."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(lr)
        else:
            group["lr"] = lr


@contextmanager
def double_precision_keras() -> Generator[None]:
    """Let Keras compute in float64."""
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def keras_places(
    start: Sequence[Tensor], schedule: Callable[[int], float], **words: Any
) -> list[list[Tensor]]:
    """Return the places that 20 steps of Keras's SGD pass on the noisy bowl."""
    import keras

    variables = [keras.Variable(p.detach().clone(), dtype="float64") for p in start]
    optimizer = keras.optimizers.SGD(learning_rate=schedule(0), **words)
    optimizer.build(variables)
    path = []
    for step in range(20):
        here = [v.value.detach().clone().requires_grad_() for v in variables]
        set_gradients(here, step)
        optimizer.learning_rate.assign(schedule(step))
        optimizer.apply([p.grad for p in here], variables)
        path.append([v.value.detach().clone() for v in variables])
    return path


def _sequence(optimizer: torch.optim.Optimizer) -> lr_scheduler.SequentialLR:
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=4)
    fall = lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
    return lr_scheduler.SequentialLR(optimizer, [warm_up, fall], milestones=[4])


def _chain(optimizer: torch.optim.Optimizer) -> lr_scheduler.ChainedScheduler:
    constant = lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=3)
    return lr_scheduler.ChainedScheduler(
        [constant, lr_scheduler.ExponentialLR(optimizer, gamma=0.9)],
        optimizer=optimizer,
    )


def _swa_after(step: int) -> float:
    return 1.0 if step < 3 else 0.9**step


SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer], Any]] = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.1),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [2, 5, 6], gamma=0.3),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, factor=0.2, total_iters=4),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.01, 1.0, total_iters=6),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, gamma=0.8),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, total_iters=8, power=2.0),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=7),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(
        o, T_0=3, T_mult=2
    ),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step)),
    "LambdaLR to zero and back": lambda o: lr_scheduler.LambdaLR(
        o, lambda step: float(step % 3 != 0)
    ),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, _swa_after),
    "SequentialLR": _sequence,
    "ChainedScheduler": _chain,
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(
        o, base_lr=0.01, max_lr=0.2, step_size_up=3, cycle_momentum=True
    ),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=0.2, total_steps=20, cycle_momentum=True
    ),
    "OneCycleLR, three phases": lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=0.2, total_steps=20, three_phase=True, anneal_strategy="linear"
    ),
    "SWALR": lambda o: SWALR(o, swa_lr=0.02, anneal_epochs=4),
}
"""Every scheduler that PyTorch ships; the two cyclic ones move the momentum as well."""


def turn(scheduler: Any, step: int) -> None:
    """Move a scheduler on; the one that wants a loss gets one that stops falling."""
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        scheduler.step(max(1.0, 3.0 - step))
    else:
        scheduler.step()
