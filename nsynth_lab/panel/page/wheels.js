/**
 * The two wheels beside the keys: bend, which springs back, and modulation, which stays.
 *
 * Drag them, or use the arrows; while an arrow is held down the pitch is bent, and it is back when the arrow is up. They
 * lie on their side where the page is narrow.
 */

const BEND_STEP = 0.25;
const TURN_STEP = 4 / 127;
const MODULATION = 1; // controller
const STEPS = 127;
const REST_MS = 400;

/**
 * @param {HTMLElement} box with both wheels
 * @param {import("./socket.js").Link} link @param {import("./pad.js").Pad} pad
 */
export function wheels(box, link, pad) {
  const [bend, turn] = /** @type {HTMLElement[]} */ ([...box.querySelectorAll("[role=slider]")]);
  let movesPad = true;
  makeWheel(bend, { low: -1, springs: true, step: BEND_STEP, say: (value) => `${Math.round(100 * value)} %`, move: (value) => link.bend(value) });
  const modulation = makeWheel(turn, {
    low: 0,
    springs: false,
    step: TURN_STEP,
    say: (value) => `${Math.round(100 * value)} %`,
    move: (value) => {
      if (movesPad) pad.nudge("x", value - pad.place.x);
      else link.controller(MODULATION, Math.round(STEPS * value));
    },
  });
  pad.addEventListener("moved", () => movesPad && modulation.show(pad.place.x));

  return {
    /** What the sound does with them. @param {import("./types.js").State} state */
    show({ patch }) {
      const routes = patch.midi ?? [];
      const moved = routes.filter(({ cc }) => cc === MODULATION).map(({ target }) => spoken(target));
      movesPad = routes.length === 0;
      const isHeard = movesPad ? pad.isPositioned : moved.length > 0;
      const does = movesPad ? "moves the blend from left to right" : `moves ${moved.join(", ")}`;
      modulation.enable(isHeard, isHeard ? `Modulation: ${does}` : "Modulation: this sound gives the wheel nothing to do");
      if (movesPad) modulation.show(pad.place.x);
    },
  };
}

/** @param {string} target such as macros.air or envelope.attack_seconds */
const spoken = (target) => (target.split(".").at(-1) ?? target).replace(/_(seconds|cents|db|hz)$/, "").replaceAll("_", " ");

/**
 * @param {HTMLElement} wheel
 * @param {{ low: number, springs: boolean, step: number, say: (value: number) => string, move: (value: number) => void }} how
 */
function makeWheel(wheel, { low, springs, step, say, move }) {
  let value = 0;
  let frame = 0;
  let busy = 0; // until when it is the hand's own
  /** @type {{ at: number, value: number } | null} */
  let grip = null;
  draw();

  function draw() {
    wheel.style.setProperty("--at", String((value - low) / (1 - low)));
    wheel.setAttribute("aria-valuenow", String(Math.round(100 * value)));
    wheel.setAttribute("aria-valuetext", say(value));
  }

  /** @param {number} to */
  function set(to) {
    const held = Math.min(Math.max(to, low), 1);
    busy = performance.now() + REST_MS;
    if (held === value) return;
    value = held;
    draw();
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      move(value);
    });
  }

  const isFlat = () => wheel.clientWidth > wheel.clientHeight;
  const isOff = () => wheel.getAttribute("aria-disabled") === "true";
  const back = () => springs && set(0);

  wheel.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || isOff()) return;
    wheel.setPointerCapture(event.pointerId);
    grip = { at: along(event), value };
    wheel.classList.add("held");
  });
  wheel.addEventListener("pointermove", (event) => {
    if (!grip || !wheel.hasPointerCapture(event.pointerId)) return;
    const way = (isFlat() ? wheel.clientWidth : wheel.clientHeight) * 0.8;
    set(grip.value + ((along(event) - grip.at) / way) * (1 - low));
  });
  wheel.addEventListener("lostpointercapture", () => {
    grip = null;
    wheel.classList.remove("held");
    back();
  });
  wheel.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 4, PageDown: -4 }[event.key];
    const to = by === undefined ? { Home: low, End: 1 }[event.key] : value + by * step;
    if (to === undefined || isOff() || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    set(to);
  });
  wheel.addEventListener("keyup", ({ key }) => /^(Arrow|Page|Home|End)/.test(key) && back());
  wheel.addEventListener("blur", back);
  addEventListener("blur", back);

  /** @param {PointerEvent} event */
  const along = (event) => (isFlat() ? event.clientX : -event.clientY);

  return {
    /** @param {number} now where something else has moved it */
    show(now) {
      if (grip || performance.now() < busy) return;
      value = now;
      draw();
    },
    /** @param {boolean} on @param {string} title */
    enable(on, title) {
      wheel.setAttribute("aria-disabled", String(!on));
      wheel.title = title;
    },
  };
}
