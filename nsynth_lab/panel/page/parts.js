/** Parts of the page whose modules are loaded when they are first needed. */
import { panelOf } from "./tabs.js";

/**
 * A part that is needed when its tab is opened, or when the server tells of something of its own. Once it is loaded it
 * listens by `link.hear`, and so misses nothing.
 *
 * @template Part
 * @param {HTMLElement} tab
 * @param {{ link: import("./socket.js").Link, say: (line: string) => void }} around
 * @param {Record<string, (message: any) => boolean>} needs by the type of a message: whether the part is needed for it
 * @param {() => Promise<Part>} load
 * @returns {() => Promise<Part | null>} loads it, once; null where it cannot be had, which the player has been told
 */
export function partOf(tab, { link, say }, needs, load) {
  /** @type {Promise<Part | null> | null} */
  let part = null;
  const panel = /** @type {HTMLElement} */ (panelOf(tab));
  panel.inert = true; // nobody hears its buttons yet
  const need = () =>
    (part ??= load().then(
      (loaded) => {
        panel.inert = false;
        return loaded;
      },
      (error) => {
        part = null; // it can be tried again
        say(`“${tab.textContent}” cannot be loaded: ${error instanceof Error ? error.message : error}`);
        return null;
      },
    ));
  const look = () => tab.ariaSelected === "true" && void need();
  new MutationObserver(look).observe(tab, { attributeFilter: ["aria-selected"] });
  for (const [type, isNeeded] of Object.entries(needs)) {
    link.addEventListener(type, (event) => part === null && isNeeded(/** @type {CustomEvent} */ (event).detail) && void need());
  }
  return need;
}

/** Whether there is a job of one of these kinds. @param {...string} kinds */
export const jobsOf =
  (...kinds) =>
  (/** @type {{ jobs: Record<string, import("./types.js").Job> }} */ { jobs }) =>
    Object.values(jobs).some(({ kind }) => kinds.includes(kind));
