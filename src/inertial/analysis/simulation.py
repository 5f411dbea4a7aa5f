"""Roll thousands of particles down a landscape, each by its own setting, as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy

from inertial.analysis import swift
from inertial.analysis.crowd import Crowd, check_crowd
from inertial.analysis.film import Film, Trajectory
from inertial.analysis.landscape import Landscape
from inertial.bounds import NOT_NEGATIVE, POSITIVE, Bound, check
from inertial.physics.coefficients import Coefficients
from inertial.physics.energy import energy_scale, kinetic_energy
from inertial.physics.force import force
from inertial.physics.kinetic import Kinetic, newtonian
from inertial.physics.step import step as take_step

Rule = Callable[[int], Coefficients]


class MethodLike(Protocol):
    """What `simulate` reads of a method: its rule, and what joins the force."""

    @property
    def coefficients(self) -> Rule:
        """Step (0 at the first) -> the six numbers of that step."""

    @property
    def kinetic(self) -> Kinetic:
        """The kinetic energy."""

    @property
    def weight_decay(self) -> float:
        """Coupled weight decay. Unit: L/X²."""

    @property
    def maximize(self) -> bool:
        """Whether the loss is climbed."""


class _Plan(NamedTuple):
    """What a run needs to know, read and checked once."""

    rule: Rule
    kinetic: Kinetic
    landscape: Landscape
    weight_decay: float
    maximize: bool
    noise: Any
    generator: Any
    limit: float


class _State(NamedTuple):
    """The particles between two steps."""

    position: Any
    momentum: Any
    memory: Any
    heat: Any
    diverged_at: Any


def simulate(
    method: Coefficients | Rule | MethodLike,
    landscape: Landscape,
    position: Any,
    steps: int,
    *,
    kinetic: Kinetic | None = None,
    momentum: Any = None,
    noise: Any = 0.0,
    seed: int | None = None,
    clock: Callable[[int], float] | None = None,
    keep_every: int = 1,
    limit: float = 1e9,
    memory_limit: float = 2e9,
    progress: Callable[[int, int], None] | None = None,
) -> Trajectory:
    """Return the trajectories of many particles, each by its own setting, as one batch.

    Whatever has the shape (particles, 1), a coefficient, the noise, or (particles,
    dimension), the start, gives every particle its own; the rest is shared. A batch
    makes the same numbers as its particles one by one.

    Args:
        method: `Coefficients`, a function from the step (0 at the first) to them, or a
            method of `inertial.conventions`, whose weight decay, direction and kinetic
            energy then count too. Shape of each coefficient: () or (particles, 1).
        landscape: Where they roll.
        position: The start. Shape: (dimension,) or (particles, dimension). Unit: X.
        steps: How many steps to take, at least 1.
        kinetic: The kinetic energy; Newton's, or the method's own, if None. A norm in
            it is each particle's own.
        momentum: The momentum at the start; at rest if None. Shape: as `position`.
        noise: Standard deviation of the gradient's Gaussian noise, for each coordinate
            on its own. Shape: () or (particles, 1). Unit: L/X.
        seed: Seed of the noise; must be given where there is noise.
        clock: step -> time step, for `Trajectory.times` only: the coefficients know
            their time step already. One tick a step if None. Unit: T.
        keep_every: Keep each frame whose step this divides, and the last.
        limit: A coordinate beyond ± this, or a momentum that is no longer finite, has
            diverged. Unit: X.
        memory_limit: Refuse a trajectory that takes more. Unit: byte.
        progress: Called with (steps done, steps) at each kept frame.

    Returns:
        The trajectory. It holds no nan: a particle that diverges stops where it last
        was, and `diverged_at` says when.

    Source: `physics.step`, the one map; the noise is that of docs/theory.md, T32.

    Example:
        >>> from inertial.analysis.landscape import ravine
        >>> lr = numpy.array([[1.0], [5.0]])
        >>> run = simulate(Coefficients(decay=0.9, drift=lr), ravine(), (1, 1), 100)
        >>> run.positions.shape, run.diverged_at.tolist()
        ((101, 2, 2), [-1, 20])
    """
    plan = _plan(method, kinetic, landscape, noise, seed, limit)
    _check_counts(steps, keep_every)
    state = _start(plan, position, momentum)
    film = Film(state.position.shape, steps, keep_every, memory_limit)
    watched = keep_every != 1 or progress is not None
    if isinstance(method, Coefficients) and not watched and _is_short(state, steps):
        return _at_once(plan, method, state, film).trajectory(clock)
    # Overflow is expected of what diverges; it is caught, and told in `diverged_at`.
    with numpy.errstate(over="ignore", invalid="ignore"):
        film.keep(*_frame(plan, plan.rule(0), state))
        for number in range(steps):
            coefficients = plan.rule(number)
            state = _advance(plan, coefficients, state, number)
            done = number + 1
            if done % keep_every == 0 or done == steps:
                film.keep(*_frame(plan, coefficients, state))
                if progress is not None:
                    progress(done, steps)
    film.diverged_at = state.diverged_at
    return film.trajectory(clock)


# In more dimensions sums over all frames at once are rounded in another order.
_PLANE = 2
_ROOM = 4_000_000  # numbers, of which a dozen arrays are held at once


def _is_short(state: _State, steps: int) -> bool:
    small = state.position.size * (steps + 1) <= _ROOM
    return bool(small and state.memory is None and state.position.shape[1] <= _PLANE)


def _at_once(plan: _Plan, six: Coefficients, state: _State, film: Film) -> Film:
    """Return the film, filled the short way: roll without a look, then read it off."""
    steps, shape = int(film.steps[-1]), state.position.shape[::-1]
    chance: Any = None
    if plan.generator is not None:
        chance = plan.generator.standard_normal((steps, *shape)).transpose(0, 2, 1)

    def push(position: Any, number: int) -> Any:
        gradient = plan.landscape.gradient(position)
        if chance is not None:
            gradient = gradient + plan.noise * chance[number]
        return force(numpy.asfortranarray(gradient), position)

    places, momenta = swift.roll(
        six, plan.kinetic, push, state.position, state.momentum, steps
    )
    shown, film.diverged_at = swift.stopped(places, momenta, plan.limit)
    places, momenta = (swift.frozen(each, shown) for each in (places, momenta))
    with numpy.errstate(over="ignore", invalid="ignore"):
        crowd = momenta.view(Crowd)
        kinetic = _kinetic(plan, six, crowd, None)[..., 0]
        slowed = _kinetic(plan, six, six.decay * crowd[:-1], None)[..., 0]
        heat = swift.frozen(swift.running_heat(kinetic[:-1], slowed), shown)
        film.fill(places, momenta, plan.landscape.value(places), kinetic, heat)
    return film


def _plan(
    method: Any,
    kinetic: Kinetic | None,
    landscape: Landscape,
    noise: Any,
    seed: int | None,
    limit: float,
) -> _Plan:
    rule, own, weight_decay, maximize = _read(method)
    if kinetic is not None and own is not None:
        raise ValueError(
            f'`kinetic` is given ("{kinetic.name}"), but the method brings its own '
            f'("{own.name}"). Leave it out, or pass `method.coefficients`.'
        )
    kinetic = kinetic or own or newtonian()
    check_crowd(kinetic, landscape.dimension)
    check("limit", limit, POSITIVE)
    spread = numpy.asarray(noise, dtype=numpy.float64)
    for value in spread.flat:
        check("noise", value, NOT_NEGATIVE)
    generator = None
    if spread.any():
        if seed is None:
            raise ValueError(
                "`seed` must be given where `noise` is above 0, but is None: nobody "
                "could repeat such a run. Pass any whole number, such as 0."
            )
        generator = numpy.random.default_rng(seed)
    return _Plan(
        rule, kinetic, landscape, weight_decay, maximize, spread, generator, limit
    )


# The rule, and the kinetic energy, weight decay and direction that a method brings.
def _read(method: Any) -> tuple[Rule, Kinetic | None, float, bool]:
    if isinstance(method, Coefficients):
        return (lambda _: method), None, 0.0, False
    if hasattr(method, "coefficients") and hasattr(method, "kinetic"):
        rule = method.coefficients
        return rule, method.kinetic, method.weight_decay, method.maximize
    if callable(method):
        return method, None, 0.0, False
    raise TypeError(
        "`method` must be Coefficients, a function from the step to Coefficients, or a "
        f"Method, but is {method!r}."
    )


def _check_counts(steps: int, keep_every: int) -> None:
    for name, value in (("steps", steps), ("keep_every", keep_every)):
        check(name, value, Bound(1.0))
        if int(value) != value:
            raise TypeError(f"`{name}` must be a whole number, but is {value!r}.")


def _start(plan: _Plan, position: Any, momentum: Any) -> _State:
    dimension = plan.landscape.dimension
    at_rest = numpy.zeros(dimension)
    places = _rows("position", position, dimension)
    pushes = _rows("momentum", at_rest if momentum is None else momentum, dimension)
    counts = {"position": len(places), "momentum": len(pushes)}
    settings = plan.rule(0)._asdict() | {"noise": plan.noise}
    counts |= {name: _column(name, value) for name, value in settings.items()}
    particles = max(counts.values())
    for name, count in counts.items():
        if count not in (1, particles):
            raise ValueError(
                f"`{name}` is for {count} particles, but others are for {particles}. "
                "Give one row for all, or one for each."
            )
    if abs(places).max() > plan.limit:
        raise ValueError(
            f"`position` must start within ±`limit` = {plan.limit:g}, but reaches "
            f"{abs(places).max():g}. Start closer, or raise `limit`."
        )
    crowd = _spread(pushes, particles).view(Crowd)
    return _State(
        _spread(places, particles),
        crowd,
        plan.kinetic.start(crowd),
        heat=numpy.zeros((particles, 1)),
        diverged_at=numpy.full(particles, -1),
    )


def _rows(name: str, values: Any, dimension: int) -> Any:
    array = numpy.asarray(values, dtype=numpy.float64)
    if array.ndim not in (1, 2) or not array.size or array.shape[-1] != dimension:
        raise ValueError(
            f"`{name}` must have the shape ({dimension},) or (particles, {dimension}) "
            f"on this landscape, but has {array.shape}."
        )
    if not numpy.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, but holds nan or inf.")
    return array.reshape(-1, dimension)


def _column(name: str, setting: Any) -> int:
    shape = numpy.shape(setting)
    if shape != () and (len(shape) != 2 or shape[1] != 1):
        raise ValueError(
            f"`{name}` must be a number or have the shape (particles, 1), but has "
            f"{shape}. Stand the settings in a column: `values[:, None]`."
        )
    return shape[0] if shape else 1


def _spread(rows: Any, particles: int) -> Any:
    # Coordinate by coordinate: a column of settings then meets long contiguous rows,
    # which NumPy takes five times faster.
    shape = (particles, rows.shape[1])
    return numpy.array(numpy.broadcast_to(rows, shape), order="F")


def _advance(
    plan: _Plan, coefficients: Coefficients, state: _State, number: int
) -> _State:
    """Return the particles after one step; those that have diverged stay."""
    push = _force(plan, state.position).view(Crowd)
    position, momentum, memory = take_step(
        coefficients, plan.kinetic, state.position, state.momentum, push, state.memory
    )
    slowed = coefficients.decay * state.momentum
    heat = state.heat + _kinetic(plan, coefficients, state.momentum, memory)
    heat = heat - _kinetic(plan, coefficients, slowed, memory)
    new = _State(
        position.view(numpy.ndarray), momentum, memory, heat, state.diverged_at
    )
    if (state.diverged_at >= 0).any():
        new = _stop(state, new, state.diverged_at < 0)
    # Both are false for nan. The quick look spares the slow one on nearly every step.
    farthest, all_momenta = abs(new.position).max(), new.momentum.view(numpy.ndarray)
    if farthest <= plan.limit and numpy.isfinite(all_momenta.sum()):
        return new
    inside = (abs(new.position) <= plan.limit) & numpy.isfinite(new.momentum)
    rolls = inside.view(numpy.ndarray).all(-1)
    stopped = _stop(state, new, rolls)
    return stopped._replace(
        diverged_at=numpy.where(rolls, state.diverged_at, number + 1)
    )


def _stop(old: _State, new: _State, rolls: Any) -> _State:
    """Return the new state of those that still roll, the old state of the others."""
    choice = rolls[:, None]
    return new._replace(
        position=numpy.where(choice, new.position, old.position),
        momentum=numpy.where(choice, new.momentum, old.momentum).view(Crowd),
        heat=numpy.where(choice, new.heat, old.heat),
    )


def _force(plan: _Plan, position: Any) -> Any:
    gradient = plan.landscape.gradient(position)
    if plan.generator is not None:
        # Drawn coordinate by coordinate, as the particles are stored.
        draw = plan.generator.standard_normal(position.shape[::-1]).T
        gradient = gradient + plan.noise * draw
    gradient = numpy.asfortranarray(gradient)
    return force(gradient, position, plan.weight_decay, plan.maximize)


def _frame(plan: _Plan, coefficients: Coefficients, state: _State) -> tuple[Any, ...]:
    loss = plan.landscape.value(state.position)
    kinetic = _kinetic(plan, coefficients, state.momentum, state.memory)
    return state.position, state.momentum, loss, kinetic[:, 0], state.heat[:, 0]


def _kinetic(
    plan: _Plan, coefficients: Coefficients, momentum: Any, memory: Any
) -> Any:
    """Return each particle's kinetic energy. Shape: (particles, 1). Unit: L."""
    kick = coefficients.kick
    # An infinite kick has the scale 0: an account without what has no unit in it.
    kick = kick if numpy.all(kick) else numpy.where(kick == 0, numpy.inf, kick)
    scale = energy_scale(Coefficients(kick=kick, drift=coefficients.drift))
    energy = kinetic_energy(coefficients, plan.kinetic, momentum, memory, scale)
    return energy.view(numpy.ndarray)
