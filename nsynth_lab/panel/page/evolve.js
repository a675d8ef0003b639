/**
 * Evolve: six tunes, presets or instruments as cards; the next six come from those that are liked. The server keeps all
 * of it in a folder; what is shown here is what it says.
 *
 *     form, list, cards --> socket --> evolution, jobs --> cards, sounds at /api/evolutions
 */
import { COLUMNS, pixelsOf, ROWS } from "./auditions.js";
import { cleared } from "./canvas.js";
import { makeChoice } from "./choice.js";
import { button, made } from "./list.js";
import { Listener } from "./listen.js";
import { colour, onThemeChange } from "./theme.js";
import { METRES, MODES, TONICS } from "./tune-terms.js";

const SIZE = 6;
const MOST_SEED = 99_999;
const AROUND = 2; // semitones above the highest and below the lowest note
const KINDS = [
  { value: "tunes", text: "tunes", says: "Melodies in a key and a metre" },
  { value: "presets", text: "presets", says: "Sounds: instruments, envelope, effects and movement" },
  { value: "instruments", text: "instruments", says: "Instruments that nobody recorded, of one family" },
];
const KEPT = { presets: "among your presets", instruments: "among the instruments", tunes: "among the tunes" };

/**
 * @typedef {import("./types.js").Evolution} Evolution
 * @typedef {import("./types.js").Member} Member
 * @typedef {{ link: import("./socket.js").Link, say: (line: string) => void, corners: () => string[],
 *   families: () => string[] }} Around  corners: what stands on the pad
 */

export class Evolve {
  /** @param {HTMLElement} section @param {HTMLElement} tab @param {Around} around */
  constructor(section, tab, around) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    this.find = find;
    this.tab = tab;
    this.around = around;
    this.link = around.link;
    this.listener = new Listener(around.say);
    /** @type {HTMLFormElement} */
    this.form = find("form.begin");
    /** @type {HTMLFormElement} */
    this.keeping = find("form.keep");
    /** @type {HTMLInputElement} */
    this.keptName = find("form.keep input");
    /** @type {Evolution | null} */
    this.now = null;
    /** @type {Record<string, import("./types.js").Job>} */
    this.jobs = {};
    this.isFirst = true;
    this.kept = 0; // number of the member that the form saves
    this.cards = Array.from({ length: SIZE }, (_, k) => new Card(k + 1, this));
    find(".cards").append(...this.cards.map(({ element }) => element));
    this.kind = "tunes";
    this.kinds = makeChoice(find(".kinds"), (kind) => this.#choose(kind));
    this.kinds.offer(KINDS);
    this.#fill();
    this.#listen(section);
    onThemeChange(() => this.#paint());
    this.#choose(this.kind);
    this.link.hear("jobs", ({ jobs }) => this.#showJobs(jobs));
    this.link.hear("evolution", (now) => this.show(now));
  }

  /** @param {string} name @returns {any} */
  #field(name) {
    return this.form.elements.namedItem(name);
  }

  #fill() {
    for (const metre of METRES) this.#field("metre").add(new Option(metre, metre, false, metre === "4/4"));
    for (const { value, text } of TONICS) this.#field("tonic").add(new Option(text, value, false, value === "D"));
    for (const mode of MODES) this.#field("mode").add(new Option(mode, mode));
    for (let bars = 2; bars <= 16; bars += 2) this.#field("bars").add(new Option(String(bars), String(bars), false, bars === 4));
  }

  /** @param {HTMLElement} section */
  #listen(section) {
    const { find, link } = this;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
    for (const name of ["tune", "here"]) this.#field(name).addEventListener("change", () => this.#showOwn());
    this.keeping.addEventListener("submit", (event) => {
      event.preventDefault();
      link.send("save_member", { member: this.kept, name: this.keptName.value.trim() });
      this.#endKeeping();
    });
    find("form.keep .cancel").addEventListener("click", () => this.#endKeeping());
    find(".next").addEventListener("click", () => link.send("next_generation"));
    find(".undo").addEventListener("click", () => link.send("undo_generation"));
    find(".open .away").addEventListener("click", () => link.send("close_evolution"));
    section.addEventListener("keydown", (event) => {
      const isText = event.target instanceof Element && event.target.matches("input, select");
      if (isText || event.ctrlKey || event.metaKey || event.altKey || !/^[1-6]$/.test(event.key)) return;
      const card = this.cards[Number(event.key) - 1];
      if (this.now?.generation && !card.play.disabled) {
        event.preventDefault();
        card.play.focus();
        card.play.click();
      }
    });
    new ResizeObserver(() => this.#paint()).observe(find(".cards"));
  }

  /** @param {string} kind */
  #choose(kind) {
    this.kind = kind;
    this.kinds.show(kind);
    const select = /** @type {HTMLSelectElement} */ (this.#field("family"));
    if (!select.length) select.append(...this.around.families().map((family) => new Option(family.replaceAll("_", " "), family)));
    for (const part of this.form.querySelectorAll("[data-for]")) {
      /** @type {HTMLElement} */ (part).hidden = part.getAttribute("data-for") !== kind;
    }
    this.#showOwn();
    this.find(".of").textContent = kind === "tunes" ? "played by what is on the pad" : "made of what is on the pad";
    this.#offerName();
  }

  /** What varies one's own takes the rest from it. */
  #showOwn() {
    const isVaried = this.kind === "tunes" ? this.#field("tune").value !== "" : this.kind === "presets" && this.#field("here").checked;
    for (const name of ["metre", "bars", "tonic", "mode"]) this.#field(name).disabled = isVaried && this.kind === "tunes";
    this.#field("pad").disabled = isVaried && this.kind === "presets";
  }

  /** The tunes that can be varied. */
  #offerTunes() {
    const select = /** @type {HTMLSelectElement} */ (this.#field("tune"));
    const tunes = Object.entries(this.jobs).filter(([, { kind, state }]) => kind === "tune" && state === "done");
    const now = JSON.stringify(tunes.map(([name, { title }]) => [name, title]));
    if (select.dataset.offered === now) return;
    const before = select.value;
    select.replaceChildren(new Option("nothing: six new ones", ""), ...tunes.map(([name, { title }]) => new Option(`your tune “${title}”`, name)));
    select.value = tunes.some(([name]) => name === before) ? before : "";
    select.dataset.offered = now;
    this.#showOwn();
  }

  /** A name that none has yet. */
  #offerName() {
    const names = this.now?.names ?? [];
    let number = 1;
    while (names.includes(`${this.kind}-${number}`)) number += 1;
    this.#field("name").value = `${this.kind} ${number}`;
  }

  #begin() {
    const text = (/** @type {string} */ name) => this.#field(name).value.trim();
    const given = {
      tunes: { metre: text("metre"), key: `${text("tonic")} ${text("mode")}`, bars: Number(text("bars")) },
      presets: {},
      instruments: { family: text("family") },
    }[this.kind];
    const names = this.#field("pad").checked ? this.around.corners() : [];
    const begin = this.kind === "tunes" ? text("tune") : this.kind === "presets" && this.#field("here").checked ? "here" : "";
    this.link.send("evolve", { begin, name: text("name"), what: this.kind, names, seed: Math.floor(Math.random() * MOST_SEED), ...given });
  }

  /** @param {Evolution} now */
  show(now) {
    const before = this.now;
    this.now = now;
    const { find } = this;
    const isOpen = now.name !== "";
    const key = [now.name, now.generation].join("/");
    const isOther = !before || [before.name, before.generation].join("/") !== key;
    if (isOther) {
      this.listener.stop();
      this.#endKeeping();
    }
    find(".beginning").hidden = isOpen;
    find(".open").hidden = !isOpen;
    find(".open h2").textContent = now.name;
    find(".open .about").textContent = about(now);
    find(".open .about").title = now.folder;
    if (!isOpen) this.#offer(now.names, before);
    find(".cards").hidden = !now.generation;
    for (const card of this.cards) card.show(now, isOther);
    find(".next").textContent = now.liked.length ? "Next generation" : "Six new ones";
    find(".next").disabled = !now.generation || now.awaits;
    find(".undo").disabled = !(now.generation > 1 || (now.generation && now.awaits));
    if (isOther && before && now.generation && !this.isFirst) find(".news").textContent = `Generation ${now.generation}`;
    this.isFirst = false;
    this.#showProgress();
  }

  /** Those that can be gone on with. @param {string[]} names @param {Evolution | null} before */
  #offer(names, before) {
    if (before && !before.name && before.names.join("\n") === names.join("\n")) return;
    const list = this.find(".earlier ul");
    const isHeld = list.contains(document.activeElement);
    this.find(".earlier").hidden = !names.length;
    list.replaceChildren(
      ...names.map((name) => {
        const open = button("go", name);
        open.addEventListener("click", () => this.link.send("evolve", { name }));
        return made("li", open, this.#remover(name));
      }),
    );
    if (isHeld) this.#field("name").focus();
    this.#offerName();
  }

  /** Removes one for good, if it is pressed twice. @param {string} name */
  #remover(name) {
    const remove = button("away", "×");
    const ask = (/** @type {boolean} */ isAsked) => {
      remove.textContent = isAsked ? "Remove for good" : "×";
      remove.title = isAsked ? "It cannot be brought back; saved tunes stay in its folder" : "Remove it";
      remove.setAttribute("aria-label", `${isAsked ? "Remove for good:" : "Remove"} ${name}`);
      remove.dataset.asked = isAsked ? "1" : "";
    };
    remove.addEventListener("click", () => {
      if (remove.dataset.asked) this.link.send("remove_evolution", { name });
      ask(!remove.dataset.asked);
    });
    remove.addEventListener("blur", () => ask(false));
    ask(false);
    return remove;
  }

  #showProgress() {
    const job = this.jobs[this.now?.job ?? ""];
    const bar = this.find(".open progress");
    bar.hidden = !this.now?.job;
    if (job?.total) bar.value = job.done / job.total;
    else bar.removeAttribute("value");
    this.find(".open .says").textContent = !this.now?.job ? "" : job?.state === "waiting" ? "waits for its turn" : job?.total ? `${job.says} ${job.done} of ${job.total}` : (job?.says ?? "");
    const isBusy = Boolean(this.now?.job);
    this.tab.dataset.busy = isBusy ? "1" : "";
    this.tab.setAttribute("aria-label", isBusy ? "Evolve, at work" : "Evolve");
  }

  /** What is saved, too. @param {Record<string, import("./types.js").Job>} jobs */
  #showJobs(jobs) {
    for (const [name, { state, says, title, about: told }] of Object.entries(jobs)) {
      const before = this.jobs[name]?.state;
      if (told.from !== "evolution" || before === state || this.isFirst) continue;
      const where = KEPT[/** @type {keyof typeof KEPT} */ (told.what)] ?? "";
      if (state === "done") this.find(".saved").textContent = `Saved “${title}” ${where}.`;
      else if (state === "failed") this.around.say(`“${title}” is not saved: ${says}`);
      else if (state === "running") this.find(".saved").textContent = `Saving “${title}” …`;
    }
    this.jobs = jobs;
    this.#offerTunes();
    this.#showProgress();
  }

  /** Like one, as the last of those that are, or no longer. @param {number} number */
  like(number) {
    const liked = this.now?.liked ?? [];
    const rest = liked.filter((one) => one !== number);
    this.link.send("like_members", { members: rest.length < liked.length ? rest : [...liked, number] });
  }

  /** Ask for a name to save one by. @param {number} number */
  keep(number) {
    this.kept = number;
    this.keeping.hidden = false;
    this.find("form.keep label span").textContent = `Save ${number} as`;
    this.keptName.value = `${this.now?.name} ${this.now?.generation}.${number}`.slice(0, 60);
    this.keptName.select();
    this.keptName.focus();
  }

  #endKeeping() {
    const isHeld = this.keeping.contains(document.activeElement);
    this.keeping.hidden = true;
    if (isHeld) this.cards[this.kept - 1]?.save.focus();
  }

  #paint() {
    for (const card of this.cards) card.paint();
  }
}

/** One member. */
class Card {
  /** @param {number} number @param {Evolve} evolve */
  constructor(number, evolve) {
    this.number = number;
    /** @type {Member | null} */
    this.member = null;
    this.address = "";
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.play = button("play", "");
    this.play.append(this.canvas, made("b", String(number)), made("i"));
    this.play.setAttribute("aria-pressed", "false");
    this.like = button("like", "Like");
    this.save = button("save", "Save …");
    this.words = document.createTextNode("");
    this.descent = made("span.descent");
    this.told = made("p.words", this.descent, " ");
    this.told.append(this.words);
    this.element = made("li.card", this.play, made("p.row", this.like, this.save), this.told);
    this.play.addEventListener("click", () => evolve.listener.toggle(this.play, this.address));
    this.like.addEventListener("click", () => evolve.like(number));
    this.save.addEventListener("click", () => evolve.keep(number));
  }

  /** @param {Evolution} now @param {boolean} isOther whether it is of another generation */
  show({ name, generation, members, liked, awaits }, isOther) {
    const member = members[this.number] ?? null;
    const hasCome = member?.is_made && !this.member?.is_made;
    this.member = member;
    this.address = `/api/evolutions/${encodeURIComponent(name)}/generation-${generation}-${this.number}.wav${location.search}`;
    const place = liked.indexOf(this.number);
    this.element.dataset.liked = place < 0 ? "" : place === 0 && liked.length > 1 ? "best" : "yes";
    this.words.data = this.told.title = member?.words ?? "";
    this.descent.textContent = member?.descent ?? "";
    this.play.disabled = !member?.is_made;
    this.play.setAttribute("aria-label", `Hear ${this.number}${member ? `: ${member.words}` : ""}`);
    this.play.title = member?.is_made ? `Hear it (${this.number})` : "It is being made";
    this.like.disabled = !member || awaits;
    this.like.setAttribute("aria-pressed", String(place >= 0));
    this.like.setAttribute("aria-label", `Like ${this.number}`);
    this.like.title = place === 0 && liked.length > 1 ? "Liked best: it lives on as it is" : "Like it: the next generation comes from those liked";
    this.save.disabled = !member;
    this.save.setAttribute("aria-label", `Save ${this.number}`);
    if (isOther || hasCome) this.paint();
  }

  paint() {
    if (!this.canvas.clientWidth) return;
    const drawing = cleared(this.canvas);
    if (this.member?.notes.length) drawNotes(drawing, this.member.notes);
    else if (this.member?.picture) drawLevels(drawing, this.member.picture);
  }
}

/** @typedef {ReturnType<typeof cleared>} Drawing */

/** @param {Drawing} drawing @param {number[][]} notes rows of at, length and key */
function drawNotes({ context, width, height }, notes) {
  const keys = notes.map(([, , key]) => key);
  const [low, high] = [Math.min(...keys) - AROUND, Math.max(...keys) + AROUND];
  const length = Math.max(...notes.map(([at, lasts]) => at + lasts));
  const thick = Math.max(2, Math.min(height / (high - low), 7));
  context.fillStyle = colour("accent");
  for (const [at, lasts, key] of notes) {
    const y = height * (1 - (key - low) / (high - low)) - thick / 2;
    context.fillRect((width * at) / length, y, Math.max((width * lasts) / length - 1, 1), thick);
  }
}

/** @param {Drawing} drawing @param {string} picture levels in base64 */
function drawLevels({ context, width, height }, picture) {
  const levels = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  if (levels.length !== COLUMNS * ROWS) return;
  const small = new OffscreenCanvas(COLUMNS, ROWS);
  /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d")).putImageData(pixelsOf(levels), 0, 0);
  context.drawImage(small, 0, 0, width, height);
}

/** What it breeds, and how far it has come. @param {Evolution} now */
function about({ what, generation, settings }) {
  if (!generation) return "";
  const of = what === "tunes" ? `${settings.key}, ${settings.metre}, ${settings.bars} bars` : (settings.family ?? "").replaceAll("_", " ");
  return [`generation ${generation} of ${what}`, of].filter(Boolean).join(" · ");
}
