/* The numbers behind a canvas, as a table that anybody can read. */

import { make } from "./dom.js";
import { spell } from "./numbers.js";

/* At most `count` numbers from 0 to `last`, ends included. */
export function sampled(last, count = 40) {
  const every = Math.max(1, Math.ceil(last / count));
  const steps = [];
  for (let k = 0; k < last; k += every) steps.push(k);
  steps.push(last);
  return steps;
}

const cell = (value) => (typeof value === "number" || value == null ? spell(value, 5) : value);

export function table(caption, columns, rows) {
  const head = make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map((row) =>
    make(
      "tr",
      {},
      ...row.map((value, i) => make(i ? "td" : "th", i ? {} : { scope: "row" }, cell(value))),
    ),
  );
  return make(
    "table",
    {},
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, head),
    make("tbody", {}, ...body),
  );
}

export function showTable(host, title, { columns, rows }) {
  host.setAttribute("role", "region");
  host.setAttribute("aria-label", `Data: ${title}`);
  host.tabIndex = 0;
  host.replaceChildren(table(title, columns, rows));
}
