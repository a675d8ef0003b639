/**
 * Translate: a tune that is recorded, dropped or opened is heard, shown, and played by what stands on the pad.
 *
 *     Record, Open, drop --> POST /api/phrases --> jobs (progress) --> phrases --> picture, notes, files
 *     play, options, live input --> socket --> translation (what plays, and where it is)
 */
import { makeChoice } from "./choice.js";
import { clock, counted } from "./figures.js";
import { chooser, filesOf, sent } from "./files.js";
import { JobList } from "./job-row.js";
import { keyName } from "./keys.js";
import { button, made } from "./list.js";
import { Listener } from "./listen.js";
import { LiveInput } from "./live-input.js";
import { CLOSER, PhraseView } from "./phrase-view.js";
import { RecorderLine } from "./recorder-line.js";
import { keep, kept } from "./theme.js";

const ENDINGS = [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".phrase"];
const MOST_BYTES = 64 << 20;
const LONGEST_SECONDS = 300; // of what is recorded here
const RECORDED = "tune.wav";
const [PHRASE, RENDERED] = ["phrase", "translation"]; // kinds of jobs
const TONICS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const KINDS = ["major", "minor", "dorian", "mixolydian", "harmonic-minor", "pentatonic", "minor-pentatonic", "blues", "whole-tone"];
const ANY = "";
const CHROMATIC = "chromatic";
const HEARS = [
  { value: "source", text: "Source", says: "What was sung or played" },
  { value: "both", text: "Both" },
  { value: "translation", text: "Translation", says: "What stands on the pad, playing it" },
];
const KNOBS = [
  { name: "follow", high: 1, reset: 1, says: "How closely pitch and level follow the source" },
  { name: "dynamics", high: 2, reset: 1, says: "How much of the source's dynamics is kept; 1 all" },
  { name: "expression", high: 1, reset: 0, says: "How much of the source's breath goes into the noise of what plays it" },
];

/**
 * @typedef {import("./types.js").Phrase} Phrase
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Translation} Translation
 * @typedef {import("./types.js").TranslateOptions} Options
 * @typedef {import("./knobs.js").Knob} Knob
 */

const NUMBERS = /** @type {const} */ (["transpose", "gate", "residual"]);
const TICKS = /** @type {const} */ (["as_notes", "octaves", "several", "rest"]);

export class Translate {
  /**
   * @param {HTMLElement} tray @param {HTMLElement} below the picture, and what plays it @param {HTMLElement} tab
   * @param {{ link: import("./socket.js").Link, say: (line: string) => void, pageMs: () => number }} around
   */
  constructor(tray, below, tab, { link, say, pageMs }) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (tray.querySelector(selector) ?? below.querySelector(selector));
    this.tray = tray;
    this.below = below;
    this.tab = tab;
    this.link = link;
    this.say = say;
    this.find = find;
    this.recorder = new RecorderLine(tray, {
      longest: LONGEST_SECONDS,
      idle: "Record a tune",
      begun: "Recording: one voice, up to five minutes",
      nothing: "Nothing was recorded: wait until the time runs, then hum or play.",
      time: clock,
      take: (recorded) => void this.#send(recorded, RECORDED),
      say,
    });
    this.view = new PhraseView(find(".picture"));
    this.live = new LiveInput(find(".live"), { link, say, pageMs });
    this.rendered = new JobList(find(".rendered"), [RENDERED], { link, listener: new Listener(say) });
    /** @type {Record<string, Phrase>} */
    this.phrases = {};
    this.chosen = "";
    this.shown = ""; // whose picture is drawn
    /** @type {Set<string>} phrases that this page has sent: the newest is shown when it comes */
    this.sent = new Set();
    /** @type {Translation | null} */
    this.now = null;
    this.toldAt = 0;
    this.hasLooked = false; // for inputs
    this.frame = 0;
    this.list = makeChoice(find(".tunes-heard .list"), (name) => this.#choose(name));
    this.hears = makeChoice(find(".hears"), (hears) => this.#set({ hears: /** @type {Options["hears"]} */ (hears) }));
    this.hears.offer(HEARS);
    /** @type {Knob[]} */
    this.knobs = [];
    this.#offer(find("[name=tonic]"), find("[name=kind]"), find(".how .knobs"));
    this.#listen();
    this.#takeFiles();
    this.#showWhere();
    link.hear("phrases", ({ phrases }) => this.#showPhrases(phrases));
    link.hear("translation", (now) => this.#showNow(now));
    link.hear("jobs", ({ jobs }) => this.#showJobs(jobs));
  }

  // What the player does.

  #listen() {
    const { find, link } = this;
    find("#phrase .play").addEventListener("click", () => this.#play());
    find(".again").addEventListener("click", () => this.#set({ loop: !this.now?.options.loop }));
    find(".render").addEventListener("click", () => link.send("take_phrase", { phrase: this.chosen, format: find("[name=phrase-format]").value }));
    find(".taken .remove").addEventListener("click", () => link.send("remove_phrase", { phrase: this.chosen }));
    const [closer, wider] = [find(".closer"), find(".wider")];
    closer.addEventListener("click", () => this.view.zoom(CLOSER));
    wider.addEventListener("click", () => this.view.zoom(1 / CLOSER));
    this.view.addEventListener("zoom", () => {
      const can = this.view.canZoom;
      [closer.disabled, wider.disabled] = [!can.closer, !can.wider];
    });
    this.view.addEventListener("seek", (event) => {
      if (this.isPlaying) this.#playFrom(/** @type {CustomEvent} */ (event).detail);
      this.#showTime();
    });
    const format = find("[name=phrase-format]");
    format.value = kept(format.name) ?? format.value;
    format.addEventListener("change", () => keep(format.name, format.value));
    for (const name of NUMBERS) {
      /** @type {HTMLInputElement} */
      const field = find(`[name=${name}]`);
      field.addEventListener("change", () => {
        this.#set({ [name]: Math.min(Math.max(field.valueAsNumber || 0, Number(field.min)), Number(field.max)) });
      });
    }
    for (const name of TICKS) {
      find(`[name=${name}]`).addEventListener("change", (/** @type {Event} */ { target }) =>
        this.#set({ [name]: /** @type {HTMLInputElement} */ (target).checked }),
      );
    }
    new MutationObserver(() => this.#showWhere()).observe(this.tab, { attributeFilter: ["aria-selected"] });
  }

  /** What there is to choose from. @param {HTMLSelectElement} tonic @param {HTMLSelectElement} kind @param {HTMLElement} knobs */
  #offer(tonic, kind, knobs) {
    tonic.append(new Option("as it is", ANY), new Option("keys", CHROMATIC), ...TONICS.map((one) => new Option(one.replace("b", "♭").replace("#", "♯"), one)));
    kind.append(...KINDS.map((one) => new Option(one.replaceAll("-", " "), one)));
    const snap = () => (tonic.value === ANY || tonic.value === CHROMATIC ? tonic.value : `${tonic.value}-${kind.value}`);
    for (const select of [tonic, kind]) select.addEventListener("change", () => this.#set({ snap: snap() }));
    for (const { name, high, reset, says } of KNOBS) {
      const knob = /** @type {Knob} */ (document.createElement("nl-knob"));
      for (const [key, value] of Object.entries({ target: name, label: name, reset: String(reset) })) knob.setAttribute(key, value);
      knobs.append(knob);
      knob.show({ value: reset, low: 0, high, unit: "", says });
      this.knobs.push(knob);
    }
    knobs.addEventListener("turn", (event) => {
      event.stopPropagation(); // no parameter of the patch
      const { target, value, keep: stays } = /** @type {CustomEvent} */ (event).detail;
      if (stays) this.#set({ [target]: value });
    });
  }

  /** @param {Partial<Options>} options */
  #set(options) {
    if (this.now) this.link.send("translate", { ...this.now.options, ...options });
  }

  get isPlaying() {
    return this.now !== null && this.now.phrase !== "" && this.now.phrase === this.chosen;
  }

  #play() {
    if (this.isPlaying) return this.link.send("play_phrase", { phrase: this.chosen, on: false });
    const seconds = this.phrases[this.chosen]?.seconds ?? 0;
    return this.#playFrom(this.view.at < seconds - 0.05 ? this.view.at : 0);
  }

  /** @param {number} seconds */
  #playFrom(seconds) {
    this.link.send("play_phrase", { phrase: this.chosen, at: seconds });
  }

  /** @param {string} name */
  #choose(name) {
    this.chosen = name;
    if (this.now?.phrase && this.now.phrase !== name) this.#playFrom(0);
    this.#showChosen();
  }

  #takeFiles() {
    /** @type {HTMLInputElement} */
    const file = this.find("input[type=file]");
    file.accept = ENDINGS.join();
    chooser(this.find(".open"), file, (files) => void this.#sendAll(files));
    for (const area of [this.tray, this.below]) {
      const mark = (/** @type {boolean} */ on) => area.classList.toggle("over", on);
      area.addEventListener("dragover", (event) => mark(event.dataTransfer?.types.includes("Files") ?? false));
      area.addEventListener("dragleave", (event) => !area.contains(/** @type {Node | null} */ (event.relatedTarget)) && mark(false));
      area.addEventListener("drop", (event) => {
        mark(false);
        const files = filesOf(event).filter(({ name }) => isTune(name));
        if (event.defaultPrevented || !files.length) return;
        event.preventDefault();
        event.stopPropagation(); // it goes on no corner
        void this.#sendAll(files);
      });
    }
  }

  /** @param {File[]} files */
  async #sendAll(files) {
    for (const file of files) await this.#send(file, file.name);
  }

  /** @param {Blob} file @param {string} name */
  async #send(file, name) {
    const tooLarge = "; nsynth-lab translate plays longer ones from a shell";
    const answer = await sent("/api/phrases", file, name, { say: this.say, mostBytes: MOST_BYTES, tooLarge });
    if (!answer) return;
    this.sent.add(answer.phrase);
    if (this.phrases[answer.phrase]) this.#showPhrases(this.phrases);
  }

  // What the server says.

  /** @param {Record<string, Phrase>} phrases */
  #showPhrases(phrases) {
    this.phrases = phrases;
    const names = Object.keys(phrases);
    const come = names.filter((name) => this.sent.delete(name)).at(-1);
    if (come) {
      this.chosen = come;
      this.find(".news").textContent = `${phrases[come].title} has been heard: ${facts(phrases[come])}`;
    } else if (!phrases[this.chosen]) this.chosen = names.at(-1) ?? "";
    this.find(".tunes-heard .list").hidden = !names.length;
    this.list.offer(names.map((name) => ({ value: name, text: `${phrases[name].title} · ${clock(phrases[name].seconds)}`, says: facts(phrases[name]) })));
    this.#showChosen();
  }

  #showChosen() {
    const phrase = /** @type {Phrase | undefined} */ (this.phrases[this.chosen]);
    this.list.show(this.chosen);
    const { find } = this;
    for (const one of [find(".facts"), find(".as-text")]) one.hidden = !phrase;
    find(".facts").textContent = phrase ? [facts(phrase), ...phrase.remarks].join("; ") : "";
    find(".titles .name").textContent = phrase?.title ?? "";
    for (const button of [find("#phrase .play"), find(".render"), find(".taken .remove")]) button.disabled = !phrase;
    for (const button of find(".hears").querySelectorAll("button")) button.disabled = !phrase?.has_sound;
    const address = (/** @type {string} */ file) => `/api/phrases/${this.chosen}/${file}${location.search}`;
    for (const [link, file] of [[find("a.midi"), "notes.mid"], [find("a.kept"), "phrase.phrase"]]) {
      const isThere = phrase && !(phrase.several && link === find("a.kept")); // a .phrase holds one voice
      link.setAttribute("aria-disabled", String(!isThere));
      if (isThere) link.setAttribute("href", address(file));
      else link.removeAttribute("href");
    }
    if (this.shown !== this.chosen) void this.#draw(this.chosen);
    this.#showWhere();
    if (this.now) this.#showNow(this.now);
  }

  /** @param {string} name */
  async #draw(name) {
    this.shown = name;
    this.view.show(null);
    this.#write([]);
    if (!name) return;
    try {
      const answer = await fetch(`/api/phrases/${name}/picture${location.search}`);
      if (!answer.ok || this.shown !== name) return;
      /** @type {import("./types.js").PhrasePicture} */
      const picture = await answer.json();
      if (this.shown !== name) return;
      this.view.show(picture);
      this.#write(picture.notes);
    } catch {
      this.shown = "";
    }
  }

  /** The picture in words: a row for each note. @param {[number, number, number, number][]} notes */
  #write(notes) {
    this.find(".as-text tbody").replaceChildren(
      ...notes.map(([begin, end, pitch, level]) =>
        made("tr", ...[keyName(Math.round(pitch)), `${begin.toFixed(2)} s`, `${end.toFixed(2)} s`, `${Math.round(level)} dB`].map((text) => made("td", text))),
      ),
    );
  }

  /** @param {Translation} now */
  #showNow(now) {
    const before = this.now;
    this.now = now;
    this.toldAt = performance.now();
    const { find } = this;
    if (now.phrase && now.phrase !== before?.phrase && this.phrases[now.phrase] && this.chosen !== now.phrase) {
      this.chosen = now.phrase; // another page plays it
      return this.#showChosen();
    }
    const { options } = now;
    find("#phrase .play").setAttribute("aria-pressed", String(this.isPlaying));
    find("#phrase .play").textContent = this.isPlaying ? "Stop" : "Play";
    find(".again").setAttribute("aria-pressed", String(options.loop));
    this.hears.show(this.phrases[this.chosen]?.has_sound ? options.hears : "translation");
    for (const name of NUMBERS) if (document.activeElement !== find(`[name=${name}]`)) find(`[name=${name}]`).value = String(options[name]);
    for (const name of TICKS) find(`[name=${name}]`).checked = options[name];
    const isSeveral = this.phrases[this.chosen]?.several ?? false;
    find("[name=as_notes]").checked ||= isSeveral;
    find("[name=as_notes]").disabled = isSeveral; // there is no curve to follow
    find("[name=rest]").disabled = !isSeveral;
    find("[name=residual]").disabled = !isSeveral || !options.rest;
    for (const [k, knob] of this.knobs.entries()) {
      const { name, high, says } = KNOBS[k];
      knob.show({ value: /** @type {any} */ (options)[name], low: 0, high, unit: "", says });
    }
    this.#showSnap(options.snap);
    const moved = now.phrase ? now.moved - options.transpose : 0;
    find(".titles .about").textContent = moved ? `${counted(Math.abs(moved) / 12, "octave")} ${moved > 0 ? "up" : "down"}` : "";
    if (before?.phrase && !now.phrase && !this.isPlaying) this.view.goTo(now.at);
    this.live.show(now);
    this.#showWhere();
    if (this.isPlaying) this.#run();
    this.#showTime();
    return undefined;
  }

  /** @param {string} snap */
  #showSnap(snap) {
    const [tonic, kind] = [this.find("[name=tonic]"), this.find("[name=kind]")];
    const [first, ...rest] = snap.split("-");
    const isScale = snap !== ANY && snap !== CHROMATIC;
    tonic.value = isScale ? first : snap;
    if (isScale) kind.value = rest.join("-");
    kind.disabled = !isScale;
  }

  /** Move the place while it plays. */
  #run() {
    if (this.frame) return;
    const step = () => {
      this.frame = 0;
      if (!this.isPlaying || !this.now) return;
      const seconds = this.phrases[this.chosen]?.seconds ?? 0;
      this.view.goTo(Math.min(this.now.at + (performance.now() - this.toldAt) / 1000, seconds));
      this.#showTime();
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  #showTime() {
    const text = `${clock(this.view.at, 1)} / ${clock(this.phrases[this.chosen]?.seconds ?? 0, 1)}`;
    if (this.find(".time").textContent !== text) this.find(".time").textContent = text;
  }

  /** The picture stands under the pad while it is looked at, or played where nothing else stands there. */
  #showWhere() {
    const isOpen = this.tab.getAttribute("aria-selected") === "true";
    const isOn = this.now !== null && this.now.phrase !== "";
    const other = document.getElementById("stand");
    this.below.hidden = !this.phrases[this.chosen] || !(isOpen || (isOn && (!other || other.hidden)));
    if (isOpen && !this.hasLooked) {
      this.hasLooked = true;
      void this.live.look();
    }
  }

  /** @param {Record<string, Job>} jobs */
  #showJobs(jobs) {
    const coming = Object.entries(jobs).filter(([, { kind, state }]) => kind === PHRASE && (state === "waiting" || state === "running"));
    const list = this.find(".coming");
    list.replaceChildren(...coming.map(([name, job]) => this.#coming(name, job)));
    for (const job of Object.values(jobs)) {
      const name = String(job.about.phrase ?? "");
      if (job.kind === PHRASE && job.state === "failed" && this.sent.delete(name)) this.say(`${job.title}: ${job.says}`);
    }
    this.rendered.show(jobs);
  }

  /** One that is being listened to. @param {string} name @param {Job} job */
  #coming(name, job) {
    const bar = document.createElement("progress");
    bar.setAttribute("aria-label", `Listening to ${job.title}`);
    if (job.total) bar.value = Math.min(job.done / job.total, 1);
    const cancel = button("cancel", "Cancel");
    cancel.setAttribute("aria-label", `Cancel ${job.title}`);
    cancel.addEventListener("click", () => this.link.send("cancel", { job: name }));
    const says = job.state === "waiting" ? "waits for its turn" : job.total ? `${job.says} · ${clock(job.done)} of ${clock(job.total)}` : job.says || "begins";
    return made("li", made("span.name", job.title), cancel, made("span.about", says), bar);
  }
}

/** @param {string} name of a file */
const isTune = (name) => ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));

/** In words: how long it is, and which notes it has. @param {Phrase} phrase */
function facts({ seconds, tone_seconds, notes, lowest, highest }) {
  const range = lowest < 0 ? "" : lowest === highest ? ` on ${keyName(lowest)}` : ` from ${keyName(lowest)} to ${keyName(highest)}`;
  return `${seconds.toFixed(1)} s, ${tone_seconds.toFixed(1)} s of it tones; ${counted(notes, "note")}${range}`;
}
