/**
 * Scales to choose from, as steps in cents above the root, the last of which is the period.
 *
 * @typedef {{ name: string, says: string, cents: number[] }} Scale
 */

const OCTAVE = 1200;
const NEAR_CENTS = 0.01;

/** @param {string} text such as "16/15 9/8 2/1" */
function ratios(text) {
  return text.split(" ").map((one) => {
    const [above, below] = one.split("/").map(Number);
    return OCTAVE * Math.log2(above / below);
  });
}

/** Twelve notes from a chain of equal fifths, `down` of them below the root. @param {number} fifth cents @param {number} down */
function fifths(fifth, down) {
  const notes = Array.from({ length: 12 }, (_, k) => ((((k - down) * fifth) % OCTAVE) + OCTAVE) % OCTAVE);
  return [...notes.filter((cents) => cents > NEAR_CENTS).sort((one, other) => one - other), OCTAVE];
}

/** @param {number} steps @param {number} period cents */
const equal = (steps, period = OCTAVE) => Array.from({ length: steps }, (_, k) => ((k + 1) * period) / steps);

const PURE_FIFTH = OCTAVE * Math.log2(3 / 2);
const COMMA = 12 * PURE_FIFTH - 7 * OCTAVE; // of Pythagoras
const MEANTONE_FIFTH = OCTAVE * Math.log2(5 ** 0.25);

/** Andreas Werckmeister's third: the fifths C-G, G-D, D-A and B-F♯ a quarter comma narrow, the others pure. */
function werckmeister() {
  let cents = 0;
  const notes = [];
  for (let k = 0; k < 11; k++) {
    cents += PURE_FIFTH - ([0, 1, 2, 5].includes(k) ? COMMA / 4 : 0);
    notes.push(((cents % OCTAVE) + OCTAVE) % OCTAVE);
  }
  return [...notes.sort((one, other) => one - other), OCTAVE];
}

/** @type {Scale[]} */
export const SCALES = [
  { name: "12 equal steps", says: "the usual temperament", cents: [] },
  {
    name: "just, 5-limit",
    says: "pure thirds and fifths on the root",
    cents: ratios("16/15 9/8 6/5 5/4 4/3 45/32 3/2 8/5 5/3 9/5 15/8 2/1"),
  },
  { name: "Pythagorean", says: "pure fifths", cents: fifths(PURE_FIFTH, 5) },
  { name: "quarter-comma meantone", says: "pure major thirds, the wolf between G♯ and E♭ from C", cents: fifths(MEANTONE_FIFTH, 3) },
  { name: "Werckmeister III", says: "every key usable, each with a colour of its own", cents: werckmeister() },
  { name: "19 equal steps", says: "19 keys to an octave", cents: equal(19) },
  { name: "24 equal steps", says: "quarter tones, 24 keys to an octave", cents: equal(24) },
  { name: "31 equal steps", says: "31 keys to an octave", cents: equal(31) },
  { name: "Bohlen-Pierce", says: "13 equal steps of an octave and a fifth", cents: equal(13, OCTAVE * Math.log2(3)) },
];

/** Which of them it is; -1 for one of somebody's own. @param {number[]} cents */
export function indexOf(cents) {
  return SCALES.findIndex(
    (one) => one.cents.length === cents.length && one.cents.every((step, k) => Math.abs(step - cents[k]) < NEAR_CENTS),
  );
}
