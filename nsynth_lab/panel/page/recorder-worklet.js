/**
 * The microphone's samples, mean of its channels, handed to the page in pieces of 2048, or as many as the options say; or
 * to the port that `{ to }` brings. Nothing comes out.
 */

const PIECE = 2048;

class Recorder extends AudioWorkletProcessor {
  /** @param {{ processorOptions?: { piece?: number } }} options */
  constructor({ processorOptions }) {
    super();
    this.piece = new Float32Array(processorOptions?.piece ?? PIECE);
    this.filled = 0;
    /** @type {MessagePort} */
    this.to = this.port;
    this.port.onmessage = ({ data }) => (this.to = data.to);
  }

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    const length = channels[0]?.length ?? 0;
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.piece[this.filled++] = sum / channels.length;
      if (this.filled === this.piece.length) this.send();
    }
    return true;
  }

  send() {
    const { length } = this.piece;
    this.to.postMessage(this.piece, [this.piece.buffer]);
    this.piece = new Float32Array(length);
    this.filled = 0;
  }
}

registerProcessor("nl-recorder", Recorder);
