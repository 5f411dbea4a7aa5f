"""Time one optimizer step beside others, interleaved, in one process.

    python benchmarks/step.py [--quick] [--case NAME] [--json FILE] [--markdown FILE]
                              [--plot FILE]

All entrants of a case take turns, in a new order each round. A ratio is the median of
the ratios within rounds, with the quartiles: machines differ, and this one may be busy.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import torch
from cases import CASES, ENTRANTS, Case, Mark, absent, parameters

from inertial.torch import Inertial

WARM_UP = 3
FEWEST, MOST = 15, 3000  # rounds, whatever the clock says

Times = dict[str, list[float]]


class Ratio(NamedTuple):
    """The middle half of the ratios within rounds."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Row(NamedTuple):
    """One mark and what was measured; `ratio` is None where an entrant is absent."""

    case: str
    mark: Mark
    ratio: Ratio | None

    @property
    def holds(self) -> bool | None:
        if self.ratio is None:
            return None
        if self.mark.at_least:
            return self.ratio.median >= self.mark.limit
        return self.ratio.median <= self.mark.limit


def ratio(above: list[float], below: list[float], scale: float = 1.0) -> Ratio:
    """Quartiles of scale * above / below, taken round by round."""
    shares = [scale * a / b for a, b in zip(above, below, strict=True)]
    return Ratio(*statistics.quantiles(shares, n=4, method="inclusive"))


def judged(case: Case, times: Times) -> list[Row]:
    """The rows of a case's marks."""
    rows = []
    for mark in case.marks:
        found = None
        if mark.ours in times and mark.against in times:
            ours, against = times[mark.ours], times[mark.against]
            pair = (against, ours) if mark.at_least else (ours, against)
            found = ratio(*pair, mark.scale)
        rows.append(Row(case.name, mark, found))
    return rows


def timed(case: Case, seconds: float, fewest: int) -> tuple[Times, dict[str, str]]:
    """Time a case's entrants in turn; return their times and why others are absent."""
    missing = {name: absent(ENTRANTS[name]) for name in case.entrants}
    missing = {name: reason for name, reason in missing.items() if reason}
    steps = {
        name: ENTRANTS[name].make(parameters(case.shapes))
        for name in case.entrants
        if name not in missing
    }
    for _ in range(WARM_UP):
        for step in steps.values():
            step()
    times: Times = {name: [] for name in steps}
    order = random.Random(0)
    turns = list(steps)
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        rounds = 0
        while rounds < fewest or (rounds < MOST and time.perf_counter() < end):
            order.shuffle(turns)
            for name in turns:
                step = steps[name]
                start = time.perf_counter()
                step()
                times[name].append(time.perf_counter() - start)
            rounds += 1
    finally:
        gc.enable()
    return times, missing


def processor() -> str:
    """The processor's name, or its architecture where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return f"{names[0]} ({platform.machine()})" if names else platform.machine()


def others() -> float:
    """How many other programs wanted a core in the last minute; about 0 if quiet."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else float("nan")


LOAD = others()  # before this program adds its own


def machine() -> dict[str, object]:
    """What a reader must know of the machine, and nothing that names it."""
    return {
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "native kernel": Inertial.kernels()["native"] or "here",
        "load before": LOAD,
    }


def bandwidths(times: Times, count: int) -> dict[str, float]:
    """Bytes per second of the triads, with and without reads before writes."""
    found = {}
    if "triad a = b + s c" in times:
        middle = statistics.median(times["triad a = b + s c"])
        found["triad a = b + s c, 4 accesses (the write reads first)"] = (
            16 * count / middle
        )
        found["triad a = b + s c, 3 accesses (as STREAM counts)"] = 12 * count / middle
    if "triad a += s b" in times:
        middle = statistics.median(times["triad a += s b"])
        found["triad a += s b, 3 accesses"] = 12 * count / middle
    for name in ("Inertial, sums", "torch SGD fused"):
        if found and name in times:
            step = 20 * count / statistics.median(times[name])
            found[f"step of {name}, 5 accesses"] = step
    return found


def marks_table(rows: list[Row]) -> list[str]:
    lines = [
        "| case | ours | against | mark | measured: median [quartiles] | holds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for case, mark, found in rows:
        what = f"bandwidth of {mark.against}" if mark.at_least else mark.against
        sign = "≥" if mark.at_least else "≤"
        holds = {True: "yes", False: "**no**", None: "not measured"}
        shown = "" if found is None else str(found)
        lines.append(
            f"| {case} | {mark.ours} | {what} | {sign} {mark.limit:.2f} | {shown} | "
            f"{holds[Row(case, mark, found).holds]} |"
        )
    return lines


def ratios_table(cases: list[Case], measured: dict[str, Times]) -> list[str]:
    lines = [
        "| case | entrant | time / base: median [quartiles] | base | rounds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case in cases:
        times = measured[case.name]
        for name in times:
            if name == case.base:
                continue
            found = ratio(times[name], times[case.base])
            rounds = len(times[name])
            lines.append(f"| {case.name} | {name} | {found} | {case.base} | {rounds} |")
    return lines


def report(
    cases: list[Case], measured: dict[str, Times], missing: dict[str, str]
) -> str:
    """Everything that was found, as Markdown."""
    rows = [row for case in cases for row in judged(case, measured[case.name])]
    told = ", ".join(f"{name}: {value}" for name, value in machine().items())
    lines = [f"Machine: {told}.", "", *marks_table(rows), ""]
    lines += ratios_table(cases, measured)
    for case in cases:
        count = sum(torch.Size(shape).numel() for shape in case.shapes)
        speeds = bandwidths(measured[case.name], count)
        lines += [""] * bool(speeds)
        lines += [
            f"- {case.name}: {what}: {speed / 1e9:.1f} GB/s"
            for what, speed in speeds.items()
        ]
    lines += [""] * bool(missing)
    lines += [f"- left out: {name} ({reason})" for name, reason in missing.items()]
    return "\n".join(lines) + "\n"


def as_json(
    cases: list[Case], measured: dict[str, Times], missing: dict[str, str]
) -> dict[str, object]:
    rows = [row for case in cases for row in judged(case, measured[case.name])]
    return {
        "machine": machine(),
        "left out": missing,
        "marks": [
            {
                "case": row.case,
                **row.mark._asdict(),
                "ratio": row.ratio and row.ratio._asdict(),
                "holds": row.holds,
            }
            for row in rows
        ],
        "seconds": {
            case.name: {
                name: dict(
                    zip(
                        ("low", "median", "high"),
                        statistics.quantiles(values, n=4, method="inclusive"),
                        strict=True,
                    )
                )
                | {"rounds": len(values)}
                for name, values in measured[case.name].items()
            }
            for case in cases
        },
    }


def draw(rows: list[Row], path: Path) -> None:
    """One line per mark: a dot with its quartiles, and the mark as a stroke."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    shown = [row for row in rows if row.ratio is not None]
    figure, axes = plt.subplots(figsize=(9, 1.4 + 0.5 * len(shown)))
    for place, row in enumerate(reversed(shown)):
        low, middle, high = row.ratio
        color = "#1b7837" if row.holds else "#b2182b"
        axes.plot([low, high], [place, place], color=color, linewidth=3, alpha=0.4)
        axes.plot(middle, place, "o", color=color)
        mark, side = row.mark.limit, "≥" if row.mark.at_least else "≤"
        axes.plot([mark, mark], [place - 0.35, place + 0.35], color="black")
        told = f"{middle:.2f} ({side} {mark:.2f})"
        axes.annotate(
            told, (1.01, place), xycoords=("axes fraction", "data"), va="center"
        )
    labels = [
        f"{row.case}: {row.mark.ours}\nagainst {row.mark.against}"
        for row in reversed(shown)
    ]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.set_xscale("log")
    ticks = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0]
    axes.set_xlim(*_limits(shown))
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(*_limits(shown))
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(
        "time of a step / time of the other's (bandwidth: speed / the triad's)\n"
        "dot: median; bar: quartiles; black stroke: the mark; green: holds, red: missed"
    )
    figure.savefig(path, dpi=150, bbox_inches="tight", facecolor="white")


def _limits(rows: list[Row]) -> tuple[float, float]:
    lows = [min(row.ratio.low, row.mark.limit) for row in rows if row.ratio]
    highs = [max(row.ratio.high, row.mark.limit) for row in rows if row.ratio]
    return 0.9 * min(lows), 1.1 * max([*highs, 1.0])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a second per case")
    parser.add_argument("--seconds", type=float, default=30.0, help="per case")
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, help="only this one")
    for name in ("json", "markdown", "plot"):
        parser.add_argument(f"--{name}", type=Path)
    return parser.parse_args()


def main() -> None:
    told = arguments()
    seconds, fewest = (1.0, 3) if told.quick else (told.seconds, FEWEST)
    cases = [case for case in CASES if not told.case or case.name in told.case]
    measured: dict[str, Times] = {}
    missing: dict[str, str] = {}
    for case in cases:
        print(f"{case.name} ...", flush=True)
        measured[case.name], left_out = timed(case, seconds, fewest)
        missing |= left_out
    text = report(cases, measured, missing)
    print(text)
    if LOAD > 0.5:
        print(f"Other programs were running (load {LOAD}): measure again when it is")
        print("quiet. Threads that wait for each other make such ratios meaningless.")
    for path in filter(None, (told.json, told.markdown, told.plot)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if told.markdown:
        told.markdown.write_text(text)
    if told.json:
        found = as_json(cases, measured, missing)
        told.json.write_text(json.dumps(found, indent=2) + "\n")
    if told.plot:
        rows = [row for case in cases for row in judged(case, measured[case.name])]
        draw(rows, told.plot)


if __name__ == "__main__":
    main()
