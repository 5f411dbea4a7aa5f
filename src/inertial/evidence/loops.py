"""Work around closed loops: which force is the slope of something."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy

from inertial.analysis.saturation import clipped_curl
from inertial.evidence.statement import Comparison, Finding
from inertial.physics import clip_norm, kinetic
from inertial.report.drawing import mark
from inertial.report.style import SERIES


def t42_clipping(seed: int) -> Finding:
    """Return the work of a clipped gradient, and of a clipped momentum, in a loop."""
    hard, limit = numpy.array([1.0, 10.0]), 1.0
    at = numpy.random.default_rng(seed).uniform(0.4, 1.2, 2)
    huber = kinetic("huber", limit=limit, by="norm")

    def clipped(x: Any) -> Any:
        return clip_norm([-hard * x], limit).forces[0]

    fields = {
        "gradient, clipped": clipped,
        "gradient, whole": lambda x: -hard * x,
        "momentum, clipped": lambda p: huber.velocity(p, None),
    }
    sides = numpy.linspace(0.1, 1.0, 10)
    works = {
        name: numpy.array([_loop_work(field, at, side) for side in sides])
        for name, field in fields.items()
    }
    turned = numpy.array([_curl_inside(hard, at, side, limit) for side in sides])
    middle = "midpoints of 80 pieces of a side leave 10⁻⁵ of the work along it"
    p = 3 * at
    return Finding(
        (
            Comparison(
                "gradient, clipped: work around the largest loop (loss)",
                turned[-1],
                works["gradient, clipped"][-1],
                2e-5,
                middle + "; midpoints of 200² places leave less of the curl",
            ),
            Comparison(
                "its size, in work along one side",
                0.01,
                abs(works["gradient, clipped"][-1]),
                0,
                "the slope of a loss would have none; a side has less than 1",
                ">",
            ),
            *(
                Comparison(f"{name}: work around any loop", 0, worst, 2e-5, middle)
                for name in ("gradient, whole", "momentum, clipped")
                for worst in [float(abs(works[name]).max())]
            ),
            Comparison(
                "momentum clipped, and the slope of Huber's K: apart",
                0,
                float(abs(huber.velocity(p, None) - clip_norm([p], 1.0)[0][0]).max()),
                1e-14,
                "rounding of a division",
            ),
        ),
        lambda figure: _draw_loops(figure, sides, works, turned),
        "Work around a square loop over its side: 0 for the whole gradient and for the "
        "clipped momentum, but growing with the loop for the clipped gradient.",
    )


def _loop_work(field: Callable[[Any], Any], corner: Any, side: float) -> float:
    """Return ∮ F·dx, anticlockwise around a square."""
    corners = corner + side * numpy.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    shares = (numpy.arange(80) + 0.5) / 80
    total = 0.0
    for start, end in pairwise(corners):
        places = start + shares[:, None] * (end - start)
        total += sum(float(field(x) @ (end - start)) for x in places) / 80
    return total


def _curl_inside(hard: Any, corner: Any, side: float, limit: float) -> float:
    """Return the curl summed over a square (Green's theorem says: the loop's work)."""
    shares = (numpy.arange(200) + 0.5) / 200
    places = corner + side * numpy.stack(numpy.meshgrid(shares, shares), -1)
    return float(numpy.mean(clipped_curl(hard, places, limit))) * side**2


def _draw_loops(figure: Any, sides: Any, works: dict[str, Any], turned: Any) -> None:
    axes = figure.add_subplot()
    axes.plot(sides, turned, color=mark("loss"))
    axes.plot(sides, 0 * sides, color=mark("ink"))
    for (name, work), shape, colour in zip(works.items(), "os^", SERIES, strict=False):
        axes.plot(sides, work, shape, ms=5, color=mark(colour), label=name)
    axes.set(xlabel="side of the loop (X)", ylabel="work around the loop (L)")
    axes.legend(frameon=False)
