/**
 * The stand: the tune that is looked at, with what plays it and what it can be taken away as. It stands under the pad, so
 * that both are at hand while it plays; pad, rack and knobs act on it like on anything that sounds.
 */
import { about as lasting, clock, counted, size } from "./figures.js";
import { made } from "./list.js";
import { addressOf } from "./listen.js";
import { makeChoice } from "./choice.js";
import { Sheet } from "./sheet.js";
import { keep, kept } from "./theme.js";

const TAKEN = [
  ["abc", "ABC", "for folk tune collections"],
  ["mid", "MIDI", "for whatever plays"],
  ["musicxml", "XML", "MusicXML, for notation programs"],
  ["svg", "SVG", "a picture of it"],
];
const BEATS = /** @type {Record<string, string>} */ ({ "1/4": "♩", "3/8": "♩.", "1/8": "♪" });
const [SLOWEST, FASTEST] = [0.25, 4];
const AFTER_MS = 400; // for what was asked to come back before what the server says is believed again

/**
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Playing} Playing
 * @typedef {{ length: number, bpm: number, beat: string, notes: import("./roll.js").Note[], bars: [number, number][],
 *   numbers: number[], written: [string, number, number][][], widths: number[] }} Page  of a tune, as the server has it
 * @typedef {{ titles: string[], length: number, bar: number, slot: number, bpm: number, beat: string,
 *   cells: import("./roll.js").Note[][][] }} PalettePage
 */

export class Stand extends EventTarget {
  /**
   * @param {HTMLElement} element
   * @param {{ link: import("./socket.js").Link, sound: import("./sound.js").Sound, say: (line: string) => void,
   *   latencyMs: () => number }} around  latencyMs: from the engine to the ear, in ms
   */
  constructor(element, { link, say, latencyMs }) {
    super();
    const find = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
    this.element = element;
    this.link = link;
    this.say = say;
    this.latencyMs = latencyMs;
    this.music = /** @type {HTMLElement} */ (find(".music"));
    this.sheet = new Sheet(this.music);
    this.title = /** @type {HTMLElement} */ (find("h2"));
    this.about = /** @type {HTMLElement} */ (find(".about"));
    this.told = /** @type {HTMLElement} */ (find(".told"));
    this.files = /** @type {HTMLElement} */ (find(".files"));
    this.play = /** @type {HTMLButtonElement} */ (find(".play"));
    this.loop = /** @type {HTMLButtonElement} */ (find(".loop"));
    this.tempo = /** @type {HTMLInputElement} */ (find(".tempo input"));
    this.beat = /** @type {HTMLElement} */ (find(".tempo span"));
    this.wave = /** @type {HTMLButtonElement} */ (find(".wave"));
    this.looks = makeChoice(find(".looks"), (view) => {
      keep("sheet", view);
      this.sheet.choose(view === "roll");
    });
    this.sheet.wantsRoll = kept("sheet") === "roll";
    this.name = ""; // the job of the tune that is shown
    /** @type {Job | null} */
    this.job = null;
    /** @type {Page | PalettePage | null} */
    this.page = null;
    this.loaded = ""; // the job that `page` is of
    this.cell = "";
    /** @type {Playing | null} */
    this.playing = null;
    this.heardAt = 0;
    this.frame = 0;
    this.asked = -Infinity;
    this.#listen(find(".close"));
  }

  get isPalette() {
    return this.job?.kind === "palette";
  }

  /** Whether the tune that is shown is the one that plays. */
  get isOn() {
    return Boolean(this.playing?.on && this.playing.tune === this.name);
  }

  /** @param {HTMLButtonElement} close */
  #listen(close) {
    this.play.addEventListener("click", () => (this.isOn ? this.link.send("stop_tune") : this.begin(this.name)));
    this.loop.addEventListener("click", () => this.way({ loop: !this.playing?.loop }));
    this.tempo.addEventListener("change", () => {
      const bpm = this.page?.bpm ?? 120;
      this.way({ speed: Math.min(Math.max((Number(this.tempo.value) || bpm) / bpm, SLOWEST), FASTEST) });
    });
    this.wave.addEventListener("click", () => this.link.send("render_tune", { tune: this.name, format: "wav" }));
    close.addEventListener("click", () => {
      if (this.isOn) this.link.send("stop_tune");
      this.close();
    });
  }

  /** Play a tune or palette. @param {string} name its job */
  begin(name) {
    if (!name) return;
    if (this.playing?.tune !== name && (this.playing?.speed ?? 1) !== 1) this.way({ speed: 1 });
    this.link.send("play_tune", { tune: name });
  }

  /** How tunes are played from now on. @param {Partial<Playing>} changes */
  way(changes) {
    const { speed = 1, loop = false, change = "bar", together = false } = { ...this.playing, ...changes };
    if (this.playing) this.playing = { ...this.playing, speed, loop, change, together };
    this.asked = performance.now();
    this.link.send("tune_way", { speed, loop, change, together });
    this.#showWay();
  }

  /** Look at a tune. @param {string} name its job @param {Job} job which is done */
  show(name, job) {
    this.element.hidden = false;
    [this.name, this.job] = [name, job];
    keep("tune", name);
    const { title = job.title, key, metre, form, bars, notes, seconds } = /** @type {any} */ (job.result);
    this.title.textContent = this.isPalette ? /** @type {string[]} */ (job.result.titles).join(" · ") : title;
    this.about.textContent = this.isPalette
      ? `palette · ${counted(Number(job.result.loops), "loop")} of two bars`
      : [key, metre, form?.length > 1 ? form : "", counted(bars, "bar"), counted(notes, "note"), clock(seconds)]
          .filter(Boolean)
          .join(" · ");
    const troubles = /** @type {string[]} */ (job.result.troubles ?? []);
    this.told.textContent = troubles.join("; ");
    this.told.hidden = !troubles.length;
    this.music.setAttribute("aria-label", `${this.isPalette ? "Notes of the loop that plays" : "Sheet"}: ${this.title.textContent}`);
    this.loop.hidden = this.wave.hidden = this.isPalette;
    this.#showFiles(job);
    if (this.loaded !== name) void this.#load(name);
    this.#showWay();
    this.dispatchEvent(new Event("show"));
  }

  close() {
    this.element.hidden = true;
    this.name = this.loaded = "";
    this.job = this.page = null;
    this.sheet.clear();
    keep("tune", "");
    this.dispatchEvent(new Event("show"));
  }

  /** @param {string} name */
  async #load(name) {
    this.loaded = name;
    this.cell = "";
    this.page = null;
    this.sheet.clear();
    try {
      const answer = await fetch(addressOf(name, this.isPalette ? "palette.json" : "tune.json"));
      if (!answer.ok) throw new Error();
      const page = await answer.json();
      if (this.loaded !== name) return;
      this.page = page;
    } catch {
      if (this.loaded === name) this.loaded = "";
      return;
    }
    this.#showPage();
    this.#showWay();
    this.#follow();
  }

  #showPage() {
    const { page } = this;
    if (!page) return;
    if ("cells" in page) return this.#showCell();
    const { notes, bars, numbers, length, written, widths } = page;
    const name = this.name;
    this.sheet.show({
      notes,
      length,
      bars: bars.map(([at, bar]) => [at, String(numbers[bar] ?? bar + 1)]),
      engraved: widths.length
        ? { widths, order: bars, written, address: (width) => addressOf(name, `sheet-${width}.svg`) }
        : null,
    });
  }

  /** The loop of the palette that plays. */
  #showCell() {
    if (!this.page || !("cells" in this.page)) return;
    const { cells, bar, length } = this.page;
    const { row = 0, column = 0, tune = "" } = this.playing ?? {};
    const [down, across] = tune === this.name ? [row, column] : [0, 0];
    const cell = `${down} ${across}`;
    if (cell === this.cell) return;
    this.cell = cell;
    const bars = /** @type {[number, string][]} */ ([[0, "1"], [bar, "2"]]);
    this.sheet.show({ notes: cells[down]?.[across] ?? [], bars, length });
  }

  #showWay() {
    const { speed = 1, loop = false } = this.playing ?? {};
    this.play.setAttribute("aria-pressed", String(this.isOn));
    this.play.setAttribute("aria-label", this.isOn ? "Stop the tune" : "Play the tune");
    this.play.title = this.isOn ? "Stop" : "Play it with the sound as it is";
    this.loop.setAttribute("aria-pressed", String(loop));
    const bpm = this.page?.bpm ?? 120;
    this.tempo.min = String(Math.ceil(bpm * SLOWEST));
    this.tempo.max = String(Math.floor(bpm * FASTEST));
    if (document.activeElement !== this.tempo) this.tempo.value = String(Math.round(bpm * speed));
    const beat = this.page?.beat ?? "1/4";
    this.beat.textContent = BEATS[beat] ?? `${beat} =`;
    const choosable = this.sheet.isEngraved && !this.isPalette;
    this.looks.offer(choosable ? [{ value: "score", text: "score" }, { value: "roll", text: "roll" }] : []);
    this.looks.show(this.sheet.wantsRoll ? "roll" : "score");
  }

  /** @param {Job} job */
  #showFiles(job) {
    const links = this.isPalette ? [] : TAKEN.map(([ending, text, says]) => {
      const file = job.files.find(({ name }) => name.endsWith(`.${ending}`) && !name.startsWith("sheet-"));
      if (!file) return null;
      const link = made("a.button", text);
      link.setAttribute("href", addressOf(this.name, file.name, true));
      link.setAttribute("download", file.name);
      link.setAttribute("aria-label", `Download as ${text}, ${size(file.bytes)}`);
      link.title = `Download ${file.name}: ${says}`;
      return link;
    });
    this.files.replaceChildren(...links.filter((link) => link !== null));
  }

  /** The sound file of the tune that is shown, while it is made and when it is there. @param {Record<string, Job>} jobs */
  showJobs(jobs) {
    const [name, song] = Object.entries(jobs).findLast(([, one]) => one.kind === "song" && one.about.tune === this.name) ?? ["", null];
    const isBusy = song?.state === "running" || song?.state === "waiting";
    this.wave.disabled = isBusy;
    const left = song?.total ? Math.round((100 * song.done) / song.total) : 0;
    const text = isBusy ? `WAV ${left} %` : song?.state === "done" ? "WAV again" : "WAV …";
    if (this.wave.textContent !== text) this.wave.textContent = text;
    this.wave.title = isBusy ? `rendering, for ${lasting(song?.seconds ?? 0)}` : "Have the sound as it is play it into a file";
    const file = song?.state === "done" ? song.files.find(({ name: one }) => one.endsWith(".wav")) : null;
    let link = /** @type {HTMLAnchorElement | null} */ (this.files.querySelector(".heard"));
    if (!file) return link?.remove();
    if (link?.dataset.job === name) return;
    link?.remove();
    link = /** @type {HTMLAnchorElement} */ (made("a.button", "WAV"));
    link.classList.add("heard");
    link.dataset.job = name;
    link.href = addressOf(name, file.name, true);
    link.download = file.name;
    link.setAttribute("aria-label", `Download as WAV, ${size(file.bytes)}`);
    this.files.append(link);
  }

  /** @param {Playing} playing */
  showPlaying(playing) {
    const isOwn = performance.now() - this.asked < AFTER_MS && this.playing;
    const { speed, loop, change, together } = isOwn ? /** @type {Playing} */ (this.playing) : playing;
    this.playing = { ...playing, speed, loop, change, together };
    this.heardAt = performance.now();
    if (this.isPalette) this.#showCell();
    this.#showWay();
    if (!this.frame) this.#follow();
  }

  #follow() {
    this.frame = 0;
    const { playing, page } = this;
    if (!playing || !page || !this.isOn) return this.sheet.follow(null);
    const seconds = (performance.now() - this.heardAt - this.latencyMs()) / 1000;
    const at = playing.at + Math.min(seconds, 1) * playing.speed;
    const goesRound = playing.loop || this.isPalette;
    this.sheet.follow(goesRound ? ((at % page.length) + page.length) % page.length : Math.max(0, at));
    this.frame = requestAnimationFrame(() => this.#follow());
  }
}
