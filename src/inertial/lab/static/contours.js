/* The ground: heights as bands of one hue, with contour lines between them. */

import { colour } from "./theme.js";

const channels = (text) => {
  const hex = text.replace("#", "");
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
};

export function mix(from, to, part) {
  const a = channels(from);
  const b = channels(to);
  return a.map((value, i) => Math.round(value + (b[i] - value) * part));
}

/* Where a height lies between the levels: 0 below the first, `levels.length` above all. */
function band(levels, height) {
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (levels[middle] <= height) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Paint the bands, pixel by pixel, from heights interpolated between grid points. */
export function paintBands(target, { heights, shape, levels }) {
  const [rows, columns] = shape;
  const { width, height } = target;
  const pen = target.getContext("2d");
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const ramp = Array.from({ length: levels.length + 1 }, (_, i) => {
    const [r, g, b] = mix(colour("ground0"), colour("ground1"), i / levels.length);
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
  const across = new Float32Array(columns);
  for (let j = 0; j < height; j++) {
    const v = (1 - (j + 0.5) / height) * (rows - 1);
    const row = Math.min(rows - 2, Math.floor(v));
    const up = v - row;
    for (let c = 0; c < columns; c++)
      across[c] = heights[row * columns + c] * (1 - up) + heights[(row + 1) * columns + c] * up;
    for (let i = 0; i < width; i++) {
      const u = ((i + 0.5) / width) * (columns - 1);
      const c = Math.min(columns - 2, u | 0);
      const part = u - c;
      pixels[j * width + i] = ramp[band(levels, across[c] * (1 - part) + across[c + 1] * part)];
    }
  }
  pen.putImageData(image, 0, 0);
}

/* Which sides of a cell a level crosses, for each of the 16 cases of its corners. */
const CASES = [
  [],
  [[3, 0]],
  [[0, 1]],
  [[3, 1]],
  [[1, 2]],
  [
    [3, 0],
    [1, 2],
  ],
  [[0, 2]],
  [[3, 2]],
  [[2, 3]],
  [[2, 0]],
  [
    [0, 1],
    [2, 3],
  ],
  [[2, 1]],
  [[1, 3]],
  [[1, 0]],
  [[0, 3]],
  [],
];

function crossing(side, c, r, level, corner) {
  const [a, b, d, e] = corner; // counter-clockwise from the lower left
  const part = (from, to) => (level - from) / (to - from || 1);
  if (side === 0) return [c + part(a, b), r];
  if (side === 1) return [c + 1, r + part(b, d)];
  if (side === 2) return [c + part(e, d), r + 1];
  return [c, r + part(a, e)];
}

/* Contour lines by marching squares, in pixels of a frame. */
export function strokeContours(pen, frame, { heights, shape, levels }, ink = "contour") {
  const [rows, columns] = shape;
  const x = (c) => frame.left + (c / (columns - 1)) * frame.wide;
  const y = (r) => frame.bottom - (r / (rows - 1)) * frame.high;
  pen.beginPath();
  for (let r = 0; r < rows - 1; r++)
    for (let c = 0; c < columns - 1; c++) {
      const at = r * columns + c;
      const corner = [
        heights[at],
        heights[at + 1],
        heights[at + columns + 1],
        heights[at + columns],
      ];
      const low = Math.min(...corner);
      const high = Math.max(...corner);
      for (let n = band(levels, low); n < levels.length && levels[n] <= high; n++) {
        const level = levels[n];
        const kind = corner.reduce((bits, value, i) => bits | ((value > level) << i), 0);
        for (const [from, to] of CASES[kind]) {
          const [c0, r0] = crossing(from, c, r, level, corner);
          const [c1, r1] = crossing(to, c, r, level, corner);
          pen.moveTo(x(c0), y(r0));
          pen.lineTo(x(c1), y(r1));
        }
      }
    }
  pen.strokeStyle = colour(ink);
  pen.lineWidth = 1;
  pen.stroke();
}
