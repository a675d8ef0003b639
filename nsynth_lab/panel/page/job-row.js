/** One row of what is being made, or was: how far it is, what it can be heard by, its files, and its end. */
import { Clips } from "./clips.js";
import { about, clock, counted, size } from "./figures.js";
import { button, made } from "./list.js";
import { addressOf } from "./listen.js";

const HIDDEN = /\.(json|png)$/; // files of a pack that are shown otherwise, or lie in its zip file
const TICK_MS = 250;

/**
 * @typedef {import("./types.js").Job} Job
 * @typedef {{ link: import("./socket.js").Link, listener: import("./listen.js").Listener }} Around
 */

class JobRow {
  /** @param {string} name @param {Job} job @param {Around} around */
  constructor(name, job, { link, listener }) {
    this.name = name;
    this.listener = listener;
    this.job = job;
    this.shownAt = performance.now();
    this.title = made("span.name");
    this.says = made("span.about");
    this.bar = document.createElement("progress");
    this.bar.setAttribute("aria-label", `How far ${job.title} is`);
    this.troubles = made("p.troubles");
    this.play = button("play", "Play");
    this.play.setAttribute("aria-pressed", "false");
    this.play.addEventListener("click", () => this.listener.toggle(this.play, addressOf(name, this.#heard)));
    this.files = made("span.files");
    this.end = button("end", "Cancel");
    this.end.addEventListener("click", () => {
      link.send(this.isOver ? "forget" : "cancel", { job: name });
    });
    const order = /** @type {import("./clips.js").Order | null} */ (job.kind === "pack" ? job.about : null);
    this.clips = order && new Clips(name, order, listener);
    this.row = made("p.row", this.play, this.files);
    this.element = made("li.job", this.title, this.says, this.end, this.bar, this.troubles);
    if (this.clips) this.element.append(this.clips.element);
    this.element.append(this.row);
    this.timer = setInterval(() => this.job.state === "running" && this.#tick(), TICK_MS);
    this.show(job);
  }

  get isOver() {
    return !["waiting", "running"].includes(this.job.state);
  }

  /** The file that is heard: a pack's preview, or the sound itself. */
  get #heard() {
    return this.job.kind === "pack" ? "preview.flac" : String(this.job.result.file ?? "");
  }

  /** @param {Job} job */
  show(job) {
    this.job = job;
    this.shownAt = performance.now();
    this.element.dataset.state = job.state;
    this.title.textContent = job.title;
    this.bar.hidden = this.isOver || job.kind === "take";
    if (job.total && job.state === "running") this.bar.value = Math.min(job.done / job.total, 1);
    else this.bar.removeAttribute("value");
    const isDone = job.state === "done";
    this.row.hidden = !isDone;
    this.play.setAttribute("aria-label", `Play ${job.title}`);
    this.end.textContent = this.isOver ? "Remove" : job.kind === "take" ? "Throw away" : "Cancel";
    this.end.setAttribute("aria-label", `${this.end.textContent} ${job.title}`);
    const troubles = /** @type {string[]} */ (job.result.troubles ?? []);
    this.troubles.textContent = troubles.join("; ");
    this.troubles.hidden = !troubles.length;
    this.#showFiles(isDone);
    this.clips?.show(isDone ? Infinity : job.done);
    if (this.clips && ["failed", "cancelled"].includes(job.state)) this.clips.element.hidden = true;
    this.#tick();
  }

  /** @param {boolean} isDone */
  #showFiles(isDone) {
    const files = isDone ? this.job.files.filter(({ name }) => !HIDDEN.test(name) && name !== "preview.flac") : [];
    const key = files.map(({ name }) => name).join("/");
    if (this.files.dataset.key === key) return;
    this.files.dataset.key = key;
    this.files.replaceChildren(
      ...files.map(({ name, bytes }) => {
        const link = made("a.button", name.replace(/^.*\./, "").toUpperCase(), made("small", size(bytes)));
        link.setAttribute("href", addressOf(this.name, name, true));
        link.setAttribute("download", name);
        link.setAttribute("aria-label", `Download ${name}, ${size(bytes)}`);
        link.title = `Download ${name}`;
        return link;
      }),
    );
  }

  #tick() {
    const since = this.job.state === "running" ? (performance.now() - this.shownAt) / 1000 : 0;
    const text = words(this.job, this.job.seconds + since);
    if (this.says.textContent !== text) this.says.textContent = text;
  }

  remove() {
    clearInterval(this.timer);
    this.listener.leave(this.element);
    this.element.remove();
  }
}

/** A list of the jobs of some kinds, the newest first. */
export class JobList {
  /** @param {HTMLElement} list @param {string[]} kinds @param {Around} around */
  constructor(list, kinds, around) {
    this.list = list;
    this.kinds = kinds;
    this.around = around;
    /** @type {Map<string, JobRow>} */
    this.rows = new Map();
  }

  /** Returns those of its kinds. @param {Record<string, Job>} jobs */
  show(jobs) {
    for (const [name, row] of this.rows) {
      if (name in jobs) continue;
      row.remove();
      this.rows.delete(name);
    }
    const ours = Object.entries(jobs).filter(([, { kind }]) => this.kinds.includes(kind));
    for (const [name, job] of ours) {
      const row = this.rows.get(name);
      if (row) row.show(job);
      else {
        const added = new JobRow(name, job, this.around);
        this.rows.set(name, added);
        this.list.prepend(added.element);
      }
    }
    return ours;
  }
}

/** How it goes, in words. @param {Job} job @param {number} seconds it has run */
function words(job, seconds) {
  if (job.state === "waiting") return "waits for its turn";
  if (job.state === "cancelled") return job.kind === "take" ? "thrown away" : "cancelled";
  if (job.state === "failed") return job.says;
  return job.state === "done" ? outcome(job) : progress(job, seconds);
}

/** @param {Job} job */
function outcome({ kind, result, about: asked, seconds }) {
  const length = clock(Number(result.seconds ?? 0));
  if (kind === "take") return `${length} · ${asked.sound}`;
  if (kind === "song" || kind === "translation") return `${length} · ${counted(Number(result.notes), "note")} · ${asked.sound}`;
  return `${counted(Number(asked.clips), "clip")} · made in ${about(seconds)}`;
}

/** @param {Job} job @param {number} seconds */
function progress({ kind, done, total, says }, seconds) {
  if (kind === "take") return `${clock(seconds)} · recording`;
  if (!total || !done || done >= total) return says || "begins";
  const left = about((seconds * (total - done)) / done);
  const rate = done / Math.max(seconds, 0.1);
  const [far, speed] =
    kind === "song" || kind === "translation"
      ? [`${clock(done)} of ${clock(total)}`, `${rate.toFixed(1)} × real time`]
      : [`${done} of ${counted(total, "clip")}`, `${rate.toFixed(1)} a second`];
  return `${far} · ${speed} · ${left} left`;
}
