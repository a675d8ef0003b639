/**
 * One of several: buttons as radios. A click takes one, arrows go to the next; letters still play the keyboard, as they
 * would not on the browser's own radios.
 */

/** @typedef {{ value: string, text: string, says?: string, off?: boolean }} Option */

/**
 * @param {HTMLElement} group with an aria-label; it is filled by `offer`
 * @param {(value: string) => void} take
 */
export function makeChoice(group, take) {
  group.setAttribute("role", "radiogroup");
  let written = "";
  const buttons = () => [.../** @type {NodeListOf<HTMLButtonElement>} */ (group.querySelectorAll("[role=radio]"))];
  group.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[role=radio]") : null;
    if (button instanceof HTMLButtonElement && !button.disabled) choose(button);
  });
  group.addEventListener("keydown", (event) => {
    const all = buttons().filter(({ disabled }) => !disabled);
    const at = all.findIndex((one) => one === document.activeElement);
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by === undefined || at < 0) return;
    event.preventDefault();
    const next = all[(at + by + all.length) % all.length];
    next.focus();
    choose(next);
  });

  /** @param {HTMLButtonElement} button */
  function choose(button) {
    show(button.value);
    take(button.value);
  }

  /** @param {string} value */
  function show(value) {
    const all = buttons();
    for (const one of all) one.setAttribute("aria-checked", String(one.value === value));
    const open = all.find((one) => one.value === value && !one.disabled) ?? all.find(({ disabled }) => !disabled);
    for (const one of all) one.tabIndex = one === open ? 0 : -1;
  }

  return {
    /** What there is to choose from. @param {Option[]} options */
    offer(options) {
      const now = JSON.stringify(options);
      if (now === written) return;
      written = now;
      const focused = group.contains(document.activeElement)
        ? /** @type {HTMLButtonElement} */ (document.activeElement).value
        : null;
      group.replaceChildren(
        ...options.map(({ value, text, says, off }) => {
          const button = Object.assign(document.createElement("button"), { type: "button", value, textContent: text });
          button.setAttribute("role", "radio");
          button.disabled = off ?? false;
          if (says) button.title = says;
          return button;
        }),
      );
      buttons().find((one) => one.value === focused)?.focus();
    },
    show,
  };
}
