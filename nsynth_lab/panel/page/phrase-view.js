/**
 * A phrase as it was heard: its pitch curve and its notes over the spectrum, its level below, and where it is played.
 *
 * Time goes in seconds from left to right, notes go up by name. A click goes there, and so do arrows, Page Up and Down,
 * Home and End. Plus and minus, or the wheel with Ctrl, show less of it larger, and more of it; 0 all of it; the wheel
 * goes along it. Events: `seek` (detail: seconds), and `zoom` when another part of it is shown.
 */
import { keyName, pitchName } from "./keys.js";
import { colour, onThemeChange } from "./theme.js";

const [LEFT, BOTTOM, LEVEL] = [34, 18, 0.2]; // pixels for names and seconds, and the share of the level
const [BELOW, ABOVE, LEAST] = [4, 13, 18]; // semitones around the tune, and at least
const SHOWN_DB = 50;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]; // seconds between two marks
const MARK_PX = 64;
const NAMED = [[0, 2, 4, 5, 7, 9, 11], [0, 2, 4, 7, 9], [0, 4, 7], [0]]; // of an octave, where so many semitones take a name
const NAME_PX = 11;
export const CLOSER = 1.5; // a step of the zoom
const CLOSEST_SECONDS = 0.5; // the least that is shown

/** @typedef {import("./types.js").PhrasePicture} Picture */

export class PhraseView extends EventTarget {
  /** @param {HTMLElement} slider holds a canvas */
  constructor(slider) {
    super();
    this.slider = slider;
    this.canvas = /** @type {HTMLCanvasElement} */ (slider.querySelector("canvas"));
    /** @type {Picture | null} */
    this.picture = null;
    this.at = 0;
    /** The part of it that is shown, in seconds. */
    this.shown = { from: 0, seconds: 1 };
    /** @type {HTMLCanvasElement | null} everything but the place */
    this.still = null;
    new ResizeObserver(() => this.#renew()).observe(slider);
    onThemeChange(() => this.#renew());
    slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.picture) return;
      slider.setPointerCapture(event.pointerId);
      this.#goTo(this.#secondsAt(event));
    });
    slider.addEventListener("pointermove", (event) => {
      if (slider.hasPointerCapture(event.pointerId)) this.#goTo(this.#secondsAt(event));
    });
    slider.addEventListener("keydown", (event) => this.#key(event));
    slider.addEventListener("wheel", (event) => this.#wheel(event));
  }

  /** Whether less of it can be shown, and more. */
  get canZoom() {
    const whole = this.picture?.seconds ?? 0;
    return { closer: this.shown.seconds > CLOSEST_SECONDS && whole > CLOSEST_SECONDS, wider: this.shown.seconds < whole };
  }

  /** Show less of it, larger; what is at `about` stays where it is. @param {number} times below 1: more of it @param {number} about in seconds */
  zoom(times, about = this.at) {
    const { from, seconds } = this.shown;
    const whole = this.picture?.seconds ?? 0;
    const now = Math.min(Math.max(seconds / times, Math.min(CLOSEST_SECONDS, whole)), whole);
    const there = Math.min(Math.max((about - from) / seconds, 0), 1);
    this.#look(about - there * now, now);
  }

  /** @param {number} from @param {number} seconds */
  #look(from, seconds) {
    const whole = this.picture?.seconds ?? 0;
    const begin = Math.min(Math.max(from, 0), Math.max(whole - seconds, 0));
    if (begin === this.shown.from && seconds === this.shown.seconds) return;
    this.shown = { from: begin, seconds };
    this.#renew();
    this.dispatchEvent(new Event("zoom"));
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!this.picture) return;
    if (event.ctrlKey) this.zoom(CLOSER ** -Math.sign(event.deltaY), this.#secondsAt(event));
    else if (this.canZoom.wider) this.#look(this.shown.from + ((event.deltaX || event.deltaY) / 500) * this.shown.seconds, this.shown.seconds);
    else return;
    event.preventDefault();
  }

  /** @param {Picture | null} picture */
  show(picture) {
    this.picture = picture;
    this.slider.setAttribute("aria-valuemax", (picture?.seconds ?? 0).toFixed(1));
    this.slider.setAttribute("aria-disabled", String(!picture));
    this.shown = { from: 0, seconds: picture?.seconds || 1 };
    this.#renew();
    this.dispatchEvent(new Event("zoom"));
    this.goTo(0);
  }

  /** Show that it is there. @param {number} seconds */
  goTo(seconds) {
    this.at = seconds;
    const { from, seconds: long } = this.shown;
    if (seconds < from || seconds > from + long) this.#look(seconds - 0.1 * long, long);
    this.slider.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.slider.setAttribute("aria-valuetext", `${seconds.toFixed(1)} s, ${this.#heardAt(seconds)}`);
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { picture } = this;
    if (!picture || event.ctrlKey || event.metaKey || event.altKey) return;
    const ways = { ArrowRight: 0.1, ArrowUp: 0.1, ArrowLeft: -0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 };
    const way = /** @type {Record<string, number>} */ (ways)[event.key];
    const times = { "+": CLOSER, "=": CLOSER, "-": 1 / CLOSER, "0": 0 }[event.key];
    if (times !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      return this.zoom(times || Number.MIN_VALUE);
    }
    if (way === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    event.stopPropagation();
    this.#goTo(way === undefined ? (event.key === "End" ? picture.seconds : 0) : this.at + way);
  }

  /** @param {number} seconds */
  #goTo(seconds) {
    const at = Math.min(Math.max(seconds, 0), this.picture?.seconds ?? 0);
    this.goTo(at);
    this.dispatchEvent(new CustomEvent("seek", { detail: at }));
  }

  /** In words. @param {number} seconds */
  #heardAt(seconds) {
    const { picture } = this;
    if (!picture) return "nothing";
    const keys = picture.notes.filter(([begin, end]) => begin <= seconds && seconds < end).map((note) => Math.round(note[2]));
    const sounding = keys.sort((low, high) => low - high).map(keyName);
    if (sounding.length > 1) return sounding.join(" ");
    const pitch = picture.pitch[Math.round((seconds + picture.late) / picture.step)] ?? null;
    return pitch === null ? (sounding[0] ?? "no tone") : `${pitchName(pitch)} cents`;
  }

  /** @param {MouseEvent} event */
  #secondsAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return this.shown.from + ((event.clientX - box.left - LEFT) / Math.max(box.width - LEFT, 1)) * this.shown.seconds;
  }

  #renew() {
    const { canvas, picture } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    this.still = null;
    if (!width || !height) return;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    if (picture) {
      this.still = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      const context = /** @type {CanvasRenderingContext2D} */ (this.still.getContext("2d"));
      context.scale(devicePixelRatio, devicePixelRatio);
      drawn(context, picture, this.shown, width, height);
    }
    this.#draw();
  }

  #draw() {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const { width, height } = this.canvas;
    context.clearRect(0, 0, width, height);
    if (!this.still || !this.picture) return;
    context.drawImage(this.still, 0, 0);
    const ratio = devicePixelRatio;
    const x = LEFT * ratio + ((this.at - this.shown.from) / this.shown.seconds) * (width - LEFT * ratio);
    context.fillStyle = colour("accent");
    context.fillRect(Math.round(x - ratio), 0, Math.round(2 * ratio), height - BOTTOM * ratio);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {{ from: number, seconds: number }} shown @param {number} width @param {number} height */
function drawn(context, picture, shown, width, height) {
  const floor = height - BOTTOM;
  const sea = floor - LEVEL * floor; // above it pitches, below it levels
  const [low, high] = span(picture);
  const x = (/** @type {number} */ seconds) => LEFT + ((seconds - shown.from) / shown.seconds) * (width - LEFT);
  const y = (/** @type {number} */ note) => sea * (1 - (note - low) / (high - low));
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT, sea);
  context.clip();
  drawSpectrum(context, picture, { left: x(0), right: x(picture.seconds), top: y(picture.spectrogram.lowest + picture.spectrogram.rows / picture.spectrogram.rows_a_semitone), bottom: y(picture.spectrogram.lowest) });
  drawNotes(context, picture, x, y);
  drawPitch(context, picture, x, y);
  drawWords(context, picture, x, y);
  context.restore();
  drawNames(context, low, high, y, width);
  context.save();
  context.beginPath();
  context.rect(LEFT, sea, width - LEFT, height - sea);
  context.clip();
  drawLevel(context, picture, x, sea + 3, floor);
  drawSeconds(context, shown, x, floor);
  context.restore();
}

/** The lowest and the highest note that are drawn. @param {Picture} picture */
function span({ pitch, notes, spectrogram }) {
  const heard = /** @type {number[]} */ (notes.length ? notes.map((note) => note[2]) : pitch.filter((one) => one !== null));
  let [low, high] = heard.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [127, 0]);
  if (low > high) [low, high] = [57, 69];
  const more = Math.max(0, LEAST - (high - low + BELOW + ABOVE)) / 2;
  const top = spectrogram.columns ? high + ABOVE + more : high + BELOW + more;
  return [Math.max(Math.floor(low - BELOW - more), 0), Math.min(Math.ceil(top), 127)];
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {{ left: number, right: number, top: number, bottom: number }} box */
function drawSpectrum(context, { spectrogram }, { left, right, top, bottom }) {
  const { rows, columns, pixels } = spectrogram;
  if (!columns) return;
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const [red, green, blue] = (colour("soft").match(/[\d.]+/g) ?? ["128", "128", "128"]).map(Number);
  const image = new ImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = 4 * ((rows - 1 - row) * columns + column);
      const level = bytes[row * columns + column] / 255;
      image.data.set([red, green, blue, 200 * level ** 2], to);
    }
  }
  const small = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  small.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, left, top, right - left, bottom - top);
}

/** How tall a note is. @param {(note: number) => number} y */
const tallness = (y) => Math.min(Math.max(y(0) - y(1), 5), 14);

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {(seconds: number) => number} x @param {(note: number) => number} y */
function drawNotes(context, { notes }, x, y) {
  const tall = tallness(y);
  context.globalAlpha = 0.4;
  context.fillStyle = colour("accent");
  for (const [begin, end, pitch] of notes) {
    context.beginPath();
    context.roundRect(x(begin), y(pitch) - tall / 2, Math.max(x(end) - x(begin), 2), tall, 3);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** What each note is called, above it and where there is room. @param {CanvasRenderingContext2D} context @param {Picture} picture @param {(seconds: number) => number} x @param {(note: number) => number} y */
function drawWords(context, { notes }, x, y) {
  context.textBaseline = "bottom";
  context.font = `600 11px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = colour("ink");
  context.strokeStyle = colour("raised");
  context.lineWidth = 3;
  let taken = /** @type {[number, number][]} */ ([]); // to where, and how high
  for (const [begin, end, pitch] of notes) {
    const name = keyName(Math.round(pitch));
    const place = /** @type {const} */ ([name, x(begin) + 1, y(pitch) - tallness(y) / 2 - 2]);
    taken = taken.filter(([to]) => to > x(begin));
    if (x(end) - x(begin) < 10 || taken.some(([, high]) => Math.abs(high - place[2]) < NAME_PX)) continue;
    context.strokeText(...place);
    context.fillText(...place);
    taken.push([x(begin) + context.measureText(name).width + 6, place[2]]);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture @param {(seconds: number) => number} x @param {(note: number) => number} y */
function drawPitch(context, { pitch, step, late }, x, y) {
  context.strokeStyle = colour("ink");
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.beginPath();
  let last = /** @type {number | null} */ (null);
  pitch.forEach((note, hop) => {
    if (note !== null) {
      const there = /** @type {const} */ ([x(Math.max(hop * step - late, 0)), y(note)]);
      if (last === null || Math.abs(note - last) > 3) context.moveTo(...there);
      context.lineTo(...there);
    }
    last = note;
  });
  context.stroke();
}

/** Whether there is a tone at each step: a pitch, or one of several notes at once. @param {Picture} picture */
function tones({ pitch, notes, step }) {
  const found = pitch.map((note) => note !== null);
  if (!found.includes(true)) for (const [begin, end] of notes) found.fill(true, Math.round(begin / step), Math.round(end / step));
  return found;
}

/** How loud it is; where there is no tone, hatched. @param {CanvasRenderingContext2D} context @param {Picture} picture @param {(seconds: number) => number} x @param {number} top @param {number} floor */
function drawLevel(context, picture, x, top, floor) {
  const { level, step, seconds } = picture;
  const loudest = level.reduce((most, one) => Math.max(most, one), -100);
  const high = (/** @type {number} */ db) => Math.max(0, 1 + (db - loudest) / SHOWN_DB) * (floor - top - 2);
  context.beginPath();
  context.moveTo(x(0), floor);
  level.forEach((db, hop) => context.lineTo(x(Math.min((hop + 1) * step, seconds)), floor - high(db)));
  context.lineTo(x(seconds), floor);
  context.closePath();
  context.fillStyle = colour("soft");
  context.globalAlpha = 0.55;
  context.fill();
  context.globalAlpha = 1;
  context.save();
  context.beginPath();
  tones(picture).forEach((isTone, hop) => {
    if (!isTone) context.rect(x(hop * step), top, x((hop + 1) * step) - x(hop * step) + 0.5, floor - top);
  });
  context.clip();
  context.strokeStyle = colour("line");
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = LEFT - floor; at < context.canvas.width; at += 7) {
    context.moveTo(at, floor);
    context.lineTo(at + floor - top, top);
  }
  context.stroke();
  context.restore();
  context.fillStyle = colour("line");
  context.fillRect(LEFT, top - 3, x(seconds) - LEFT, 1);
  context.fillRect(LEFT, floor, x(seconds) - LEFT, 1);
}

/** @param {CanvasRenderingContext2D} context @param {number} low @param {number} high @param {(note: number) => number} y @param {number} width */
function drawNames(context, low, high, y, width) {
  const tall = y(0) - y(1);
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const named = NAMED.find((_, apart) => (apart + 1) * tall >= NAME_PX) ?? NAMED[3];
  for (let note = low; note <= high; note++) {
    const isC = note % 12 === 0;
    if (!named.includes(note % 12) || y(note) < 6 || y(note) > y(low) - 5) continue;
    context.fillStyle = colour("soft");
    context.fillText(keyName(note), LEFT - 5, y(note));
    context.fillStyle = colour("line");
    context.globalAlpha = isC ? 1 : 0.45;
    context.fillRect(LEFT, Math.round(y(note)), width - LEFT, 1);
    context.globalAlpha = 1;
  }
  context.textAlign = "left";
}

/** @param {CanvasRenderingContext2D} context @param {{ from: number, seconds: number }} shown @param {(seconds: number) => number} x @param {number} floor */
function drawSeconds(context, { from, seconds }, x, floor) {
  const step = STEPS.find((one) => x(one) - x(0) >= MARK_PX) ?? 600;
  context.fillStyle = colour("soft");
  context.textBaseline = "top";
  for (let mark = Math.ceil(from / step); mark * step <= from + seconds; mark++) {
    const at = mark * step;
    const text = step < 60 ? `${Number(at.toFixed(1))} s` : `${Math.round(at / 60)} min`;
    context.fillRect(Math.round(x(at)), floor, 1, 4);
    if (x(at) + context.measureText(text).width + 3 < x(from + seconds)) context.fillText(text, x(at) + 3, floor + 4);
  }
}
