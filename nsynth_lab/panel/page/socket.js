/**
 * The socket: messages out and in, and the way back to a server that was gone.
 *
 * Events: `open` (detail: Welcome), `close`, `sound` (detail: ArrayBuffer, one frame), and one for each message of the server by its type
 * (detail: the message).
 */

export const VERSION = 1;
const SHORTEST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;

export class Link extends EventTarget {
  /** @param {string} address of the socket, ws:// or wss:// */
  constructor(address) {
    super();
    this.address = address;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.waited = SHORTEST_WAIT_MS;
    this.timer = 0;
    this.wantsSound = false;
    this.isGreeted = false; // a second hello, for the sound, is answered too, and opens nothing
    this.refused = false; // another version: trying again helps nobody
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.hurry());
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#hello();
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = () => this.#closed();
    this.socket = socket;
  }

  /** Have the sound sent from now on. */
  wantSound() {
    if (this.wantsSound) return;
    this.wantsSound = true;
    this.#hello();
  }

  #hello() {
    this.send("hello", { version: VERSION, sound: this.wantsSound });
  }

  /** Try again at once, if it is waiting to. */
  hurry() {
    if (!this.socket && !this.refused) this.connect();
  }

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    if (typeof data !== "string") return this.#tell("sound", data);
    const message = JSON.parse(data);
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
    this.socket = null;
    this.isGreeted = false;
    this.#tell("close", null);
    if (this.refused) return;
    this.timer = setTimeout(() => this.connect(), this.waited * (0.75 + 0.5 * Math.random()));
    this.waited = Math.min(2 * this.waited, LONGEST_WAIT_MS);
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Send a message; without a server it is dropped. @param {string} type @param {object} fields */
  send(type, fields = {}) {
    if (this.isOpen) this.socket?.send(JSON.stringify({ type, ...fields }));
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
