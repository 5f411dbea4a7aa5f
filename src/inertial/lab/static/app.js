/* The page begins: schema, theme, rooms; and what tests may read. */

import { read } from "./api.js";
import { calm, confirmOn, copy, find, write } from "./dom.js";
import { beginExplore, refresh, startPlaying } from "./explore.js";
import { enter, show as showLesson } from "./lessons.js";
import { panelNamed, toPixel } from "./panel.js";
import { begin, get, initial, listen, set } from "./state.js";
import { beginTheme } from "./theme.js";
import { draw, view } from "./view.js";
import { pause } from "./transport.js";

const TABS = ["explore", "learn", "evidence", "runs"];
const ROLLING = ["explore", "learn"]; // the tabs that show particles
let entered = false;
const rooms = {}; // the rooms behind the other tabs, fetched when first entered

function showTab() {
  const tab = TABS.includes(get().tab) ? get().tab : "explore";
  for (const button of document.querySelectorAll("[data-tab]")) {
    const own = button.dataset.tab === tab;
    button.setAttribute("aria-selected", String(own));
    button.tabIndex = own ? 0 : -1;
  }
  find("main").setAttribute("aria-labelledby", `tab-${tab}`);
  document.body.dataset.tab = tab;
  find("explore").hidden = tab === "evidence" || tab === "runs";
  find("lesson").hidden = tab !== "learn";
  showLesson();
  for (const name of ["evidence", "runs"]) {
    find(name).hidden = tab !== name;
    if (tab === name) room(name);
    else rooms[name]?.then((made) => made.leave?.());
  }
  if (tab === "evidence" || tab === "runs") pause();
  else if (!view.sim && entered) refresh();
  draw(true);
}

function room(name) {
  rooms[name] ??= import(`./${name}.js`);
  rooms[name].then((made) => made.enter(find(name)));
}

function beginTabs() {
  const bar = document.querySelector(".tabs");
  const go = (tab) => {
    if (tab === "learn" && get().tab !== "learn") enter(+get().lesson || 1);
    else set({ tab }, { push: true });
  };
  bar.addEventListener(
    "click",
    (event) => event.target.dataset.tab && go(event.target.dataset.tab),
  );
  bar.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    const next = TABS[(TABS.indexOf(get().tab) + way + TABS.length) % TABS.length];
    go(next);
    find(`tab-${next}`).focus();
  });
  listen((changed) => changed.has("tab") && showTab());
}

function expose() {
  const hook = {
    get state() {
      return { ...get() };
    },
    get frame() {
      return {
        k: view.k,
        hover: view.hover,
        chosen: view.chosen,
        playing: view.playing,
        sim: view.sim,
        land: view.land,
        analysis: view.analysis,
        stability: view.stability,
      };
    },
    get redraws() {
      return view.redraws;
    },
    toPixel,
    panel: (name) => panelNamed(name)?.frame,
  };
  Object.defineProperty(window, "lab", { value: Object.freeze(hook) });
}

async function main() {
  beginTheme();
  expose();
  try {
    const schema = await read("api/schema");
    begin(schema.defaults);
    for (const tab of TABS)
      find(`tab-${tab}`).hidden = schema.tabs ? !schema.tabs.includes(tab) : false;
    if (!schema.lessons.length) find("tab-learn").hidden = true;
    beginTabs();
    beginExplore(schema);
    find("copy-link").addEventListener("click", async () => {
      await copy(location.href);
      confirmOn(find("copy-link"), "Copied");
    });
    showTab();
    if (get().tab === "learn" && get().set === initial().set && get().l === initial().l)
      enter(+get().lesson || 1, { push: false });
    else if (ROLLING.includes(get().tab)) {
      if (get().k === initial().k && !calm()) startPlaying();
      refresh();
    }
    entered = true;
  } catch (refusal) {
    find("fault").hidden = false;
    write(find("fault"), refusal.message);
    document.body.dataset.state = "failed";
  }
}

main();
