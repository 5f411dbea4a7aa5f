"""The map of learning rate and momentum: how fast, and in which way, each settles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy

from inertial.analysis import equivalent_lr, nesterov_best, polyak, rate, regime
from inertial.analysis.modes import Regime
from inertial.lab.answers import particle_of, scene_of
from inertial.lab.binary import single, to_base64
from inertial.lab.controls import LAW
from inertial.lab.scene import Scene, in_words
from inertial.lab.sentences import regime_meaning, regime_title
from inertial.physics import INTEGRATORS, Coefficients, Particle, coefficients

REGIMES: tuple[str, ...] = get_args(Regime)
COLUMNS, ROWS = 120, 81
_WIDEST = 4.4  # lr·curvature of the right edge: a heavy ball is lost at 4 at the latest
_NARROWEST = 1e-3  # share of that at the left edge
_HEAVY_BALLS = ("symplectic_euler", "symplectic_euler_adjoint", "leapfrog")


def regions() -> list[dict[str, Any]]:
    """Return the regimes with their ids, names and meanings."""
    return [
        {
            "id": number,
            "name": name,
            "title": regime_title(name),
            "meaning": regime_meaning(name),
        }
        for number, name in enumerate(REGIMES)
    ]


def six_numbers(
    integrator: str, lr: Any, momentum: Any, time_step: float
) -> Coefficients:
    """Return the six numbers of learning rates and momenta under an integrator.

    Args:
        integrator: A name of `INTEGRATORS`.
        lr: Shape: any. Unit: X²/L.
        momentum: Shape: any that goes with it. Unit: 1.
        time_step: The clock. Unit: T.

    Returns:
        The six numbers, as arrays.
    """
    lr, momentum = numpy.broadcast_arrays(lr, momentum)
    body = Particle.from_coefficients(
        Coefficients(decay=momentum, drift=lr), time_step=time_step, law=LAW
    )
    return coefficients(INTEGRATORS[integrator], body, time_step)


def stability(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map around a particle's setting.

    Args:
        words: The state, and `particle`.

    Returns:
        The answer to /api/stability.
    """
    scene = scene_of(words)
    chosen = particle_of(words, scene)
    place = scene.reference(chosen)
    bent = numpy.unique(place.curvatures[place.curvatures > 0])
    markers = [in_words(each) for each in scene.settings]
    answer: dict[str, Any] = {
        "error": None,
        "regions": regions(),
        "marker": [[each["lr"], each["momentum"]] for each in markers],
        "notices": scene.notices,
    }
    if not scene.newtonian:
        return {**answer, "error": _NO_MODES}
    if not bent.size:
        return {**answer, "error": _NO_BOWL}
    lr = numpy.geomspace(_NARROWEST, 1.0, COLUMNS) * _WIDEST / bent[-1]
    momentum = numpy.linspace(0.0, 1.0, ROWS)
    clock = scene.settings[chosen][2]
    rates, ways = charted(scene.state.integrator, lr, momentum, clock, bent)
    return {
        **answer,
        "lr": lr,
        "momentum": momentum,
        "shape": [ROWS, COLUMNS],
        "rate": to_base64(single(rates)),
        "region": to_base64(ways),
        "curvatures": bent,
        "optimum": optimum(scene, lr, momentum, rates, bent),
    }


_NO_MODES = (
    "There is no map for this kinetic energy: where speed is not momentum over mass, "
    "the way to rest depends on how far one is from it."
)
_NO_BOWL = (
    "There is no map here: nothing curves upwards, so no step is too long. Move the "
    "start into a valley, or choose another landscape."
)


def charted(
    integrator: str, lr: Any, momentum: Any, time_step: float, curvatures: Any
) -> tuple[Any, Any]:
    """Return each setting's rate and regime in its slowest mode.

    Args:
        integrator: A name of `INTEGRATORS`.
        lr: Shape: (columns,). Unit: X²/L.
        momentum: Shape: (rows,). Unit: 1.
        time_step: Unit: T.
        curvatures: Of the modes, above 0. Shape: (modes,). Unit: L/X².

    Returns:
        Factor per step, and the index of the regime in `REGIMES`. Shape: (rows,
        columns) each.
    """
    with numpy.errstate(all="ignore"):  # explicit Euler has no step at momentum 0
        six = six_numbers(integrator, lr[None, :], momentum[:, None], time_step)
        every = numpy.stack([rate(six, bent) for bent in curvatures])
        ways = numpy.stack([regime(six, bent) for bent in curvatures])
    slowest = numpy.argmax(numpy.where(numpy.isnan(every), -1.0, every), axis=0)
    name = numpy.take_along_axis(ways, slowest[None], 0)[0]
    order = numpy.argsort(REGIMES)
    index = order[numpy.searchsorted(REGIMES, name, sorter=order)]
    return every.max(0), index.astype(numpy.uint8)


def optimum(
    scene: Scene, lr: Any, momentum: Any, rates: Any, curvatures: Any
) -> dict[str, float]:
    """Return the setting that settles fastest, in closed form where there is one.

    Args:
        scene: For its integrator.
        lr: The columns of the map.
        momentum: Its rows.
        rates: Its rates.
        curvatures: The curvatures, ascending. Unit: L/X².

    Returns:
        lr, momentum and rate. Source: `analysis.tuning`; else the best of the map.
    """
    ends = float(curvatures[0]), float(curvatures[-1])
    integrator = scene.state.integrator
    if integrator in _HEAVY_BALLS:
        best = polyak(*ends)
        unit = six_numbers(integrator, 1.0, best.momentum, 1.0)
        share = float(equivalent_lr(unit))
        return {
            "lr": best.lr / share,
            "momentum": best.momentum,
            "rate": best.rate,
        }
    if integrator == "nesterov":
        best = nesterov_best(*ends)
        return {"lr": best.lr, "momentum": best.momentum, "rate": best.rate}
    row, column = numpy.unravel_index(numpy.nanargmin(rates), rates.shape)
    return {
        "lr": float(lr[column]),
        "momentum": float(momentum[row]),
        "rate": float(rates[row, column]),
    }
