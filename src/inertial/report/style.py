"""Colours and style sheet of a report: light, dark, phone, desktop and paper."""

from __future__ import annotations

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour with a role.

    Attributes:
        mark: What the figures are drawn with; it is replaced by the CSS variable.
        light: On a light page.
        dark: On a dark page.
    """

    mark: str
    light: str
    dark: str


# Ink and muted have at least 7 and 4.5 times the contrast of their page, lines at
# least 3 times (WCAG 2.1, 1.4.3 and 1.4.11); tests/training/test_report.py measures it.
COLOURS = {
    "page": Colour("#010100", "#fbfaf7", "#14171c"),
    "card": Colour("#010101", "#ffffff", "#1c2027"),
    "ink": Colour("#010102", "#1f2430", "#e8e6e1"),
    "muted": Colour("#010103", "#5c6370", "#a3a9b5"),
    "rule": Colour("#010104", "#dcd9d2", "#353b46"),
    "loss": Colour("#010105", "#2456a6", "#7fb0ff"),
    "kinetic": Colour("#010106", "#b4530a", "#ffad5c"),
    "heat": Colour("#010107", "#b3261e", "#ff8a80"),
    "work": Colour("#010108", "#1b7340", "#6fd199"),
    "other": Colour("#010109", "#7a3fa0", "#d3a4f0"),
    # Time runs along this ramp, in even steps of lightness, readable without colour.
    "time0": Colour("#010110", "#8ab3da", "#2d5c8f"),
    "time1": Colour("#010111", "#74a3d6", "#3a76b5"),
    "time2": Colour("#010112", "#5b8bc9", "#5092d8"),
    "time3": Colour("#010113", "#5a70b8", "#7fa8e8"),
    "time4": Colour("#010114", "#6a57a3", "#b3a6ee"),
    "time5": Colour("#010115", "#7d3f86", "#e0a5dc"),
    "time6": Colour("#010116", "#882a60", "#ffb0b8"),
    "time7": Colour("#010117", "#7f1533", "#ffd0a8"),
}

TIMES = [name for name in COLOURS if name.startswith("time")]
SERIES = ("loss", "kinetic", "work", "other", "heat")
"""In which order curves of different runs or evaluations are coloured."""


def variables() -> str:
    """Return the colours as CSS variables, for light, dark and paper.

    Example:
        >>> "--ink: #1f2430" in variables()
        True
    """
    light = " ".join(f"--{name}: {c.light};" for name, c in COLOURS.items())
    dark = " ".join(f"--{name}: {c.dark};" for name, c in COLOURS.items())
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )


LAYOUT = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  -webkit-text-size-adjust: 100%; }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 40px; padding-bottom: 14px; }
.kicker { margin: 0; color: var(--muted); font-size: 14px; letter-spacing: .04em; }
h1 { margin: 2px 0 0; font-size: clamp(26px, 5vw, 38px); line-height: 1.2;
  letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { margin: 44px 0 4px; font-size: 22px; line-height: 1.3; letter-spacing: -.01em; }
h3 { margin: 0 0 2px; font-size: 16px; }
p { margin: 6px 0 12px; max-width: 70ch; }
.reading { max-width: 880px; margin-top: 18px; padding: 18px 22px;
  border-left: 4px solid var(--kinetic); border-radius: 0 10px 10px 0;
  background: var(--card); font-size: 18px; }
.reading p { margin: 0 0 8px; max-width: 74ch; }
.reading p:last-child { margin: 0; }
.note { color: var(--muted); font-size: 15px; }
.numbers { display: flex; flex-wrap: wrap; gap: 12px 36px; margin: 6px 0 0; }
.numbers div { display: flex; flex-direction: column-reverse; }
.numbers dt { color: var(--muted); font-size: 14px; }
.numbers dd { margin: 0; font-size: 26px; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.grid { display: grid; gap: 18px; margin-top: 14px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); }
figure, .card { margin: 0; padding: 16px 18px; border: 1px solid var(--rule);
  border-radius: 10px; background: var(--card); min-width: 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: 8px; color: var(--muted); font-size: 14px; line-height: 1.45; }
.key { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 6px; padding: 0;
  list-style: none; font-size: 14px; }
.key i { display: inline-block; width: 18px; height: 0; margin-right: 6px;
  border-top: 3px solid; vertical-align: middle; }
.key i.dashed { border-top-style: dashed; }
.ramp { display: inline-flex; gap: 0; margin: 0 6px; vertical-align: middle; }
.ramp i { width: 12px; height: 6px; margin: 0; border: 0; }
.wide { overflow-x: auto; }
.wide thead th, .wide td.number { overflow-wrap: normal; }
table { width: 100%; border-collapse: collapse; font-size: 15px; }
caption { padding: 0 0 6px; color: var(--muted); font-size: 14px; text-align: left; }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule);
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { color: var(--muted); font-weight: 500; font-size: 14px; }
tbody th { font-weight: 500; overflow-wrap: normal; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { margin: 0; padding: 10px 12px; border-radius: 8px; background: var(--page);
  font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; }
footer { padding-top: 36px; padding-bottom: 48px; color: var(--muted);
  font-size: 14px; }
@media (max-width: 520px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  figure, .card { padding: 12px; } .reading { padding: 14px 16px; font-size: 17px; }
}
@media print {
  body { font-size: 11pt; } figure, .card, .reading { break-inside: avoid; }
  h2 { break-after: avoid; } .grid { grid-template-columns: 1fr 1fr; }
}
"""


def sheet() -> str:
    """Return the whole style sheet.

    Example:
        >>> sheet().startswith(":root")
        True
    """
    return variables() + LAYOUT
