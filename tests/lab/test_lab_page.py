"""The lab's page in a real browser: driven by role and name, as a person would."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from urllib.parse import urlparse

import pytest

from cases_runs import write_run

pytestmark = pytest.mark.slow

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY = "body[data-state=ready]"
PATIENCE = 20_000  # ms; on a busy machine the first view may take seconds
SERVE = (
    "import sys; from pathlib import Path; from inertial.lab.server import serve; "
    "serve(Path(sys.argv[1]), browser=False)"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve the lab, with two runs, in a process of its own."""
    runs = tmp_path_factory.mktemp("page") / "runs"
    write_run(runs / "calm", steps=300)
    write_run(runs / "noisy", steps=600, noise=0.2)
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(runs)], stdout=subprocess.PIPE, text=True
    )
    yield next(word for word in process.stdout.readline().split() if "http" in word)
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip(
        "playwright.sync_api",
        reason="the page's tests need Playwright: pip install playwright",
    )
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None
    )
    with api.sync_playwright() as driver:
        try:
            chromium = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        except api.Error:
            pytest.skip(
                "the page's tests need Chromium: apt install chromium, or "
                "python -m playwright install chromium"
            )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Return what opens the page in a state; at the end nothing may have gone wrong."""
    wrong, asked, contexts = [], [], []

    def opened(fragment="", width=1440, height=900, **more):
        more.setdefault("reduced_motion", "reduce")
        context = browser.new_context(
            viewport={"width": width, "height": height}, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}#v=1{fragment}")
        page.wait_for_selector(READY)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
    assert {urlparse(url).netloc for url in asked} == {urlparse(address).netloc}


def settled(page, act):
    """Do something that asks the server; return when its answer is drawn."""
    before = page.evaluate("document.body.dataset.seq")
    act()
    page.wait_for_function(
        """before => document.body.dataset.seq !== before
             && document.body.dataset.state === 'ready'""",
        arg=before,
    )


def words(page):
    return page.evaluate("window.lab.state")


def colours(page, name):
    """How many colours a canvas shows, and how much of it is not empty."""
    return page.evaluate(
        """name => {
          const canvas = document.querySelector(`.panel-${name} canvas.base`);
          const { width, height } = canvas;
          const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          const seen = new Set();
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3]) seen.add(data.slice(i, i + 3).join());
          return seen.size;
        }""",
        name,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_panel_shows_something(visit, scheme):
    page = visit(color_scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    for name in ("landscape", "loss", "energy", "phase", "stability"):
        assert colours(page, name) > 3, name  # ink, rule, line, and their edges


def test_a_slider_moves_the_particle_and_the_address(visit):
    page = visit()
    slider = page.get_by_role("slider", name="Friction")
    before = words(page)["set"]
    settled(page, lambda: slider.press("ArrowRight"))
    assert words(page)["set"] != before
    frame = page.evaluate("window.lab.frame.analysis.setting")
    # the page shows the server's numbers, to the digits of its number boxes
    box = page.get_by_role("spinbutton", name="Momentum, as a number")
    assert float(box.input_value()) == pytest.approx(frame["momentum"], rel=1e-5)
    page.wait_for_function("() => location.hash.includes('set=')")


def test_the_framework_words_set_mass_and_friction(visit):
    page = visit()
    box = page.get_by_role("spinbutton", name="Momentum, as a number")
    settled(page, lambda: box.fill("0.5"))
    mass, friction, clock = map(float, words(page)["set"].split(","))
    # what survives a step; ten digits stand in the state
    assert 1 - friction * clock / mass == pytest.approx(0.5, abs=1e-9)


def test_a_link_brings_the_same_view_back(visit):
    page = visit()
    page.get_by_role("combobox", name="Shape").select_option("himmelblau")
    page.wait_for_selector(READY)
    settled(page, lambda: page.get_by_role("slider", name="Mass").press("ArrowRight"))
    settled(page, lambda: page.get_by_role("button", name="Add a particle").click())
    page.get_by_role("slider", name="Step", exact=True).press("End")
    page.wait_for_timeout(400)  # the address is written at most every 150 ms
    there = page.evaluate("location.hash")
    again = visit(there.removeprefix("#v=1"))
    assert words(again) == words(page)
    path = "Array.from(window.lab.frame.sim.of('x', 1))"
    assert again.evaluate(path) == page.evaluate(path)


def test_unknown_words_of_a_link_are_passed_over(visit):
    page = visit("&future=1&steps=50&__proto__=2")
    assert words(page)["steps"] == "50"
    assert "future" not in words(page)


def test_a_start_point_is_dragged(visit):
    page = visit("&p=-9,2")
    start = page.evaluate("window.lab.toPixel('landscape', -9, 2)")
    goal = page.evaluate("window.lab.toPixel('landscape', -4, -1)")

    def drag():
        page.mouse.move(start["x"], start["y"])
        page.mouse.down()
        page.mouse.move(goal["x"], goal["y"], steps=5)
        page.mouse.up()

    settled(page, drag)
    page.wait_for_selector(READY)
    x, y = map(float, words(page)["p"].split(","))
    assert (x, y) == pytest.approx((-4, -1), abs=0.03)  # a pixel is 0.03 wide here
    assert page.evaluate("window.lab.frame.sim.of('x', 0)[0]") == pytest.approx(x)


def test_arrow_keys_move_the_start(visit):
    page = visit("&p=-5,1")
    land = page.locator("#landscape-canvas")
    assert land.get_attribute("role") == "application"
    settled(page, lambda: land.press("ArrowRight"))
    # a hundredth of the window, 14 wide, written in three digits
    assert float(words(page)["p"].split(",")[0]) == pytest.approx(-4.86, abs=0.006)


def test_a_click_on_the_map_sets_the_parameters(visit):
    page = visit()
    at = page.evaluate("window.lab.toPixel('stability', 0.1, 0.6)")
    settled(page, lambda: page.mouse.click(at["x"], at["y"]))
    page.wait_for_selector(READY)
    setting = page.evaluate("window.lab.frame.analysis.setting")
    assert setting["lr"] == pytest.approx(0.1, rel=0.05)  # half a pixel
    assert setting["momentum"] == pytest.approx(0.6, abs=0.01)
    fore = page.locator("#stability-canvas")
    settled(page, lambda: fore.press("Shift+ArrowDown"))
    lower = page.evaluate("window.lab.frame.analysis.setting.momentum")
    assert lower == pytest.approx(setting["momentum"] - 0.1, abs=1e-6)


def test_a_preset_is_chosen_and_back_undoes_it(visit):
    page = visit()
    before = words(page)
    page.get_by_role("button", name="Other settings").click()
    preset = page.get_by_role("button", name="Divergence")
    settled(page, preset.click)
    assert page.get_by_role("heading", level=1).text_content() == "Divergence"
    assert words(page) != before
    settled(page, page.go_back)
    assert words(page) == before


def test_divergence_is_said_in_words(visit):
    page = visit("&set=1,0.2,2.3&k=150")
    gone = page.evaluate("window.lab.frame.sim.diverged[0]")
    assert f"diverged at step {gone}" in page.locator("#loss-said").text_content()
    assert "diverge" in page.locator("#sentence").text_content()


def test_play_scrub_and_step_ask_the_server_for_nothing(visit):
    page = visit()
    asked = []
    page.on("request", lambda r: "/api/" in r.url and asked.append(r.url))
    page.locator("body").press(" ")
    page.wait_for_function("() => window.lab.frame.k > 3")
    page.locator("body").press(" ")
    scrub = page.get_by_role("slider", name="Step", exact=True)
    scrub.press("Home")
    assert page.evaluate("window.lab.frame.k") == 0
    page.get_by_role("button", name="One step forward").click()
    assert page.evaluate("window.lab.frame.k") == 1
    page.wait_for_timeout(300)
    assert words(page)["k"] == "1"
    assert asked == []


def test_movement_begins_only_where_it_is_welcome(visit):
    assert not visit().evaluate("window.lab.frame.playing")
    moving = visit(reduced_motion="no-preference")
    moving.wait_for_function("() => window.lab.frame.k > 0")


def test_hovering_one_panel_shows_the_step_in_all(visit):
    page = visit()
    at = page.evaluate("window.lab.toPixel('loss', 42, 1)")
    page.mouse.move(at["x"], at["y"])
    page.wait_for_function("() => window.lab.frame.hover === 42")


def test_the_theme_is_kept(visit):
    page = visit(color_scheme="light")
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert "theme" not in page.evaluate("location.hash")


@pytest.mark.parametrize("width", [360, 820, 1440])
@pytest.mark.parametrize("tab", ["explore", "learn", "evidence", "runs"])
def test_nothing_is_wider_than_the_window(visit, width, tab):
    page = visit(f"&tab={tab}", width=width)
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert over <= 0  # below 0: room kept for a scroll bar


def test_a_formula_is_rolled_on_and_its_faults_are_said(visit):
    page = visit()
    shape = page.get_by_role("combobox", name="Shape")
    settled(page, lambda: shape.select_option("formula"))
    field = page.get_by_role("textbox", name="Height at x and y")
    settled(page, lambda: field.fill("x**2 + 3*y**2"))
    assert page.locator("#formula-fault").is_hidden()
    settled(page, lambda: field.fill("x**2 + import"))
    assert page.locator("#formula-fault").text_content()
    assert field.get_attribute("aria-invalid") == "true"


def test_the_keyboard_alone_suffices(visit):
    page = visit()
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                  const own = document.activeElement;
                  const style = getComputedStyle(own);
                  const ring = style.outlineStyle !== "none";
                  return [own.id || own.getAttribute("aria-label") || own.textContent,
                          ring || own.type === "range" || own === document.body];
                }"""
            )
        )
    names = [name for name, _ in seen]
    for name in ("tab-explore", "set-mass", "landscape-canvas", "scrub", "Play",
                 "stability-canvas"):  # fmt: skip
        assert name in names
    assert [name for name, ring in seen if not ring] == []
    page.locator("#tab-explore").focus()
    settled(page, lambda: page.keyboard.press("ArrowRight"))
    assert words(page)["tab"] == "learn"


def test_lessons_drive_the_panels(visit):
    page = visit("&tab=learn")
    first = page.get_by_role("heading", level=1).first.text_content()
    settled(page, page.get_by_role("button", name=re.compile(r"^Next")).click)
    assert page.locator("#lesson-title").text_content() != first
    assert words(page)["lesson"] == "2"


def test_a_link_into_a_lesson_shows_its_words(visit):
    page = visit("&tab=learn&lesson=3&set=1,0.5,0.5")
    titles = page.locator(".dots button")
    assert titles.nth(2).get_attribute("aria-current") == "step"
    assert page.locator("#lesson-title").text_content()
    assert words(page)["set"] == "1,0.5,0.5"


def test_evidence_is_searched_and_opens(visit):
    page = visit("&tab=evidence")
    page.get_by_role("searchbox", name="Search").fill("updated velocity")
    shown = page.locator(".statement:visible")
    assert 1 <= shown.count() < 20
    shown.first.locator("summary").click()
    page.wait_for_selector(".statement[open] svg", timeout=90_000)  # it is run anew
    assert page.locator(".statement[open] table").is_visible()


def test_runs_are_shown_compared_and_opened_in_explore(visit):
    page = visit("&tab=runs&run=calm")
    assert page.get_by_role("heading", level=1, name="calm").is_visible()
    page.get_by_role("checkbox", name="Compare noisy").check()
    key = page.locator(".panel-run-loss .key li")
    page.wait_for_function(
        "() => document.querySelectorAll('.panel-run-loss .key li').length === 2"
    )
    assert "noisy" in key.last.text_content()
    across = page.get_by_role("combobox", name="Column on the x axis")
    across.select_option("momentum_norm")
    page.wait_for_selector(READY)
    assert words(page)["x"] == "momentum_norm"
    assert colours(page, "run-free") > 3
    page.get_by_role("button", name="Open this setting in Explore").click()
    page.wait_for_function("() => document.body.dataset.tab === 'explore'")
    page.wait_for_function("() => window.lab.frame.sim")


@pytest.mark.parametrize("tab", ["explore", "learn", "runs", "evidence"])
def test_every_control_and_canvas_has_a_name(visit, tab):
    page = visit(f"&tab={tab}")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(
             "button, select, input, textarea, summary, canvas[role], [tabindex='0']")]
          .filter((each) => each.checkVisibility())
          .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()
             || [...(each.labels || [])].some((l) => l.textContent.trim())))
          .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    empty = page.evaluate(
        """() => [...document.querySelectorAll("canvas[role]")]
          .filter((each) => each.checkVisibility())
          .filter((c) => !document.getElementById(
             c.getAttribute("aria-describedby")).textContent.trim())
          .map((c) => c.id)"""
    )
    assert empty == []


def test_show_data_is_a_table_of_what_is_drawn(visit):
    page = visit()
    page.get_by_role("button", name="Show data: Loss").click()
    rows = page.locator("#loss-data tbody tr")
    first = page.evaluate("window.lab.frame.sim.of('loss', 0)[0]")
    shown = float(rows.first.locator("td").first.text_content())
    assert shown == pytest.approx(first, rel=1e-4)  # five digits are shown


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
      if (a > 0.99) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest(".unseen, [disabled], option, svg")) continue;
    const a = light(parse(getComputedStyle(element).color));
    const b = light(ground(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push([walker.currentNode.textContent.trim(), ratio]);
  }
  return faint;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tab", ["explore", "learn", "runs", "evidence"])
def test_text_has_enough_contrast(visit, scheme, tab):
    # 4.5 is the least that WCAG 2.1, 1.4.3, asks of text
    assert visit(f"&tab={tab}", color_scheme=scheme).evaluate(CONTRAST) == []
