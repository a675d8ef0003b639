/** What is listened to live: an input of the machine, or the microphone of this page, whose sound goes over the socket. */
import { pitchName } from "./keys.js";
import { microphone } from "./recorder.js";

const RATE = 48000;
const PIECE = 256; // samples of a message
const [MACHINE, PAGE] = ["machine:", "page"];
const SHOWN_DB = 60;

/** @typedef {import("./types.js").Translation} Translation */

export class LiveInput {
  /**
   * @param {HTMLElement} section
   * @param {{ link: import("./socket.js").Link, say: (line: string) => void, pageMs: () => number }} around  pageMs: what
   *   this page adds to the latency, in ms
   */
  constructor(section, { link, say, pageMs }) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.link = link;
    this.say = say;
    this.pageMs = pageMs;
    /** @type {HTMLButtonElement} */
    this.button = find(".listen");
    /** @type {HTMLSelectElement} */
    this.select = find("[name=input]");
    /** @type {HTMLElement} */
    this.figures = find(".live-figures");
    /** @type {HTMLMeterElement} */
    this.meter = find(".live-level");
    /** @type {HTMLElement} */
    this.guard = find(".guard");
    this.usual = this.guard.textContent ?? "";
    /** @type {Record<string, HTMLElement>} */
    this.cells = Object.fromEntries(["note", "level", "latency"].map((name) => [name, find(`[data-live=${name}]`)]));
    /** @type {{ stream: MediaStream, context: AudioContext } | null} */
    this.own = null;
    this.isOn = false;
    this.isStarting = false;
    this.button.addEventListener("click", () => void this.#toggle());
    this.select.addEventListener("pointerdown", () => void this.look());
  }

  /** Which inputs the machine has now. */
  async look() {
    try {
      const { inputs, problem } = await (await fetch(`/api/inputs${location.search}`)).json();
      /** @type {{ name: string, host: string, problem: string }[]} */
      const rows = inputs;
      const named = rows.map(({ name, host, problem: why }) => {
        const option = new Option(name, `${MACHINE}${name}, ${host}`);
        option.disabled = why !== "";
        option.title = why || host;
        return option;
      });
      const usual = new Option("default input of the machine", MACHINE);
      usual.disabled = problem !== "" || !rows.length;
      usual.title = problem || (rows.length ? "" : "This machine has no audio input");
      const page = new Option("microphone of this page", PAGE);
      const before = this.select.value;
      this.select.replaceChildren(usual, ...named, page);
      this.select.value = before;
      if (this.select.selectedOptions[0]?.disabled ?? true) this.select.value = PAGE;
    } catch {
      // nsynth-lab does not answer; the socket says so
    }
  }

  async #toggle() {
    if (this.isOn || this.isStarting) return this.#stop();
    const { value } = this.select;
    if (value !== PAGE) return this.link.send("listen", { to: "machine", device: value.slice(MACHINE.length) });
    this.isStarting = true;
    try {
      await this.#sing();
    } catch (error) {
      this.#release();
      this.say(error instanceof Error ? error.message : String(error));
    }
    this.isStarting = false;
    return undefined;
  }

  #stop() {
    this.#release();
    this.link.send("listen", {});
  }

  /** Send what the microphone of this page hears. */
  async #sing() {
    const stream = await microphone();
    const context = new AudioContext({ sampleRate: RATE, latencyHint: 0 });
    this.own = { stream, context };
    await context.audioWorklet.addModule("/page/recorder-worklet.js");
    const taps = new AudioWorkletNode(context, "nl-recorder", { channelCountMode: "max", processorOptions: { piece: PIECE } });
    const { port1, port2 } = new MessageChannel();
    taps.port.postMessage({ to: port2 }, [port2]);
    context.createMediaStreamSource(stream).connect(taps).connect(context.destination);
    const settings = /** @type {{ latency?: number }} */ (stream.getAudioTracks()[0]?.getSettings() ?? {});
    this.link.send("listen", { to: PAGE, latency_ms: Math.min(1000 * (settings.latency ?? 0.01) + (1000 * PIECE) / RATE, 2000) });
    this.link.sing(port1);
  }

  #release() {
    this.link.sing(null);
    for (const track of this.own?.stream.getTracks() ?? []) track.stop();
    void this.own?.context.close();
    this.own = null;
  }

  /** @param {Translation} translation */
  show({ listens, note, level_db, latency_ms, howls }) {
    this.isOn = listens !== "nothing";
    if (!this.isOn && this.own && !this.isStarting) this.#release();
    this.button.setAttribute("aria-pressed", String(this.isOn));
    this.button.textContent = this.isOn ? "Stop listening" : "Listen";
    this.select.disabled = this.isOn;
    this.figures.hidden = this.meter.hidden = !this.isOn;
    this.guard.textContent = howls ? "The microphone hears the loudspeakers: it is turned down. Use headphones." : this.usual;
    this.guard.classList.toggle("hot", howls);
    if (!this.isOn) return;
    this.#write("note", note < 0 ? "–" : pitchName(note));
    this.#write("level", level_db <= -100 ? "–" : `${Math.round(level_db)} dB`);
    this.#write("latency", latency_ms ? `${Math.round(latency_ms + this.pageMs())} ms` : "–");
    this.meter.value = Math.max(0, 1 + level_db / SHOWN_DB);
  }

  /** @param {string} name @param {string} text */
  #write(name, text) {
    if (this.cells[name].textContent !== text) this.cells[name].textContent = text;
  }
}
