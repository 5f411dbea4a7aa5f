"""How a figure is drawn: matplotlib makes the lines, the page gives the colours.

Each is drawn in marks, colours that mean a role; the marks become CSS variables, so one
figure serves the light page, the dark page and paper. Text stays text.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy

from inertial.report.style import COLOURS
from inertial.training.history import Column

WIDTH, HEIGHT = 5.6, 3.3  # inches; 403 points wide, so text is 1:1 on a phone
HUGE = 1e30  # a loss beyond it has left the page; matplotlib's arithmetic would too
WIDE_RANGE = 20.0  # from this ratio of largest to smallest on, an axis is logarithmic


class Picture(NamedTuple):
    """One figure, ready for the page.

    Attributes:
        title: What it shows.
        caption: How to read it.
        svg: The drawing.
        key: (label, colour's name, whether dashed) of each curve.
    """

    title: str
    caption: str
    svg: str
    key: tuple[tuple[str, str, bool], ...] = ()


def mark(name: str) -> str:
    """Return the colour that a role is drawn with.

    Example:
        >>> mark("ink")
        '#010102'
    """
    return COLOURS[name].mark


def settings(name: str, colour: Callable[[str], str]) -> Any:
    """Return matplotlib's settings for our figures.

    Args:
        name: The figure's own; the same name gives the same ids.
        colour: Role -> colour.

    Returns:
        For `matplotlib.rc_context`.
    """
    edge = {f"axes.spines.{side}": False for side in ("top", "right")}
    ticks = {f"{a}tick.{kind}.size": 0 for a in "xy" for kind in ("major", "minor")}
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.family": "sans-serif",
        "font.size": 12,
        "axes.edgecolor": colour("muted"),
        "axes.labelcolor": colour("muted"),
        "axes.titlecolor": colour("muted"),
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "axes.formatter.useoffset": False,
        "grid.color": colour("rule"),
        "grid.linewidth": 0.8,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
        "text.color": colour("ink"),
        "xtick.color": colour("muted"),
        "ytick.color": colour("muted"),
        "path.simplify_threshold": 0.3,
        **edge,
        **ticks,
    }


def drawing(
    name: str,
    title: str,
    description: str,
    draw: Callable[[Any], None],
    size: tuple[float, float] = (WIDTH, HEIGHT),
) -> str:
    """Return a figure as SVG, without pyplot and so without global figures.

    Args:
        name: The figure's own; its ids begin with it.
        title: For those who cannot see it.
        description: What it shows, for them.
        draw: Draws on a matplotlib Figure, in marks.
        size: Width and height. Unit: inch.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(settings(name, mark)):
        figure = Figure(figsize=size)
        # Fixed margins: measuring every label would take as long as all the rest.
        figure.subplots_adjust(0.125, 0.155, 0.985, 0.975, hspace=0.35)
        draw(figure)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        if any(axes.get_title(loc="left") for axes in figure.axes):
            figure.subplots_adjust(top=0.92)
        figure.patch.set_visible(False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _themed(out.getvalue(), name, title, description)


def _themed(svg: str, name: str, title: str, description: str) -> str:
    """Return the drawing with CSS colours, its own ids, a title and a description."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style.*?</style>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for role, colour in COLOURS.items():
        svg = svg.replace(colour.mark, f"var(--{role})")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    box = re.search(r'viewBox="[^"]*"', svg)
    opening = (
        f'<svg {box.group(0) if box else ""} role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="inherit" '
        'overflow="visible" stroke-linejoin="round" stroke-linecap="butt" '
        'xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    return re.sub(r"<svg[^>]*>", lambda _: opening, svg, count=1)


def smooth(values: Column) -> Column:
    """Return a centred mean over a fortieth of a curve, ends included.

    Args:
        values: A curve. Shape: (n,).

    Returns:
        The smoother curve. Shape: (n,).

    Example:
        >>> smooth(numpy.ones(3))
        array([1., 1., 1.])
    """
    values, half = finite(values), len(values) // 80
    return numpy.array(
        [_mean(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
    )


def _mean(values: Column) -> float:
    known = values[numpy.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def scale(axes: Any, curves: Sequence[Column]) -> None:
    """Take a logarithmic axis where every value is positive and the range is wide.

    Args:
        axes: Of matplotlib.
        curves: What is drawn on it.
    """
    known = numpy.concatenate([c[numpy.isfinite(c)] for c in curves])
    if len(known) and known.min() > 0 and known.max() / known.min() > WIDE_RANGE:
        axes.set_yscale("log")
    elif not len(known):
        axes.text(0.5, 0.5, "nothing recorded", transform=axes.transAxes, ha="center")


def whole_steps(axes: Any) -> None:
    """Count steps along the horizontal axis.

    Args:
        axes: Of matplotlib.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))


def finite(values: Column) -> Column:
    """Return a curve with gaps where it is no number.

    Args:
        values: A curve. Shape: (n,).

    Example:
        >>> finite(numpy.array([1.0, math.inf]))
        array([ 1., nan])
    """
    return numpy.where(numpy.abs(values) < HUGE, values, numpy.nan)
