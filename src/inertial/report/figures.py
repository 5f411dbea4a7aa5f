"""The figures of a report, each with its key and how to read it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy

from inertial.report.drawing import (
    Picture,
    drawing,
    finite,
    mark,
    scale,
    smooth,
    whole_steps,
)
from inertial.report.style import SERIES, TIMES
from inertial.training.history import Column, History
from inertial.training.setting import shares_of_limit


def loss_figure(history: History) -> Picture:
    """Draw the loss: every batch as a band, the mean as a line, evaluations as dots.

    Args:
        history: A run.

    Returns:
        The figure.
    """
    steps = history.steps
    line = smooth(steps["loss"])
    tests = {n: e for n, e in history.evaluations.items() if "loss" in n}
    names = [name.replace("_", " ") for name in tests]

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        low, high = finite(steps["loss_low"]), finite(steps["loss_high"])
        axes.fill_between(
            steps["step"], low, high, color=mark("loss"), alpha=0.22, linewidth=0
        )
        axes.plot(steps["step"], line, color=mark("loss"))
        for (at, values), colour in zip(tests.values(), SERIES[1:], strict=False):
            style = {"marker": "o", "markersize": 4, "linewidth": 1.2}
            axes.plot(at, finite(values), color=mark(colour), **style)
        scale(axes, [line, *(finite(v) for _, v in tests.values())])
        axes.set_xlabel("step")
        whole_steps(axes)

    key = [("training, smoothed (band: every batch)", "loss", False)]
    key += [(n, c, False) for n, c in zip(names, SERIES[1:], strict=False)]
    ends = f"from {line[0]:.3g} to {line[-1]:.3g}"
    return Picture(
        "Loss",
        "The height of the particle in its landscape.",
        drawing("loss", "Loss by step", f"The training loss goes {ends}.", draw),
        tuple(key),
    )


def scores_figure(history: History) -> Picture | None:
    """Draw the evaluations that are no loss, such as accuracy.

    Args:
        history: A run.

    Returns:
        The figure; None where there are none.
    """
    scores = {n: e for n, e in history.evaluations.items() if "loss" not in n}
    if not scores:
        return None

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for (at, values), colour in zip(scores.values(), SERIES, strict=False):
            axes.plot(at, finite(values), color=mark(colour), marker="o", markersize=4)
        axes.set_xlabel("step")
        whole_steps(axes)

    last = ", ".join(f"{n} {values[-1]:.4g}" for n, (_, values) in scores.items())
    return Picture(
        "Evaluation",
        "Measured on data that the training does not see.",
        drawing("scores", "Evaluation by step", f"At the end: {last}.", draw),
        tuple(
            (n.replace("_", " "), c, False)
            for n, c in zip(scores, SERIES, strict=False)
        ),
    )


def energy_figure(history: History) -> Picture:
    """Draw potential and kinetic energy.

    Args:
        history: A run.

    Returns:
        The figure.
    """
    steps = history.steps
    potential, kinetic = smooth(steps["loss"]), smooth(steps["kinetic"])

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot(steps["step"], potential, color=mark("loss"))
        # Motion a millionth of the largest is rest; its axis would dwarf the rest.
        top = float(numpy.nanmax(kinetic, initial=0.0))
        moving = numpy.where(kinetic > 1e-6 * top, kinetic, numpy.nan)
        axes.plot(steps["step"], moving, color=mark("kinetic"))
        scale(axes, [potential, moving])
        axes.set_xlabel("step")
        whole_steps(axes)

    known = kinetic[numpy.isfinite(kinetic)]
    most = float(known.max()) if len(known) else math.nan
    return Picture(
        "Potential and kinetic energy",
        "Height (the loss) and motion, in the same units. Motion is made on the way "
        "down and lost to friction.",
        drawing(
            "energy",
            "Potential and kinetic energy by step",
            f"The kinetic energy is {most:.3g} at most.",
            draw,
        ),
        (("potential = loss", "loss", False), ("kinetic", "kinetic", False)),
    )


def account_figure(history: History) -> Picture:
    """Draw the running account: work, heat, and what the loss gave up.

    Args:
        history: A run.

    Returns:
        The figure.
    """
    steps = history.steps
    given = history.first_loss - smooth(steps["loss"])

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        # Thick below thin: the two run together wherever friction keeps up.
        axes.plot(steps["step"], finite(steps["work"]), color=mark("work"), linewidth=4)
        axes.plot(steps["step"], finite(steps["heat"]), color=mark("heat"))
        axes.plot(steps["step"], given, color=mark("loss"), linestyle=(0, (4, 2)))
        axes.set_xlabel("step")
        whole_steps(axes)

    work, heat = steps["work"][-1], steps["heat"][-1]
    return Picture(
        "The account, summed up",
        "Work that is not yet heat is motion. Where work runs above the dashed line, "
        "noise of the batches and finite steps kept the particle moving.",
        drawing(
            "account",
            "Cumulative work and heat by step",
            f"In all, the forces did {work:.3g} of work and friction made {heat:.3g} "
            "of heat.",
            draw,
        ),
        (
            ("work of the forces", "work", False),
            ("heat of friction", "heat", False),
            ("given up by the loss", "loss", True),
        ),
    )


def words_figure(history: History) -> Picture:
    """Draw lr and momentum.

    Args:
        history: A run.

    Returns:
        The figure.
    """
    steps = history.steps

    def draw(figure: Any) -> None:
        for axes, name, colour in zip(
            figure.subplots(2, sharex=True),
            ("lr", "momentum"),
            ("other", "work"),
            strict=True,
        ):
            values = finite(steps[name])
            axes.plot(steps["step"], values, color=mark(colour))
            axes.set_title(name, loc="left", fontsize="medium")
            top = numpy.nanmax(values) if numpy.isfinite(values).any() else 1.0
            axes.set_ylim(0, 1.1 * float(top) or 1.0)
        whole_steps(axes)
        axes.set_xlabel("step")

    lr = steps["lr"]
    return Picture(
        "Learning rate and momentum",
        "A lower lr is a heavier particle; momentum is the share of motion that "
        "survives a step.",
        drawing(
            "words",
            "Learning rate and momentum by step",
            f"lr goes from {lr[0]:.3g} to {lr[-1]:.3g}.",
            draw,
        ),
    )


def edge_figure(history: History) -> Picture | None:
    """Draw how close the sharpest direction came to the limit of stability.

    Args:
        history: A run.

    Returns:
        The figure; None without a probe, or where the limit means nothing.
    """
    at, shares = shares_of_limit(history)
    if not len(at):
        return None

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.axhline(1, color=mark("heat"), linestyle=(0, (4, 2)))
        axes.plot(at, shares, color=mark("other"), marker="o", markersize=4)
        axes.set_ylim(0, max(1.15, 1.1 * float(numpy.nanmax(shares))))
        axes.set_xlabel("step")
        whole_steps(axes)

    return Picture(
        "How close to the edge",
        "Curvature of the sharpest direction, as a share of what the step can stand. "
        "Above 1 it swings wider at each step.",
        drawing(
            "edge",
            "Share of the stability limit by step",
            f"The largest share is {numpy.nanmax(shares):.3g}.",
            draw,
        ),
        (
            ("sharpest curvature / limit", "other", False),
            ("limit of stability", "heat", True),
        ),
    )


def portrait_figure(rank: int, trace: Mapping[str, Column]) -> Picture:
    """Draw position against momentum along one leading direction.

    Args:
        rank: 1 for the sharpest direction.
        trace: Its row of `History.portrait`.

    Returns:
        The figure.
    """
    position, momentum = finite(trace["position"]), finite(trace["momentum"])
    parts = _parts_of_path(position, momentum)
    jumps = numpy.flatnonzero(numpy.diff(trace["probe_step"])) + 1

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for part, colour in zip(parts, TIMES, strict=True):
            if not len(part):
                continue
            # One point more, to meet the next colour; a gap where the direction
            # was found anew, for its axes are others.
            more = numpy.arange(part[0], min(part[-1] + 2, len(position)))
            where = [i for i, at in enumerate(more) if at in jumps and i > 0]
            x = numpy.insert(position[more], where, numpy.nan)
            y = numpy.insert(momentum[more], where, numpy.nan)
            axes.plot(x, y, color=mark(colour), linewidth=1.3)
        axes.plot(position[:1], momentum[:1], "o", color=mark(TIMES[0]), markersize=6)
        axes.plot(position[-1:], momentum[-1:], "o", color=mark("ink"), markersize=6)
        axes.set_xlabel("position")
        axes.locator_params(nbins=5)
        axes.set_title("momentum", loc="left", fontsize="medium")
        axes.margins(0.06)

    nth = {1: "sharpest", 2: "second sharpest"}.get(rank, f"{rank}th sharpest")
    return Picture(
        f"Phase portrait, {nth} direction",
        "A spiral swings and loses energy; a curve straight into rest is well damped; "
        "a cloud is noise. The line breaks where the direction was probed anew.",
        drawing(
            f"portrait{rank}",
            f"Momentum against position along the {nth} direction",
            f"{len(position)} points, from the first step to the last (dark dot).",
            draw,
        ),
    )


def _parts_of_path(position: Column, momentum: Column) -> list[Column]:
    """Return the points in as many equal lengths of path as time has colours."""
    way = numpy.zeros(len(position))
    for values in (position, momentum):
        known = values[numpy.isfinite(values)]
        extent = float(numpy.ptp(known)) if len(known) else 0.0
        if extent > 0:
            way[1:] += numpy.nan_to_num(numpy.diff(values) / extent) ** 2
    path = numpy.cumsum(numpy.sqrt(way))
    edges = path[-1] * numpy.arange(1, len(TIMES)) / len(TIMES)
    return numpy.split(numpy.arange(len(path)), numpy.searchsorted(path, edges))


def overlay_figure(histories: Mapping[str, History], name: str) -> Picture | None:
    """Draw one curve of several runs in one figure.

    Args:
        histories: label -> run.
        name: "loss" for the training loss, else an evaluation's name.

    Returns:
        The figure; None where no run has this curve.
    """
    curves = {
        label: (h.steps["step"], smooth(h.steps["loss"]))
        if name == "loss"
        else h.evaluations[name]
        for label, h in histories.items()
        if name == "loss" or name in h.evaluations
    }
    if not curves:
        return None
    colours = dict(zip(histories, SERIES * len(histories), strict=False))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for label, (at, values) in curves.items():
            style = {} if name == "loss" else {"marker": "o", "markersize": 4}
            axes.plot(at, finite(values), color=mark(colours[label]), **style)
        if "loss" in name:
            scale(axes, [finite(v) for _, v in curves.values()])
        axes.set_xlabel("step")
        whole_steps(axes)

    ends = "; ".join(f"{label}: {v[-1]:.4g}" for label, (_, v) in curves.items())
    title = "Training loss, smoothed" if name == "loss" else name.replace("_", " ")
    slug = "both-" + re.sub(r"\W+", "-", name)
    return Picture(
        title[:1].upper() + title[1:],
        "",
        drawing(slug, f"{title} of each run", f"At the end: {ends}.", draw),
        tuple((label, colours[label], False) for label in curves),
    )
