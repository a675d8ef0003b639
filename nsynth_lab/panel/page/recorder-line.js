/** The button that records by the microphone, and the line below it: level, time, and a button to discard the recording. */
import { Recorder } from "./recorder.js";

const SHOWN_DECADES = 2.5; // of amplitude: from -50 dB to full scale

/**
 * @typedef {{ longest?: number, idle: string, begun: string, nothing: string, time: (seconds: number) => string,
 *   before?: () => void, take: (recorded: Blob) => void, say: (line: string) => void }} How
 *   longest: in seconds; idle: text of the button; begun, nothing: what is said when recording begins, and when it
 *   ends with nothing recorded; before: done first
 */

export class RecorderLine {
  /** @param {HTMLElement} section holds .record with a span, .recorder with what belongs to it, and .news @param {How} how */
  constructor(section, how) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.how = how;
    this.recorder = new Recorder(how.longest);
    /** @type {HTMLButtonElement} */
    this.button = find(".record");
    /** @type {HTMLElement} */
    this.text = find(".record span");
    /** @type {HTMLElement} */
    this.line = find(".recorder");
    /** @type {HTMLMeterElement} */
    this.meter = find(".recorder meter");
    /** @type {HTMLElement} */
    this.time = find(".recorder output");
    /** @type {HTMLElement} */
    this.news = find(".news");
    this.isStarting = false; // the browser asks for the microphone
    this.isWanted = false; // once it has it
    this.button.addEventListener("click", () => void this.toggle());
    find(".recorder .discard").addEventListener("click", () => this.#stop(false));
    this.recorder.addEventListener("full", () => this.#stop(true));
    this.recorder.addEventListener("level", (event) => {
      const { seconds, peak } = /** @type {CustomEvent} */ (event).detail;
      this.meter.value = Math.max(0, 1 + Math.log10(peak + 1e-9) / SHOWN_DECADES);
      this.time.textContent = this.how.time(seconds);
    });
  }

  /** Begin to record, or end and hand over what was recorded; while the microphone is still being opened, think better of it. */
  async toggle() {
    if (this.isStarting) this.isWanted = !this.isWanted;
    else if (this.recorder.isRecording) this.#stop(true);
    else await this.#start();
  }

  async #start() {
    this.isStarting = this.isWanted = true;
    try {
      this.how.before?.();
      await this.recorder.start();
    } catch (error) {
      if (this.isWanted) this.how.say(error instanceof Error ? error.message : String(error));
    }
    this.isStarting = false;
    if (this.isWanted) this.#show();
    else this.#stop(false);
  }

  /** @param {boolean} wanted */
  #stop(wanted) {
    if (!this.recorder.isRecording) return;
    const recorded = this.recorder.stop();
    this.#show();
    if (wanted && recorded) this.how.take(recorded);
    else if (wanted) this.how.say(this.how.nothing);
  }

  #show() {
    const on = this.recorder.isRecording;
    this.button.setAttribute("aria-pressed", String(on));
    this.text.textContent = on ? "Stop" : this.how.idle;
    this.line.hidden = !on;
    this.time.textContent = this.how.time(0);
    this.meter.value = 0;
    if (on) this.news.textContent = this.how.begun;
  }
}
