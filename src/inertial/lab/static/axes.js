/* Axes: from data to pixels and back, sensible ticks, and lines with many points. */

import { power, tick } from "./numbers.js";
import { colour } from "./theme.js";

export const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

const scale = ({ low, high, log }) => {
  const forward = log ? Math.log10 : (value) => value;
  const a = forward(low);
  const span = forward(high) - a || 1;
  const to = (value) => (forward(value) - a) / span;
  const from = (part) => (log ? 10 ** (a + part * span) : a + part * span);
  return { low, high, log, to, from };
};

/* A rectangle for data: px, py to pixels of the panel, ux, uy back. */
export function makeFrame(width, height, x, y, edge) {
  const left = edge.left;
  const top = edge.top;
  const wide = Math.max(10, width - left - edge.right);
  const high = Math.max(10, height - top - edge.bottom);
  const sx = scale(x);
  const sy = scale(y);
  return {
    x: sx,
    y: sy,
    left,
    top,
    wide,
    high,
    right: left + wide,
    bottom: top + high,
    px: (value) => left + sx.to(value) * wide,
    py: (value) => top + (1 - sy.to(value)) * high,
    ux: (pixel) => sx.from((pixel - left) / wide),
    uy: (pixel) => sy.from(1 - (pixel - top) / high),
  };
}

const niceStep = (span, count) => {
  const rough = span / Math.max(1, count);
  const base = 10 ** Math.floor(Math.log10(rough));
  const part = rough / base;
  return base * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
};

function linearTicks(low, high, count) {
  const step = niceStep(high - low, count);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    ticks.push({ value: i * step, text: tick(i * step, step) });
  return ticks;
}

function logTicks(low, high, count) {
  const from = Math.ceil(Math.log10(low) - 1e-9);
  const to = Math.floor(Math.log10(high) + 1e-9);
  if (to - from < 1) {
    // less than a decade: 1, 2, 5 instead
    const values = [];
    for (let n = from - 1; n <= to + 1; n++) for (const head of [1, 2, 5]) values.push([head, n]);
    return values
      .filter(([head, n]) => head * 10 ** n >= low * 0.999 && head * 10 ** n <= high * 1.001)
      .map(([head, n]) => ({ value: head * 10 ** n, text: tick(head * 10 ** n, 10 ** n) }));
  }
  const every = Math.max(1, Math.ceil((to - from) / Math.max(1, count)));
  const ticks = [];
  for (let n = from + ((to - from) % every); n <= to; n += every) {
    const short = Math.abs(n) <= 2 && to <= 4 && from >= -4;
    ticks.push({
      value: 10 ** n,
      text: short || (n > -4 && n < 4 && from >= -4) ? tick(10 ** n, 10 ** n) : power(n),
    });
  }
  return ticks;
}

export const ticksOf = (axis, count) =>
  axis.log ? logTicks(axis.low, axis.high, count) : linearTicks(axis.low, axis.high, count);

/* How much room the tick texts of a y axis need on the left. */
export function leftEdge(pen, axis, height) {
  pen.font = FONT;
  const texts = ticksOf(axis, height / 44).map((each) => pen.measureText(each.text).width);
  return Math.ceil(Math.max(16, ...texts)) + 10;
}

export function drawAxes(pen, frame, { xTitle = "", yTitle = "", grid = true }) {
  pen.save();
  pen.font = FONT;
  pen.lineWidth = 1;
  pen.strokeStyle = colour("rule");
  pen.fillStyle = colour("muted");
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const { value, text } of ticksOf(frame.y, frame.high / 44)) {
    const y = Math.round(frame.py(value)) + 0.5;
    if (grid) line(pen, frame.left, y, frame.right, y);
    pen.fillText(text, frame.left - 7, y);
  }
  drawXTicks(pen, frame, xTitle);
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  if (yTitle) pen.fillText(yTitle, 0, frame.top - 10);
  pen.restore();
}

/* The name of the axis stands at its end, in the row of the ticks. */
function drawXTicks(pen, frame, title) {
  pen.textBaseline = "top";
  pen.textAlign = "right";
  const end = frame.right + 12;
  if (title) pen.fillText(title, end, frame.bottom + 8);
  const room = title ? end - pen.measureText(title).width - 8 : end;
  pen.textAlign = "center";
  let free = -Infinity;
  for (const { value, text } of ticksOf(frame.x, frame.wide / 62)) {
    const x = Math.round(frame.px(value)) + 0.5;
    const half = pen.measureText(text).width / 2;
    const at = Math.min(Math.max(x, half), end - half);
    if (at - half < free + 8 || at + half > room) continue;
    line(pen, x, frame.bottom, x, frame.bottom + 4);
    pen.fillText(text, at, frame.bottom + 8);
    free = at + half;
  }
}

export function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

/* Trace ys over xs; where several points share a pixel, their lowest and highest. */
export function trace(pen, frame, xs, ys, from, to) {
  const floor = frame.y.log ? frame.y.low : -Infinity;
  const dense = to - from > frame.wide * 3;
  let column = NaN;
  let low = 0;
  let high = 0;
  let open = false;
  const flush = () => {
    if (high > low) (pen.lineTo(column, low), pen.lineTo(column, high));
  };
  pen.beginPath();
  for (let i = from; i <= to; i++) {
    const value = ys[i];
    if (!Number.isFinite(value)) {
      open = false;
      continue;
    }
    const x = frame.px(xs ? xs[i] : i);
    const y = clipped(frame, frame.py(value < floor ? floor : value));
    if (!open) {
      pen.moveTo(x, y);
      open = true;
    } else if (!dense) pen.lineTo(x, y);
    else if (Math.round(x) === column) {
      low = Math.min(low, y);
      high = Math.max(high, y);
      continue;
    } else {
      flush();
      pen.lineTo(x, y);
    }
    column = Math.round(x);
    low = high = y;
  }
  flush();
  pen.stroke();
}

// Far outside the clip the rasterizer would only waste time.
const clipped = (frame, y) => Math.min(frame.bottom + 4000, Math.max(frame.top - 4000, y));

export function clip(pen, frame, margin = 1) {
  pen.beginPath();
  pen.rect(
    frame.left - margin,
    frame.top - margin,
    frame.wide + 2 * margin,
    frame.high + 2 * margin,
  );
  pen.clip();
}

/* The lowest and highest finite value, and the lowest above zero. */
export function range(lists) {
  let low = Infinity;
  let high = -Infinity;
  let positive = Infinity;
  for (const { values, from = 0, to } of lists)
    for (let i = from; i <= to; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
      if (value > 0 && value < positive) positive = value;
    }
  return { low, high, positive };
}

/* Bounds with some air; a log axis shows at most `decades`. */
export function bounds({ low, high, positive }, log, decades = 14) {
  if (!(high >= low)) return log ? { low: 0.1, high: 1, log } : { low: 0, high: 1, log };
  if (log && high > 0) {
    const floor = Math.max(positive, high * 10 ** -decades);
    const top = floor < high ? high * (high / floor) ** 0.04 : high * 2;
    return { low: floor < high ? floor : high / 2, high: top, log: true };
  }
  const air = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return { low: low >= 0 && low < 0.3 * high ? 0 : low - air, high: high + air, log: false };
}
