/**
 * A piano roll: notes as bars over time. The first part is filled, the others are outlined. Times may be in any unit, as
 * long as it is the same for all of them.
 */
import { cleared, ScrolledCanvas } from "./canvas.js";
import { keyName } from "./keys.js";
import { colour } from "./theme.js";

/** @typedef {[at: number, length: number, key: number, part?: number]} Note  when, how long, MIDI note number, whose */

const AROUND = 2; // semitones above the highest and below the lowest
const MARGIN = { left: 30, right: 16, top: 16, bottom: 8 };
const THICKEST = 14;
const LEAST_SCALE = 60; // pixels to a unit of time
const PLAYHEAD = 0.35; // of what is seen
const LEAST_RANGE = 12;

export class Roll {
  /** @param {HTMLElement} element holds the canvas, and scrolls */
  constructor(element) {
    this.element = element;
    this.view = new ScrolledCanvas(element, () => this.#draw());
    /** @type {Note[]} */
    this.notes = [];
    /** @type {{ at: number, text: string }[]} */
    this.bars = [];
    this.length = 0;
    /** @type {number | null} */
    this.position = null;
    this.isShown = false;
  }

  /** @param {Note[]} notes @param {{ bars?: { at: number, text: string }[], length?: number }} more */
  show(notes, { bars = [], length = 0 } = {}) {
    [this.notes, this.bars] = [notes, bars];
    this.length = Math.max(length, ...notes.map(([at, lasts]) => at + lasts));
    this.position = null;
    this.element.replaceChildren(this.view.spacer);
    this.element.scrollLeft = 0;
    this.isShown = true;
    this.#ask();
  }

  hide() {
    this.isShown = false;
    this.view.spacer.remove();
  }

  /** Mark what sounds there, and scroll to it. @param {number | null} position null: nothing */
  follow(position) {
    if (this.position === position || !this.isShown) return;
    this.position = position;
    if (position !== null && this.view.mayFollow) {
      const wanted = MARGIN.left + position * this.#scale - PLAYHEAD * this.element.clientWidth;
      if (Math.abs(wanted - this.element.scrollLeft) > 1) this.element.scrollLeft = wanted;
    }
    this.#ask();
  }

  get #scale() {
    const room = this.element.clientWidth - MARGIN.left - MARGIN.right;
    return Math.max(LEAST_SCALE, this.length ? room / this.length : 0);
  }

  #ask() {
    if (this.isShown) this.view.ask();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height, scrollLeft } = this.element;
    if (!width || !height || !this.isShown) return;
    const scale = this.#scale;
    const whole = Math.max(width, MARGIN.left + this.length * scale + MARGIN.right);
    this.view.spacer.style.width = `${Math.min(whole, 4e6)}px`;
    const { canvas } = this.view;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const { context } = cleared(canvas);
    const x = (/** @type {number} */ at) => MARGIN.left + at * scale - scrollLeft;
    this.#drawBars(context, x, width, height);
    this.#drawNotes(context, x, width, height);
    if (this.position !== null) {
      context.fillStyle = colour("accent");
      context.fillRect(x(this.position) - 0.75, 0, 1.5, height);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {(at: number) => number} x @param {number} width @param {number} height */
  #drawBars(context, x, width, height) {
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    let free = -Infinity;
    for (const { at, text } of this.bars) {
      const left = Math.round(x(at)) + 0.5;
      if (left < -40 || left > width) continue;
      context.fillStyle = colour("line");
      context.fillRect(left, 0, 1, height);
      if (left < free) continue;
      context.fillStyle = colour("soft");
      context.fillText(text, left + 4, 11);
      free = left + 10 + context.measureText(text).width;
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {(at: number) => number} x @param {number} width @param {number} height */
  #drawNotes(context, x, width, height) {
    const keys = this.notes.map(([, , key]) => key);
    let [low, high] = keys.length ? [Math.min(...keys), Math.max(...keys)] : [60, 60];
    const more = Math.max(0, LEAST_RANGE - (high - low)) / 2;
    [low, high] = [Math.floor(low - more) - AROUND, Math.ceil(high + more) + AROUND];
    const room = height - MARGIN.top - MARGIN.bottom;
    const step = room / (high - low + 1);
    const thick = Math.max(3, Math.min(THICKEST, step - 1));
    const y = (/** @type {number} */ key) => MARGIN.top + (high - key + 0.5) * step;
    context.textAlign = "right";
    for (let key = Math.ceil(low / 12) * 12; key <= high; key += 12) {
      context.fillStyle = colour("line");
      context.fillRect(MARGIN.left, y(key), width, 1);
      context.fillStyle = colour("soft");
      context.fillText(keyName(key), MARGIN.left - 6, y(key) + 4);
    }
    for (const [at, lasts, key, part = 0] of this.notes) {
      const [left, right] = [x(at), x(at + lasts)];
      if (right < 0 || left > width) continue;
      const sounds = this.position !== null && at <= this.position && this.position < at + lasts;
      context.beginPath();
      context.roundRect(left + 0.5, y(key) - thick / 2, Math.max(2, right - left - 1.5), thick, Math.min(3, thick / 2));
      context.fillStyle = context.strokeStyle = colour(sounds ? "accent" : "ink");
      context.globalAlpha = sounds ? 1 : 0.72;
      context.lineWidth = 1.5;
      if (part === 0 || sounds) context.fill();
      if (part > 0) context.stroke();
      context.globalAlpha = 1;
    }
  }
}
