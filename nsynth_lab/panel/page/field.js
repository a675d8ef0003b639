/**
 * The pad as a map of its sounds: its colour is the brightness, from dusk to sand; its grain the noise; its contour lines
 * join places that speak equally fast. Painted once for each grid, size and theme, and then only shown.
 */
import { sampled } from "./colours.js";
import { clamp } from "./place.js";
import { calm, colour, onThemeChange } from "./theme.js";

/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./colours.js").Grid} Grid */

const SIDE = 97; // points along a side of what is painted, before it is enlarged
const STOPS = 6; // colours of the map in the style sheet
const LEAST_OCTAVES = 1; // of brightness between the two ends of the colours: what differs less looks alike
const PURE_DB = -48; // without grain
const NOISY_DB = -8; // with all of it
const TILE = 160; // pixels
export const CONTOURS_MS = [10, 20, 40, 80, 160, 320];
const FADE_MS = 500;

export class Field {
  /** @param {import("./colours.js").Colours} colours @param {() => void} redraw */
  constructor(colours, redraw) {
    this.colours = colours;
    /** @type {HTMLCanvasElement | null} */
    this.layer = null;
    /** @type {HTMLCanvasElement | null} the one before, that fades */
    this.before = null;
    this.since = -Infinity;
    this.painted = "";
    this.isStale = false;
    colours.addEventListener("change", () => {
      this.isStale = true;
      redraw();
    });
    onThemeChange(() => (this.painted = ""));
  }

  /**
   * Show the map in a canvas; whether it is still changing.
   *
   * @param {CanvasRenderingContext2D} context @param {{ width: number, height: number }} size @param {Box} box
   * @param {number} count of corners @param {number} now in ms
   */
  draw(context, size, box, count, now) {
    const { grid } = this.colours;
    const isSeen = size.width > 0 && size.height > 0; // not before the page is laid out
    if (!isSeen || !grid || grid.columns < 2 || grid.corners.length !== count) {
      this.layer = this.before = null;
      this.painted = "";
      return false;
    }
    const key = [size.width, size.height, devicePixelRatio, count].join();
    if (this.isStale || key !== this.painted) {
      const isRefined = this.isStale && key === this.painted;
      this.before = isRefined ? this.layer : null;
      this.since = this.isStale && !calm.matches ? now : -Infinity;
      this.layer = painted(grid, size, box, count);
      this.painted = key;
      this.isStale = false;
    }
    const share = clamp((now - this.since) / FADE_MS);
    if (this.before && share < 1) context.drawImage(this.before, 0, 0, size.width, size.height);
    context.globalAlpha = share;
    if (this.layer) context.drawImage(this.layer, 0, 0, size.width, size.height);
    context.globalAlpha = 1;
    if (share === 1) this.before = null;
    return share < 1;
  }

  get isShown() {
    return this.layer !== null;
  }
}

/** The two ends of the colours, in Hz. @param {Grid} grid @returns {[number, number]} */
export function brightnessRange({ brightness_hz }) {
  const octaves = brightness_hz.map(Math.log2);
  const low = Math.min(...octaves);
  const high = Math.max(...octaves);
  const more = Math.max(0, LEAST_OCTAVES - (high - low)) / 2;
  return [2 ** (low - more), 2 ** (high + more)];
}

/** A colour of the map, each part 0 to 255. @param {number} share 0 is dark, 1 is bright @returns {number[]} */
export function mapColour(share) {
  const at = clamp(share) * (STOPS - 1);
  const first = Math.min(Math.floor(at), STOPS - 2);
  const [low, high] = [first, first + 1].map((stop) => (colour(`map-${stop}`).match(/[\d.]+/g) ?? []).map(Number));
  return [0, 1, 2].map((part) => low[part] + (at - first) * (high[part] - low[part]));
}

/** A colour of `mapColour` as a canvas takes it. @param {number[]} parts */
export const css = (parts) => `rgb(${parts.map(Math.round).join(" ")})`;

/** Where between the two ends of the colours a brightness lies. @param {number} hz @param {[number, number]} range */
export const shareOf = (hz, [low, high]) => Math.log(hz / low) / Math.log(high / low);

/** How much grain a noise has, 0 to 1. @param {number} noise in dB */
export const grainOf = (noise) => clamp((noise - PURE_DB) / (NOISY_DB - PURE_DB));

/** @param {Grid} grid @param {{ width: number, height: number }} size @param {Box} box @param {number} count */
function painted(grid, size, box, count) {
  const layer = canvasOf(size.width * devicePixelRatio, size.height * devicePixelRatio);
  const context = contextOf(layer);
  context.scale(devicePixelRatio, devicePixelRatio);
  context.save();
  clip(context, box, count);
  const octaves = grid.brightness_hz.map(Math.log2);
  const [low, high] = brightnessRange(grid).map(Math.log2);
  const palette = Array.from({ length: 256 }, (_, k) => mapColour(k / 255));
  const colours = image(grid, count, (place) => {
    const share = (sampled(grid, octaves, place) - low) / (high - low);
    return [...palette[Math.round(255 * clamp(share))], 255];
  });
  stretch(context, colours, box);
  const grain = canvasOf(layer.width, layer.height);
  const specks = contextOf(grain);
  specks.fillStyle = specks.createPattern(tile(), "repeat") ?? "transparent";
  specks.fillRect(0, 0, grain.width, grain.height);
  specks.globalCompositeOperation = "destination-in";
  specks.scale(devicePixelRatio, devicePixelRatio);
  stretch(specks, image(grid, count, (place) => [0, 0, 0, 255 * grainOf(sampled(grid, grid.noise_db, place))]), box);
  context.drawImage(grain, 0, 0, size.width, size.height);
  drawContours(context, surface(grid, count, grid.attack_ms.map(Math.log2)), box, count);
  context.restore();
  return layer;
}

/** @param {CanvasRenderingContext2D} context @param {Box} box @param {number} count */
function clip(context, { left, top, width, height }, count) {
  context.beginPath();
  if (count === 3) {
    context.moveTo(left, top);
    context.lineTo(left + width, top);
    context.lineTo(left + width / 2, top + height);
  } else context.rect(left, top, width, height);
  context.clip();
}

/** The place on the pad of a point of the painted square, each 0 to 1. @param {number} count @param {number} across @param {number} down */
function placeOf(count, across, down) {
  if (count !== 3) return { x: across, y: down };
  const rest = 1 - down;
  return { x: rest > 1e-3 ? clamp((across - down / 2) / rest) : 0.5, y: down };
}

/** @param {Grid} grid @param {number} count @param {number[]} values @returns {Float64Array} [SIDE * SIDE] */
function surface(grid, count, values) {
  const found = new Float64Array(SIDE * SIDE);
  for (let j = 0; j < SIDE; j++) {
    for (let i = 0; i < SIDE; i++) {
      found[j * SIDE + i] = sampled(grid, values, placeOf(count, i / (SIDE - 1), j / (SIDE - 1)));
    }
  }
  return found;
}

/** @param {Grid} grid @param {number} count @param {(place: import("./types.js").Point) => number[]} paint */
function image(grid, count, paint) {
  const made = canvasOf(SIDE, SIDE);
  const context = contextOf(made);
  const pixels = context.createImageData(SIDE, SIDE);
  const rows = grid.rows === 1 ? 1 : SIDE; // between two, every row is the first
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < SIDE; i++) {
      pixels.data.set(paint(placeOf(count, i / (SIDE - 1), j / (SIDE - 1))), 4 * (j * SIDE + i));
    }
  }
  for (let j = rows; j < SIDE; j++) pixels.data.copyWithin(4 * j * SIDE, 0, 4 * SIDE);
  context.putImageData(pixels, 0, 0);
  return made;
}

/** Enlarge an image so that the middles of its outermost pixels lie on the edges. @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} from @param {Box} box */
function stretch(context, from, { left, top, width, height }) {
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(from, 0.5, 0.5, SIDE - 1, SIDE - 1, left, top, width, height);
}

/** @type {HTMLCanvasElement | null} */
let specks = null;

/** Specks of light and shade, the same in every theme. */
function tile() {
  if (specks) return specks;
  specks = canvasOf(TILE, TILE);
  const context = contextOf(specks);
  const pixels = context.createImageData(TILE, TILE);
  let seed = 1;
  for (let k = 0; k < TILE * TILE; k++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator: the same grain every time
    const tone = seed / 2 ** 32;
    pixels.data.set(tone < 0.5 ? [0, 0, 0, 190 * (0.5 - tone)] : [255, 255, 255, 190 * (tone - 0.5)], 4 * k);
  }
  context.putImageData(pixels, 0, 0);
  return specks;
}

/** @param {CanvasRenderingContext2D} context @param {Float64Array} attack log2 of ms @param {Box} box @param {number} count */
function drawContours(context, attack, box, count) {
  const { fontFamily, fontSize } = getComputedStyle(document.documentElement);
  const high = 0.78 * parseFloat(fontSize);
  context.strokeStyle = context.fillStyle = colour("ink");
  context.font = `500 ${high}px ${fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  CONTOURS_MS.forEach((ms, number) => {
    const lines = contour(attack, Math.log2(ms), box);
    const text = `${ms} ms`;
    const half = context.measureText(text).width / 2 + 4;
    const middles = lines.map(([one, other]) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 }));
    const wanted = { x: box.left + box.width * (0.24 + 0.1 * number), y: box.top + box.height * (0.2 + 0.04 * number) };
    const label = nearest(middles.filter((point) => hasRoom(point, half, high, box, count)), wanted);
    context.globalAlpha = 0.42;
    context.lineWidth = 1;
    context.beginPath();
    lines.forEach(([one, other], k) => {
      if (label && Math.abs(middles[k].x - label.x) < half && Math.abs(middles[k].y - label.y) < 0.7 * high) return;
      context.moveTo(one.x, one.y);
      context.lineTo(other.x, other.y);
    });
    context.stroke();
    context.globalAlpha = 0.9;
    if (label) context.fillText(text, label.x, label.y);
  });
  context.globalAlpha = 1;
}

/** @param {import("./types.js").Point[]} points @param {import("./types.js").Point} wanted @returns {import("./types.js").Point | undefined} */
function nearest(points, wanted) {
  const away = points.map(({ x, y }) => Math.hypot(x - wanted.x, y - wanted.y));
  return points[away.indexOf(Math.min(...away))];
}

/** Whether a text fits on the map. @param {import("./types.js").Point} at @param {number} half its width @param {number} high @param {Box} box @param {number} count */
function hasRoom({ x, y }, half, high, { left, top, width, height }, count) {
  if (y < top + high || y > top + height - high) return false;
  const free = count === 3 ? 1 - (y + high / 2 - top) / height : 1; // of the width
  return Math.abs(x - left - width / 2) < (free * width) / 2 - half;
}

/** Lines along which a surface has a value: marching squares. @param {Float64Array} values @param {number} level @param {Box} box */
function contour(values, level, { left, top, width, height }) {
  /** @type {[import("./types.js").Point, import("./types.js").Point][]} */
  const lines = [];
  const at = (/** @type {number} */ i, /** @type {number} */ j) => values[j * SIDE + i] - level;
  const point = (/** @type {number} */ i, /** @type {number} */ j) => ({
    x: left + (width * i) / (SIDE - 1),
    y: top + (height * j) / (SIDE - 1),
  });
  for (let j = 0; j < SIDE - 1; j++) {
    for (let i = 0; i < SIDE - 1; i++) {
      const [a, b, c, d] = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
      /** @type {import("./types.js").Point[]} */
      const cuts = [];
      if (a < 0 !== b < 0) cuts.push(point(i + a / (a - b), j));
      if (b < 0 !== c < 0) cuts.push(point(i + 1, j + b / (b - c)));
      if (c < 0 !== d < 0) cuts.push(point(i + 1 - c / (c - d), j + 1));
      if (d < 0 !== a < 0) cuts.push(point(i, j + 1 - d / (d - a)));
      for (let k = 0; k + 1 < cuts.length; k += 2) lines.push([cuts[k], cuts[k + 1]]);
    }
  }
  return lines;
}

/** @param {number} width @param {number} height */
function canvasOf(width, height) {
  return Object.assign(document.createElement("canvas"), { width: Math.round(width), height: Math.round(height) });
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
