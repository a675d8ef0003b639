/**
 * The keyboard: on the screen for mouse and touch, and the letters of the computer's keyboard laid out like a piano.
 *
 *      W E   T Y U   O P
 *     A S D F G H J K L ;       Z and X: an octave down and up
 */

const LETTER_ROW = ["A", "W", "S", "E", "D", "F", "T", "G", "Y", "H", "U", "J", "K", "O", "L", "P"];
const CODES = new Map(LETTER_ROW.map((letter, step) => [`Key${letter}`, step]));
export const NOTE_NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const BLACK = new Set([1, 3, 6, 8, 10]);
const LOWEST_KEY = 21;
const HIGHEST_KEY = 108;
const LETTER_VELOCITY = 100;
const NARROWEST_WHITE = 30; // pixels
const MOST_WHITES = 52;

/** The key of a name such as "C#4"; NaN for what is none. @param {string} name */
export function keyOf(name) {
  const [, letter, sharp, octave] = /^([A-G])([#♯]?)(-?\d+)$/.exec(name) ?? [];
  return letter ? NOTE_NAMES.indexOf(letter + (sharp ? "♯" : "")) + 12 * (Number(octave) + 1) : NaN;
}

/** @param {number} key */
export const keyName = (key) => `${NOTE_NAMES[key % 12]}${Math.floor(key / 12) - 1}`;

/** "A4 −12": the nearest key and the cents beside it. @param {number} note with its fraction */
export function pitchName(note) {
  const key = Math.round(note);
  const cents = Math.round(100 * (note - key));
  return `${keyName(key)} ${cents < 0 ? "−" : "+"}${Math.abs(cents)}`;
}

export class Keyboard {
  /**
   * @param {HTMLElement} bed in which the keys lie
   * @param {HTMLElement} octaveText
   * @param {import("./held.js").HeldKeys} held
   */
  constructor(bed, octaveText, held) {
    this.bed = bed;
    this.octaveText = octaveText;
    this.held = held;
    this.octave = 4;
    /** @type {Map<number, HTMLElement>} */
    this.keys = new Map();
    /** @type {{ low: number, high: number }[]} */
    this.ranges = [];
    /** @type {Set<number>} down on any page */
    this.down = new Set();
    new ResizeObserver(() => this.#lay()).observe(bed);
    held.addEventListener("change", () => this.#mark());
    bed.addEventListener("pointerdown", (event) => this.#pointer(event));
    bed.addEventListener("pointermove", (event) => event.buttons && this.#pointer(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      bed.addEventListener(end, (event) => held.release(`finger ${/** @type {PointerEvent} */ (event).pointerId}`));
    }
  }

  /** @param {number[]} down */
  showDown(down) {
    this.down = new Set(down);
    this.#mark();
  }

  /**
   * Where the instruments were recorded: a key beyond all of them is marked, and more finely one beyond some.
   *
   * @param {{ low: number, high: number }[]} ranges lowest and highest key of each
   */
  showRanges(ranges) {
    this.ranges = ranges;
    const [low, high] = [Math.min(...ranges.map((one) => one.low)), Math.max(...ranges.map((one) => one.high))];
    const reach = ranges.length ? `; these instruments reach from ${keyName(low)} to ${keyName(high)}` : "";
    this.bed.setAttribute("aria-label", `Keyboard: A to K play, Z and X move the octave${reach}`);
    for (const [key, element] of this.keys) this.#markRange(key, element);
  }

  /** @param {number} key @param {HTMLElement} element */
  #markRange(key, element) {
    const beyond = this.ranges.filter(({ low, high }) => key < low || key > high).length;
    const all = beyond > 0 && beyond === this.ranges.length;
    element.classList.toggle("beyond", all);
    element.classList.toggle("partly", beyond > 0 && !all);
    const says = all ? "beyond what these instruments were recorded at" : "beyond some of these instruments";
    element.title = beyond ? `${keyName(key)}: ${says}` : "";
  }

  /** @param {number} by octaves */
  shift(by) {
    this.octave = Math.min(Math.max(this.octave + by, 0), 8);
    this.#lay();
  }

  /** A letter goes down. @param {KeyboardEvent} event @returns {boolean} whether it is one that plays */
  letterDown(event) {
    if (event.code === "KeyZ" || event.code === "KeyX") {
      if (!event.repeat) this.shift(event.code === "KeyZ" ? -1 : 1);
      return true;
    }
    const step = CODES.get(event.code);
    if (step === undefined) return false;
    if (!event.repeat) this.held.press(`letter ${event.code}`, 12 * (this.octave + 1) + step, LETTER_VELOCITY);
    return true;
  }

  /** @param {KeyboardEvent} event */
  letterUp(event) {
    this.held.release(`letter ${event.code}`);
  }

  /** Strike the key under a pointer: harder, the further down. @param {PointerEvent} event */
  #pointer(event) {
    if (event.type === "pointerdown") {
      if (event.button !== 0) return;
      event.preventDefault();
      this.bed.setPointerCapture(event.pointerId);
    }
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const key = under instanceof HTMLElement && this.bed.contains(under) ? Number(under.dataset.key) : NaN;
    if (!under || Number.isNaN(key)) return;
    const { top, height } = under.getBoundingClientRect();
    const depth = Math.min(Math.max((event.clientY - top) / height, 0), 1);
    this.held.press(`finger ${event.pointerId}`, key, 25 + 102 * depth);
  }

  #lay() {
    const whites = Math.min(Math.max(Math.floor(this.bed.clientWidth / NARROWEST_WHITE), 10), MOST_WHITES);
    const first = this.#first(whites);
    const keys = [];
    for (let key = first, laid = 0; key <= HIGHEST_KEY && laid + Number(!BLACK.has(key % 12)) <= whites; key++) {
      keys.push(key);
      laid += Number(!BLACK.has(key % 12));
    }
    if (BLACK.has((keys.at(-1) ?? 0) % 12)) keys.pop();
    this.#make(keys, keys.filter((key) => !BLACK.has(key % 12)).length);
    this.octaveText.textContent = `C${this.octave}`;
    this.#mark();
  }

  /** The lowest key shown: the letters' octave lies in the middle, as far as the keys reach. @param {number} whites */
  #first(whites) {
    if (whites >= MOST_WHITES) return LOWEST_KEY;
    const octaves = Math.floor(whites / 7);
    const middle = 12 * (this.octave + 1 - Math.floor((octaves - 1) / 2));
    const highest = 12 * Math.floor((HIGHEST_KEY - (12 * whites) / 7 + 1) / 12);
    return Math.max(Math.min(middle, highest), 24);
  }

  /** @param {number[]} keys @param {number} whites */
  #make(keys, whites) {
    this.keys.clear();
    let white = 0;
    const made = keys.map((key) => {
      const black = BLACK.has(key % 12);
      const element = document.createElement("div");
      element.className = black ? "key black" : "key white";
      element.dataset.key = String(key);
      element.style.left = `${(100 * (black ? white - 0.31 : white)) / whites}%`;
      element.style.width = `${(100 * (black ? 0.62 : 1)) / whites}%`;
      white += Number(!black);
      this.#label(element, key);
      this.#markRange(key, element);
      this.keys.set(key, element);
      return element;
    });
    this.bed.replaceChildren(...made);
  }

  /** @param {HTMLElement} element @param {number} key */
  #label(element, key) {
    const letter = LETTER_ROW[key - 12 * (this.octave + 1)];
    if (letter) element.append(Object.assign(document.createElement("kbd"), { textContent: letter }));
    if (key % 12 === 0) element.append(Object.assign(document.createElement("small"), { textContent: keyName(key) }));
  }

  #mark() {
    for (const [key, element] of this.keys) {
      element.classList.toggle("down", this.down.has(key) || this.held.isDown(key));
    }
  }
}
