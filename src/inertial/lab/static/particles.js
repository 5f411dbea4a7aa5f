/* The list of particles: choose, add, remove, place; alike or each with its own setting. */

import { find, make } from "./dom.js";
import { mark } from "./marks.js";
import { plain } from "./numbers.js";
import { get, points, set, settings } from "./state.js";
import { draw, view } from "./view.js";

let most = 8;
let list;
let boxes;
let alike;
let drawn = "";

export function beginParticles(limit) {
  most = limit;
  list = make("div", { class: "chips", role: "group", "aria-label": "Particles" });
  boxes = ["x", "y"].map((axis, i) => {
    const box = make("input", { type: "number", step: "any", class: "box", id: `start-${axis}` });
    box.addEventListener(
      "input",
      () => Number.isFinite(box.valueAsNumber) && place(i, box.valueAsNumber),
    );
    return box;
  });
  alike = make("input", { type: "checkbox", id: "alike" });
  alike.addEventListener("change", () => share(!alike.checked));
  const start = make(
    "div",
    { class: "start" },
    make("span", {}, "Start"),
    make("label", { for: "start-x" }, "x"),
    boxes[0],
    make("label", { for: "start-y" }, "y"),
    boxes[1],
  );
  find("main").addEventListener("chosen", () => choose(view.chosen));
  return make(
    "div",
    {},
    list,
    start,
    make("label", { class: "check", for: "alike" }, alike, "A setting of its own for each"),
  );
}

const written = () => points().map((pair) => pair.map((each) => plain(each, 8)).join(","));

function place(i, value) {
  const all = points().map((pair) => [...pair]);
  all[view.chosen][i] = value;
  set({ p: all.map((pair) => pair.map((each) => plain(each, 8)).join(",")).join(";") });
}

/* One setting for all, or the same one written down for each. */
function share(common) {
  const all = get().set.split(";");
  const own = all[Math.min(view.chosen, all.length - 1)];
  set({
    set: common
      ? own
      : written()
          .map(() => own)
          .join(";"),
  });
  choose(view.chosen);
}

function choose(i) {
  view.chosen = i;
  drawn = "";
  showParticles();
  document.dispatchEvent(new CustomEvent("particle"));
  draw(true);
}

function add() {
  const all = written();
  const [x0, x1, y0, y1] = view.land.extent;
  const [x, y] = points().at(-1);
  // beside the last one, on the side where there is room
  const aside = (value, low, high) =>
    plain(value + (value > (low + high) / 2 ? -0.11 : 0.11) * (high - low), 4);
  const own = get().set.split(";");
  view.chosen = all.length;
  set({
    p: [...all, `${aside(x, x0, x1)},${aside(y, y0, y1)}`].join(";"),
    set: (own.length > 1 ? [...own, own.at(-1)] : own).join(";"),
  });
  document.dispatchEvent(new CustomEvent("particle"));
}

function remove() {
  const gone = view.chosen;
  const without = (all) => all.filter((_, i) => i !== gone);
  const own = get().set.split(";");
  view.chosen = Math.max(0, gone - 1);
  set({ p: without(written()).join(";"), set: (own.length > 1 ? without(own) : own).join(";") });
  document.dispatchEvent(new CustomEvent("particle"));
}

function chip(i) {
  const canvas = make("canvas", { width: 36, height: 36, "aria-hidden": "true" });
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  mark(pen, 9, 9, i, { radius: 5.5 });
  const button = make(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-label": `Particle ${i + 1}`,
      "aria-pressed": String(i === view.chosen),
    },
    canvas,
    String(i + 1),
  );
  button.addEventListener("click", () => choose(i));
  return button;
}

export function showParticles() {
  const count = points().length;
  if (!count) return;
  view.chosen = Math.min(view.chosen, count - 1);
  const kept = list.contains(document.activeElement)
    ? document.activeElement.getAttribute("aria-label")
    : null;
  const key = `${count} ${view.chosen} ${document.documentElement.dataset.theme}`;
  if (key !== drawn) {
    drawn = key;
    const plus = make(
      "button",
      {
        type: "button",
        class: "chip plain",
        "aria-label": "Add a particle",
        disabled: count >= most,
        onclick: add,
      },
      "+",
    );
    const minus = make(
      "button",
      {
        type: "button",
        class: "chip plain",
        "aria-label": `Remove particle ${view.chosen + 1}`,
        disabled: count < 2,
        onclick: remove,
      },
      "−",
    );
    list.replaceChildren(...Array.from({ length: count }, (_, i) => chip(i)), plus, minus);
    if (kept) (list.querySelector(`[aria-label="${kept}"]`) || list.firstChild).focus();
  }
  alike.checked = settings().length > 1;
  alike.disabled = count < 2;
  alike.parentElement.hidden = count < 2;
  points()[view.chosen].forEach((value, i) => {
    const text = plain(value, 5);
    if (document.activeElement !== boxes[i] && boxes[i].value !== text) boxes[i].value = text;
  });
}
