/* The setting as code, for each framework that has words for it. */

import { confirmOn, copy, find, make, write } from "./dom.js";
import { view } from "./view.js";

let tabs;
let code;
let note;
let chosen = null;
let names = "";

export function beginSnippets() {
  tabs = make("div", { class: "segments", role: "tablist", "aria-label": "Framework" });
  code = make("code");
  note = make("p", { class: "note" });
  const button = make("button", { type: "button", class: "quiet small" }, "Copy");
  button.addEventListener("click", async () => {
    await copy(code.textContent);
    confirmOn(button, "Copied");
  });
  tabs.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    const all = [...tabs.children];
    const next = all[(all.indexOf(document.activeElement) + way + all.length) % all.length];
    next.click();
    next.focus();
  });
  find("snippets").append(
    make(
      "div",
      { class: "panel-bar" },
      make("h2", { id: "snippets-title" }, "As code"),
      make("div", { class: "panel-tools" }, button),
    ),
    tabs,
    make("pre", { tabindex: "0", role: "tabpanel", "aria-label": "Code" }, code),
    note,
  );
}

export function showSnippets() {
  const { snippets } = view.analysis;
  const found = snippets.map((each) => each.framework).join();
  chosen = snippets.some((each) => each.framework === chosen) ? chosen : snippets[0]?.framework;
  if (found !== names) {
    names = found;
    tabs.replaceChildren(
      ...snippets.map(({ framework }) => {
        const tab = make("button", { type: "button", role: "tab" }, framework);
        tab.addEventListener("click", () => {
          chosen = framework;
          showSnippets();
        });
        return tab;
      }),
    );
  }
  [...tabs.children].forEach((tab) => {
    const own = tab.textContent === chosen;
    tab.setAttribute("aria-selected", String(own));
    tab.tabIndex = own ? 0 : -1;
  });
  const snippet = snippets.find((each) => each.framework === chosen);
  if (!snippet) return;
  write(code, snippet.code || "");
  code.parentElement.hidden = !snippet.code;
  write(note, snippet.note || "");
}
