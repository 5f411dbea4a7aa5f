/* Light and dark: the switch, and the colours that canvases draw with. */

import { find } from "./dom.js";

const KEY = "inertial-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();
let known = null;

const chosen = () => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
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
    try {
      localStorage.setItem(KEY, isDark() ? "light" : "dark");
    } catch {
      /* a private window: the choice lasts as long as the page */
    }
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}
