/** MIDI keyboards that the browser can hear: notes, pitch wheel, modulation and every other controller. */

/**
 * @param {HTMLButtonElement} button asks for them
 * @param {import("./held.js").HeldKeys} held
 * @param {import("./socket.js").Link} link
 * @param {(line: string) => void} say
 */
export function midiButton(button, held, link, say) {
  if (!navigator.requestMIDIAccess) {
    button.disabled = true;
    button.title = "This browser has no Web MIDI. Ports of this machine can be played with nsynth-lab play.";
    return;
  }
  button.addEventListener("click", async () => {
    try {
      listen(await navigator.requestMIDIAccess());
    } catch (error) {
      say(`No MIDI: ${error instanceof Error ? error.message : error}`);
    }
  });

  /** @param {MIDIAccess} access */
  function listen(access) {
    const attach = () => {
      const names = [];
      for (const input of access.inputs.values()) {
        input.onmidimessage = (event) => event.data && hear(event.data, input.id);
        if (input.state === "connected") names.push(input.name ?? "a port");
      }
      button.setAttribute("aria-pressed", String(names.length > 0));
      button.title = names.length ? `MIDI from ${names.join(", ")}` : "No MIDI input is connected yet";
    };
    access.onstatechange = attach;
    attach();
    say(button.title);
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
}

/** 14 bits, 8192 in the middle -> -1 to 1. @param {number} value */
function clampBend(value) {
  return Math.max((value - 8192) / 8191, -1);
}
