/** A/B: the original of a recording and its reconstruction, one at a time; the other goes on where the first one is. */

const MOST_KEPT = 8; // sounds

/** @typedef {"original" | "reconstruction"} Which */

export class Comparison extends EventTarget {
  /** @param {import("./sound.js").Sound} sound @param {(line: string) => void} say */
  constructor(sound, say) {
    super();
    this.sound = sound;
    this.say = say;
    /** @type {Map<string, Promise<AudioBuffer>>} by address */
    this.buffers = new Map();
    /** @type {{ recording: string, which: Which, source: AudioBufferSourceNode, began: number } | null} */
    this.playing = null;
  }

  /** @param {string} recording @param {Which} which */
  isPlaying(recording, which) {
    return this.playing?.recording === recording && this.playing.which === which;
  }

  /** Play one of the two; the one that plays already is stopped. @param {string} recording @param {number} version @param {Which} which */
  async toggle(recording, version, which) {
    if (this.isPlaying(recording, which)) return this.stop();
    try {
      await this.sound.start();
      const buffer = await this.#buffer(recording, version, which);
      this.#play(recording, which, buffer);
    } catch (error) {
      this.say(`It cannot be played: ${error instanceof Error ? error.message : error}`);
    }
  }

  stop() {
    const { playing } = this;
    this.playing = null;
    playing?.source.stop();
    if (playing) this.dispatchEvent(new Event("change"));
  }

  /** @param {string} recording @param {Which} which @param {AudioBuffer} buffer */
  #play(recording, which, buffer) {
    const context = /** @type {AudioContext} */ (this.sound.context);
    const before = this.playing?.recording === recording ? context.currentTime - this.playing.began : 0;
    this.stop();
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(/** @type {GainNode} */ (this.sound.volume));
    source.onended = () => this.playing?.source === source && this.stop();
    source.start(0, before);
    this.playing = { recording, which, source, began: context.currentTime - before };
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} recording @param {number} version @param {Which} which */
  #buffer(recording, version, which) {
    const query = new URLSearchParams(location.search);
    query.set("version", String(version));
    const address = `/api/recordings/${recording}/${which}.wav?${query}`;
    let buffer = this.buffers.get(address);
    if (!buffer) {
      buffer = this.#fetched(address);
      buffer.catch(() => this.buffers.delete(address));
      this.buffers.set(address, buffer);
      if (this.buffers.size > MOST_KEPT) this.buffers.delete(/** @type {string} */ (this.buffers.keys().next().value));
    }
    return buffer;
  }

  /** @param {string} address */
  async #fetched(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return /** @type {AudioContext} */ (this.sound.context).decodeAudioData(await answer.arrayBuffer());
  }
}
