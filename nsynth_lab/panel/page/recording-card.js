/** A recording in the library: how far it is; then its waveform, pitch and error, both sounds, and what can be done with it. */
import { keyName } from "./keys.js";
import { made } from "./list.js";
import { makeDraggable } from "./pad.js";
import { Waveform } from "./waveform.js";

const [LOWEST, HIGHEST] = [12, 119];

/**
 * @typedef {import("./types.js").Recording} Recording
 * @typedef {import("./types.js").Job} Job
 * @typedef {{ id: string, link: import("./socket.js").Link, pad: import("./pad.js").Pad,
 *   comparison: import("./compare.js").Comparison, isTaken: (name: string) => boolean, families: () => string[] }} Around
 *   isTaken: whether an instrument has that name; families: what kinds of instruments there are
 */

export class RecordingCard {
  /** @param {Around} around */
  constructor(around) {
    this.around = around;
    /** @type {Recording | null} */
    this.recording = null;
    this.item = made("li.recording");
    this.title = made("span.name");
    this.says = made("span.says");
    this.progress = document.createElement("progress");
    const summary = made("summary", this.title, this.says, this.progress);
    this.details = /** @type {HTMLDetailsElement} */ (made("details", summary));
    this.details.open = true;
    this.item.append(this.details);
    this.remove = button("Remove", () => around.link.send("remove_recording", { recording: around.id }));
    this.details.append(this.remove);
  }

  /** @param {Job} job that encodes it */
  showJob(job) {
    this.progress.hidden = false;
    showShare(this.progress, job);
    if (!this.recording) this.title.textContent = job.title;
    this.says.textContent = howFar(job);
    this.remove.textContent = this.recording ? "Remove" : "Cancel";
  }

  /** @param {Recording} recording */
  show(recording) {
    if (!this.recording) this.#build(recording);
    this.recording = recording;
    this.progress.hidden = true;
    this.remove.textContent = "Remove";
    this.title.textContent = recording.title;
    this.says.textContent = `${keyName(recording.note)} · ${recording.quality}`;
    makeDraggable(/** @type {HTMLElement} */ (this.details.firstElementChild), recording.name);
    this.waveform?.show(recording.original, recording.reconstruction);
    const seconds = recording.seconds.toFixed(1);
    this.canvas?.setAttribute("aria-label", `Waveform of ${recording.title}, ${seconds} s, and of its reconstruction`);
    if (this.facts) {
      this.facts.textContent = `${seconds} s · mel error ${recording.error_db.toFixed(2)} dB, ${recording.quality}`;
    }
    const doubts = [recording.pitch, ...recording.remarks].filter(Boolean);
    if (this.doubts) {
      this.doubts.textContent = doubts.join("; ");
      this.doubts.hidden = !doubts.length;
    }
    if (this.note && this.note.dataset.was !== String(recording.note)) {
      this.note.value = this.note.dataset.was = String(recording.note);
    }
    if (this.kept) {
      this.kept.hidden = !recording.kept;
      this.kept.textContent = `in your bank as ${recording.kept}`;
    }
    this.#showFamilies(recording.family);
    this.#mark();
  }

  /** @param {string} guessed */
  #showFamilies(guessed) {
    const families = this.around.families();
    if (!this.family || this.family.options.length === families.length) return;
    this.family.replaceChildren(...families.map((name) => new Option(name.replaceAll("_", " "), name)));
    this.family.value = guessed;
  }

  /** @param {Recording} recording */
  #build(recording) {
    const { id, link, pad, comparison } = this.around;
    this.canvas = /** @type {HTMLCanvasElement} */ (made("canvas.waveform"));
    this.canvas.setAttribute("role", "img");
    this.waveform = new Waveform(this.canvas);
    this.facts = made("p.facts");
    this.doubts = made("p.doubts");
    /** @type {Record<import("./compare.js").Which, HTMLButtonElement>} */
    this.sounds = {
      original: button("Original", () => void comparison.toggle(id, this.#version, "original"), "original"),
      reconstruction: button("Reconstruction", () => void comparison.toggle(id, this.#version, "reconstruction"), "again"),
    };
    comparison.addEventListener("change", () => this.#mark());
    const ab = made("p.ab", this.sounds.original, this.sounds.reconstruction);
    ab.setAttribute("role", "group");
    ab.setAttribute("aria-label", "Compare");

    this.note = select("Pitch", range(LOWEST, HIGHEST).map((key) => [String(key), keyName(key)]));
    this.again = button("Encode again", () =>
      link.send("encode_recording", { recording: id, note: Number(this.note?.value) }),
    );
    this.note.addEventListener("change", () => this.#mark());
    const pitch = made("p.pitch", labelled("pitch", this.note), this.again);

    this.name = document.createElement("input");
    this.name.value = recording.title;
    this.name.maxLength = 60;
    this.name.setAttribute("aria-label", "Name in your bank");
    this.name.autocomplete = "off";
    this.name.spellcheck = false;
    this.family = select("Family", []);
    this.keep = button("Keep", () => this.#keep(), "keep");
    this.name.addEventListener("input", () => this.#mark());
    this.name.addEventListener("keydown", (event) => event.key === "Enter" && this.#keep());
    this.kept = made("p.kept");
    const place = button("Put on corner", () => pad.put(/** @type {Recording} */ (this.recording).name));
    place.title = "Put it on the chosen corner of the pad";
    this.details.append(
      this.canvas, this.facts, this.doubts, ab, pitch,
      made("p.bank", this.name, this.family, this.keep), this.kept,
      made("p.last", place, this.remove),
    );
  }

  get #version() {
    return this.recording?.version ?? 1;
  }

  #keep() {
    const name = this.name?.value.trim();
    if (!name || !this.family) return;
    const { id, link, isTaken } = this.around;
    link.send("keep_recording", { recording: id, name, family: this.family.value, force: isTaken(name) });
  }

  /** Buttons as they stand: what plays, whether another pitch is chosen, whether keeping it replaces another. */
  #mark() {
    const { comparison, id, isTaken } = this.around;
    for (const which of /** @type {const} */ (["original", "reconstruction"])) {
      this.sounds?.[which].setAttribute("aria-pressed", String(comparison.isPlaying(id, which)));
    }
    if (this.again && this.note) this.again.disabled = this.note.value === String(this.recording?.note);
    if (this.keep && this.name) {
      const replaces = isTaken(this.name.value);
      this.keep.textContent = replaces ? "Replace" : "Keep";
      this.keep.title = replaces ? "Your bank has an instrument of this name: replace it" : "Keep it in your bank under this name";
    }
  }
}

/** In words: "waiting", "encoding 43 %". @param {Job} job */
export function howFar(job) {
  if (job.state === "waiting") return "waiting";
  return job.total ? `${job.says} ${Math.round((100 * job.done) / job.total)} %` : "beginning";
}

/** @param {HTMLProgressElement} progress @param {Job} job */
export function showShare(progress, job) {
  progress.setAttribute("aria-label", `Encoding ${job.title}`);
  if (job.total) progress.value = job.done / job.total;
  else progress.removeAttribute("value");
}

/** @param {string} text @param {() => void} act @param {string} [kind] */
function button(text, act, kind = "") {
  const element = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: kind });
  element.addEventListener("click", act);
  return element;
}

/** @param {string} label @param {string[][]} options value and text of each */
function select(label, options) {
  const element = document.createElement("select");
  element.setAttribute("aria-label", label);
  element.append(...options.map(([value, text]) => new Option(text, value)));
  return element;
}

/** @param {string} text @param {HTMLElement} element */
function labelled(text, element) {
  return made("label", `${text} `, element);
}

/** @param {number} low @param {number} high */
const range = (low, high) => Array.from({ length: high - low + 1 }, (_, k) => low + k);
