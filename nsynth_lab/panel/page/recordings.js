/**
 * Sounds of one's own: a file that is dropped or opened, or what the microphone hears, is encoded and put on a corner.
 *
 *     Record, Open, drop --> POST /api/recordings --> jobs (progress, here and on the corner) --> recordings (cards)
 */
import { Comparison } from "./compare.js";
import { chooser, filesOf, sent } from "./files.js";
import { made } from "./list.js";
import { LONGEST_SECONDS } from "./recorder.js";
import { RecorderLine } from "./recorder-line.js";
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
    this.recorder = new RecorderLine(section, {
      idle: "Record a sound",
      begun: `Recording: play one note, up to ${LONGEST_SECONDS} seconds`,
      nothing: "Nothing was recorded: wait until the time runs, then play one note.",
      time: (seconds) => `${seconds.toFixed(1)} s`,
      before: () => this.comparison.stop(),
      take: (recorded) => void this.#send(recorded, RECORDED, this.pad.chosen),
      say,
    });
    /** @type {HTMLElement} */
    this.news = find(".news");
    /** @type {HTMLElement} */
    this.list = find("ul");
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
    this.#listen(find(".open"));
  }

  /** @param {HTMLButtonElement} open */
  #listen(open) {
    const file = Object.assign(document.createElement("input"), { type: "file", multiple: true, accept: ENDINGS.join() });
    chooser(open, file, (files) => void this.take(files, this.pad.chosen));
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
    this.families = [...new Set([...rows.map(({ family }) => family), "drum", "noise"])].sort();
    for (const [id, card] of this.cards) if (this.ready[id]) card.show(this.ready[id]);
  }

  /** Files, one for each corner from a first one on. @param {File[]} files @param {number} corner */
  async take(files, corner) {
    for (const [k, file] of files.entries()) await this.#send(file, file.name, Math.min(corner + k, LAST_CORNER));
  }

  /** @param {Blob} file @param {string} name @param {number} corner */
  async #send(file, name, corner) {
    const fields = { corner: String(Math.max(corner, 0)) };
    const tooLarge = "; a recording of one note is far smaller";
    await sent("/api/recordings", file, name, { say: this.say, mostBytes: MOST_BYTES, tooLarge, fields });
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
    const sounds = filesOf(event).filter(({ name }) => isSound(name));
    if (event.defaultPrevented || !sounds.length) return;
    event.preventDefault(); // the browser would leave the page for the file
    void this.take(sounds, this.#cornerAt(event));
  }

  /** @param {DragEvent} event */
  #cornerAt(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("#translate, #phrase")) return -1; // which take it themselves
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
