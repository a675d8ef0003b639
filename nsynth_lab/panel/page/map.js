/**
 * The instruments as a map: the rows of the list as points, those that sound alike near one another. A click or the space
 * bar lets one hear it, Enter or 1 to 4 puts it on a corner, and so does dragging it there; arrows go to the nearest.
 *
 * Where each is comes from the server, as a job whose file is map.json: x and y, from -1 to 1, to the right and upwards.
 */
import { addressOf } from "./listen.js";
import { LETTERS } from "./pad.js";

const MARGIN = 14; // pixels around the outermost points
const APART = 13; // pixels between two points at least, where there is room
const ROUNDS = 40; // in which points that are too near to one another are moved apart
const SIDEWAYS = 2.5; // how much further off a point counts that lies beside the way of an arrow
const WAYS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

/**
 * @typedef {import("./types.js").Instrument} Instrument
 * @typedef {import("./types.js").Point} Point
 * @typedef {{ name: string, family: string, x: number, y: number, own: boolean, imagined: boolean }} Place
 * @typedef {{ link: import("./socket.js").Link, pad: import("./pad.js").Pad, auditions: import("./auditions.js").Auditions,
 *   list: import("./list.js").SearchList<Instrument> }} Around
 */

export class InstrumentMap {
  /** @param {HTMLElement} section @param {Around} around */
  constructor(section, around) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.around = around;
    /** @type {HTMLElement} */
    this.box = around.list.box;
    /** @type {HTMLElement} */
    this.chips = around.list.chips;
    /** @type {HTMLElement} */
    this.line = find(".point");
    /** @type {HTMLElement} */
    this.news = find(".point .says");
    /** @type {HTMLButtonElement} */
    this.put = find(".point button");
    /** @type {Map<string, Place>} */
    this.places = new Map();
    /** @type {Map<HTMLElement, Point>} in pixels of the box */
    this.points = new Map();
    this.job = ""; // whose map is shown
    this.isOn = false;
    this.box.addEventListener("click", (event) => this.#click(event), { capture: true });
    this.box.addEventListener("focusin", () => this.#tell());
    this.put.addEventListener("click", () => this.around.pad.put(this.put.dataset.name ?? ""));
    around.pad.addEventListener("choose", () => this.#tell());
    around.link.addEventListener("open", () => this.#ask());
    around.link.addEventListener("presets", () => this.#ask());
    around.link.hear("jobs", ({ jobs }) => this.#look(jobs));
    new MutationObserver(() => this.#place()).observe(this.box, { childList: true });
    new ResizeObserver(() => this.#place()).observe(this.box);
  }

  /** @param {boolean} isOn */
  show(isOn) {
    this.isOn = isOn;
    this.line.hidden = !isOn;
    this.around.list.beside = isOn ? (item, key) => this.#beside(item, key) : null;
    this.#ask();
    this.#place();
    this.#tell();
  }

  /** Nothing comes of it where there is a map of these instruments already. */
  #ask() {
    if (this.isOn) this.around.link.send("map_instruments");
  }

  /** @param {Record<string, import("./types.js").Job>} jobs */
  #look(jobs) {
    const [name, job] = Object.entries(jobs).findLast(([, { kind }]) => kind === "map") ?? ["", null];
    if (!job) return;
    if (job.state === "done" && name !== this.job) void this.#read(name);
    else if (job.state === "failed") this.news.textContent = `There is no map: ${job.says}`;
    else if (!this.places.size) this.news.textContent = `${job.says || "The map is made"} …`;
  }

  /** @param {string} job */
  async #read(job) {
    this.job = job;
    try {
      const answer = await fetch(addressOf(job, "map.json"));
      if (!answer.ok || this.job !== job) return;
      /** @type {Place[]} */
      const places = await answer.json();
      this.places = new Map(places.map((place) => [place.name, place]));
      this.#place();
      this.#tell();
    } catch {
      this.job = ""; // it is read when the server is there again
    }
  }

  /** Put every row where its instrument is; those that are not on the map are not shown. */
  #place() {
    this.points.clear();
    for (const chip of this.chips.children) /** @type {HTMLElement} */ (chip).dataset.family = chip.textContent?.replaceAll(" ", "_") ?? "";
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!this.isOn || !width || !height) return;
    const all = [...this.places.values()];
    const across = filling(all.map(({ x }) => x), width);
    const down = filling(all.map(({ y }) => y), height);
    for (const { row, item } of this.around.list.all) {
      const place = this.places.get(row.name);
      item.classList.toggle("unplaced", !place);
      if (!place) continue;
      item.dataset.kind = place.imagined ? "imagined" : place.own ? "own" : "";
      this.points.set(item, { x: across(place.x), y: height - down(place.y) });
    }
    spread([...this.points.values()], width, height);
    for (const [item, { x, y }] of this.points) {
      item.style.setProperty("--x", `${x}px`);
      item.style.setProperty("--y", `${y}px`);
      item.dataset.side = x > width / 2 ? "left" : "right";
    }
  }

  /** Hear the point that is clicked, instead of taking it. @param {MouseEvent} event */
  #click(event) {
    const item = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("[role=option]")) : null;
    if (!this.isOn || !item) return;
    event.stopImmediatePropagation();
    this.around.list.focus(item);
    const heard = /** @type {HTMLElement | null} */ (item.querySelector(".hear"));
    if (heard) void this.around.auditions.hear(heard);
  }

  /** The nearest point on the way of an arrow key; the same one where there is none. @param {HTMLElement} item @param {string} key */
  #beside(item, key) {
    const way = WAYS[key];
    const from = this.points.get(item);
    if (!way || !from) return undefined;
    let [found, least] = [item, Infinity];
    for (const [other, { x, y }] of this.points) {
      const along = (x - from.x) * way[0] + (y - from.y) * way[1];
      const aside = Math.abs((x - from.x) * way[1]) + Math.abs((y - from.y) * way[0]);
      const far = along + SIDEWAYS * aside;
      if (other.hidden || along <= 0 || far >= least) continue;
      [found, least] = [other, far];
    }
    return found;
  }

  /** What is said of the point that has the focus, or had it last. */
  #tell() {
    const row = this.around.list.at(document.activeElement);
    if (row) {
      this.put.dataset.name = row.name;
      this.news.textContent = [row.name, row.family.replaceAll("_", " "), `${row.lowest} – ${row.highest}`].filter(Boolean).join(" · ");
    } else if (!this.put.dataset.name && this.places.size) this.news.textContent = "Click to hear; drag onto a corner of the pad.";
    this.put.hidden = !this.put.dataset.name;
    this.put.textContent = `Put on ${LETTERS[this.around.pad.chosen] ?? "a corner"}`;
  }
}

/** From places to pixels, so that all of them fill the room. @param {number[]} places @param {number} room */
function filling(places, room) {
  const [least, most] = [Math.min(...places), Math.max(...places)];
  return (/** @type {number} */ at) => MARGIN + ((at - least) / (most - least || 1)) * (room - 2 * MARGIN);
}

/** Move points apart that would lie upon one another. @param {Point[]} points @param {number} width @param {number} height */
function spread(points, width, height) {
  for (let round = 0; round < ROUNDS; round++) {
    let isSettled = true;
    for (let one = 0; one < points.length; one++) {
      for (let two = one + 1; two < points.length; two++) {
        const [a, b] = [points[one], points[two]];
        const [x, y] = [b.x - a.x, b.y - a.y];
        const far = Math.hypot(x, y);
        if (far >= APART) continue;
        isSettled = false;
        const [across, down] = far > 0.01 ? [x / far, y / far] : [Math.cos(one), Math.sin(one)];
        const by = (APART - far) / 2;
        [a.x, a.y, b.x, b.y] = [a.x - by * across, a.y - by * down, b.x + by * across, b.y + by * down];
      }
    }
    for (const point of points) {
      point.x = Math.min(Math.max(point.x, MARGIN), width - MARGIN);
      point.y = Math.min(Math.max(point.y, MARGIN), height - MARGIN);
    }
    if (isSettled) return;
  }
}
