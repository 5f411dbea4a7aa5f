/* Play, pause, step, scrub: all on the arrays that are already here. */

import { calm, make, write } from "./dom.js";
import { clamp } from "./numbers.js";
import { get, listen, set } from "./state.js";
import { draw, drawWith, view } from "./view.js";

const SPEEDS = [
  ["0.25", "¼×"],
  ["0.5", "½×"],
  ["1", "1×"],
  ["2", "2×"],
  ["4", "4×"],
];
const SECONDS = 8; // a whole path at speed 1, however many steps it has

let play;
let scrub;
let count;
let speed;
let before = 0;
let exact = 0;

const ICONS = {
  play: "M5 3.5v13l11-6.5z",
  pause: "M5 3.5h3.6v13H5zM11.4 3.5H15v13h-3.6z",
  back: "M4 3.5h2.6v13H4zM16 3.5v13L7.4 10z",
  forward: "M13.4 3.5H16v13h-2.6zM4 3.5v13l8.6-6.5z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const button = (name, label, onclick, kind = "") =>
  make(
    "button",
    { type: "button", class: `round ${kind}`, "aria-label": label, title: label, onclick },
    icon(name),
  );

export function beginTransport(host) {
  play = button("play", "Play", () => (view.playing ? pause() : start()), "main");
  scrub = make("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "1",
    id: "scrub",
    "aria-label": "Step",
  });
  scrub.addEventListener("input", () => goTo(+scrub.value));
  count = make("output", { for: "scrub", class: "count" });
  speed = make(
    "select",
    { "aria-label": "Speed", class: "small" },
    ...SPEEDS.map(([value, text]) => make("option", { value }, text)),
  );
  speed.value = "1";
  host.append(
    make(
      "div",
      { class: "transport", role: "group", "aria-label": "Playback" },
      play,
      button("back", "One step back", () => goTo(view.k - 1)),
      button("forward", "One step forward", () => goTo(view.k + 1)),
      scrub,
      count,
      speed,
    ),
  );
  drawWith(show);
  listen((changed) => changed.has("k") && !view.playing && follow());
  addEventListener("keydown", onKey);
  view.k = +get().k;
}

function follow() {
  if (view.k === +get().k) return;
  view.k = +get().k;
  draw();
}

/* Space plays, unless it is needed where the focus is. */
function onKey(event) {
  if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  const needs = target.closest("button, select, textarea, summary, a, input:not([type=range])");
  if (needs || !["explore", "learn"].includes(get().tab)) return;
  event.preventDefault();
  if (view.playing) pause();
  else start();
}

export function goTo(k) {
  pause();
  view.k = clamp(Math.round(k), 0, view.sim ? view.sim.steps : 0);
  set({ k: String(view.k) });
  draw();
}

export function start() {
  if (!view.sim || view.playing) return;
  if (view.k >= view.sim.steps) view.k = 0;
  view.playing = true;
  exact = view.k;
  before = 0;
  requestAnimationFrame(tick);
  draw();
}

export function pause() {
  if (!view.playing) return;
  view.playing = false;
  set({ k: String(view.k) });
  draw();
}

/* After a preset: from the beginning, moving if movement is welcome. */
export function startOver() {
  view.playing = false;
  view.k = 0;
  if (!calm()) start();
}

function tick(time) {
  if (!view.playing) return;
  const seconds = before ? Math.min(0.1, (time - before) / 1000) : 0;
  before = time;
  exact += (seconds * +speed.value * view.sim.steps) / SECONDS;
  view.k = Math.min(view.sim.steps, Math.floor(exact));
  draw();
  if (exact >= view.sim.steps) pause();
  else requestAnimationFrame(tick);
}

function show() {
  if (!view.sim) return;
  view.k = Math.min(view.k, view.sim.steps);
  const shown = view.playing ? "Pause" : "Play";
  if (play.getAttribute("aria-label") !== shown) {
    play.setAttribute("aria-label", shown);
    play.title = `${shown} (space)`;
    play.replaceChildren(icon(view.playing ? "pause" : "play"));
  }
  if (+scrub.max !== view.sim.steps) scrub.max = String(view.sim.steps);
  scrub.value = String(view.k);
  scrub.style.setProperty("--part", `${(100 * view.k) / Math.max(1, view.sim.steps)}%`);
  write(count, `${view.k} / ${view.sim.steps}`);
}
