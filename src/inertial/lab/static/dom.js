/* Make and find elements: the few verbs that the rooms share. */

export const find = (id) => document.getElementById(id);

/* make("button", {class: "quiet", onclick: f, "aria-pressed": true}, "text", child) */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/* Write text only where it changes: the text of a busy page is read by machines too. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let waiting = 0;

/* Tell a screen reader, once things have come to rest. */
export function say(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => write(find("live"), text), 500);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", { class: "unseen" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

/* Say on the button itself that it has done its work. */
export function confirmOn(button, done) {
  const before = button.textContent;
  button.textContent = done;
  say(done);
  setTimeout(() => (button.textContent = before), 1400);
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
