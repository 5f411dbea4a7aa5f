"""Where the energy of one step goes: kinetic, heat, work, in units of the loss.

The particle's energy is H = V + E with V the loss. In units of the loss the kinetic
part is E(p) = scale · K(p) with scale = drift/kick, for then the force's work on the
momentum is what the loss loses, up to the length of the step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inertial.arrays import Array
from inertial.physics.coefficients import Coefficients
from inertial.physics.kinetic import Kinetic


class Account(NamedTuple):
    """The energy account of one step. All entries: Shape: (). Unit: L.

    Exactly, up to rounding: kinetic = kinetic_before + schedule_work − heat + work.

    Attributes:
        kinetic_before: Kinetic energy before the step.
        schedule_work: Put in because the scale (the mass) changed while the momentum
            stayed: a learning-rate schedule, a bias correction, a mass that remembers.
        heat: Lost to friction.
        work: Put in by the force.
        kinetic: Kinetic energy after the step.
    """

    kinetic_before: Array
    schedule_work: Array
    heat: Array
    work: Array
    kinetic: Array


def energy_scale(coefficients: Coefficients) -> Array:
    """Return what turns K(p) into units of the loss: drift/kick.

    Args:
        coefficients: The six numbers of the step.

    Returns:
        The scale. Shape: as the coefficients. Unit: that of L per unit of K.

    Raises:
        ValueError: If `kick` is 0: the force never enters this momentum, so nothing
            ties its unit to the loss.

    Source: dV = −force·drift·velocity and dp = kick·force, so dV = −(drift/kick)·dK;
    with kick = φ·dt and drift = dt/m (T14) it is 1/(φ·m).

    Example:
        >>> energy_scale(Coefficients(decay=0.9, drift=0.1))
        0.1
    """
    kick = coefficients.kick
    if isinstance(kick, (int, float)) and kick == 0:
        raise ValueError(
            "`kick` must not be 0 for an energy account: without it nothing ties the "
            "momentum to the loss. Use the scale of a step that has a kick."
        )
    return coefficients.drift / kick


def kinetic_energy(
    coefficients: Coefficients,
    kinetic: Kinetic,
    momentum: Array,
    memory: Any = None,
    scale: Array | None = None,
) -> Array:
    """Return the kinetic energy of a momentum in units of the loss.

    Where the velocity is taken at a share of the momentum (`blend_momentum`, a bias
    correction), E(p) = scale · K(blend_momentum · p) / blend_momentum, whose slope is
    the velocity with which the position really moves. So two conventions that make the
    same positions have the same energy.

    Args:
        coefficients: The six numbers of the step.
        kinetic: The kinetic energy.
        momentum: The momentum. Shape: any. Unit: as the coefficients count it.
        memory: What the kinetic energy remembers.
        scale: Used in place of `energy_scale(coefficients)`.

    Returns:
        E(p). Shape: (). Unit: L.

    Example:
        >>> import numpy
        >>> from inertial.physics.kinetic import newtonian
        >>> c = Coefficients(decay=0.9, drift=0.1)
        >>> float(kinetic_energy(c, newtonian(), numpy.array([2.0])))
        0.2
    """
    if scale is None:
        scale = energy_scale(coefficients)
    bare = kinetic.energy(coefficients.blend_momentum * momentum, memory)
    return _in_loss(coefficients, bare, scale)


def _in_loss(coefficients: Coefficients, bare: Array, scale: Array) -> Array:
    share = coefficients.blend_momentum
    # share = 0: this momentum never moves the position, and K(0) = 0 over 1 is 0
    return scale * bare / (share + (share == 0))


def account(
    coefficients: Coefficients,
    kinetic: Kinetic,
    momentum: Array,
    force: Array,
    memory: Any = None,
    scale_before: Array | None = None,
    *,
    kinetic_before: Array | None = None,
) -> Account:
    """Return the energy account of one step.

    With E the kinetic energy in units of the loss and p' = decay·p + kick·force:
    heat = E(p) − E(decay·p), work = E(p') − E(decay·p). What each means:

    - `residual(account, potential_change)` is then discretisation and noise only.
    - adaptive: the mass moves with the forces, so energy is not conserved. All entries
      are at the new mass; the work of the changing mass is in `schedule_work` if the
      last account's `kinetic` is given as `kinetic_before`, and unbooked otherwise.
    - Nesterov, QHM, Lion (`blend_force` not 0): the account of the momentum stays
      exact, but the position also moves with the force itself, which takes
      drift·blend_force·force² from the loss (Newtonian K) that no momentum gets: it
      shows in the residual.
    - decoupled weight decay (`keep` below 1) moves the position without a force; that
      too shows in the residual.

    Args:
        coefficients: The six numbers of the step.
        kinetic: The kinetic energy.
        momentum: The momentum before the step. Shape: any.
        force: The force of the step. Shape: as `momentum`. Unit: L/X.
        memory: What the kinetic energy remembers, as after `remember`.
        scale_before: `energy_scale` of the step before; None if it is the same.
        kinetic_before: `kinetic` of the last account, which books everything that
            changed in between. Wins over `scale_before`.

    Returns:
        The account.

    Source: docs/theory.md, T65, the account, and T43, the sign of heat.

    Example:
        >>> import numpy
        >>> from inertial.physics.kinetic import newtonian
        >>> c = Coefficients(decay=0.5, drift=1.0)
        >>> entry = account(c, newtonian(), numpy.array([2.0]), numpy.array([1.0]))
        >>> [float(number) for number in entry]
        [2.0, 0.0, 1.5, 1.5, 2.0]
    """

    def bare(p: Array) -> Array:
        return kinetic.energy(coefficients.blend_momentum * p, memory)

    survived = coefficients.decay * momentum
    return book(
        coefficients,
        bare(momentum),
        bare(survived),
        bare(survived + coefficients.kick * force),
        scale_before,
        kinetic_before=kinetic_before,
    )


def book(
    coefficients: Coefficients,
    before: Array,
    slowed: Array,
    after: Array,
    scale_before: Array | None = None,
    *,
    kinetic_before: Array | None = None,
) -> Account:
    """Return the energy account of a step from three values of K.

    For whoever has the sums already, because a kernel took them on its way.

    Args:
        coefficients: The six numbers of the step.
        before: K(blend_momentum · p) of the old momentum. Shape: ().
        slowed: The same of decay · p.
        after: The same of the new momentum.
        scale_before: As for `account`.
        kinetic_before: As for `account`.

    Returns:
        The account.

    Source: docs/theory.md, T65.

    Example:
        >>> [float(x) for x in book(Coefficients(decay=0.5, drift=1.0), 2, 0.5, 2)]
        [2.0, 0.0, 1.5, 1.5, 2.0]
    """
    scale = energy_scale(coefficients)
    start = _in_loss(coefficients, before, scale)
    rest = _in_loss(coefficients, slowed, scale)
    end = _in_loss(coefficients, after, scale)
    if kinetic_before is None:
        kinetic_before = (
            start
            if scale_before is None
            else _in_loss(coefficients, before, scale_before)
        )
    return Account(
        kinetic_before, start - kinetic_before, start - rest, end - rest, end
    )


def residual(account: Account, potential_change: Array) -> Array:
    """Return what the account does not explain: discretisation and noise.

    The force put `work` into the momentum; the loss should have fallen by as much.

    Args:
        account: The account of the step.
        potential_change: Loss after the step minus before. Shape: (). Unit: L.

    Returns:
        potential_change + work. Shape: (). Unit: L. For a smooth loss it falls with the
        square of the time step, where each entry falls with the step itself.

    Example:
        >>> residual(Account(0.0, 0.0, 0.0, 0.25, 0.25), -0.5)
        -0.25
    """
    return potential_change + account.work
