"""The panel's page as axe-core sees it: roles, names, contrast, and what else keeps people out, in all its states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from browsing import Visit
from node_tools import node_tool

WIDTHS = (360, 1280, 2560)
LOOKS = ((360, "dark"), (1280, "light"), (1280, "dark"), (2560, "light"))
HEIGHT = 900
PANEL = ("flute", "cello", "choir aahs", "marimba", "--latency", "high")
# Stylesheets are not loaded again each time, which takes half of it: no rule that is tried reads them.
VIOLATIONS = """async ([rules, within]) => {
  const options = rules.length ? { runOnly: rules } : {};
  const place = within.length ? { include: within.map((one) => [one]) } : document;
  const preload = { assets: ["media"] };
  const { violations } = await axe.run(place, { resultTypes: ["violations"], preload, ...options });
  return violations.map(({ id, help, nodes }) => [id, help, nodes.map(({ html, target, failureSummary }) =>
    `${target}: ${html.slice(0, 160)} ${failureSummary}`)]);
}"""
COLOURS = ("color-contrast", "link-in-text-block")

# What a player does to a page before it is looked at again.
DONE: dict[str, str] = {
    "nothing sought is found": "document.querySelector('#instruments input').value = 'nobody',"
    "document.querySelector('#instruments input').dispatchEvent(new Event('input'))",
    "a key is down": "panel.held.press('test', 60, 90)",
    "something went wrong": "panel.link.load('nobody')",
    "a preset is saved": "document.getElementById('tab-presets').click(),"
    "document.querySelector('#presets .save').click(), document.querySelector('#presets [type=submit]').click()",
    "ports and outputs are chosen": "document.getElementById('midi-button').click(),"
    "document.getElementById('output-button').click()",
    "an LFO swings": "document.querySelector('.lfos .add').click()",
    "two corners": "panel.link.corners(['flute', 'cello'])",
    "one corner": "panel.link.corners(['flute'])",
}


def test_nothing_keeps_anybody_out(visit: Visit) -> None:
    """Each tab at each width, in dark and light; what surrounds the tabs is looked at once, with the first."""
    visit.page.locator("#presets [role=option]").nth(5).wait_for(state="attached")
    visit.page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    lists = visit.page.locator("[role=tablist]")
    found = {}
    for number in range(max(one.locator("[role=tab]").count() for one in lists.all())):
        before = 0
        for width, scheme in LOOKS:
            visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour is on its way to another
            visit.page.set_viewport_size({"width": width, "height": HEIGHT})
            opened = open_tabs(visit, number)
            rules = COLOURS if width == before else ()  # nothing else depends on the scheme
            within = [f"[role=tabpanel][aria-labelledby={tab}]" for tab in opened if number]
            found[f"{scheme}, {width} px, {opened}"] = violations(visit, *rules, within=within)
            before = width
    assert not told(found), told(found)


def test_nor_whatever_a_player_does(visit: Visit) -> None:
    visit.page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = {}
    for what, script in DONE.items():
        visit.panel(f"({script}, true)")
        visit.page.wait_for_timeout(300)
        found[what] = violations(visit)
    assert not told(found), told(found)


def test_what_would_is_found(visit: Visit) -> None:
    visit.page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    visit.page.evaluate("document.getElementById('undo-button').removeAttribute('aria-label')")
    visit.page.evaluate("document.getElementById('undo-button').removeAttribute('title')")
    assert [rule for rule, *_ in violations(visit)] == ["button-name"]


def open_tabs(visit: Visit, number: int) -> list[str]:
    """Open the tab of that number in every row that has so many; what they are called in the document."""
    names = []
    for row in visit.page.locator("[role=tablist]").all():
        tabs = row.locator("[role=tab]")
        if number < tabs.count():
            tabs.nth(number).click()
            names.append(tabs.nth(number).get_attribute("id"))
    return names


def violations(visit: Visit, *rules: str, within: Sequence[str] = ()) -> Any:
    """What axe-core has against the page or those parts of it (CSS selectors), by all its rules or by these."""
    return visit.page.evaluate(VIOLATIONS, [rules, within])


def told(found: dict[str, Any]) -> str:
    """One paragraph for each rule that is broken: where first, and by what."""
    lines: dict[str, str] = {}
    for state, broken in found.items():
        for rule, says, nodes in broken:
            lines.setdefault(rule, f"{rule}: {says} ({state})\n  " + "\n  ".join(nodes[:5]))
    return "\n".join(lines.values())
