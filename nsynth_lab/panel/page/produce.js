/**
 * Produce: what a player takes away. A take of what sounds, a MIDI file rendered, a sample pack; and a list of all that
 * is being made, or was, on this machine: it is the server's, so that it is there again when the page is loaded again.
 *
 *     buttons, form, dropped files --> socket, POST /api/songs --> jobs --> rows
 */
import { clock } from "./figures.js";
import { chooser, filesOf, sent } from "./files.js";
import { JobList } from "./job-row.js";
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
    this.rows = new JobList(find(".made ul"), KINDS, { link, listener: new Listener(say) });
    this.pack = new PackForm(find("form.pack"), link);
    /** @type {HTMLElement} */
    this.empty = find(".made .none");
    /** @type {HTMLElement} */
    this.news = find(".news");
    /** @type {HTMLButtonElement} */
    this.record = find(".record");
    /** @type {HTMLElement} */
    this.recordText = find(".record span");
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
    chooser(find(".open"), find("input[type=file]"), (files) => void this.render(files));
    this.#listen(find(".song"));
    setInterval(() => this.began !== null && this.#showTake(), TICK_MS);
  }

  /** @param {HTMLElement} area */
  #listen(area) {
    this.record.addEventListener("click", () => {
      this.link.send("record", { on: this.began === null, format: this.takeFormat.value });
    });
    for (const select of [this.takeFormat, this.songFormat]) {
      select.value = kept(select.name) ?? select.value;
      select.addEventListener("change", () => keep(select.name, select.value));
    }
    area.addEventListener("dragover", () => area.classList.add("over"));
    for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("over"));
    addEventListener(
      "drop",
      (event) => {
        const files = filesOf(event).filter(({ name }) => SONG.test(name));
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
    const fields = { format: this.songFormat.value, percussion: this.percussion.checked ? "1" : "0" };
    for (const file of files.slice(0, MOST_SONGS)) {
      await sent("/api/songs", file, file.name, { say: this.say, mostBytes: MOST_BYTES, fields });
    }
    if (files.length > MOST_SONGS) this.say(`At most ${MOST_SONGS} songs can be rendered at once.`);
  }

  /** @param {import("./types.js").State} state */
  showState({ patch }) {
    const corners = patch.blend?.corners ?? [];
    this.pack.showSound(corners, patch.name || corners.join(", "));
  }

  /** @param {Record<string, Job>} jobs */
  show(jobs) {
    const ours = this.rows.show(jobs);
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
