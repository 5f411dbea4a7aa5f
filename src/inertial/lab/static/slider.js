/* A slider with a number box: one value, two ways to say it. */

import { make } from "./dom.js";
import { clamp, plain, spell } from "./numbers.js";

const DECADES = 7; // of a logarithmic slider that also reaches 0

/* Positions of the slider <-> values of the control. */
function scaleOf({ low, high, scale, step }) {
  if (scale !== "log") {
    const count = Math.round((high - low) / step);
    const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    return { count, value: (i) => +(low + i * step).toFixed(digits), place: (value) => Math.round((value - low) / step) };
  }
  const zero = low <= 0 ? 1 : 0; // the first position is 0 itself
  const floor = zero ? Math.log10(high) - DECADES : Math.log10(low);
  const count = Math.round((Math.log10(high) - floor) / step) + zero;
  return {
    count,
    value: (i) => (zero && i === 0 ? 0 : clamp(+(10 ** (floor + (i - zero) * step)).toPrecision(3), low, high)),
    place: (value) => (value <= 0 ? 0 : Math.max(zero, Math.round((Math.log10(value) - floor) / step) + zero)),
  };
}

/* onvalue(number) while it moves; `show` sets it from outside without an event. */
export function makeSlider(control, onvalue, { whole = false } = {}) {
  const map = scaleOf(control);
  const id = `set-${control.name}`;
  const hint = `${id}-hint`;
  const range = make("input", { type: "range", id, min: "0", max: String(map.count), step: "1", "aria-describedby": hint });
  const box = make("input", {
    type: "number", class: "box", step: "any", inputmode: "decimal",
    "aria-label": `${control.title}, as a number`, "aria-describedby": hint,
  });
  const symbol = control.symbol ? make("i", { "aria-hidden": "true" }, control.symbol) : null;
  const label = make("label", { for: id }, control.title, symbol ? " " : "", symbol);
  const row = make("div", { class: "slider", title: control.hint }, label, box, range, make("span", { class: "unseen", id: hint }, control.hint));
  const round = (value) => (whole ? Math.round(value) : value);
  range.addEventListener("input", () => send(round(map.value(+range.value))));
  box.addEventListener("input", () => {
    if (box.value.trim() === "" || !Number.isFinite(+box.value)) return;
    onvalue(round(clamp(+box.value, control.low, control.high)));
  });
  box.addEventListener("change", () => show(current));
  let current = control.default;

  function send(value) {
    show(value);
    onvalue(value);
  }

  function show(value) {
    current = value;
    const place = String(clamp(map.place(value), 0, map.count));
    if (range.value !== place) range.value = place;
    const said = `${spell(value, 4)} ${control.unit}`.trim();
    if (range.getAttribute("aria-valuetext") !== said) range.setAttribute("aria-valuetext", said);
    row.style.setProperty("--part", `${(100 * +range.value) / map.count}%`);
    const text = plain(value, 6);
    if (document.activeElement !== box && box.value !== text) box.value = text;
  }

  show(control.default);
  return { row, show, name: control.name };
}
