/**
 * The tab of tunes: a form by which they are composed, all that there are, and the palette between some of them. They are
 * jobs of the server, so that they are there again when the page is loaded again.
 *
 *     form, dropped files --> socket, POST /api/tunes --> jobs --> list --> stand, palette
 */
import { about as lasting, counted } from "./figures.js";
import { chooser, sent } from "./files.js";
import { button, made } from "./list.js";
import { makeChoice } from "./choice.js";
import { PalettePad } from "./palette.js";
import { Stand } from "./stand.js";
import { kept } from "./theme.js";
import { METRES, MODES, TONICS } from "./tune-terms.js";

const KINDS = ["tune", "palette"];
const MOST_BYTES = 8 << 20;
const MOST_FILES = 8; // of one drop
const MOST_SEED = 99_999;

/**
 * @typedef {import("./types.js").Job} Job
 * @typedef {{ link: import("./socket.js").Link, sound: import("./sound.js").Sound, say: (line: string) => void,
 *   latencyMs: () => number }} Around
 */

export class Tunes {
  /** @param {HTMLElement} section @param {HTMLElement} tab @param {HTMLElement} stand @param {Around} around */
  constructor(section, tab, stand, around) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.section = section;
    this.tab = tab;
    this.link = around.link;
    this.say = around.say;
    this.stand = new Stand(stand, around);
    this.palette = new PalettePad(find(".palette-pad"), this.stand, around);
    /** @type {HTMLFormElement} */
    this.form = find("form");
    /** @type {HTMLElement} */
    this.list = find(".tune-list");
    /** @type {HTMLElement} */
    this.empty = find(".none");
    /** @type {HTMLElement} */
    this.news = find(".news");
    /** @type {HTMLSelectElement[]} */
    this.corners = [...section.querySelectorAll(".corner-of select")].map((one) => /** @type {HTMLSelectElement} */ (one));
    /** @type {HTMLButtonElement} */
    this.layOut = find(".lay-out");
    /** @type {Record<string, Job>} */
    this.jobs = {};
    /** @type {Map<string, TuneRow>} */
    this.rows = new Map();
    /** @type {Map<string, string>} */
    this.states = new Map();
    this.isFirst = true;
    this.paletteName = "";
    this.mode = "new";
    this.modes = makeChoice(find(".modes"), (mode) => this.#choose(mode));
    this.modes.offer([
      { value: "new", text: "new", says: "A tune of a metre, a key and a form" },
      { value: "begin", text: "go on", says: "What follows after a tune" },
      { value: "between", text: "between", says: "A tune that lies between two" },
    ]);
    this.#fill();
    chooser(find(".open"), find("input[type=file]"), (files) => void this.open(files));
    this.#listen(find(".dice"), find(".draw"));
    this.#choose("new");
    this.link.hear("jobs", ({ jobs }) => this.show(jobs));
    this.link.hear("playing", (playing) => this.showPlaying(playing));
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }

  #fill() {
    const select = (/** @type {string} */ name) => /** @type {HTMLSelectElement} */ (/** @type {unknown} */ (this.#field(name)));
    for (const metre of METRES) select("metre").add(new Option(metre, metre, false, metre === "4/4"));
    for (const { value, text } of TONICS) select("tonic").add(new Option(text, value, false, value === "D"));
    for (const mode of MODES) select("mode").add(new Option(mode, mode));
  }

  /** @param {HTMLButtonElement} dice @param {HTMLButtonElement} draw */
  #listen(dice, draw) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#compose();
    });
    dice.addEventListener("click", () => (this.#field("seed").value = String(anySeed())));
    draw.addEventListener("click", () => this.#draw());
    this.layOut.addEventListener("click", () => this.#layOut());
    for (const corner of this.corners) corner.addEventListener("change", () => this.#showCorners());
    this.#field("free").addEventListener("input", () => this.#showFree());
    this.#showFree();
    this.stand.addEventListener("show", () => this.#mark());
  }

  /** @param {string} mode */
  #choose(mode) {
    this.mode = mode;
    this.modes.show(mode);
    for (const part of this.form.querySelectorAll("[data-for]")) {
      /** @type {HTMLElement} */ (part).hidden = !(part.getAttribute("data-for") ?? "").split(" ").includes(mode);
    }
    this.#field("bars").value = mode === "begin" ? "16" : "8";
    this.#field("bars").max = mode === "begin" ? "256" : "64";
    this.#field("free").value = mode === "between" ? "0" : "1";
    this.#showFree();
  }

  #showFree() {
    const free = this.#field("free");
    const text = Number(free.value).toFixed(1);
    free.setAttribute("aria-valuetext", text);
    /** @type {HTMLElement} */ (this.form.querySelector(".freely")).textContent = text;
  }

  #compose() {
    const text = (/** @type {string} */ name) => this.#field(name).value.trim();
    const given = {
      metre: text("metre"),
      key: `${text("tonic")} ${text("mode")}`,
      form: text("form").toUpperCase(),
      bars: Number(text("bars")),
      upbeat: text("upbeat"),
      free: Number(text("free")),
      seed: Number(text("seed")),
      chords: this.#field("chords").checked,
      second: this.#field("voice").checked,
    };
    if (this.mode === "begin") {
      if (!text("begin")) return this.say("There is no tune to go on with: compose one, or drop one here.");
      this.link.send("compose", { ...given, begin: text("begin") });
    } else if (this.mode === "between") {
      const two = [text("first"), text("second")];
      if (two.includes("")) return this.say("A tune lies between two: compose or drop another one first.");
      this.link.send("compose", { ...given, between: two, position: Number(text("position")) / 100 });
    } else this.link.send("compose", given);
    this.#field("seed").value = String(anySeed());
  }

  /** Draw loops for the corners that are empty. */
  #draw() {
    const empty = this.corners.filter(({ value }) => !value).length || this.corners.length;
    if (empty === this.corners.length) for (const corner of this.corners) corner.value = "";
    const [metre, key] = [this.#field("metre").value, `${this.#field("tonic").value} ${this.#field("mode").value}`];
    for (let k = 0; k < empty; k++) this.link.send("draw_loop", { metre, key, seed: anySeed() });
  }

  #layOut() {
    const chosen = this.corners.filter(({ value }) => value);
    const bars = chosen.map((corner) => Number(/** @type {HTMLInputElement} */ (corner.parentElement?.querySelector("input")).value) || 1);
    this.link.send("palette", { tunes: chosen.map(({ value }) => value), bars });
  }

  /** Have files read as tunes. @param {File[]} files */
  async open(files) {
    for (const file of files.slice(0, MOST_FILES)) {
      await sent("/api/tunes", file, file.name, { say: this.say, mostBytes: MOST_BYTES });
    }
    if (files.length > MOST_FILES) this.say(`At most ${MOST_FILES} tunes can be opened at once.`);
  }

  /** @param {Record<string, Job>} jobs */
  show(jobs) {
    this.jobs = jobs;
    const ours = Object.entries(jobs).filter(([, { kind }]) => KINDS.includes(kind));
    for (const [name, row] of this.rows) {
      if (name in jobs) continue;
      row.element.remove();
      this.rows.delete(name);
      this.states.delete(name);
      if (name === this.stand.name) this.stand.close();
      if (name === this.paletteName) this.paletteName = "";
    }
    for (const [name, job] of ours) {
      let row = this.rows.get(name);
      if (!row) {
        row = new TuneRow(name, this);
        this.rows.set(name, row);
        this.list.prepend(row.element);
      }
      row.show(job);
    }
    this.empty.hidden = ours.length > 0;
    this.#offer(ours);
    this.#news(ours);
    if (this.isFirst) this.#showAgain();
    this.isFirst = false;
    const palette = ours.findLast(([name, { kind, state }]) => kind === "palette" && state === "done" && (!this.paletteName || name === this.paletteName));
    this.paletteName = palette?.[0] ?? "";
    this.palette.show(this.paletteName, palette?.[1] ?? null);
    this.stand.showJobs(jobs);
    this.#mark();
  }

  /** The tune that was looked at before the page was loaded again, or that plays. */
  #showAgain() {
    const name = this.stand.playing?.on ? this.stand.playing.tune : (kept("tune") ?? "");
    if (this.jobs[name]?.state === "done") this.stand.show(name, this.jobs[name]);
  }

  /** Tunes to choose from. @param {[string, Job][]} ours */
  #offer(ours) {
    const done = ours.filter(([, { kind, state }]) => kind === "tune" && state === "done").reverse();
    const chooses = ["begin", "first", "second"].map((name) => /** @type {HTMLSelectElement} */ (/** @type {unknown} */ (this.#field(name))));
    for (const select of [...chooses, ...this.corners]) {
      const isCorner = this.corners.includes(select);
      const options = done.map(([name, job]) => ({ name, title: String(job.result.title ?? job.title) }));
      if (isCorner) options.unshift({ name: "", title: "—" });
      const key = options.map(({ name, title }) => name + title).join();
      if (select.dataset.key === key) continue;
      const before = select.value;
      select.dataset.key = key;
      select.replaceChildren(...options.map(({ name, title }) => new Option(title, name)));
      if (options.some(({ name }) => name === before)) select.value = before;
    }
    const [, first, second] = chooses;
    if (first.value === second.value && done.length > 1) second.value = done.find(([name]) => name !== first.value)?.[0] ?? "";
    this.#showCorners();
  }

  #showCorners() {
    const count = this.corners.filter(({ value }) => value).length;
    this.layOut.disabled = count < 2;
    this.layOut.textContent = count < 2 ? "Choose two to four tunes" : `Lay out ${count === 2 ? "two" : count === 3 ? "three" : "four"} tunes`;
  }

  /** What has ended since. @param {[string, Job][]} ours */
  #news(ours) {
    for (const [name, job] of ours) {
      const before = this.states.get(name);
      this.states.set(name, job.state);
      if (before === job.state || this.isFirst || !["done", "failed"].includes(job.state)) continue;
      this.news.textContent = `${job.title}: ${job.state === "done" ? "ready" : "failed"}`;
      if (job.state !== "done") continue;
      if (job.kind === "palette") this.paletteName = name;
      else if (job.about.from === "loops") this.#putOnCorner(name);
      else if (job.about.from === "file" && this.mode === "begin") this.#field("begin").value = name;
      if (job.about.from !== "loops" && !this.stand.isOn) this.stand.show(name, job);
    }
    const busy = ours.filter(([, { state }]) => state === "running" || state === "waiting").length;
    this.tab.dataset.busy = busy ? String(busy) : "";
    this.tab.setAttribute("aria-label", busy ? `Tunes, ${busy} at work` : "Tunes");
  }

  /** @param {string} name of a loop that was drawn */
  #putOnCorner(name) {
    const corner = this.corners.find(({ value }) => !value);
    if (corner) corner.value = name;
    this.#showCorners();
  }

  /** Look at a tune or a palette. @param {string} name */
  look(name) {
    const job = this.jobs[name];
    if (job?.state !== "done") return;
    if (job.kind === "palette") this.paletteName = name;
    this.palette.show(this.paletteName, this.jobs[this.paletteName] ?? null);
    this.stand.show(name, job);
  }

  /** @param {import("./stand.js").Playing} playing */
  showPlaying(playing) {
    this.stand.showPlaying(playing);
    this.palette.showPlaying(this.stand.playing ?? playing);
    if (playing.on && playing.tune !== this.stand.name) this.look(playing.tune);
    this.#mark();
  }

  #mark() {
    for (const [name, row] of this.rows) row.mark(name === this.stand.name, Boolean(this.stand.playing?.on) && this.stand.playing?.tune === name);
  }
}

/** One row of the list. */
class TuneRow {
  /** @param {string} name its job @param {Tunes} tunes */
  constructor(name, tunes) {
    this.name = name;
    /** @type {Job | null} */
    this.job = null;
    this.play = button("play", "");
    this.title = made("span.name");
    this.about = made("span.about");
    this.look = button("look", "");
    this.look.append(this.title, this.about);
    this.end = button("end", "×");
    this.bar = document.createElement("progress");
    this.element = made("li.tune", this.play, this.look, this.end, this.bar);
    this.play.addEventListener("click", () => {
      if (this.play.ariaPressed === "true") tunes.link.send("stop_tune");
      else {
        tunes.look(name);
        tunes.stand.begin(name);
      }
    });
    this.look.addEventListener("click", () => tunes.look(name));
    this.end.addEventListener("click", () => tunes.link.send(this.isOver ? "forget" : "cancel", { job: name }));
  }

  get isOver() {
    return !["waiting", "running"].includes(this.job?.state ?? "");
  }

  /** @param {Job} job */
  show(job) {
    this.job = job;
    const { state, result } = job;
    const title = String(result.title ?? job.title);
    this.element.dataset.state = state;
    this.title.textContent = job.kind === "palette" ? `Palette: ${job.title}` : title;
    this.about.textContent = state === "done" ? said(job) : state === "failed" ? `failed: ${job.says}` : state === "cancelled" ? "cancelled" : `${job.says || "waits"} · ${lasting(job.seconds)}`;
    this.bar.hidden = this.isOver;
    this.bar.setAttribute("aria-label", `How far ${title} is`);
    this.play.disabled = this.look.disabled = state !== "done";
    this.play.setAttribute("aria-label", `Play ${title}`);
    this.end.title = this.isOver ? "Remove" : "Cancel";
    this.end.setAttribute("aria-label", `${this.end.title} ${title}`);
  }

  /** @param {boolean} isSeen @param {boolean} isOn */
  mark(isSeen, isOn) {
    this.play.setAttribute("aria-pressed", String(isOn));
    if (isSeen) this.look.setAttribute("aria-current", "true");
    else this.look.removeAttribute("aria-current");
  }
}

/** @param {Job} job which is done */
function said({ kind, result }) {
  if (kind === "palette") return `${counted(Number(result.loops), "loop")} between ${/** @type {string[]} */ (result.titles).length} tunes`;
  const form = String(result.form ?? "");
  return [result.key, result.metre, form.length > 1 ? form : "", counted(Number(result.bars), "bar")].filter(Boolean).join(" · ");
}

const anySeed = () => Math.floor(Math.random() * MOST_SEED);
