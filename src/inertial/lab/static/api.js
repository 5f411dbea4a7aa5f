/* Talk to the server: JSON, arrays, and one flight at a time where the latest wins. */

export class Refusal extends Error {
  constructor(sentence, field) {
    super(sentence);
    this.field = field;
  }
}

async function answer(reply) {
  if (reply.ok) return reply;
  let said = {};
  try {
    said = await reply.json();
  } catch {
    /* no JSON: the status has to do */
  }
  throw new Refusal(said.error || `The server answered ${reply.status}.`, said.field || null);
}

async function reach(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Refusal("The lab's server does not answer. Start it again: inertial lab", "server");
  }
  return answer(reply);
}

export const read = async (path, options) => (await reach(path, options)).json();

const posted = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

export const ask = async (path, body) => (await reach(path, posted(body))).json();

/* [header length, 4 bytes little-endian][JSON header][numbers] */
export function unpack(buffer, Kind) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = 4 + length;
  const aligned = start % Kind.BYTES_PER_ELEMENT === 0;
  const values = aligned ? new Kind(buffer, start) : new Kind(buffer.slice(start));
  return { header, values };
}

export const askArrays = async (path, body) =>
  unpack(await (await reach(path, posted(body))).arrayBuffer(), Float32Array);

export const readArrays = async (path) =>
  unpack(await (await reach(path)).arrayBuffer(), Float64Array);

export function fromBase64(text, Kind) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

/* Run `fly` again for as long as something changed while it was away. */
export function latest(fly) {
  let wanted = false;
  let away = false;
  return async function ask() {
    wanted = true;
    if (away) return;
    away = true;
    while (wanted) {
      wanted = false;
      await fly();
    }
    away = false;
  };
}
