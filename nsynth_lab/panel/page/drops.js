/** Files that are dropped on the page or chosen: a preset or a Scala scale is opened; what nobody takes is said. */
import { filesOf } from "./files.js";
import { openTab } from "./tabs.js";

const PRESET_OR_SCALE = /\.(toml|scl)$/i;
const TUNE = /\.(abc|musicxml|xml|mxl)$/i;
const MIDI = /\.midi?$/i;
const LONGEST = 256 * 1024; // bytes, as the server has it

/** @param {File[]} files @param {import("./socket.js").Link} link @param {(line: string) => void} say */
export async function openFiles(files, link, say) {
  const file = files.find(({ name }) => PRESET_OR_SCALE.test(name));
  if (!file) {
    if (files.length) say(`“${files[0].name}” is neither a preset (.toml), a Scala scale (.scl), a MIDI file nor a sound.`);
  } else if (file.size > LONGEST) say(`“${file.name}” is larger than ${LONGEST / 1024} KiB; that is no preset.`);
  else link.send("open_file", { name: file.name.slice(-400), text: await file.text() });
}

/** @param {DragEvent} event */
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

/**
 * Presets and scales may be dropped anywhere. Anything else is left to what it is dropped on; where that is nothing,
 * the browser must not open it in the place of this page.
 *
 * @param {import("./socket.js").Link} link @param {(line: string) => void} say
 */
export function takeDrops(link, say) {
  addEventListener(
    "drop",
    (event) => {
      const files = filesOf(event);
      if (!files.some(({ name }) => PRESET_OR_SCALE.test(name))) return;
      event.preventDefault();
      event.stopPropagation();
      void openFiles(files, link, say);
    },
    { capture: true },
  );
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!holdsFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    void openFiles(filesOf(event), link, say);
  });
}

/**
 * Tunes may be dropped anywhere too, and MIDI files while the tab of tunes is open: at any other time they are songs.
 *
 * @param {HTMLElement} tab of tunes @param {(files: File[]) => void} open
 */
export function takeTunes(tab, open) {
  addEventListener(
    "drop",
    (event) => {
      const tunes = filesOf(event).filter(({ name }) => TUNE.test(name) || (MIDI.test(name) && tab.ariaSelected === "true"));
      if (!tunes.length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      openTab(tab);
      open(tunes);
    },
    { capture: true },
  );
}
