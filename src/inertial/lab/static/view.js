/* What the panels of Explore look at together, and when they are drawn. */

export const view = {
  k: 0, // the step that everything shows
  hover: null, // the step under the pointer, if any
  chosen: 0, // the particle whose numbers are shown
  playing: false,
  land: null,
  sim: null,
  analysis: null,
  stability: null,
  redraws: 0,
};

/* The step to show: the one under the pointer wins over the one played. */
export const step = () => Math.min(view.hover ?? view.k, view.sim ? view.sim.steps : 0);

/* One channel of one particle over all steps. */
export const channel = (name, particle = view.chosen) => view.sim.of(name, particle);

export const last = (particle = view.chosen) => {
  const gone = view.sim.diverged[particle];
  return gone == null ? view.sim.steps : Math.max(0, Math.min(gone, view.sim.steps));
};

/* The step at which plots end: a little after the last particle is gone, else the last. */
export function horizon() {
  const { diverged, particles, steps } = view.sim;
  const gone = Array.from({ length: particles }, (_, i) => diverged[i] ?? Infinity);
  const end = Math.max(...gone);
  return Math.max(1, Math.min(steps, Math.ceil(end * 1.3) + 5));
}

/* Arrays of a simulation, with the words of their header. */
export function simulation({ header, values }) {
  const [, particles, length] = header.shape;
  const row = Object.fromEntries(header.channels.map((name, i) => [name, i]));
  return {
    header,
    particles,
    steps: length - 1,
    diverged: header.diverged_at || [],
    longest: new Map(),
    of(name, particle) {
      const start = (row[name] * particles + Math.min(particle, particles - 1)) * length;
      return values.subarray(start, start + length);
    },
  };
}

const drawers = [];
const after = new Set();
let waiting = 0;
let whole = false;

export const drawWith = (drawer) => drawers.push(drawer);
export const onDrawn = (listener) => after.add(listener);

/* Ask for one drawing at the next frame; `base` when more than the cursor changed. */
export function draw(base = false) {
  whole ||= base;
  waiting ||= requestAnimationFrame(now);
}

function now() {
  const base = whole;
  waiting = 0;
  whole = false;
  for (const drawer of drawers) drawer(base);
  view.redraws += 1;
  for (const listener of after) listener(base);
}
