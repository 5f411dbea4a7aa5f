/* Runs: recorded and live ones, beside one another, back into Explore. */

import { read } from "./api.js";
import { find, make, say, write } from "./dom.js";
import { spell } from "./numbers.js";
import { whole } from "./presets.js";
import { about, fetchColumns, follow, record, unfollowAll } from "./record.js";
import { addPlot, columnSelect, dash, drawRuns, runColour } from "./runplots.js";
import { get, listen, set } from "./state.js";
import { colour, onTheme } from "./theme.js";

const USUAL = { x: "step", y: "loss" };
const ENERGY = [["kinetic", "kinetic"], ["work", "work"], ["heat", "heat"]];
const STABILITY = /stabil|multiplier|margin|edge/;
const SPEEDS = ["gradient_norm", "momentum_norm"];
const AGAIN = 3000; // ms between two looks at the list

let runs = null;
let parts;
let looking = 0;

export async function enter(host) {
  if (!parts) build(host);
  clearInterval(looking);
  looking = setInterval(look, AGAIN);
  await look();
  await show();
}

export function leave() {
  clearInterval(looking);
  unfollowAll();
}

function build(host) {
  parts = {
    list: make("ul", { class: "run-list", "aria-label": "Runs" }),
    title: make("h1"), words: make("div", { class: "run-words" }),
    fault: make("p", { class: "fault", role: "alert", hidden: true }),
    open: make("button", { type: "button", class: "strong" }, "Open this setting in Explore"),
    plots: make("div", { class: "run-plots" }), empty: make("p", { class: "sentence" }),
  };
  parts.open.addEventListener("click", openInExplore);
  const main = make("div", { class: "run-main" },
    make("div", { class: "which" }, parts.title, parts.open), parts.words, parts.fault, parts.plots);
  host.replaceChildren(make("nav", { class: "run-rail", "aria-label": "List of runs" }, make("h2", {}, "Runs"), parts.empty, parts.list), main);
  parts.main = main;
  const axes = ["y", "x"].map((axis) => columnSelect(`Column on the ${axis} axis`, (value) => set({ [axis]: value })));
  [parts.y, parts.x] = axes;
  const over = make("span", { class: "note" }, "over");
  addPlot(parts.plots, { name: "run-free", title: "Any column", lines: freeLines, titles: () => ({ x: titleOf(axis("x")), y: titleOf(axis("y")) }), tools: [parts.y, over, parts.x] });
  addPlot(parts.plots, { name: "run-loss", title: "Loss", lines: () => linesOf("loss"), titles: () => ({ x: "step", y: titleOf("loss") }) });
  addPlot(parts.plots, { name: "run-energy", title: "Energy account", lines: energyLines, titles: () => ({ x: "step", y: "in units of the loss" }) });
  addPlot(parts.plots, { name: "run-stability", title: "Stability", lines: stabilityLines, titles: () => ({ x: "step", y: stabilityTitle() }) });
  listen((changed) => ["run", "cmp", "x", "y"].some((name) => changed.has(name)) && get().tab === "runs" && show());
  onTheme(() => {
    list();
    drawRuns(true);
  });
}

const axis = (name) => get()[name] || USUAL[name];
const chosen = () => record(get().run);
const compared = () => get().cmp.split(";").filter((id) => id && id !== get().run && runs?.some((run) => run.id === id));
const shown = () => [get().run, ...compared()].filter(Boolean).map(record);

/* The list */

async function look() {
  try {
    runs = await read("api/runs");
    parts.fault.hidden = true;
  } catch (refusal) {
    complain(refusal.message);
    return;
  }
  if (!get().run && runs.length) set({ run: (runs.find((run) => run.state === "running") || runs[0]).id });
  parts.main.hidden = !runs.length;
  write(parts.empty, runs.length ? "" : "There are no runs here yet. Begin one: inertial train, and start the lab with --runs and its folder.");
  list();
}

function list() {
  if (!runs) return;
  const kept = parts.list.contains(document.activeElement) ? document.activeElement.id : null;
  parts.list.replaceChildren(...runs.map(entry));
  if (kept) find(kept)?.focus();
}

function entry(run) {
  const own = run.id === get().run;
  const at = [get().run, ...compared()].indexOf(run.id);
  const swatch = make("i", { class: "swatch", "aria-hidden": "true" });
  if (at >= 0) swatch.style.background = runColour(at);
  const steps = run.total && run.total !== run.steps ? `${run.steps} of ${run.total} steps` : `${run.steps} steps`;
  const button = make("button", { type: "button", id: `run-${run.id}`, "aria-current": own ? "true" : null, onclick: () => set({ run: run.id }, { push: true }) },
    make("b", {}, run.name),
    make("span", { class: "run-line" }, make("span", { class: `state ${run.state}` }, run.state), run.loss == null ? "" : ` · loss ${spell(run.loss)}`),
    make("span", { class: "run-line" }, steps));
  const check = make("input", { type: "checkbox", id: `cmp-${run.id}`, "aria-label": `Compare ${run.name}`, checked: at >= 0, disabled: own });
  check.addEventListener("change", () => {
    const others = compared().filter((id) => id !== run.id);
    set({ cmp: [...others, ...(check.checked ? [run.id] : [])].join(";") });
  });
  return make("li", { class: own ? "own" : null }, check, swatch, button);
}

/* One run */

async function show() {
  if (!runs?.length || !get().run) return;
  list();
  const keep = shown();
  try {
    await Promise.all(keep.map(load));
    if (!chosen().fault) parts.fault.hidden = true;
  } catch (refusal) {
    complain(refusal.message);
  }
  describeRun();
  drawRuns(true);
  document.body.dataset.state = "ready";
  for (const run of keep) if (run.about) follow(run, wanted, () => arrived(run));
}

async function load(run) {
  try {
    if (!run.about) await about(run);
    const missing = wanted().filter((name) => run.names.has(name) && !run.values.has(name));
    if (missing.length) await fetchColumns(run, wanted());
  } catch (refusal) {
    run.fault = refusal.message;
    throw refusal;
  }
}

/* Every column that a plot shows of any run. */
function wanted() {
  const found = shown().flatMap((run) => (run.names ? stabilityNames(run) : []));
  return [...new Set(["step", "loss", axis("x"), axis("y"), ...ENERGY.map(([name]) => name), ...found])];
}

function complain(sentence) {
  parts.fault.hidden = false;
  write(parts.fault, sentence);
}

function describeRun() {
  const run = chosen();
  const known = run.about || runs.find((each) => each.id === run.id);
  write(parts.title, known ? known.name : run.id);
  const setting = known && typeof known.setting === "string" ? known.setting : "";
  const sentences = run.about?.sentences || (known?.sentence ? [known.sentence] : []);
  parts.words.replaceChildren(...(setting ? [make("p", { class: "note" }, setting)] : []), ...sentences.map((text) => make("p", { class: "sentence" }, text)));
  parts.open.hidden = !run.about?.explore_state;
  for (const name of ["x", "y"]) {
    const columns = run.about?.columns || [];
    parts[name].replaceChildren(...columns.map((column) => make("option", { value: column.name }, column.title)));
    parts[name].value = axis(name);
  }
}

function arrived(run) {
  if (run.fault) complain(run.fault);
  if (run === chosen() && run.about.state !== "running") {
    describeRun();
    say(`${run.about.name}: ${run.about.state}`);
  }
  drawRuns(true);
}

function openInExplore() {
  set({ ...whole(chosen().about.explore_state), tab: "explore" }, { push: true });
}

/* Lines of the plots */

function titleOf(name) {
  const column = chosen().names?.get(name);
  if (!column) return name;
  return column.unit ? `${column.title}, ${column.unit}` : column.title;
}

const has = (run, ...names) => run.values && names.every((name) => run.values.get(name)?.length);

function pair(run, x, y, rest) {
  const steps = run.values.get("step");
  return { run, steps, xs: x === "step" ? steps : run.values.get(x), ys: run.values.get(y), ...rest };
}

const several = (x, y) =>
  shown().map((run, i) => [run, i]).filter(([run]) => has(run, "step", x, y))
    .map(([run, i]) => pair(run, x, y, { name: run.about.name, stroke: runColour(i), dash: dash(i) }));

const linesOf = (name) => several("step", name);
const freeLines = () => several(axis("x"), axis("y"));

const energyLines = () =>
  ENERGY.filter(([name]) => has(chosen(), "step", name))
    .map(([name, ink], i) => pair(chosen(), "step", name, { name: titleOf(name), stroke: colour(ink), dash: dash(i) }));

const stabilityNames = (run) => {
  const found = [...run.names.keys()].filter((name) => STABILITY.test(name));
  return found.length ? found : SPEEDS.filter((name) => run.names.has(name));
};

const stabilityTitle = () => (chosen().names && stabilityNames(chosen()).some((name) => STABILITY.test(name)) ? "1: the edge of stability" : "norms");

function stabilityLines() {
  const run = chosen();
  if (!run.names) return [];
  const names = stabilityNames(run).filter((name) => has(run, "step", name));
  const lines = names.map((name, i) => pair(run, "step", name, { name: titleOf(name), stroke: colour(["other", "loss", "work", "kinetic"][i % 4]), dash: dash(i) }));
  if (!lines.length || !STABILITY.test(names[0])) return lines;
  const { steps } = lines[0];
  return [...lines, { run, steps, xs: steps, ys: Float64Array.from(steps, () => 1), name: "edge", stroke: colour("heat"), dash: [3, 3], level: true }];
}
