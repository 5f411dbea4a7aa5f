/* The one state of the page: flat words, kept in the address behind the #. */

let defaults = {};
let state = {};
const listeners = new Set();
let writing = 0;

/* What the address says; words that nobody knows here are left out. */
export function decode(fragment) {
  const read = {};
  for (const [name, value] of new URLSearchParams(fragment.replace(/^#/, "")))
    if (name in defaults) read[name] = value;
  return read;
}

/* Only what differs from the defaults, so that links stay short. */
export function encode(values) {
  const parts = [`v=${defaults.v}`];
  for (const name of Object.keys(defaults))
    if (name !== "v" && values[name] !== defaults[name])
      parts.push(
        `${name}=${encodeURIComponent(values[name]).replace(/%2C/g, ",").replace(/%3B/g, ";")}`,
      );
  return "#" + parts.join("&");
}

export const get = () => state;
export const initial = () => defaults;
export const listen = (listener) => listeners.add(listener);

function remember(push) {
  clearTimeout(writing);
  const go = () => {
    const address = encode(state);
    if (address === location.hash) return;
    history[push ? "pushState" : "replaceState"](null, "", address);
  };
  if (push) go();
  else writing = setTimeout(go, 150); // browsers refuse hundreds of addresses a second
}

/* Change some words. Listeners get the names that really changed. */
export function set(changes, { push = false } = {}) {
  const changed = Object.keys(changes).filter((name) => state[name] !== changes[name]);
  if (!changed.length) return;
  state = { ...state, ...changes };
  remember(push);
  for (const listener of listeners) listener(new Set(changed), state);
}

export function begin(schemaDefaults) {
  // lesson: which step of Learn; cmp: the runs beside the chosen one
  // log: panels with a logarithmic scale; ph: the axis of the phase portrait
  defaults = { lesson: "1", cmp: "", log: "loss,run-loss", ph: "y" };
  for (const [name, value] of Object.entries(schemaDefaults)) defaults[name] = String(value);
  state = { ...defaults, ...decode(location.hash) };
  addEventListener("popstate", () => set({ ...defaults, ...decode(location.hash) }));
}

/* Start points and settings: lists inside the words. With no points of its own a state
   starts where the landscape says. */
let usual = [];
export const usualPoints = (found) => (usual = found);

export const points = () =>
  state.p ? state.p.split(";").map((pair) => pair.split(",").map(Number)) : usual;

export const settings = (values = state) =>
  values.set.split(";").map((three) => three.split(",").map(Number));

/* Panels with a logarithmic scale. */
export const logged = (name) => state.log.split(",").includes(name);

export function setLog(name, on) {
  const names = state.log.split(",").filter((each) => each && each !== name);
  set({ log: [...names, ...(on ? [name] : [])].sort().join(",") });
}
