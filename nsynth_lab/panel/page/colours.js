/**
 * What the pad sounds like all over: a grid of impressions from the server, coarse first. It is asked for as long as the
 * server refines it and this page is seen. Event: `change`.
 *
 * @typedef {{ brightness: number, noise: number, attack: number }} Impression  in Hz, dB and ms
 * @typedef {{ corners: string[], note: string, columns: number, rows: number, brightness_hz: number[],
 *   noise_db: number[], attack_ms: number[], complete: boolean, trouble: string }} Grid
 */
import { clamp } from "./place.js";

const AGAIN_MS = 500;
const AFTER_TROUBLE_MS = 3000;

export class Colours extends EventTarget {
  constructor() {
    super();
    /** @type {Grid | null} */
    this.grid = null;
    this.wanted = "";
    this.timer = 0;
    document.addEventListener("visibilitychange", () => !document.hidden && this.#askAgain(0));
  }

  /** The blend that is shown; only another one is asked for anew. @param {import("./types.js").Blend} blend */
  show(blend) {
    const { position: _, path: __, ...rest } = blend;
    const wanted = JSON.stringify(rest);
    if (wanted === this.wanted) return;
    const corners = (blend.corners ?? []).join("\n");
    if (this.grid?.corners.join("\n") !== corners) this.#take(null);
    this.wanted = wanted;
    this.#askAgain(0);
  }

  /** Ask once more, as when the server has been away. */
  refresh() {
    this.#askAgain(0);
  }

  /** The impression at a place; null while none is known. @param {import("./types.js").Point} place @returns {Impression | null} */
  at(place) {
    const { grid } = this;
    if (!grid || !grid.columns) return null;
    return {
      brightness: 2 ** sampled(grid, grid.brightness_hz.map(Math.log2), place),
      noise: Math.min(0, sampled(grid, grid.noise_db, place)),
      attack: 2 ** sampled(grid, grid.attack_ms.map(Math.log2), place),
    };
  }

  /** @param {number} ms */
  #askAgain(ms) {
    clearTimeout(this.timer);
    if (this.wanted) this.timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask() {
    if (document.hidden) return;
    const { wanted } = this;
    /** @type {Grid | null} */
    let grid = null;
    try {
      const answer = await fetch(`/api/colours${location.search}`);
      if (answer.ok) grid = await answer.json();
    } catch {
      // The server has gone; the socket says so.
    }
    if (wanted !== this.wanted) return; // another blend has been asked for meanwhile
    if (!grid || grid.trouble) return this.#askAgain(AFTER_TROUBLE_MS);
    const isNews = this.grid?.columns !== grid.columns || this.grid.corners.join("\n") !== grid.corners.join("\n");
    if (isNews && grid.columns) this.#take(grid);
    if (!grid.complete) this.#askAgain(AGAIN_MS);
  }

  /** @param {Grid | null} grid */
  #take(grid) {
    this.grid = grid;
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * The value of a grid at a place, between its points by Catmull and Rom's cubic curves, which pass through them.
 *
 * @param {{ columns: number, rows: number }} grid @param {number[]} values @param {import("./types.js").Point} place
 */
export function sampled({ columns, rows }, values, { x, y }) {
  const column = along(x, columns);
  const row = along(y, rows);
  let sum = 0;
  for (let j = 0; j < 4; j++) {
    if (!row.weights[j]) continue;
    const base = row.points[j] * columns;
    for (let i = 0; i < 4; i++) sum += row.weights[j] * column.weights[i] * values[base + column.points[i]];
  }
  return sum;
}

/** The four points around a place on one axis, and their shares. @param {number} at 0 to 1 @param {number} count */
function along(at, count) {
  const whole = clamp(at) * (count - 1);
  const first = Math.min(Math.floor(whole), Math.max(count - 2, 0));
  const t = whole - first;
  const points = [-1, 0, 1, 2].map((step) => clamp(first + step, 0, count - 1));
  const weights = [
    (-t + 2 * t * t - t * t * t) / 2,
    (2 - 5 * t * t + 3 * t * t * t) / 2,
    (t + 4 * t * t - 3 * t * t * t) / 2,
    (-t * t + t * t * t) / 2,
  ];
  return { points, weights };
}
