/**
 * Produce: what a player takes away. A take of what sounds, a MIDI file rendered, a sample pack; and a list of all that
 * is being made, or was, on this machine: it is the server's, so that it is there again when the page is loaded again.
 *
 *     buttons, form, dropped files --> socket, POST /api/songs --> jobs --> rows
 */
import { clock } from "./figures.js";
import { JobRow } from "./job-row.js";
import { Listener } from "./listen.js";
import { PackForm } from "./pack-form.js";
import { openTab } from "./tabs.js";
import { keep, kept } from "./theme.js";

const KINDS = ["take", "song", "pack"];
const SONG = /\.(midi?|kar|smf)$/i;
const MOST_BYTES = 16 << 20;
const MOST_SONGS = 8; // of one drop
const TICK_MS = 250;

/** @typedef {import("./types.js").Job} Job */

export class Produce {
  /**
   * @param {HTMLElement} section @param {HTMLElement} tab
   * @param {{ link: import("./socket.js").Link, say: (line: string) => void }} around
   */
  constructor(section, tab, { link, say }) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.link = link;
    this.say = say;
    this.tab = tab;
    /** @type {Map<string, JobRow>} */
    this.rows = new Map();
    this.listener = new Listener(say);
    this.pack = new PackForm(find("form.pack"), link);
    /** @type {HTMLElement} */
    this.list = find(".made ul");
    /** @type {HTMLElement} */
    this.empty = find(".made .none");
    /** @type {HTMLElement} */
    this.news = find(".news");
    /** @type {HTMLButtonElement} */
    this.record = find(".record");
    /** @type {HTMLElement} */
    this.recordText = find(".record span");
    /** @type {HTMLInputElement} */
    this.file = find("input[type=file]");
    /** @type {HTMLSelectElement} */
    this.songFormat = find("[name=song-format]");
    /** @type {HTMLInputElement} */
    this.percussion = find("[name=percussion]");
    /** @type {HTMLSelectElement} */
    this.takeFormat = find("[name=take-format]");
    /** @type {number | null} when the take began, on this page's clock: before 0 if before the page; none is recorded */
    this.began = null;
    /** @type {Map<string, string>} */
    this.states = new Map();
    this.#listen(find(".open"), find(".song"));
    setInterval(() => this.began !== null && this.#showTake(), TICK_MS);
  }

  /** @param {HTMLButtonElement} open @param {HTMLElement} area */
  #listen(open, area) {
    this.record.addEventListener("click", () => {
      this.link.send("record", { on: this.began === null, format: this.takeFormat.value });
    });
    for (const select of [this.takeFormat, this.songFormat]) {
      select.value = kept(select.name) ?? select.value;
      select.addEventListener("change", () => keep(select.name, select.value));
    }
    open.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => {
      void this.render([...(this.file.files ?? [])]);
      this.file.value = "";
    });
    area.addEventListener("dragover", () => area.classList.add("over"));
    for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("over"));
    addEventListener(
      "drop",
      (event) => {
        const files = [...(event.dataTransfer?.files ?? [])].filter(({ name }) => SONG.test(name));
        area.classList.remove("over");
        if (!files.length) return;
        event.preventDefault();
        event.stopPropagation();
        openTab(this.tab);
        void this.render(files);
      },
      { capture: true },
    );
  }

  /** Have MIDI files rendered with the present sound. @param {File[]} files */
  async render(files) {
    for (const file of files.slice(0, MOST_SONGS)) {
      if (file.size > MOST_BYTES) {
        this.say(`“${file.name}” is larger than ${MOST_BYTES >> 20} MiB; that is no song.`);
        continue;
      }
      const query = new URLSearchParams(location.search);
      query.set("name", file.name.slice(-200));
      query.set("format", this.songFormat.value);
      query.set("percussion", this.percussion.checked ? "1" : "0");
      try {
        const answer = await fetch(`/api/songs?${query}`, { method: "POST", body: file });
        if (!answer.ok) this.say(`“${file.name}”: ${(await answer.text()).trim()}`);
      } catch {
        this.say(`“${file.name}” did not get through: nsynth-lab does not answer.`);
      }
    }
    if (files.length > MOST_SONGS) this.say(`${MOST_SONGS} songs at once are as many as there can be.`);
  }

  /** @param {import("./types.js").State} state */
  showState({ patch }) {
    const corners = patch.blend?.corners ?? [];
    this.pack.showSound(corners, patch.name || corners.join(", "));
  }

  /** @param {Record<string, Job>} jobs */
  show(jobs) {
    const ours = Object.entries(jobs).filter(([, { kind }]) => KINDS.includes(kind));
    for (const [name, row] of this.rows) {
      if (name in jobs) continue;
      row.remove();
      this.rows.delete(name);
    }
    for (const [name, job] of ours) {
      const row = this.rows.get(name);
      if (row) row.show(job);
      else {
        const added = new JobRow(name, job, { link: this.link, listener: this.listener });
        this.rows.set(name, added);
        this.list.prepend(added.element);
      }
    }
    this.empty.hidden = ours.length > 0;
    const take = ours.find(([, { kind, state }]) => kind === "take" && state === "running");
    this.began = take ? performance.now() - 1000 * take[1].seconds : null;
    this.#showTake();
    this.pack.showJobs(jobs);
    this.#tell(ours);
  }

  /** Say what has ended, and show on the tab how many are at work. @param {[string, Job][]} ours */
  #tell(ours) {
    for (const [name, { title, state }] of ours) {
      const before = this.states.get(name);
      if (before === "running" && (state === "done" || state === "failed")) {
        this.news.textContent = `${title}: ${state === "done" ? "ready" : "failed"}`;
      }
      this.states.set(name, state);
    }
    const busy = ours.filter(([, { state }]) => state === "running" || state === "waiting").length;
    this.tab.dataset.busy = busy ? String(busy) : "";
    this.tab.setAttribute("aria-label", busy ? `Produce, ${busy} at work` : "Produce");
  }

  #showTake() {
    const isOn = this.began !== null;
    this.record.setAttribute("aria-pressed", String(isOn));
    const text = this.began === null ? "Record" : `Stop · ${clock((performance.now() - this.began) / 1000)}`;
    if (this.recordText.textContent !== text) this.recordText.textContent = text;
    this.takeFormat.disabled = isOn;
  }
}
