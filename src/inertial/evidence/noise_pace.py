"""What noise leaves of momentum's speed: nothing, where noise is what limits a run."""

from __future__ import annotations

import math
from typing import Any

import numpy

from inertial.analysis import gradient_descent, polyak, temperature
from inertial.conventions import torch_sgd
from inertial.evidence.ensemble import ball, course
from inertial.evidence.statement import Comparison, Finding, Statement

TOPIC = "Noise"

# Two modes of condition number 400, released at half of the loss each.
_CURVATURES = numpy.array([[1 / 400], [1.0]])
_TARGET = 0.01  # share of the loss at the start that shall be left
_SEARCH = (0.0, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)


def _steps_needed(
    effective: Any, momenta: Any, powers: Any, steps: int
) -> tuple[list[float], list[float]]:
    """Return the fewest steps to the target without and with momentum.

    Args:
        effective: Values of lr/(1 − μ) to try. Unit: X²/L.
        momenta: Values of μ to try; the first is 0.
        powers: Variances of the gradient noise. Unit: L²/X².
        steps: How long to try.
    """
    eff, momentum = numpy.meshgrid(effective, momenta)
    lr = eff * (1 - momentum)
    path = course(
        torch_sgd(lr.ravel(), momentum.ravel(), checked=True).coefficients,
        _CURVATURES,
        _CURVATURES**-0.5,
        steps,
    )
    with numpy.errstate(over="ignore", invalid="ignore"):  # some settings diverge
        loss = numpy.einsum("tij,i->tj", path.mean**2, _CURVATURES[:, 0] / 2)
        heat = numpy.einsum("tij,i->tj", path.spread, _CURVATURES[:, 0] / 2)
        arrived = [loss + power * heat <= _TARGET for power in powers]
    first = [
        numpy.where(there.any(0), there.argmax(0), numpy.inf).reshape(lr.shape)
        for there in arrived
    ]
    return [float(f[0].min()) for f in first], [float(f.min()) for f in first]


def _noisy_steps(power: float) -> float:
    """Return the fewest steps if only lr/(1 − μ) counts, as with small steps.

    The stiff mode has settled at its temperature, the soft one is on its way there:
    (T + e^-y + T·(1 − e^-y))/2 is the target for y = 2·steps·lr/(1 − μ)·λ.
    """
    eff = numpy.linspace(1e-4, 1.999, 40001) * _TARGET / power
    heat = temperature(ball(eff, 0.0), math.sqrt(power))
    cold = heat < _TARGET
    eff, heat = eff[cold], heat[cold]
    way = numpy.log((1 - heat) / (2 * _TARGET - 2 * heat))
    return float((way / (2 * eff * _CURVATURES[0, 0])).min())


def t37_speed_under_noise(seed: int) -> Finding:
    """Return steps to 1% of the loss, tuned for each noise, with momentum or not."""
    del seed  # mean and variance are followed themselves: there are no dice
    quiet, loud = (0.0, 1e-4, 1e-3, 1e-2), (0.1, 0.3)
    plain, heavy = _steps_needed(
        numpy.geomspace(5e-3, 60, 70), _SEARCH, quiet, steps=1200
    )
    for power, steps in zip(loud, (7600, 21500), strict=True):
        near = numpy.geomspace(0.4, 0.95, 9) * 2 * _TARGET / power
        one, other = _steps_needed(near, (0.0, 0.5, 0.8, 0.9, 0.97), (power,), steps)
        plain, heavy = plain + one, heavy + other
    gain = numpy.array(plain) / heavy
    ends = 1.0, 1 / _CURVATURES[0, 0]
    best = math.log(polyak(*ends).rate) / math.log(gradient_descent(*ends).rate)
    bound = "a bound with room for the grid of settings that were tried"
    limit = "second order in the effective step, which is up to 0.2"
    comparisons = (
        Comparison(
            "speed-up without noise, against √κ", best, gain[0], 0.2 * best,
            "the start of a critically damped mode, n·rateⁿ, costs up to a fifth",
        ),
        Comparison("speed-up at noise variance 0.01", 4.0, gain[3], 0, bound, "<"),
        Comparison("speed-up at noise variance 0.3", 1.1, gain[5], 0, bound, "<"),
        *(
            Comparison(
                f"steps at noise variance {loud[number - 4]:g}, {name}",
                _noisy_steps(loud[number - 4]), found[number],
                0.12 * found[number], limit,
            )
            for number in (4, 5)
            for name, found in (("SGD", plain), ("with momentum", heavy))
        ),
    )  # fmt: skip
    return Finding(
        comparisons,
        lambda figure: _draw_t37(figure, quiet + loud, plain, heavy),
        "Steps to one per cent of the loss: without noise momentum needs an eighteenth "
        "of SGD's; with more noise the two rise and meet on one line.",
    )


def _draw_t37(figure: Any, powers: Any, plain: Any, heavy: Any) -> None:
    from inertial.report.drawing import mark

    axes = figure.add_subplot()
    noise = numpy.geomspace(2e-3, 0.6, 60)
    line = [_noisy_steps(power) for power in noise]
    axes.plot(noise, line, color=mark("ink"), label="only lr/(1 − μ) counts")
    # Zero has no place on a logarithmic axis: it stands apart, at the left.
    places = numpy.array([1e-5, *powers[1:]])
    axes.plot(places, plain, "o", ms=6, color=mark("loss"), label="SGD, tuned")
    axes.plot(places, heavy, "s", ms=6, color=mark("kinetic"), label="momentum, tuned")
    for place, one, other in zip(places, plain, heavy, strict=True):
        axes.annotate(
            f"{one / other:.3g}×", (place, other), (9, -13),
            textcoords="offset points", ha="left", color=mark("muted"), fontsize=11,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlim=(4e-6, 1), ylim=(10, 6e4))
    axes.set_xticks(
        [1e-5, 1e-4, 1e-3, 1e-2, 1e-1], ["0", "10⁻⁴", "10⁻³", "0.01", "0.1"]
    )
    axes.set(xlabel="variance of the gradient noise [L²/X²]")
    axes.set(ylabel="steps to 1% of the loss")
    axes.legend(frameon=False, loc="upper left")


STATEMENTS = (
    Statement(
        "T37",
        "Momentum speeds up training.",
        "true only if",
        "noise is not what limits the run. On a bowl of condition number 400 the tuned "
        "gain falls from 18 times without noise to nothing where noise dominates: then "
        "only lr/(1−μ) counts, for the pace and for the jitter.",
        "near √κ without noise; 1 where the jitter, lr/(1−μ)·σ²/4 per direction, sets "
        "the step",
        t37_speed_under_noise,
        page=("C7", "C16"),
        topic=TOPIC,
    ),
)
