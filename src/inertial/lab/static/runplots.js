/* The plots of recorded runs: one hover for all of them, any column on any axis. */

import { bounds, clip, drawAxes, leftEdge, line, makeFrame, range, trace } from "./axes.js";
import { make } from "./dom.js";
import { clamp, spell } from "./numbers.js";
import { describe, makePanel, refreshData, setKey, sheet, toggle, visible } from "./panel.js";
import { logged, setLog } from "./state.js";
import { sampled } from "./table.js";
import { colour } from "./theme.js";

const DASHES = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
const plots = [];
let hovered = null; // a step, in every plot
let waiting = 0;
let whole = false;

export const runColour = (i) => colour(`p${i % 8}`);

/* lines(): [{name, run, xs, ys, steps, stroke, dash}]; titles(): {x, y}. */
export function addPlot(host, { name, title, lines, titles, tools = [] }) {
  const scale = toggle("log", `Logarithmic scale: ${title}`, logged(name), (on) => {
    setLog(name, on);
    drawRuns(true);
  });
  const plot = { name, lines, titles, list: [] };
  plot.panel = makePanel(host, {
    name,
    title,
    onresize: () => drawRuns(true),
    tools: [...tools, scale],
    rows: () => rows(plot),
  });
  plot.scale = scale;
  plots.push(plot);
  plot.panel.fore.addEventListener("pointermove", (event) => hover(plot, event));
  plot.panel.fore.addEventListener("pointerleave", () => {
    hovered = null;
    drawRuns();
  });
  return plot;
}

export function drawRuns(base = false, done = null) {
  whole ||= base;
  if (done) requestAnimationFrame(() => requestAnimationFrame(done));
  waiting ||= requestAnimationFrame(() => {
    const all = whole;
    [waiting, whole] = [0, false];
    for (const plot of plots) {
      if (!visible(plot.panel)) continue;
      if (all || plot.panel.stale) drawBase(plot);
      drawFore(plot);
    }
  });
}

function drawBase(plot) {
  const { panel } = plot;
  const pen = sheet(panel, "base");
  plot.list = plot.lines();
  plot.scale.setAttribute("aria-pressed", String(logged(plot.name)));
  const spans = (pick) =>
    range(plot.list.map((each) => ({ values: each[pick], to: each[pick].length - 1 })));
  const found = spans("ys");
  const log = logged(plot.name) && found.high > 0;
  const y = bounds(found, log, 9);
  const across = spans("xs");
  const x =
    across.high > across.low
      ? { low: across.low, high: across.high }
      : { low: (across.low || 0) - 1, high: (across.high || 0) + 1 };
  const left = leftEdge(pen, y, panel.height - 50);
  const titles = plot.titles();
  panel.frame = makeFrame(
    panel.width,
    panel.height,
    Number.isFinite(x.low) ? x : { low: 0, high: 1 },
    y,
    { left, right: 12, top: 24, bottom: 26 },
  );
  panel.stale = false;
  drawAxes(pen, panel.frame, { xTitle: titles.x, yTitle: titles.y });
  if (!plot.list.length) return nothing(plot, pen);
  pen.save();
  clip(pen, panel.frame);
  pen.lineJoin = "round";
  for (const each of plot.list) {
    pen.strokeStyle = each.stroke;
    pen.globalAlpha = each.level ? 0.8 : 1;
    pen.lineWidth = each.level ? 1.2 : 1.7;
    pen.setLineDash(each.dash || []);
    trace(pen, panel.frame, each.xs, each.ys, 0, each.ys.length - 1);
  }
  pen.restore();
  tell(plot, titles);
}

function nothing({ panel }, pen) {
  pen.fillStyle = colour("muted");
  pen.textAlign = "center";
  pen.fillText(
    "not recorded",
    panel.frame.left + panel.frame.wide / 2,
    panel.frame.top + panel.frame.high / 2,
  );
  setKey(panel, []);
  describe(panel, `${panel.title}: not recorded.`);
}

/* The row whose step is nearest to the hovered one; steps only grow. */
function rowOf(steps, step) {
  let low = 0;
  let high = steps.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle;
  }
  return step - steps[low] <= steps[high] - step ? low : high;
}

function drawFore(plot) {
  const { panel, list } = plot;
  const pen = sheet(panel, "fore");
  const { frame } = panel;
  if (!frame) return;
  const write = setKey(
    panel,
    list.map((each) => ({ colour: each.stroke, dash: each.dash?.length, name: each.name })),
  );
  list.forEach((each, i) => {
    const row = hovered == null ? each.ys.length - 1 : rowOf(each.steps, hovered);
    write(i, spell(each.ys[row]));
    if (hovered == null || each.level) return;
    const x = frame.px(each.xs[row]);
    const y = clamp(
      frame.py(frame.y.log ? Math.max(each.ys[row], frame.y.low) : each.ys[row]),
      frame.top,
      frame.bottom,
    );
    if (!Number.isFinite(x + y)) return;
    pen.strokeStyle = colour("muted");
    pen.lineWidth = 1;
    if (i === 0) line(pen, Math.round(x) + 0.5, frame.top, Math.round(x) + 0.5, frame.bottom);
    pen.beginPath();
    pen.arc(x, y, 4, 0, 2 * Math.PI);
    pen.fillStyle = each.stroke;
    pen.strokeStyle = colour("card");
    pen.lineWidth = 3;
    pen.stroke();
    pen.fill();
  });
}

/* Over a free axis the nearest point counts, along steps the nearest step. */
function hover(plot, event) {
  const { frame } = plot.panel;
  const [first] = plot.list;
  if (!frame || !first) return;
  const box = plot.panel.fore.getBoundingClientRect();
  const [a, b] = [event.clientX - box.left, event.clientY - box.top];
  if (first.xs === first.steps) hovered = frame.ux(a);
  else {
    let nearest = Infinity;
    for (const each of plot.list)
      for (let i = 0; i < each.ys.length; i++) {
        const distance = Math.hypot(frame.px(each.xs[i]) - a, frame.py(each.ys[i]) - b);
        if (distance < nearest) [nearest, hovered] = [distance, each.steps[i]];
      }
  }
  drawRuns();
}

function tell({ panel, list }, titles) {
  const parts = list.map(
    ({ name, xs, ys }) =>
      `${name}: ${spell(ys[0])} at ${titles.x} ${spell(xs[0])}, ${spell(ys.at(-1))} at ${spell(xs.at(-1))}`,
  );
  describe(panel, `${panel.title}. ${parts.join("; ")}.`);
  refreshData(panel);
}

function rows({ list, titles }) {
  if (!list.length) return { columns: [], rows: [] };
  const [first] = list;
  return {
    columns: ["step", titles().x, ...list.map((each) => each.name)],
    rows: sampled(first.ys.length - 1).map((i) => [
      spell(first.steps[i], 7),
      first.xs[i],
      ...list.map((each) => each.ys[rowOf(each.steps, first.steps[i])]),
    ]),
  };
}

export const dash = (i) => DASHES[i % DASHES.length];

export function columnSelect(label, onchange) {
  const field = make("select", { class: "small", "aria-label": label });
  field.addEventListener("change", () => onchange(field.value));
  return field;
}
