/** The presets, by name and tag; a click or Enter loads one. */
import { SearchList, made } from "./list.js";

/** @typedef {import("./types.js").Preset} Preset */

/** @param {HTMLElement} section @param {import("./socket.js").Link} link */
export function presetBrowser(section, link) {
  /** @type {SearchList<Preset>} */
  const list = new SearchList(section, {
    text: ({ name, key, tags, description }) => `${name} ${key} ${tags.join(" ")} ${description}`,
    chips: ({ tags }) => tags,
    most: 14,
    item: ({ name, tags, description }) => {
      const item = made("li", made("span.name", name), made("span.about", description || tags.join(" · ")));
      item.title = tags.join(", ");
      return item;
    },
    take: ({ key }) => link.load(key),
  });
  return {
    /** @param {Preset[]} rows */
    show: (rows) => list.show(rows),
    /** @param {string} preset key of the one that plays */
    mark: (preset) => list.mark(({ key }) => (key === preset ? "●" : "")),
  };
}
