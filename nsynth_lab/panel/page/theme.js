/** Dark or light, as the system has it or as chosen here; and the colours of the style sheet for canvases. */

/** @type {Map<string, string>} */
const known = new Map();
const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);

/** A colour of the style sheet, such as "accent", as a canvas takes it. @param {string} name */
export function colour(name) {
  let found = known.get(name);
  if (found === undefined) {
    probe.style.color = `var(--${name})`;
    found = getComputedStyle(probe).color;
    known.set(name, found);
  }
  return found;
}

const changed = new EventTarget();

/** @param {() => void} redraw called when colours have changed */
export function onThemeChange(redraw) {
  changed.addEventListener("change", redraw);
}

function forget() {
  known.clear();
  changed.dispatchEvent(new Event("change"));
}

const system = matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", forget);

/** Whether movement that carries no information is to be left out. */
export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {HTMLButtonElement} button switches between dark and light */
export function themeSwitch(button) {
  const root = document.documentElement;
  const apply = (/** @type {string | null} */ theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    forget();
  };
  apply(kept("theme"));
  button.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    keep("theme", dark ? "light" : "dark");
    apply(dark ? "light" : "dark");
  });
}

/** What this browser keeps for this page; it may refuse to. @param {string} name @returns {string | null} */
export function kept(name) {
  try {
    return localStorage.getItem(`nsynth-lab.${name}`);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(`nsynth-lab.${name}`, value);
  } catch {
    // then it is forgotten with the page
  }
}
