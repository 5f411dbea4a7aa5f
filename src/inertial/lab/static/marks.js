/* Marks: each particle has a colour and a shape; paths are cased, arrows are slim. */

import { line } from "./axes.js";
import { colour } from "./theme.js";

export const SHAPES = [
  "circle",
  "square",
  "triangle",
  "diamond",
  "pentagon",
  "star",
  "plus",
  "drop",
];

export const particleColour = (i) => colour(`p${i % 8}`);

const corners = (count, turn, inner) => (radius) => {
  const points = [];
  for (let i = 0; i < count; i++) {
    const r = inner && i % 2 ? radius * inner : radius;
    const angle = turn + (2 * Math.PI * i) / count;
    points.push([r * Math.cos(angle), r * Math.sin(angle)]);
  }
  return points;
};

const UP = -Math.PI / 2;
const OUTLINES = {
  square: corners(4, Math.PI / 4),
  triangle: corners(3, UP),
  diamond: corners(4, UP),
  pentagon: corners(5, UP),
  star: corners(10, UP, 0.45),
  plus: (r) => {
    const a = r * 0.38;
    return [
      [-a, -r],
      [a, -r],
      [a, -a],
      [r, -a],
      [r, a],
      [a, a],
      [a, r],
      [-a, r],
      [-a, a],
      [-r, a],
      [-r, -a],
      [-a, -a],
    ];
  },
  drop: corners(3, Math.PI / 2),
};

function outline(pen, x, y, radius, shape) {
  pen.beginPath();
  if (shape === "circle" || !OUTLINES[shape]) {
    pen.arc(x, y, radius * 0.92, 0, 2 * Math.PI);
    return;
  }
  for (const [dx, dy] of OUTLINES[shape](radius * 1.15)) pen.lineTo(x + dx, y + dy);
  pen.closePath();
}

/* A particle: filled where it is now, hollow where it starts. */
export function mark(pen, x, y, i, { radius = 7, hollow = false, ring = false } = {}) {
  const own = particleColour(i);
  outline(pen, x, y, radius, SHAPES[i % SHAPES.length]);
  pen.lineJoin = "round";
  pen.lineWidth = hollow ? 5 : 4;
  pen.strokeStyle = colour("card");
  pen.stroke();
  pen.fillStyle = hollow ? colour("card") : own;
  pen.fill();
  if (hollow) {
    pen.lineWidth = 2;
    pen.strokeStyle = own;
    pen.stroke();
  }
  if (!ring) return;
  pen.beginPath();
  pen.arc(x, y, radius + 6, 0, 2 * Math.PI);
  pen.lineWidth = 1.5;
  pen.strokeStyle = own;
  pen.stroke();
}

/* A path over a busy ground: a pale casing below, the colour above. */
export function casedPath(pen, frame, xs, ys, from, to, { stroke, width = 2, casing = true }) {
  pen.beginPath();
  let open = false;
  for (let i = from; i <= to; i++) {
    const x = frame.px(xs[i]);
    const y = frame.py(ys[i]);
    if (!(Math.abs(x) < 1e4 && Math.abs(y) < 1e4)) {
      open = false;
      continue;
    }
    if (open) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    open = true;
  }
  pen.lineJoin = "round";
  pen.lineCap = "round";
  if (casing) {
    pen.strokeStyle = colour("casing");
    pen.lineWidth = width + 2.4;
    pen.stroke();
  }
  pen.strokeStyle = stroke;
  pen.lineWidth = width;
  pen.stroke();
}

export function arrow(pen, x, y, dx, dy, stroke) {
  const length = Math.hypot(dx, dy);
  if (!(length > 3)) return;
  const [ux, uy] = [dx / length, dy / length];
  const head = Math.min(9, length * 0.6);
  const tip = [x + dx, y + dy];
  const neck = [tip[0] - ux * head, tip[1] - uy * head];
  pen.lineCap = "round";
  for (const [ink, width] of [
    [colour("casing"), 5.5],
    [stroke, 2.4],
  ]) {
    pen.strokeStyle = ink;
    pen.fillStyle = ink;
    pen.lineWidth = width;
    line(pen, x, y, neck[0], neck[1]);
    pen.beginPath();
    pen.moveTo(...tip);
    pen.lineTo(neck[0] - uy * head * 0.5, neck[1] + ux * head * 0.5);
    pen.lineTo(neck[0] + uy * head * 0.5, neck[1] - ux * head * 0.5);
    pen.closePath();
    if (ink !== stroke) {
      pen.lineWidth = 3;
      pen.stroke();
    }
    pen.fill();
  }
}
