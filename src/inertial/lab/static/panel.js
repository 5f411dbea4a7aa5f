/* A panel: a title, a key, two canvases on top of one another, its data as a table. */

import { make, write } from "./dom.js";
import { showTable } from "./table.js";

const panels = new Map();

export const panelNamed = (name) => panels.get(name);

/* Where a point of the data lies on the screen. */
export function toPixel(name, x, y) {
  const panel = panels.get(name);
  const box = panel.fore.getBoundingClientRect();
  return { x: box.left + panel.frame.px(x), y: box.top + panel.frame.py(y) };
}

const layer = (kind, attributes) => make("canvas", { class: kind, ...attributes });

export function makePanel(host, { name, title, role = "img", rows, onresize, tools = [] }) {
  const heading = make("h2", { id: `${name}-title` }, title);
  const base = layer("base", { "aria-hidden": "true" });
  const fore = layer("fore", {
    role,
    id: `${name}-canvas`,
    "aria-label": title,
    "aria-describedby": `${name}-said`,
    tabindex: role === "img" ? null : "0",
  });
  const plot = make("div", { class: "plot" }, base, fore);
  const said = make("p", { class: "unseen", id: `${name}-said` });
  const data = make("div", { class: "data", id: `${name}-data`, hidden: true });
  const more = make(
    "button",
    {
      type: "button",
      class: "quiet small",
      "aria-expanded": "false",
      "aria-controls": data.id,
      "aria-label": `Show data: ${title}`,
      title: "Show data",
    },
    "Data",
  );
  const key = make("ul", { class: "key", "aria-hidden": "true" });
  const bar = make(
    "div",
    { class: "panel-bar" },
    heading,
    make("div", { class: "panel-tools" }, ...tools, more),
  );
  const figure = make("figure", { class: `panel card panel-${name}` }, bar, key, plot, said, data);
  host.append(figure);
  const panel = {
    name,
    title,
    figure,
    heading,
    base,
    fore,
    plot,
    key,
    said,
    rows,
    width: 0,
    height: 0,
    frame: null,
    stale: true,
  };
  more.addEventListener("click", () => {
    data.hidden = !data.hidden;
    more.setAttribute("aria-expanded", String(!data.hidden));
    refreshData(panel);
  });
  panel.data = data;
  panels.set(name, panel);
  fit(panel);
  new ResizeObserver(() => fit(panel) && onresize()).observe(plot);
  return panel;
}

/* Give the canvases as many pixels as the screen has there. */
function fit(panel) {
  const width = panel.plot.clientWidth;
  const height = panel.plot.clientHeight;
  const ratio = devicePixelRatio || 1;
  if (width === panel.width && height === panel.height && ratio === panel.ratio) return false;
  Object.assign(panel, { width, height, ratio, stale: true });
  for (const canvas of [panel.base, panel.fore]) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  return true;
}

/* A clean sheet, in CSS pixels. */
export function sheet(panel, which) {
  const pen = panel[which].getContext("2d");
  pen.setTransform(panel.ratio || 1, 0, 0, panel.ratio || 1, 0, 0);
  pen.clearRect(0, 0, panel.width, panel.height);
  return pen;
}

/* What the observer last saw: asking the browser itself would lay the page out anew. */
export const visible = (panel) => panel.width > 0 && panel.height > 0;

export const describe = (panel, sentence) => write(panel.said, sentence);

export function refreshData(panel) {
  if (!panel.data.hidden && panel.rows) showTable(panel.data, panel.title, panel.rows());
}

/* The key above a plot: [{colour, dash, name}]; returns a function that sets values. */
export function setKey(panel, entries) {
  const mark = entries.map((entry) => `${entry.name}|${entry.colour}|${entry.dash}`).join();
  if (panel.keyMark !== mark) {
    panel.keyMark = mark;
    panel.values = entries.map(() => make("b"));
    panel.key.replaceChildren(
      ...entries.map((entry, i) => {
        const swatch = entry.colour ? make("i", { class: entry.dash ? "dashed" : null }) : null;
        if (swatch) swatch.style.borderTopColor = entry.colour;
        return make("li", {}, swatch || "", entry.name, " ", panel.values[i]);
      }),
    );
  }
  return (i, text) => write(panel.values[i], text);
}

/* A small switch in a panel's bar. */
export function toggle(label, name, pressed, onchange) {
  const button = make(
    "button",
    {
      type: "button",
      class: "quiet small",
      "aria-pressed": String(pressed),
      "aria-label": name,
      title: name,
    },
    label,
  );
  button.addEventListener("click", () => {
    const now = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(now));
    onchange(now);
  });
  return button;
}
