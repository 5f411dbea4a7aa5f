/* The phase portrait: where a particle is against how much momentum it carries. */

import { clip, drawAxes, leftEdge, line, makeFrame } from "./axes.js";
import { casedPath, mark, particleColour } from "./marks.js";
import { describe, makePanel, refreshData, setKey, sheet, visible } from "./panel.js";
import { make } from "./dom.js";
import { spell } from "./numbers.js";
import { get, set } from "./state.js";
import { sampled } from "./table.js";
import { colour } from "./theme.js";
import { channel, draw, drawWith, last, step, view } from "./view.js";

let panel;

export function beginPhase(host) {
  const axis = make(
    "select",
    { "aria-label": "Axis of the phase portrait", class: "small" },
    ...["x", "y"].map((name) => make("option", { value: name }, name)),
  );
  axis.addEventListener("change", () => set({ ph: axis.value }));
  panel = makePanel(host, {
    name: "phase",
    title: "Phase portrait",
    rows,
    onresize: () => draw(true),
    tools: [axis],
  });
  drawWith((base) => {
    if (!view.sim || !view.land || !visible(panel)) return;
    axis.value = along();
    if (base || panel.stale) drawBase();
    drawFore();
  });
}

const along = () => (get().ph === "x" ? "x" : "y");

/* What a particle did before it left the landscape's surroundings. */
function reach() {
  const [x0, x1, y0, y1] = view.land.extent;
  const [a, b] = along() === "x" ? [x0, x1] : [y0, y1];
  const [low, high] = [a - (b - a) * 0.25, b + (b - a) * 0.25];
  let most = 0;
  let [least, top] = [Infinity, -Infinity];
  for (let i = 0; i < view.sim.particles; i++) {
    const place = channel(along(), i);
    const momentum = channel(`p${along()}`, i);
    for (let k = 0; k <= last(i); k++) {
      if (!(place[k] >= low && place[k] <= high) || !Number.isFinite(momentum[k])) continue;
      most = Math.max(most, Math.abs(momentum[k]));
      least = Math.min(least, place[k]);
      top = Math.max(top, place[k]);
    }
  }
  const air = (top - least) * 0.08 || 0.5;
  return {
    place: { low: least - air, high: top + air },
    momentum: { low: -most * 1.08 || -1, high: most * 1.08 || 1 },
  };
}

function drawBase() {
  const pen = sheet(panel, "base");
  const { place, momentum } = reach();
  if (!(place.high > place.low)) return;
  const left = leftEdge(pen, momentum, panel.height - 50);
  panel.frame = makeFrame(panel.width, panel.height, place, momentum, {
    left,
    right: 12,
    top: 24,
    bottom: 26,
  });
  panel.stale = false;
  const { frame } = panel;
  drawAxes(pen, frame, { xTitle: along(), yTitle: `momentum along ${along()}` });
  pen.strokeStyle = colour("line");
  pen.lineWidth = 1;
  line(pen, frame.left, Math.round(frame.py(0)) + 0.5, frame.right, Math.round(frame.py(0)) + 0.5);
  pen.save();
  clip(pen, frame);
  for (let i = 0; i < view.sim.particles; i++) {
    pen.globalAlpha = i === view.chosen ? 0.65 : 0.28;
    path(pen, i, 0, last(i), 1.3, false);
  }
  pen.restore();
  tell();
}

const path = (pen, i, from, to, width, casing) =>
  casedPath(pen, panel.frame, channel(along(), i), channel(`p${along()}`, i), from, to, {
    stroke: particleColour(i),
    width,
    casing,
  });

function drawFore() {
  const pen = sheet(panel, "fore");
  const { frame } = panel;
  if (!frame) return;
  const now = step();
  const write = setKey(panel, [
    { colour: particleColour(view.chosen), name: along() },
    { name: "momentum" },
  ]);
  const shown = Math.min(now, last());
  write(0, spell(channel(along())[shown]));
  write(1, spell(channel(`p${along()}`)[shown]));
  pen.save();
  clip(pen, frame, 6);
  for (let i = 0; i < view.sim.particles; i++) {
    const to = Math.min(now, last(i));
    path(pen, i, Math.max(0, to - (i === view.chosen ? 60 : 12)), to, 2, i === view.chosen);
    mark(pen, frame.px(channel(along(), i)[to]), frame.py(channel(`p${along()}`, i)[to]), i, {
      radius: i === view.chosen ? 5.5 : 4,
    });
  }
  pen.restore();
}

function tell() {
  const momentum = channel(`p${along()}`);
  let turns = 0;
  for (let k = 2; k <= last(); k++) if (momentum[k] * momentum[k - 1] < 0) turns += 1;
  describe(
    panel,
    `Momentum along ${along()} against ${along()}. The momentum of particle ${view.chosen + 1} changes its sign ${turns} times in ${last()} steps.`,
  );
  refreshData(panel);
}

const rows = () => ({
  columns: ["step", along(), `momentum along ${along()}`],
  rows: sampled(last()).map((k) => [String(k), channel(along())[k], channel(`p${along()}`)[k]]),
});
