/**
 * The meters: voices, load, underruns and latency as they are, the peak of both channels, a scope and a spectrum. While
 * nothing sounds they are not painted again.
 */
import { cleared } from "./canvas.js";
import { calm, colour, onThemeChange } from "./theme.js";

const LOWEST_HZ = 40;
const HIGHEST_HZ = 20000;
const FLOOR_DB = -100;
const TOP_DB = -15;
const PEAK_FLOOR_DB = -60;
const SILENT = 1e-5; // as an amplitude: less is below the spectrum's floor
const LAST_FRAMES = 40; // in which the spectrum, which is smoothed, falls to its floor

/** @param {HTMLElement} section @param {import("./sound.js").Sound} sound */
export function meters(section, sound) {
  const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (section.querySelector(`[data-meter=${name}]`));
  const [voices, load, underruns, latency] = ["voices", "load", "underruns", "latency"].map(find);
  const scope = /** @type {HTMLCanvasElement} */ (section.querySelector("canvas.scope"));
  const spectrum = /** @type {HTMLCanvasElement} */ (section.querySelector("canvas.spectrum"));
  const peaks = /** @type {HTMLCanvasElement} */ (section.querySelector("canvas.peaks"));
  /** @type {import("./types.js").Status | null} */
  let status = null;
  let shown = [0, 0];
  let frames = LAST_FRAMES; // still to be painted
  let wasRunning = false;

  const stir = () => (frames = Math.max(frames, 1));
  new ResizeObserver(stir).observe(section);
  onThemeChange(stir);

  function write() {
    if (!status) return;
    const bySocket = status.output === "socket";
    const page = sound.report.underruns;
    voices.textContent = `${status.voices}`;
    voices.title = status.stolen ? `${status.stolen} stolen` : "sounding";
    load.textContent = `${Math.round(100 * status.load)} %`;
    load.classList.toggle("hot", status.load > 0.8);
    underruns.textContent = bySocket ? `${status.underruns} + ${page}` : `${status.underruns}`;
    underruns.title = bySocket ? `${status.underruns} in the engine, ${page} in this page` : "in the engine";
    underruns.classList.toggle("hot", status.underruns + page > 0);
    const whole = status.latency_ms + (bySocket ? sound.latencyMs : 0);
    latency.textContent = bySocket && !sound.isRunning ? "–" : `${Math.round(whole)} ms`;
    const parts = `${status.latency_ms.toFixed(1)} ms in the engine`;
    latency.title = bySocket ? `${parts}, ${sound.latencyMs.toFixed(1)} ms in this page` : `${parts}, by the ${status.output === "host" ? "DAW" : "device"}`;
  }

  function frame() {
    requestAnimationFrame(frame);
    if (document.hidden) return;
    const heard = status && status.output !== "socket" ? [status.peak, status.peak] : sound.report.peaks;
    const fall = calm.matches ? 0 : 0.93;
    shown = shown.map((peak, k) => Math.max(heard[k] ?? 0, peak * fall));
    if (sound.isRunning !== wasRunning || shown.some((peak) => peak > SILENT)) frames = LAST_FRAMES;
    wasRunning = sound.isRunning;
    if (!frames) return;
    frames--;
    drawPeaks(peaks, shown);
    if (sound.analyser && sound.isRunning) {
      drawScope(scope, sound.analyser);
      drawSpectrum(spectrum, sound.analyser);
    }
  }
  requestAnimationFrame(frame);
  sound.addEventListener("report", write);
  return {
    /** @param {import("./types.js").Status} now */
    show: (now) => {
      status = now;
      write();
    },
  };
}

/** @param {HTMLCanvasElement} canvas @param {number[]} peaks amplitudes of left and right */
function drawPeaks(canvas, peaks) {
  const { context, width, height } = cleared(canvas);
  const thick = (height - 2) / 2;
  peaks.forEach((peak, k) => {
    const at = Math.min(Math.max(1 - (20 * Math.log10(peak + 1e-9)) / PEAK_FLOOR_DB, 0), 1);
    context.fillStyle = colour("line");
    context.fillRect(0, k * (thick + 2), width, thick);
    context.fillStyle = colour(peak >= 1 ? "ink" : "accent");
    context.fillRect(0, k * (thick + 2), at * width, thick);
  });
}

const wave = new Float32Array(2048);

/** A window of the sound that begins where it rises through zero. @param {HTMLCanvasElement} canvas @param {AnalyserNode} analyser */
function drawScope(canvas, analyser) {
  const { context, width, height } = cleared(canvas);
  const whole = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(whole);
  wave.set(whole.subarray(whole.length - wave.length));
  const shown = wave.length / 2;
  let start = 0;
  while (start < shown && !(wave[start] <= 0 && wave[start + 1] > 0)) start++;
  if (start === shown) start = 0;
  let most = 0.02;
  for (let k = 0; k < shown; k++) most = Math.max(most, Math.abs(wave[start + k]));
  context.strokeStyle = colour("line");
  context.strokeRect(0, height / 2, width, 0);
  context.beginPath();
  for (let k = 0; k < shown; k++) {
    context.lineTo((k / (shown - 1)) * width, height * (0.5 - (0.44 * wave[start + k]) / most));
  }
  context.strokeStyle = colour("accent");
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.stroke();
}

let bins = new Float32Array(0);

/** Level over frequency, both on a logarithmic scale. @param {HTMLCanvasElement} canvas @param {AnalyserNode} analyser */
function drawSpectrum(canvas, analyser) {
  const { context, width, height } = cleared(canvas);
  if (bins.length !== analyser.frequencyBinCount) bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const hzPerBin = analyser.context.sampleRate / analyser.fftSize;
  const hzAt = (/** @type {number} */ x) => LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (x / width);
  context.fillStyle = colour("line");
  for (const hz of [100, 1000, 10000]) {
    context.fillRect((width * Math.log(hz / LOWEST_HZ)) / Math.log(HIGHEST_HZ / LOWEST_HZ), 0, 1, height);
  }
  context.beginPath();
  context.moveTo(0, height);
  for (let x = 0; x <= width; x++) {
    const [low, high] = [Math.floor(hzAt(x) / hzPerBin), Math.ceil(hzAt(x + 1) / hzPerBin)];
    let level = -Infinity;
    for (let bin = low; bin <= high && bin < bins.length; bin++) level = Math.max(level, bins[bin]);
    const share = Math.min(Math.max((level - FLOOR_DB) / (TOP_DB - FLOOR_DB), 0), 1);
    context.lineTo(x, height * (1 - share));
  }
  context.lineTo(width, height);
  context.globalAlpha = 0.25;
  context.fillStyle = colour("accent");
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = colour("accent");
  context.lineWidth = 1;
  context.stroke();
}
