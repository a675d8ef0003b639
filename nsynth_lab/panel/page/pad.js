/**
 * The pad: a surface with an instrument at each corner. Press, and it sounds; drag, and the blend moves while it sounds.
 * Several fingers sound a chord, and the blend lies in the middle between them. Two ranges, visually hidden, move the
 * blend by keys and speak the shares.
 */
import { Field } from "./field.js";
import { keyName } from "./keys.js";
import { drawPath } from "./path.js";
import { between, clamp, cornerPoints, placeAt, shares, spoken } from "./place.js";
import { calm, colour, onThemeChange } from "./theme.js";

/** @typedef {import("./types.js").Point} Point */

export const LETTERS = "ABCDEFGH";
const CHORD = [0, 7, 12, 16, 19]; // semitones of the first finger, the second, ...
const STEP = 0.02;
const NOTE_PULL = 0.35; // of the way to its place that a note's dot goes in a frame
const VELOCITY = 100;
const TRAIL_MS = 1400;
const MARGIN = 20;
const RECORDING = / \(recording\)$/; // as the server names what is not in the bank
const DRAGGED = "application/x-nsynth-lab-instrument";

export class Pad extends EventTarget {
  /**
   * @param {HTMLElement} stage holds canvas, .corners, .shares and the two ranges
   * @param {import("./socket.js").Link} link
   * @param {import("./held.js").HeldKeys} held
   * @param {import("./colours.js").Colours} colours what it sounds like all over
   */
  constructor(stage, link, held, colours) {
    super();
    const find = (/** @type {string} */ selector) => /** @type {any} */ (stage.querySelector(selector));
    this.stage = stage;
    this.link = link;
    this.held = held;
    /** @type {HTMLCanvasElement} */
    this.canvas = find("canvas");
    /** @type {HTMLElement} */
    this.chips = find(".corners");
    /** @type {HTMLElement} */
    this.readout = find(".shares");
    /** @type {Record<"x" | "y", HTMLInputElement>} */
    this.ranges = { x: find("input[name=x]"), y: find("input[name=y]") };
    /** @type {string[]} */
    this.names = [];
    /** @type {number[] | null} shares that no position expresses */
    this.weights = null;
    /** @type {number[][]} [time, x, y] where each note goes, from the place on */
    this.path = [];
    /** @type {"seconds" | "beats"} of the times */
    this.pathUnit = "seconds";
    this.pathPace = 1; // of them in a second
    /** @type {{ move: (place: Point) => void, end: () => void } | null} what is told of moves instead of keeping them */
    this.tool = null;
    /** @type {number | null} when the note began that is followed along the path */
    this.followed = null;
    this.place = { x: 0.5, y: 0.5 };
    this.shown = { x: 0.5, y: 0.5 };
    /** @type {Map<number, { x: number, y: number, pressure: number, shown: Point | null }>} notes with a place of their own, by key */
    this.notes = new Map();
    this.root = held.last; // what the first finger sounds
    this.isNew = true; // other corners: the dot is there at once
    this.chosen = 0;
    this.peak = 0;
    /** @type {Map<number, Point>} */
    this.fingers = new Map();
    /** @type {{ x: number, y: number, at: number }[]} */
    this.trail = [];
    this.box = { left: 0, top: 0, width: 1, height: 1 };
    this.size = { width: 0, height: 0 };
    this.asked = 0;
    this.field = new Field(colours, () => this.#ask());
    this.unsent = false;
    this.keepTimer = 0;
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(this.canvas);
    onThemeChange(() => this.#ask());
  }

  /** Whether a position, and not weights or nothing at all, says where the blend is. */
  get isPositioned() {
    return this.count > 1 && this.count <= 4;
  }

  get count() {
    return this.names.length;
  }

  get #isMoving() {
    return this.fingers.size > 0 || this.keepTimer !== 0 || this.tool !== null;
  }

  /** The shares of the corners where the blend is. */
  get shares() {
    return this.weights ?? shares(this.count, this.place);
  }

  /** @param {import("./types.js").Blend} blend @param {number} [bpm] */
  showBlend(blend, bpm = 120) {
    const names = blend.corners ?? [];
    const weighted = names.length > 4 || (names.length === 4 && (blend.weights?.length ?? 0) > 0);
    this.path = blend.path ?? [];
    this.pathUnit = blend.path_unit ?? "seconds";
    this.pathPace = this.pathUnit === "beats" ? bpm / 60 : 1;
    const given = blend.weights?.length ? blend.weights : names.map(() => 1);
    const sum = given.reduce((total, one) => total + one, 0) || 1;
    this.weights = weighted ? given.map((one) => one / sum) : null;
    if (names.join("\n") !== this.names.join("\n")) {
      this.names = names;
      this.chosen = Math.min(this.chosen, names.length - 1);
      this.isNew = true;
      this.#makeChips();
      this.#resize();
    }
    if (!this.#isMoving && !this.weights) {
      const [x = 0.5, y = 0.5] = [blend.position ?? []].flat();
      this.place = { x, y };
    }
    this.#tell();
  }

  /** @param {import("./types.js").Status} status */
  showStatus({ x, y, peak, voices }) {
    this.peak = voices ? peak : 0;
    if (!this.#isMoving && !this.weights && this.count > 1) {
      if (Math.abs(x - this.place.x) + Math.abs(y - this.place.y) > 1e-4) {
        this.place = { x, y: this.count === 2 ? 0.5 : y };
        this.#tell();
      }
    }
    this.#ask();
  }

  /** The notes of an MPE controller, each at its own place. @param {number[][]} notes rows of key, x, y and pressure */
  showNotes(notes) {
    const before = this.notes;
    this.notes = new Map(
      notes.map(([key, x, y, pressure]) => [
        key,
        { x, y: this.count === 2 ? 0.5 : y, pressure, shown: before.get(key)?.shown ?? null },
      ]),
    );
    this.#ask();
  }

  /** The instrument for the chosen corner. @param {string} name @param {number} corner */
  put(name, corner = this.chosen) {
    const names = [...this.names];
    names[Math.min(corner, names.length)] = name;
    this.link.corners(names);
    this.choose(Math.min(corner, names.length - 1));
  }

  /** @param {number} corner that the next instrument goes to; as many as there are: a new one */
  choose(corner) {
    this.chosen = corner;
    this.#markChosen();
    this.dispatchEvent(new Event("choose"));
  }

  /** Show how a note goes along the path. @param {boolean} sounds whether one does */
  follow(sounds) {
    this.followed = sounds ? performance.now() : null;
    this.#ask();
  }

  /** Move the blend by keys. @param {"x" | "y"} axis @param {number} by */
  nudge(axis, by) {
    this.#moveTo({ ...this.place, [axis]: clamp(this.place[axis] + by) });
    this.#keepSoon();
  }

  /** Move it by an arrow key, if it is one. @param {KeyboardEvent} event @returns {boolean} */
  arrow(event) {
    const step = event.shiftKey ? STEP / 4 : STEP;
    if (event.key === "ArrowLeft") this.nudge("x", -step);
    else if (event.key === "ArrowRight") this.nudge("x", step);
    else if (event.key === "ArrowUp") this.nudge("y", -step);
    else if (event.key === "ArrowDown") this.nudge("y", step);
    else return false;
    event.preventDefault();
    return true;
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#moved(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#up(/** @type {PointerEvent} */ (event)));
    }
    for (const axis of /** @type {const} */ (["x", "y"])) {
      this.ranges[axis].addEventListener("input", () => {
        this.#moveTo({ ...this.place, [axis]: Number(this.ranges[axis].value) / 100 });
        this.#keepSoon();
      });
    }
    this.#acceptDrops(canvas, (event) => this.nearest(event));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || this.fingers.has(event.pointerId)) return;
    event.preventDefault();
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    this.canvas.setPointerCapture(event.pointerId);
    if (this.fingers.size === 0) this.root = this.held.last;
    const key = Math.min(this.root + CHORD[Math.min(this.fingers.size, CHORD.length - 1)], 127);
    this.fingers.set(event.pointerId, this.#point(event));
    this.#follow();
    this.held.press(`pad ${event.pointerId}`, key, VELOCITY);
    this.held.last = this.root;
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    if (!this.fingers.has(event.pointerId)) return;
    this.fingers.set(event.pointerId, this.#point(event));
    this.#follow();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    this.held.release(`pad ${event.pointerId}`);
    if (this.fingers.size === 0) {
      if (this.tool) this.tool.end();
      else this.#keep();
    }
    this.#ask();
  }

  /** To the middle between all fingers. */
  #follow() {
    const points = [...this.fingers.values()];
    const middle = between(points, points.map(() => 1 / points.length));
    this.#moveTo(placeAt(this.count, middle, this.box));
  }

  /** @param {Point} place */
  #moveTo(place) {
    if (this.count < 2 || this.count > 4) return;
    this.weights = null;
    this.place = place;
    this.unsent = true;
    this.tool?.move(place);
    this.#tell();
    this.#ask();
  }

  #keepSoon() {
    clearTimeout(this.keepTimer);
    if (this.tool) return;
    this.keepTimer = setTimeout(() => this.#keep(), 400);
  }

  #keep() {
    clearTimeout(this.keepTimer);
    this.keepTimer = 0;
    this.unsent = false;
    if (this.count > 1 && this.count <= 4) this.link.place(this.place, true);
  }

  /** @param {MouseEvent} event @returns {Point} */
  #point({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /** The corner nearest to where it happened. @param {MouseEvent} event */
  nearest(event) {
    const point = this.#point(event);
    const away = cornerPoints(this.count, this.box).map(({ x, y }) => Math.hypot(x - point.x, y - point.y));
    return away.indexOf(Math.min(...away));
  }

  /** @param {HTMLElement} element @param {(event: DragEvent) => number} corner */
  #acceptDrops(element, corner) {
    element.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes(DRAGGED)) return;
      event.preventDefault();
      element.classList.add("over");
    });
    element.addEventListener("dragleave", () => element.classList.remove("over"));
    element.addEventListener("drop", (event) => {
      element.classList.remove("over");
      const name = event.dataTransfer?.getData(DRAGGED);
      if (!name) return;
      event.preventDefault();
      this.put(name, corner(event));
    });
  }

  #makeChips() {
    const chips = this.names.map((name, k) => this.#chip(name, k));
    if (this.count < 4) chips.push(this.#addChip());
    this.chips.replaceChildren(...chips);
    this.chips.dataset.count = String(this.count);
    this.#markChosen();
  }

  /** @param {string} name @param {number} k */
  #chip(name, k) {
    const chip = document.createElement("div");
    chip.className = "corner";
    chip.dataset.at = LETTERS[k];
    const choose = button("choose", "", `Corner ${LETTERS[k]}, ${name}: the next instrument goes here`);
    const title = name.replace(RECORDING, "");
    choose.append(part("b", LETTERS[k]), part("span", title), ...(title === name ? [] : [part("em", "rec")]), part("small", ""));
    choose.addEventListener("click", () => this.choose(k));
    chip.append(choose);
    if (this.count > 1) {
      const remove = button("remove", "×", `Take ${name} off corner ${LETTERS[k]}`);
      remove.setAttribute("aria-label", remove.title);
      remove.addEventListener("click", () => this.link.corners(this.names.filter((_, other) => other !== k)));
      chip.append(remove);
    }
    this.#acceptDrops(chip, () => k);
    return chip;
  }

  #addChip() {
    const chip = document.createElement("div");
    chip.className = "corner add";
    const add = button("choose", "+", "Another corner: the next instrument goes there");
    add.append(part("i", "corner"));
    add.addEventListener("click", () => this.choose(this.count));
    chip.append(add);
    this.#acceptDrops(chip, () => this.count);
    return chip;
  }

  #markChosen() {
    [...this.chips.children].forEach((chip, k) => {
      chip.querySelector(".choose")?.setAttribute("aria-pressed", String(k === this.chosen));
    });
  }

  /** Say where the blend is: in figures on the corners, and spoken by the ranges. */
  #tell() {
    const weights = this.shares;
    const text = spoken(this.names, weights);
    const movable = this.count > 1 && this.count <= 4;
    for (const axis of /** @type {const} */ (["x", "y"])) {
      const range = this.ranges[axis];
      range.disabled = !movable || (axis === "y" && this.count === 2);
      range.value = String(Math.round(100 * this.place[axis]));
      range.setAttribute("aria-valuetext", text);
    }
    [...this.chips.querySelectorAll("small")].forEach((small, k) => {
      small.textContent = this.count > 1 ? `${Math.round(100 * weights[k])} %` : "";
    });
    this.readout.textContent = text;
    this.dispatchEvent(new Event("moved"));
    this.dispatchEvent(new Event("move"));
    this.#ask();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = devicePixelRatio;
    this.size = { width: clientWidth, height: clientHeight };
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    const [width, height] = [Math.max(clientWidth - 2 * MARGIN, 1), Math.max(clientHeight - 2 * MARGIN, 1)];
    this.box = { left: MARGIN, top: MARGIN, width, height };
    if (this.count > 4 || this.count === 1) {
      const side = Math.min(width, height);
      this.box = { left: MARGIN + (width - side) / 2, top: MARGIN + (height - side) / 2, width: side, height: side };
    }
    this.#ask();
  }

  #ask() {
    if (!this.asked) this.asked = requestAnimationFrame((now) => this.#frame(now));
  }

  /** @param {number} now */
  #frame(now) {
    this.asked = 0;
    if (this.unsent) {
      this.unsent = false;
      this.link.place(this.place, false);
    }
    const away = { x: this.place.x - this.shown.x, y: this.place.y - this.shown.y };
    const still = Math.abs(away.x) + Math.abs(away.y) < 5e-4;
    const pull = still || this.isNew || this.fingers.size || calm.matches ? 1 : 0.3;
    this.shown = { x: this.shown.x + pull * away.x, y: this.shown.y + pull * away.y };
    this.trail = calm.matches ? [] : this.trail.filter(({ at }) => now - at < TRAIL_MS);
    if (this.isNew) this.trail = [];
    else if (!still && !calm.matches) this.trail.push({ ...this.#dot(), at: now });
    const isFading = this.#draw(now);
    this.isNew = false;
    if (!still || this.trail.length || isFading) this.#ask();
  }

  /** @returns {Point} */
  #dot() {
    return between(cornerPoints(this.count, this.box), this.weights ?? shares(this.count, this.shown));
  }

  /** Each drawn on its way to where it is. @param {CanvasRenderingContext2D} context @param {Point[]} corners */
  #drawNotes(context, corners) {
    for (const [key, note] of this.notes) {
      const was = note.shown ?? note;
      const pull = calm.matches ? 1 : NOTE_PULL;
      note.shown = { x: was.x + pull * (note.x - was.x), y: was.y + pull * (note.y - was.y) };
      const at = between(corners, shares(this.count, note.shown));
      drawNote(context, at, note.pressure, keyName(key));
      if (Math.abs(note.x - note.shown.x) + Math.abs(note.y - note.shown.y) > 5e-4) this.#ask();
    }
  }

  /** Whether it changes by itself. @param {number} now */
  #draw(now) {
    const context = this.canvas.getContext("2d");
    if (!context || !this.count) return false;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.size.width, this.size.height);
    const corners = cornerPoints(this.count, this.box);
    const dot = this.#dot();
    drawSurface(context, corners, this.box);
    const isFading = this.field.draw(context, this.size, this.box, this.count, now);
    drawSpokes(context, corners, dot, this.weights ?? shares(this.count, this.shown));
    const isFollowed = this.path.length > 1 && this.followed !== null;
    drawPath(context, this.path, this.box, this.count, isFollowed ? (this.pathPace * (now - (this.followed ?? now))) / 1000 : null);
    drawTrail(context, [...this.trail, { ...dot, at: now }], now);
    drawCorners(context, corners, this.chosen);
    for (const finger of this.fingers.size > 1 ? this.fingers.values() : []) ring(context, finger, 16, "accent", 1.5);
    drawDot(context, dot, this.fingers.size > 0, this.peak);
    this.#drawNotes(context, corners);
    return isFading || isFollowed;
  }
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} corners @param {import("./types.js").Box} box */
function drawSurface(context, corners, box) {
  const across = (/** @type {number} */ x) => ({ x: box.left + x * box.width, y: box.top + box.height / 2 });
  const count = corners.length;
  context.strokeStyle = colour("line");
  context.lineWidth = 1;
  if (count === 2) {
    context.fillStyle = colour("surface");
    context.fillRect(box.left, box.top, box.width, box.height);
    context.strokeRect(box.left, box.top, box.width, box.height);
    context.globalAlpha = 0.55;
    for (let k = 1; k < 20; k++) {
      const { x, y } = across(k / 20);
      const long = k % 5 === 0 ? box.height / 2 : 5;
      line(context, { x, y: y - long }, { x, y: y + long });
    }
    context.globalAlpha = 1;
    return line(context, corners[0], corners[1]);
  }
  if (count < 2) return undefined;
  const order = count === 4 ? [0, 1, 3, 2] : corners.map((_, k) => k);
  context.beginPath();
  for (const k of order) context.lineTo(corners[k].x, corners[k].y);
  context.closePath();
  context.fillStyle = colour("surface");
  context.fill();
  context.stroke();
  if (count > 4) return undefined;
  context.globalAlpha = 0.55;
  for (let k = 1; k < 4; k++) {
    const at = (/** @type {number} */ x, /** @type {number} */ y) => between(corners, shares(count, { x, y }));
    line(context, at(k / 4, 0), at(k / 4, 1));
    line(context, at(0, k / 4), at(1, k / 4));
  }
  context.globalAlpha = 1;
  return undefined;
}

/** Lines from the dot to the corners, as strong as their shares. @param {CanvasRenderingContext2D} context @param {Point[]} corners @param {Point} dot @param {number[]} weights */
function drawSpokes(context, corners, dot, weights) {
  for (const [name, wider] of /** @type {const} */ ([["paper", 2], ["accent", 0]])) { // legible on any colour
    context.strokeStyle = colour(name);
    corners.forEach((corner, k) => {
      context.globalAlpha = (wider ? 0.4 : 0.25) + 0.6 * weights[k];
      context.lineWidth = 1 + 5 * weights[k] + wider;
      line(context, dot, corner);
    });
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {{ x: number, y: number, at: number }[]} trail @param {number} now */
function drawTrail(context, trail, now) {
  context.strokeStyle = colour("accent");
  for (let k = 1; k < trail.length; k++) {
    const age = (now - trail[k].at) / TRAIL_MS;
    context.globalAlpha = 0.5 * (1 - age);
    context.lineWidth = 1 + 6 * (1 - age);
    line(context, trail[k - 1], trail[k]);
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} corners @param {number} chosen */
function drawCorners(context, corners, chosen) {
  corners.forEach((corner, k) => {
    context.beginPath();
    context.arc(corner.x, corner.y, 7, 0, 2 * Math.PI);
    context.fillStyle = colour(k === chosen ? "ink" : "paper");
    context.fill();
    ring(context, corner, 7, "ink", 1.5);
  });
}

/** @param {CanvasRenderingContext2D} context @param {Point} dot @param {boolean} pressed @param {number} peak */
function drawDot(context, dot, pressed, peak) {
  if (peak > 1e-4) {
    context.beginPath();
    context.arc(dot.x, dot.y, 16 + 30 * Math.min(peak, 1), 0, 2 * Math.PI);
    context.fillStyle = colour("accent");
    context.globalAlpha = 0.22;
    context.fill();
    context.globalAlpha = 1;
  }
  context.beginPath();
  context.arc(dot.x, dot.y, pressed ? 14 : 11, 0, 2 * Math.PI);
  context.fillStyle = colour("accent");
  context.fill();
  ring(context, dot, pressed ? 14 : 11, "paper", 2);
  ring(context, dot, pressed ? 15.5 : 12.5, "ink", 1);
}

/** A note with its name, the larger the harder it is pressed. @param {CanvasRenderingContext2D} context @param {Point} at @param {number} pressure 0 to 1 @param {string} name */
function drawNote(context, at, pressure, name) {
  const radius = 7 + 9 * pressure;
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour("raised");
  context.fill();
  ring(context, at, radius, "accent", 3);
  context.fillStyle = colour("ink");
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText(name, at.x, at.y - radius - 5);
}

/** @param {CanvasRenderingContext2D} context @param {Point} at @param {number} radius @param {string} name @param {number} width */
function ring(context, at, radius, name, width) {
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.strokeStyle = colour(name);
  context.lineWidth = width;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Point} from @param {Point} to */
function line(context, from, to) {
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

/** @param {string} kind @param {string} text @param {string} label */
function button(kind, text, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  made.title = label;
  return made;
}

/** @param {string} tag @param {string} text */
function part(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** Let an element that stands for an instrument be dragged to a corner. @param {HTMLElement} element @param {string} name */
export function makeDraggable(element, name) {
  element.draggable = true;
  element.addEventListener("dragstart", (event) => {
    event.dataTransfer?.setData(DRAGGED, name);
    event.dataTransfer?.setData("text/plain", name);
  });
}
