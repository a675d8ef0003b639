/** The tab of effects: the rack of the patch, and the catalogue of all that can be added to it. */
import { filesOf, sent } from "./files.js";
import { layersLine } from "./layers.js";
import { SearchList, made } from "./list.js";
import { pluginSearch } from "./plugins.js";
import { Rack } from "./rack.js";
import { labelOf, withAdded } from "./slots.js";

/** @typedef {import("./types.js").Effect} Effect */

const ROOM = /\.(wav|flac|aiff?|ogg)$/i;
const MOST_BYTES = 16 << 20; // as the server has it

/**
 * @param {HTMLElement} tray @param {import("./socket.js").Link} link
 * @param {(line: string) => void} say tells what cannot be done
 */
export function effectsTab(tray, link, say) {
  const find = (/** @type {string} */ selector) => /** @type {any} */ (tray.querySelector(selector));
  /** @type {HTMLButtonElement} */
  const add = find(".add-effect");
  /** @type {HTMLElement} */
  const catalogue = find(".catalogue");
  const rack = new Rack(find(".rack"), find(".announced"), link);
  /** @type {HTMLInputElement} */
  const file = find("input[type=file]");
  /** @type {Set<string>} jobs that read what this page has sent */
  const rooms = new Set();
  let awaited = ""; // the label of one that has just been added
  let asked = 0;

  /** @type {SearchList<Effect>} */
  const list = new SearchList(catalogue, {
    text: ({ name, title, says, family, parameters }) =>
      [name, title, says, family, ...parameters.map((one) => one.title)].join(" "),
    chips: ({ family, is_plugin }) => [...(family ? [family] : []), ...(is_plugin ? ["plugins"] : [])],
    most: 8,
    item: ({ title, says, error }) => {
      const item = made("li", made("span.name", title), made("span.about", error ? `Not to be had: ${error}` : says));
      if (error) item.setAttribute("aria-disabled", "true");
      item.title = error || says;
      return item;
    },
    take: (effect) => {
      if (effect.error) return say(`${effect.title}: ${effect.error}`);
      if (effect.takes_file) {
        say(`${effect.title}: choose the recorded impulse of a room, a sound file.`);
        return file.click();
      }
      const effects = withAdded(rack.slots, effect);
      awaited = labelOf(effects[effects.length - 1]);
      link.change({ effects });
      open(false);
    },
  });

  file.addEventListener("change", () => {
    if (file.files?.[0]) void convolveBy(file.files[0]);
    file.value = ""; // so that the same file can be chosen again
  });
  tray.addEventListener("drop", (event) => {
    const room = filesOf(event).find(({ name }) => ROOM.test(name));
    if (!room) return;
    event.preventDefault();
    void convolveBy(room);
  });

  /** A convolution by the recorded impulse of a room. @param {File} room */
  async function convolveBy(room) {
    const [{ label = "convolution" }] = withAdded(rack.slots, { name: "convolution", is_plugin: false }).slice(-1);
    const answer = await sent("/api/impulses", room, room.name, { say, mostBytes: MOST_BYTES });
    if (!answer) return;
    rooms.add(answer.job);
    awaited = label;
    open(false);
  }

  link.addEventListener("jobs", (event) => {
    const { jobs } = /** @type {{ jobs: Record<string, import("./types.js").Job> }} */ (/** @type {CustomEvent} */ (event).detail);
    for (const name of rooms) {
      const { state, title, says } = jobs[name] ?? {};
      if (state === "failed") say(`“${title}” cannot be used: ${says}`);
      if (state !== "running" && state !== "waiting") rooms.delete(name);
    }
  });

  const search = pluginSearch(find(".look"), link, () => void refresh());

  async function refresh() {
    asked = Date.now();
    try {
      const answer = await fetch(`/api/effects${location.search}`);
      /** @type {Effect[]} */
      const rows = await answer.json();
      list.show(rows);
      search.show(rows.filter(({ is_plugin }) => is_plugin).length);
      rack.learn(rows);
    } catch {
      // The server has gone; the socket says so.
    }
  }

  /** @param {boolean} opened */
  function open(opened) {
    catalogue.hidden = !opened;
    add.setAttribute("aria-expanded", String(opened));
    if (opened) void refresh();
    if (opened) list.input.focus();
  }

  add.addEventListener("click", () => open(catalogue.hidden));
  catalogue.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    open(false);
    add.focus();
  });
  tray.addEventListener("emptied", () => add.focus());

  return {
    refresh,
    /** @param {import("./types.js").State} state */
    show(state) {
      rack.show(state);
      const layers = layersLine(state);
      find(".layers").textContent = layers;
      find(".layers").hidden = !layers;
      find(".empty").hidden = rack.slots.length > 0;
      find(".after").hidden = rack.slots.length === 0;
      if (awaited && rack.views.has(awaited)) {
        rack.focus(awaited);
        awaited = "";
      }
      if (rack.isPuzzled && Date.now() - asked > 2000) void refresh();
    },
  };
}
