/** What a sample pack is to hold: chosen, estimated, then made. An estimate holds as long as nothing else is chosen. */
import { about, counted, size } from "./figures.js";

/**
 * @typedef {import("./types.js").Job} Job
 * @typedef {Record<string, string | number | boolean>} Fields  of the message `pack`
 */

export class PackForm {
  /** @param {HTMLFormElement} form @param {import("./socket.js").Link} link */
  constructor(form, link) {
    this.form = form;
    this.link = link;
    /** @type {string[]} the names of all formats, a box each */
    this.formats = [...form.querySelectorAll(".formats input")].map((box) => /** @type {HTMLInputElement} */ (box).name);
    /** @type {string} */
    this.job = "";
    /** @type {Job | null} the newest estimate */
    this.estimate = null;
    /** @type {string[]} */
    this.corners = [];
    this.isFilled = false;
    /** @type {HTMLElement} */
    this.says = /** @type {HTMLElement} */ (form.querySelector(".estimate"));
    /** @type {HTMLButtonElement} */
    this.cancel = /** @type {HTMLButtonElement} */ (form.querySelector(".cancel"));
    /** @type {HTMLButtonElement} */
    this.measure = /** @type {HTMLButtonElement} */ (form.querySelector(".measure"));
    /** @type {HTMLButtonElement} */
    this.make = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    form.addEventListener("input", () => this.#draw());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#holds) return this.#ask(true);
      this.#ask(false);
      this.#fold();
    });
    this.measure.addEventListener("click", () => form.reportValidity() && this.#ask(true));
    this.cancel.addEventListener("click", () => this.link.send("forget", { job: this.job }));
    this.#draw();
  }

  /** @param {Record<string, Job>} jobs */
  showJobs(jobs) {
    const [name, job] = Object.entries(jobs).findLast(([, one]) => one.kind === "estimate") ?? ["", null];
    this.job = name;
    this.estimate = job;
    if (job && !this.isFilled) this.#fill(/** @type {Fields} */ (job.about.asked));
    this.isFilled = true;
    this.#draw();
  }

  /** @param {string[]} corners @param {string} name of the sound */
  showSound(corners, name) {
    this.corners = corners;
    this.#field("name").setAttribute("placeholder", name);
    for (const one of this.form.querySelectorAll(".several")) {
      /** @type {HTMLElement} */ (one).hidden = corners.length < 2;
    }
    this.#draw();
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }

  /** @returns {Fields} */
  get #fields() {
    const text = (/** @type {string} */ name) => this.#field(name).value.trim();
    const flac = text("file") === "flac";
    const formats = this.formats.filter((name) => this.#field(name).checked && !(flac && name === "wav"));
    return {
      positions: text("where") === "list" ? text("positions") : text("where"),
      notes: text("notes"),
      velocities: text("velocities"),
      round_robin: Number(text("round_robin")),
      crossfade: 0,
      seconds: Number(text("seconds")),
      loop: this.#field("loop").checked,
      rate: text("rate"),
      bits: text("bits"),
      flac,
      formats: formats.join(","),
      name: text("name"),
      author: text("author"),
      licence: text("licence"),
    };
  }

  /** @param {Fields} asked */
  #fill(asked) {
    const { positions, formats, flac, ...others } = asked;
    const named = String(positions);
    this.#field("where").value = ["", "here"].includes(named) ? named : "list";
    if (this.#field("where").value === "list") this.#field("positions").value = named;
    this.#field("file").value = flac ? "flac" : "wav";
    const chosen = String(formats).split(",");
    for (const name of this.formats) this.#field(name).checked = chosen.includes(name);
    for (const [name, value] of Object.entries(others)) {
      const field = this.#field(name);
      if (!field) continue;
      if (typeof value === "boolean") field.checked = value;
      else field.value = String(value);
    }
    const details = this.form.closest("details");
    if (details) details.open = true;
  }

  /** The pack is on its way: its row is what matters now. */
  #fold() {
    const details = this.form.closest("details");
    if (!details) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  }

  /** Whether the estimate is of what is chosen now. */
  get #holds() {
    const asked = this.estimate?.about.asked;
    if (this.estimate?.state !== "done" || !asked) return false;
    const corners = /** @type {string[]} */ (this.estimate.about.corners);
    const fields = this.#fields;
    const same = Object.entries(fields).every(([name, value]) => /** @type {Fields} */ (asked)[name] === value);
    return same && corners.join("\n") === this.corners.join("\n");
  }

  /** @param {boolean} isDry */
  #ask(isDry) {
    this.link.send("pack", { ...this.#fields, dry_run: isDry });
  }

  #draw() {
    const where = this.#field("where").value;
    /** @type {HTMLElement} */ (this.form.querySelector(".list")).hidden = where !== "list";
    const flac = this.#field("file").value === "flac";
    this.#field("wav").disabled = flac;
    const state = this.estimate?.state;
    const isRunning = state === "waiting" || state === "running";
    const holds = this.#holds;
    const none = !this.#fields.formats;
    this.cancel.hidden = !isRunning;
    this.measure.disabled = isRunning || holds || none;
    this.make.disabled = !holds || none;
    this.says.dataset.state = holds ? "done" : (state ?? "");
    this.says.textContent = none ? "Choose a format." : this.#words(isRunning, holds);
  }

  /** @param {boolean} isRunning @param {boolean} holds */
  #words(isRunning, holds) {
    const job = this.estimate;
    if (isRunning) return job?.says || "begins";
    if (job?.state === "failed") return job.says;
    if (!holds || !job) return "First see what it takes.";
    const { clips, sound_seconds, disk_bytes, work_seconds } = /** @type {Record<string, number>} */ (job.result);
    const parts = [counted(clips, "clip"), `${about(sound_seconds)} of sound`, `about ${size(disk_bytes)}`];
    const leftOut = /** @type {string[]} */ (job.result.left_out ?? []).map((sentence) => ` ${sentence}.`);
    return `${parts.join(", ")}; about ${about(work_seconds)} to make here.${leftOut.join("")}`;
  }
}
