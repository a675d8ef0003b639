/**
 * <nl-knob target="envelope.attack_seconds" label="attack" reset="0">: a parameter as a knob.
 *
 * Drag up and down, or arrows, Page Up and Down, Home and End; Shift for fine steps, a double click resets. Event:
 * `turn` (detail: target, value, keep), `keep` when it comes to rest.
 */

/** @typedef {import("./types.js").Target} Target */

const TRAVEL = 220; // pixels of a drag from end to end
const SWEEP = 270; // degrees
const STEP = 0.02;
const FINE = 0.1; // of a step
const PAGE = 5; // steps
const REST_MS = 400;
/** Lengths in beats as musicians count them: a knob of beats stands at one of these. @type {[number, string][]} */
const LENGTHS = [
  [1 / 32, "1/32"], [1 / 16, "1/16"], [1 / 12, "1/12"], [1 / 8, "1/8"], [1 / 6, "1/6"], [3 / 16, "3/16"], [1 / 4, "1/4"], [1 / 3, "1/3"],
  [3 / 8, "3/8"], [1 / 2, "1/2"], [2 / 3, "2/3"], [3 / 4, "3/4"], [1, "1"], [4 / 3, "4/3"], [3 / 2, "3/2"], [2, "2"],
  [3, "3"], [4, "4"], [6, "6"], [8, "8"], [12, "12"], [16, "16"], [24, "24"], [32, "32"], [48, "48"], [64, "64"], [128, "128"], [256, "256"],
];
const BEATS = "beats";
const SVG = "http://www.w3.org/2000/svg";

export class Knob extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    /** @type {Target} */
    this.range = { value: 0, low: 0, high: 1, unit: "", says: "" };
    this.turning = false;
    this.timer = 0;
    this.frame = 0;
    this.track = svg("circle", { class: "track" });
    this.arc = svg("circle", { class: "arc" });
    this.hand = svg("line", { x1: "20", y1: "13", x2: "20", y2: "6", class: "hand" });
    const drawing = svg("svg", { viewBox: "0 0 40 40", "aria-hidden": "true" });
    drawing.append(this.track, this.arc, svg("circle", { cx: "20", cy: "20", r: "11", class: "cap" }), this.hand);
    this.figure = document.createElement("output");
    this.figure.setAttribute("aria-hidden", "true");
    const label = Object.assign(document.createElement("span"), { textContent: this.label });
    this.append(drawing, label, this.figure);
    this.setAttribute("role", "slider");
    this.setAttribute("aria-label", this.getAttribute("spoken") ?? this.label);
    this.tabIndex = 0;
    this.#listen();
    this.#draw();
  }

  get target() {
    return this.getAttribute("target") ?? "";
  }

  get label() {
    return this.getAttribute("label") ?? this.target;
  }

  /** 0 to 1, along the way of the knob. */
  get #turned() {
    return wayOf(/** @type {Target} */ (this.range));
  }

  /** @param {Target | undefined} target its value and range; none: the patch has no such parameter */
  show(target) {
    this.toggleAttribute("disabled", !target);
    this.setAttribute("aria-disabled", String(!target));
    if (!target || this.turning) return;
    this.range = target;
    this.title = `${target.says ?? ""}`;
    this.#draw();
  }

  #listen() {
    let from = 0;
    let start = 0;
    this.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.hasAttribute("disabled")) return;
      this.setPointerCapture(event.pointerId);
      [from, start] = [event.clientY, this.#turned];
      this.turning = true;
    });
    this.addEventListener("pointermove", (event) => {
      if (!this.hasPointerCapture(event.pointerId)) return;
      const way = (from - event.clientY) / TRAVEL;
      start = Math.min(Math.max(start + way * (event.shiftKey ? FINE : 1), 0), 1);
      from = event.clientY;
      if (way) this.#turnTo(start);
    });
    this.addEventListener("lostpointercapture", () => this.#rest());
    this.addEventListener("dblclick", () => this.#reset());
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("blur", () => this.timer && this.#rest());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.hasAttribute("disabled") || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = /** @type {Target} */ (this.range);
    const step = range.unit === BEATS ? 1 / (lengthsOf(range).length - 1) : STEP * (event.shiftKey ? FINE : 1);
    const ways = { ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step, PageUp: PAGE * step, PageDown: -PAGE * step };
    const way = /** @type {Record<string, number>} */ (ways)[event.key];
    if (way === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    event.stopPropagation();
    this.turning = true;
    this.#turnTo(way === undefined ? Number(event.key === "End") : Math.min(Math.max(this.#turned + way, 0), 1));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#rest(), REST_MS);
  }

  /** @param {number} turned 0 to 1 */
  #turnTo(turned) {
    const range = /** @type {Target} */ (this.range);
    this.range = { ...range, value: valueAt(range, turned) };
    this.#draw();
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.turning) this.#tell(false);
    });
  }

  #rest() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (!this.turning) return;
    this.turning = false;
    this.#tell(true);
  }

  #reset() {
    const reset = Number(this.getAttribute("reset"));
    this.range = { .../** @type {Target} */ (this.range), value: reset };
    this.#draw();
    this.#tell(true);
  }

  /** @param {boolean} keep */
  #tell(keep) {
    const detail = { target: this.target, value: this.range?.value, keep };
    this.dispatchEvent(new CustomEvent("turn", { bubbles: true, detail }));
  }

  #draw() {
    const range = /** @type {Target} */ (this.range);
    const text = figure(range);
    const at = this.#turned;
    const { low, high } = range;
    const from = low < 0 && high > 0 ? (0 - low) / (high - low) : 0; // where nothing is added or taken away
    const [start, end] = [Math.min(from, at), Math.max(from, at)].map((one) => 75 * one);
    this.arc?.setAttribute("stroke-dasharray", `0 ${start.toFixed(2)} ${(end - start).toFixed(2)} 100`);
    this.arc?.classList.toggle("none", end - start < 0.5);
    this.hand?.setAttribute("transform", `rotate(${SWEEP * (at - 0.5)} 20 20)`);
    if (this.figure) this.figure.textContent = text;
    this.setAttribute("aria-valuemin", String(range.low));
    this.setAttribute("aria-valuemax", String(range.high));
    this.setAttribute("aria-valuenow", String(range.value));
    this.setAttribute("aria-valuetext", text);
  }
}

/** Whether a parameter is one of ratios: as far from 20 to 200 Hz as from 200 to 2000. @param {Target} range */
const isOfRatios = ({ low, high }) => low > 0 && high / low >= 40;

/** Short times need more of the way than long ones, so seconds from 0 on run by the cube. @param {Target} range */
const powerOf = ({ unit }) => (unit === "s" ? 3 : 1);

/** Those within a range. @param {Target} range */
const lengthsOf = ({ low, high }) => LENGTHS.filter(([beats]) => beats >= low && beats <= high);

/** Where a value lies between the ends of a knob, 0 to 1. @param {Target} range */
function wayOf(range) {
  const { value, low, high } = range;
  const held = Math.min(Math.max(value, low), high);
  if (range.unit === BEATS) return placeIn(lengthsOf(range), held);
  if (isOfRatios(range)) return Math.log(held / low) / Math.log(high / low);
  return ((held - low) / (high - low)) ** (1 / powerOf(range));
}

/** The value there, to as many digits as are heard. @param {Target} range @param {number} way 0 to 1 */
function valueAt(range, way) {
  const { low, high, unit } = range;
  if (unit === BEATS) {
    const lengths = lengthsOf(range);
    return lengths[Math.round(way * (lengths.length - 1))][0];
  }
  const digits = unit === "s" || high - low <= 2 ? 4 : 2;
  const text = isOfRatios(range)
    ? (low * (high / low) ** way).toPrecision(4)
    : (low + (high - low) * way ** powerOf(range)).toFixed(digits);
  return Math.min(Math.max(Number(text), low), high);
}

/** Where a length lies among others, 0 to 1; between two, on the way from one to the other. @param {[number, string][]} lengths @param {number} beats */
function placeIn(lengths, beats) {
  const next = lengths.findIndex(([one]) => one >= beats);
  if (next <= 0) return next < 0 ? 1 : 0;
  const [from, to] = [lengths[next - 1][0], lengths[next][0]];
  return (next - 1 + (beats - from) / (to - from)) / (lengths.length - 1);
}

/** A value as it is read: "35 ms", "1.20 s", "-3.0 dB", "1.20 kHz", "60 %". @param {Target} target */
export function figure(target) {
  const { value, low, high, unit } = target;
  if (unit === "s") return value < 1 ? `${Math.round(1000 * value)} ms` : `${value.toFixed(2)} s`;
  if (unit === BEATS) {
    const [, text] = LENGTHS.find(([beats]) => Math.abs(beats - value) < 0.002 * beats) ?? [0, value.toFixed(2)];
    return `${text} ${value > 1 ? "beats" : "beat"}`;
  }
  if (unit === "Hz" && value >= 1000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} kHz`;
  if (!unit && low >= -1 && high <= 1) return `${Math.round(100 * value)} %`;
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) < 10 && isOfRatios(target) ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`.trim();
}

/** @param {string} tag @param {Record<string, string>} attributes */
function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  const ring = tag === "circle" && !attributes.cx;
  const circle = { cx: "20", cy: "20", r: "16", pathLength: "100", transform: "rotate(135 20 20)" };
  for (const [name, value] of Object.entries({ ...(ring ? circle : {}), ...attributes })) element.setAttribute(name, value);
  return element;
}

customElements.define("nl-knob", Knob);
