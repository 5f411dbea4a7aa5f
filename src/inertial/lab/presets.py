"""States worth seeing: the named regimes, and the claims of the question's page.

Each sentence is true of its state, and a test rolls the particles to say so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inertial.analysis import critical, gradient_descent, polyak
from inertial.lab.scene import from_framework
from inertial.lab.state import Setting, State

SHALLOW, STEEP = 0.02, 1.0  # curvatures of `ravine()`, which most presets roll in
_CLOCK = 0.5


class Preset(NamedTuple):
    """A state with a name.

    Attributes:
        name: Its key.
        title: What people choose.
        sentence: What they will see.
        group: "regime" or "question".
        state: What is shown.
    """

    name: str
    title: str
    sentence: str
    group: str
    state: State


def like(lr: float, momentum: float, time_step: float = _CLOCK) -> Setting:
    """Return the particle of a framework's setting, in numbers that are short to read.

    Args:
        lr: Learning rate. Unit: X²/L.
        momentum: Share of the momentum that survives a step. Unit: 1.
        time_step: The clock. Unit: T.

    Returns:
        (mass, friction, time step), to twelve digits.

    Example:
        >>> like(0.25, 0.9)
        (1.0, 0.2, 0.5)
    """
    mass, friction, clock = from_framework(lr, momentum, time_step)[0]
    return float(f"{mass:.12g}"), float(f"{friction:.12g}"), float(f"{clock:.12g}")


def _regime(
    name: str, title: str, sentence: str, lr: float, momentum: float, **words: Any
) -> Preset:
    state = State(**{"settings": (like(lr, momentum),), "steps": 160, **words})
    return Preset(name, title, sentence, "regime", state)


def _question(name: str, title: str, sentence: str, **words: Any) -> Preset:
    return Preset(name, title, sentence, "question", State(**words))


_BEST = polyak(SHALLOW, STEEP)
_PLAIN_BEST = gradient_descent(SHALLOW, STEEP)
_CRITICAL_LR = 0.5

PRESETS: tuple[Preset, ...] = (
    _regime(
        "ripples",
        "Ripples (underdamped)",
        "Both directions swing past the minimum and fade: little friction.",
        0.25,
        0.96,
        steps=300,
    ),
    _regime(
        "critical",
        "Critical damping",
        "Along the valley the damping ratio is 1: the quickest way to rest without a "
        "swing at this learning rate.",
        _CRITICAL_LR,
        critical(_CRITICAL_LR, SHALLOW).momentum,
    ),
    _regime(
        "creeping",
        "Monotonic decrease (overdamped)",
        "Without momentum both directions creep to rest, the shallow one very slowly.",
        0.25,
        0.0,
    ),
    _regime(
        "one_step",
        "One step",
        "With lr one over the curvature and no momentum, the steep direction is at "
        "rest after one step; the shallow one hardly notices.",
        1 / STEEP,
        0.0,
    ),
    _regime(
        "zigzag",
        "Monotonic oscillation (zigzag)",
        "Nearly too long a step without momentum: across the valley the sign flips at "
        "every step, and still fades.",
        1.8 / STEEP,
        0.0,
    ),
    _regime(
        "fastest",
        "The fastest setting",
        "Polyak's learning rate and momentum: no other heavy ball settles sooner in "
        "this valley.",
        _BEST.lr,
        _BEST.momentum,
        steps=80,
    ),
    _regime(
        "divergence",
        "Divergence",
        "The learning rate is beyond 2(1 + momentum)/curvature of the steep walls: "
        "each swing across is wider than the last.",
        4.0 / STEEP,
        0.9,
        steps=60,
    ),
    _question(
        "mass_and_velocity",
        "What are mass and velocity?",
        "Two particles under the same forces: the one four times as heavy gathers "
        "velocity later, and keeps it longer.",
        points=((-9.0, 2.0), (-9.0, 2.0)),
        settings=((1.0, 0.2, 0.5), (4.0, 0.2, 0.5)),
    ),
    _question(
        "updated_velocity",
        "Why the updated velocity?",
        "Explicit Euler moves with the old velocity, and in these walls every swing "
        "grows. Choose symplectic Euler, which takes the updated one: it settles.",
        integrator="explicit_euler",
        settings=((1.0, 0.1, 0.5),),
        steps=120,
    ),
    _question(
        "what_is_gamma",
        "What is gamma?",
        "A scale that the path cannot tell: with the clock twice as slow, the mass "
        "four times and the friction twice as large, the second particle walks in the "
        "steps of the first. So is the scale of the force: any positive number will "
        "do; -1 would only turn the sign of the gradient downhill.",
        points=((-9.0, 2.0), (-9.0, 2.0)),
        settings=((1.0, 0.2, 0.5), (4.0, 0.4, 1.0)),
    ),
    _question(
        "mass_to_zero",
        "Mass to zero, with friction",
        "So light that friction takes all of its momentum in each step: it remembers "
        "nothing and slides down the slope, which is plain gradient descent.",
        settings=((0.5, 1.0, 0.5),),
        steps=300,
    ),
    _question(
        "mass_to_zero_free",
        "Mass to zero, without friction",
        "Without friction nothing is ever forgotten, however small the mass; the "
        "light particle only becomes too quick for its step, and flies off.",
        settings=((0.06, 0.0, 0.5),),
        steps=120,
    ),
    _question(
        "mass_to_infinity",
        "Mass to infinity",
        "So heavy that no force changes its velocity: it started at rest, and it is "
        "nearly there still.",
        settings=((1e5, 0.2, 0.5),),
    ),
    _question(
        "plateau",
        "Plateau",
        "On the flat shelf no force is left. With momentum the particle coasts "
        "across; without, it stops at the edge.",
        landscape="plateau",
        points=((3.0, 0.5), (3.0, -0.5)),
        settings=((1.0, 0.2, 0.5), (1.0, 2.0, 0.5)),
        steps=120,
    ),
    _question(
        "saddle",
        "Saddle",
        "At an equal learning rate the particle with momentum leaves the pass sooner; "
        "at an equal lr/(1 - momentum) it would not.",
        landscape="saddle",
        points=((1.5, 0.001), (1.5, 0.001)),
        settings=((1.0, 0.2, 0.5), (1.0, 2.0, 0.5)),
        steps=70,
    ),
    _question(
        "local_minimum",
        "Local minimum",
        "From the same height the particle with little friction rolls over the "
        "barrier into the deeper well; the other stays in the first.",
        landscape="double_well",
        points=((1.7, 0.8), (1.7, -0.8)),
        settings=((1.0, 0.1, 0.2), (1.0, 1.5, 0.2)),
    ),
    _question(
        "barrier",
        "A barrier higher than the start",
        "Momentum climbs no higher than its energy: started below the barrier, even a "
        "particle without friction never gets over it.",
        landscape="double_well",
        points=((1.2, 0.0),),
        settings=((1.0, 0.0, 0.2),),
        steps=400,
    ),
    _question(
        "speed",
        "Does it speed up training?",
        "Both have the best setting of their kind for this valley, fifty times "
        "steeper across than along. With momentum it takes a fraction of the steps.",
        points=((-9.0, 2.0), (-9.0, 2.0)),
        settings=(
            like(_BEST.lr, _BEST.momentum),
            like(_PLAIN_BEST.lr, 0.0),
        ),
        steps=160,
    ),
    _question(
        "round_bowl",
        "Where momentum hurts",
        "In a round bowl plain descent arrives in one step. At the same learning rate "
        "momentum swings past again and again.",
        landscape="formula",
        formula="(x**2 + y**2)/2",
        points=((3.0, 2.0), (3.0, -2.0)),
        settings=(like(1.0, 0.9), like(1.0, 0.0)),
        steps=80,
    ),
    _question(
        "noise",
        "Noise",
        "Both start in the minimum under the same noise. At an equal learning rate "
        "the one with momentum scatters more, not less.",
        points=((0.0, 0.0), (0.0, 0.0)),
        settings=((1.0, 0.2, 0.5), (1.0, 2.0, 0.5)),
        noise=0.5,
        steps=2000,
    ),
)
"""In the order of the menu."""
