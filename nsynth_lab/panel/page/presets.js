/**
 * The presets, by name and tag: a click or Enter loads one, Delete asks whether one of one's own is to go.
 *
 * Below the list the present sound is saved under a name with tags, a file is opened, and a link to the sound copied.
 */
import { written } from "./address.js";
import { hearing } from "./auditions.js";
import { openFiles } from "./drops.js";
import { chooser } from "./files.js";
import { SearchList, made } from "./list.js";

/** @typedef {import("./types.js").Preset} Preset */
/** @typedef {import("./types.js").State} State */

const PATIENCE_MS = 5000;

/**
 * @param {HTMLElement} section @param {import("./socket.js").Link} link
 * @param {(line: string) => void} say
 */
export function presetBrowser(section, link, say) {
  /** @type {Preset[]} */
  let all = [];
  /** @type {State | null} */
  let state = null;
  const keeper = presetKeeper(section, link, () => ({ all, state }));
  /** @type {SearchList<Preset>} */
  const list = new SearchList(section, {
    text: ({ name, key, tags, description, is_own }) =>
      `${name} ${key} ${tags.join(" ")} ${description} ${is_own ? "own" : ""}`,
    chips: ({ tags, is_own }) => (is_own ? ["own", ...tags] : tags),
    most: 14,
    item: ({ key, name, tags, description, is_own }) => {
      const item = made("li", made("span.name", name), made("span.range", is_own ? "own" : ""));
      item.append(made("span.about", description || tags.join(" · ")), hearing("preset", key));
      item.title = tags.join(", ");
      return item;
    },
    take: ({ key }) => link.load(key),
  });
  list.box.addEventListener("keydown", (event) => {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    const row = list.at(document.activeElement);
    if (row?.is_own) keeper.askRemoval(row);
    else if (row) say(`“${row.name}” came with the program, and stays.`);
  });
  const file = /** @type {HTMLInputElement} */ (section.querySelector("input[type=file]"));
  chooser(/** @type {HTMLButtonElement} */ (part(section, ".open")), file, (files) => void openFiles(files, link, say));
  part(section, ".link").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(`${location.origin}${location.pathname}#${written(state?.patch ?? {})}`);
      say("The link is copied: whoever has nsynth-lab opens it on a panel of their own and hears this sound.");
    } catch {
      say("This browser lets no page copy: take the address of this page instead, the sound is in it.");
    }
  });
  const download = /** @type {HTMLAnchorElement} */ (part(section, ".download"));
  download.search = location.search;

  const mark = () => {
    const [playing, sign] = [state?.preset ?? "", state?.is_changed ? "○" : "●"];
    list.mark(({ key }) => (playing && key === playing ? sign : ""));
  };
  return {
    /** @param {Preset[]} rows */
    show: (rows) => {
      all = rows;
      list.show(rows);
      mark();
      keeper.listed();
    },
    /** @param {State} now */
    mark: (now) => {
      state = now;
      mark();
      keeper.follow();
    },
    /** @param {string} line what did not work, as it seems @returns {boolean} whether it was said here */
    failed: (line) => keeper.failed(line),
  };
}

/**
 * The form that saves and removes.
 *
 * @param {HTMLElement} section @param {import("./socket.js").Link} link
 * @param {() => { all: Preset[], state: State | null }} look
 */
function presetKeeper(section, link, look) {
  const form = /** @type {HTMLFormElement} */ (section.querySelector("form"));
  const opener = /** @type {HTMLButtonElement} */ (section.querySelector(".save"));
  const note = part(form, ".note");
  const submit = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
  const remover = /** @type {HTMLButtonElement} */ (form.querySelector(".remove"));
  const [name, tags, about] = ["name", "tags", "description"].map(
    (field) => /** @type {HTMLInputElement} */ (form.elements.namedItem(field)),
  );
  /** @type {Preset | null} that is to be replaced once it has been asked */
  let replaces = null;
  /** @type {Preset | null} */
  let removes = null;
  let since = -Infinity; // when the server was asked

  /** @param {boolean} open */
  function show(open) {
    const hadFocus = form.contains(document.activeElement);
    form.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    since = -Infinity;
    ask(null, null, "");
    if (!open && hadFocus) opener.focus();
  }

  /** @param {Preset | null} replaced @param {Preset | null} removed @param {string} line */
  function ask(replaced, removed, line) {
    [replaces, removes] = [replaced, removed];
    note.textContent = line;
    submit.textContent = replaced ? "Replace" : "Save";
    submit.hidden = removed !== null;
    remover.textContent = removed ? "Remove for good" : "Remove";
    follow();
  }

  function present() {
    const { all, state } = look();
    return all.find(({ key, is_own }) => is_own && key === state?.preset) ?? null;
  }

  function follow() {
    remover.hidden = removes === null && present() === null;
  }

  /** What is there already under a name. @param {string} text */
  function taken(text) {
    return look().all.find((one) => [one.name, one.key].some((known) => folded(known) === folded(text))) ?? null;
  }

  opener.addEventListener("click", () => {
    if (!form.hidden) return show(false);
    const patch = look().state?.patch ?? {};
    name.value = patch.name ?? "";
    tags.value = (patch.tags ?? []).join(", ");
    about.value = patch.description ?? "";
    show(true);
    name.select();
    name.focus();
  });
  part(form, ".cancel").addEventListener("click", () => show(false));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
  });
  name.addEventListener("input", () => ask(null, null, ""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const there = taken(name.value);
    if (there && !there.is_own) return ask(null, null, `“${there.name}” came with the program; choose another name.`);
    if (there && replaces?.key !== there.key) return ask(there, null, `“${there.name}” is there already. Replace it?`);
    const words = tags.value.split(",").map((word) => word.trim());
    since = performance.now();
    link.send("save", {
      name: name.value,
      force: there !== null,
      about: { tags: words.filter(Boolean), description: about.value.trim() },
    });
  });
  remover.addEventListener("click", () => {
    const row = removes ?? present();
    if (!row) return;
    if (removes === null) return askRemoval(row);
    since = performance.now();
    link.send("remove", { preset: row.key });
  });

  /** @param {Preset} row */
  function askRemoval(row) {
    if (form.hidden) opener.click();
    since = -Infinity; // an answer to what was asked before closes nothing now
    ask(null, row, `Remove “${row.name}”? It cannot be brought back.`);
    remover.focus();
  }

  const waits = () => performance.now() - since < PATIENCE_MS;
  return {
    follow,
    askRemoval,
    listed: () => waits() && show(false),
    /** @param {string} line */
    failed: (line) => {
      if (!waits()) return false;
      since = -Infinity;
      note.textContent = line;
      return true;
    },
  };
}

/** As names are compared: regardless of case, spaces, hyphens and underscores. @param {string} text */
function folded(text) {
  return text.normalize("NFKC").toLowerCase().replaceAll(/[\s_-]+/g, " ").trim();
}

/** @param {HTMLElement} section @param {string} selector */
function part(section, selector) {
  return /** @type {HTMLElement} */ (section.querySelector(selector));
}
