/**
 * The socket: messages out and in, and the way back to a server that was gone.
 *
 * Events: `open` (detail: Welcome), `close`, and one for each message of the server by its type (detail: the message).
 * Sound does not come this way: it goes from the worker that has the socket (see `wire.js`) to the player's port.
 */

export const VERSION = 1;
const SHORTEST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;

export class Link extends EventTarget {
  /** @param {string} address of the socket, ws:// or wss:// */
  constructor(address) {
    super();
    this.address = address;
    this.isOpen = false;
    this.isTrying = false;
    this.wire = new Worker("/page/wire.js");
    this.wire.onmessage = ({ data }) => {
      if (typeof data === "string") this.#received(data);
      else if (data.open) this.#opened();
      else this.#closed();
    };
    this.waited = SHORTEST_WAIT_MS;
    this.timer = 0;
    this.wantsSound = false;
    this.storeMs = 0;
    /** @type {Map<string, unknown>} the last message of each type */
    this.said = new Map();
    this.isGreeted = false; // a second hello, for the sound, is answered too, and opens nothing
    this.refused = false; // another version: trying again helps nobody
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.hurry());
  }

  connect() {
    clearTimeout(this.timer);
    this.isTrying = true;
    this.wire.postMessage({ open: this.address });
  }

  /** Where frames of sound go, if anywhere. @param {MessagePort | null} player */
  play(player) {
    this.wire.postMessage({ player }, player ? [player] : []);
  }

  /** Where the sound of a microphone comes from, if anywhere. @param {MessagePort | null} microphone */
  sing(microphone) {
    this.wire.postMessage({ microphone }, microphone ? [microphone] : []);
  }

  /** Have the sound sent from now on; so much of it is kept in store. @param {number} storeMs */
  wantSound(storeMs) {
    if (this.wantsSound && this.storeMs === storeMs) return;
    [this.wantsSound, this.storeMs] = [true, storeMs];
    this.#hello();
  }

  #opened() {
    this.isOpen = true;
    this.#hello();
  }

  #hello() {
    this.send("hello", { version: VERSION, sound: this.wantsSound, store: this.storeMs });
  }

  /** Try again at once, if it is waiting to. */
  hurry() {
    if (!this.isTrying && !this.refused) this.connect();
  }

  /** @param {string} text */
  #received(text) {
    const message = JSON.parse(text);
    if (message.type === "welcome") {
      if (message.version !== VERSION) {
        this.refused = true;
        return this.#tell("trouble", { says: "The program is of another version than this page: reload the page." });
      }
      this.waited = SHORTEST_WAIT_MS;
      if (!this.isGreeted) this.#tell("open", message);
      this.isGreeted = true;
    }
    this.#tell(message.type, message);
  }

  #closed() {
    this.isOpen = this.isTrying = false;
    this.isGreeted = false;
    this.#tell("close", null);
    if (this.refused) return;
    this.timer = setTimeout(() => this.connect(), this.waited * (0.75 + 0.5 * Math.random()));
    this.waited = Math.min(2 * this.waited, LONGEST_WAIT_MS);
  }

  /**
   * Be told of messages of a type: of the last one at once, if there was one, and of all from now on.
   *
   * @param {string} type @param {(message: any) => void} act
   */
  hear(type, act) {
    this.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    if (this.said.has(type)) act(this.said.get(type));
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.said.set(type, detail);
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Send a message; without a server it is dropped. @param {string} type @param {object} fields */
  send(type, fields = {}) {
    if (this.isOpen) this.wire.postMessage(JSON.stringify({ type, ...fields }));
  }

  /** @param {number} key MIDI note number @param {number} velocity 1 to 127 */
  noteOn(key, velocity) {
    this.send("note_on", { key, velocity });
  }

  /** @param {number} key */
  noteOff(key) {
    this.send("note_off", { key });
  }

  /** @param {number} value -1 to 1 */
  bend(value) {
    this.send("bend", { value });
  }

  /** @param {number} number @param {number} value both 0 to 127 */
  controller(number, value) {
    this.send("controller", { number, value });
  }

  /** @param {import("./types.js").Point} place each 0 to 1 @param {boolean} keep whether it stays there */
  place(place, keep) {
    this.send("place", { x: place.x, y: place.y, keep });
  }

  /** @param {string[]} names one to eight instruments */
  corners(names) {
    this.send("corners", { names });
  }

  /** @param {string} target @param {number} value @param {boolean} keep false while it is being turned */
  set(target, value, keep) {
    this.send("set", { target, value, keep });
  }

  /** @param {import("./types.js").Patch} tables that take the place of the present ones */
  change(tables) {
    this.send("change", { patch: tables });
  }

  /** @param {string} preset its name */
  load(preset) {
    this.send("load", { preset });
  }

  /** @param {import("./types.js").Patch} patch */
  open(patch) {
    this.send("open", { patch });
  }

  /** Look for the machine's plugins. */
  scan() {
    this.send("scan");
  }

  undo() {
    this.send("undo");
  }

  redo() {
    this.send("redo");
  }

  panic() {
    this.send("panic");
  }
}
