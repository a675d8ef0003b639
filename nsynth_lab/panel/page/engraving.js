/**
 * An engraved sheet taken into the page: a drawing that may hold words of strangers, so it is built anew from what a
 * drawing needs, and nothing else of it comes in. No script, style, link or foreign element does, whoever wrote it.
 */

const SVG = "http://www.w3.org/2000/svg";
const ELEMENTS = new Set(["svg", "g", "defs", "symbol", "use", "path", "rect", "ellipse", "circle", "line", "polygon",
  "polyline", "text", "tspan"]); // prettier-ignore
const ATTRIBUTES = new Set(["class", "cx", "cy", "d", "fill", "fill-opacity", "font-family", "font-size", "font-style",
  "font-weight", "height", "id", "opacity", "overflow", "points", "r", "rx", "ry", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "stroke-width", "text-anchor", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1",
  "y2"]); // prettier-ignore
const MOST_ELEMENTS = 60_000;
const DEEPEST = 40;
const STYLES = /<style[\s\S]*?<\/style>/gi; // which the page has in its own sheet; a browser would complain of them
const LONGEST = 16 << 20; // characters

/**
 * The drawing in a text, with names of its own before the names in it; null if there is none.
 *
 * @param {string} text @param {string} prefix of every id, so that none is one of the page's
 * @returns {SVGSVGElement | null}
 */
export function engraving(text, prefix) {
  if (text.length > LONGEST) return null;
  const parsed = new DOMParser().parseFromString(text.replace(STYLES, ""), "image/svg+xml"); // runs and loads nothing
  const root = parsed.documentElement;
  if (root.namespaceURI !== SVG || root.localName !== "svg") return null;
  const left = { elements: MOST_ELEMENTS };
  return /** @type {SVGSVGElement | null} */ (copied(root, prefix, left, 0));
}

/** @param {Element} from @param {string} prefix @param {{ elements: number }} left @param {number} deep @returns {Element | null} */
function copied(from, prefix, left, deep) {
  if (from.namespaceURI !== SVG || !ELEMENTS.has(from.localName) || deep > DEEPEST || --left.elements < 0) return null;
  const made = document.createElementNS(SVG, from.localName);
  for (const { localName, value } of from.attributes) {
    if (localName === "id") made.id = prefix + value;
    else if (localName === "href") {
      if (value.startsWith("#")) made.setAttribute("href", `#${prefix}${value.slice(1)}`);
    } else if (ATTRIBUTES.has(localName) && !/url\(/i.test(value)) made.setAttribute(localName, value);
  }
  for (const child of from.childNodes) {
    if (child instanceof Text) made.append(child.data);
    else if (child instanceof Element) {
      const inside = copied(child, prefix, left, deep + 1);
      if (inside) made.append(inside);
    }
  }
  return made;
}
