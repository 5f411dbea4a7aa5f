/* Learn: a few guided steps that drive the same panels. */

import { find, make, say } from "./dom.js";
import { get, listen, set } from "./state.js";
import { whole } from "./presets.js";

let lessons = [];
let onstart;

export function beginLessons(found, started) {
  lessons = found;
  onstart = started;
  listen((changed) => {
    if (changed.has("lesson") || changed.has("tab")) show();
  });
}

const number = () => Math.min(Math.max(1, Math.round(+get().lesson) || 1), lessons.length);

/* Enter a step: its words in the address, its setting in the panels. */
export function enter(n, { push = true, focus = false } = {}) {
  if (!lessons[n - 1]) return set({ tab: "learn" }, { push });
  set({ ...whole(lessons[n - 1].state), lesson: String(n), tab: "learn" }, { push });
  show();
  onstart();
  say(`${lessons[n - 1].title}. ${lessons[n - 1].text}`);
  if (focus) find("lesson-title").focus();
}

export function leaveToExplore() {
  set({ tab: "explore" }, { push: true });
}

/* The words of the step that the address names. */
export function show() {
  const host = find("lesson");
  if (get().tab !== "learn" || !lessons.length) return;
  const n = number();
  const lesson = lessons[n - 1];
  const dots = make(
    "ol",
    { class: "dots" },
    ...lessons.map((each, i) => {
      const dot = make(
        "button",
        {
          type: "button",
          "aria-label": `Step ${i + 1}: ${each.title}`,
          "aria-current": i + 1 === n ? "step" : null,
          title: each.title,
        },
        String(i + 1),
      );
      dot.addEventListener("click", () => enter(i + 1, { focus: true }));
      return make("li", {}, dot);
    }),
  );
  const back = make(
    "button",
    {
      type: "button",
      class: "quiet",
      disabled: n === 1,
      onclick: () => enter(n - 1, { focus: true }),
    },
    "Back",
  );
  const on =
    n < lessons.length
      ? make(
          "button",
          { type: "button", class: "strong", onclick: () => enter(n + 1, { focus: true }) },
          `Next: ${lessons[n].title}`,
        )
      : make(
          "button",
          { type: "button", class: "strong", onclick: leaveToExplore },
          "Explore on your own",
        );
  host.replaceChildren(
    make(
      "div",
      { class: "lesson-words" },
      make("h1", { id: "lesson-title", tabindex: "-1" }, lesson.title),
      ...String(lesson.text)
        .split(/\n+/)
        .map((text) => make("p", {}, text)),
      lesson.ask ? make("p", { class: "ask" }, lesson.ask) : null,
    ),
    make(
      "nav",
      { class: "lesson-steps", "aria-label": "Steps of the lesson" },
      dots,
      make("div", { class: "pair" }, back, on),
    ),
  );
}
