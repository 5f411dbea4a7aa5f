/* Settings to start from: named regimes, and the questions people ask. */

import { find, make, say, write } from "./dom.js";
import { get, initial, listen, set } from "./state.js";

const TITLES = { regime: "Regimes", question: "Questions" };
let presets = [];
let onstart;

/* Words that a preset does not speak of, and so does not change. */
const KEEP = ["tab", "lesson", "run", "cmp", "x", "y", "v"];

/* A preset as a whole state: what it does not say is as at first. */
export function whole(state) {
  const words = { ...initial() };
  for (const name of KEEP) delete words[name];
  for (const [name, value] of Object.entries(state))
    if (!KEEP.includes(name)) words[name] = String(value);
  return words;
}

export function beginPresets(found, started) {
  presets = found;
  onstart = started;
  const host = find("presets");
  for (const group of [...new Set(presets.map((each) => each.group))])
    host.append(
      make(
        "section",
        {},
        make("h2", {}, TITLES[group] || group),
        make("ul", {}, ...presets.filter((each) => each.group === group).map(item)),
      ),
    );
  const opener = find("presets-open");
  opener.hidden = !presets.length;
  opener.addEventListener("click", () => open(host.hidden));
  host.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open(false);
    opener.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!host.hidden && !host.contains(event.target) && event.target !== opener) open(false);
  });
  host.addEventListener("focusout", (event) => {
    if (
      event.relatedTarget &&
      !host.contains(event.relatedTarget) &&
      event.relatedTarget !== opener
    )
      open(false);
  });
  listen(show);
}

function item(preset) {
  const button = make(
    "button",
    { type: "button" },
    make("b", {}, preset.title),
    make("span", {}, preset.sentence),
  );
  button.addEventListener("click", () => {
    open(false);
    find("presets-open").focus();
    set(whole(preset.state), { push: true });
    onstart();
    say(`${preset.title}. ${preset.sentence}`);
  });
  return make("li", {}, button);
}

function open(now) {
  find("presets").hidden = !now;
  find("presets-open").setAttribute("aria-expanded", String(now));
  if (now) find("presets").querySelector("button").focus();
}

/* The preset that the page shows, if it shows one unchanged. */
export function current() {
  const state = get();
  return presets.find(({ state: own }) => {
    const words = whole(own);
    return Object.keys(words).every(
      (name) => ["k", "log", "ph"].includes(name) || words[name] === state[name],
    );
  });
}

export function show(title = "") {
  const preset = current();
  write(find("preset-words"), preset ? preset.sentence : "");
  write(
    find("heading"),
    preset
      ? preset.title
      : typeof title === "string" && title
        ? title
        : find("heading").textContent,
  );
}
