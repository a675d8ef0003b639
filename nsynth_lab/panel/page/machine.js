/** What of the machine is used: which MIDI ports play, where the sound goes, and how much of it is kept in store. */
import { makeChoice } from "./choice.js";
import { browserMidi } from "./midi.js";
import { keep, kept } from "./theme.js";

/** @typedef {import("./types.js").MidiPorts} MidiPorts */
/** @typedef {import("./types.js").Status} Status */

const [NOTHING, BROWSER, ALL, PORT] = ["", "browser", "all", "port "];

/**
 * The sheet of the MIDI button: nothing, the keyboards of this browser, or ports of the machine.
 *
 * @param {HTMLButtonElement} button @param {HTMLElement} sheet
 * @param {{ held: import("./held.js").HeldKeys, link: import("./socket.js").Link, say: (line: string) => void }} page
 */
export function midiSheet(button, sheet, { held, link, say }) {
  /** @type {MidiPorts} */
  let ports = { type: "midi_ports", watched: false, listen: "", names: [], open: [], problem: "" };
  let byBrowser = false;
  const note = /** @type {HTMLElement} */ (sheet.querySelector(".note"));
  const browser = browserMidi(held, link, show);
  const choice = makeChoice(/** @type {HTMLElement} */ (sheet.querySelector(".list")), (value) => void take(value));
  openSheet(button, sheet, () => {
    if (!ports.watched) listen(ports.listen);
  });
  show();

  /** @param {string} value */
  async function take(value) {
    byBrowser = value === BROWSER;
    if (!byBrowser) browser.stop();
    listen(value.startsWith(PORT) ? value.slice(PORT.length) : value === ALL ? ALL : NOTHING);
    if (!byBrowser) return show();
    try {
      await browser.start();
    } catch (error) {
      byBrowser = false;
      say(`No MIDI in this browser: ${error instanceof Error ? error.message : error}`);
    }
    show();
  }

  /** @param {string} ports_ */
  function listen(ports_) {
    link.send("midi", { listen: ports_ });
  }

  function show() {
    const chosen = byBrowser ? BROWSER : ports.listen === ALL ? ALL : ports.listen ? PORT + ports.listen : NOTHING;
    const names = [...new Set([...ports.names, ...(chosen.startsWith(PORT) ? [ports.listen] : [])])];
    const gone = (/** @type {string} */ name) => (ports.names.includes(name) ? "" : " (not there)");
    choice.offer([
      { value: NOTHING, text: "nothing" },
      { value: BROWSER, text: "keyboards of this browser", off: !browser.isThere, says: browser.isThere ? "Web MIDI: notes and controllers" : "This browser has no Web MIDI" },
      { value: ALL, text: "all ports of the machine", off: ports.problem !== "", says: "Each as it is plugged in, with MPE" },
      ...names.map((name) => ({ value: PORT + name, text: name + gone(name), says: "A port of the machine, with MPE" })),
    ]);
    choice.show(chosen);
    const open = byBrowser ? browser.names : ports.open;
    button.setAttribute("aria-pressed", String(open.length > 0));
    button.title = open.length ? `MIDI from ${open.join(", ")}` : "Play with a MIDI keyboard";
    const waits = byBrowser || ports.listen ? "Nothing is connected yet." : "";
    note.textContent = ports.problem || (open.length ? `Playing: ${open.join(", ")}.` : waits);
  }

  return {
    /** @param {MidiPorts} now */
    show(now) {
      const before = ports.listen;
      ports = now;
      if (!now.watched && before) listen(before); // the server has been started anew
      if (now.listen && byBrowser) {
        byBrowser = false; // another page has chosen a port, and no key is to play twice
        browser.stop();
      }
      show();
    },
  };
}

/**
 * Where the sound goes, chosen from what there is when the list is opened; and how safely.
 *
 * @param {HTMLElement} section @param {import("./socket.js").Link} link @param {import("./sound.js").Sound} sound
 */
export function outputChoice(section, link, sound) {
  const PAGES = "pages";
  const HOST = "host";
  const DEVICE = "device ";
  const button = /** @type {HTMLButtonElement} */ (section.querySelector("#output-button"));
  const list = /** @type {HTMLElement} */ (section.querySelector("#output-list"));
  const note = /** @type {HTMLElement} */ (list.querySelector(".note"));
  const whose = /** @type {HTMLElement} */ (section.querySelector(".choice span"));
  const safeties = [.../** @type {NodeListOf<HTMLButtonElement>} */ (section.querySelectorAll("[data-safety]"))];
  /** @type {{ name: string, host: string, default: boolean, problem: string }[]} */
  let outputs = [];
  /** @type {Status | null} */
  let status = null;
  const choice = makeChoice(/** @type {HTMLElement} */ (list.querySelector(".list")), (value) => {
    if (value === HOST) return;
    if (value === PAGES) link.send("output", { to: "socket" });
    else link.send("output", { to: "device", device: value.slice(DEVICE.length) });
  });
  openSheet(button, list, () => void look());
  sound.setSafety(kept("safety") === "high" ? "high" : "low");
  for (const one of safeties) one.addEventListener("click", () => setSafety(one.dataset.safety === "high" ? "high" : "low"));

  async function look() {
    note.textContent = "Looking for devices …";
    show();
    try {
      const found = await (await fetch(`/api/outputs${location.search}`)).json();
      outputs = found.outputs;
      note.textContent = found.problem || (outputs.length ? "" : "This machine has no audio output that can be opened.");
    } catch {
      note.textContent = "";
    }
    show();
  }

  /** @param {"low" | "high"} safety */
  function setSafety(safety) {
    if (status?.output === "device") return link.send("output", { to: "device", device: status.device, latency: safety });
    sound.setSafety(safety);
    keep("safety", safety);
    show();
  }

  function show() {
    if (status?.output === "host") return showHost();
    const byDevice = status?.output === "device";
    const playing = byDevice ? status?.device ?? "" : "";
    const named = outputs.map(({ name, host, problem }) => ({
      value: `${DEVICE}${name}, ${host}`,
      text: name,
      says: problem || host,
      off: problem !== "",
    }));
    const known = [PAGES, DEVICE, ...named.map(({ value }) => value)];
    const lost = byDevice && !known.includes(DEVICE + playing) ? [{ value: DEVICE + playing, text: playing }] : [];
    choice.offer([
      { value: PAGES, text: "this page", says: "Through the browser, on every page that is open" },
      { value: DEVICE, text: "default device of the machine", off: named.length === 0 && !byDevice },
      ...named,
      ...lost,
    ]);
    choice.show(byDevice ? DEVICE + playing : PAGES);
    button.textContent = byDevice ? playing.replace(/, [^,]*$/, "") || "default device" : "this page";
    whose.textContent = byDevice ? "latency of the device" : "latency of this page";
    const safety = byDevice ? status?.latency : sound.safety;
    for (const one of safeties) one.setAttribute("aria-pressed", String(one.dataset.safety === safety));
  }
  function showHost() {
    button.textContent = "the DAW";
    whose.textContent = "latency of the DAW";
    choice.offer([{ value: HOST, text: "the track in the DAW" }]);
    choice.show(HOST);
    for (const one of safeties) one.disabled = true;
  }
  show();

  return {
    /** @param {Status} now */
    show(now) {
      const same = status && ["output", "device", "latency"].every((name) => /** @type {any} */ (status)[name] === /** @type {any} */ (now)[name]);
      status = now;
      if (!same) show();
    },
  };
}

/** A button that opens a sheet; Escape, or a click anywhere else, closes it. @param {HTMLElement} button @param {HTMLElement} sheet @param {() => void} opened */
function openSheet(button, sheet, opened) {
  /** @param {boolean} open */
  const set = (open) => {
    sheet.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) opened();
  };
  button.addEventListener("click", () => set(sheet.hidden));
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    set(false);
    button.focus();
  });
  // By a click, not when it begins: what is pressed would move away as the sheet closes, and not be clicked. And first
  // of all, because what was clicked in the sheet may be gone afterwards.
  addEventListener(
    "click",
    ({ target }) => {
      if (!sheet.hidden && target instanceof Node && !sheet.contains(target) && !button.contains(target)) set(false);
    },
    true,
  );
}
