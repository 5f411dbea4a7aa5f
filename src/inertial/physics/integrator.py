"""Integrators as data: in which order a step kicks, drags and drifts.

A time step of m·x'' = −φ·∇V − friction·x' is split into stages that each can be done
exactly. An integrator is the list of its stages; one driver runs them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from inertial.arrays import Array
from inertial.bounds import SHARE, check, check_choice
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic
from inertial.physics.particle import Particle

VERBS = ("look", "kick", "drag", "push", "drift")

OneForce = Callable[[Particle, Array], Coefficients]


class Integrator(NamedTuple):
    """One way to split a time step.

    Attributes:
        name: What users call it.
        stages: (verb, share of the time step), in order. "kick": the force acts.
            "drag": friction acts. "push": both act together, as the particle's friction
            law has it. "drift": the position moves; with a negative share it moves
            back. "look": the force is taken here, and the next kick or push uses it.
        order: Order of the global error in the time step, with exact friction. The
            splittings that drag apart from the kick have order 1 at most with the
            explicit and the implicit law, which are of order 1 themselves.
        source: Where it is written.
        one_force: (particle, time step) -> the six numbers that walk the same positions
            with one force a step; None if there are none.
    """

    name: str
    stages: tuple[tuple[str, float], ...]
    order: int
    source: str
    one_force: OneForce | None = None


def advance(
    integrator: Integrator,
    kinetic: Kinetic,
    force: Callable[[Array], Array],
    particle: Particle,
    time_step: Array,
    position: Array,
    momentum: Array,
) -> tuple[Array, Array]:
    """Move a particle by one time step, stage by stage.

    Args:
        integrator: The order of the stages.
        kinetic: The kinetic energy; one that remembers forces has no fixed mass and is
            refused: run it with `physics.step`.
        force: position -> minus the gradient there; φ is the particle's. Unit: L/X.
        particle: Mass, friction and force scale.
        time_step: Length of the step. Not negative. Unit: T.
        position: Shape: any. Unit: X.
        momentum: Shape: as `position`. Unit: L·T/X.

    Returns:
        The new position and momentum. No input is written to.

    Raises:
        ValueError: If the kinetic energy remembers, or a stage has no known verb.

    Source: splitting as in Leimkuhler and Matthews (2013), "Rational construction of
    stochastic numerical methods for molecular sampling".

    Example:
        >>> from inertial.physics.kinetic import newtonian
        >>> free = Particle(mass=2.0)
        >>> advance(LEAPFROG, newtonian(), lambda x: 0.0 * x, free, 0.5, 1.0, 4.0)
        (2.0, 4.0)
    """
    if kinetic.start(position) is not None:
        raise ValueError(
            f'kinetic energy "{kinetic.name}" remembers past forces, so its particle '
            "has no fixed mass to integrate. Use `physics.step` for it."
        )
    held = None
    for verb, share in integrator.stages:
        part = particle.coefficients(abs(share) * time_step)
        if verb == "look":
            held = force(position)
        elif verb == "drift":
            way = part.drift if share > 0 else -part.drift
            position = position + way * kinetic.velocity(momentum, None)
        elif verb == "drag":
            momentum = part.decay * momentum
        else:
            check_choice("verb", verb, VERBS)
            now, held = (force(position) if held is None else held), None
            momentum = _kicked(verb, share * time_step, particle, part, momentum, now)
    return position, momentum


def _kicked(
    verb: str,
    time: Array,
    particle: Particle,
    part: Coefficients,
    momentum: Array,
    force: Array,
) -> Array:
    if verb == "push":
        return part.decay * momentum + part.kick * force
    return momentum + particle.force_scale * time * force


def forces_per_step(integrator: Integrator) -> int:
    """Return how many places a step asks the force at, the last shared with the next.

    A step that begins and ends with a kick asks at the same place twice: where one step
    ends, the next begins.

    Args:
        integrator: The integrator.

    Returns:
        The number of gradients a step costs.

    Example:
        >>> forces_per_step(LEAPFROG)
        1
    """
    asked = 0
    held = False
    for verb, _ in integrator.stages:
        if verb == "look" or (verb in ("kick", "push") and not held):
            asked += 1
        held = verb == "look" or (held and verb not in ("kick", "push"))
    first, last = integrator.stages[0][0], integrator.stages[-1][0]
    return asked - 1 if first == last == "kick" and asked > 1 else asked


def coefficients(
    integrator: Integrator, particle: Particle, time_step: Array
) -> Coefficients:
    """Return the six numbers with which `physics.step` walks the same path.

    Which of the positions that an integrator visits are walked:

    - symplectic Euler and explicit Euler: those at the end of the step, for any kinetic
      energy. The adjoint's are those after the drift: the same heavy ball.
    - Nesterov: those where it looks (Newton's K).
    - leapfrog: those at the end of the step, with the two half kicks between two steps
      joined to one (Newton's K). From rest its first half kick becomes a whole one.
    - relativistic leapfrog: those where it kicks (Newton's K).

    Args:
        integrator: The integrator.
        particle: Mass, friction and force scale.
        time_step: Length of the step. Not negative. Unit: T.

    Returns:
        The six numbers.

    Raises:
        ValueError: If the integrator needs more than one force a step, or no six
            numbers walk its path.

    Source: docs/theory.md, T14; for Nesterov T16 (Keras's form); for the leapfrogs T20,
    the heavy ball with the learning rate times (1 + momentum)/2.

    Example:
        >>> coefficients(LEAPFROG, Particle(friction=0.0), 0.5).drift
        0.5
    """
    if integrator.one_force is not None:
        return integrator.one_force(particle, time_step)
    known = ", ".join(f'"{i.name}"' for i in INTEGRATORS.values() if i.one_force)
    count = forces_per_step(integrator)
    trouble = "has no six numbers that walk its path"
    if count > 1:
        trouble = "has no six numbers that walk its path"
    if count > 1:
        trouble = (
            f"asks for the force {count} times a step, but a training step has one "
            "gradient"
        )
    raise ValueError(
        f'integrator "{integrator.name}" {trouble}. Use one of: {known}; or run it '
        "`advance(...)`, which can call the force at will."
    )


def relativistic_leapfrog(symmetry: float = 1.0) -> Integrator:
    """Return the leapfrog of Franca et al., whole (symmetry 1) or only its second half.

    Drag, drift, kick, drift, drag, with half of the friction at each end. Of the first
    drift only the share `symmetry` is kept. It was made for the relativistic K by norm,
    whose speed limit bounds every step; with Newton's K, 1 is the heavy ball at the
    places of the kick and 0 is Nesterov's method.

    In the letters of the paper's code, with s = 1/(1 + symmetry): alpha = symmetry,
    mu = decay, its learning rate is s·φ·dt²/m, and its delta is 1/(s·dt·c)² where c is
    the speed limit of `relativistic(speed_limit=c, mass=m, by="norm")`, at
    Particle(mass=1).

    Args:
        symmetry: Share of the first drift that is kept. At least 0, at most 1. Unit: 1.

    Returns:
        The integrator: of order 2 where symmetry is 1, else 1.

    Source: docs/theory.md, T20; Franca, Sulam, Robinson and Vidal (2020), "Conformal
    symplectic and relativistic optimization"; relativistic2 of the authors' code.

    Example:
        >>> relativistic_leapfrog(1.0).stages
        (('drag', 0.5), ('drift', 0.5), ('kick', 1.0), ('drift', 0.5), ('drag', 0.5))
    """
    check("symmetry", symmetry, SHARE)
    whole = symmetry >= 1.0
    share = 1.0 / (1.0 + symmetry)
    back = () if whole else (("look", 1.0), ("drift", -(1.0 - symmetry) * share))
    return Integrator(
        "relativistic_leapfrog" if whole else f"relativistic_leapfrog({symmetry:g})",
        (
            ("drag", 0.5),
            ("drift", share),
            *back,
            ("kick", 1.0),
            ("drift", share),
            ("drag", 0.5),
        ),
        order=2 if whole else 1,
        source="Franca et al. 2020, Conformal symplectic and relativistic optimization",
        one_force=_relativistic if whole else None,
    )


def _euler(particle: Particle, time_step: Array) -> Coefficients:
    return particle.coefficients(time_step)


def _explicit(particle: Particle, time_step: Array) -> Coefficients:
    """Return the six numbers whose velocity is that of the old momentum.

    Raises:
        ValueError: If no old momentum is left to tell.
    """
    plain = particle.coefficients(time_step)
    if isinstance(plain.decay, (int, float)) and plain.decay == 0:
        raise ValueError(
            "explicit Euler moves with the old momentum, of which a decay of 0 leaves "
            "nothing. Use a shorter `time_step` or less friction."
        )
    # old momentum = (momentum' − kick·force)/decay
    return plain._replace(
        blend_momentum=1.0 / plain.decay, blend_force=-plain.kick / plain.decay
    )


def _nesterov(particle: Particle, time_step: Array) -> Coefficients:
    plain = particle.coefficients(time_step)
    kick = particle.force_scale * time_step
    return plain._replace(kick=kick, blend_momentum=plain.decay, blend_force=kick)


def _leapfrog(particle: Particle, time_step: Array) -> Coefficients:
    return _two_drifts(particle, time_step, particle.coefficients(time_step).decay)


def _relativistic(particle: Particle, time_step: Array) -> Coefficients:
    half = particle.coefficients(0.5 * time_step).decay
    return _two_drifts(particle, time_step, half * half)


def _two_drifts(particle: Particle, time_step: Array, decay: Array) -> Coefficients:
    """Return kick, half a drift, the drag, half a drift, as one step."""
    drift = time_step / particle.mass * (1.0 + decay) / 2.0
    return Coefficients(decay, kick=particle.force_scale * time_step, drift=drift)


EXPLICIT_EULER = Integrator(
    "explicit_euler",
    (("look", 1.0), ("drift", 1.0), ("push", 1.0)),
    order=1,
    source="Euler 1768; docs/theory.md, T03: stable up to lr·curvature = 1 - momentum",
    one_force=_explicit,
)
SYMPLECTIC_EULER = Integrator(
    "symplectic_euler",
    (("push", 1.0), ("drift", 1.0)),
    order=1,
    source="Polyak 1964, the heavy ball; docs/theory.md, T04 and T14",
    one_force=_euler,
)
SYMPLECTIC_EULER_ADJOINT = Integrator(
    "symplectic_euler_adjoint",
    (("drift", 1.0), ("push", 1.0)),
    order=1,
    source="the adjoint of symplectic Euler: the same heavy ball, read after the drift",
    one_force=_euler,
)
LEAPFROG = Integrator(
    "leapfrog",
    (("kick", 0.5), ("drift", 0.5), ("drag", 1.0), ("drift", 0.5), ("kick", 0.5)),
    order=2,
    source="Leimkuhler and Matthews 2013, BAOAB without noise; docs/theory.md, T08",
    one_force=_leapfrog,
)
NESTEROV = Integrator(
    "nesterov",
    (
        ("drag", 1.0),
        ("drift", 1.0),
        ("look", 1.0),
        ("drift", -1.0),
        ("kick", 1.0),
        ("drift", 1.0),
    ),
    order=1,
    source="Sutskever et al. 2013, the look ahead; docs/theory.md, T16",
    one_force=_nesterov,
)
RELATIVISTIC_LEAPFROG = relativistic_leapfrog()

INTEGRATORS = {
    integrator.name: integrator
    for integrator in (
        EXPLICIT_EULER,
        SYMPLECTIC_EULER,
        SYMPLECTIC_EULER_ADJOINT,
        LEAPFROG,
        NESTEROV,
        RELATIVISTIC_LEAPFROG,
    )
}
