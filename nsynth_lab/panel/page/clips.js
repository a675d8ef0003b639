/** The clips of a pack as they come: a cell for each, notes from left to right, filled once it can be heard. */
import { keyName } from "./keys.js";
import { addressOf } from "./listen.js";

const MOST = 1500; // cells; more are too small to hit

/** @typedef {{ positions: string[], notes: number[], velocities: number[], takes: number, clips: number }} Order */

export class Clips {
  /** @param {string} job @param {Order} order @param {import("./listen.js").Listener} listener */
  constructor(job, order, listener) {
    this.job = job;
    this.order = order;
    this.listener = listener;
    this.done = 0;
    /** @type {string[] | null} */
    this.files = null;
    this.element = document.createElement("div");
    this.element.className = "clips";
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Clips: arrows walk, Enter plays one");
    this.element.hidden = order.clips > MOST;
    /** @type {HTMLButtonElement[]} in the order in which they are made */
    this.cells = [];
    if (!this.element.hidden) this.#build();
    this.element.addEventListener("keydown", (event) => this.#walk(event));
    this.element.addEventListener("click", ({ target }) => {
      const number = this.cells.indexOf(/** @type {HTMLButtonElement} */ (target));
      if (number >= 0) void this.#play(number);
    });
  }

  get #rows() {
    const { positions, velocities, takes } = this.order;
    return positions.length * velocities.length * takes;
  }

  #build() {
    const { positions, notes, velocities, takes } = this.order;
    this.element.style.gridTemplateColumns = `repeat(${notes.length}, minmax(0, 1fr))`;
    notes.forEach((note, column) => {
      let row = 0;
      for (const position of positions)
        for (const velocity of velocities)
          for (let take = 1; take <= takes; take++) {
            const cell = document.createElement("button");
            cell.type = "button";
            cell.disabled = true;
            cell.tabIndex = -1;
            cell.setAttribute("aria-pressed", "false");
            const words = [keyName(note), `velocity ${velocity}`, position, ...(takes > 1 ? [`take ${take}`] : [])];
            cell.title = words.join(", ");
            cell.setAttribute("aria-label", cell.title);
            cell.style.gridColumn = String(column + 1);
            cell.style.gridRow = String(++row);
            cell.dataset.first = String(velocity === velocities[0] && take === 1 && position !== positions[0]);
            this.cells.push(cell);
          }
    });
    this.element.replaceChildren(...this.cells);
  }

  /** @param {number} done how many can be heard */
  show(done) {
    for (; this.done < Math.min(done, this.cells.length); this.done++) this.cells[this.done].disabled = false;
    if (this.done && this.cells.every((cell) => cell.tabIndex)) this.cells[0].tabIndex = 0;
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const rows = this.#rows;
    const way = { ArrowRight: rows, ArrowLeft: -rows, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = this.cells.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (way === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const cell = this.cells[at + way];
    if (!cell || cell.disabled) return;
    this.cells[at].tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }

  /** @param {number} number */
  async #play(number) {
    if (!this.files) {
      const answer = await fetch(addressOf(this.job, "clips.json"));
      if (!answer.ok) return;
      this.files = /** @type {string[]} */ (await answer.json());
    }
    this.listener.toggle(this.cells[number], addressOf(this.job, this.files[number]));
  }
}
