/** Tabs: of a row of them one is open. A click opens it; arrows, Home and End walk. A row that is too long scrolls. */

/** @param {HTMLElement} tab */
export const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls") ?? "");

/** @param {Element} list @returns {HTMLElement[]} */
const tabsOf = (list) => [...list.querySelectorAll("[role=tab]")].map((tab) => /** @type {HTMLElement} */ (tab));

/** @param {HTMLElement} tab */
export function openTab(tab) {
  for (const one of tabsOf(/** @type {Element} */ (tab.parentElement))) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    const panel = panelOf(one);
    if (panel) panel.hidden = one !== tab;
  }
  tab.scrollIntoView({ inline: "center", block: "nearest" });
}

/** @param {HTMLElement} list with role tablist */
export function makeTabs(list) {
  const showEnds = () => {
    list.classList.toggle("before", list.scrollLeft > 1);
    list.classList.toggle("behind", list.scrollLeft + list.clientWidth < list.scrollWidth - 1);
  };
  list.addEventListener("scroll", showEnds, { passive: true });
  new ResizeObserver(showEnds).observe(list);
  list.addEventListener("wheel", (event) => {
    if (list.scrollWidth <= list.clientWidth || event.deltaX) return;
    event.preventDefault();
    list.scrollLeft += event.deltaY;
  });
  list.addEventListener("click", ({ target }) => {
    const tab = target instanceof Element ? target.closest("[role=tab]") : null;
    if (tab) openTab(/** @type {HTMLElement} */ (tab));
  });
  list.addEventListener("keydown", (event) => {
    const tabs = tabsOf(list);
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
    const tab = to === undefined || at < 0 ? undefined : tabs.at(to % tabs.length);
    if (!tab) return;
    event.preventDefault();
    openTab(tab);
    tab.focus();
  });
}
