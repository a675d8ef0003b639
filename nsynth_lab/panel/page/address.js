/** The patch in the page's address, behind the #, as base64url of its JSON: a link brings the sound back. */

const LONGEST = 100_000;

/** @param {object} patch */
export function written(patch) {
  const bytes = new TextEncoder().encode(JSON.stringify(patch));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The patch in an address, or null if there is none that can be read. @param {string} hash @returns {import("./types.js").Patch | null} */
export function read(hash) {
  const text = hash.replace(/^#/, "");
  if (!text || text.length > LONGEST) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const patch = JSON.parse(new TextDecoder().decode(bytes));
    return patch && typeof patch === "object" && !Array.isArray(patch) ? patch : null;
  } catch {
    return null;
  }
}

/** Whether two patches are the same, whatever the order of their tables. @param {unknown} one @param {unknown} other */
export function same(one, other) {
  return sorted(one) === sorted(other);
}

/** @param {unknown} value @returns {string} */
function sorted(value) {
  if (Array.isArray(value)) return `[${value.map(sorted)}]`;
  if (!value || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const table = /** @type {Record<string, unknown>} */ (value);
  return `{${Object.keys(table).sort().map((key) => `${key}:${sorted(table[key])}`)}}`;
}
