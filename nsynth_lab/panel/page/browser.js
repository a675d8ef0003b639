/** The instruments of the bank and of the user: search, families, range and licence; to a corner by drag, click, Enter or 1 to 4. */
import { hearing } from "./auditions.js";
import { keyOf } from "./keys.js";
import { SearchList, made } from "./list.js";
import { LETTERS, makeDraggable } from "./pad.js";

/** @typedef {import("./types.js").Instrument} Instrument */

/** @param {string} family such as synth_lead */
const spaced = (family) => family.replaceAll("_", " ");

/** @param {HTMLElement} section @param {import("./pad.js").Pad} pad */
export function instrumentBrowser(section, pad) {
  /** @type {SearchList<Instrument>} */
  const list = new SearchList(section, {
    text: ({ name, family, licence }) => `${name} ${family} ${licence}`,
    chips: ({ family }) => (family ? [spaced(family)] : []),
    most: 12,
    item: (instrument) => {
      const { name, family, lowest, highest, licence, attribution } = instrument;
      const item = made("li", made("span.name", name), made("span.range", `${lowest} – ${highest}`));
      item.append(made("span.about", [spaced(family), licence].filter(Boolean).join(" · ")), hearing("instrument", name));
      item.title = attribution || licence;
      makeDraggable(item, name);
      return item;
    },
    take: ({ name }, event) => {
      const digit = event instanceof KeyboardEvent ? Number(event.key) : NaN;
      pad.put(name, Number.isNaN(digit) ? pad.chosen : Math.min(digit - 1, pad.count));
    },
  });
  return {
    /** The keys that instruments were recorded at, of those that are known. @param {string[]} names */
    ranges: (names) =>
      names
        .map((name) => list.all.find(({ row }) => row.name === name)?.row)
        .filter((row) => row !== undefined)
        .map(({ lowest, highest }) => ({ low: keyOf(lowest), high: keyOf(highest) })),
    /** @param {Instrument[]} rows */
    show: (rows) => list.show(rows),
    /** @param {string[]} corners */
    mark: (corners) =>
      list.mark(({ name }) => corners.map((corner, k) => (corner === name ? LETTERS[k] : "")).join("")),
  };
}
