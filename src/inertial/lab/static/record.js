/* A run as the page knows it: its words, its columns so far, and what comes in live. */

import { latest, read, readArrays } from "./api.js";

const POINTS = 2000; // as many as a wide screen can show
const records = new Map();

/* One record for each run, made when first looked at. `sets` keeps the columns of each
   plot apart: the server thins the rows so that the plot's leading column keeps its spikes. */
export function record(id) {
  if (!records.has(id))
    records.set(id, {
      id,
      about: null,
      names: null,
      sets: new Map(),
      last: -1,
      fault: null,
      source: null,
    });
  return records.get(id);
}

const path = (id, rest = "") =>
  `api/runs/${id.split("/").map(encodeURIComponent).join("/")}${rest}`;

export async function about(run) {
  run.about = await read(path(run.id));
  run.names = new Map(run.about.columns.map((column) => [column.name, column]));
  if (run.about.sentences) return;
  read(path(run.id, "/reading")).then(
    (reading) => {
      // of long runs: it takes seconds
      Object.assign(run.about, reading);
      run.read?.();
    },
    () => {},
  );
}

/* The columns of one plot, by their names; `step` is among them. */
export const columns = (run, names) => run.sets.get(names.join());

/* Fetch the columns of a plot: all rows again, or only those after the last one known. */
export async function fetchSet(run, names, since = null) {
  const key = names.join();
  const known = [...new Set([...names.filter((name) => run.names.has(name)), "step"])];
  if (known.length < 2 && names[0] !== "step") return;
  const more = since == null ? "" : `&since=${since}`;
  const asked = known.map(encodeURIComponent).join(",");
  const { header, values } = await readArrays(
    path(run.id, `/data?columns=${asked}&points=${POINTS}${more}`),
  );
  const [, length] = header.shape;
  const part = (i, skip = 0) => values.subarray(i * length + skip, (i + 1) * length);
  const before = since == null ? null : run.sets.get(key);
  const skip = before ? part(header.columns.indexOf("step")).findIndex((step) => step > since) : 0;
  run.last = Math.max(run.last, header.last_step ?? -1);
  if (skip < 0) return;
  const found = new Map(
    header.columns.map((name, i) => [
      name,
      before ? joined(before.get(name), part(i, skip)) : part(i),
    ]),
  );
  run.sets.set(key, found);
}

function joined(before, more) {
  const all = new Float64Array(before.length + more.length);
  all.set(before);
  all.set(more, before.length);
  return all;
}

/* Follow a run that goes on; `changed` after each arrival. sets(): what the plots show. */
export function follow(run, sets, changed) {
  if (run.source || run.about?.state !== "running") return;
  run.source = new EventSource(path(run.id, "/stream"));
  const fetchNew = latest(async () => {
    const since = run.last;
    try {
      await Promise.all(
        sets(run).map((names) => {
          const rows = columns(run, names)?.get("step").length ?? Infinity;
          return fetchSet(run, names, rows > 3 * POINTS ? null : since);
        }),
      );
      run.fault = null;
    } catch (refusal) {
      run.fault = refusal.message;
    }
    changed();
  });
  run.source.addEventListener("rows", fetchNew);
  run.source.addEventListener("state", async (event) => {
    const said = JSON.parse(event.data || "{}");
    Object.assign(run.about, {
      state: said.state ?? run.about.state,
      sentence: said.sentence ?? "",
    });
    run.read?.();
    if (run.about.state === "running") return;
    unfollow(run);
    await about(run).catch((refusal) => (run.fault = refusal.message));
    fetchNew();
  });
}

export function unfollow(run) {
  run.source?.close();
  run.source = null;
}

export const unfollowAll = () => records.forEach(unfollow);
