"""Kinetic energies: how fast a given momentum moves the particle.

velocity = dK/dp. Newton's K gives the heavy ball, |p| summed gives Signum and Lion, the
nuclear norm gives Muon, a mass that remembers past forces gives RMSprop and Adam. A new
method is one function and one row of `KINETICS`; the laws in tests/laws find it there.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from inertial.arrays import (
    Array,
    clip,
    exp,
    log1p,
    minimum,
    tanh,
    total,
    where,
    zeros_like,
)
from inertial.arrays import sign as sign_of
from inertial.bounds import NOT_NEGATIVE, POSITIVE, Bound, check, check_choice
from inertial.physics.kinetic_data import Kinetic as Kinetic
from inertial.physics.kinetic_data import Scope as Scope
from inertial.physics.spectral import spectral as spectral

_SHARE_BELOW_ONE = Bound(0.0, 1.0, high_open=True)


def newtonian() -> Kinetic:
    """Return Newton's kinetic energy K(p) = Σ p²/2: the velocity is the momentum.

    Example:
        >>> import numpy
        >>> newtonian().velocity(numpy.array([3.0]), None)
        array([3.])
    """
    return Kinetic(
        "newtonian", "element", lambda p, _: total(p * p) / 2, lambda p, _: p
    )


def relativistic(
    speed_limit: float = 1.0, mass: float = 1.0, by: str = "element"
) -> Kinetic:
    """Return Einstein's kinetic energy: Newton's at rest, never above a speed.

    K(p) = c √(p² + m²c²) − mc² and dK/dp = c p / √(p² + m²c²), with c the
    `speed_limit`. It serves at Particle(mass=1): the mass is already in K.

    Args:
        speed_limit: Top speed c. Unit: X/T.
        mass: Rest mass m. Unit: L·T²/X².
        by: "element": each parameter has its own speed. "norm": a whole parameter array
            is one particle, as Franca et al. have it.

    Returns:
        The kinetic energy.

    Source: docs/theory.md, T39; Franca, Sulam, Robinson and Vidal (2020), "Conformal
    symplectic and relativistic optimization".

    Example:
        >>> import numpy
        >>> relativistic(speed_limit=2.0).velocity(numpy.array([0.0, 1e9]), None)
        array([0., 2.])
    """
    check("speed_limit", speed_limit, POSITIVE)
    check("mass", mass, POSITIVE)
    square = _square(by)
    rest = mass * speed_limit

    def energy(p: Array, _: Any) -> Array:
        # c·(√(p²+r²) − r), written so that a slow particle keeps its digits
        return speed_limit * total(square(p) / (_hypotenuse(p) + rest))

    def velocity(p: Array, _: Any) -> Array:
        return speed_limit * p / _hypotenuse(p)

    def _hypotenuse(p: Array) -> Array:
        return (square(p) + rest * rest) ** 0.5

    words = (("speed_limit", speed_limit), ("mass", mass), ("by", by))
    return Kinetic("relativistic", _scope(by), energy, velocity, words=words)


def log_cosh(speed_limit: float = 1.0) -> Kinetic:
    """Return K(p) = c Σ log cosh p: the velocity is c tanh p, Newton's where slow.

    Args:
        speed_limit: Top speed c. Unit: X/T.

    Returns:
        The kinetic energy.

    Example:
        >>> import numpy
        >>> log_cosh(speed_limit=2.0).velocity(numpy.array([0.0, 30.0]), None)
        array([0., 2.])
    """
    check("speed_limit", speed_limit, POSITIVE)

    def energy(p: Array, _: Any) -> Array:
        fast = abs(p)  # log cosh without overflow
        return speed_limit * total(fast + log1p(exp(-2.0 * fast)) - math.log(2.0))

    return Kinetic(
        "log_cosh",
        "element",
        energy,
        lambda p, _: speed_limit * tanh(p),
        words=(("speed_limit", speed_limit),),
    )


def sign() -> Kinetic:
    """Return K(p) = Σ |p|: every parameter moves at speed 1, as in Signum and Lion.

    At p = 0 the energy has a kink and the velocity is 0.

    Source: docs/theory.md, T39; Bernstein et al. (2018), "signSGD", for Signum.

    Example:
        >>> import numpy
        >>> sign().velocity(numpy.array([-3.0, 0.0, 0.1]), None)
        array([-1.,  0.,  1.])
    """
    return Kinetic(
        "sign", "element", lambda p, _: total(abs(p)), lambda p, _: sign_of(p)
    )


def norm() -> Kinetic:
    """Return K(p) = ‖p‖₂: the whole parameter array moves at speed 1.

    At p = 0 (and where ‖p‖² underflows) the velocity is 0.

    Source: docs/theory.md, T39; Cutkosky and Mehta (2020), "Momentum improves
    normalized SGD".

    Example:
        >>> import numpy
        >>> norm().velocity(numpy.array([3.0, 4.0]), None)
        array([0.6, 0.8])
    """
    return Kinetic(
        "norm", "tensor", lambda p, _: _length(p), lambda p, _: p / _divisor(p)
    )


def huber(limit: float = 1.0, by: str = "element") -> Kinetic:
    """Return Huber's K: Newton's up to a momentum, then straight: clipped momentum.

    K = |p|²/2 up to `limit` and limit·|p| − limit²/2 beyond. To clip the gradient
    instead is a saturated force, and in more than one dimension no energy at all.

    Args:
        limit: Largest speed. Unit: that of the momentum.
        by: "element" clips every number to ±limit, "norm" the length of the array.

    Returns:
        The kinetic energy.

    Source: docs/theory.md, T39 and T42; Huber (1964), "Robust estimation of a location
    parameter".

    Example:
        >>> import numpy
        >>> huber(limit=1.0).velocity(numpy.array([0.5, -3.0]), None)
        array([ 0.5, -1. ])
    """
    check("limit", limit, POSITIVE)
    scope = _scope(by)

    def by_element(p: Array, _: Any) -> Array:
        slope = clip(p, limit)
        return total(slope * (p - slope / 2))

    def by_norm(p: Array, _: Any) -> Array:
        length = _length(p)
        slope = minimum(length, limit)
        return slope * (length - slope / 2)

    return Kinetic(
        "huber",
        scope,
        by_element if scope == "element" else by_norm,
        (lambda p, _: clip(p, limit))
        if scope == "element"
        else (lambda p, _: p * minimum(limit / _divisor(p), 1.0)),
        words=(("limit", limit), ("by", by)),
    )


def adaptive(
    decay: float = 0.999, epsilon: float = 1e-8, debias: bool = True
) -> Kinetic:
    """Return K(p) = Σ p²/2m with m = √⟨force²⟩ + epsilon: the mass of RMSprop and Adam.

    The mass follows past forces. So K is a kinetic energy at each instant, but energy
    is not conserved: the changing mass does work (see `physics.energy`).

    Args:
        decay: Share of ⟨force²⟩ that survives a step. Unit: 1. At least 0, below 1.
        epsilon: Smallest mass. Unit: L/X. At 0 an element that never felt a force has
            no mass, and its velocity is 0/0.
        debias: Whether ⟨force²⟩ is divided by 1 − decay^count, as Adam does; False is
            RMSprop.

    Returns:
        The kinetic energy. Its memory is (count of forces, ⟨force²⟩).

    Source: Kingma and Ba (2015), algorithm 1; docs/theory.md, T41.

    Example:
        >>> import numpy
        >>> mass = adaptive()
        >>> seen = mass.remember(numpy.array([4.0]), mass.start(numpy.zeros(1)))
        >>> mass.velocity(numpy.array([8.0]), seen).round(6)
        array([2.])
    """
    check("decay", decay, _SHARE_BELOW_ONE)
    check("epsilon", epsilon, NOT_NEGATIVE)

    def start(position: Array) -> Any:
        return 0, zeros_like(position)

    def remember(force: Array, memory: Any) -> Any:
        count, square = memory
        return count + 1, decay * square + (1.0 - decay) * force * force

    def mass(memory: Any) -> Array:
        count, square = memory
        if not debias:
            return square**0.5 + epsilon
        # before the first force the share seen is 0 of 0: call it the whole
        seen = 1.0 - decay**count + (count == 0)
        return square**0.5 / seen**0.5 + epsilon

    return Kinetic(
        "adaptive",
        "element",
        lambda p, memory: total(p * p / mass(memory)) / 2,
        lambda p, memory: p / mass(memory),
        start,
        remember,
        words=(("decay", decay), ("epsilon", epsilon), ("debias", debias)),
    )


KINETICS: dict[str, Callable[..., Kinetic]] = {
    "newtonian": newtonian,
    "relativistic": relativistic,
    "log_cosh": log_cosh,
    "sign": sign,
    "norm": norm,
    "huber": huber,
    "adaptive": adaptive,
    "spectral": spectral,
}


def kinetic(which: str | Kinetic, **words: Any) -> Kinetic:
    """Return a kinetic energy by its name, or the one given.

    Args:
        which: A name in `KINETICS`, or a `Kinetic`, which is returned as it is.
        **words: Settings of the named one.

    Returns:
        The kinetic energy.

    Raises:
        TypeError: If `which` is neither, or does not take these words.

    Example:
        >>> kinetic("huber", limit=2.0).words
        (('limit', 2.0), ('by', 'element'))
    """
    if isinstance(which, Kinetic):
        if words:
            raise TypeError(
                f'kinetic energy "{which.name}" is already made; its words '
                f"({', '.join(words)}) belong to its maker. Pass its name instead."
            )
        return which
    if not isinstance(which, str):
        raise TypeError(f"`kinetic` must be a name or a Kinetic, but is {which!r}.")
    check_choice("kinetic", which, KINETICS)
    taken = inspect.signature(KINETICS[which]).parameters
    for word in words:
        if word not in taken:
            raise TypeError(
                f'kinetic energy "{which}" takes no word `{word}`. '
                f"It takes: {', '.join(taken) or 'none'}."
            )
    return KINETICS[which](**words)


def check_shape(kinetic: Kinetic, shape: tuple[int, ...], name: str) -> None:
    """Refuse a parameter that this kinetic energy cannot move.

    Args:
        kinetic: The kinetic energy.
        shape: The parameter's shape.
        name: The parameter, in words, such as 'parameter 3 ("head.bias")'.

    Raises:
        TypeError: If the energy needs matrices and this is none.

    Example:
        >>> check_shape(newtonian(), (10,), "parameter 0")
    """
    if kinetic.scope == "matrix" and len(shape) != 2:
        raise TypeError(
            f'kinetic energy "{kinetic.name}" needs matrices, but {name} has shape '
            f"{tuple(shape)}. Give vectors their own group: "
            f'`Inertial([{{"params": matrices, "kinetic": {kinetic.name}()}}, '
            '{"params": vectors, "kinetic": adaptive()}])`.'
        )


def _scope(by: str) -> Scope:
    check_choice("by", by, ("element", "norm"))
    return "element" if by == "element" else "tensor"


def _square(by: str) -> Callable[[Array], Array]:
    if _scope(by) == "element":
        return lambda p: p * p
    return lambda p: total(p * p)


def _divisor(p: Array) -> Array:
    """Return ‖p‖, and 1 where it is 0, so that slopes stay finite at rest."""
    square = total(p * p)
    return where(square > 0, square, 1.0) ** 0.5


def _length(p: Array) -> Array:
    """Return ‖p‖ with the slope 0 at rest, where the plain root has none."""
    return where(total(p * p) > 0, _divisor(p), 0.0)
