/**
 * The duet: a partner answers what is played, or plays along; both parts are shown on a sheet that writes itself.
 *
 *     Begin, options --> socket --> partner (what it does, the notes of both and those to come) --> sheet, words
 *
 * Whatever can play is a player: keys, MIDI, MPE, and the live input of the tab Translate.
 */
import { makeChoice } from "./choice.js";
import { DuetSheet, PARTNER } from "./duet-sheet.js";
import { clock, counted } from "./figures.js";
import { JobList } from "./job-row.js";
import { keyName } from "./keys.js";
import { Listener } from "./listen.js";
import { keep, kept } from "./theme.js";
import { METRES, MODES, TONICS } from "./tune-terms.js";

const FLAT_KEYS = /, (F major|[DGCF] minor|[A-G](b|♭) )/;
const AFTER_MS = 600; // for what was asked to come back before what the server says is believed again
const MOST_NOTES = 20_000; // that a page remembers
const SAYS = /** @type {Record<string, string>} */ ({
  off: "Play a phrase: when you stop, it is answered in its key, tempo and style.",
  begins: "The partner gets ready …",
  listens: "Play: it listens.",
  thinks: "It waits for the beat …",
  answers: "It answers. A key of yours stops it at its next note.",
  "plays along": "Play: it plays a second voice below yours.",
  "has finished": "It has had all its turns.",
});

/**
 * @typedef {import("./types.js").Partner} Partner
 * @typedef {import("./types.js").DuetOptions} Options
 */

export class Duet {
  /**
   * @param {HTMLElement} tray @param {HTMLElement} stand the sheet under the pad @param {HTMLElement} tab
   * @param {{ link: import("./socket.js").Link, say: (line: string) => void, latencyMs: () => number }} around
   *   latencyMs: from the engine to the ear, in ms
   */
  constructor(tray, stand, tab, { link, say, latencyMs }) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (tray.querySelector(selector) ?? stand.querySelector(selector));
    this.link = link;
    this.tab = tab;
    this.stand = stand;
    this.latencyMs = latencyMs;
    this.find = find;
    this.sheet = new DuetSheet(find(".music"));
    this.takes = new JobList(find(".takes"), ["take"], { link, listener: new Listener(say) });
    /** @type {Partner | null} */
    this.now = null;
    /** @type {Options | null} as they were set here last, and are on their way */
    this.own = null;
    this.askedAt = -Infinity;
    this.heardAt = 0;
    this.frame = 0;
    this.turn = -1; // that was said last
    /** @type {import("./duet-sheet.js").Note[]} */
    this.notes = [];
    /** @type {number[]} */
    this.bars = [];
    /** @type {number | null} when the take began, on this page's clock */
    this.takeBegan = null;
    this.part = makeChoice(find(".parts"), (part) => this.#set({ along: part === "along" }));
    this.part.offer([
      { value: "answers", text: "answers", says: "It plays when you have finished a phrase" },
      { value: "along", text: "plays along", says: "A second voice below yours, note for note" },
    ]);
    this.looks = makeChoice(find(".looks"), (look) => {
      keep("duet-sheet", look);
      this.sheet.choose(look === "roll");
    });
    this.looks.offer([{ value: "staves", text: "staves" }, { value: "roll", text: "roll" }]);
    const look = kept("duet-sheet") === "roll" ? "roll" : "staves";
    this.looks.show(look);
    this.sheet.choose(look === "roll");
    this.#fill();
    this.#listen();
    this.#showOptions();
    this.#showDoing();
    link.hear("partner", (now) => this.show(now));
    link.hear("jobs", ({ jobs }) => this.#showJobs(jobs));
  }

  /** Whether there is a duet. */
  get isOn() {
    return Boolean(this.now && this.now.doing !== "off");
  }

  /** As this page has asked for last, or as the server says. @returns {Partial<Options>} */
  get options() {
    const isOwn = performance.now() - this.askedAt < AFTER_MS && this.own;
    return { ...(isOwn || this.now?.options) };
  }

  #fill() {
    const { find } = this;
    find("[name=metre]").append(...METRES.map((metre) => new Option(metre, metre)));
    find("[name=tonic]").append(...TONICS.map(({ value, text }) => new Option(text, value)));
    find("[name=mode]").append(...MODES.map((mode) => new Option(mode, mode)));
    find(".midi").href = `/api/duet.mid${location.search}`;
  }

  #listen() {
    const { find, link } = this;
    find(".begin").addEventListener("click", () => this.#send({}, !this.isOn));
    find(".close").addEventListener("click", () => {
      this.stand.hidden = true;
      find(".begin").focus();
    });
    find("[name=answer]").addEventListener("change", () => this.#set({ answer: find("[name=answer]").value }));
    for (const name of ["close", "free"]) {
      find(`[name=${name}]`).addEventListener("input", () => this.#showShare(name));
      find(`[name=${name}]`).addEventListener("change", () => this.#set({ [name]: find(`[name=${name}]`).valueAsNumber }));
    }
    for (const name of ["lead", "loose"]) {
      find(`[name=${name}]`).addEventListener("change", () => this.#set({ [name]: find(`[name=${name}]`).checked }));
    }
    for (const [name, most] of /** @type {[string, number][]} */ ([["turns", 999], ["seed", 99_999]])) {
      find(`[name=${name}]`).addEventListener("change", () => this.#set({ [name]: Math.round(within(find(`[name=${name}]`).valueAsNumber, most)) }));
    }
    find("[name=bpm]").addEventListener("change", () => {
      const bpm = within(find("[name=bpm]").valueAsNumber, 400);
      this.#set({ bpm: bpm && Math.max(bpm, 20) });
    });
    find("[name=metre]").addEventListener("change", () => this.#set({ metre: find("[name=metre]").value }));
    for (const name of ["tonic", "mode"]) {
      find(`[name=${name}]`).addEventListener("change", () => {
        const tonic = find("[name=tonic]").value;
        this.#set({ key: tonic && `${tonic} ${find("[name=mode]").value}` });
      });
    }
    find(".record").addEventListener("click", () => link.send("record", { on: this.takeBegan === null, format: "wav" }));
    setInterval(() => this.takeBegan !== null && this.#showTake(), 250);
    new MutationObserver(() => this.#showWhere()).observe(this.tab, { attributeFilter: ["aria-selected"] });
  }

  /** Change options, of the duet that goes on or of the next one. @param {Partial<Options>} changes */
  #set(changes) {
    this.#send(changes, this.isOn);
  }

  /** @param {Partial<Options>} changes @param {boolean} on */
  #send(changes, on) {
    const options = /** @type {Options} */ ({ ...this.options, ...changes });
    if (options.along) [options.lead, options.turns] = [false, 0];
    this.own = options;
    this.askedAt = performance.now();
    this.link.send("duet", { ...options, on });
    this.#showOptions();
  }

  /** What there is to play for the partner. @param {import("./types.js").Instrument[]} instruments @param {import("./types.js").Preset[]} presets */
  showSounds(instruments, presets) {
    const select = /** @type {HTMLSelectElement} */ (this.find("[name=answer]"));
    const group = (/** @type {string} */ label, /** @type {[string, string][]} */ rows) => {
      const made = Object.assign(document.createElement("optgroup"), { label });
      made.append(...rows.map(([text, value]) => new Option(text, value)));
      return made;
    };
    select.replaceChildren(
      new Option("what you play", ""),
      group("Instruments", instruments.map(({ name }) => [name, name])),
      group("Presets", presets.map(({ key, name }) => [name, key])),
    );
    this.#showOptions();
  }

  // What the server says.

  /** @param {Partner} now */
  show(now) {
    const wasOn = this.isOn;
    this.now = now;
    this.heardAt = performance.now();
    const before = this.notes.slice(0, now.first);
    this.notes = [...before, ...now.notes].slice(-MOST_NOTES);
    this.#showBars(now);
    this.sheet.show({ notes: this.notes, coming: now.coming, bars: this.bars, flats: FLAT_KEYS.test(now.heard) });
    if (this.isOn && !wasOn) this.#begun();
    this.#showOptions();
    this.#showDoing();
    this.#announce(now);
    if (!this.frame) this.#follow();
  }

  #begun() {
    this.turn = -1;
    this.stand.hidden = false;
    this.sheet.view.touchedAt = -Infinity;
  }

  /** Bar lines of all answers so far; of one that was stopped, as far as it came. @param {Partner} now */
  #showBars({ at, bars, coming, notes, first }) {
    if (!first && !notes.length && !coming.length) this.bars = [];
    const until = coming.length ? Infinity : at;
    const begin = bars[0] ?? Infinity;
    this.bars = [...this.bars.filter((one) => one < begin - 0.01), ...bars.filter((one) => one < until + 0.25)];
  }

  /** Say an answer that begins, once. @param {Partner} now */
  #announce({ turn, doing, heard, notes, coming, late }) {
    if (doing !== "answers" || turn === this.turn) return;
    this.turn = turn;
    const last = notes.findLastIndex(([, , , part]) => part !== PARTNER);
    const own = [...notes.slice(last + 1), ...coming].map(([, , key]) => keyName(key)).join(" ");
    this.find(".heard").textContent = `${heard}${late ? ` · ${counted(late, "answer")} late` : ""}`;
    this.find(".words").textContent = own;
    this.find(".news").textContent = `Answer ${turn}: ${own}`;
  }

  #showDoing() {
    const { find, isOn } = this;
    const doing = this.now?.doing ?? "off";
    const begin = find(".begin");
    const turn = this.now?.turn ?? 0;
    begin.setAttribute("aria-pressed", String(isOn));
    setText(begin, isOn ? "End the duet" : "Begin a duet");
    setText(find(".doing"), SAYS[doing] ?? doing);
    setText(find(".about"), isOn ? [doing, turn ? counted(turn, "answer") : ""].filter(Boolean).join(" · ") : "ended");
    this.tab.dataset.busy = isOn ? "on" : "";
    this.tab.setAttribute("aria-label", isOn ? "Duet, goes on" : "Duet");
    const hasTake = this.notes.length > 0;
    find(".midi").setAttribute("aria-disabled", String(!hasTake));
    find(".midi").tabIndex = hasTake ? 0 : -1;
    this.#showWhere();
  }

  /** The sheet is shown as long as a duet goes on, and with the tab. */
  #showWhere() {
    if (this.tab.ariaSelected === "true") this.stand.hidden = !this.isOn && !this.notes.length;
    else if (!this.isOn) this.stand.hidden = true;
  }

  #showOptions() {
    const { find } = this;
    const { along = false, answer = "", close = 0.3, free = 1, lead = false, loose = false, turns = 0, bpm = 0, metre = "", key = "", seed = 0 } = this.options;
    this.part.show(along ? "along" : "answers");
    const [tonic, mode = "major"] = key.split(" ");
    const fields = { answer, close, free, turns, bpm: bpm || "", metre, tonic, mode, seed };
    for (const [name, value] of Object.entries(fields)) {
      if (document.activeElement !== find(`[name=${name}]`)) find(`[name=${name}]`).value = String(value);
    }
    find("[name=lead]").checked = lead;
    find("[name=loose]").checked = loose;
    find("[name=mode]").disabled = !tonic;
    for (const name of ["close", "free", "turns", "lead", "loose", "bpm", "metre", "seed"]) find(`[name=${name}]`).disabled = along;
    for (const name of ["close", "free"]) this.#showShare(name);
  }

  /** @param {string} name of a slider */
  #showShare(name) {
    const slider = this.find(`[name=${name}]`);
    const text = Number(slider.value).toFixed(1);
    slider.setAttribute("aria-valuetext", text);
    setText(this.find(`.of-${name}`), text);
  }

  /** @param {Record<string, import("./types.js").Job>} jobs */
  #showJobs(jobs) {
    const ours = this.takes.show(jobs);
    const take = ours.find(([, { state }]) => state === "running");
    this.takeBegan = take ? performance.now() - 1000 * take[1].seconds : null;
    this.#showTake();
  }

  #showTake() {
    const button = this.find(".record");
    button.setAttribute("aria-pressed", String(this.takeBegan !== null));
    setText(button.querySelector("span"), this.takeBegan === null ? "Record" : `Stop · ${clock((performance.now() - this.takeBegan) / 1000)}`);
  }

  #follow() {
    this.frame = 0;
    if (!this.now || !this.isOn || this.now.doing === "begins") return this.sheet.follow(null);
    const past = Math.min((performance.now() - this.heardAt) / 1000, 2);
    this.sheet.follow(Math.max(0, this.now.at + past - this.latencyMs() / 1000));
    this.frame = requestAnimationFrame(() => this.#follow());
  }
}

/** @param {number} value @param {number} most */
const within = (value, most) => Math.min(Math.max(value || 0, 0), most);

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
