/* The table of modes: what each direction of the landscape does under this setting. */

import { find, make, write } from "./dom.js";
import { spell } from "./numbers.js";
import { view } from "./view.js";

const COLUMNS = [
  ["Curvature", "loss / length²", (mode) => spell(mode.curvature)],
  ["Damping", "ratio", (mode) => spell(mode.damping_ratio)],
  ["|Multiplier|", "a step", (mode) => spell(mode.magnitude, 4)],
  ["Regime", "", (mode) => mode.regime],
  ["Half-life", "steps", (mode) => spell(mode.half_life)],
  ["Period", "steps", (mode) => spell(mode.period)],
];

let body;
let sentence;
let rows = 0;

export function beginModes() {
  body = make("tbody");
  sentence = make("p", { class: "note" });
  find("modes").append(
    make("h2", { id: "modes-title" }, "Modes"),
    sentence,
    make(
      "div",
      { class: "wide", role: "region", "aria-label": "Table of modes", tabindex: "0" },
      make(
        "table",
        {},
        make("caption", { class: "unseen" }, "Modes; half-life and period in steps"),
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            ...COLUMNS.map(([title, unit]) =>
              make("th", { scope: "col" }, title, make("small", {}, unit)),
            ),
          ),
        ),
        body,
      ),
    ),
  );
}

export function showModes() {
  const { modes } = view.analysis;
  if (rows !== modes.length) {
    rows = modes.length;
    body.replaceChildren(
      ...modes.map(() =>
        make("tr", {}, make("th", { scope: "row" }), ...COLUMNS.slice(1).map(() => make("td", {}))),
      ),
    );
  }
  modes.forEach((mode, i) => {
    const tr = body.rows[i];
    COLUMNS.forEach(([, , text], j) => write(tr.cells[j], text(mode)));
    tr.title = mode.sentence || "";
    tr.classList.toggle("bad", mode.magnitude > 1 + 1e-9);
  });
  body.closest(".wide").hidden = !modes.length;
  write(sentence, view.analysis.sentence || "");
}
