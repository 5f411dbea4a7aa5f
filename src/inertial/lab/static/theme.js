/* Light and dark: the switch, and the colours that canvases draw with. */

import { find } from "./dom.js";

const KEY = "inertial-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();
let known = null;

let here = null; // for browsers that keep nothing: the choice lasts as long as the page

const chosen = () => {
  try {
    return here || localStorage.getItem(KEY);
  } catch {
    return here;
  }
};

const isDark = () => (chosen() || (dark.matches ? "dark" : "light")) === "dark";

function apply() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  find("theme").setAttribute("aria-pressed", String(isDark()));
  known = null;
  for (const listener of listeners) listener();
}

export const onTheme = (listener) => listeners.add(listener);

/* One colour by its name in style.css, read once for each theme. */
export function colour(name) {
  known ??= { sheet: getComputedStyle(document.documentElement), values: {} };
  return (known.values[name] ??= known.sheet.getPropertyValue(`--${name}`).trim());
}

export function beginTheme() {
  find("theme").addEventListener("click", () => {
    here = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, here);
    } catch {
      /* nothing is kept in some windows */
    }
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}
