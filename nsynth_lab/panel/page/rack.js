/**
 * The rack: the effects of the patch in the order of the signal, from top to bottom. They are put in another order by
 * dragging their grips, or by Alt with the arrows; what is done here is heard, can be undone, and shows on all pages.
 */
import { SlotView } from "./slot.js";
import { labelOf, moved, nameOf, withFields, withParameter, without } from "./slots.js";

/** @typedef {import("./types.js").Slot} Slot */
/** @typedef {import("./types.js").Effect} Effect */

export class Rack {
  /**
   * @param {HTMLElement} list @param {HTMLElement} announced where a screen reader is told of moves
   * @param {import("./socket.js").Link} link
   */
  constructor(list, announced, link) {
    this.list = list;
    this.announced = announced;
    this.link = link;
    /** @type {Map<string, SlotView>} by label */
    this.views = new Map();
    /** @type {import("./types.js").State | null} */
    this.state = null;
    /** @type {Map<string, Effect>} */
    this.known = new Map();
    this.dragged = "";
    this.#listen();
  }

  /** @returns {Slot[]} */
  get slots() {
    return this.state?.patch.effects ?? [];
  }

  /** @param {Effect[]} effects all that there are */
  learn(effects) {
    this.known = new Map(effects.map((effect) => [effect.name.toLowerCase(), effect]));
    this.views.clear();
    if (this.state) this.show(this.state);
  }

  /** Whether nothing is known of an effect in the chain: it has been scanned since. */
  get isPuzzled() {
    return this.slots.some((slot) => !this.known.has(nameOf(slot).toLowerCase()));
  }

  /** @param {import("./types.js").State} state */
  show(state) {
    this.state = state;
    const views = this.slots.map((slot) => this.#viewOf(slot));
    this.views = new Map(views.map((view) => [view.label, view]));
    if (!this.dragged) this.#lay(views.map(({ element }) => element));
    views.forEach((view, at) => view.show(this.slots[at], state, `${at + 1} of ${views.length}`));
  }

  /** The grip of an effect takes the focus. @param {string} label */
  focus(label) {
    const view = this.views.get(label);
    view?.element.scrollIntoView({ block: "nearest" });
    view?.grip.focus();
  }

  /** @param {Slot} slot */
  #viewOf(slot) {
    const old = this.views.get(labelOf(slot));
    const effect = this.known.get(nameOf(slot).toLowerCase());
    return old && old.effect === effect ? old : new SlotView(slot, effect);
  }

  /** Put the elements there in this order; what has the focus keeps it. @param {HTMLElement[]} elements */
  #lay(elements) {
    const before = [...this.list.children];
    if (before.length === elements.length && elements.every((one, at) => one === before[at])) return;
    const focused = document.activeElement;
    this.list.replaceChildren(...elements);
    if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus();
  }

  #listen() {
    const on = (/** @type {string} */ type, /** @type {(detail: any) => Slot[]} */ act) =>
      this.list.addEventListener(type, (event) => this.#change(act(/** @type {CustomEvent} */ (event).detail)));
    on("slot-set", ({ label, name, value }) => withParameter(this.slots, label, name, value));
    on("slot-bypass", ({ label, bypass }) => withFields(this.slots, label, { bypass }));
    on("slot-again", () => this.slots);
    this.list.addEventListener("slot-remove", (event) => this.#remove(/** @type {CustomEvent} */ (event).detail.label));
    this.list.addEventListener("slot-more", () => this.state && this.show(this.state));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointerdown", (event) => this.#take(event));
  }

  /** @param {Slot[]} effects */
  #change(effects) {
    this.link.change({ effects });
  }

  /** @param {string} label */
  #remove(label) {
    const at = this.slots.findIndex((slot) => labelOf(slot) === label);
    const next = this.slots[at + 1] ?? this.slots[at - 1];
    this.#change(without(this.slots, label));
    this.announced.textContent = `${label} removed`;
    if (next) this.views.get(labelOf(next))?.grip.focus();
    else this.list.dispatchEvent(new Event("emptied", { bubbles: true }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target instanceof HTMLSelectElement) return; // which opens by these keys
    const way = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined;
    const from = [...this.list.children].findIndex((one) => one.contains(/** @type {Node} */ (event.target)));
    if (way === undefined || from < 0) return;
    event.preventDefault();
    const to = from + way;
    if (to < 0 || to >= this.slots.length) return;
    this.#move(from, to);
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    const label = labelOf(this.slots[from]);
    this.announced.textContent = `${label}, now ${to + 1} of ${this.slots.length}`;
    this.#change(moved(this.slots, from, to));
  }

  /** A grip is taken: the others make room for it as it passes their middles. @param {PointerEvent} event */
  #take(event) {
    const grip = event.target instanceof Element ? event.target.closest(".grip") : null;
    const item = grip?.closest("li");
    if (!grip || !item || event.button !== 0) return;
    const { list } = this;
    const from = [...list.children].indexOf(item);
    const label = labelOf(this.slots[from]);
    const before = [...list.children];
    grip.setPointerCapture(event.pointerId);
    this.dragged = label;
    item.classList.add("dragged");
    const drag = (/** @type {PointerEvent} */ { clientY }) => {
      const [above, below] = [item.previousElementSibling, item.nextElementSibling];
      if (above && clientY < middle(above)) item.after(above);
      else if (below && clientY > middle(below)) item.before(below);
      else return;
      item.scrollIntoView({ block: "nearest" });
    };
    const done = new AbortController();
    const end = (/** @type {boolean} */ stays) => {
      done.abort();
      this.dragged = "";
      item.classList.remove("dragged");
      const to = [...list.children].indexOf(item);
      const now = this.slots.findIndex((slot) => labelOf(slot) === label); // another page may have moved it meanwhile
      if (stays && to !== from && now >= 0) this.#move(now, Math.min(to, this.slots.length - 1));
      else if (before.length === this.slots.length) this.#lay(/** @type {HTMLElement[]} */ (before));
      if (!stays && this.state) this.show(this.state);
    };
    const { signal } = done;
    grip.addEventListener("pointermove", (one) => drag(/** @type {PointerEvent} */ (one)), { signal });
    grip.addEventListener("pointerup", () => end(true), { signal });
    grip.addEventListener("pointercancel", () => end(false), { signal });
    addEventListener("keydown", ({ key }) => key === "Escape" && end(false), { signal });
  }
}

/** Of an element on the screen, from top to bottom. @param {Element} element */
function middle(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}
