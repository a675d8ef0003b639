/**
 * The sound of this page: an AudioContext at the instrument's rate, the player in its worklet, and an analyser.
 *
 * Browsers let a page sound after a first gesture only, so `start` is called by one. Events: `report`, about twelve times
 * a second while it runs; `player` when there is another one, whose `frames` is the port that takes frames of sound;
 * `store` when there may be more or less in store than before.
 */

/** Samples that lie in store besides a block, those of them that stay unused, and how much the browser is to keep. */
const SAFETIES = {
  low: { store: 512, spare: 256, latencyHint: 0 },
  high: { store: 5888, spare: 5120, latencyHint: 0.02 },
};

/** @typedef {{ underruns: number, skipped: number, repeated: number, lost: number, held: number, peaks: number[], playing: boolean }} Report */

export class Sound extends EventTarget {
  constructor() {
    super();
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AudioWorkletNode | null} */
    this.player = null;
    /** @type {AnalyserNode | null} */
    this.analyser = null;
    /** @type {GainNode | null} */
    this.volume = null;
    /** @type {"low" | "high"} */
    this.safety = "low";
    this.muted = false;
    this.sampleRate = 48000;
    this.blockSamples = 256;
    /** @type {Report} */
    this.report = { underruns: 0, skipped: 0, repeated: 0, lost: 0, held: 0, peaks: [0, 0], playing: false };
    /** @type {MessagePort | null} */
    this.frames = null;
    /** @type {Promise<void> | null} */
    this.starting = null;
    /** @type {"low" | "high" | null} */
    this.builtFor = null;
  }

  get isRunning() {
    return this.context?.state === "running" && this.player !== null;
  }

  /** What the server says of its sound; it takes effect at once. @param {import("./types.js").Welcome} welcome */
  configure(welcome) {
    this.sampleRate = welcome.sample_rate;
    this.blockSamples = welcome.block_samples;
    this.#tellPlayer();
  }

  /** Begin to sound; to be called by a gesture, any number of times. */
  start() {
    this.starting ??= this.#start();
    if (this.context?.state === "suspended") void this.context.resume();
    return this.starting;
  }

  async #start() {
    if (!isSecureContext) throw new Error("only pages of this machine, or encrypted ones, may play; let --device play");
    const context = new AudioContext({ sampleRate: this.sampleRate, latencyHint: SAFETIES[this.safety].latencyHint });
    this.context = context;
    this.builtFor = this.safety;
    await context.audioWorklet.addModule("/page/worklet.js");
    const player = new AudioWorkletNode(context, "nl-player", { numberOfInputs: 0, outputChannelCount: [2] });
    player.port.onmessage = ({ data }) => {
      this.report = data;
      this.dispatchEvent(new Event("report"));
    };
    this.volume = new GainNode(context, { gain: this.muted ? 0 : 1 });
    this.analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0.7 });
    player.connect(this.volume).connect(context.destination);
    player.connect(this.analyser);
    const { port1, port2 } = new MessageChannel();
    player.port.postMessage({ frames: port2 }, [port2]);
    [this.player, this.frames] = [player, port1];
    this.#tellPlayer();
    this.dispatchEvent(new Event("player"));
    context.onstatechange = () => this.dispatchEvent(new Event("report"));
    this.dispatchEvent(new Event("report"));
  }

  /** No frames are expected: silence from here on is no underrun. */
  pause() {
    this.player?.port.postMessage({ pause: true });
  }

  /** How much is kept in store, here and in the browser. @param {"low" | "high"} safety */
  async setSafety(safety) {
    this.safety = safety;
    this.#tellPlayer();
    if (!this.starting) return;
    await this.starting;
    if (this.builtFor === this.safety) return;
    const before = this.context;
    this.starting = this.#start(); // what the browser keeps is fixed when a context is made
    await before?.close();
    await this.starting;
  }

  #tellPlayer() {
    const { store, spare } = SAFETIES[this.safety];
    this.player?.port.postMessage({ prefill: this.blockSamples + store, spare });
    if (this.player) this.dispatchEvent(new Event("store"));
  }

  /** How much lies in store when it plays, in ms. */
  get storeMs() {
    return (1000 * (this.blockSamples + SAFETIES[this.safety].store)) / this.sampleRate;
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.muted = muted;
    if (this.volume && this.context) this.volume.gain.setTargetAtTime(muted ? 0 : 1, this.context.currentTime, 0.01);
  }

  /** From a frame's arrival to the loudspeaker, in ms: what lies in store, and what the browser says it takes itself. */
  get latencyMs() {
    const { context } = this;
    if (!context) return 0;
    return 1000 * (this.report.held / context.sampleRate + context.baseLatency + (context.outputLatency || 0));
  }
}
