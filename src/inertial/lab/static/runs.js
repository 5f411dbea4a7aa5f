/* Runs: recorded and live ones, beside one another, back into Explore. */

import { read } from "./api.js";
import { find, make, say, write } from "./dom.js";
import { spell } from "./numbers.js";
import { whole } from "./presets.js";
import { about, columns, fetchSet, follow, record, unfollowAll } from "./record.js";
import { panelNamed } from "./panel.js";
import { addPlot, columnSelect, dash, drawRuns, runColour } from "./runplots.js";
import { get, listen, set } from "./state.js";
import { colour, onTheme } from "./theme.js";

const USUAL = { x: "step", y: "loss" };
const ENERGY = [
  ["kinetic", "kinetic"],
  ["work", "work"],
  ["heat", "heat"],
];
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
    title: make("h1"),
    words: make("div", { class: "run-words" }),
    fault: make("p", { class: "fault", role: "alert", hidden: true }),
    open: make("button", { type: "button", class: "strong" }, "Open this setting in Explore"),
    plots: make("div", { class: "run-plots" }),
    empty: make("p", { class: "sentence" }),
  };
  parts.open.addEventListener("click", openInExplore);
  const main = make(
    "div",
    { class: "run-main" },
    make("div", { class: "which" }, parts.title, parts.open),
    parts.words,
    parts.fault,
    parts.plots,
  );
  host.replaceChildren(
    make(
      "nav",
      { class: "run-rail", "aria-label": "List of runs" },
      make("h2", {}, "Runs"),
      parts.empty,
      parts.list,
    ),
    main,
  );
  parts.main = main;
  const axes = ["y", "x"].map((axis) =>
    columnSelect(`Column on the ${axis} axis`, (value) => set({ [axis]: value })),
  );
  [parts.y, parts.x] = axes;
  const over = make("span", { class: "note" }, "over");
  addPlot(parts.plots, {
    name: "run-free",
    title: "Any column",
    lines: freeLines,
    titles: () => ({ x: titleOf(axis("x")), y: titleOf(axis("y")) }),
    tools: [parts.y, over, parts.x],
  });
  addPlot(parts.plots, {
    name: "run-loss",
    title: "Loss",
    lines: lossLines,
    titles: () => ({ x: "step", y: titleOf("loss") }),
  });
  addPlot(parts.plots, {
    name: "run-energy",
    title: "Energy account",
    lines: energyLines,
    titles: () => ({ x: "step", y: "in units of the loss" }),
  });
  addPlot(parts.plots, {
    name: "run-stability",
    title: "Stability",
    lines: stabilityLines,
    titles: () => ({ x: "step", y: stabilityTitle() }),
  });
  listen(
    (changed) =>
      ["run", "cmp", "x", "y"].some((name) => changed.has(name)) && get().tab === "runs" && show(),
  );
  onTheme(() => {
    list();
    drawRuns(true);
  });
}

const axis = (name) => get()[name] || USUAL[name];
const chosen = () => record(get().run);
const compared = () =>
  get()
    .cmp.split(";")
    .filter((id) => id && id !== get().run && runs?.some((run) => run.id === id));
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
  if (!get().run && runs.length)
    set({ run: (runs.find((run) => run.state === "running") || runs[0]).id });
  parts.main.hidden = !runs.length;
  write(
    parts.empty,
    runs.length
      ? ""
      : "There are no runs here yet. Begin one: inertial train, and start the lab with --runs and its folder.",
  );
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
  const steps =
    run.total && run.total !== run.steps
      ? `${run.steps} of ${run.total} steps`
      : `${run.steps} steps`;
  const button = make(
    "button",
    {
      type: "button",
      id: `run-${run.id}`,
      "aria-current": own ? "true" : null,
      onclick: () => set({ run: run.id }, { push: true }),
    },
    make("b", {}, run.name),
    make(
      "span",
      { class: "run-line" },
      make("span", { class: `state ${run.state}` }, run.state),
      run.loss == null ? "" : ` · loss ${spell(run.loss)}`,
    ),
    make("span", { class: "run-line" }, steps),
  );
  const check = make("input", {
    type: "checkbox",
    id: `cmp-${run.id}`,
    "aria-label": `Compare ${run.name}`,
    checked: at >= 0,
    disabled: own,
  });
  check.addEventListener("change", () => {
    const others = compared().filter((id) => id !== run.id);
    set({ cmp: [...others, ...(check.checked ? [run.id] : [])].join(";") });
  });
  return make("li", { class: own ? "own" : null }, check, swatch, button);
}

/* One run */

async function show() {
  if (!runs?.length || !get().run) {
    document.body.dataset.state = "ready";
    return;
  }
  list();
  document.body.dataset.state = "busy";
  const keep = shown();
  try {
    await Promise.all(keep.map(load));
    if (!chosen().fault) parts.fault.hidden = true;
  } catch (refusal) {
    complain(refusal.message);
  }
  describeRun();
  drawRuns(true, () => (document.body.dataset.state = "ready"));
  for (const run of keep) if (run.about) follow(run, sets, () => arrived(run));
}

async function load(run) {
  try {
    if (!run.about) await about(run);
    run.read = () => run === chosen() && describeRun();
    await Promise.all(
      sets(run)
        .filter((names) => !columns(run, names))
        .map((names) => fetchSet(run, names)),
    );
  } catch (refusal) {
    run.fault = refusal.message;
    throw refusal;
  }
}

/* The columns that each plot needs of a run; the first of each keeps its spikes. */
const freeSet = () => [axis("y"), axis("x")];
const sets = (run) => [["loss"], freeSet(), ENERGY.map(([name]) => name), stabilityNames(run)];

function complain(sentence) {
  parts.fault.hidden = false;
  write(parts.fault, sentence);
}

function describeRun() {
  const run = chosen();
  const known = run.about || runs.find((each) => each.id === run.id);
  write(parts.title, known ? known.name : run.id);
  const setting = known && typeof known.setting === "string" ? known.setting : "";
  // what a run means is read at its end; until then, how it stands
  const reading = run.about?.state === "running" ? null : run.about?.sentences;
  const sentences = reading || (known?.sentence ? [known.sentence] : []);
  const [first, ...rest] = sentences;
  parts.words.replaceChildren(
    ...(setting ? [make("p", { class: "note" }, setting)] : []),
    ...(first ? [make("p", { class: "sentence" }, first)] : []),
    ...rest.map((text) => make("p", { class: "note" }, text)),
  );
  parts.open.hidden = !run.about?.explore_state;
  showColumns(run.about?.columns || []);
}

function showColumns(columns) {
  const key = columns.map((column) => column.name).join();
  for (const name of ["x", "y"]) {
    if (parts[name].dataset.key !== key)
      parts[name].replaceChildren(
        ...columns.map((column) => make("option", { value: column.name }, column.title)),
      );
    parts[name].dataset.key = key;
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

/* One line: y over x, from the columns of its plot; null where they are not recorded. */
function pair(run, set, x, y, rest) {
  const found = run.names && columns(run, set);
  const [steps, xs, ys] = ["step", x, y].map((name) => found?.get(name));
  return steps?.length && xs && ys ? { run, steps, xs, ys, ...rest } : null;
}

const several = (set, x, y) =>
  shown()
    .map((run, i) =>
      pair(run, set, x, y, { name: run.about?.name, stroke: runColour(i), dash: dash(i) }),
    )
    .filter(Boolean);

const lossLines = () => several(["loss"], "step", "loss");
const freeLines = () => several(freeSet(), axis("x"), axis("y"));

const energyLines = () =>
  ENERGY.map(([name, ink], i) =>
    pair(
      chosen(),
      ENERGY.map(([each]) => each),
      "step",
      name,
      { name: chosen().names?.get(name)?.title, stroke: colour(ink), dash: dash(i) },
    ),
  ).filter(Boolean);

const stabilityNames = (run) => {
  const found = [...run.names.keys()].filter((name) => STABILITY.test(name));
  return found.length ? found : SPEEDS.filter((name) => run.names.has(name));
};

const measured = () => chosen().names && STABILITY.test(stabilityNames(chosen())[0] || "");
const stabilityTitle = () => (measured() ? "1 is the edge" : "");

function stabilityLines() {
  const run = chosen();
  if (!run.names) return [];
  const names = stabilityNames(run);
  const lines = names
    .map((name, i) =>
      pair(run, names, "step", name, {
        name: run.names.get(name)?.title,
        stroke: colour(["other", "loss", "work", "kinetic"][i % 4]),
        dash: dash(i),
      }),
    )
    .filter(Boolean);
  write(panelNamed("run-stability").heading, measured() ? "Stability" : "Force and momentum");
  if (!lines.length || !measured()) return lines;
  const { steps } = lines[0];
  return [
    ...lines,
    {
      run,
      steps,
      xs: steps,
      ys: Float64Array.from(steps, () => 1),
      name: "edge",
      stroke: colour("heat"),
      dash: [3, 3],
      level: true,
    },
  ];
}
