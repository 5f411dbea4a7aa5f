/* A slider with a number box: one value, two ways to say it. */

import { make } from "./dom.js";
import { clamp, plain, spell } from "./numbers.js";

/* Positions of the slider <-> values of the control. The slider runs over a part of what
   the control takes; its number box reaches the rest. */
function scaleOf(control) {
  const { scale, step } = control;
  const [low, high] = control.slider || [control.low, control.high];
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const short = (value) => clamp(+value.toPrecision(3), low, high);
  const ways = {
    linear: {
      count: (high - low) / step,
      value: (i) => +(low + i * step).toFixed(digits),
      place: (value) => (value - low) / step,
    },
    log: {
      count: Math.log10(high / low) / step,
      value: (i) => short(low * 10 ** (i * step)),
      place: (value) => Math.log10(Math.max(value, low) / low) / step,
    },
    cubic: {
      count: 1 / step,
      value: (i) => short(high * (i * step) ** 3),
      place: (value) => Math.cbrt(Math.max(0, value) / high) / step,
    },
  };
  const way = ways[scale] || ways.linear;
  return { ...way, count: Math.round(way.count) };
}

/* onvalue(number) while it moves; `show` sets it from outside without an event. */
export function makeSlider(control, onvalue, { whole = false } = {}) {
  const map = scaleOf(control);
  const id = `set-${control.name}`;
  const hint = `${id}-hint`;
  const range = make("input", {
    type: "range",
    id,
    min: "0",
    max: String(map.count),
    step: "1",
    "aria-describedby": hint,
  });
  const box = make("input", {
    type: "number",
    class: "box",
    step: "any",
    inputmode: "decimal",
    "aria-label": `${control.title}, as a number`,
    "aria-describedby": hint,
  });
  const symbol = control.symbol ? make("i", { "aria-hidden": "true" }, control.symbol) : null;
  const label = make("label", { for: id }, control.title, symbol ? " " : "", symbol);
  const row = make(
    "div",
    { class: "slider", title: control.hint },
    label,
    box,
    range,
    make("span", { class: "unseen", id: hint }, control.hint),
  );
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
    const place = String(clamp(Math.round(map.place(value)), 0, map.count));
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
