"""The frames of a simulation: what was kept, and room for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from inertial.analysis.swift import lasting


class Trajectory(NamedTuple):
    """Where the particles were, one frame for each step that was kept.

    Attributes:
        positions: Shape: (frames, particles, dimension). Unit: X.
        momenta: Shape: (frames, particles, dimension). Unit: as the coefficients count.
        losses: Height of the landscape. Shape: (frames, particles). Unit: L.
        kinetic: Kinetic energy, in units of the loss. Shape: (frames, particles). Unit:
            L. 0 where `kick` is 0: nothing ties such a momentum to the loss.
        heat: What friction has taken since the start. Shape: (frames, particles). Unit:
            L. `losses + kinetic + heat` stays level, up to the length of the steps,
            what noise and schedules do, and what `blend_force` and `keep` move.
        steps: How many steps were done at each frame; the first is 0, the last is
            always kept. Shape: (frames,). Unit: 1.
        times: The clock at each frame. Shape: (frames,). Unit: T.
        diverged_at: The step that would have carried the particle beyond the limit, as
            `steps` counts; -1 if none did. From then on it stays at its last place
            inside. Shape: (particles,). Unit: 1.
    """

    positions: Any
    momenta: Any
    losses: Any
    kinetic: Any
    heat: Any
    steps: Any
    times: Any
    diverged_at: Any


class Film:
    """Frames being kept, stored coordinate by coordinate, as the particles are.

    Attributes:
        steps: The steps to keep. Shape: (frames,).
        diverged_at: As in `Trajectory`; nobody has diverged at first.
    """

    def __init__(
        self, shape: tuple[int, int], steps: int, keep_every: int, memory_limit: float
    ) -> None:
        particles, dimension = shape
        self.steps = numpy.array(sorted({*range(0, steps + 1, keep_every), steps}))
        frames = len(self.steps)
        size = frames * particles * (2 * dimension + 3) * 8  # bytes of float64
        if size > memory_limit:
            fewer = int(keep_every * size / memory_limit) + 1
            raise ValueError(
                f"The trajectory would take {size / 1e9:.3g} GB, but `memory_limit` is "
                f"{memory_limit / 1e9:.3g} GB. Keep fewer frames "
                f"(`keep_every={fewer}`), simulate fewer particles, or raise the limit."
            )
        self._kept = 0
        self.diverged_at: Any = numpy.full(particles, -1)
        self._vectors = numpy.zeros((2, frames, dimension, particles))
        self._numbers = numpy.zeros((3, frames, particles))

    def keep(
        self, position: Any, momentum: Any, loss: Any, kinetic: Any, heat: Any
    ) -> None:
        """Keep the next frame.

        What overflows keeps its last number, for the place itself is still finite.

        Args:
            position: Shape: (particles, dimension). Unit: X.
            momentum: Shape: (particles, dimension).
            loss: Shape: (particles,). Unit: L.
            kinetic: Shape: (particles,). Unit: L.
            heat: Shape: (particles,). Unit: L.
        """
        frame = self._kept
        self._vectors[0, frame] = position.T
        self._vectors[1, frame] = momentum.T
        for row, values in enumerate((loss, kinetic, heat)):
            before = self._numbers[row, max(frame - 1, 0)]
            finite = numpy.isfinite(values)
            self._numbers[row, frame] = numpy.where(finite, values, before)
        self._kept = frame + 1

    def fill(
        self, positions: Any, momenta: Any, losses: Any, kinetic: Any, heat: Any
    ) -> None:
        """Keep all frames at once; what overflows as in `keep`.

        Args:
            positions: Shape: (frames, particles, dimension). Unit: X.
            momenta: Shape: as `positions`.
            losses: Shape: (frames, particles). Unit: L.
            kinetic: Shape: as `losses`. Unit: L.
            heat: Shape: as `losses`. Unit: L.
        """
        self._vectors[0] = positions.transpose(0, 2, 1)
        self._vectors[1] = momenta.transpose(0, 2, 1)
        for row, values in enumerate((losses, kinetic, heat)):
            self._numbers[row] = lasting(numpy.asarray(values))
        self._kept = len(self.steps)

    def trajectory(self, clock: Callable[[int], float] | None) -> Trajectory:
        """Return what was kept.

        Args:
            clock: step -> time step; one tick a step if None. Unit: T.

        Returns:
            The trajectory.
        """
        positions, momenta = self._vectors.transpose(0, 1, 3, 2)
        losses, kinetic, heat = self._numbers
        times = self.steps.astype(numpy.float64)
        if clock is not None:
            ticks = [clock(number) for number in range(self.steps[-1])]
            times = numpy.cumsum([0.0, *ticks])[self.steps]
        return Trajectory(
            positions,
            momenta,
            losses,
            kinetic,
            heat,
            self.steps,
            times,
            self.diverged_at,
        )


def work(trajectory: Trajectory) -> Any:
    """Return what the forces have put into the momentum since the start.

    Args:
        trajectory: Every frame of a run whose mass does not change.

    Returns:
        Kinetic energy gained, and heat. Shape: (frames, particles). Unit: L. Where the
        mass follows the forces (`adaptive`) it holds the work of the mass as well.

    Source: docs/theory.md, T65: kinetic = kinetic before − heat + work, summed.

    Example:
        >>> from inertial.analysis import landscape, simulate
        >>> from inertial.physics import Coefficients
        >>> six = Coefficients(decay=0.5, drift=0.5)
        >>> work(simulate(six, landscape("ravine"), (0.0, 1.0), 1)).tolist()
        [[0.0], [0.25]]
    """
    return trajectory.kinetic - trajectory.kinetic[0] + trajectory.heat


def velocities(trajectory: Trajectory, time_step: Any = 1.0) -> Any:
    """Return how fast the particles came to each frame.

    Args:
        trajectory: Every frame of a run, one for each step.
        time_step: Length of a step. Shape: () or (particles, 1). Unit: T.

    Returns:
        The last displacement over the time step; 0 at the start, where nothing has
        moved yet. Shape: (frames, particles, dimension). Unit: X/T.

    Example:
        >>> from inertial.analysis import landscape, simulate
        >>> from inertial.physics import Coefficients
        >>> six = Coefficients(decay=0.5, drift=0.5)
        >>> velocities(simulate(six, landscape("ravine"), (0.0, 1.0), 1))[1].tolist()
        [[0.0, -0.5]]
    """
    positions = trajectory.positions
    return numpy.diff(positions, axis=0, prepend=positions[:1]) / time_step
