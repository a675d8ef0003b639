/**
 * A list to search: words, one chip at most, arrows to walk, Enter or a click to take. Instruments and presets are two.
 *
 * @template Row
 */
export class SearchList {
  /**
   * @param {HTMLElement} section holds input, .chips, .count and a listbox
   * @param {{ text: (row: Row) => string, chips: (row: Row) => string[], item: (row: Row) => HTMLElement,
   *   take: (row: Row, event: KeyboardEvent | MouseEvent) => void, most: number }} how
   */
  constructor(section, how) {
    const find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
    /** @type {HTMLInputElement} */
    this.input = find("input[type=search]");
    /** @type {HTMLElement} */
    this.chips = find(".chips");
    /** @type {HTMLElement} */
    this.counted = find(".count");
    /** @type {HTMLElement} */
    this.box = find("[role=listbox]");
    this.how = how;
    this.chip = "";
    /** @type {((item: HTMLElement, key: string) => HTMLElement | undefined) | null} where a key goes, if not along the list */
    this.beside = null;
    /** @type {{ row: Row, item: HTMLElement, text: string }[]} */
    this.all = [];
    this.input.addEventListener("input", () => this.#filter());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        this.focus(this.#visible[0]?.item);
      }
    });
    this.box.addEventListener("keydown", (event) => this.#walk(event));
    this.box.addEventListener("click", (event) => this.#take(event.target, event));
  }

  get #visible() {
    return this.all.filter(({ item }) => !item.hidden);
  }

  /** Whoever walks the list stays at the row of the same text. @param {Row[]} rows */
  show(rows) {
    const held = this.all.find(({ item }) => item === document.activeElement)?.text;
    this.all = rows.map((row) => {
      const item = this.how.item(row);
      item.setAttribute("role", "option");
      item.tabIndex = -1;
      return { row, item, text: plain(this.how.text(row)) };
    });
    this.box.replaceChildren(...this.all.map(({ item }) => item));
    this.#makeChips();
    this.#filter();
    if (held === undefined) return;
    const same = this.#visible.find(({ text }) => text === held)?.item;
    if (same) this.focus(same);
    else this.input.focus();
  }

  /** @param {(row: Row) => string} mark text of a row's mark; empty: it has none */
  mark(mark) {
    for (const { row, item } of this.all) {
      const text = mark(row);
      item.setAttribute("aria-selected", String(text !== ""));
      item.dataset.mark = text;
    }
  }

  /** The row that an element belongs to. @param {unknown} element */
  at(element) {
    return this.all.find(({ item }) => element instanceof Node && item.contains(element))?.row;
  }

  #makeChips() {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { row } of this.all) for (const chip of this.how.chips(row)) counts.set(chip, (counts.get(chip) ?? 0) + 1);
    const most = [...counts].sort((one, other) => other[1] - one[1]).slice(0, this.how.most);
    const names = most.map(([name]) => name).sort();
    this.chips.replaceChildren(
      ...names.map((name) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
        button.setAttribute("aria-pressed", String(name === this.chip));
        button.addEventListener("click", () => this.#press(name));
        return button;
      }),
    );
  }

  /** @param {string} name */
  #press(name) {
    this.chip = this.chip === name ? "" : name;
    for (const button of this.chips.children) {
      button.setAttribute("aria-pressed", String(button.textContent === this.chip));
    }
    this.#filter();
  }

  #filter() {
    const words = plain(this.input.value).split(" ").filter(Boolean);
    for (const { row, item, text } of this.all) {
      const fits = words.every((word) => text.includes(word));
      item.hidden = !fits || (this.chip !== "" && !this.how.chips(row).includes(this.chip));
    }
    const visible = this.#visible;
    for (const { item } of this.all) item.tabIndex = item === visible[0]?.item ? 0 : -1;
    this.counted.textContent =
      visible.length === this.all.length ? `${this.all.length}` : `${visible.length} of ${this.all.length}`;
  }

  /** @param {HTMLElement | undefined} item */
  focus(item) {
    if (!item) return;
    for (const other of this.all) other.item.tabIndex = -1;
    item.tabIndex = 0;
    item.focus();
    item.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const held = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    const beside = held && this.beside?.(held, event.key);
    if (beside) {
      event.preventDefault();
      return this.focus(beside);
    }
    const visible = this.#visible;
    const at = visible.findIndex(({ item }) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: visible.length - 1, PageDown: at + 10, PageUp: at - 10 }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      if (to < 0 && event.key === "ArrowUp") this.input.focus();
      else this.focus(visible[Math.min(Math.max(to, 0), visible.length - 1)]?.item);
    } else if (event.key === "Enter" || /^[1-4]$/.test(event.key)) {
      event.preventDefault();
      this.#take(document.activeElement, event);
    }
  }

  /** @param {EventTarget | null} target @param {KeyboardEvent | MouseEvent} event */
  #take(target, event) {
    const found = this.all.find(({ item }) => target instanceof Node && item.contains(target));
    if (!found) return;
    this.focus(found.item);
    this.how.take(found.row, event);
  }
}

/** As names are compared: lower case, words apart by one space. @param {string} text */
function plain(text) {
  return text.toLowerCase().replaceAll(/[\s_-]+/g, " ").trim();
}

/** @param {string} kind its class @param {string} text */
export function button(kind, text) {
  const element = /** @type {HTMLButtonElement} */ (made(`button.${kind}`, text));
  element.type = "button";
  return element;
}

/** @param {string} kind @param {...(string | HTMLElement)} parts */
export function made(kind, ...parts) {
  const element = document.createElement(kind.includes(".") ? kind.split(".")[0] : kind);
  if (kind.includes(".")) element.className = kind.split(".")[1];
  element.append(...parts);
  return element;
}
