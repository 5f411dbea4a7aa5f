/* Talk to the server: JSON, arrays, and one flight at a time where the latest wins. */

export class Refusal extends Error {
  constructor(sentence, field) {
    super(sentence);
    this.field = field;
  }
}

async function refusal(reply) {
  let said = {};
  try {
    said = await reply.json();
  } catch {
    /* no JSON: the status has to do */
  }
  return new Refusal(said.error || `The server answered ${reply.status}.`, said.field || null);
}

/* Fetch, and read the whole answer with `take`: a server that dies halfway counts too. */
async function reach(path, take, options) {
  let reply;
  try {
    reply = await fetch(path, options);
    if (reply.ok) return await take(reply);
  } catch {
    throw new Refusal("The lab's server does not answer. Start it again: inertial lab", "server");
  }
  throw await refusal(reply);
}

const json = (reply) => reply.json();
const bytes = (reply) => reply.arrayBuffer();

export const read = (path) => reach(path, json);

const posted = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

export const ask = (path, body) => reach(path, json, posted(body));

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
  unpack(await reach(path, bytes, posted(body)), Float32Array);

export const readArrays = async (path) => unpack(await reach(path, bytes), Float64Array);

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
  async function ask() {
    wanted = true;
    if (away) return;
    away = true;
    while (wanted) {
      wanted = false;
      await fly();
    }
    away = false;
  }
  ask.idle = () => !away;
  return ask;
}
