"""How the experiments on conversions walk: the library's map, and PyTorch itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy

from inertial.conventions import Method
from inertial.conventions.normal_form import NormalForm
from inertial.evidence.statement import Comparison
from inertial.physics import (
    SYMPLECTIC_EULER,
    Particle,
    advance,
    force,
    newtonian,
    step,
)

Slope = Callable[[Any, int], Any]
"""(position, step) -> the gradient that is felt there and then."""

ROUNDING = "rounding of a few hundred steps in double precision"


def rough_slope(seed: int, steps: int, dimension: int = 5) -> tuple[Slope, Any]:
    """Return a slope that is bent and noisy, so that no two methods agree by chance.

    Args:
        seed: Of the bowl, the start and each step's noise.
        steps: For how many steps there is noise.
        dimension: Of the position.

    Returns:
        (slope, start): of xᵀAx/2 − 0.2·Σ cos x with curvatures of A up to 1, and noise
        of standard deviation 0.3.

    Example:
        >>> slope, start = rough_slope(0, steps=3)
        >>> slope(start, 2).shape
        (5,)
    """
    chance = numpy.random.default_rng(seed)
    root = chance.normal(size=(dimension, dimension))
    bowl = root @ root.T
    bowl = bowl / numpy.linalg.eigvalsh(bowl)[-1]
    noise = 0.3 * chance.normal(size=(steps, dimension))
    start = chance.normal(size=dimension)
    return lambda x, t: bowl @ x + 0.2 * numpy.sin(x) + noise[t], start


def rough_schedule(seed: int, steps: int, low: float = 0.01, high: float = 0.08) -> Any:
    """Return a learning rate that walks at random and drops tenfold for the last third.

    It never rises by more than a tenth, since Keras would need a momentum above 1.

    Args:
        seed: Of the walk.
        steps: How many.
        low: Least, before the drop. Unit: X²/L.
        high: Greatest. Unit: X²/L.

    Returns:
        The learning rates. Shape: (steps,). Unit: X²/L.

    Example:
        >>> lr = rough_schedule(0, 9)
        >>> bool((lr[1:] < 1.1 * lr[:-1]).all())
        True
    """
    chance = numpy.random.default_rng(seed)
    walk, lr = numpy.log(0.05), numpy.zeros(steps)
    for t in range(steps):
        walk = numpy.clip(walk + chance.uniform(-0.09, 0.09), *numpy.log([low, high]))
        lr[t] = numpy.exp(walk) * (0.1 if 3 * t >= 2 * steps else 1.0)
    return lr


def walk(
    method: Callable[[int], Method], slope: Slope, start: Any, steps: int, push: Any = 0
) -> Any:
    """Return the positions of the library's map under words that change.

    Args:
        method: step -> the method that its words spell.
        slope: What is felt.
        start: Shape: (dimension,). Unit: X.
        steps: How many.
        push: The momentum at the start. Unit: as the method counts it.

    Returns:
        The positions. Shape: (steps + 1, dimension). Unit: X.

    Example:
        >>> from inertial.conventions import torch_sgd
        >>> descent = torch_sgd(lr=0.5)
        >>> walk(lambda t: descent, lambda x, t: x, numpy.ones(1), 2)[:, 0]
        array([1.  , 0.5 , 0.25])
    """
    position, momentum = start, push + 0.0 * start
    places = [position]
    for t in range(steps):
        now = method(t)
        felt = force(slope(position, t), position, now.weight_decay)
        position, momentum, _ = step(
            now.coefficients(t), now.kinetic, position, momentum, felt
        )
        places.append(position)
    return numpy.array(places)


def walk_displacements(
    form: Callable[[int], NormalForm], slope: Slope, start: Any, steps: int
) -> Any:
    """Return the positions of a normal form: d' = carried·d − pushed·g + recalled·g₋.

    Args:
        form: step -> its three numbers.
        slope: What is felt.
        start: Shape: (dimension,). Unit: X.
        steps: How many.

    Returns:
        The positions. Shape: (steps + 1, dimension). Unit: X.

    Example:
        >>> half = NormalForm(0.0, 0.5, 0.0)
        >>> walk_displacements(lambda t: half, lambda x, t: x, numpy.ones(1), 1)[:, 0]
        array([1. , 0.5])
    """
    position, moved, before = start, 0.0 * start, 0.0 * start
    places = [position]
    for t in range(steps):
        now, gradient = form(t), slope(position, t)
        moved = now.carried * moved - now.pushed * gradient + now.recalled * before
        position, before = position + moved, gradient
        places.append(position)
    return numpy.array(places)


def walk_torch(
    words: Callable[[int], Mapping[str, Any]],
    slope: Slope,
    start: Any,
    steps: int,
    make: Callable[..., Any] | None = None,
    **fixed: Any,
) -> Any:
    """Return the positions of a real optimizer of PyTorch.

    Args:
        words: step -> what a scheduler writes into the parameter group.
        slope: What is felt.
        start: Shape: (dimension,). Unit: X.
        steps: How many.
        make: Makes the optimizer of a list of parameters; torch.optim.SGD if None.
        **fixed: Words for its constructor.

    Returns:
        The positions. Shape: (steps + 1, dimension). Unit: X.

    Example:
        >>> walk_torch(lambda t: {"lr": 0.5}, lambda x, t: x, numpy.ones(1), 1)[:, 0]
        array([1. , 0.5])
    """
    import torch

    made = make or torch.optim.SGD
    weight = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = made([weight], **fixed)
    position, places = weight.detach().numpy(), [numpy.array(start, float)]
    for t in range(steps):
        for group in optimizer.param_groups:
            group.update(words(t))
        weight.grad = torch.from_numpy(numpy.asarray(slope(position, t)))
        optimizer.step()
        places.append(position.copy())
    return numpy.array(places)


def roll(
    particles: Iterable[Particle], clock: Iterable[float], slope: Slope, start: Any
) -> Any:
    """Return the positions of a particle whose nature may change, stage by stage.

    Args:
        particles: One for each step; the momentum is kept from one to the next.
        clock: The time of each step. Unit: T.
        slope: What is felt.
        start: Shape: (dimension,). Unit: X.

    Returns:
        The positions. Shape: (steps + 1, dimension). Unit: X.

    Example:
        >>> roll([Particle()], [0.5], lambda x, t: x, numpy.ones(1))[:, 0]
        array([1.  , 0.75])
    """
    state, places = (start, 0.0 * start), [start]
    for t, (particle, time_step) in enumerate(zip(particles, clock, strict=True)):
        state = advance(
            SYMPLECTIC_EULER,
            newtonian(),
            lambda x, t=t: -slope(x, t),  # type: ignore[misc]
            particle,
            time_step,
            *state,
        )
        places.append(state[0])
    return numpy.array(places)


def none_apart(
    what: str, gaps: Iterable[float], tolerance: float = 1e-12
) -> Comparison:
    """Compare the largest of some distances with none.

    Args:
        what: What they are distances of.
        gaps: The distances.
        tolerance: What rounding may leave.

    Returns:
        The comparison.

    Example:
        >>> none_apart("two runs", [0.0, 1e-15]).holds
        True
    """
    worst = max(float(gap) for gap in gaps)
    return Comparison(f"{what}, the largest", 0.0, worst, tolerance, ROUNDING)


def apart(path: Any, other: Any) -> float:
    """Return the largest distance of two paths, in units of the other's largest place.

    Example:
        >>> apart(numpy.array([1.0, 2.5]), numpy.array([1.0, 2.0]))
        0.25
    """
    return float(abs(path - other).max() / abs(other).max())


def lengths(path: Any) -> Any:
    """Return how far each step went. Shape: (steps,). Unit: X.

    Example:
        >>> lengths(numpy.array([[0.0], [-2.0]]))
        array([2.])
    """
    return numpy.linalg.norm(numpy.diff(path, axis=0), axis=-1)
