/* Explore: ask the library whenever the state changes, and draw what it answers. */

import { ask, askArrays, fromBase64, latest } from "./api.js";
import { beginControls, say as notice, setFramework, showFault, showWords } from "./controls.js";
import { beginCurves } from "./curves.js";
import { find, say, write } from "./dom.js";
import { beginLandscape, forgetGround } from "./landscape.js";
import { beginLessons } from "./lessons.js";
import { beginModes, showModes } from "./modes.js";
import { beginPhase } from "./phase.js";
import { beginPresets, show as showHeading } from "./presets.js";
import { beginSnippets, showSnippets } from "./snippets.js";
import { beginStability, forgetMap, readStability } from "./stability.js";
import { get, listen, settings, usualPoints } from "./state.js";
import { onTheme } from "./theme.js";
import { beginTransport, startOver } from "./transport.js";
import { draw, onDrawn, simulation, view } from "./view.js";

const LAND = ["l", "f", "box"]; // words that change the ground
const OWN = "formula";
const MAP = [...LAND, "p", "i", "kin"]; // and the map, with the clock of the particle
const QUIET = ["k", "tab", "lesson", "run", "cmp", "x", "y", "log", "ph", "v"]; // words that ask for nothing
let groundOf = null;
let mapOf = null;
let seq = 0;

export function beginExplore(schema) {
  beginControls(schema, begin);
  beginLandscape(find("centre"));
  beginTransport(find("centre"));
  beginCurves(find("four"));
  beginPhase(find("four"));
  beginStability(find("four"), setFramework);
  beginModes();
  beginSnippets();
  beginPresets(schema.presets, begin);
  beginLessons(schema.lessons, begin);
  onTheme(() => {
    forgetGround();
    forgetMap();
    showWords();
    draw(true);
  });
  document.addEventListener("particle", refresh);
  listen((changed) => {
    if ([...changed].some((name) => !QUIET.includes(name))) refresh();
    else if ([...changed].some((name) => ["log", "ph", "tab"].includes(name))) draw(true);
  });
}

let playNext = false;

/* A new setting begins at its start, moving, once its arrays are here. */
function begin() {
  playNext = true;
  refresh();
}

export const startPlaying = () => (playNext = true);

const fly = latest(async () => {
  const mine = ++seq;
  const state = get();
  try {
    await fetchAll(state, { ...state, particle: view.chosen, seq: mine });
    complain(null);
    if (playNext) startOver();
    playNext = false;
    showAll();
  } catch (refusal) {
    fail(refusal);
  }
  landed = mine;
  draw(true);
});

let landed = 0;

/* Ask the library again. The body says when the answer to the newest state is drawn. */
export function refresh() {
  document.body.dataset.state = "busy";
  fly();
}

onDrawn((base) => {
  if (!base || !landed) return;
  document.body.dataset.seq = String(landed);
  if (landed === seq && fly.idle()) document.body.dataset.state = "ready";
});

const key = (state, names) => names.map((name) => state[name]).join("|");

function refuse({ error }) {
  if (error) throw Object.assign(new Error(error.sentence), { field: "f" });
}

/* All that the panels need, asked for at once; ground and map only where they changed. */
async function fetchAll(state, words) {
  const ground = key(state, LAND);
  const clock = settings()[Math.min(view.chosen, settings().length - 1)][2];
  const own = [key(state, MAP), view.chosen, clock].join();
  const changed = ground !== groundOf;
  const asking = changed ? ask("api/landscape", words) : view.land;
  // a formula that cannot be read needs no other answer
  if (changed && state.l === OWN) refuse(await asking);
  const [land, sim, analysis, map] = await Promise.all([
    asking,
    askArrays("api/sim", words),
    ask("api/analysis", words),
    own === mapOf ? view.stability : ask("api/stability", words),
  ]);
  if (land !== view.land) view.land = { ...land, heights: fromBase64(land.heights, Float32Array) };
  if (map !== view.stability) view.stability = readStability(map);
  view.sim = simulation(sim);
  view.analysis = analysis;
  if (analysis.settings)
    view.stability.marker = analysis.settings.map(({ lr, momentum }) => [lr, momentum]);
  view.chosen = Math.min(view.chosen, view.sim.particles - 1);
  [groundOf, mapOf] = [ground, own];
  const { of, particles } = view.sim;
  usualPoints(Array.from({ length: particles }, (_, i) => [of("x", i)[0], of("y", i)[0]]));
}

function showAll() {
  showWords();
  notice([
    ...new Set([
      ...(view.analysis.notices || view.analysis.clamped || []),
      ...(view.sim.header.notices || []),
    ]),
  ]);
  showModes();
  showSnippets();
  showHeading(view.land.title);
  write(find("sentence"), view.sim.header.sentence);
  write(find("budget"), view.sim.header.budget_sentence || "");
  say(view.sim.header.sentence);
}

function fail(refusal) {
  if (refusal.field === "f") {
    complain(null);
    showFault({ sentence: refusal.message });
  } else complain(refusal.message);
}

function complain(sentence) {
  showFault(null);
  find("fault").hidden = !sentence;
  if (sentence) write(find("fault"), sentence);
}
