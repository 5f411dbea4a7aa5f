/* Evidence: statements with their verdicts; each opens to its experiment. */

import { read } from "./api.js";
import { make, say, write } from "./dom.js";
import { spell } from "./numbers.js";
import { table } from "./table.js";

let statements = null;
let list;
let count;
let search;
let verdict = "";

/* Verdicts get a sign besides their colour. */
const SIGNS = [
  [/not|fail|false|wrong|refut/i, "no", "✕"],
  [/part|only|some|limit|depend/i, "part", "◐"],
  [/hold|true|confirm|yes|support/i, "yes", "✓"],
];

const sign = (text) => SIGNS.find(([words]) => words.test(text)) || [null, "open", "?"];

export async function enter(host) {
  if (statements) return;
  statements = [];
  search = make("input", {
    type: "search",
    id: "evidence-search",
    placeholder: "speed, noise, friction …",
    oninput: show,
  });
  count = make("p", { class: "note", role: "status" });
  list = make("div", { class: "statements" });
  try {
    ({ statements } = await read("api/evidence"));
  } catch (refusal) {
    host.replaceChildren(make("p", { class: "fault", role: "alert" }, refusal.message));
    statements = null;
    return;
  }
  const kinds = ["", ...new Set(statements.map((each) => each.verdict))];
  const segments = make(
    "div",
    { class: "segments", role: "group", "aria-label": "Verdict" },
    ...kinds.map((kind) => {
      const button = make(
        "button",
        { type: "button", "aria-pressed": String(kind === verdict) },
        kind || "all",
      );
      button.addEventListener("click", () => {
        verdict = kind;
        for (const each of segments.children)
          each.setAttribute("aria-pressed", String(each === button));
        show();
      });
      return button;
    }),
  );
  host.replaceChildren(
    make("h1", {}, "What is said of momentum, put to the test"),
    make(
      "div",
      { class: "evidence-bar" },
      make("label", { for: search.id }, "Search"),
      search,
      segments,
    ),
    count,
    list,
  );
  list.append(...statements.map(item));
  show();
  document.body.dataset.state = "ready";
}

const text = (each) =>
  `${each.name} ${each.sentence} ${each.verdict} ${each.because} ${each.topic}`.toLowerCase();

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  statements.forEach((each, i) => {
    const fits =
      (!verdict || each.verdict === verdict) && words.every((word) => text(each).includes(word));
    list.children[i].hidden = !fits;
    found += fits;
  });
  write(count, `${found} of ${statements.length} statements`);
}

function item(each) {
  const [, kind, mark] = sign(each.verdict);
  const body = make("div", { class: "statement-body" });
  const details = make(
    "details",
    { class: "statement" },
    make(
      "summary",
      {},
      make(
        "span",
        { class: `verdict ${kind}` },
        make("i", { "aria-hidden": "true" }, mark),
        each.verdict,
      ),
      make("span", { class: "claim" }, each.sentence),
    ),
    body,
  );
  details.addEventListener(
    "toggle",
    () => details.open && !body.childElementCount && open(each, body),
  );
  return details;
}

/* "there is friction" after "true only if": one sentence. */
function reason({ verdict: said, because }) {
  if (!/^[a-z]/.test(because)) return because;
  return `${said.charAt(0).toUpperCase()}${said.slice(1)} ${because}`;
}

async function open(each, body) {
  const waiting = make("p", { class: "note" }, "The experiment runs …");
  body.replaceChildren(make("p", {}, reason(each)), waiting);
  try {
    const found = await read(`api/evidence/${encodeURIComponent(each.name)}`);
    waiting.remove();
    if (found.error) body.append(make("p", { class: "wrong" }, found.error));
    if (found.seen) body.append(make("p", {}, String(found.seen)));
    if (found.comparisons?.length) body.append(comparisons(found.comparisons));
    if (found.svg) body.append(picture(found.svg, each.sentence));
    say(`${each.verdict}. ${found.seen || each.because}`);
  } catch (refusal) {
    waiting.replaceWith(make("p", { class: "wrong", role: "alert" }, refusal.message));
  }
}

const FIELDS = [
  ["predicted", "Predicted"],
  ["measured", "Measured"],
  ["tolerance", "Within"],
];

function comparisons(rows) {
  const shown = FIELDS.filter(([name]) => rows.some((row) => row[name] != null));
  const first = (row) =>
    make("div", {}, row.what || row.name || "", row.why ? make("small", {}, row.why) : null);
  const cells = (row) =>
    shown.map(([name]) =>
      Array.isArray(row[name]) ? row[name].map((each) => spell(each, 5)).join(", ") : row[name],
    );
  return make(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": "Comparisons" },
    table(
      "Comparisons",
      ["Compared", ...shown.map(([, title]) => title), "Holds"],
      rows.map((row) => [
        first(row),
        ...cells(row),
        row.holds == null ? "" : row.holds ? "yes" : "no",
      ]),
    ),
  );
}

/* A figure of the report. The page's policy lets no style in that comes as text, so each
   is parked under another name and set again. Scripts and handlers stay outside. */
function picture(source, title) {
  const parked = source
    .replace(/\sstyle=/g, " data-style=")
    .replace(/<style[\s\S]*?<\/style>/g, "");
  const parsed = new DOMParser().parseFromString(parked, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return make("p", { class: "note" }, "The figure cannot be read.");
  for (const bad of parsed.querySelectorAll("script, foreignObject, metadata")) bad.remove();
  const svg = document.importNode(parsed, true);
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    for (const { name } of [...element.attributes])
      if (name.startsWith("on")) element.removeAttribute(name);
    if (element.dataset.style) element.style.cssText = element.dataset.style;
    delete element.dataset.style;
  }
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Figure: ${title}`);
  return make("figure", { class: "picture" }, svg);
}
