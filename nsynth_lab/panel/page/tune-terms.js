/** What tunes may be asked for: metres, tonics and modes, as the melody model knows them. */
import { NOTE_NAMES } from "./keys.js";

export const METRES = ["2/4", "3/4", "4/4", "6/8", "9/8", "12/8", "3/8", "3/2", "6/4"];
export const MODES = ["major", "minor", "dorian", "mixolydian", "phrygian", "lydian", "locrian"];
const WRITTEN = /** @type {Record<string, string>} */ ({ "C♯": "C#", "D♯": "Eb", "F♯": "F#", "G♯": "Ab", "A♯": "Bb" });

/** Each as the server takes it, and as it is read. */
export const TONICS = NOTE_NAMES.map((name) => {
  const value = WRITTEN[name.replace("#", "♯")] ?? name;
  return { value, text: value.replace("#", "♯").replace(/b$/, "♭") };
});
