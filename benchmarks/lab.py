"""Measure the lab's page in Chromium and judge the marks: python benchmarks/lab.py

What a person waits for: from a key on a slider to all panels drawn, frames while eight
particles play, the first view, bytes over the wire, a recorded run on the screen.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY = "body[data-state=ready]"
EIGHT = ";".join(f"{-9 + 1.4 * i:g},{2 - 0.5 * i:g}" for i in range(8))
MARKS = {  # name -> (limit, whether less is better, unit)
    "slider to redraw, median": (40.0, True, "ms"),
    "slider to redraw, p95": (80.0, True, "ms"),
    "play, eight particles": (55.0, False, "frames/s"),
    "first view, median": (800.0, True, "ms"),
    "page over the wire": (300.0, True, "KB"),
    "requests beyond the server": (0.0, True, ""),
    "10 000 recorded steps plotted": (100.0, True, "ms"),
}

# One press: from the key's event to the end of the frame that shows its answer.
PRESS = """async () => {
  const slider = document.querySelector("#set-friction");
  slider.focus();
  const seen = [];
  for (let i = 0; i < COUNT; i++) {
    const before = document.body.dataset.seq;
    const began = performance.now();
    slider.value = String(+slider.value + (i % 2 ? -3 : 4));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    while (document.body.dataset.seq === before)
      await new Promise((done) => setTimeout(done, 0));
    seen.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 30));
  }
  return seen;
}"""

PLAY = """async () => {
  document.querySelector("button[aria-label=Play]").click();
  await new Promise((done) => setTimeout(done, 300));
  const [redraws, began] = [window.lab.redraws, performance.now()];
  await new Promise((done) => setTimeout(done, 3000));
  const shown = window.lab.redraws - redraws;
  return (1000 * shown) / (performance.now() - began);
}"""

# Ten thousand rows as a run records them, drawn by the plots' own function.
PLOT = """async () => {
  const { makeFrame, trace } = await import("/static/axes.js");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [900, 300];
  const pen = canvas.getContext("2d");
  const xs = Float64Array.from({ length: 10000 }, (_, i) => i);
  const ys = xs.map((i) => Math.exp(-i / 3000) * (1 + 0.2 * Math.sin(i * 12.9898)));
  const edge = { left: 40, right: 12, top: 24, bottom: 26 };
  const seen = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    const axes = [{ low: 0, high: 1e4 }, { low: 1e-3, high: 1.3, log: true }];
    trace(pen, makeFrame(900, 300, ...axes, edge), xs, ys, 0, 9999);
    pen.getImageData(0, 0, 1, 1);
    seen.push(performance.now() - began);
  }
  return seen;
}"""


@contextmanager
def served(runs: Path) -> Generator[str]:
    """Serve the lab in a process of its own.

    Yields:
        Its address.
    """
    words = [sys.executable, "-m", "inertial", "lab", "--no-browser"]
    process = subprocess.Popen(
        [*words, "--runs", str(runs)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http"))
    finally:
        process.terminate()
        process.wait(10)


def opened(browser: Browser, address: str, fragment: str = "", **more: Any) -> Page:
    """Open the page, and wait until its first view stands."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, **more)
    page.goto(f"{address}#v=1{fragment}")
    page.wait_for_selector(READY)
    return page


def first_view(browser: Browser, address: str) -> tuple[float, float, int]:
    """Return the time to the first view, KB over the wire, and foreign requests."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on(
        "Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"])
    )
    page.goto(address)
    page.wait_for_selector(READY)
    took = page.evaluate("performance.now()")
    page.wait_for_timeout(300)
    home = urlparse(address).netloc
    foreign = sum(urlparse(url).netloc != home for url in asked)
    page.close()
    return float(took), sum(sizes) / 1024, foreign


def measure(browser: Browser, address: str, presses: int) -> dict[str, float]:
    """Measure every mark."""
    firsts = [first_view(browser, address) for _ in range(5)]
    still = opened(browser, address, "&k=200", reduced_motion="reduce")
    still.evaluate(PRESS.replace("COUNT", "5"))  # warm
    slides = sorted(still.evaluate(PRESS.replace("COUNT", str(presses))))
    plotted = statistics.median(still.evaluate(PLOT))
    still.close()
    many = opened(browser, address, f"&p={EIGHT}&steps=1000", reduced_motion="reduce")
    frames = many.evaluate(PLAY)
    many.close()
    return {
        "slider to redraw, median": statistics.median(slides),
        "slider to redraw, p95": slides[int(0.95 * len(slides))],
        "play, eight particles": frames,
        "first view, median": statistics.median(first[0] for first in firsts),
        "page over the wire": max(first[1] for first in firsts),
        "requests beyond the server": float(max(first[2] for first in firsts)),
        "10 000 recorded steps plotted": plotted,
    }


def main() -> int:
    """Measure, print and judge."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--presses", type=int, default=60)
    words.add_argument("--address", help="of a lab that is served already")
    words.add_argument("--json", type=Path, help="write the numbers here")
    given = words.parse_args()
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        if given.address:
            found = measure(browser, given.address, given.presses)
        else:
            with served(Path(folder)) as address:
                found = measure(browser, address, given.presses)
        browser.close()
    missed = 0
    for name, value in found.items():
        limit, less, unit = MARKS[name]
        met = value <= limit if less else value >= limit
        missed += not met
        sign = "<=" if less else ">="
        print(
            f"{name:32}{value:8.1f} {unit:9}{sign} {limit:g}  {'' if met else 'MISSED'}"
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
