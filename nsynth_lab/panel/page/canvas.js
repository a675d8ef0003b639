import { onThemeChange } from "./theme.js";

const HANDS_MS = 4000; // without following, after somebody has scrolled

/** A canvas as large as it is on the screen, cleared, and scaled so that a unit is a CSS pixel. @param {HTMLCanvasElement} canvas */
export function cleared(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [wide, high] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A canvas that shows a part of something longer, through which its element scrolls. */
export class ScrolledCanvas {
  /** @param {HTMLElement} element scrolls, and holds `spacer` while it is shown @param {() => void} draw */
  constructor(element, draw) {
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.spacer = document.createElement("div"); // as wide as all of it
    this.spacer.className = "roll";
    this.spacer.append(this.canvas);
    this.draw = draw;
    this.touchedAt = -Infinity;
    this.asked = 0;
    element.addEventListener("scroll", () => this.ask());
    for (const kind of ["wheel", "pointerdown", "keydown"]) {
      element.addEventListener(kind, () => (this.touchedAt = performance.now()), { passive: true });
    }
    new ResizeObserver(() => this.ask()).observe(element);
    onThemeChange(() => this.ask());
  }

  /** Have it drawn for the next frame. */
  ask() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }

  /** Whether it may scroll by itself: nobody has scrolled for a while. */
  get mayFollow() {
    return performance.now() - this.touchedAt > HANDS_MS;
  }
}
