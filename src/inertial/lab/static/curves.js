/* Curves over the steps: loss of every particle, energy account of the chosen one. */

import { bounds, clip, drawAxes, leftEdge, line, makeFrame, range, trace } from "./axes.js";
import { mark, particleColour } from "./marks.js";
import { describe, makePanel, refreshData, setKey, sheet, toggle, visible } from "./panel.js";
import { clamp, spell } from "./numbers.js";
import { logged, setLog } from "./state.js";
import { sampled } from "./table.js";
import { colour } from "./theme.js";
import { channel, draw, drawWith, horizon, last, step, view } from "./view.js";

const lossSeries = () =>
  Array.from({ length: view.sim.particles }, (_, i) => ({
    name: view.sim.particles > 1 ? `particle ${i + 1}` : "loss",
    values: channel("loss", i),
    to: last(i),
    particle: i,
    stroke: particleColour(i),
    faint: i !== view.chosen,
  }));

const energySeries = () => [
  { name: "potential", values: channel("loss"), to: last(), stroke: colour("loss") },
  { name: "kinetic", values: channel("kinetic"), to: last(), stroke: colour("kinetic") },
  { name: "heat", values: channel("heat"), to: last(), stroke: colour("heat"), dash: [6, 3] },
];

export function beginCurves(host) {
  addCurves(host, { name: "loss", title: "Loss", series: lossSeries, yTitle: "loss" });
  addCurves(host, {
    name: "energy",
    title: "Energy account",
    series: energySeries,
    yTitle: "in units of the loss",
  });
}

function addCurves(host, { name, title, series, yTitle }) {
  const scale = toggle("log", `Logarithmic scale: ${title}`, logged(name), (on) =>
    setLog(name, on),
  );
  const own = {};
  own.panel = makePanel(host, {
    name,
    title,
    tools: [scale],
    onresize: () => draw(true),
    rows: () => rows(own.series),
  });
  drawWith((base) => {
    if (!view.sim || !visible(own.panel)) return;
    if (base || own.panel.stale) {
      scale.setAttribute("aria-pressed", String(logged(name)));
      own.series = series();
      drawBase(own.panel, own.series, logged(name), yTitle);
    }
    drawFore(own.panel, own.series);
  });
  hoverSteps(own.panel);
}

/* A blow-up must not flatten what came before it: a linear axis ends at 20 times the start. */
function limits(list, log) {
  const found = range(list);
  const gone = list.some((each) => each.to < view.sim.steps);
  const first = Math.max(...list.map((each) => Math.abs(each.values[0]) || 0));
  if (gone && first > 0) found.high = Math.min(found.high, first * (log ? 1e6 : 20));
  return bounds(found, log && found.positive < Infinity && found.high > 0);
}

function drawBase(panel, list, log, yTitle) {
  const pen = sheet(panel, "base");
  const y = limits(list, log);
  const left = leftEdge(pen, y, panel.height - 50);
  panel.frame = makeFrame(panel.width, panel.height, { low: 0, high: horizon() }, y, {
    left,
    right: 12,
    top: 24,
    bottom: 26,
  });
  panel.stale = false;
  const note = log && !y.log ? `${yTitle} (linear: not above 0)` : yTitle;
  drawAxes(pen, panel.frame, { xTitle: "step", yTitle: note });
  pen.save();
  clip(pen, panel.frame);
  pen.lineJoin = "round";
  for (const each of [...list].sort((a, b) => (b.faint || 0) - (a.faint || 0))) {
    pen.globalAlpha = each.faint ? 0.45 : 1;
    pen.strokeStyle = each.stroke;
    pen.lineWidth = 1.8;
    pen.setLineDash(each.dash || []);
    trace(pen, panel.frame, null, each.values, 0, each.to);
  }
  pen.restore();
  drawGone(pen, panel.frame, list);
  tell(panel, list);
}

function drawGone(pen, frame, list) {
  const ends = list.filter((each) => each.to < view.sim.steps).map((each) => each.to);
  if (!ends.length) return;
  const x = frame.px(Math.min(...ends));
  pen.strokeStyle = pen.fillStyle = colour("heat");
  pen.lineWidth = 1.5;
  pen.setLineDash([3, 3]);
  line(pen, x, frame.top, x, frame.bottom);
  pen.setLineDash([]);
  const text = `diverged at step ${Math.min(...ends)}`;
  const fits = x + 7 + pen.measureText(text).width <= frame.right;
  pen.textBaseline = "top";
  pen.textAlign = fits ? "left" : "right";
  pen.fillText(text, fits ? x + 7 : x - 7, frame.top + 3);
}

function drawFore(panel, list) {
  const pen = sheet(panel, "fore");
  const { frame } = panel;
  const now = step();
  const x = frame.px(now);
  pen.strokeStyle = colour("muted");
  pen.lineWidth = 1;
  if (x <= frame.right)
    line(pen, Math.round(x) + 0.5, frame.top, Math.round(x) + 0.5, frame.bottom);
  const key = list.filter((each) => !each.faint);
  const write = setKey(
    panel,
    key.map((each) => ({ colour: each.stroke, dash: each.dash, name: each.name })),
  );
  key.forEach((each, i) => write(i, now > each.to ? "diverged" : spell(each.values[now])));
  for (const each of list) {
    if (now > each.to) continue;
    const value = each.values[now];
    const y = clamp(
      frame.py(frame.y.log ? Math.max(value, frame.y.low) : value),
      frame.top,
      frame.bottom,
    );
    if (!Number.isFinite(y)) continue;
    if (each.particle != null) mark(pen, x, y, each.particle, { radius: each.faint ? 3.5 : 5 });
    else dot(pen, x, y, each.stroke);
  }
}

function dot(pen, x, y, fill) {
  pen.beginPath();
  pen.arc(x, y, 4, 0, 2 * Math.PI);
  pen.lineWidth = 3;
  pen.strokeStyle = colour("card");
  pen.stroke();
  pen.fillStyle = fill;
  pen.fill();
}

/* The pointer over a curve shows its step everywhere. */
function hoverSteps(panel) {
  panel.fore.addEventListener("pointermove", (event) => {
    if (!panel.frame || !view.sim) return;
    const at = event.clientX - panel.fore.getBoundingClientRect().left;
    view.hover = clamp(Math.round(panel.frame.ux(at)), 0, view.sim.steps);
    draw();
  });
  panel.fore.addEventListener("pointerleave", () => {
    view.hover = null;
    draw();
  });
}

function tell(panel, list) {
  const parts = list.map((each) => {
    const end =
      each.to < view.sim.steps
        ? `diverged at step ${each.to}`
        : `${spell(each.values[each.to])} at step ${each.to}`;
    return `${each.name}: ${spell(each.values[0])} at step 0, ${end}`;
  });
  describe(panel, `${panel.title} over ${view.sim.steps} steps. ${parts.join("; ")}.`);
  refreshData(panel);
}

const rows = (list) => ({
  columns: ["step", ...list.map((each) => each.name)],
  rows: sampled(view.sim.steps).map((k) => [
    String(k),
    ...list.map((each) => (k > each.to ? "diverged" : each.values[k])),
  ]),
});
