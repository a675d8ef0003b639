/**
 * Hearing what a list offers before it is taken: a click on a row's picture, or the space bar on the row, plays a note of
 * it beside the instrument. The pictures are small spectrograms, fetched when they come into view.
 */
import { mapColour } from "./field.js";
import { onThemeChange } from "./theme.js";

export const [COLUMNS, ROWS] = [48, 32]; // as in panel/pictures/spectrogram.py
const MOST_AT_ONCE = 3; // pictures that are asked for
const SVG = "http://www.w3.org/2000/svg";

/**
 * What a row has to be heard by. It is no button of its own, because a row holds none; the space bar does the same.
 *
 * @param {"instrument" | "preset"} kind @param {string} name by which the server knows it
 */
export function hearing(kind, name) {
  const element = document.createElement("span");
  element.className = "hear";
  element.title = "Hear it (space)";
  element.dataset.kind = kind;
  element.dataset.name = name;
  element.setAttribute("aria-hidden", "true");
  if (kind === "instrument") element.append(document.createElement("canvas"));
  const sign = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "#hear");
  sign.append(use);
  element.append(sign);
  return element;
}

export class Auditions {
  /** @param {import("./sound.js").Sound} sound @param {(line: string) => void} say */
  constructor(sound, say) {
    this.sound = sound;
    this.say = say;
    /** @type {{ element: HTMLElement, source: AudioBufferSourceNode | null } | null} */
    this.now = null;
    /** @type {Map<string, Uint8Array>} */
    this.pictures = new Map();
    /** @type {Set<HTMLElement>} rows in view whose picture is not there yet */
    this.wanted = new Set();
    this.asking = 0;
    this.observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "100px" });
    onThemeChange(() => this.#repaint());
  }

  /** Hear the rows of a list. @param {HTMLElement} list with role listbox */
  attend(list) {
    list.addEventListener("click", (event) => {
      const element = event.target instanceof Element ? event.target.closest(".hear") : null;
      if (!element) return;
      event.stopImmediatePropagation(); // it is not taken by this
      void this.hear(/** @type {HTMLElement} */ (element));
    }, { capture: true });
    list.addEventListener("keydown", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      const element = /** @type {HTMLElement | null} */ (row?.querySelector(".hear"));
      if (event.key !== " " || !element) return;
      event.preventDefault();
      if (!event.repeat) void this.hear(element);
    });
    const watch = () => {
      this.observer.disconnect();
      this.wanted.clear();
      for (const one of document.querySelectorAll(".hear:has(canvas)")) this.observer.observe(one);
    };
    new MutationObserver(watch).observe(list, { childList: true });
    watch();
  }

  /** Play it, or end what plays if it is the same. @param {HTMLElement} element */
  async hear(element) {
    const isSame = this.now?.element === element;
    this.stop();
    if (isSame) return;
    const now = { element, source: /** @type {AudioBufferSourceNode | null} */ (null) };
    this.now = now;
    element.dataset.state = "loading";
    try {
      await this.sound.start();
      const { context, volume } = this.sound;
      const answer = await fetch(addressOf("clip", element));
      if (!answer.ok) throw new Error(await answer.text());
      const bytes = await answer.arrayBuffer();
      if (!context || !volume || this.now !== now) return;
      const buffer = await context.decodeAudioData(bytes);
      if (this.now !== now) return;
      now.source = new AudioBufferSourceNode(context, { buffer });
      now.source.onended = () => this.now === now && this.stop();
      now.source.connect(volume);
      now.source.start();
      element.dataset.state = "playing";
    } catch (error) {
      if (this.now !== now) return;
      this.stop();
      this.say(`It cannot be heard: ${error instanceof Error ? error.message.trim() : error}`);
    }
  }

  stop() {
    const { now } = this;
    this.now = null;
    if (!now) return;
    delete now.element.dataset.state;
    if (now.source) now.source.onended = null;
    now.source?.stop();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const element = /** @type {HTMLElement} */ (target);
      if (!isIntersecting) this.wanted.delete(element);
      else if (!this.#paint(element)) this.wanted.add(element);
    }
    this.#askNext();
  }

  #askNext() {
    while (this.asking < MOST_AT_ONCE && this.wanted.size) {
      const [element] = this.wanted;
      this.wanted.delete(element);
      this.asking += 1;
      void this.#fetch(element).finally(() => {
        this.asking -= 1;
        this.#askNext();
      });
    }
  }

  /** @param {HTMLElement} element */
  async #fetch(element) {
    try {
      const answer = await fetch(addressOf("picture", element));
      if (!answer.ok) return;
      this.pictures.set(element.dataset.name ?? "", new Uint8Array(await answer.arrayBuffer()));
      this.#paint(element);
    } catch {
      // The server has gone; it is asked again when the list comes back.
    }
  }

  #repaint() {
    for (const element of document.querySelectorAll(".hear:has(canvas)")) {
      this.#paint(/** @type {HTMLElement} */ (element));
    }
  }

  /** Whether its picture is there. @param {HTMLElement} element */
  #paint(element) {
    const levels = this.pictures.get(element.dataset.name ?? "");
    const canvas = element.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!levels || levels.length !== COLUMNS * ROWS || !canvas || !context) return false;
    [canvas.width, canvas.height] = [COLUMNS, ROWS];
    context.putImageData(pixelsOf(levels), 0, 0);
    element.dataset.drawn = "";
    return true;
  }
}

/** A spectrogram as the server sends it: levels [ROWS, COLUMNS] from the top. @param {Uint8Array} levels */
export function pixelsOf(levels) {
  const pixels = new ImageData(COLUMNS, ROWS);
  const colours = Array.from({ length: 256 }, (_, level) => mapColour(level / 255));
  levels.forEach((level, k) => pixels.data.set([...colours[level], 255], 4 * k));
  return pixels;
}

/** @param {"clip" | "picture"} what @param {HTMLElement} element */
function addressOf(what, { dataset }) {
  const query = new URLSearchParams(location.search);
  query.set(dataset.kind ?? "", dataset.name ?? "");
  return `/api/${what}?${query}`;
}
