/**
 * The wire: the socket itself, in a worker, so that sound goes from it to the player past a page that is busy drawing.
 *
 *     page --- { open } or text ---> socket          socket --- text ---> page
 *                                    socket --- frames of sound ---> the player's port, which `{ player }` brings
 *
 * What `{ microphone: port }` brings goes out as it is; with null, no more does.
 *
 * The page is told `{ open: true }`, and `{ open: false }` when the socket has closed. Without a player, or with
 * `{ player: null }`, frames are dropped.
 */

/** @type {WebSocket | null} */
let socket = null;
/** @type {MessagePort | null} */
let player = null;
/** @type {MessagePort | null} */
let microphone = null;

/** @param {string} address */
function open(address) {
  const opened = new WebSocket(address);
  opened.binaryType = "arraybuffer";
  opened.onopen = () => postMessage({ open: true });
  opened.onclose = () => postMessage({ open: false });
  opened.onmessage = ({ data }) => {
    if (typeof data === "string") postMessage(data);
    else player?.postMessage(data, [data]);
  };
  socket = opened;
}

/** @param {MessagePort | null} port */
function hear(port) {
  microphone?.close();
  microphone = port;
  if (port) port.onmessage = ({ data }) => socket?.readyState === WebSocket.OPEN && socket.send(data);
}

onmessage = ({ data }) => {
  if (typeof data === "string") socket?.readyState === WebSocket.OPEN && socket.send(data);
  else if ("open" in data) open(data.open);
  else if ("player" in data) player = data.player;
  else if ("microphone" in data) hear(data.microphone);
};
