/**
 * The microphone as a WAV file, without what browsers do for speech: no gate, no automatic gain, no echo filter.
 *
 * Events: `level` (detail: seconds so far, peak of the last piece), and `full` when it has all that is used of a recording.
 */

export const LONGEST_SECONDS = 30; // what is used of a recording
const CLICK_SECONDS = 0.12; // at either end, in which the button is heard
const PLAIN = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Recorder extends EventTarget {
  /** @param {number} longest in seconds */
  constructor(longest = LONGEST_SECONDS) {
    super();
    this.longest = longest;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {Float32Array[]} */
    this.pieces = [];
    this.samples = 0;
  }

  get isRecording() {
    return this.stream !== null;
  }

  /** Ask for the microphone, and begin. What goes wrong is thrown as an Error that a player understands. */
  async start() {
    this.stream = await microphone();
    this.pieces = [];
    this.samples = 0;
    const context = new AudioContext({ latencyHint: "interactive" }); // at the microphone's own rate
    this.context = context;
    try {
      await context.audioWorklet.addModule("/page/recorder-worklet.js");
      const taps = new AudioWorkletNode(context, "nl-recorder", { channelCountMode: "max" });
      taps.port.onmessage = ({ data }) => this.#take(data);
      context.createMediaStreamSource(this.stream).connect(taps).connect(context.destination);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** @param {Float32Array} piece */
  #take(piece) {
    if (!this.context) return;
    this.pieces.push(piece);
    this.samples += piece.length;
    const seconds = this.samples / this.context.sampleRate;
    const peak = piece.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    this.dispatchEvent(new CustomEvent("level", { detail: { seconds, peak } }));
    if (seconds >= this.longest) this.dispatchEvent(new Event("full"));
  }

  /** End; what was recorded as a file, or null if there is nothing. @returns {Blob | null} */
  stop() {
    const rate = this.context?.sampleRate ?? 48000;
    this.#release();
    const click = Math.round(CLICK_SECONDS * rate);
    const samples = new Float32Array(this.samples);
    let at = 0;
    for (const piece of this.pieces) {
      samples.set(piece, at);
      at += piece.length;
    }
    this.pieces = [];
    return this.samples > 3 * click ? wav(samples.subarray(click, -click), rate) : null;
  }

  #release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    void this.context?.close();
    this.stream = this.context = null;
  }
}

/** The sound of the microphone. What goes wrong is thrown as an Error that a player understands. */
export async function microphone() {
  if (!navigator.mediaDevices) throw new Error("Only a page of this machine, or an encrypted one, may use the microphone.");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
  } catch (error) {
    throw new Error(reason(error));
  }
}

/** @param {unknown} error */
function reason(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "This page may not use the microphone: allow it beside the page's address.";
  if (name === "NotFoundError") return "There is no microphone.";
  return `The microphone cannot be used: ${error instanceof Error ? error.message : error}`;
}

/** Mono samples as a WAV file of 32-bit floats. @param {Float32Array} samples @param {number} rate in Hz */
function wav(samples, rate) {
  const bytes = samples.byteLength;
  const head = new DataView(new ArrayBuffer(44));
  const text = (/** @type {number} */ at, /** @type {string} */ word) =>
    [...word].forEach((letter, k) => head.setUint8(at + k, letter.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + bytes, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 3, true); // floats
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, 4 * rate, true);
  head.setUint16(32, 4, true);
  head.setUint16(34, 32, true);
  text(36, "data");
  head.setUint32(40, bytes, true);
  return new Blob([head, /** @type {BlobPart} */ (samples)], { type: "audio/wav" });
}
