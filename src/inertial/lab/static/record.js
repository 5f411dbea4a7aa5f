/* A run as the page knows it: its words, its columns so far, and what comes in live. */

import { latest, read, readArrays } from "./api.js";

const POINTS = 2000; // as many as a wide screen can show
const records = new Map();

/* One record for each run, made when first looked at. */
export function record(id) {
  if (!records.has(id)) records.set(id, { id, about: null, values: new Map(), rows: 0, last: -1, fault: null, source: null });
  return records.get(id);
}

const path = (id, rest = "") => `api/runs/${encodeURIComponent(id)}${rest}`;

export async function about(run) {
  run.about = await read(path(run.id));
  run.names = new Map(run.about.columns.map((column) => [column.name, column]));
}

/* Fetch columns: all of them again, or only the rows after the last one known. */
export async function fetchColumns(run, names, { since = null } = {}) {
  const known = names.filter((name) => run.names.has(name));
  const asked = ["step", ...known.filter((name) => name !== "step")].map(encodeURIComponent).join(",");
  const more = since == null ? "" : `&since=${since}`;
  const { header, values } = await readArrays(path(run.id, `/data?columns=${asked}&points=${POINTS}${more}`));
  const [, length] = header.shape;
  const steps = values.subarray(0, length); // `step` is always asked for first
  const skip = since == null ? 0 : steps.findIndex((step) => step > since);
  if (skip < 0) return;
  const part = (i) => values.subarray(i * length + skip, (i + 1) * length);
  header.columns.forEach((name, i) => {
    const before = since == null ? null : run.values.get(name);
    run.values.set(name, before ? joined(before, part(i)) : part(i));
  });
  run.rows = (since == null ? 0 : run.rows) + length - skip;
  run.last = header.last_step ?? run.last;
  run.fault = null;
}

function joined(before, more) {
  const all = new Float64Array(before.length + more.length);
  all.set(before);
  all.set(more, before.length);
  return all;
}

/* Follow a run that goes on; `changed` after each arrival. */
export function follow(run, columns, changed) {
  if (run.source || run.about?.state !== "running") return;
  run.source = new EventSource(path(run.id, "/stream"));
  const fetchNew = latest(async () => {
    try {
      const whole = run.rows > 3 * POINTS || columns().some((name) => run.names.has(name) && !run.values.has(name));
      if (whole) await fetchColumns(run, columns());
      else await fetchColumns(run, [...run.values.keys()], { since: run.last });
    } catch (refusal) {
      run.fault = refusal.message;
    }
    changed();
  });
  run.source.addEventListener("rows", fetchNew);
  run.source.addEventListener("state", async (event) => {
    try {
      await about(run);
    } catch (refusal) {
      run.fault = refusal.message;
    }
    if (run.about.state !== "running") unfollow(run);
    fetchNew(event);
  });
}

export function unfollow(run) {
  run.source?.close();
  run.source = null;
}

export const unfollowAll = () => records.forEach(unfollow);
