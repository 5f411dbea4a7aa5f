/* Spell numbers: short on axes, exact in states, aligned in tables. */

const MINUS = "\u2212";
const SUPER = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

const raised = (n) =>
  (n < 0 ? "\u207b" : "") + [...String(Math.abs(n))].map((d) => SUPER[+d]).join("");

export const power = (n) => (n === 0 ? "1" : n === 1 ? "10" : "10" + raised(n));

/* 0.0225, 1.2·10⁻⁷, −4: about `digits` significant digits. */
export function spell(value, digits = 3) {
  if (value == null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : MINUS + "∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    const exponent = Math.floor(Math.log10(size) + 1e-12);
    const head = +(value / 10 ** exponent).toPrecision(digits);
    return `${head}·10${raised(exponent)}`.replace("-", MINUS);
  }
  return String(+value.toPrecision(digits)).replace("-", MINUS);
}

/* As it stands in the state and the address: nothing lost that anybody set. */
export const plain = (value, digits = 10) => String(+Number(value).toPrecision(digits));

/* The value of a tick, with as many decimals as its distance needs. */
export function tick(value, step) {
  const size = Math.max(Math.abs(value), step);
  if (size >= 1e5 || step < 1e-4) return spell(Math.abs(value) < step / 2 ? 0 : value, 3);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return (Math.abs(value) < step / 2 ? 0 : value)
    .toFixed(Math.min(decimals, 6))
    .replace("-", MINUS);
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
