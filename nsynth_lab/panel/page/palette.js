/**
 * The palette: two to four tunes at the corners of a surface, and loops between them. A place on it is heard at once;
 * the melody changes at the next bar or sixteenth. A path that is drawn on it, by a finger or by the arrow keys, is gone
 * along round and round. With `together` its place is that of the blend: one finger moves melody and timbre.
 *
 * @typedef {import("./types.js").Point} Point
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Playing} Playing
 */
import { cleared } from "./canvas.js";
import { makeChoice } from "./choice.js";
import { LETTERS } from "./pad.js";
import { simplified } from "./path.js";
import { between, clamp, cornerPoints, placeAt, shares, spoken } from "./place.js";
import { colour, onThemeChange } from "./theme.js";

const MARGIN = { x: 16, y: 32 }; // the names of the corners stand above and below
const STEP = 0.05;
const SHORTEST_SECONDS = 0.2;
const LONGEST_SECONDS = 600;
const DOT = 3;

export class PalettePad {
  /**
   * @param {HTMLElement} element @param {import("./stand.js").Stand} stand
   * @param {{ link: import("./socket.js").Link, say: (line: string) => void }} around
   */
  constructor(element, stand, { link, say }) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
    this.element = element;
    this.stand = stand;
    this.link = link;
    this.say = say;
    /** @type {HTMLCanvasElement} */
    this.canvas = find("canvas");
    this.names = /** @type {HTMLElement} */ (find(".names"));
    this.pencil = /** @type {HTMLButtonElement} */ (find(".pencil"));
    this.seconds = /** @type {HTMLInputElement} */ (find(".kept input"));
    this.keptPath = /** @type {HTMLElement} */ (find(".kept"));
    this.drawing = /** @type {HTMLElement} */ (find(".drawing"));
    this.together = /** @type {HTMLButtonElement} */ (find(".together"));
    this.play = /** @type {HTMLButtonElement} */ (find(".play"));
    /** @type {Record<"x" | "y", HTMLInputElement>} */
    this.ranges = { x: find("input[name=x]"), y: find("input[name=y]") };
    this.changes = makeChoice(find(".changes"), (change) => this.stand.way({ change: /** @type {any} */ (change) }));
    this.changes.offer([
      { value: "bar", text: "bar", says: "The melody changes at the next bar" },
      { value: "slot", text: "sixteenth", says: "The melody changes at the next sixteenth" },
    ]);
    this.name = ""; // the palette's job
    this.titles = /** @type {string[]} */ ([]);
    this.rows = this.columns = 1;
    this.place = { x: 0.5, y: 0.5 };
    /** @type {number[][]} */
    this.path = [];
    /** @type {number[][] | null} what is being drawn */
    this.drawn = null;
    this.began = 0;
    /** @type {number | null} */
    this.finger = null;
    this.unsent = false;
    this.asked = 0;
    this.box = { left: MARGIN.x, top: MARGIN.y, width: 1, height: 1 };
    this.#listen(find(".remove"));
    new ResizeObserver(() => this.#ask()).observe(this.canvas);
    onThemeChange(() => this.#ask());
  }

  get count() {
    return this.titles.length;
  }

  /** @param {HTMLButtonElement} remove */
  #listen(remove) {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.finger !== null) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.finger = event.pointerId;
      this.#move(this.#point(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.finger) this.#move(this.#point(event));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (/** @type {PointerEvent} */ (event).pointerId !== this.finger) return;
        this.finger = null;
        if (this.drawn) this.#endPath();
        else this.#send(true);
      });
    }
    for (const axis of /** @type {const} */ (["x", "y"])) {
      this.ranges[axis].addEventListener("input", () => {
        this.#move({ ...this.place, [axis]: Number(this.ranges[axis].value) / 100 });
        this.#send(true);
      });
    }
    this.play.addEventListener("click", () => (this.isOn ? this.link.send("stop_tune") : this.stand.begin(this.name)));
    this.together.addEventListener("click", () => this.stand.way({ together: this.together.ariaPressed !== "true" }));
    this.pencil.addEventListener("click", () => {
      if (this.drawn?.length) this.#endPath();
      else this.#draw(!this.drawn);
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.drawn) this.#draw(false);
      else if (event.target === this.pencil && this.drawn && this.#arrow(event)) event.stopPropagation();
    });
    this.seconds.addEventListener("change", () => {
      const wanted = clamp(Number(this.seconds.value) || 0, SHORTEST_SECONDS, LONGEST_SECONDS);
      const length = this.path.at(-1)?.[0] ?? 0;
      if (length > 0) this.#take(this.path.map(([at, x, y]) => [(at * wanted) / length, x, y]));
    });
    remove.addEventListener("click", () => {
      this.#take([]);
      this.pencil.focus();
    });
  }

  get isOn() {
    const { playing } = this.stand;
    return Boolean(playing?.on && playing.tune === this.name);
  }

  /** @param {string} name @param {Job | null} job which is done; none: there is no palette */
  show(name, job) {
    this.element.hidden = !job;
    if (!job || (name === this.name && this.count)) return;
    this.name = name;
    this.titles = /** @type {string[]} */ (job.result.titles);
    [this.rows, this.columns] = [Number(job.result.rows), Number(job.result.columns)];
    this.ranges.y.parentElement?.toggleAttribute("hidden", this.count === 2);
    this.names.dataset.count = String(this.count);
    this.names.replaceChildren(
      ...this.titles.map((title, k) => {
        const one = document.createElement("span");
        one.dataset.at = LETTERS[k];
        one.append(Object.assign(document.createElement("b"), { textContent: LETTERS[k] }), ` ${title}`);
        one.title = title;
        return one;
      }),
    );
    this.#tell();
    this.#ask();
  }

  /** @param {Playing} playing */
  showPlaying({ x, y, path, change, together }) {
    if (this.finger === null && !this.unsent && !this.drawn) this.place = { x, y: this.count === 2 ? 0.5 : y };
    this.path = path;
    this.changes.show(change);
    this.together.setAttribute("aria-pressed", String(together));
    this.play.setAttribute("aria-pressed", String(this.isOn));
    this.play.setAttribute("aria-label", this.isOn ? "Stop the palette" : "Play the palette");
    this.keptPath.hidden = path.length < 2 || this.drawn !== null;
    if (document.activeElement !== this.seconds) this.seconds.value = String(Number((path.at(-1)?.[0] ?? 0).toFixed(1)));
    this.#tell();
    this.#ask();
  }

  /** @param {KeyboardEvent} event whether it is an arrow */
  #arrow(event) {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!by) return false;
    event.preventDefault();
    this.#move({ x: clamp(this.place.x + by[0]), y: clamp(this.place.y + by[1]) });
    return true;
  }

  /** @param {Point} place */
  #move(place) {
    this.place = this.count === 2 ? { ...place, y: 0.5 } : place;
    if (this.drawn) {
      if (!this.drawn.length) this.began = performance.now();
      this.drawn.push([(performance.now() - this.began) / 1000, this.place.x, this.place.y]);
    }
    if (!this.isOn) this.stand.begin(this.name);
    this.unsent = true;
    this.#tell();
    this.#ask();
  }

  /** @param {boolean} stays whether the finger has left it */
  #send(stays) {
    this.unsent = false;
    const { x, y } = this.place;
    this.link.send("tune_place", { x, y, path: [] });
    if (this.stand.playing?.together) this.link.place({ x, y }, stays);
  }

  /** @param {boolean} draws from now on */
  #draw(draws) {
    this.drawn = draws ? [] : null;
    this.pencil.setAttribute("aria-pressed", String(draws));
    this.drawing.hidden = !draws;
    this.keptPath.hidden = draws || this.path.length < 2;
    this.#ask();
  }

  #endPath() {
    const path = simplified(this.drawn ?? []);
    this.#draw(false);
    if ((path.at(-1)?.[0] ?? 0) < SHORTEST_SECONDS) return this.say("A path needs a way to go: take the pencil, then draw on the palette.");
    this.#take(path);
  }

  /** @param {number[][]} path */
  #take(path) {
    this.path = path.map((point) => point.map((value) => Number(value.toFixed(4))));
    this.unsent = false;
    this.link.send("tune_place", { ...this.place, path: this.path });
  }

  #tell() {
    const { x, y } = this.place;
    const text = spoken(this.titles, shares(this.count || 1, this.place));
    for (const [axis, value] of /** @type {const} */ ([["x", x], ["y", y]])) {
      this.ranges[axis].value = String(Math.round(100 * value));
      this.ranges[axis].setAttribute("aria-valuetext", text);
    }
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return placeAt(this.count, { x: event.clientX - left, y: event.clientY - top }, this.box);
  }

  #ask() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.asked = 0;
    if (this.unsent) this.#send(false);
    if (!this.canvas.clientWidth || !this.count) return;
    const { context, width, height } = cleared(this.canvas);
    this.box = { left: MARGIN.x, top: MARGIN.y, width: width - 2 * MARGIN.x, height: height - 2 * MARGIN.y };
    const corners = cornerPoints(this.count, this.box);
    const point = (/** @type {Point} */ place) => between(corners, shares(this.count, place));
    const { playing } = this.stand;
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        const place = { x: column / Math.max(1, this.columns - 1), y: this.rows > 1 ? row / (this.rows - 1) : 0.5 };
        const sounds = this.isOn && playing?.row === row && playing.column === column;
        circle(context, point(place), sounds ? 2.5 * DOT : DOT, sounds ? "accent" : "soft", sounds);
      }
    }
    this.#paintPath(context, (this.drawn ?? this.path).map(([, x, y]) => point({ x, y })));
    const { x, y } = point(this.place);
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    context.fillStyle = colour("accent");
    context.fill();
    context.strokeStyle = colour("paper");
    context.lineWidth = 2.5;
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context @param {Point[]} points */
  #paintPath(context, points) {
    context.lineJoin = context.lineCap = "round";
    context.strokeStyle = colour("ink");
    context.lineWidth = 2;
    context.beginPath();
    for (const { x, y } of points) context.lineTo(x, y);
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Point} at @param {number} radius @param {string} name @param {boolean} ring */
function circle(context, { x, y }, radius, name, ring) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = context.strokeStyle = colour(name);
  context.lineWidth = 2;
  if (ring) context.stroke();
  else context.fill();
}
