/** Layers: the hosted instruments that sound beside the blend, told in a line; presets bring them. */
import { keyName } from "./keys.js";

/** @param {import("./types.js").State} state @returns {string} empty where there are none */
export function layersLine({ patch, taken_out }) {
  const told = (patch.layers ?? []).map((layer) => {
    const { label = layer.plugin, level_db = 0, low_key = 0, high_key = 127, transpose = 0 } = layer;
    const out = taken_out[label];
    if (out) return `${label}, which ${out}`;
    const words = [`${level_db} dB`];
    if (low_key > 0 || high_key < 127) words.push(`${keyName(low_key)} to ${keyName(high_key)}`);
    if (transpose) words.push(`${transpose > 0 ? "+" : "−"}${Math.abs(transpose)} semitones`);
    return `${label} (${words.join(", ").replace("-", "−")})`;
  });
  return told.length ? `Beside the blend: ${told.join("; ")}` : "";
}
