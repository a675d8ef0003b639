/** A recording's waveform, filled, and that of its reconstruction as a line over it. */
import { cleared } from "./canvas.js";
import { colour, onThemeChange } from "./theme.js";

export class Waveform {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {number[]} the highest amplitudes, from left to right */
    this.original = [];
    /** @type {number[]} */
    this.reconstruction = [];
    new ResizeObserver(() => this.draw()).observe(canvas);
    onThemeChange(() => this.draw());
  }

  /** @param {number[]} original @param {number[]} reconstruction */
  show(original, reconstruction) {
    this.original = original;
    this.reconstruction = reconstruction;
    this.draw();
  }

  draw() {
    const { canvas, original, reconstruction } = this;
    if (!canvas.clientWidth || !original.length) return;
    const { context, width, height } = cleared(canvas);
    const most = Math.max(...original, ...reconstruction, 1e-6);
    outline(context, original, most, width, height);
    context.fillStyle = colour("soft");
    context.globalAlpha = 0.45;
    context.fill();
    context.globalAlpha = 1;
    outline(context, reconstruction, most, width, height);
    context.strokeStyle = colour("accent");
    context.lineWidth = 1.25;
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {number[]} peaks @param {number} most @param {number} width @param {number} height */
function outline(context, peaks, most, width, height) {
  const middle = height / 2;
  const reach = (height / 2 - 2) / most;
  const x = (/** @type {number} */ k) => ((k + 0.5) * width) / peaks.length;
  context.beginPath();
  peaks.forEach((peak, k) => context.lineTo(x(k), middle - reach * peak));
  for (let k = peaks.length - 1; k >= 0; k--) context.lineTo(x(k), middle + reach * peaks[k]);
  context.closePath();
}
