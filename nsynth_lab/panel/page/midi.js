/** MIDI keyboards that the browser can hear: what they play goes to the server as it is, each message on its own channel. */

const BETWEEN_MS = 4; // so that what MPE controllers send by the hundred goes in few messages
const MOST_BYTES = 384;
const SYSTEM = 0xf0;

/**
 * @param {import("./held.js").HeldKeys} held
 * @param {import("./socket.js").Link} link
 * @param {() => void} changed when there are other ports
 */
export function browserMidi(held, link, changed) {
  /** @type {MIDIAccess | null} */
  let access = null;
  let names = /** @type {string[]} */ ([]);
  /** @type {Map<string, number[]>} what releases each key that is down, by port, channel and key */
  const down = new Map();
  /** @type {number[]} */
  let waiting = [];
  let timer = 0;

  function attach() {
    names = [];
    for (const input of access?.inputs.values() ?? []) {
      input.onmidimessage = (event) => event.data && hear(event.data, input.id);
      if (input.state === "connected") names.push(input.name ?? "a port");
      else release(input.id);
    }
    changed();
  }

  /** @param {Uint8Array} bytes @param {string} port */
  function hear(bytes, port) {
    const [status, one, two = 0] = bytes;
    if (status < 0x80 || status >= SYSTEM) return;
    const [kind, channel] = [status & 0xf0, status & 0x0f];
    const key = `${port} ${channel} ${one}`;
    if (kind === 0x90 && two > 0) {
      down.set(key, [0x80 | channel, one, 64]);
      held.last = one;
    } else if (kind === 0x80 || kind === 0x90) down.delete(key);
    send([...bytes]);
  }

  /** @param {number[]} bytes of whole messages */
  function send(bytes) {
    waiting.push(...bytes);
    if (!timer) flush();
  }

  function flush() {
    timer = 0;
    if (!waiting.length) return;
    const whole = waiting.length <= MOST_BYTES ? waiting.length : wholeMessages(waiting);
    link.send("midi_in", { bytes: waiting.slice(0, whole) });
    waiting = waiting.slice(whole);
    timer = setTimeout(flush, BETWEEN_MS);
  }

  /** What a port holds is let go. @param {string} port */
  function release(port) {
    for (const [key, bytes] of down) {
      if (!key.startsWith(`${port} `)) continue;
      down.delete(key);
      send(bytes);
    }
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
      for (const input of access?.inputs.values() ?? []) {
        input.onmidimessage = null;
        release(input.id);
      }
      if (access) access.onstatechange = null;
      [access, names] = [null, []];
      changed();
    },
  };
}

/** How many bytes of these are whole messages, within what may be sent at once. @param {number[]} bytes */
function wholeMessages(bytes) {
  let at = 0;
  for (let next = 1; next <= MOST_BYTES; next++) if (bytes[next] >= 0x80) at = next;
  return at;
}
