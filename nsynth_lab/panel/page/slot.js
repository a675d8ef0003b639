/** One effect in the rack: its grip, its name, its switch, and its knobs, choices and switches. */
import { made } from "./list.js";
import { labelOf, nameOf } from "./slots.js";

/** @typedef {import("./types.js").Slot} Slot */
/** @typedef {import("./types.js").Effect} Effect */
/** @typedef {import("./types.js").EffectParameter} Parameter */
/** @typedef {import("./knobs.js").Knob} Knob */

const AT_FIRST = 7; // parameters; the others are shown on request
const OF_STAGE = ["mix", "bypass"]; // these names are those of the slot, whatever a plugin calls its own
let made_so_far = 0;

/**
 * What a slot asks for: events that bubble from its element. `turn` is a knob's; the others carry `detail`.
 *
 *     slot-set     label, name, value: a parameter that is no knob of what plays
 *     slot-bypass  label, bypass
 *     slot-remove  label
 *     slot-again   label: another chance for one that was taken out
 */
export class SlotView {
  /** @param {Slot} slot @param {Effect | undefined} effect what is known of it */
  constructor(slot, effect) {
    this.label = labelOf(slot);
    this.effect = effect;
    this.id = `slot-${++made_so_far}`;
    /** @type {{ knob: Knob, parameter: Parameter | null }[]} */
    this.knobs = [];
    /** @type {((slot: Slot) => void)[]} */
    this.others = [];
    this.title = slot.label ?? effect?.title ?? nameOf(slot);
    this.grip = this.#button("grip", icon("grip"), `Move ${this.title}`);
    this.grip.title = "Drag, or Alt with up and down; Delete removes it";
    this.fold = this.#button("fold", made("span.name", this.title));
    if (slot.label) this.fold.append(made("span.kind", effect?.title ?? nameOf(slot))); // which the name need not tell
    this.power = this.#button("power", icon("power"), `${this.title} on`);
    const remove = this.#button("remove", "×", `Remove ${this.title}`);
    remove.title = "Remove (undo brings it back)";
    this.body = made("div.knobs");
    this.out = made("p.out");
    this.why = made("span.why");
    const again = this.#button("again", "Try again");
    this.out.append(this.why, again);
    this.element = made("li.slot", made("div.head", this.grip, this.fold, this.power, remove), this.out, this.body);
    this.body.id = this.id;
    this.body.setAttribute("role", "group");
    this.body.setAttribute("aria-label", this.title);
    this.fold.setAttribute("aria-controls", this.id);
    this.fold.title = effect?.says ?? "";
    this.fold.addEventListener("click", () => this.open(this.body.hidden));
    this.power.addEventListener("click", () => this.#ask("slot-bypass", { bypass: this.power.ariaPressed === "true" }));
    remove.addEventListener("click", () => this.#ask("slot-remove"));
    again.addEventListener("click", () => this.#ask("slot-again"));
    this.grip.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      this.#ask("slot-remove");
    });
    if (slot.impulse) this.body.append(made("p.impulse", slot.impulse));
    this.#fill();
    this.open(true);
  }

  /** @param {boolean} open whether its knobs are shown */
  open(open) {
    this.body.hidden = !open;
    this.fold.setAttribute("aria-expanded", String(open));
  }

  /**
   * @param {Slot} slot @param {import("./types.js").State} state @param {string} place such as "2 of 3"
   */
  show(slot, state, place) {
    const why = state.taken_out[this.label];
    const bypass = slot.bypass ?? false;
    this.grip.setAttribute("aria-label", `Move ${this.title}, ${place}`);
    this.power.setAttribute("aria-pressed", String(!bypass));
    this.power.title = bypass ? "Bypassed: press to hear it" : "Heard: press to bypass it";
    this.element.classList.toggle("bypassed", bypass || why !== undefined);
    this.out.hidden = why === undefined && this.effect !== undefined;
    this.why.textContent = why === undefined ? `${nameOf(slot)} is not known here` : `Taken out: it ${why}.`;
    for (const { knob, parameter } of this.knobs) {
      knob.hidden = parameter !== null && this.#isOther(parameter, slot);
      knob.show(state.targets[knob.target] ?? resting(parameter, slot));
    }
    for (const show of this.others) show(slot);
  }

  #fill() {
    this.#knob("mix", "mix", null, this.effect?.mix ?? 1);
    const parameters = this.effect?.parameters ?? [];
    const first = parameters.length > AT_FIRST + 1 ? parameters.slice(0, AT_FIRST) : parameters;
    for (const parameter of first) this.#control(parameter);
    if (first === parameters) return;
    const rest = parameters.slice(AT_FIRST);
    const more = this.#button("more", `${rest.length} more`);
    more.addEventListener("click", () => {
      more.remove();
      const before = this.body.children.length;
      for (const parameter of rest) this.#control(parameter);
      this.#ask("slot-more");
      /** @type {HTMLElement | null} */ (this.body.children[before])?.focus();
    });
    this.body.append(more);
  }

  /** @param {Parameter} parameter */
  #control(parameter) {
    if (parameter.kind === "number") this.#knob(parameter.name, parameter.title, parameter, Number(parameter.default));
    if (parameter.beats_of) this.#inBeats(parameter);
    if (parameter.kind === "flag") this.#flag(parameter);
    if (parameter.kind === "text") this.#choice(parameter);
  }

  /** Whether the other one of the two counts, in beats or not. @param {Parameter} parameter @param {Slot} slot */
  #isOther({ name, beats_of }, slot) {
    const inBeats = (/** @type {string} */ one) => Number(slot.parameters?.[one] ?? 0) > 0;
    if (beats_of) return !inBeats(name);
    const beats = this.effect?.parameters.find((one) => one.beats_of === name);
    return beats !== undefined && inBeats(beats.name);
  }

  /** A switch between beats of the tempo and what they take the place of. @param {Parameter} parameter */
  #inBeats({ name, beats_of }) {
    const button = this.#button("flag", "in beats", `${beats_of.replace(/_.*/, "")} of ${this.title} in beats`);
    button.title = "In beats of the tempo";
    button.addEventListener("click", () => this.#ask("slot-set", { name, value: button.ariaPressed === "true" ? 0 : 1 }));
    this.others.push((slot) => button.setAttribute("aria-pressed", String(Number(slot.parameters?.[name] ?? 0) > 0)));
    this.body.append(button);
  }

  /** @param {string} name @param {string} title @param {Parameter | null} parameter @param {number} reset */
  #knob(name, title, parameter, reset) {
    const knob = /** @type {Knob} */ (document.createElement("nl-knob"));
    const clashes = parameter !== null && OF_STAGE.includes(name);
    knob.setAttribute("target", clashes ? `${this.label} ${name}` : `effects.${this.label}.${name}`);
    knob.setAttribute("label", title);
    knob.setAttribute("reset", String(reset));
    knob.addEventListener("turn", (event) => {
      if (!clashes && !parameter?.steady) return; // it is told to what plays, as every knob is
      event.stopPropagation();
      const { value, keep } = /** @type {CustomEvent} */ (event).detail;
      if (keep) this.#ask("slot-set", { name, value });
    });
    this.knobs.push({ knob, parameter });
    this.body.append(knob);
  }

  /** @param {Parameter} parameter */
  #flag({ name, title, default: usual }) {
    const button = this.#button("flag", title);
    button.addEventListener("click", () => this.#ask("slot-set", { name, value: button.ariaPressed !== "true" }));
    this.others.push((slot) => button.setAttribute("aria-pressed", String(slot.parameters?.[name] ?? usual)));
    this.body.append(button);
  }

  /** @param {Parameter} parameter */
  #choice({ name, title, choices, default: usual }) {
    const select = document.createElement("select");
    select.append(...choices.map((choice) => Object.assign(document.createElement("option"), { textContent: choice })));
    select.addEventListener("change", () => this.#ask("slot-set", { name, value: select.value }));
    this.others.push((slot) => (select.value = String(slot.parameters?.[name] ?? usual)));
    this.body.append(made("label.chosen", select, made("span", title)));
  }

  /** @param {string} kind @param {string | Element} inside @param {string} [label] */
  #button(kind, inside, label) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: kind });
    button.append(inside);
    if (label) button.setAttribute("aria-label", label);
    return button;
  }

  /** @param {string} type @param {object} fields */
  #ask(type, fields = {}) {
    this.element.dispatchEvent(new CustomEvent(type, { bubbles: true, detail: { label: this.label, ...fields } }));
  }
}

/** A parameter that what plays has not been told, as a target. @param {Parameter | null} parameter @param {Slot} slot */
function resting(parameter, slot) {
  if (!parameter) return undefined;
  const { name, low, high, unit, title } = parameter;
  return { value: Number(slot.parameters?.[name] ?? parameter.default), low, high, unit, says: title };
}

/** @param {string} name of a symbol of the page */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}
