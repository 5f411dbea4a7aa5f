"""Take the lab's pictures, in both themes and three widths: make screenshots."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lab import FLAGS, READY, served  # benchmarks/, where `make screenshots` looks

HERE = Path(__file__).parent
SIZES = {360: 780, 820: 1180, 1440: 900}
VIEWS = {
    # name -> (fragment, widths)
    "explore": ("&k=45", (360, 820, 1440)),
    "learn": ("&tab=learn&lesson=3&l=ravine&set=1,0.5,0.5&k=30", (1440,)),
    "evidence": ("&tab=evidence", (1440,)),
    "runs": ("&tab=runs&run=momentum&cmp=plain", (820, 1440)),
    "particles": (
        "&l=himmelblau&p=-0.5,-1;0.5,-0.5;-1,1&set=1,2,0.08&k=60",
        (1440,),
    ),
}


def record(runs: Path) -> None:
    """Record two short runs on real digits to look at."""
    for name, momentum in (("plain", "0"), ("momentum", "0.9")):
        words = f"train digits --lr 0.02 --momentum {momentum} --epochs 6"
        folder = ["--out", str(runs / name)]
        subprocess.run(
            [sys.executable, "-m", "inertial", *words.split(), *folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )


def picture(browser: Browser, address: str, theme: str, name: str, width: int) -> bytes:
    """Return one picture of the page as PNG."""
    fragment, _ = VIEWS[name]
    page = browser.new_page(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page.goto(f"{address}#v=1{fragment}")
    page.wait_for_selector(READY, timeout=60_000)
    page.wait_for_timeout(400)
    shot = page.screenshot()
    page.close()
    return shot


def main() -> None:
    """Take every picture."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--chromium", default="/usr/bin/chromium")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        runs = Path(folder) / "runs"
        record(runs)
        browser = driver.chromium.launch(
            executable_path=given.chromium, args=list(FLAGS)
        )
        with served(runs) as address:
            for name, (_, widths) in VIEWS.items():
                for width in widths:
                    for theme in ("light", "dark"):
                        shot = picture(browser, address, theme, name, width)
                        path = HERE / f"lab-{name}-{width}-{theme}.png"
                        Image.open(io.BytesIO(shot)).convert("RGB").save(
                            path, optimize=True
                        )
                        print(path.name, f"{path.stat().st_size / 1024:.0f} KB")
        browser.close()


if __name__ == "__main__":
    main()
