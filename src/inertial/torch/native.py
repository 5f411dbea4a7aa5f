"""The native step on the CPU: whole groups in one pass over memory, sums included.

The compiled module (sources in native/) makes the three lines of the map for all
elementwise kinetic energies, in the order of operations of `kernels.reference`. It is
built with the package; where it could not be, `missing()` says why and everything works
without it, only slower.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import torch
from torch import Tensor

from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic
from inertial.torch.kernels import Batch, Stride, reference
from inertial.torch.sums import Sums, counted, newtonian_energies, total

_native: Any = None
try:
    _native = importlib.import_module("inertial.torch._native")
except ModuleNotFoundError:
    _missing = "this package was installed without a C++ compiler"
except ImportError as error:
    _missing = f"it cannot be loaded ({error})"
else:
    _missing = ""
    if hasattr(torch.Tensor, "__dlpack_c_exchange_api__"):
        table = torch.Tensor.__dlpack_c_exchange_api__
        _native.bind(table, torch.Tensor, torch.nn.Parameter)
    else:
        _missing = f"torch {torch.__version__} lacks DLPack's exchange table"

_VELOCITIES = ("newtonian", "relativistic", "sign", "huber", "adaptive")  # as in step.h


def missing() -> str:
    """Return why there is no native kernel, or "" if there is one.

    Example:
        >>> missing() in ("", None) or len(missing()) > 10
        True
    """
    return _missing


def instructions() -> str:
    """Return the instruction set that the native kernel runs with.

    Raises:
        RuntimeError: If there is no native kernel.
    """
    if _missing:
        raise RuntimeError(f"There is no native kernel: {_missing}.")
    return str(_native.instructions())


def moves(kinetic: Kinetic) -> bool:
    """Return whether the native kernel knows a kinetic energy.

    Example:
        >>> from inertial.physics.kinetic import norm, sign
        >>> moves(sign()), moves(norm())
        (True, False)
    """
    return kinetic.name in _VELOCITIES and kinetic.scope == "element"


def setting(stride: Stride, *, sums: bool, random: bool, count: int = 1) -> tuple:
    """Return a stride as the compiled module takes it: fifteen numbers.

    Args:
        stride: How the step is made.
        sums: Whether the sums are wanted.
        random: Whether a buffer of few bits is rounded at random.
        count: How many forces an adaptive mass has seen, this one included.

    Returns:
        The numbers, in the order of `setting_of` in native/module.cpp.
    """
    c, last = stride.coefficients, stride.last
    factor = -stride.factor if stride.maximize else stride.factor
    return (
        *(float(x) for x in _as_steps(c)),
        float(stride.weight_decay),
        float(factor),
        *_words(stride.kinetic, count),
        1.0 if last is None else float(last.blend_momentum),
        float(_VELOCITIES.index(stride.kinetic.name)),
        float(sums),
        float(random),
    )


def _as_steps(c: Coefficients) -> tuple[Any, ...]:
    return (c.decay, c.kick, c.blend_momentum, c.blend_force, c.drift, c.keep)


def _words(kinetic: Kinetic, count: int) -> tuple[float, float, float]:
    """Return what native/move.cpp calls a, b and c."""
    words = dict(kinetic.words)
    if kinetic.name == "relativistic":
        limit = words["speed_limit"]
        return limit, (words["mass"] * limit) ** 2, 0.0
    if kinetic.name == "huber":
        return words["limit"], 0.0, 0.0
    if kinetic.name == "adaptive":
        seen = 1.0 - words["decay"] ** count if words["debias"] else 1.0
        return words["decay"], words["epsilon"], math.sqrt(seen)
    return 0.0, 0.0, 0.0


def native(batch: Batch, stride: Stride, *, sums: bool = False) -> Sums | None:
    """Move a batch in one pass over its memory.

    What the compiled module cannot move (sparse gradients, tensors with gaps) goes
    through `reference`.

    Args:
        batch: What moves.
        stride: How. Its kinetic energy must be one that `moves` knows.
        sums: Whether to take the sums on the way.

    Returns:
        The sums, if they were asked for.
    """
    parts: list[Sums] = []
    left: list[int] = []
    for count, places in by_count(batch).items():
        part = batch if len(places) == len(batch.params) else batch.take(places)
        told = setting(stride, sums=sums, random=_random(part), count=count)
        found, unmoved = _native.move(
            part.params,
            part.grads,
            part.buffers,
            [
                memory and memory.parts(param)[1]
                for param, memory in zip(part.params, part.memories, strict=True)
            ],
            [rounding and rounding.scales for rounding in part.roundings],
            [0 if rounding is None else rounding.number for rounding in part.roundings],
            told,
            torch.get_num_threads(),
        )
        left += [places[i] for i in unmoved]
        moved = set(range(len(places))).difference(unmoved)
        grow([part.memories[i] for i in moved])
        mark([part.params[i] for i in moved])
        parts += [completed(found, stride)] if sums else []
    if left:
        rest = batch.take(left)
        if sums:
            parts.append(counted(reference, rest, stride))
        else:
            reference(rest, stride)
    return total(parts) if sums else None


def roll() -> Any:
    """Return what moves whole plain groups; see `Roll` in native/module.cpp."""
    return _native.Roll()


def gradient_square(gradients: list[Tensor]) -> tuple[float, list[Tensor]]:
    """Return the square of what could be read in one pass, and what could not.

    Example:
        >>> gradient_square([torch.tensor([3.0, 4.0])]) if not missing() else (25.0, [])
        (25.0, [])
    """
    square, _, left = _native.norm(gradients, torch.get_num_threads())
    return square, [gradients[i] for i in left]


def completed(found: tuple[float, ...], stride: Stride) -> Sums:
    """Return the compiled module's numbers as sums, with what follows from them."""
    sums = Sums(*found)
    if stride.kinetic.name == "newtonian":
        sums = newtonian_energies(sums, stride.coefficients)
    if stride.last is None or stride.kinetic.name == "adaptive":
        sums = sums._replace(gradient_velocity=float("nan"))
    return sums


def by_count(batch: Batch) -> dict[int, list[int]]:
    """Return the places of a batch by how many forces their mass has seen, this too."""
    places: dict[int, list[int]] = {}
    if all(memory is None for memory in batch.memories):
        return {1: list(range(len(batch.params)))}
    for i, memory in enumerate(batch.memories):
        places.setdefault(memory.state["memory_0"] + 1, []).append(i)  # type: ignore[union-attr]
    return places


def _random(batch: Batch) -> bool:
    return any(rounding is not None for rounding in batch.roundings)


def grow(memories: list[Any]) -> None:
    """Count the force that a kernel has let into adaptive masses."""
    for memory in memories:
        if memory is not None:
            memory.state["memory_0"] += 1


def mark(params: list[Tensor]) -> None:
    """Tell autograd that these were written to, as any in-place operation does."""
    if params:
        torch.autograd.graph.increment_version(params)
