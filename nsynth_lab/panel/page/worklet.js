/**
 * The player: frames from the socket in, sound out. One ring, written and read on this thread alone.
 *
 * It begins when `prefill` samples are there. If it runs dry that is an underrun: counted, faded out, and filled again
 * to `prefill`. What is never needed, because it came in a heap after a wait, is skipped soon, and so is what lies beyond
 * a hard limit; both crossfaded. Left and right are one pair in the ring, so they cannot slip against each other.
 *
 * A frame: uint32 number of the block, uint32 samples, float32 [samples, 2] interleaved; all little-endian.
 */

const CAPACITY = 1 << 17; // samples of each channel, 2.7 s: a power of two
const MASK = CAPACITY - 1;
const FADE = 1 / 64; // of the gain, per sample
const CROSSFADE = 256; // samples
const SLACK = 4096; // samples above the prefill before any are skipped
const SETTLING = 40; // calls of 128 samples: 107 ms
const WATCH = 750; // calls: 2 s
const REPORT_EVERY = 32; // calls of 128 samples: 85 ms

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Float32Array(2 * CAPACITY);
    this.written = 0;
    this.read = 0;
    this.skippedFrom = 0;
    this.crossing = 0;
    this.prefill = 1024;
    this.playing = false;
    this.watching = 0; // calls until what was never needed is trimmed
    this.lowest = 0;
    this.gain = 0;
    this.last = [0, 0];
    this.next = -1;
    this.calls = 0;
    this.counts = { underruns: 0, skipped: 0, lost: 0 };
    this.peaks = [0, 0];
    this.port.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.take(data);
      else if ("prefill" in data) this.prefill = data.prefill;
      else if ("pause" in data) this.pause();
    };
  }

  /** No frames are expected for a while. */
  pause() {
    this.playing = false;
    this.read = this.written;
    this.crossing = 0;
    this.next = -1;
  }

  /** @param {ArrayBuffer} frame */
  take(frame) {
    const head = new DataView(frame);
    const number = head.getUint32(0, true);
    const samples = Math.min(head.getUint32(4, true), (frame.byteLength - 8) >> 3, CAPACITY >> 1);
    if (this.next >= 0 && number > this.next) this.counts.lost += number - this.next;
    this.next = number + 1;
    const pairs = new Float32Array(frame, 8, 2 * samples);
    const at = this.written & MASK;
    const first = Math.min(samples, CAPACITY - at);
    this.ring.set(pairs.subarray(0, 2 * first), 2 * at);
    this.ring.set(pairs.subarray(2 * first), 0);
    this.written += samples;
    if (this.playing && this.written - this.read > this.prefill + SLACK) this.skip(this.written - this.prefill - this.read);
    else if (this.written - this.read > CAPACITY >> 1) this.read = this.written - this.prefill;
  }

  /** @param {number} samples */
  skip(samples) {
    this.counts.skipped += samples;
    this.skippedFrom = this.read;
    this.crossing = CROSSFADE;
    this.read += samples;
  }

  /** Soon after a beginning, and then now and again: what has lain there unused is only latency. @param {number} held */
  watch(held) {
    this.lowest = Math.min(this.lowest, held);
    if (--this.watching > 0) return;
    if (this.lowest > this.prefill) this.skip(this.lowest - (3 * this.prefill) / 4);
    [this.watching, this.lowest] = [WATCH, CAPACITY];
  }

  /** @param {Float32Array[][]} _ @param {Float32Array[][]} outputs */
  process(_, [[left, right]]) {
    const held = this.written - this.read;
    if (!this.playing && held >= this.prefill && held >= left.length) {
      this.read = this.written - Math.max(this.prefill, left.length);
      this.playing = true;
      [this.watching, this.lowest] = [SETTLING, CAPACITY];
    } else if (this.playing && held < left.length) {
      this.counts.underruns += 1;
      this.playing = false;
    } else if (this.playing) this.watch(held);
    for (let i = 0; i < left.length; i++) this.one(left, right, i);
    if (++this.calls % REPORT_EVERY === 0) this.report();
    return true;
  }

  /** @param {Float32Array} left @param {Float32Array} right @param {number} i */
  one(left, right, i) {
    const { ring, last } = this;
    if (this.playing) {
      const at = 2 * (this.read++ & MASK);
      last[0] = ring[at];
      last[1] = ring[at + 1];
      if (this.crossing > 0) {
        const old = 2 * (this.skippedFrom++ & MASK);
        const share = this.crossing-- / CROSSFADE;
        last[0] += share * (ring[old] - last[0]);
        last[1] += share * (ring[old + 1] - last[1]);
      }
      this.gain = Math.min(1, this.gain + FADE);
    } else {
      this.gain = Math.max(0, this.gain - FADE);
    }
    left[i] = this.gain * last[0];
    right[i] = this.gain * last[1];
    this.peaks[0] = Math.max(this.peaks[0], Math.abs(left[i]));
    this.peaks[1] = Math.max(this.peaks[1], Math.abs(right[i]));
  }

  report() {
    this.port.postMessage({ ...this.counts, held: this.written - this.read, peaks: this.peaks, playing: this.playing });
    this.peaks = [0, 0];
  }
}

registerProcessor("nl-player", Player);
