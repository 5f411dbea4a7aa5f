"""Make the README's picture: one ravine, with and without momentum, and its account.

Run `python docs/figures/make_readme_picture.py`. It writes, beside itself, momentum.svg
(which follows the reader's light or dark scheme), momentum.png and momentum-dark.png.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy
from matplotlib.figure import Figure

from inertial.analysis.film import Trajectory
from inertial.analysis.landscape import Landscape, ravine
from inertial.analysis.simulation import simulate
from inertial.analysis.tuning import gradient_descent
from inertial.conventions import torch_sgd
from inertial.report.drawing import drawing, mark, settings
from inertial.report.style import COLOURS, variables

HERE = Path(__file__).parent
SIZE = (10.4, 3.9)  # inches
STEPS, MOMENTUM = 160, 0.95
SHALLOW, STEEP = 0.0025, 1.0  # 400 to 1: ill-conditioned enough for momentum to pay
LR = 0.3  # critical along the valley floor: (1 - sqrt(0.95))² / 0.0025 = 0.26
START = (-9.0, 0.5)
TITLE = "A particle rolls down a ravine, with and without momentum"


class Scene(NamedTuple):
    """What the picture shows."""

    land: Landscape
    plain: Trajectory
    rolling: Trajectory


def scene() -> Scene:
    """Return two runs: with momentum, and without it at the best possible lr."""
    land = ravine(SHALLOW, STEEP)
    best = gradient_descent(SHALLOW, STEEP)
    plain = simulate(torch_sgd(best.lr), land, START, STEPS)
    rolling = simulate(torch_sgd(LR, MOMENTUM), land, START, STEPS)
    return Scene(land, plain, rolling)


def draw(figure: Any, scene: Scene, colour: Callable[[str], str]) -> None:
    """Draw the landscape at the left, the energy account at the right."""
    left, right = figure.subplots(1, 2, width_ratios=[1.45, 1])
    figure.subplots_adjust(0.02, 0.15, 0.965, 0.87, wspace=0.1)
    _draw_landscape(left, scene, colour)
    _draw_account(right, scene.rolling, colour)


def _draw_landscape(axes: Any, scene: Scene, colour: Callable[[str], str]) -> None:
    x, y = numpy.meshgrid(numpy.linspace(-10, 3, 240), numpy.linspace(-0.8, 0.9, 120))
    heights = scene.land.value(numpy.stack([x, y], axis=-1))
    levels = heights.max() * numpy.linspace(0.08, 0.98, 10) ** 2
    axes.contour(x, y, heights, levels, colors=colour("rule"), linewidths=1.1)
    for trajectory, name, width in (
        (scene.plain, "loss", 0.9),
        (scene.rolling, "kinetic", 2.4),
    ):
        path = trajectory.positions[:, 0]
        axes.plot(path[:, 0], path[:, 1], color=colour(name), linewidth=width)
        end = {"markersize": 10, "markeredgecolor": colour("page")}
        axes.plot(*path[-1], "o", color=colour(name), markeredgewidth=1.5, **end)
    axes.plot(*START, "o", color=colour("ink"), markersize=7)
    axes.plot(0, 0, "+", color=colour("ink"), markersize=12, markeredgewidth=1.5)
    axes.text(START[0] - 0.1, START[1] + 0.1, "start")
    axes.text(-5.6, 0.42, "plain, at its best lr", color=colour("loss"))
    axes.text(-2.3, -0.42, f"with momentum {MOMENTUM}", color=colour("kinetic"))
    axes.set_title(f"Down a ravine in {STEPS} steps", loc="left", fontsize=12)
    axes.set(xticks=[], yticks=[], xlim=(-10, 3), ylim=(-0.8, 0.9))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_account(axes: Any, rolling: Trajectory, colour: Callable[[str], str]) -> None:
    parts = [rolling.losses[:, 0], rolling.kinetic[:, 0], rolling.heat[:, 0]]
    tops = numpy.cumsum(parts, axis=0)
    low = numpy.zeros(len(rolling.steps))
    for name, top, alpha in zip(
        ("loss", "kinetic", "heat"), tops, (0.85, 0.9, 0.22), strict=True
    ):
        axes.fill_between(
            rolling.steps, low, top, color=colour(name), alpha=alpha, linewidth=0
        )
        low = top
    total = float(tops[-1, 0])
    axes.text(0.62 * STEPS, 0.55 * total, "heat of friction")
    arrow = {"arrowstyle": "-", "color": colour("muted"), "shrinkB": 0}
    for label, row in (("motion", 1), ("loss", 0)):
        at = int(0.16 * STEPS)
        below = tops[row - 1, at] if row else 0.0
        middle = (float(below) + float(tops[row, at])) / 2
        text = (0.36 * STEPS, middle + 0.08 * total)
        axes.annotate(label, (at, middle), text, arrowprops=arrow, va="center")
    axes.set_title("Where its energy went", loc="left", fontsize=12)
    axes.set(xlabel="step", yticks=[], xlim=(0, STEPS), ylim=(0, 1.22 * total))
    axes.grid(visible=False)


def svg(seen: Scene) -> str:
    """Return the picture as SVG that follows the reader's colour scheme."""
    end = seen.rolling.losses[-1, 0] / seen.rolling.losses[0, 0]
    stays = seen.plain.losses[-1, 0] / seen.plain.losses[0, 0]
    text = drawing(
        "momentum",
        TITLE,
        f"After {STEPS} steps the particle with momentum has {end:.1%} of its loss "
        f"left, the one without {stays:.1%}. The lost height became heat.",
        lambda figure: draw(figure, seen, mark),
        SIZE,
    )
    style = (
        f"<style>{variables()} text {{ font-family: system-ui, sans-serif; }}</style>"
        '<rect width="100%" height="100%" rx="10" style="fill: var(--page)"/>'
    )
    return text.replace("</desc>", "</desc>" + style, 1) + "\n"


def png(seen: Scene, path: Path, scheme: str) -> None:
    """Write the picture as pixels, in one colour scheme."""

    def colour(name: str) -> str:
        return str(getattr(COLOURS[name], scheme))

    with matplotlib.rc_context(settings("momentum", colour)):
        figure = Figure(figsize=SIZE, facecolor=colour("page"), dpi=160)
        draw(figure, seen, colour)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Write all three files."""
    seen = scene()
    (HERE / "momentum.svg").write_text(svg(seen), encoding="utf-8")
    png(seen, HERE / "momentum.png", "light")
    png(seen, HERE / "momentum-dark.png", "dark")


if __name__ == "__main__":
    main()
