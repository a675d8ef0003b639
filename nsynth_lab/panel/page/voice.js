/**
 * The tray of the sound: how keys become voices, the tuning, and the macros and LFOs that the patch has.
 *
 * Knobs set targets; everything else replaces a table of the patch, as a preset file would have it.
 */
import { makeChoice } from "./choice.js";
import { NOTE_NAMES } from "./keys.js";
import { made } from "./list.js";
import { SCALES, indexOf } from "./scales.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Lfo} Lfo */
/** @typedef {import("./knobs.js").Knob} Knob */

const MIDDLE_C = 60;
const MOST_LFOS = 8;
const OWN_SCALE = "own";
const SHAPES = ["sine", "triangle", "saw", "square", "random"];
/** @type {Record<string, { text: string, depth: number, needs: number }>} what an LFO moves; needs: dimensions of the pad */
const SWINGING = {
  position: { text: "blend across", depth: 0.2, needs: 1 },
  position_y: { text: "blend down", depth: 0.2, needs: 2 },
  timbre: { text: "timbre alone", depth: 0.2, needs: 1 },
  loudness: { text: "loudness alone", depth: 0.2, needs: 1 },
  f0: { text: "drift alone", depth: 0.2, needs: 1 },
  partials: { text: "partials alone", depth: 0.2, needs: 1 },
  pitch_cents: { text: "pitch", depth: 10, needs: 0 },
  level_db: { text: "level", depth: 3, needs: 0 },
};

/** @param {HTMLElement} tray @param {import("./socket.js").Link} link */
export function soundTray(tray, link) {
  /** @type {State | null} */
  let state = null;
  const find = (/** @type {string} */ selector) => /** @type {any} */ (tray.querySelector(selector));
  const modes = makeChoice(find(".modes"), (mode) => change("voice", { mode }));
  modes.offer([
    { value: "poly", text: "poly", says: "Each key has a voice of its own" },
    { value: "mono", text: "mono", says: "One note at a time, each key strikes" },
    { value: "legato", text: "legato", says: "One note at a time, tied keys glide" },
  ]);
  /** @type {HTMLButtonElement} */
  const mpe = find(".mpe");
  mpe.addEventListener("click", () => change("voice", { mpe: mpe.getAttribute("aria-pressed") !== "true" }));
  /** @type {HTMLButtonElement} */
  const captured = find(".captured");
  captured.addEventListener("click", () => change("blend", { track: captured.getAttribute("aria-pressed") === "true" ? drums.range?.value ?? 0 : [] }));
  /** @type {Knob} */
  const drums = find("nl-knob[target='blend.track']");
  /** @type {HTMLInputElement[]} */
  const numbers = [...tray.querySelectorAll("input[type=number][name*='.']")].map((one) => /** @type {HTMLInputElement} */ (one));
  for (const field of numbers) field.addEventListener("change", () => takeNumber(field));
  /** @type {HTMLSelectElement} */
  const scale = find("select[name=scale]");
  /** @type {HTMLSelectElement} */
  const root = find("select[name=root]");
  SCALES.forEach(({ name, says }, k) => {
    const option = new Option(name, String(k));
    option.title = says;
    scale.add(option);
  });
  NOTE_NAMES.forEach((name, k) => root.add(new Option(name, String(k))));
  scale.addEventListener("change", () => {
    const chosen = SCALES[Number(scale.value)];
    if (chosen) change("tuning", { scale_cents: chosen.cents });
  });
  root.addEventListener("change", () => change("tuning", { scale_root: MIDDLE_C + Number(root.value) }));
  const macros = knobRow(find(".macros"));
  const lfos = lfoRack(find(".lfos"), () => state, (rows) => change("blend", { lfos: rows }));

  /** @param {"voice" | "tuning" | "blend"} table @param {object} fields */
  function change(table, fields) {
    link.send("change", { within: { [table]: fields } });
  }

  /** @param {HTMLInputElement} field */
  function takeNumber(field) {
    const [table, name] = field.name.split(".");
    const value = Math.min(Math.max(field.valueAsNumber, Number(field.min)), Number(field.max));
    if (Number.isNaN(value)) showNumber(field);
    else change(/** @type {"voice" | "tuning"} */ (table), { [name]: field.step === "1" ? Math.round(value) : value });
  }

  /** @param {HTMLInputElement} field */
  function showNumber(field) {
    const [table, name] = field.name.split(".");
    const given = /** @type {any} */ (state?.patch)?.[table]?.[name];
    field.value = String(given ?? field.dataset.usual);
  }

  return {
    /** @param {State} now */
    show(now) {
      state = now;
      const { voice = {}, tuning = {} } = now.patch;
      modes.show(voice.mode ?? "poly");
      mpe.setAttribute("aria-pressed", String(voice.mpe ?? false));
      drums.hidden = captured.hidden = !now.targets[drums.target];
      captured.setAttribute("aria-pressed", String(now.patch.blend?.track === undefined));
      for (const field of numbers) if (field !== document.activeElement) showNumber(field);
      const cents = [tuning.scale_cents ?? []].flat();
      const known = indexOf(cents);
      scale.querySelector(`[value=${OWN_SCALE}]`)?.remove();
      if (known < 0) scale.add(new Option(`a scale of ${cents.length} steps`, OWN_SCALE));
      scale.value = known < 0 ? OWN_SCALE : String(known);
      scale.title = known < 0 ? "From a preset or a Scala file" : SCALES[known].says;
      root.value = String((tuning.scale_root ?? MIDDLE_C) % 12);
      root.disabled = cents.length === 0;
      const names = Object.keys(now.targets).filter((name) => name.startsWith("macros."));
      macros.show(names.map((target) => ({ target, label: target.slice("macros.".length) })), now);
      lfos.show();
    },
  };
}

/** A section of knobs that is there while there are some. @param {HTMLElement} section */
function knobRow(section) {
  const row = /** @type {HTMLElement} */ (section.querySelector(".knobs"));
  let written = "";
  return {
    /** @param {{ target: string, label: string }[]} wanted @param {State} state */
    show(wanted, state) {
      section.hidden = wanted.length === 0;
      const now = JSON.stringify(wanted);
      if (now !== written) row.replaceChildren(...wanted.map(({ target, label }) => makeKnob(target, label, 0)));
      written = now;
      for (const knob of row.children) showKnob(/** @type {Knob} */ (knob), state);
    },
  };
}

/** @param {string} target @param {string} label @param {number} reset @param {string} spoken where the label alone says too little */
function makeKnob(target, label, reset, spoken = label) {
  const knob = document.createElement("nl-knob");
  for (const [name, value] of Object.entries({ target, label, reset: String(reset), spoken })) knob.setAttribute(name, value);
  return /** @type {Knob} */ (knob);
}

/** @param {Knob} knob @param {State} state */
function showKnob(knob, state) {
  knob.show(state.targets[knob.target]);
}

/**
 * The LFOs: of each two knobs, what it moves and its shape; one more is added by a button.
 *
 * @param {HTMLElement} section @param {() => State | null} look @param {(rows: Lfo[]) => void} put
 */
function lfoRack(section, look, put) {
  const rack = /** @type {HTMLElement} */ (section.querySelector(".rack"));
  const add = /** @type {HTMLButtonElement} */ (section.querySelector(".add"));
  const rows = () => look()?.patch.blend?.lfos ?? [];
  add.addEventListener("click", () => {
    const target = allowed()[0];
    put([...rows(), { target, rate_hz: target === "position" ? 0.5 : 5, depth: SWINGING[target].depth }]);
  });

  /** What an LFO of this patch can move. */
  function allowed() {
    const { corners = [], weights = [] } = look()?.patch.blend ?? {};
    const weighted = corners.length > 4 || (corners.length === 4 && weights.length > 0);
    const dims = weighted ? 0 : Math.min(corners.length - 1, 2);
    return Object.keys(SWINGING).filter((name) => SWINGING[name].needs <= dims);
  }

  /** @param {number} k @param {Partial<Lfo>} fields */
  function change(k, fields) {
    put(rows().map((row, other) => (other === k ? { ...row, ...fields } : row)));
  }

  /** @param {number} k */
  function block(k) {
    const name = `LFO ${k + 1}`;
    const target = select(`${name} moves`, (value) => change(k, { target: value, depth: SWINGING[value].depth }));
    const shape = select(`Shape of ${name}`, (value) => change(k, { shape: value }));
    for (const one of SHAPES) shape.add(new Option(one, one));
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "remove", textContent: "×" });
    remove.title = `Remove ${name}`;
    remove.setAttribute("aria-label", remove.title);
    remove.addEventListener("click", () => {
      put(rows().filter((_, other) => other !== k));
      add.focus();
    });
    const knobs = [
      makeKnob(`blend.lfos.${k + 1}.rate_hz`, "rate", 1, `rate of ${name}`),
      makeKnob(`blend.lfos.${k + 1}.cycle_beats`, "cycle", 1, `length of a cycle of ${name}`),
      makeKnob(`blend.lfos.${k + 1}.depth`, "depth", 0, `depth of ${name}`),
    ];
    const beats = toggle("beats", "In beats of the tempo, instead of Hz", `${name} in beats`, (on) =>
      change(k, on ? { cycle_beats: 1 } : { cycle_beats: 0, retrigger: true }),
    );
    const song = toggle("song", "Goes with the bars of the song; otherwise it begins anew with each note", `${name} goes with the song`, (on) =>
      change(k, { retrigger: !on }),
    );
    const made_ = made("div.lfo", ...knobs, made("div.what", target, shape, made("div.time", beats, song)), remove);
    made_.setAttribute("role", "group");
    made_.setAttribute("aria-label", name);
    return made_;
  }

  return {
    show() {
      const state = look();
      if (!state) return;
      const now = rows();
      while (rack.children.length > now.length) rack.lastElementChild?.remove();
      while (rack.children.length < now.length) rack.append(block(rack.children.length));
      now.forEach(({ target = "position", shape = "sine", cycle_beats = 0, retrigger = true }, k) => {
        const [moves, form] = rack.children[k].querySelectorAll("select");
        const names = [...new Set([...allowed(), target])];
        const options = names.map((name) => new Option(SWINGING[name]?.text ?? name, name));
        if (names.join() !== [...moves.options].map(({ value }) => value).join()) moves.replaceChildren(...options);
        [moves.value, form.value] = [target, shape];
        const [rate, cycle, depth] = /** @type {Knob[]} */ ([...rack.children[k].querySelectorAll("nl-knob")]);
        [rate.hidden, cycle.hidden] = [cycle_beats > 0, cycle_beats === 0];
        for (const knob of [cycle_beats ? cycle : rate, depth]) showKnob(knob, state);
        const [beats, song] = rack.children[k].querySelectorAll(".time button");
        beats.setAttribute("aria-pressed", String(cycle_beats > 0));
        song.setAttribute("aria-pressed", String(!retrigger));
        /** @type {HTMLElement} */ (song).hidden = cycle_beats === 0;
      });
      add.disabled = now.length >= MOST_LFOS;
    },
  };
}

/** @param {string} text @param {string} title @param {string} label @param {(on: boolean) => void} take */
function toggle(text, title, label, take) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, title });
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => take(button.getAttribute("aria-pressed") !== "true"));
  return button;
}

/** @param {string} label @param {(value: string) => void} take */
function select(label, take) {
  const element = document.createElement("select");
  element.setAttribute("aria-label", label);
  element.addEventListener("change", () => take(element.value));
  return element;
}

/** A list that was opened by hand lets go of the keyboard once something is chosen, so that letters play again. @param {HTMLElement} within */
export function letGoOfLists(within) {
  let byHand = false;
  within.addEventListener("pointerdown", () => (byHand = true));
  within.addEventListener("keydown", () => (byHand = false));
  within.addEventListener("change", ({ target }) => {
    if (byHand && target instanceof HTMLSelectElement) target.blur();
  });
}
