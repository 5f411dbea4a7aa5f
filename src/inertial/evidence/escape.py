"""How a particle gets over a barrier: by the energy it has, or by heat."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy

from inertial.analysis import (
    continuous_damping_ratio,
    curvatures,
    simulate,
    temperature,
)
from inertial.analysis.landscape import Landscape, double_well, styblinski_tang
from inertial.analysis.rolling import escape_share
from inertial.evidence.statement import Comparison, Finding
from inertial.physics import LEAPFROG, Coefficients, Particle, advance, kinetic, step
from inertial.report.drawing import mark

_LAND = styblinski_tang(1)
_MOMENTA = (0.0, 0.8, 0.9, 0.95, 0.98)
_BARRIER = 3.0  # in temperatures
_SOFT = 0.1  # effective lr times the curvature of the well
_PARTICLES, _STEPS, _BURN = 2500, 1200, 150


def t52_barrier(seed: int) -> Finding:
    """Return in which of two wells particles end, for 40 frictions and three starts."""
    well, lr, steps = double_well(0.1), 4e-3, 1300
    shift = float(numpy.random.default_rng(seed).uniform(-0.01, 0.01))
    frictions = numpy.geomspace(1.5, 0.06, 40)
    starts = {"below the barrier": 1.29, "above it": 1.7, "from the deeper well": -1.9}
    places = numpy.array([[x + shift, 0.0] for x in starts.values() for _ in frictions])
    mu = numpy.tile(1 - frictions * math.sqrt(lr), 3)
    rule = Coefficients(decay=numpy.append(mu, [0.0, 0.0])[:, None], drift=lr)
    plain = numpy.array([[1.7, 0.0], [-1.9, 0.0]])
    run = simulate(rule, well, numpy.append(places, plain, 0), steps, keep_every=steps)
    left = run.positions[-1, :, 0] < float(_top(well))
    ends = left[:-2].reshape(3, -1)
    ideal = _rolled(well, places, mu, lr, steps) < float(_top(well))
    ideal = ideal.reshape(3, -1)
    switches = [int(numpy.abs(numpy.diff(row.astype(int))).sum()) for row in ends]
    count = "a count"
    near = "each change of well may fall one friction of the list earlier or later"
    return Finding(
        (
            Comparison("below: particles that cross", 0, int(ends[0].sum()), 0, count),
            *(
                Comparison(
                    f"{name}: particles not where the equation of motion ends",
                    0,
                    int((ends[row] != ideal[row]).sum()),
                    switches[row],
                    near,
                )
                for row, name in ((1, "above"), (2, "from the deeper well"))
            ),
            Comparison("above: changes of well along μ", 1, switches[1], 0, count, ">"),
            Comparison(
                "from the deeper well: particles that leave it for good",
                0,
                int((~ends[2]).sum()),
                0,
                count,
                ">",
            ),
            Comparison(
                "plain descent from either side: particles that cross",
                0,
                int(left[-2]) + int(not left[-1]),
                0,
                count,
            ),
        ),
        lambda figure: _draw_wells(
            figure, frictions * math.sqrt(lr), starts, ends, ideal
        ),
        "Three strips of points over friction: from below the barrier all end in the "
        "well they began in; from above it the well alternates, and so it does for "
        "those that began in the deeper well.",
    )


def _top(well: Landscape) -> Any:
    """Return the top of the barrier, between the two wells."""
    left, right = well.minima[:, 0]
    places = numpy.stack([numpy.linspace(left, right, 20001), numpy.zeros(20001)], -1)
    return places[well.value(places).argmax(), 0]


def _rolled(well: Landscape, places: Any, mu: Any, lr: float, steps: int) -> Any:
    """Return where the equation of motion ends, by an integrator of second order."""
    time_step = math.sqrt(lr)
    particle = Particle(friction=((1 - mu) / time_step)[:, None])
    newton, x, p = kinetic("newtonian"), places, 0 * places
    for _ in range(steps):
        x, p = advance(
            LEAPFROG, newton, lambda x: -well.gradient(x), particle, time_step, x, p
        )
    return x[:, 0]


def _draw_wells(
    figure: Any, losses: Any, starts: dict[str, float], ends: Any, ideal: Any
) -> None:
    axes = figure.add_subplot()
    for row, (name, colour) in enumerate(
        zip(starts, ("ink", "loss", "kinetic"), strict=True)
    ):
        height = 2.0 - row
        axes.step(losses, height + 0.5 * ideal[row], color=mark(colour), where="mid")
        axes.plot(losses, height + 0.5 * ends[row], "o", ms=4, color=mark(colour))
        axes.text(losses[-1], height + 0.62, name, color=mark(colour))
    axes.set(
        xscale="log",
        xlabel="friction: share 1 − μ of the momentum lost in a step",
        ylim=(-0.2, 2.9),
    )
    axes.set_yticks([0, 0.5, 1, 1.5, 2, 2.5], ["shallow", "deep"] * 3)
    axes.grid(axis="y", visible=False)


class _Well(NamedTuple):
    """The upper of two wells, and the way out of it."""

    bottom: Any
    curvature: float
    top_curvature: float
    height: float


def t53_escape(seed: int) -> Finding:
    """Return how often noise drives particles out of a well, at one temperature."""
    well = _well()
    lr = _SOFT / well.curvature
    settings = [Coefficients(decay=m, drift=lr * (1 - m)) for m in _MOMENTA]
    hotter = Coefficients(decay=0.9, drift=lr)
    noise = math.sqrt(well.height / _BARRIER / temperature(settings[0], 1.0))
    left = _escapes([*settings, hotter], noise, well.bottom, seed)
    counts = ((left >= _BURN) & (left < _STEPS)).sum(axis=1)
    rates = counts / numpy.maximum(left - _BURN, 0).sum(axis=1)
    shares = rates / rates[0]
    few = numpy.maximum(counts, 1)
    errors = shares * numpy.sqrt(1 / few + 1 / few[0])
    damping = [continuous_damping_ratio(c, well.top_curvature) for c in settings]
    predicted = [1.0, *(escape_share(z) for z in damping[1:])]
    why = (
        "4.5 standard errors, and a twentieth, for the formula is that of a barrier "
        "much higher than the 3 temperatures that fit the time"
    )
    out = (left < _STEPS).mean(axis=1)
    return Finding(
        (
            *(
                Comparison(
                    f"escapes at momentum {m:g}, against none, as hot",
                    share,
                    seen,
                    4.5 * error + 0.05 * share,
                    why,
                    uncertainty=error,
                )
                for m, share, seen, error in list(
                    zip(_MOMENTA, predicted, shares, errors, strict=False)
                )[1:]
            ),
            Comparison(
                "escapes at momentum 0.98: fewer than without",
                1.0 - 4.5 * errors[4],
                shares[4],
                0,
                "4.5 standard errors below as many",
                "<",
                errors[4],
            ),
            Comparison(
                "out in the end at equal lr, momentum 0.9, ten times as hot",
                out[0],
                out[5],
                0,
                "at 0.3 temperatures of height there is hardly a barrier",
                ">",
                math.sqrt(out[0] * (1 - out[0]) / _PARTICLES),
            ),
        ),
        lambda figure: _draw_escapes(figure, lr, well, shares, errors),
        "Escapes at equal temperature over momentum, against those without: points "
        "follow Kramers' line down from 1 to less than a half.",
    )


def _well() -> _Well:
    bottom, top = (_level(place) for place in (2.7, 0.2))
    return _Well(
        bottom,
        float(curvatures(_LAND, bottom)[0]),
        float(-curvatures(_LAND, top)[0]),
        float(_LAND.value(top) - _LAND.value(bottom)),
    )


def _level(place: float) -> Any:
    """Return the place near by where the slope is 0, by Newton's steps."""
    x = numpy.array([place])
    for _ in range(20):
        x = x - _LAND.gradient(x) / curvatures(_LAND, x)
    return x


def _escapes(settings: list[Coefficients], noise: float, start: Any, seed: int) -> Any:
    """Return the step at which each particle is well over; the last where none is.

    Shape: (settings, particles).
    """
    draw = numpy.random.default_rng(seed).standard_normal
    columns = zip(*settings, strict=True)
    rule = Coefficients(*(numpy.array(c, float)[:, None, None] for c in columns))
    x = numpy.full((len(settings), _PARTICLES, 1), start[0])
    p, newton = 0 * x, kinetic("newtonian")
    left = numpy.full(x.shape[:2], _STEPS)
    for number in range(_STEPS):
        force = -_LAND.gradient(x) + noise * draw(x.shape)
        x, p, _ = step(rule, newton, x, p, force)
        # -2 is far down the other side, from where none comes back in this time.
        left = numpy.where(x[..., 0] < -2.0, numpy.minimum(left, number), left)
    return left


def _draw_escapes(
    figure: Any, lr: float, well: _Well, shares: Any, errors: Any
) -> None:
    axes = figure.add_subplot()
    fine = numpy.linspace(0.5, 0.99, 200)
    rule = Coefficients(decay=fine, drift=lr * (1 - fine))
    line = escape_share(continuous_damping_ratio(rule, well.top_curvature))
    axes.axhline(1.0, color=mark("muted"), ls="--", lw=1.2)
    axes.plot(1 / (1 - fine), line, color=mark("ink"), label="Kramers 1940")
    axes.errorbar(
        [1 / (1 - m) for m in _MOMENTA],
        shares[: len(_MOMENTA)],
        [0.0, *(2 * errors[1 : len(_MOMENTA)])],
        fmt="o",
        ms=5,
        color=mark("loss"),
        label="measured, ± 2 standard errors",
    )
    axes.set(
        xscale="log",
        xlabel="steps that momentum remembers, 1/(1 − μ)",
        ylabel="escapes, against none",
        ylim=(0, 1.2),
    )
    axes.set_xticks([1, 2, 5, 10, 20, 50, 100], [1, 2, 5, 10, 20, 50, 100])
    axes.legend(frameon=False, loc="lower left")
