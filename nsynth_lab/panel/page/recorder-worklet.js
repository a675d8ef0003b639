/** The microphone's samples, mean of its channels, handed to the page in pieces of 2048; nothing comes out. */

const PIECE = 2048;

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    const length = channels[0]?.length ?? 0;
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.piece[this.filled++] = sum / channels.length;
      if (this.filled === PIECE) this.send();
    }
    return true;
  }

  send() {
    this.port.postMessage(this.piece, [this.piece.buffer]);
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
  }
}

registerProcessor("nl-recorder", Recorder);
