/* The rail: landscape, particles, setting in both languages, method, chance. */

import { ask, latest } from "./api.js";
import { find, make, write } from "./dom.js";
import { plain } from "./numbers.js";
import { beginParticles, showParticles } from "./particles.js";
import { makeSlider } from "./slider.js";
import { get, listen, set, settings } from "./state.js";
import { view } from "./view.js";

const PHYSICS = ["mass", "friction", "time_step"];
const FRAMEWORK = ["lr", "momentum"];
const WORDS = { noise: "n", seed: "s", steps: "steps" };
const OWN = "formula";
const FIRST = "x**2/2 + 5*y**2"; // of one's own: a bowl to change
const sliders = new Map();
let schema;
let fault;
let onstart;

export function beginControls(found, started) {
  schema = found;
  onstart = started;
  const rail = find("rail");
  rail.addEventListener("submit", (event) => event.preventDefault());
  rail.append(
    group("Landscape", landscapeField(), formulaField(), windowField()),
    group("Particles", beginParticles(schema.limits.particles)),
    group("Setting", ...PHYSICS.map((name) => slider(name, sendPhysics))),
    group(
      "The same in a framework",
      ...FRAMEWORK.map((name) => slider(name, sendFramework)),
      make("p", { class: "notice", id: "notices", hidden: true }),
    ),
    group(
      "Method",
      choice("i", "Integrator", schema.integrators),
      choice("kin", "Kinetic energy", schema.kinetics),
    ),
    group(
      "Chance and length",
      ...Object.keys(WORDS).map((name) =>
        slider(name, (value) => set({ [WORDS[name]]: plain(value) }), name !== "noise"),
      ),
    ),
  );
  listen(show);
  show();
}

function group(title, ...children) {
  const id = `group-${title.toLowerCase().replaceAll(" ", "-")}`;
  return make("fieldset", { id }, make("legend", {}, title), ...children);
}

/* Controls of the schema, wherever it keeps them. */
function control(name) {
  const all = [...schema.controls, ...(schema.framework_controls || [])];
  return all.find((each) => each.name === name);
}

function slider(name, onvalue, whole = false) {
  const made = makeSlider(control(name), (value) => onvalue(value, name), { whole });
  sliders.set(name, made);
  return made.row;
}

function select(id, title, options, onchange) {
  const field = make(
    "select",
    { id },
    ...options.map(({ name, title: text, hint }) =>
      make("option", { value: name, title: hint }, text),
    ),
  );
  field.addEventListener("change", () => onchange(field.value));
  return make(
    "div",
    { class: "field" },
    make("label", { for: id }, title),
    field,
    make("p", { class: "hint", id: `${id}-hint` }),
  );
}

const choice = (word, title, options) =>
  select(`choose-${word}`, title, options, (value) => set({ [word]: value }));

function landscapeField() {
  const options = [...schema.landscapes];
  if (!options.some((each) => each.name === OWN))
    options.push({ name: OWN, title: "Your own formula", hint: "" });
  return select("choose-l", "Shape", options, (value) => {
    const own = options.find((each) => each.name === value);
    // a setting that rolls well there, where the server knows one
    set({
      l: value,
      p: "",
      k: "0",
      f: value === OWN && !get().f ? FIRST : get().f,
      ...(own.set ? { set: own.set } : {}),
    });
    onstart();
  });
}

function formulaField() {
  const field = make("input", {
    type: "text",
    id: "formula",
    spellcheck: "false",
    autocapitalize: "off",
    "aria-describedby": "formula-fault",
  });
  field.addEventListener("input", () => set({ f: field.value }));
  const hint = make("p", { class: "hint" }, schema.formula?.hint || "");
  fault = make("p", { class: "wrong", id: "formula-fault", role: "status", hidden: true });
  return make(
    "div",
    { class: "field", id: "formula-field", hidden: true },
    make("label", { for: "formula" }, "Height at x and y"),
    field,
    fault,
    hint,
  );
}

function windowField() {
  const host = make("div", { class: "window", id: "window-field", hidden: true });
  ["x from", "x to", "y from", "y to"].forEach((title, i) => {
    const field = make("input", { type: "number", step: "any", class: "box", id: `window-${i}` });
    field.addEventListener("change", () => {
      const box = [...host.querySelectorAll("input")].map((each) => plain(each.value));
      set({ box: box.join(","), p: "" });
    });
    host.append(make("label", { for: field.id }, title), field);
  });
  return host;
}

/* Say under the formula what is wrong with it; null: nothing. */
export function showFault(error) {
  fault.hidden = !error;
  find("formula").setAttribute("aria-invalid", String(Boolean(error)));
  if (error) write(fault, error.sentence);
}

/* Which of the settings the sliders move: the chosen particle's own, or the common one. */
const place = () => Math.min(view.chosen, settings().length - 1);

function store(three) {
  const all = get().set.split(";");
  all[place()] = three.map((value) => plain(value)).join(",");
  set({ set: all.join(";") });
}

function sendPhysics(value, name) {
  const three = [...settings()[place()]];
  three[PHYSICS.indexOf(name)] = value;
  store(three);
}

let wanted = null;

const translate = latest(async () => {
  const words = wanted;
  try {
    const found = await ask("api/convert", {
      from: "framework",
      ...words,
      time_step: settings()[place()][2],
    });
    store(PHYSICS.map((name) => found[name]));
  } catch (refusal) {
    say([refusal.message]);
  }
});

/* Set learning rate and momentum; the server says which mass and friction that is. */
export function setFramework(lr, momentum) {
  wanted = { lr, momentum };
  translate();
}

function sendFramework(value, name) {
  const { lr, momentum } = wordsNow();
  setFramework(name === "lr" ? value : lr, name === "momentum" ? value : momentum);
}

const wordsNow = () =>
  view.analysis?.setting || { lr: control("lr").default, momentum: control("momentum").default };

export function say(notices) {
  const host = find("notices");
  host.hidden = !notices?.length;
  write(host, (notices || []).join(" "));
}

function show() {
  const state = get();
  for (const [id, word, list] of [
    ["choose-l", "l", schema.landscapes],
    ["choose-i", "i", schema.integrators],
    ["choose-kin", "kin", schema.kinetics],
  ]) {
    find(id).value = state[word];
    write(find(`${id}-hint`), list.find((each) => each.name === state[word])?.hint || "");
  }
  const own = state.l === OWN;
  find("formula-field").hidden = find("window-field").hidden = !own;
  if (document.activeElement !== find("formula")) find("formula").value = state.f;
  settings()[place()].forEach((value, i) => sliders.get(PHYSICS[i]).show(value));
  sliders.get("seed").row.hidden = !(+state.n > 0); // without noise there is no chance
  for (const [name, word] of Object.entries(WORDS)) sliders.get(name).show(+state[word]);
  showParticles();
}

/* After an answer: the same setting in the other language. */
export function showWords() {
  const { lr, momentum } = wordsNow();
  sliders.get("lr").show(lr);
  sliders.get("momentum").show(momentum);
  show();
  const box = get().box?.split(",") || view.land.extent;
  box.forEach((value, i) => {
    const field = find(`window-${i}`);
    if (document.activeElement !== field) field.value = plain(value, 6);
  });
}
