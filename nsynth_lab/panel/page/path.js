/**
 * A path that is drawn on the pad and kept in the sound: every note goes along it. The pencil is taken, then a finger
 * draws, or the arrow keys do; what is drawn is heard meanwhile. Its length can be changed afterwards.
 *
 * @typedef {import("./types.js").Point} Point
 */
import { between, cornerPoints, shares } from "./place.js";
import { colour } from "./theme.js";

const SHORTEST = 0.1; // in seconds, or beats
const LONGEST = 120;
const CLOSE = 0.004; // of the pad's side: a point that is as close to the line between its neighbours is left out
const MOST_POINTS = 500;

/**
 * @param {HTMLElement} element holds the pencil and what belongs to a path
 * @param {import("./pad.js").Pad} pad @param {import("./socket.js").Link} link
 * @param {import("./held.js").HeldKeys} held @param {(line: string) => void} say
 */
export function pathTool(element, pad, link, held, say) {
  const find = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  /** @type {HTMLButtonElement} */
  const pencil = find(".pencil");
  /** @type {HTMLInputElement} */
  const seconds = find("input");
  /** @type {number[][]} [seconds, x, y] as they are drawn */
  let drawn = [];
  let began = 0;

  /** What the pad has now. */
  function show() {
    const { path } = pad;
    const canDraw = pad.count > 1 && pad.count <= 4 && !pad.weights;
    element.hidden = !canDraw;
    if (!canDraw) take(false);
    find(".kept").hidden = path.length < 2 || pad.tool !== null;
    find(".unit").textContent = pad.pathUnit === "beats" ? "beats" : "s";
    seconds.setAttribute("aria-label", `Length of the path in ${pad.pathUnit}`);
    if (document.activeElement !== seconds) seconds.value = String(Number((path.at(-1)?.[0] ?? 0).toFixed(2)));
  }

  /** @param {boolean} taken whether what moves the pad draws from now on */
  function take(taken) {
    drawn = [];
    pad.tool = taken ? { move, end } : null;
    pencil.setAttribute("aria-pressed", String(taken));
    find(".drawing").hidden = !taken;
    find(".kept").hidden = taken || pad.path.length < 2;
  }

  /** @param {Point} place */
  function move({ x, y }) {
    if (!drawn.length) {
      began = performance.now();
      if (pad.path.length) change({ path: [] }); // it would bend what is heard now
    }
    drawn.push([(performance.now() - began) / 1000, x, y]);
  }

  function end() {
    const points = simplified(drawn);
    const isLong = (points.at(-1)?.[0] ?? 0) >= SHORTEST;
    take(false);
    if (!isLong) return say("A path needs a way to go: take the pencil, then draw on the pad.");
    const path = points.map((point) => point.slice(0, pad.count === 2 ? 2 : 3).map((value) => Number(value.toFixed(4))));
    change({ path, path_unit: "seconds", position: path[0].slice(1), weights: [] });
    const [, x, y = 0.5] = path[0];
    link.place({ x, y }, true); // back to where it begins
  }

  /** @param {object} blend */
  const change = (blend) => link.send("change", { within: { blend } });

  pencil.addEventListener("click", () => {
    if (pad.tool && drawn.length) end();
    else take(!pad.tool);
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && pad.tool) take(false);
    else if (event.target === pencil && pad.tool && pad.arrow(event)) event.stopPropagation();
  });
  seconds.addEventListener("change", () => {
    const wanted = Math.min(Math.max(Number(seconds.value) || 0, SHORTEST), LONGEST);
    const length = pad.path.at(-1)?.[0] ?? 0;
    seconds.value = String(wanted);
    if (length > 0) change({ path: pad.path.map(([at, ...place]) => [Number(((at * wanted) / length).toFixed(4)), ...place]) });
  });
  find(".remove").addEventListener("click", () => {
    change({ path: [] });
    pencil.focus();
  });
  held.addEventListener("change", () => pad.follow(held.by.size > 0));
  return { show };
}

/**
 * The points without those that lie, in time and place, on the line between the ones that stay: Douglas and Peucker.
 *
 * @param {number[][]} points @param {number} close @returns {number[][]}
 */
export function simplified(points, close = CLOSE) {
  const keep = new Set([0, points.length - 1]);
  const spans = [[0, points.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, last] = span;
    let [far, away] = [0, close];
    for (let k = first + 1; k < last; k++) {
      const distance = Math.hypot(...offLine(points[first], points[last], points[k]));
      if (distance > away) [far, away] = [k, distance];
    }
    if (!far) continue;
    keep.add(far);
    spans.push([first, far], [far, last]);
  }
  const kept = points.filter((_, k) => keep.has(k));
  return kept.length > MOST_POINTS ? simplified(points, 2 * close) : kept;
}

/** How far, on each axis, a point is from where the line is at its time. @param {number[]} from @param {number[]} to @param {number[]} point */
function offLine(from, to, point) {
  const share = to[0] > from[0] ? (point[0] - from[0]) / (to[0] - from[0]) : 0;
  return point.slice(1).map((value, axis) => value - from[axis + 1] - share * (to[axis + 1] - from[axis + 1]));
}

/** Where a path is so many seconds after its beginning. @param {number[][]} path @param {number} seconds @returns {Point} */
export function placeAlong(path, seconds) {
  const next = path.findIndex(([at]) => at > seconds);
  const [a, b] = next < 0 ? [path[path.length - 1], path[path.length - 1]] : [path[Math.max(next - 1, 0)], path[next]];
  const share = b[0] > a[0] ? Math.max(seconds - a[0], 0) / (b[0] - a[0]) : 0;
  const [x, y = 0.5] = a.slice(1).map((value, axis) => value + share * (b[axis + 1] - value));
  return { x, y };
}

/**
 * @param {CanvasRenderingContext2D} context @param {number[][]} path @param {import("./types.js").Box} box
 * @param {number} count of corners @param {number | null} seconds since a note began, if one sounds
 */
export function drawPath(context, path, box, count, seconds) {
  if (path.length < 2) return;
  const corners = cornerPoints(count, box);
  const points = path.map(([, x, y = 0.5]) => between(corners, shares(count, { x, y })));
  context.lineJoin = context.lineCap = "round";
  for (const [name, wide] of /** @type {const} */ ([["paper", 6], ["ink", 2.5]])) {
    context.strokeStyle = context.fillStyle = colour(name);
    context.lineWidth = wide;
    context.beginPath();
    for (const { x, y } of points) context.lineTo(x, y);
    context.stroke();
    arrow(context, points, name === "paper" ? 3 : 0);
  }
  if (seconds === null) return;
  const { x, y } = between(corners, shares(count, placeAlong(path, seconds)));
  context.beginPath();
  context.arc(x, y, 6, 0, 2 * Math.PI);
  context.fillStyle = colour("accent");
  context.fill();
  context.strokeStyle = colour("paper");
  context.lineWidth = 2;
  context.stroke();
}

/** A head at the end of a line, in its direction. @param {CanvasRenderingContext2D} context @param {Point[]} points @param {number} wider */
function arrow(context, points, wider) {
  const end = points[points.length - 1];
  const from = points.findLast(({ x, y }) => Math.hypot(end.x - x, end.y - y) > 10) ?? points[0];
  const turn = Math.atan2(end.y - from.y, end.x - from.x);
  const size = 11 + wider;
  context.beginPath();
  context.moveTo(end.x + (4 + wider) * Math.cos(turn), end.y + (4 + wider) * Math.sin(turn));
  for (const side of [-1, 1]) {
    const back = turn + Math.PI + side * 0.45;
    context.lineTo(end.x + size * Math.cos(back), end.y + size * Math.sin(back));
  }
  context.closePath();
  context.fill();
}
