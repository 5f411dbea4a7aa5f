/* The landscape: ground, paths, particles, arrows; start points move by hand or by key. */

import { clip, drawAxes, leftEdge, line, makeFrame } from "./axes.js";
import { paintBands, strokeContours } from "./contours.js";
import { arrow, casedPath, mark, particleColour } from "./marks.js";
import { describe, makePanel, refreshData, sheet, toggle, visible } from "./panel.js";
import { clamp, plain, spell } from "./numbers.js";
import { points, set } from "./state.js";
import { sampled } from "./table.js";
import { colour } from "./theme.js";
import { channel, draw, drawWith, last, step, view } from "./view.js";

const ARROWS = [
  { name: "force", x: "fx", y: "fy", ink: "work" },
  { name: "momentum", x: "px", y: "py", ink: "kinetic" },
  { name: "velocity", x: "vx", y: "vy", ink: "other" },
];
const shown = { force: true, momentum: true, velocity: false };
const TRAIL = 160; // steps behind a particle that stay bright, less for each of several

let panel;
let ground = null; // the painted bands, kept while landscape, theme and size stay

export function beginLandscape(host) {
  const tools = ARROWS.map(({ name, ink }) => {
    const button = toggle(name, `Show ${name} arrow`, shown[name], (now) => {
      shown[name] = now;
      draw();
    });
    button.classList.add("arrowed", `ink-${ink}`);
    return button;
  });
  panel = makePanel(host, {
    name: "landscape",
    title: "Landscape",
    role: "application",
    rows,
    onresize: () => draw(true),
    tools,
  });
  panel.fore.setAttribute("aria-roledescription", "map with start points");
  drawWith((base) => {
    if (!view.land || !view.sim || !visible(panel)) return;
    if (base || panel.stale) drawBase();
    drawFore();
  });
  listen();
}

export const forgetGround = () => (ground = null);

function drawBase() {
  const pen = sheet(panel, "base");
  const [x0, x1, y0, y1] = view.land.extent;
  const left = leftEdge(pen, { low: y0, high: y1 }, panel.height);
  const frame = makeFrame(
    panel.width,
    panel.height,
    { low: x0, high: x1 },
    { low: y0, high: y1 },
    { left, right: 8, top: 8, bottom: 26 },
  );
  const size = `${frame.wide}x${frame.high}x${panel.ratio}`;
  if (!ground || ground.size !== size || ground.land !== view.land)
    ground = paintGround(frame, size);
  panel.frame = frame;
  panel.stale = false;
  pen.drawImage(ground.canvas, frame.left, frame.top, frame.wide, frame.high);
  drawAxes(pen, frame, { grid: false });
  drawMinima(pen, frame);
  pen.save();
  clip(pen, frame);
  for (let i = 0; i < view.sim.particles; i++)
    if (i !== view.chosen || view.sim.particles === 1) fullPath(pen, frame, i);
  if (view.sim.particles > 1) fullPath(pen, frame, view.chosen);
  pen.restore();
  tell();
}

function paintGround(frame, size) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(frame.wide * panel.ratio));
  canvas.height = Math.max(1, Math.round(frame.high * panel.ratio));
  paintBands(canvas, view.land);
  const pen = canvas.getContext("2d");
  pen.scale(panel.ratio, panel.ratio);
  strokeContours(
    pen,
    { left: 0, bottom: frame.high, wide: frame.wide, high: frame.high },
    view.land,
  );
  return { canvas, size, land: view.land };
}

function drawMinima(pen, frame) {
  pen.strokeStyle = colour("ink");
  pen.lineWidth = 1.5;
  for (const [x, y] of view.land.minima || []) {
    const [a, b] = [frame.px(x), frame.py(y)];
    line(pen, a - 5, b, a + 5, b);
    line(pen, a, b - 5, a, b + 5);
  }
}

function fullPath(pen, frame, i) {
  pen.globalAlpha = i === view.chosen ? 0.5 : 0.28;
  casedPath(pen, frame, channel("x", i), channel("y", i), 0, last(i), {
    stroke: particleColour(i),
    width: 1.4,
    casing: false,
  });
  pen.globalAlpha = 1;
}

function drawFore() {
  const pen = sheet(panel, "fore");
  const { frame } = panel;
  const now = step();
  const trail = TRAIL / Math.sqrt(view.sim.particles);
  pen.save();
  clip(pen, frame);
  for (const i of order()) {
    const to = Math.min(now, last(i));
    casedPath(
      pen,
      frame,
      channel("x", i),
      channel("y", i),
      Math.max(0, Math.round(to - trail)),
      to,
      { stroke: particleColour(i), width: 2.2 },
    );
  }
  pen.restore();
  points().forEach(
    ([x, y], i) =>
      i < view.sim.particles &&
      mark(pen, frame.px(x), frame.py(y), i, { hollow: true, radius: 5.5, ring: grabbed === i }),
  );
  for (const i of order()) drawParticle(pen, frame, i, Math.min(now, last(i)));
  if (now > last()) tellGone(pen, frame);
}

/* The chosen particle last, above the others. */
function order() {
  const all = [...Array(view.sim.particles).keys()].filter((i) => i !== view.chosen);
  return view.chosen < view.sim.particles ? [...all, view.chosen] : all;
}

function drawParticle(pen, frame, i, now) {
  const x = frame.px(channel("x", i)[now]);
  const y = frame.py(channel("y", i)[now]);
  if (!Number.isFinite(x + y)) return;
  const a = clamp(x, frame.left + 6, frame.right - 6);
  const b = clamp(y, frame.top + 6, frame.bottom - 6);
  const outside = a !== x || b !== y;
  if (i === view.chosen && !outside) drawArrows(pen, frame, i, now, a, b);
  pen.globalAlpha = outside ? 0.55 : 1;
  mark(pen, a, b, i, { ring: i === view.chosen && view.sim.particles > 1 });
  pen.globalAlpha = 1;
}

/* Lengths go with the square root, so that late, small arrows can still be seen. */
function drawArrows(pen, frame, i, now, x, y) {
  for (const { name, x: cx, y: cy, ink } of ARROWS) {
    if (!shown[name]) continue;
    const dx = (channel(cx, i)[now] * frame.wide) / (frame.x.high - frame.x.low);
    const dy = (-channel(cy, i)[now] * frame.high) / (frame.y.high - frame.y.low);
    const length = Math.hypot(dx, dy);
    const most = longest(name, cx, cy, i);
    if (!(length > 0) || !(most > 0)) continue;
    const drawn = 84 * Math.sqrt(Math.min(1, length / most));
    arrow(pen, x, y, (dx / length) * drawn, (dy / length) * drawn, colour(ink));
  }
}

function longest(name, cx, cy, i) {
  const key = `${name}${i}`;
  if (!view.sim.longest.has(key)) {
    const { frame } = panel;
    const [wide, high] = [
      frame.wide / (frame.x.high - frame.x.low),
      frame.high / (frame.y.high - frame.y.low),
    ];
    const [xs, ys] = [channel(cx, i), channel(cy, i)];
    let most = 0;
    for (let k = 0; k <= Math.min(last(i), 400); k++) {
      const length = Math.hypot(xs[k] * wide, ys[k] * high);
      if (length < 1e6) most = Math.max(most, length);
    }
    view.sim.longest.set(key, most);
  }
  return view.sim.longest.get(key);
}

function tellGone(pen, frame) {
  pen.font = '600 14px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
  const text = `diverged at step ${last()}`;
  const wide = pen.measureText(text).width + 24;
  pen.fillStyle = colour("card");
  pen.strokeStyle = colour("heat");
  pen.lineWidth = 1.5;
  pen.beginPath();
  const left = frame.left + (frame.wide - wide) / 2;
  pen.roundRect(left, frame.top + 14, wide, 30, 8);
  pen.fill();
  pen.stroke();
  pen.fillStyle = colour("heat");
  pen.textBaseline = "middle";
  pen.fillText(text, left + 12, frame.top + 29.5);
}

function tell() {
  const starts = points().map(([x, y], i) => `particle ${i + 1} from x ${spell(x)}, y ${spell(y)}`);
  const gone = view.sim.diverged[view.chosen];
  const xs = channel("x");
  const ys = channel("y");
  const end =
    gone == null
      ? `ends at x ${spell(xs[last()])}, y ${spell(ys[last()])}`
      : `diverged at step ${gone}`;
  describe(
    panel,
    `${view.land.title}: ${starts.join("; ")}. Particle ${view.chosen + 1} ${end}. Arrow keys move its start, with Shift ten times as far.`,
  );
  panel.fore.setAttribute("aria-label", `Landscape: ${view.land.title}`);
  refreshData(panel);
}

const rows = () => ({
  columns: ["step", "x", "y", "loss"],
  rows: sampled(last()).map((k) => [
    String(k),
    channel("x")[k],
    channel("y")[k],
    channel("loss")[k],
  ]),
});

/* Moving start points */

let grabbed = null;

function listen() {
  const { fore } = panel;
  fore.addEventListener("pointerdown", (event) => {
    grabbed = near(event);
    if (grabbed == null) return;
    choose(grabbed);
    fore.setPointerCapture(event.pointerId);
    fore.focus({ preventScroll: true });
  });
  fore.addEventListener(
    "touchstart",
    (event) => near(event.touches[0]) != null && event.preventDefault(),
    { passive: false },
  );
  fore.addEventListener("pointermove", (event) =>
    grabbed == null ? hover(event) : move(grabbed, ...at(event)),
  );
  for (const end of ["pointerup", "pointercancel"])
    fore.addEventListener(end, () => {
      if (grabbed == null) return;
      grabbed = null;
      draw();
    });
  fore.addEventListener("dblclick", (event) => move(view.chosen, ...at(event)));
  fore.addEventListener("pointerleave", () => {
    if (view.hover == null) return;
    view.hover = null;
    draw();
  });
  fore.addEventListener("keydown", nudge);
}

function choose(i) {
  if (view.chosen === i) return;
  view.chosen = i;
  fore().dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
  draw(true);
}

const fore = () => panel.fore;

function pixels(event) {
  const box = panel.fore.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function at(event) {
  const [x, y] = pixels(event);
  return [panel.frame.ux(x), panel.frame.uy(y)];
}

function near(event) {
  if (!panel.frame) return null;
  const [a, b] = pixels(event);
  let best = null;
  let nearest = 20;
  points().forEach(([x, y], i) => {
    const distance = Math.hypot(panel.frame.px(x) - a, panel.frame.py(y) - b);
    if (distance < nearest) [nearest, best] = [distance, i];
  });
  return best;
}

function move(i, x, y) {
  const [x0, x1, y0, y1] = view.land.extent;
  const fine = (value, span) =>
    plain(value, Math.max(1, 3 + Math.ceil(Math.log10(Math.abs(value) / span + 1e-9))));
  const all = points().map((pair) => pair.map((each) => plain(each, 8)).join(","));
  all[i] = `${fine(clamp(x, x0, x1), x1 - x0)},${fine(clamp(y, y0, y1), y1 - y0)}`;
  set({ p: all.join(";") });
}

function nudge(event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
    event.key
  ];
  if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const [x0, x1, y0, y1] = view.land.extent;
  const far = event.shiftKey ? 0.1 : 0.01;
  const [x, y] = points()[view.chosen];
  move(view.chosen, x + way[0] * far * (x1 - x0), y + way[1] * far * (y1 - y0));
}

/* The step of the chosen path that lies nearest to the pointer. */
function hover(event) {
  if (!panel.frame || !view.sim || event.pointerType === "touch") return;
  const [a, b] = pixels(event);
  panel.fore.classList.toggle("grab", near(event) != null);
  const xs = channel("x");
  const ys = channel("y");
  let best = null;
  let nearest = 14;
  for (let k = 0; k <= last(); k++) {
    const distance = Math.hypot(panel.frame.px(xs[k]) - a, panel.frame.py(ys[k]) - b);
    if (distance < nearest) [nearest, best] = [distance, k];
  }
  if (best === view.hover) return;
  view.hover = best;
  draw();
}
