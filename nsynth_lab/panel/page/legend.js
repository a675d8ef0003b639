/** The legend of the map: the ends of its colours, and in figures what the blend sounds like where it is. */
import { brightnessRange, css, mapColour, shareOf } from "./field.js";
import { clamp } from "./place.js";
import { colour, onThemeChange } from "./theme.js";

/** @param {HTMLElement} element the legend @param {import("./pad.js").Pad} pad @param {import("./colours.js").Colours} colours */
export function legend(element, pad, colours) {
  const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (element.querySelector(`[data-is=${name}]`));
  const ramp = /** @type {HTMLCanvasElement} */ (element.querySelector("canvas"));
  const tell = () => {
    const { grid } = colours;
    const here = colours.at(pad.place);
    if (!grid || !here) return;
    find("brightness").textContent = hz(here.brightness);
    find("noise").textContent = `${Math.round(here.noise) || 0} dB`.replace("-", "−");
    find("attack").textContent = `${rounded(here.attack)} ms`;
    drawRamp(ramp, shareOf(here.brightness, brightnessRange(grid)));
  };
  const paint = () => {
    const { grid } = colours;
    element.classList.toggle("empty", !grid);
    element.classList.toggle("single", (grid?.columns ?? 0) < 2);
    if (!grid) return;
    const [low, high] = brightnessRange(grid);
    find("low").textContent = hz(low);
    find("high").textContent = hz(high);
    element.title = `The blend alone at ${grid.note}, before its envelope and effects`;
    tell();
  };
  colours.addEventListener("change", paint);
  pad.addEventListener("move", tell);
  onThemeChange(paint);
  paint();
}

/** @param {number} value */
function hz(value) {
  return value < 1000 ? `${rounded(value)} Hz` : `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} kHz`;
}

/** To two figures. @param {number} value */
const rounded = (value) => Number(value.toPrecision(2));

/** The map's colours, with a mark at the present one. @param {HTMLCanvasElement} canvas @param {number} share */
function drawRamp(canvas, share) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * devicePixelRatio));
  if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
  for (let x = 0; x < width; x++) {
    context.fillStyle = css(mapColour(x / (width - 1)));
    context.fillRect(x, 0, 1, height);
  }
  const wide = 3 * devicePixelRatio;
  const left = clamp(share * width - wide / 2, 0, width - wide);
  context.fillStyle = colour("paper");
  context.fillRect(left - devicePixelRatio, 0, wide + 2 * devicePixelRatio, height);
  context.fillStyle = colour("accent");
  context.fillRect(left, 0, wide, height);
}
