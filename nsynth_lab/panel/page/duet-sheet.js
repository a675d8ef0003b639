/**
 * A sheet that writes itself: the notes of two players as they are played, and those to come, on staves or as a roll.
 *
 * Time goes from left to right, as it was played. The player's stems go up and the partner's down, as of two voices on one
 * staff; what is to come is outlined.
 *
 *     const sheet = new DuetSheet(element);                  element scrolls
 *     sheet.show({ notes: [[0, 0.5, 62, 0]], coming: [[1, 0.5, 64]], bars: [1, 3], flats: false })
 *     sheet.follow(0.7)                                      what sounds now; null: nothing
 */
import { cleared, ScrolledCanvas } from "./canvas.js";
import { keyName } from "./keys.js";
import { colour } from "./theme.js";

/** @typedef {[at: number, length: number, key: number, part: number]} Note  in seconds; 0 s long while it sounds */
/** @typedef {{ notes: Note[], coming: [number, number, number][], bars: number[], flats: boolean }} Shown */
/** @typedef {{ at: number, end: number, key: number, part: number, comes: boolean }} Drawn */
/** @typedef {{ context: CanvasRenderingContext2D, x: (seconds: number) => number, width: number, height: number }} Paper */

const SECOND_PX = 84;
const MARGIN = { left: 40, right: 48, top: 20, bottom: 12 };
const NOW = 0.5; // of what is seen
const SHARPS = [0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6]; // the line of each key of an octave, spelt with sharps
const FLATS = [0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6];
const BLACK = [1, 3, 6, 8, 10];
const TREBLE = [30, 32, 34, 36, 38]; // lines, counted in steps of the scale of C from C0 on
const BASS = [18, 20, 22, 24, 26];
const MIDDLE = 60; // from here on notes stand in the treble
const [THINNEST, THICKEST] = [2.2, 8]; // pixels of half the way from line to line
const STEM = 6; // in steps
const LEAST_RANGE = 14; // semitones of a roll
export const PARTNER = 1;

export class DuetSheet {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.view = new ScrolledCanvas(element, () => this.#draw());
    element.append(this.view.spacer);
    /** @type {Shown} */
    this.shown = { notes: [], coming: [], bars: [], flats: false };
    this.isRoll = false;
    /** @type {number | null} */
    this.now = null;
  }

  /** @param {Shown} shown */
  show(shown) {
    this.shown = shown;
    this.view.ask();
  }

  /** @param {boolean} asRoll otherwise on staves */
  choose(asRoll) {
    this.isRoll = asRoll;
    this.view.ask();
  }

  /** @param {number | null} now in seconds */
  follow(now) {
    if (this.now === now) return;
    this.now = now;
    this.view.ask();
  }

  /** Everything that is seen, the partner's over the player's. @returns {Drawn[]} */
  get #notes() {
    const now = this.now ?? Infinity;
    const played = this.shown.notes.map(([at, length, key, part]) => ({
      at, key, part, end: length ? at + length : Math.max(at, Number.isFinite(now) ? now : at), comes: false,
    })); // prettier-ignore
    const coming = this.shown.coming.map(([at, length, key]) => ({ at, key, part: PARTNER, end: at + length, comes: true }));
    return [...played, ...coming];
  }

  #draw() {
    const { element } = this;
    const { canvas, spacer } = this.view;
    const [width, height] = [element.clientWidth, element.clientHeight];
    if (!width || !height) return;
    const all = this.#notes;
    const last = all.reduce((most, { end }) => Math.max(most, end), this.now ?? 0);
    const ahead = this.now === null ? 0 : this.now * SECOND_PX + (1 - NOW) * width; // so that it can be scrolled to
    spacer.style.width = `${Math.max(width, MARGIN.left + Math.max(last * SECOND_PX + MARGIN.right, ahead))}px`;
    if (this.now !== null && this.view.mayFollow) {
      const wanted = MARGIN.left + this.now * SECOND_PX - NOW * width;
      if (Math.abs(wanted - element.scrollLeft) > 1) element.scrollLeft = wanted;
    }
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const { context } = cleared(canvas);
    const { scrollLeft } = element;
    const paper = { context, width, height, x: (/** @type {number} */ seconds) => MARGIN.left + seconds * SECOND_PX - scrollLeft };
    const seen = all.filter(({ at, end }) => paper.x(end) > 0 && paper.x(at) < width);
    const around = all.length > 400 ? seen : all; // what the height is made for; a long duet is not all shown at once
    if (this.isRoll) this.#drawRoll(paper, seen, around);
    else this.#drawStaves(paper, seen, around);
    if (this.now !== null) {
      context.fillStyle = colour("accent");
      context.fillRect(paper.x(this.now) - 0.75, 0, 1.5, height);
    }
  }

  /** @param {Paper} paper @param {number} top @param {number} bottom */
  #drawBars({ context, x }, top, bottom) {
    context.fillStyle = colour("soft");
    for (const at of this.shown.bars) context.fillRect(Math.round(x(at)) - 4, top, 1, bottom - top); // before its first note
  }

  /** @param {Paper} paper @param {Drawn[]} seen @param {Drawn[]} all */
  #drawStaves(paper, seen, all) {
    const { context, width, height, x } = paper;
    const steps = all.map(({ key }) => stepOf(key, this.shown.flats));
    const keys = all.map(({ key }) => key);
    const lines = [...(keys.some((key) => key < MIDDLE) ? BASS : []), ...(!keys.length || keys.some((key) => key >= MIDDLE) ? TREBLE : [])];
    const [low, high] = [Math.min(...steps, ...lines) - 3, Math.max(...steps, ...lines) + 3];
    const step = Math.min(Math.max((height - MARGIN.top - MARGIN.bottom) / (high - low), THINNEST), THICKEST);
    const middle = (high + low) / 2;
    const y = (/** @type {number} */ at) => height / 2 + (middle - at) * step;
    context.fillStyle = colour("line");
    for (const line of lines) context.fillRect(0, Math.round(y(line)), width, 1);
    for (const staff of [BASS, TREBLE]) {
      if (lines.includes(staff[0])) this.#drawBars(paper, y(staff[4]), y(staff[0]));
    }
    if (lines.includes(BASS[0]) && lines.includes(TREBLE[0])) this.#drawBars(paper, y(TREBLE[0]), y(BASS[4]));
    for (const note of seen) drawNote(context, note, { x, y, step, lines, flats: this.shown.flats, now: this.now });
    context.fillStyle = colour("raised");
    context.fillRect(0, 0, MARGIN.left - 12, height);
    context.fillStyle = colour("line");
    for (const line of lines) context.fillRect(0, Math.round(y(line)), MARGIN.left - 12, 1);
    context.fillStyle = colour("soft");
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    for (const [line, name] of /** @type {[number, string][]} */ ([[32, "G4"], [24, "F3"]])) {
      if (lines.includes(line)) context.fillText(name, 5, y(line) + 4);
    }
  }

  /** @param {Paper} paper @param {Drawn[]} seen @param {Drawn[]} all */
  #drawRoll(paper, seen, all) {
    const { context, width, height, x } = paper;
    const keys = all.length ? all.map(({ key }) => key) : [MIDDLE];
    let [low, high] = [Math.min(...keys), Math.max(...keys)];
    const more = Math.max(0, LEAST_RANGE - (high - low)) / 2 + 2;
    [low, high] = [Math.floor(low - more), Math.ceil(high + more)];
    const step = (height - MARGIN.top - MARGIN.bottom) / (high - low + 1);
    const thick = Math.max(3, Math.min(14, step - 1));
    const y = (/** @type {number} */ key) => MARGIN.top + (high - key + 0.5) * step;
    this.#drawBars(paper, MARGIN.top, height - MARGIN.bottom);
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    for (let key = Math.ceil(low / 12) * 12; key <= high; key += 12) {
      context.fillStyle = colour("line");
      context.fillRect(MARGIN.left, y(key), width, 1);
      context.fillStyle = colour("soft");
      context.fillText(keyName(key), MARGIN.left - 8, y(key) + 4);
    }
    for (const { at, end, key, part, comes } of seen) {
      ink(context, part);
      context.lineWidth = 1.5;
      context.beginPath();
      context.roundRect(x(at) + 0.5, y(key) - thick / 2, Math.max(3, (end - at) * SECOND_PX - 1.5), thick, Math.min(3, thick / 2));
      if (comes) context.stroke();
      else context.fill();
    }
  }
}

/** The line or space of a key, in steps of the scale of C from C0 on. @param {number} key @param {boolean} flats */
const stepOf = (key, flats) => 7 * (Math.floor(key / 12) - 1) + (flats ? FLATS : SHARPS)[key % 12];

/** @param {CanvasRenderingContext2D} context @param {number} part */
function ink(context, part) {
  context.fillStyle = context.strokeStyle = colour(part === PARTNER ? "accent" : "ink");
}

/**
 * A note on a staff: its head with stem and ledger lines, and a bar as long as it lasts.
 *
 * @param {CanvasRenderingContext2D} context @param {Drawn} note
 * @param {{ x: (seconds: number) => number, y: (step: number) => number, step: number, lines: number[], flats: boolean,
 *   now: number | null }} on
 */
function drawNote(context, { at, end, key, part, comes }, { x, y, step, lines, flats, now }) {
  const place = stepOf(key, flats);
  const [wide, high] = [1.3 * step, 0.95 * step];
  const [left, top] = [x(at) + wide, y(place)];
  const staff = key < MIDDLE && lines.includes(BASS[0]) ? BASS : TREBLE;
  context.fillStyle = colour("soft");
  for (let line = staff[0] - 2; line >= place; line -= 2) context.fillRect(left - 1.8 * wide, Math.round(y(line)), 3.6 * wide, 1);
  for (let line = staff[4] + 2; line <= place; line += 2) context.fillRect(left - 1.8 * wide, Math.round(y(line)), 3.6 * wide, 1);
  ink(context, part);
  const sounds = !comes && now !== null && at <= now && now <= end;
  context.globalAlpha = sounds ? 0.6 : 0.28;
  context.beginPath();
  context.roundRect(left, top - 0.35 * step, Math.max(0, x(end) - left), 0.7 * step, 0.35 * step);
  if (!comes) context.fill();
  context.globalAlpha = 1;
  context.lineWidth = comes ? 1.2 : Math.max(1, 0.22 * step);
  const up = part !== PARTNER;
  const side = up ? left + 0.92 * wide : left - 0.92 * wide;
  context.beginPath();
  context.moveTo(side, top + (up ? -0.2 : 0.2) * step);
  context.lineTo(side, top + (up ? -STEM : STEM) * step);
  context.stroke();
  context.beginPath();
  context.ellipse(left, top, wide, high, -0.35, 0, 2 * Math.PI);
  if (comes) context.stroke();
  else context.fill();
  if (!BLACK.includes(key % 12)) return;
  context.font = `${Math.round(Math.max(10, 3.6 * step))}px "Times New Roman", Georgia, serif`;
  context.textAlign = "right";
  context.fillText(flats ? "♭" : "♯", left - 1.2 * wide, top + 1.2 * step);
}
