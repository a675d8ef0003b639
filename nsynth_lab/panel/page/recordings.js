/**
 * Sounds of one's own: a file that is dropped or opened, or what the microphone hears, is encoded and put on a corner.
 *
 *     Record, Open, drop --> POST /api/recordings --> jobs (progress, here and on the corner) --> recordings (cards)
 */
import { Comparison } from "./compare.js";
import { made } from "./list.js";
import { LONGEST_SECONDS, Recorder } from "./recorder.js";
import { howFar, RecordingCard, showShare } from "./recording-card.js";

const ENDINGS = [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"];
const LAST_CORNER = 7;
const MOST_BYTES = 64 << 20;
const RECORDED = "my sound.wav";
const KIND = "recording";

/**
 * @typedef {import("./types.js").Recording} Recording
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Instrument} Instrument
 */

/** @param {string} name of a file */
const isSound = (name) => ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));

export class Recordings extends EventTarget {
  /**
   * Events: `bank`, when there are other instruments than before.
   *
   * @param {HTMLElement} section holds the buttons, the recorder's line and a list
   * @param {{ link: import("./socket.js").Link, pad: import("./pad.js").Pad, sound: import("./sound.js").Sound,
   *   say: (line: string) => void }} around
   */
  constructor(section, { link, pad, sound, say }) {
    super();
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.link = link;
    this.pad = pad;
    this.say = say;
    this.comparison = new Comparison(sound, say);
    this.recorder = new Recorder();
    /** @type {HTMLButtonElement} */
    this.record = find(".record");
    /** @type {HTMLElement} */
    this.recordText = find(".record span");
    /** @type {HTMLButtonElement} */
    this.discard = find(".discard");
    /** @type {HTMLElement} */
    this.line = find(".recorder");
    /** @type {HTMLMeterElement} */
    this.meter = find("meter");
    /** @type {HTMLElement} */
    this.time = find("output");
    /** @type {HTMLElement} */
    this.news = find(".news");
    /** @type {HTMLElement} */
    this.list = find("ul");
    this.file = Object.assign(document.createElement("input"), { type: "file", multiple: true });
    /** @type {Map<string, RecordingCard>} */
    this.cards = new Map();
    /** @type {Record<string, Recording>} */
    this.ready = {};
    /** @type {Map<string, Job>} of those that are being encoded, by recording */
    this.encoding = new Map();
    /** @type {Set<string>} names of all instruments, in lower case */
    this.known = new Set();
    /** @type {string[]} */
    this.families = [];
    this.busy = false; // the microphone is being asked for
    this.#listen(find(".open"));
  }

  /** @param {HTMLButtonElement} open */
  #listen(open) {
    this.record.addEventListener("click", () => void this.toggle());
    this.discard.addEventListener("click", () => this.#stop(false));
    open.addEventListener("click", () => this.file.click());
    this.file.accept = ENDINGS.join();
    this.file.addEventListener("change", () => {
      void this.take([...(this.file.files ?? [])], this.pad.chosen);
      this.file.value = "";
    });
    this.recorder.addEventListener("full", () => this.#stop(true));
    this.recorder.addEventListener("level", (event) => {
      const { seconds, peak } = /** @type {CustomEvent} */ (event).detail;
      this.meter.value = Math.max(0, 1 + Math.log10(peak + 1e-9) / 2.5); // from -50 dB to full scale
      this.time.textContent = `${seconds.toFixed(1)} s`;
    });
    addEventListener("dragover", (event) => this.#dragged(event));
    addEventListener("dragleave", (event) => !event.relatedTarget && this.#markDrop(-1));
    document.addEventListener("drop", (event) => this.#dropped(event));
    this.link.addEventListener("jobs", (event) => this.#showJobs(/** @type {CustomEvent} */ (event).detail.jobs));
    this.link.addEventListener("recordings", (event) => this.#show(/** @type {CustomEvent} */ (event).detail.recordings));
    this.link.addEventListener("state", () => this.#markCorners());
  }

  /** What instruments there are, so that no name is taken twice. @param {Instrument[]} rows */
  showBank(rows) {
    this.known = new Set(rows.map(({ name }) => name.toLowerCase()));
    this.families = [...new Set(rows.map(({ family }) => family))].sort();
    for (const [id, card] of this.cards) if (this.ready[id]) card.show(this.ready[id]);
  }

  /** Begin to record, or end and encode what was recorded. */
  async toggle() {
    if (this.recorder.isRecording) return this.#stop(true);
    if (this.busy) return undefined;
    this.busy = true;
    try {
      this.comparison.stop();
      await this.recorder.start();
      this.#showRecorder();
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
    this.busy = false;
    return undefined;
  }

  /** @param {boolean} wanted */
  #stop(wanted) {
    if (!this.recorder.isRecording) return;
    const recorded = this.recorder.stop();
    this.#showRecorder();
    if (!wanted) return;
    if (recorded) void this.#send(recorded, RECORDED, this.pad.chosen);
    else this.say("Nothing was recorded: wait until the time runs, then play one note.");
  }

  #showRecorder() {
    const on = this.recorder.isRecording;
    this.record.setAttribute("aria-pressed", String(on));
    this.recordText.textContent = on ? "Stop" : "Record a sound";
    this.line.hidden = !on;
    this.time.textContent = "0.0 s";
    this.meter.value = 0;
    if (on) this.news.textContent = `Recording: play one note, up to ${LONGEST_SECONDS} seconds`;
  }

  /** Files, one for each corner from a first one on. @param {File[]} files @param {number} corner */
  async take(files, corner) {
    for (const [k, file] of files.entries()) await this.#send(file, file.name, Math.min(corner + k, LAST_CORNER));
  }

  /** @param {Blob} file @param {string} name @param {number} corner */
  async #send(file, name, corner) {
    if (file.size > MOST_BYTES) return this.say(`${name}: at most ${MOST_BYTES >> 20} MB; a recording of one note is far smaller`);
    const query = new URLSearchParams(location.search);
    query.set("name", name);
    query.set("corner", String(Math.max(corner, 0)));
    try {
      const answer = await fetch(`/api/recordings?${query}`, { method: "POST", body: file });
      if (!answer.ok) this.say((await answer.text()).trim() || `${name} was not taken`);
    } catch {
      this.say(`${name} could not be sent: nsynth-lab does not answer`);
    }
    return undefined;
  }

  // Files dragged onto the page.

  /** @param {DragEvent} event */
  #dragged(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.#markDrop(this.#cornerAt(event));
  }

  /** @param {DragEvent} event */
  #dropped(event) {
    this.#markDrop(-1);
    const sounds = [...(event.dataTransfer?.files ?? [])].filter(({ name }) => isSound(name));
    if (event.defaultPrevented || !sounds.length) return;
    event.preventDefault(); // the browser would leave the page for the file
    void this.take(sounds, this.#cornerAt(event));
  }

  /** @param {DragEvent} event */
  #cornerAt(event) {
    const target = event.target instanceof Element ? event.target : null;
    const chip = target?.closest(".corner");
    if (chip) return [...this.pad.chips.children].indexOf(chip);
    return target === this.pad.canvas ? this.pad.nearest(event) : this.pad.chosen;
  }

  /** @param {number} corner -1: none */
  #markDrop(corner) {
    [...this.pad.chips.children].forEach((chip, k) => chip.classList.toggle("over", k === corner));
  }

  // What the server says.

  /** @param {Record<string, Job>} jobs */
  #showJobs(jobs) {
    const before = this.encoding;
    this.encoding = new Map();
    for (const job of Object.values(jobs)) {
      const id = String(job.about.recording ?? "");
      if (job.kind !== KIND) continue;
      if (job.state === "waiting" || job.state === "running") this.encoding.set(id, job);
      else if (job.state === "failed" && before.has(id)) this.say(`${job.title}: ${job.says}`);
    }
    this.#render();
  }

  /** @param {Record<string, Recording>} recordings */
  #show(recordings) {
    const names = (/** @type {Record<string, Recording>} */ rows) =>
      JSON.stringify(Object.values(rows).map(({ name, kept, note }) => [name, kept, note]));
    for (const [id, { title, version }] of Object.entries(recordings)) {
      if ((this.ready[id]?.version ?? 0) < version && this.encoding.has(id)) this.news.textContent = `${title} is ready to play`;
    }
    const isNew = names(recordings) !== names(this.ready);
    this.ready = recordings;
    for (const id of Object.keys(recordings)) this.encoding.delete(id); // the jobs are told next
    this.#render();
    if (isNew) this.dispatchEvent(new Event("bank"));
  }

  #render() {
    const ids = [...Object.keys(this.ready), ...[...this.encoding.keys()].filter((id) => !this.ready[id])];
    for (const [id, card] of this.cards) {
      if (ids.includes(id)) continue;
      card.item.remove();
      this.cards.delete(id);
    }
    for (const id of ids) {
      const card = this.cards.get(id) ?? this.#add(id);
      const job = this.encoding.get(id);
      if (this.ready[id]) card.show(this.ready[id]);
      if (job) card.showJob(job);
    }
    this.list.hidden = !ids.length;
    this.#markCorners();
  }

  /** @param {string} id */
  #add(id) {
    for (const card of this.cards.values()) card.details.open = false;
    const card = new RecordingCard({
      id,
      link: this.link,
      pad: this.pad,
      comparison: this.comparison,
      families: () => this.families,
      isTaken: (name) => this.known.has(name.trim().toLowerCase()),
    });
    this.cards.set(id, card);
    this.list.prepend(card.item);
    return card;
  }

  /** How far it is, on the corner that it will stand on. */
  #markCorners() {
    for (const old of this.pad.chips.querySelectorAll(".encoding")) old.remove();
    for (const [id, job] of this.encoding) {
      const standing = this.ready[id] ? this.pad.names.indexOf(this.ready[id].name) : Number(job.about.corner);
      const chip = this.pad.chips.children[Math.min(standing, this.pad.chips.children.length - 1)];
      if (!chip || standing < 0) continue;
      const bar = document.createElement("progress");
      showShare(bar, job);
      chip.append(made("span.encoding", made("span", `${job.title}: ${howFar(job)}`), bar));
    }
  }
}
