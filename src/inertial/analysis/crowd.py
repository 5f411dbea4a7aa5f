"""Many particles in one array, each of which sums over its own coordinates only."""

from __future__ import annotations

from typing import Any

import numpy

from inertial.physics.kinetic import Kinetic


class Crowd(numpy.ndarray):
    """An array of particles, whose sum is a sum over each particle's coordinates.

    A kinetic energy is written for one particle and ends in a `total` over all it is
    given. Given a crowd, the same text yields one number for each particle, and a norm
    is each particle's own: nothing is written twice, and nothing loops.

    Example:
        >>> crowd = numpy.array([[3.0, 4.0], [6.0, 8.0]]).view(Crowd)
        >>> numpy.asarray(crowd / (crowd * crowd).sum() ** 0.5)
        array([[0.6, 0.8],
               [0.6, 0.8]])
    """

    def sum(self, *_: Any, **__: Any) -> Any:
        """Return each particle's own sum. Shape: (..., particles, 1)."""
        return super().sum(axis=-1, keepdims=True)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        # `where` and its like would hand back a plain array, which sums over everyone.
        answer = super().__array_function__(func, types, args, kwargs)
        return answer.view(Crowd) if isinstance(answer, numpy.ndarray) else answer


def check_crowd(kinetic: Kinetic, dimension: int) -> None:
    """Refuse a kinetic energy that would mix the particles of a crowd.

    Args:
        kinetic: The kinetic energy, which will be given a crowd.
        dimension: How many coordinates a particle has.

    Raises:
        TypeError: If it needs matrices, or gives two particles together another energy
            or velocity than it gives each alone.

    Example:
        >>> from inertial.physics.kinetic import norm
        >>> check_crowd(norm(), 2)
    """
    if kinetic.scope == "matrix":
        raise TypeError(
            f'kinetic energy "{kinetic.name}" needs matrices, but the position of a '
            "particle is a vector. Use one of scope element or tensor, such as norm()."
        )
    momentum = numpy.linspace(-3.0, 2.0, 2 * dimension).reshape(2, dimension)
    together = _reading(kinetic, momentum.view(Crowd))
    alone = [_reading(kinetic, one) for one in momentum]
    for both, *each in zip(together, *alone, strict=True):
        expected = numpy.stack(each).reshape(2, -1)
        # Room for the rounding of another summation order, and no more.
        if both.shape != expected.shape or not numpy.allclose(both, expected, 1e-12):
            raise TypeError(
                f'kinetic energy "{kinetic.name}" mixes particles that are simulated '
                "together. Write it with `inertial.arrays.total` and operators, or "
                "simulate the particles one by one."
            )


def _reading(kinetic: Kinetic, momentum: Any) -> tuple[Any, Any]:
    """Return a momentum's energy and velocity after it was felt as a force once."""
    memory = kinetic.remember(momentum, kinetic.start(momentum))
    energy, velocity = kinetic.energy(momentum, memory), kinetic.velocity
    return numpy.asarray(energy), numpy.asarray(velocity(momentum, memory))
