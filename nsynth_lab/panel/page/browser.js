/** The instruments of the bank and of the user: search, families, range and licence; to a corner by drag, click, Enter or 1 to 4. */
import { hearing } from "./auditions.js";
import { makeChoice } from "./choice.js";
import { keyOf } from "./keys.js";
import { SearchList, made } from "./list.js";
import { LETTERS, makeDraggable } from "./pad.js";
import { keep, kept } from "./theme.js";

/** @typedef {import("./types.js").Instrument} Instrument */

const UNPITCHED = ["drum", "noise"]; // families
/** @param {string} family such as synth_lead */
const spaced = (family) => family.replaceAll("_", " ");

/** @param {HTMLElement} section @param {import("./pad.js").Pad} pad */
export function instrumentBrowser(section, pad) {
  /** @type {SearchList<Instrument>} */
  const list = new SearchList(section, {
    text: ({ name, family, licence }) => `${name} ${family} ${licence}`,
    chips: ({ family }) => (family ? [spaced(family)] : []),
    most: 13, // all families of the bank
    item: (instrument) => {
      const { name, family, lowest, highest, licence, attribution } = instrument;
      const item = made("li", made("span.name", name), made("span.range", `${lowest} – ${highest}`));
      item.append(made("span.about", [spaced(family), licence].filter(Boolean).join(" · ")), hearing("instrument", name));
      item.dataset.family = family;
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
    list,
    /** The keys that instruments were recorded at, of those that are known; a drum by itself is there on all. @param {string[]} names */
    ranges: (names) =>
      names
        .map((name) => list.all.find(({ row }) => row.name === name)?.row)
        .filter((row) => row !== undefined)
        .map(({ family, lowest, highest }) =>
          UNPITCHED.includes(family) && lowest === highest ? { low: 0, high: 127 } : { low: keyOf(lowest), high: keyOf(highest) },
        ),
    /** The families with a pitch that there are, by name. */
    families: () => [...new Set(list.all.map(({ row }) => row.family))].filter((name) => !["", ...UNPITCHED].includes(name)).sort(),
    /** @param {Instrument[]} rows */
    show: (rows) => list.show(rows),
    /** @param {string[]} corners */
    mark: (corners) =>
      list.mark(({ name }) => corners.map((corner, k) => (corner === name ? LETTERS[k] : "")).join("")),
  };
}

/**
 * The instruments as a list or as a map, whichever was chosen last.
 *
 * @param {HTMLElement} section @param {SearchList<Instrument>} list
 * @param {{ link: import("./socket.js").Link, pad: import("./pad.js").Pad, auditions: import("./auditions.js").Auditions,
 *   say: (line: string) => void }} around
 */
export function mapSwitch(section, list, around) {
  /** @type {import("./map.js").InstrumentMap | null} */
  let map = null;
  const choice = makeChoice(/** @type {HTMLElement} */ (section.querySelector(".as")), (as) => void show(as));
  choice.offer([
    { value: "list", text: "list" },
    { value: "map", text: "map", says: "Those that sound alike are near one another" },
  ]);

  /** @param {string} as */
  async function show(as) {
    choice.show(as);
    section.dataset.as = as;
    keep("instruments", as);
    try {
      if (as === "map" && !map) {
        const { InstrumentMap } = await import("./map.js");
        map ??= new InstrumentMap(section, { ...around, list });
      }
      map?.show(section.dataset.as === "map");
    } catch (error) {
      around.say(`The map cannot be loaded: ${error instanceof Error ? error.message : error}`);
    }
  }

  void show(kept("instruments") === "map" ? "map" : "list");
}
