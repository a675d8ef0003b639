/**
 * Places on the pad: where corners lie, and a point of the screen <-> a position <-> shares of the corners.
 *
 *     two     A ---- B        three   A ---- B   y = 0      four    A ---- B   y = 0
 *                                      \    /                       |      |
 *                                        C       y = 1              C ---- D   y = 1
 *
 * The same law as `patch/place.py` and `blend/weights.py`, to which the tests hold it. Five and more corners have
 * shares and no position; they stand on a circle.
 *
 * @typedef {import("./types.js").Point} Point
 * @typedef {import("./types.js").Box} Box
 */

/** @param {number} value */
export const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);

/** Shares of up to four corners at a position. @param {number} count @param {Point} place @returns {number[]} */
export function shares(count, { x, y }) {
  if (count === 1) return [1];
  if (count === 2) return [1 - x, x];
  if (count === 3) return [(1 - x) * (1 - y), x * (1 - y), y];
  return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
}

/** Where the corners lie in a box. @param {number} count @param {Box} box @returns {Point[]} */
export function cornerPoints(count, { left, top, width, height }) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => ({ x: left + x * width, y: top + y * height });
  if (count === 1) return [at(0.5, 0.5)];
  if (count === 2) return [at(0, 0.5), at(1, 0.5)];
  if (count === 3) return [at(0, 0), at(1, 0), at(0.5, 1)];
  if (count === 4) return [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
  const turn = (/** @type {number} */ k) => 2 * Math.PI * (k / count - 0.25);
  return Array.from({ length: count }, (_, k) => at(0.5 + 0.5 * Math.cos(turn(k)), 0.5 + 0.5 * Math.sin(turn(k))));
}

/** The point between corners with these shares. @param {Point[]} corners @param {number[]} weights @returns {Point} */
export function between(corners, weights) {
  const sum = { x: 0, y: 0 };
  corners.forEach((corner, k) => {
    sum.x += weights[k] * corner.x;
    sum.y += weights[k] * corner.y;
  });
  return sum;
}

/** The position nearest to a point of the screen. @param {number} count @param {Point} point @param {Box} box @returns {Point} */
export function placeAt(count, point, box) {
  const across = (point.x - box.left) / box.width;
  const down = clamp((point.y - box.top) / box.height);
  if (count === 2) return { x: clamp(across), y: 0.5 };
  if (count !== 3) return { x: clamp(across), y: down };
  const rest = 1 - down;
  return { x: rest > 1e-3 ? clamp((across - down / 2) / rest) : 0.5, y: down };
}

/** "flute 60 %, cello 40 %". @param {string[]} names @param {number[]} weights */
export function spoken(names, weights) {
  return names.map((name, k) => `${name} ${Math.round(100 * weights[k])} %`).join(", ");
}
