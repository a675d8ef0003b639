/**
 * The effects of a patch as tables of a preset file, one for each slot of the chain, and what can be done with them.
 * Nothing is changed in place: each function gives new tables, to be sent as a change.
 */

/** @typedef {import("./types.js").Slot} Slot */
/** @typedef {import("./types.js").Effect} Effect */

/** The name of a slot within its chain, which its parameters begin with. @param {Slot} slot */
export const labelOf = (slot) => slot.label ?? (slot.plugin ? slot.plugin.replaceAll(".", " ") : (slot.effect ?? ""));

/** What a slot holds: the name of an effect or a plugin. @param {Slot} slot */
export const nameOf = (slot) => slot.plugin || slot.effect || "";

/** @param {Slot[]} slots @param {number} from @param {number} to */
export function moved(slots, from, to) {
  const rest = slots.filter((_, at) => at !== from);
  return [...rest.slice(0, to), slots[from], ...rest.slice(to)];
}

/** @param {Slot[]} slots @param {string} label */
export const without = (slots, label) => slots.filter((slot) => labelOf(slot) !== label);

/** At the end of the chain, under a label that no other has. @param {Slot[]} slots @param {Pick<Effect, "name" | "is_plugin">} effect */
export function withAdded(slots, { name, is_plugin }) {
  /** @type {Slot} */
  const slot = is_plugin ? { plugin: name } : { effect: name };
  const taken = slots.map(labelOf);
  const label = labelOf(slot);
  for (let number = 2; taken.includes(labelOf(slot)); number++) slot.label = `${label.slice(0, 36)} ${number}`;
  return [...slots, slot];
}

/** @param {Slot[]} slots @param {string} label @param {Partial<Slot>} fields */
export const withFields = (slots, label, fields) =>
  slots.map((slot) => (labelOf(slot) === label ? { ...slot, ...fields } : slot));

/** @param {Slot[]} slots @param {string} label @param {string} name @param {number | boolean | string} value */
export const withParameter = (slots, label, name, value) =>
  slots.map((slot) =>
    labelOf(slot) === label ? { ...slot, parameters: { ...slot.parameters, [name]: value } } : slot,
  );
