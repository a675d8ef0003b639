/** MIDI keyboards that the browser can hear: notes, pitch wheel, modulation and every other controller. */

/**
 * @param {import("./held.js").HeldKeys} held
 * @param {import("./socket.js").Link} link
 * @param {() => void} changed when there are other ports
 */
export function browserMidi(held, link, changed) {
  /** @type {MIDIAccess | null} */
  let access = null;
  let names = /** @type {string[]} */ ([]);

  function attach() {
    names = [];
    for (const input of access?.inputs.values() ?? []) {
      input.onmidimessage = (event) => event.data && hear(event.data, input.id);
      if (input.state === "connected") names.push(input.name ?? "a port");
    }
    changed();
  }

  /** @param {Uint8Array} bytes @param {string} port */
  function hear(bytes, port) {
    const [status, one, two = 0] = bytes;
    const kind = status & 0xf0;
    const hand = `midi ${port} ${status & 0x0f} ${one}`;
    if (kind === 0x90 && two > 0) {
      held.release(hand);
      held.press(hand, one, two);
    } else if (kind === 0x80 || kind === 0x90) held.release(hand);
    else if (kind === 0xb0) link.controller(one, two);
    else if (kind === 0xe0) link.bend(clampBend(one + 128 * two));
  }

  return {
    get isThere() {
      return "requestMIDIAccess" in navigator;
    },
    /** Ports that are heard now. */
    get names() {
      return names;
    },
    /** Ask the browser, which may ask the player. */
    async start() {
      access = await navigator.requestMIDIAccess();
      access.onstatechange = attach;
      attach();
    },
    stop() {
      for (const input of access?.inputs.values() ?? []) input.onmidimessage = null;
      if (access) access.onstatechange = null;
      [access, names] = [null, []];
      for (const hand of [...held.by.keys()]) if (hand.startsWith("midi ")) held.release(hand);
      changed();
    },
  };
}

/** 14 bits, 8192 in the middle -> -1 to 1. @param {number} value */
function clampBend(value) {
  return Math.max((value - 8192) / 8191, -1);
}
