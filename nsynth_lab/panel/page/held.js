/**
 * The keys that this page holds down. A key may be held by several hands (a finger, a letter, a MIDI key): it goes down
 * with the first and up with the last.
 */
export class HeldKeys extends EventTarget {
  /** @param {import("./socket.js").Link} link */
  constructor(link) {
    super();
    this.link = link;
    /** @type {Map<string, number>} what holds a key -> the key */
    this.by = new Map();
    this.last = 69; // the key pressed last, which the pad sounds too
  }

  /** @param {number} key */
  isDown(key) {
    return [...this.by.values()].includes(key);
  }

  /** @param {string} hand what presses it @param {number} key @param {number} velocity 1 to 127 */
  press(hand, key, velocity) {
    if (key < 0 || key > 127 || this.by.get(hand) === key) return;
    this.release(hand);
    if (!this.isDown(key)) this.link.noteOn(key, Math.round(velocity));
    this.by.set(hand, key);
    this.last = key;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} hand */
  release(hand) {
    const key = this.by.get(hand);
    if (key === undefined) return;
    this.by.delete(hand);
    if (!this.isDown(key)) this.link.noteOff(key);
    this.dispatchEvent(new Event("change"));
  }

  releaseAll() {
    for (const hand of [...this.by.keys()]) this.release(hand);
  }
}
