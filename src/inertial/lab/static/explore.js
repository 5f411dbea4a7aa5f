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
import { get, listen, usualPoints } from "./state.js";
import { onTheme } from "./theme.js";
import { beginTransport, startOver } from "./transport.js";
import { draw, simulation, view } from "./view.js";

const LAND = ["l", "f", "box"]; // words that change the ground
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

export const refresh = latest(async () => {
  document.body.dataset.state = "busy";
  const state = get();
  const words = { ...state, particle: view.chosen, seq: ++seq };
  try {
    await fetchAll(state, words);
    complain(null);
    if (playNext) startOver();
    playNext = false;
    showAll();
  } catch (refusal) {
    fail(refusal);
  }
  draw(true);
  await new Promise((done) => requestAnimationFrame(() => done()));
  document.body.dataset.state = "ready";
  document.body.dataset.seq = String(seq);
});

const key = (state, names) => names.map((name) => state[name]).join("|");

/* All that the panels need, asked for at once; ground and map only where they changed. */
async function fetchAll(state, words) {
  const ground = key(state, LAND);
  const own = key(state, Object.keys(state).filter((name) => !QUIET.includes(name) && !["n", "s", "steps"].includes(name))) + view.chosen;
  const [land, sim, analysis, map] = await Promise.all([
    ground === groundOf ? view.land : ask("api/landscape", words),
    askArrays("api/sim", words),
    ask("api/analysis", words),
    own === mapOf ? view.stability : ask("api/stability", words),
  ]);
  if (land.error) throw Object.assign(new Error(land.error.sentence), { field: "f" });
  if (land !== view.land) view.land = { ...land, heights: fromBase64(land.heights, Float32Array) };
  if (map !== view.stability) view.stability = readStability(map);
  view.sim = simulation(sim);
  view.analysis = analysis;
  view.chosen = Math.min(view.chosen, view.sim.particles - 1);
  [groundOf, mapOf] = [ground, own];
  const { of, particles } = view.sim;
  usualPoints(Array.from({ length: particles }, (_, i) => [of("x", i)[0], of("y", i)[0]]));
}

function showAll() {
  showWords();
  notice([...new Set([...(view.analysis.notices || view.analysis.clamped || []), ...(view.sim.header.notices || [])])]);
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

