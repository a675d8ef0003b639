/**
 * A sheet: a tune to look at while it plays, engraved, or as a roll of its notes. What sounds is marked and scrolled to.
 *
 *     const sheet = new Sheet(element);                       element scrolls, and says by its label what it shows
 *     sheet.show({ notes: [[0, 0.5, 62]], bars: [[0, "1"]] })  a roll; with `engraved` a sheet of music
 *     sheet.follow(0.7)                                       what sounds now; null: nothing
 *
 * @typedef {import("./roll.js").Note} Note
 * @typedef {{
 *   widths: number[], address: (width: number) => string,
 *   order: [at: number, bar: number][], written: [id: string, at: number, length: number][][] }} Engraved
 *   sheets of some widths in pixels; which bar begins when, as played; and what stands in each bar
 * @typedef {{ notes: Note[], bars?: [at: number, text: string][], length?: number, engraved?: Engraved | null }} Shown
 */
import { engraving } from "./engraving.js";
import { Roll } from "./roll.js";
import { calm } from "./theme.js";

const LARGEST = 1.5; // how much a sheet is enlarged to fill the width
const NOT_LESS = 0.85; // of its size, before a narrower one is taken

export class Sheet {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.roll = new Roll(element);
    /** @type {Shown | null} */
    this.shown = null;
    this.wantsRoll = false;
    this.width = 0; // of the engraving that is shown
    /** @type {Map<string, Element>} */
    this.marks = new Map();
    /** @type {Element[]} */
    this.marked = [];
    /** @type {Element | null} */
    this.system = null;
    this.position = /** @type {number | null} */ (null);
    this.number = 0; // of requests, so that an old answer is known
    this.prefix = `sheet-${Math.random().toString(36).slice(2, 8)}-`;
    new ResizeObserver(() => void this.#fit()).observe(element);
  }

  /** Whether there is an engraving to choose. */
  get isEngraved() {
    return Boolean(this.shown?.engraved?.widths.length);
  }

  /** @param {Shown} shown */
  show(shown) {
    this.shown = shown;
    this.element.scrollTop = 0;
    this.#render();
  }

  /** Show the roll, or the engraving where there is one. @param {boolean} asRoll */
  choose(asRoll) {
    this.wantsRoll = asRoll;
    this.#render();
  }

  clear() {
    this.shown = null;
    this.number += 1;
    this.roll.hide();
    this.#forget();
    this.element.replaceChildren();
  }

  /** @param {number | null} position in the unit of the notes */
  follow(position) {
    this.position = position;
    if (this.roll.isShown) this.roll.follow(position);
    else this.#mark(position);
  }

  #render() {
    if (!this.shown) return;
    this.#forget();
    const { notes, bars = [], length } = this.shown;
    if (this.isEngraved && !this.wantsRoll) {
      this.roll.hide();
      void this.#fit();
    } else {
      this.number += 1;
      this.roll.show(notes, { bars: bars.map(([at, text]) => ({ at, text })), length });
      this.roll.follow(this.position);
    }
  }

  #forget() {
    this.width = 0;
    this.marks.clear();
    this.marked = [];
    this.system = null;
  }

  /** Have the sheet that fits the width, if another one is shown. */
  async #fit() {
    const engraved = this.shown?.engraved;
    const room = this.element.clientWidth;
    if (!engraved?.widths.length || this.wantsRoll || !room) return;
    const fitting = engraved.widths.filter((width) => NOT_LESS * width <= room);
    const width = Math.max(Math.min(...engraved.widths), ...fitting);
    if (width === this.width) return;
    const number = ++this.number;
    this.width = width;
    let text = "";
    try {
      const answer = await fetch(engraved.address(width));
      if (answer.ok) text = await answer.text();
    } catch {
      // the server has gone; the socket says so
    }
    if (number !== this.number) return;
    const drawn = text && engraving(text, this.prefix);
    if (!drawn) {
      engraved.widths = [];
      this.#render();
      return;
    }
    drawn.setAttribute("aria-hidden", "true");
    drawn.classList.add("score");
    drawn.style.maxWidth = `${Math.round(LARGEST * width)}px`;
    this.marks = new Map([...drawn.querySelectorAll("g.note")].map((note) => [note.id.slice(this.prefix.length), note]));
    this.marked = [];
    this.element.replaceChildren(drawn);
    this.#mark(this.position);
  }

  /** @param {number | null} position */
  #mark(position) {
    const sounding = position === null ? [] : this.#soundingAt(position);
    if (sounding.length === this.marked.length && sounding.every((one, k) => one === this.marked[k])) return;
    for (const one of this.marked) one.classList.remove("sounding");
    for (const one of sounding) one.classList.add("sounding");
    this.marked = sounding;
    const system = sounding[0]?.closest("g.system") ?? null;
    if (!system || system === this.system) return;
    this.system = system;
    if (this.roll.view.mayFollow) this.#scrollTo(system);
  }

  /** @param {number} position @returns {Element[]} */
  #soundingAt(position) {
    const engraved = this.shown?.engraved;
    const pass = engraved?.order.findLast(([at]) => at <= position);
    if (!engraved || !pass) return [];
    const inside = position - pass[0];
    const found = [];
    for (const [id, at, length] of engraved.written[pass[1]] ?? []) {
      const mark = this.marks.get(id);
      if (mark && at <= inside + 1e-9 && inside < at + length - 1e-9) found.push(mark);
    }
    return found;
  }

  /** @param {Element} system */
  #scrollTo(system) {
    const [outer, inner] = [this.element.getBoundingClientRect(), system.getBoundingClientRect()];
    const above = Math.max(8, (outer.height - inner.height) / 3);
    const top = this.element.scrollTop + inner.top - outer.top - above;
    this.element.scrollTo({ top, behavior: calm.matches ? "auto" : "smooth" });
  }
}
