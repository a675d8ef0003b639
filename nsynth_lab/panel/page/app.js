/**
 * The page: everything made and joined here. `panel` is what a console or a test can take hold of.
 *
 *     socket --> state, keys, status --> pad, keys, knobs, lists, meters
 *     pad, keys, knobs, lists, MIDI --> socket
 *     socket --> sound (worklet) --> meters
 */
import { read, same, written } from "./address.js";
import { Auditions } from "./auditions.js";
import { instrumentBrowser, mapSwitch } from "./browser.js";
import { Colours } from "./colours.js";
import { takeDrops, takeTunes } from "./drops.js";
import { effectsTab } from "./effects.js";
import { HeldKeys } from "./held.js";
import { Keyboard } from "./keys.js";
import "./knobs.js";
import { legend } from "./legend.js";
import { midiSheet, outputChoice } from "./machine.js";
import { meters } from "./meters.js";
import { Pad } from "./pad.js";
import { jobsOf, partOf } from "./parts.js";
import { pathTool } from "./path.js";
import { presetBrowser } from "./presets.js";
import { Produce } from "./produce.js";
import { Recordings } from "./recordings.js";
import { Link } from "./socket.js";
import { Sound } from "./sound.js";
import { makeTabs, openTab } from "./tabs.js";
import { tempoField } from "./tempo.js";
import { themeSwitch } from "./theme.js";
import { letGoOfLists, soundTray } from "./voice.js";
import { wheels } from "./wheels.js";

const SUSTAIN = 64;
const TWICE_MS = 600;
const ADDRESS_MS = 250;
const TROUBLE_MS = 7000;

/** @param {string} id @returns {any} */
const the = (id) => document.getElementById(id);

const address = new URL("/socket", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
address.search = location.search; // a token, if there is one
const link = new Link(address.href);
const sound = new Sound();
const held = new HeldKeys(link);
const colours = new Colours();
const pad = new Pad(the("stage"), link, held, colours);
legend(the("legend"), pad, colours);
const path = pathTool(the("path"), pad, link, held, say);
const keyboard = new Keyboard(the("keys"), the("octave-text"), held);
const instruments = instrumentBrowser(the("instruments"), pad);
const presets = presetBrowser(the("presets"), link, say);
const tunes = partOf(
  the("tab-tunes"),
  { link, say },
  { jobs: jobsOf("tune", "palette"), playing: ({ on: plays }) => plays },
  async () => {
    const { Tunes } = await import("./tunes.js");
    return (panel.tunes = new Tunes(the("tunes"), the("tab-tunes"), the("stand"), { link, sound, say, latencyMs }));
  },
);
takeTunes(the("tab-tunes"), async (files) => (await tunes())?.open(files));
const produce = new Produce(the("produce"), the("tab-produce"), { link, say });
partOf(
  the("tab-translate"),
  { link, say },
  {
    jobs: jobsOf("phrase", "translation"),
    phrases: ({ phrases }) => Object.keys(phrases).length > 0,
    translation: ({ listens }) => listens !== "nothing",
  },
  async () => {
    const { Translate } = await import("./translate.js");
    return (panel.translate = new Translate(the("translate"), the("phrase"), the("tab-translate"), { link, say, pageMs }));
  },
);
partOf(
  the("tab-duet"),
  { link, say },
  { partner: ({ doing }) => doing !== "off" },
  async () => {
    const { Duet } = await import("./duet.js");
    panel.duet = new Duet(the("duet"), the("duet-stand"), the("tab-duet"), { link, say, latencyMs });
    if (sounds) panel.duet.showSounds(sounds.rows, sounds.files);
    return panel.duet;
  },
);
partOf(
  the("tab-evolve"),
  { link, say },
  { evolution: ({ name }) => name !== "" },
  async () => {
    const { Evolve } = await import("./evolve.js");
    const corners = () => panel.state?.patch.blend?.corners ?? [];
    return (panel.evolve = new Evolve(the("evolve"), the("tab-evolve"), { link, say, corners, families: instruments.families }));
  },
);
const recordings = new Recordings(the("own"), { link, pad, sound, say });
const effects = effectsTab(the("effects"), link, say);
const tray = soundTray(the("voice"), link);
const tempo = tempoField(/** @type {HTMLElement} */ (document.querySelector("#voice .beats")), link);
const auditions = new Auditions(sound, say);
mapSwitch(the("instruments"), instruments.list, { link, pad, auditions, say });
for (const list of document.querySelectorAll(".library [role=listbox]")) auditions.attend(/** @type {any} */ (list));
const wheel = wheels(the("wheels"), link, pad);
const midi = midiSheet(the("midi-button"), the("midi-sheet"), { held, link, say });
const output = outputChoice(the("meters"), link, sound);
const meter = meters(the("meters"), sound);
/** @type {import("./knobs.js").Knob[]} those of the patch */
const knobs = [...document.querySelectorAll("nl-knob:not(#translate *)")].map((knob) => /** @type {any} */ (knob));

/** From the engine to the ear, in ms. */
function latencyMs() {
  return (panel.status?.latency_ms ?? 0) + pageMs();
}

/** What this page adds to that. */
function pageMs() {
  return (panel.status?.output ?? "socket") === "socket" ? sound.latencyMs : 0;
}

/** @type {{ link: Link, sound: Sound, held: HeldKeys, pad: Pad, colours: Colours, auditions: Auditions,
 *   tunes: import("./tunes.js").Tunes | null, translate: import("./translate.js").Translate | null,
 *   duet: import("./duet.js").Duet | null,
 *   evolve: import("./evolve.js").Evolve | null,
 *   state: import("./types.js").State | null, status: import("./types.js").Status | null }} */
export const panel = { link, sound, held, pad, colours, auditions, tunes: null, translate: null, duet: null, evolve: null, state: null, status: null };

/** @param {string} type @param {(message: any) => void} act */
const on = (type, act) => link.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));

// What comes from the server.

let isFirst = true; // state since the socket opened
let last = panel.state;
/** @type {import("./types.js").Patch | null} what the server began with, if this page has seen it */
let began = null;
let listed = false;
/** @type {{ rows: import("./types.js").Instrument[], files: import("./types.js").Preset[] } | null} */
let sounds = null; // what was listed last

on("open", (welcome) => {
  connection("open", "connected");
  the("connection").title = `nsynth-lab ${welcome.program}`;
  sound.configure(welcome);
  isFirst = true;
  colours.refresh();
  if (!listed) void lists();
  void effects.refresh();
});
on("close", () => {
  listed = false;
  connection("closed", link.refused ? "another version" : "looking for nsynth-lab");
  held.releaseAll();
  keyboard.showDown([]);
  sound.pause();
});
sound.addEventListener("player", () => link.play(sound.frames));
sound.addEventListener("store", () => link.wantsSound && link.wantSound(sound.storeMs));
on("status", (status) => {
  if (panel.status && panel.status.output !== status.output) sound.pause();
  panel.status = status;
  pad.showStatus(status);
  meter.show(status);
  output.show(status);
  tempo.show(status);
});
on("keys", ({ down }) => keyboard.showDown(down));
on("trouble", ({ says }) => presets.failed(says) || say(says));
on("midi_ports", (ports) => midi.show(ports));
on("notes", ({ notes }) => pad.showNotes(notes));
on("presets", () => void lists());
on("jobs", ({ jobs }) => produce.show(jobs));
on("state", (state) => {
  if (!isFirst && last && state.revision < last.revision) return; // overtaken on its way
  const own = isFirst ? ownPatch(state) : null;
  isFirst = false;
  if (own) link.open(own);
  else show(state);
});

/**
 * The patch that this page brings, if there is one: of its address when it is opened, but not when it is loaded again
 * beside a server that goes on, for the address is a moment behind; and its own when the server has been started anew,
 * unless with another sound, which was then wanted.
 *
 * @param {import("./types.js").State} state
 */
function ownPatch(state) {
  const isNew = last !== null && state.revision < last.revision;
  const isOther = began !== null && !same(began, state.patch);
  const isAgain = performance.getEntriesByType("navigation").some((entry) => "type" in entry && entry.type === "reload");
  const brought = isAgain && state.revision > 0 ? null : read(location.hash);
  const own = last === null ? brought : isNew && !isOther ? last.patch : null;
  if (state.revision === 0) began = state.patch;
  if (!own || same(own, state.patch)) return null;
  show(state);
  return own;
}

/** @param {import("./types.js").State} state */
function show(state) {
  last = panel.state = state;
  const { patch, targets } = state;
  const corners = patch.blend?.corners ?? [];
  const name = patch.name || corners.join(" + ");
  the("patch-name").textContent = name;
  the("patch-changed").hidden = !state.is_changed;
  the("patch-about").textContent = patch.description || "";
  document.title = `${name} · nsynth-lab`;
  the("undo-button").disabled = !state.can_undo;
  the("redo-button").disabled = !state.can_redo;
  pad.showBlend(patch.blend ?? {}, patch.tempo_bpm);
  colours.show(patch.blend ?? {});
  path.show();
  for (const knob of knobs) knob.show(targets[knob.target]);
  tray.show(state);
  wheel.show(state);
  instruments.mark(corners);
  keyboard.showRanges(instruments.ranges(corners));
  presets.mark(state);
  effects.show(state);
  produce.showState(state);
  keepAddress(patch);
}

let addressTimer = 0;
/** @type {(() => void) | null} */
let writeAddress = null;

/** @param {object} patch */
function keepAddress(patch) {
  writeAddress = () => {
    writeAddress = null;
    history.replaceState(null, "", `${location.pathname}${location.search}#${written(patch)}`);
  };
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => writeAddress?.(), ADDRESS_MS);
}

addEventListener("pagehide", () => {
  writeAddress?.();
  held.releaseAll();
});
addEventListener("hashchange", () => {
  const patch = read(location.hash);
  if (patch && !same(patch, panel.state?.patch)) link.open(patch);
});

recordings.addEventListener("bank", () => void lists());

async function lists() {
  try {
    const answers = await Promise.all(["instruments", "presets"].map((name) => fetch(`/api/${name}${location.search}`)));
    const [rows, files] = await Promise.all(answers.map((answer) => answer.json()));
    listed = true;
    instruments.show(rows);
    recordings.showBank(rows);
    presets.show(files);
    sounds = { rows, files };
    panel.duet?.showSounds(rows, files);
    instruments.mark(panel.state?.patch.blend?.corners ?? []);
    keyboard.showRanges(instruments.ranges(panel.state?.patch.blend?.corners ?? []));
  } catch {
    // The server has gone again; the socket says so.
  }
}

// What the player does.

for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => void startSound());

async function startSound() {
  try {
    await sound.start();
    link.wantSound(sound.storeMs);
  } catch (error) {
    say(`No sound in this browser: ${error instanceof Error ? error.message : error}`);
  }
}

held.addEventListener("change", () => (the("hint").hidden = true));
addEventListener("blur", () => held.releaseAll());

document.addEventListener("turn", (event) => {
  const { target, value, keep: stays } = /** @type {CustomEvent} */ (event).detail;
  link.set(target, value, stays);
});

const actions = {
  "undo-button": () => link.undo(),
  "redo-button": () => link.redo(),
  "panic-button": panic,
  "octave-up": () => keyboard.shift(1),
  "octave-down": () => keyboard.shift(-1),
  "sustain-button": () => sustain(the("sustain-button").ariaPressed !== "true"),
  "mute-button": () => mute(!sound.muted),
};
for (const [id, act] of Object.entries(actions)) the(id).addEventListener("click", act);
the("file-button").search = location.search;
themeSwitch(the("theme-button"));
takeDrops(link, say);
letGoOfLists(document.body);

function panic() {
  held.releaseAll();
  sustain(false);
  link.panic();
}

/** @param {boolean} down */
function sustain(down) {
  link.controller(SUSTAIN, down ? 127 : 0);
  the("sustain-button").setAttribute("aria-pressed", String(down));
}

/** @param {boolean} muted */
function mute(muted) {
  sound.setMuted(muted);
  the("mute-button").setAttribute("aria-pressed", String(!muted));
}

for (const list of document.querySelectorAll("[role=tablist]")) makeTabs(/** @type {HTMLElement} */ (list));
pad.addEventListener("choose", () => openTab(the("tab-instruments")));

// The computer's keyboard.

let escaped = -Infinity;

/** @param {EventTarget | null} target */
const isText = (target) => target instanceof HTMLElement && target.matches("input:not([type=range], [type=number]), select, textarea");
/** @param {EventTarget | null} target */
const isNumber = (target) => target instanceof HTMLElement && target.matches("input[type=number]");

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.repeat) {
    if (event.timeStamp - escaped < TWICE_MS) panic();
    escaped = event.timeStamp;
  }
  if (isText(event.target) || event.defaultPrevented) return;
  if (event.ctrlKey || event.metaKey) return command(event);
  if (event.altKey) return;
  const free = document.activeElement === document.body;
  if (free && event.key === " ") {
    event.preventDefault();
    if (!event.repeat) sustain(true);
  } else if (event.code === "KeyR") {
    if (!event.repeat) void recordings.recorder.toggle();
  } else if (!(free && pad.arrow(event)) && keyboard.letterDown(event) && isNumber(event.target)) {
    event.preventDefault(); // an E would be written
  }
});
addEventListener("keyup", (event) => {
  keyboard.letterUp(event);
  if (event.key === " " && document.activeElement === document.body) sustain(false);
});

/** @param {KeyboardEvent} event with Ctrl, or Cmd on a Mac */
function command(event) {
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) link.redo();
  else link.undo();
}

// What the page says.

let troubleTimer = 0;

/** @param {string} line */
function say(line) {
  const trouble = the("trouble");
  trouble.textContent = line;
  trouble.hidden = false;
  clearTimeout(troubleTimer);
  troubleTimer = setTimeout(() => (trouble.hidden = true), TROUBLE_MS);
}

/** @param {string} state @param {string} text */
function connection(state, text) {
  the("connection").dataset.state = state;
  the("connection").textContent = text;
}

link.connect();
