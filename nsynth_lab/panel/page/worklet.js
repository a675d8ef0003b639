/**
 * The player: frames from the socket in, sound out. One ring, written and read on this thread alone.
 *
 * It begins when `prefill` samples are there. From then on it looks every two seconds at how much was left at least:
 * more than `spare` is only latency, and less than half of it an underrun to come, as when the clock of the sound card
 * is not quite that of the instrument. Then it skips samples or repeats some: in the next silence if one comes soon,
 * otherwise crossfaded, where the sound is most like itself. If it does run dry that is an underrun: counted, faded out, and
 * filled again to a little more than before.
 *
 * Left and right are one pair in the ring, so they cannot slip against each other.
 *
 * A frame: uint32 number of the block, uint32 samples, float32 [samples, 2] interleaved; all little-endian.
 */

const CAPACITY = 1 << 17; // samples of each channel, 2.7 s: a power of two
const MASK = CAPACITY - 1;
const MOST = CAPACITY >> 2; // samples in store
const FADE = 1 / 64; // of the gain, per sample
const CROSSFADE = 512; // samples
const SETTLING = 40; // calls of 128 samples: 107 ms
const WATCH = 750; // calls: 2 s
const WORTH = { silence: 64, sound: 512 }; // samples for which it skips
const SILENCE = { peak: 1e-4, calls: 16 }; // 43 ms
const ALIKE = 240; // samples on either side of a splice where a better one is sought: a period of 100 Hz
const COMPARED = 128;
const AFTER_UNDERRUN = { more: 256, most: 2048, less: 64, watches: 15 }; // samples of spare, and when some go again
const REPORT_EVERY = 32; // calls of 128 samples: 85 ms

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Float32Array(2 * CAPACITY);
    this.written = 0;
    this.read = 0;
    this.begun = 0; // what was written before is not to be heard again
    this.fadedFrom = 0;
    this.crossing = 0;
    this.prefill = 768;
    this.spare = 256;
    this.more = 0; // of both, since there were underruns
    this.playing = false;
    this.watching = 0; // calls until the store is looked at
    this.watched = 0; // times it has been since the last underrun
    this.lowest = 0;
    this.silent = 0; // calls without a sound
    this.gain = 0;
    this.last = [0, 0];
    this.next = -1;
    this.calls = 0;
    this.counts = { underruns: 0, skipped: 0, repeated: 0, lost: 0 };
    this.peaks = [0, 0];
    this.port.onmessage = ({ data }) => {
      if ("frames" in data) data.frames.onmessage = (/** @type {MessageEvent<ArrayBuffer>} */ frame) => this.take(frame.data);
      else if ("prefill" in data) this.keep(data);
      else if ("pause" in data) this.pause();
    };
  }

  /** @param {{ prefill: number, spare: number }} samples */
  keep({ prefill, spare }) {
    [this.prefill, this.spare, this.more] = [prefill, spare, 0];
    this.watch(SETTLING);
  }

  /** No frames are expected for a while. */
  pause() {
    this.playing = false;
    this.read = this.begun = this.written;
    this.crossing = 0;
    this.next = -1;
  }

  /** @param {ArrayBuffer} frame */
  take(frame) {
    const head = new DataView(frame);
    const number = head.getUint32(0, true);
    const samples = Math.min(head.getUint32(4, true), (frame.byteLength - 8) >> 3, MOST);
    if (this.next >= 0 && number > this.next) this.counts.lost += number - this.next;
    this.next = number + 1;
    const pairs = new Float32Array(frame, 8, 2 * samples);
    const at = this.written & MASK;
    const first = Math.min(samples, CAPACITY - at);
    this.ring.set(pairs.subarray(0, 2 * first), 2 * at);
    this.ring.set(pairs.subarray(2 * first), 0);
    this.written += samples;
    if (this.written - this.read > MOST) this.shift(this.written - this.read - this.prefill - this.more);
  }

  /** Skip so many samples, or repeat them if it is less than none. @param {number} samples */
  shift(samples) {
    if (samples > 0) this.counts.skipped += samples;
    else this.counts.repeated -= samples;
    this.fadedFrom = this.read;
    this.crossing = this.playing ? CROSSFADE : 0;
    this.read += samples;
  }

  /** @param {number} calls until it is looked at what was left at least */
  watch(calls) {
    [this.watching, this.lowest] = [calls, CAPACITY];
  }

  /** @param {number} left after this call */
  look(left) {
    this.lowest = Math.min(this.lowest, left);
    if (--this.watching > 0) return;
    const over = this.lowest - this.spare - this.more;
    const silent = this.silent >= SILENCE.calls;
    const much = over > Math.max(WORTH.sound, this.spare) || over < -(this.spare + this.more) / 2;
    if (!silent && !much && Math.abs(over) > WORTH.silence && this.watching > -WATCH) return; // a silence may come
    const samples = much && !silent ? this.alike(over) : over;
    const wanted = much || (silent && Math.abs(over) > WORTH.silence);
    if (wanted && this.read + samples >= this.begun && samples <= this.lowest) this.shift(samples);
    if (++this.watched % AFTER_UNDERRUN.watches === 0) this.more = Math.max(0, this.more - AFTER_UNDERRUN.less);
    this.watch(WATCH);
  }

  /** About so many samples, after which the sound goes on most as it does now. @param {number} samples */
  alike(samples) {
    let [best, least] = [samples, Infinity];
    for (let tried = samples - ALIKE; tried <= samples + ALIKE; tried++) {
      if (this.read + tried < this.begun || this.read + tried + COMPARED > this.written) continue;
      let apart = 0;
      for (let i = 0; i < COMPARED; i++) {
        const [now, then] = [2 * ((this.read + i) & MASK), 2 * ((this.read + tried + i) & MASK)];
        apart += Math.abs(this.ring[now] - this.ring[then]) + Math.abs(this.ring[now + 1] - this.ring[then + 1]);
      }
      if (apart < least) [best, least] = [tried, apart];
    }
    return best;
  }

  /** @param {Float32Array[][]} _ @param {Float32Array[][]} outputs */
  process(_, [[left, right]]) {
    const held = this.written - this.read;
    if (!this.playing && held >= Math.max(this.prefill + this.more, left.length)) {
      this.read = this.written - Math.max(this.prefill + this.more, left.length);
      this.playing = true;
      this.watch(SETTLING);
    } else if (this.playing && held < left.length) this.dry();
    else if (this.playing) this.look(held - left.length);
    let peak = 0;
    for (let i = 0; i < left.length; i++) peak = Math.max(peak, this.one(left, right, i));
    this.silent = peak < SILENCE.peak ? this.silent + 1 : 0;
    if (++this.calls % REPORT_EVERY === 0) this.report();
    return true;
  }

  /** An underrun. */
  dry() {
    this.counts.underruns += 1;
    this.playing = false;
    this.more = Math.min(this.more + AFTER_UNDERRUN.more, AFTER_UNDERRUN.most);
    this.watched = 0;
  }

  /** One sample; how loud. @param {Float32Array} left @param {Float32Array} right @param {number} i */
  one(left, right, i) {
    const { ring, last } = this;
    if (this.playing) {
      const at = 2 * (this.read++ & MASK);
      last[0] = ring[at];
      last[1] = ring[at + 1];
      if (this.crossing > 0) {
        const old = 2 * (this.fadedFrom++ & MASK);
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
    const [loud, other] = [Math.abs(left[i]), Math.abs(right[i])];
    if (loud > this.peaks[0]) this.peaks[0] = loud;
    if (other > this.peaks[1]) this.peaks[1] = other;
    return Math.max(loud, other);
  }

  report() {
    this.port.postMessage({ ...this.counts, held: this.written - this.read, peaks: this.peaks, playing: this.playing });
    this.peaks = [0, 0];
  }
}

registerProcessor("nl-player", Player);
