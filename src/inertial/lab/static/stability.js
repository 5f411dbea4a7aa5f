/* The stability map: which learning rate and momentum do what; a click sets them. */

import { clip, drawAxes, leftEdge, makeFrame } from "./axes.js";
import { fromBase64 } from "./api.js";
import { mix, strokeContours } from "./contours.js";
import { make, write } from "./dom.js";
import { mark } from "./marks.js";
import { describe, makePanel, refreshData, sheet, visible } from "./panel.js";
import { clamp, spell } from "./numbers.js";
import { colour } from "./theme.js";
import { draw, drawWith, view } from "./view.js";

let panel;
let pick;
let best;
let legend;
let hovered = null;
let drawn = null; // the place that was hovered when this was last drawn
let picture = null;

/* onpick(lr, momentum): what a click, a key or the button asks for. */
export function beginStability(host, onpick) {
  pick = onpick;
  best = make("button", { type: "button", class: "quiet small" }, "Best");
  best.setAttribute("aria-label", "Set the best learning rate and momentum");
  best.title = best.getAttribute("aria-label");
  best.addEventListener("click", () =>
    pick(view.stability.optimum.lr, view.stability.optimum.momentum),
  );
  panel = makePanel(host, {
    name: "stability",
    title: "Stability",
    role: "application",
    rows,
    onresize: () => draw(true),
    tools: [best],
  });
  panel.fore.setAttribute("aria-roledescription", "map of settings");
  legend = make("li", {});
  panel.key.replaceChildren(legend);
  drawWith((base) => {
    if (!view.stability || !visible(panel)) return;
    if (!view.stability.rates) return empty();
    const changed = base || panel.stale || hovered !== drawn;
    if (base || panel.stale) drawBase();
    if (changed) drawFore(); // nothing here moves with the steps
    drawn = hovered;
  });
  listen();
}

/* No map for this setting: the server says why. */
function empty() {
  sheet(panel, "base");
  sheet(panel, "fore");
  panel.frame = null;
  best.hidden = true;
  write(legend, view.stability.error);
  describe(panel, view.stability.error);
}

/* Arrays of the answer, ready to draw. */
export function readStability(said) {
  if (said.error) return said;
  return {
    ...said,
    rates: fromBase64(said.rate, Float32Array),
    regionIds: fromBase64(said.region, Uint8Array),
  };
}

export const forgetMap = () => (picture = null);

function drawBase() {
  const pen = sheet(panel, "base");
  const { lr, momentum } = view.stability;
  const y = { low: momentum[0], high: momentum.at(-1) };
  const left = leftEdge(pen, y, panel.height - 50);
  panel.frame = makeFrame(
    panel.width,
    panel.height,
    { low: lr[0], high: lr.at(-1), log: true },
    y,
    { left, right: 12, top: 24, bottom: 26 },
  );
  panel.stale = false;
  const { frame } = panel;
  const size = `${frame.wide}x${frame.high}`;
  if (!picture || picture.of !== view.stability || picture.size !== size)
    picture = { of: view.stability, size, canvas: whole(frame) };
  pen.drawImage(picture.canvas, frame.left, frame.top, frame.wide, frame.high);
  drawAxes(pen, frame, { xTitle: "learning rate", yTitle: "momentum", grid: false });
  best.hidden = !view.stability.optimum;
  tell();
}

const growing = (at) =>
  view.stability.regions[view.stability.regionIds[at]]?.name === "diverging" ||
  !(view.stability.rates[at] <= 1 + 1e-6);

/* The whole map, painted once for each answer, theme and size. */
function whole(frame) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(frame.wide * panel.ratio);
  canvas.height = Math.round(frame.high * panel.ratio);
  const pen = canvas.getContext("2d");
  pen.scale(panel.ratio, panel.ratio);
  const inner = {
    left: 0,
    top: 0,
    right: frame.wide,
    bottom: frame.high,
    wide: frame.wide,
    high: frame.high,
  };
  pen.imageSmoothingEnabled = true;
  pen.drawImage(paint(), 0, 0, frame.wide, frame.high);
  hatch(pen, inner);
  borders(pen, inner);
  return canvas;
}

/* The faster it converges, the stronger the colour; what diverges is pale red. */
function paint() {
  const { shape, rates } = view.stability;
  const [rows, columns] = shape;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const image = new ImageData(columns, rows);
  const danger = mix(colour("card"), colour("heat"), 0.16);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      const rate = rates[at];
      const speed = clamp(-Math.log10(Math.max(1e-3, rate)) / 0.45, 0, 1);
      const rgb = growing(at) ? danger : mix(colour("ground0"), colour("map1"), Math.sqrt(speed));
      image.data.set([...rgb, 255], 4 * ((rows - 1 - r) * columns + c));
    }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/* Not only red: what diverges is hatched. */
function hatch(pen, frame) {
  const [rows, columns] = view.stability.shape;
  pen.save();
  pen.beginPath();
  for (let r = 0; r < rows; r++) {
    let c = columns - 1;
    while (c >= 0 && growing(r * columns + c)) c--;
    if (c === columns - 1) continue;
    const y = frame.bottom - ((r + 1) / rows) * frame.high;
    pen.rect(
      frame.left + ((c + 1) / columns) * frame.wide,
      y - 0.3,
      ((columns - 1 - c) / columns) * frame.wide,
      frame.high / rows + 0.6,
    );
  }
  pen.clip();
  pen.strokeStyle = colour("heat");
  pen.globalAlpha = 0.3;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = frame.left - frame.high; x < frame.right; x += 9) {
    pen.moveTo(x, frame.bottom);
    pen.lineTo(x + frame.high, frame.top);
  }
  pen.stroke();
  pen.restore();
}

/* A thin line wherever two regions meet: each one's outline, rounded by half a cell. */
function borders(pen, frame) {
  const { shape, regionIds, regions } = view.stability;
  for (const { id } of regions)
    strokeContours(
      pen,
      frame,
      { heights: share(regionIds, shape, id), shape, levels: [0.5] },
      "contour-strong",
    );
}

/* How much of each cell's surroundings belongs to a region. */
function share(ids, [rows, columns], id) {
  const found = new Float32Array(ids.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let dr = -1; dr <= 1; dr++)
        for (let dc = -1; dc <= 1; dc++)
          sum += ids[clamp(r + dr, 0, rows - 1) * columns + clamp(c + dc, 0, columns - 1)] === id;
      found[r * columns + c] = sum / 9;
    }
  return found;
}

function drawFore() {
  const pen = sheet(panel, "fore");
  const { frame } = panel;
  pen.save();
  clip(pen, frame, 10);
  const goal = view.stability.optimum;
  if (goal) ring(pen, frame.px(goal.lr), frame.py(goal.momentum));
  markers().forEach(([lr, momentum], i) =>
    mark(pen, ...inside(frame, lr, momentum), i, { radius: i === view.chosen ? 6 : 4.5 }),
  );
  pen.restore();
  const shown = hovered || markers()[view.chosen] || markers()[0];
  if (shown) write(legend, sentence(shown));
}

const markers = () => view.stability.marker;

const inside = (frame, lr, momentum) => [
  clamp(frame.px(Math.max(lr, 1e-12)), frame.left, frame.right),
  clamp(frame.py(momentum), frame.top, frame.bottom),
];

function ring(pen, x, y) {
  pen.beginPath();
  pen.arc(x, y, 7, 0, 2 * Math.PI);
  pen.strokeStyle = colour("card");
  pen.lineWidth = 4;
  pen.stroke();
  pen.strokeStyle = colour("ink");
  pen.lineWidth = 1.5;
  pen.stroke();
}

function regionAt(rate, share) {
  const { lr, momentum, shape, regionIds, regions } = view.stability;
  const [rows, columns] = shape;
  const across = Math.log(rate / lr[0]) / Math.log(lr.at(-1) / lr[0]);
  const up = (share - momentum[0]) / (momentum.at(-1) - momentum[0]);
  if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1)) return null;
  const id = regionIds[Math.round(up * (rows - 1)) * columns + Math.round(across * (columns - 1))];
  return regions.find((region) => region.id === id);
}

function sentence([lr, momentum]) {
  const region = regionAt(lr, momentum);
  return `${region ? region.title || region.name : "outside the map"} at ${spell(lr)}, ${spell(momentum)}`;
}

function tell() {
  const at = markers().map((each, i) => `Particle ${i + 1}: ${sentence(each)}`);
  const region = regionAt(...(markers()[view.chosen] || [0, 0]));
  describe(
    panel,
    `Learning rate from ${spell(panel.frame.x.low)} to ${spell(panel.frame.x.high)}, momentum from ${spell(panel.frame.y.low)} to ${spell(panel.frame.y.high)}. ${at.join(". ")}. ${region ? region.meaning : ""} Arrow keys move the marker.`,
  );
  refreshData(panel);
}

const rows = () =>
  view.stability.error
    ? { columns: [], rows: [] }
    : {
        columns: ["particle", "learning rate", "momentum", "region", "meaning"],
        rows: markers().map(([lr, momentum], i) => {
          const region = regionAt(lr, momentum);
          return [
            String(i + 1),
            lr,
            momentum,
            region ? region.title || region.name : "–",
            region ? region.meaning : "–",
          ];
        }),
      };

function listen() {
  const { fore } = panel;
  const at = (event) => {
    const box = fore.getBoundingClientRect();
    const x = clamp(event.clientX - box.left, panel.frame.left, panel.frame.right);
    const y = clamp(event.clientY - box.top, panel.frame.top, panel.frame.bottom);
    return [panel.frame.ux(x), panel.frame.uy(y)];
  };
  let held = false;
  fore.addEventListener("pointerdown", (event) => {
    if (!panel.frame || event.pointerType === "touch") return;
    held = true;
    fore.setPointerCapture(event.pointerId);
    pick(...at(event));
  });
  fore.addEventListener(
    "click",
    (event) => panel.frame && event.pointerType === "touch" && pick(...at(event)),
  );
  fore.addEventListener("pointermove", (event) => {
    if (!panel.frame) return;
    hovered = at(event);
    if (held) pick(...hovered);
    else draw();
  });
  fore.addEventListener("pointerup", () => (held = false));
  fore.addEventListener("pointerleave", () => {
    hovered = null;
    draw();
  });
  fore.addEventListener("keydown", nudge);
}

function nudge(event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
    event.key
  ];
  if (!way || !panel.frame || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const { x, y } = panel.frame;
  const far = event.shiftKey ? 0.1 : 0.01;
  const [lr, momentum] = markers()[view.chosen] || markers()[0];
  pick(
    x.from(clamp(x.to(lr) + way[0] * far, 0, 1)),
    y.from(clamp(y.to(momentum) + way[1] * far, 0, 1)),
  );
}
