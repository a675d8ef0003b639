"""The page's rack of effects: added, put in order, turned, bypassed and removed by mouse and by keys; and heard."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from browsing import Visit
from node_tools import node_tool
from test_panel_access import told, violations
from test_panel_effects import COMPRESSOR, needs_zam, scanned

__all__ = ["scanned"]  # a fixture
PANEL = ("drawbar organ", "--latency", "high")
CLIP = {"effect": "clip", "parameters": {"threshold_db": -30}}
GAIN = {"effect": "gain", "parameters": {"gain_db": 20}}
LABELS = "(panel.state.patch.effects ?? []).map((one) => one.label ?? one.plugin ?? one.effect).join()"
SHOWN = "[...document.querySelectorAll('.rack .name')].map((one) => one.textContent).join()"
LAYERS_LINE = """(() => {
  panel.link.dispatchEvent(new CustomEvent("state", { detail: given }));
  const line = document.querySelector("#effects .layers");
  return [line.textContent, line.checkVisibility()];
})()"""

WITHIN_DB = 0.2

pytestmark = pytest.mark.usefixtures("scanned")


@pytest.fixture
def rack(scanned: None, visit: Visit) -> Visit:
    """A page with its tab of effects open, and no effect."""
    del scanned
    visit.panel("panel.link.change({ effects: [] })")
    visit.wait(f"{LABELS} === ''")
    visit.page.get_by_role("tab", name="Effects").click()
    return visit


def settles(visit: Visit, db: float) -> None:
    """The peak of what the page sounds comes to that, soon: what lies in its store is still of the chain before."""
    found = []
    for _ in range(60):
        visit.page.wait_for_timeout(200)
        found.append(float(20 * np.log10(np.abs(visit.heard()).max() + 1e-9)))
        if abs(found[-1] - db) <= WITHIN_DB:
            return
    pytest.fail(f"it comes to {found[-5:]}, not to {db} dBFS")


def slot(visit: Visit, name: str) -> Any:
    return visit.page.locator(".rack > li", has=visit.page.locator(".name", has_text=name))


def test_effects_are_put_in_another_order_by_dragging_and_by_keys_and_heard(rack: Visit) -> None:
    """Clipped at -30 dBFS and then raised by 20 dB the peak is -10 dBFS; raised and then clipped it is -30 dBFS."""
    page = rack.page
    rack.panel("panel.link.change({ effects: given })", [CLIP, GAIN])
    rack.wait(f"{SHOWN} === 'clip,gain'")
    rack.panel("panel.sound.setSafety('high')")
    rack.panel("panel.held.press('test', 57, 110)")
    rack.wait("panel.status.voices === 1 && panel.sound.isRunning")
    rack.tap()
    settles(rack, -10.0)

    grip, other = slot(rack, "clip").locator(".grip"), slot(rack, "gain")
    here, there = grip.bounding_box(), other.bounding_box()
    page.mouse.move(here["x"] + 5, here["y"] + 5)
    page.mouse.down()
    page.mouse.move(here["x"] + 5, there["y"] + there["height"] - 4, steps=8)
    rack.wait(f"{SHOWN} === 'gain,clip'")  # it makes room at once
    page.mouse.up()
    rack.wait(f"{LABELS} === 'gain,clip'")
    settles(rack, -30.0)

    grip.focus()
    page.keyboard.press("Alt+ArrowUp")
    rack.wait(f"{LABELS} === 'clip,gain' && {SHOWN} === 'clip,gain'")
    rack.wait("document.activeElement.getAttribute('aria-label') === 'Move clip, 1 of 2'")
    rack.wait("document.querySelector('.announced').textContent === 'clip, now 1 of 2'")
    page.keyboard.press("Alt+ArrowUp")  # it is the first already
    settles(rack, -10.0)

    here = slot(rack, "gain").locator(".grip").bounding_box()
    page.mouse.move(here["x"] + 5, here["y"] + 5)
    page.mouse.down()
    page.mouse.move(here["x"] + 5, grip.bounding_box()["y"], steps=8)
    rack.wait(f"{SHOWN} === 'gain,clip'")
    page.keyboard.press("Escape")
    rack.wait(f"{SHOWN} === 'clip,gain'")  # taken back
    page.mouse.up()
    rack.panel("panel.held.releaseAll()")
    assert rack.panel(LABELS) == "clip,gain"
    assert rack.complaints == []


def test_an_effect_is_found_added_turned_bypassed_and_removed_by_keys_alone(rack: Visit) -> None:
    page = rack.page
    late: list[Any] = []
    page.route("**/api/effects*", lambda route: late.append(route))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("synthesizer filter")
    rack.wait("document.querySelector('.catalogue .count').textContent.startsWith('1 of')")
    page.keyboard.press("ArrowDown")
    rack.panel("document.activeElement.dataset.isOld = ''")
    until = time.monotonic() + 30.0
    while not late:  # opened, it asks what there is now
        assert time.monotonic() < until
        page.wait_for_timeout(50)
    for route in late:
        route.continue_()
    page.unroute("**/api/effects*")
    rack.wait("!('isOld' in document.activeElement.dataset)")  # the list is made anew under the keys
    page.keyboard.press("Enter")
    rack.wait(f"{LABELS} === 'ladder'")
    rack.wait("document.activeElement.getAttribute('aria-label') === 'Move ladder, 1 of 1'")
    knob = page.get_by_role("group", name="ladder").get_by_role("slider", name="cutoff")
    assert knob.get_attribute("aria-valuetext") == "2.00 kHz"
    knob.press("End")
    rack.wait("panel.state.targets['effects.ladder.cutoff_hz'].value === 20000")
    knob.press("Home")
    knob.press("PageUp")
    rack.wait("Math.abs(panel.state.targets['effects.ladder.cutoff_hz'].value / given - 1) < 1e-3", 20 * 1000**0.1)
    slot(rack, "ladder").get_by_label("mode").select_option("HPF12")
    rack.wait("panel.state.patch.effects[0].parameters.mode === 'HPF12'")
    power = page.get_by_role("button", name="ladder on")
    power.press("Enter")
    rack.wait("panel.state.patch.effects[0].bypass")
    assert power.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Control+z")
    rack.wait("!panel.state.patch.effects[0].bypass")
    slot(rack, "ladder").locator(".grip").press("Delete")
    rack.wait(f"{LABELS} === '' && document.activeElement.className === 'add-effect'")
    page.keyboard.press("Control+z")
    rack.wait(f"{LABELS} === 'ladder' && {SHOWN} === 'ladder'")
    assert slot(rack, "ladder").get_by_label("mode").input_value() == "HPF12"
    assert rack.complaints == []


def test_two_of_a_kind_have_names_of_their_own_and_what_cannot_be_had_says_why(rack: Visit) -> None:
    page = rack.page
    for number in (1, 2):
        page.get_by_role("button", name="Add an effect").click()
        page.get_by_role("searchbox", name="Search effects").fill("room size")
        page.get_by_role("option", name="reverb").click()
        rack.wait(f"{LABELS}.split(',').length === {number} && {LABELS} !== ''")
    assert rack.panel(LABELS) == "reverb,reverb 2"
    slot(rack, "reverb 2").get_by_role("slider", name="room size").press("End")
    rack.wait("panel.state.targets['effects.reverb 2.room_size'].value === 1")
    assert rack.panel("panel.state.targets['effects.reverb.room_size'].value") == 0.5
    page.get_by_role("button", name="Add an effect").click()
    page.get_by_role("searchbox", name="Search effects").fill("convolution")
    page.get_by_role("option", name="convolution").click(force=True)
    rack.wait("document.getElementById('trouble').textContent.includes('impulse of a room')")
    page.keyboard.press("Escape")
    assert rack.panel(LABELS) == "reverb,reverb 2"
    assert rack.complaints == []


def test_plugins_are_looked_for_from_the_page(rack: Visit) -> None:
    """How it is shown: nothing is asked of the system's own folders here."""
    page, look = rack.page, rack.page.locator(".look")
    rack.panel("(panel.link.send = (...said) => { window.said = said; }, true)")
    page.get_by_role("button", name="Add an effect").click()
    look.get_by_role("button", name="Look for plugins").click()
    assert page.evaluate("said[0]") == "scan"
    job = {"kind": "scan", "state": "running", "done": 3, "total": 17, "says": "ZamGate", "about": {}}
    show = "panel.link.dispatchEvent(new CustomEvent('jobs', { detail: { jobs: { one: given } } }))"
    rack.panel(show, job)
    assert look.get_by_role("status").text_content() == "3 of 17 looked at: ZamGate"
    look.get_by_role("button", name="Stop").click()
    assert page.evaluate("said") == ["cancel", {"job": "one"}]
    rack.panel(show, {**job, "state": "done", "result": {"work": 16, "left_out": 1}})
    assert look.get_by_role("status").text_content() == "16 plugins work, 1 left out: see why above."
    assert rack.complaints == []


@needs_zam
def test_a_plugin_comes_from_the_catalogue_into_what_plays(rack: Visit, browser: Any, address: str) -> None:
    """Its make-up gain, which the patch did not name, is turned by 6 dB; another page shows it."""
    page = rack.page
    rack.panel("panel.link.change({ effects: given })", [CLIP])
    rack.panel("panel.held.press('test', 57, 60)")
    rack.wait("panel.status.voices === 1 && panel.sound.isRunning")
    rack.tap()
    page.get_by_role("button", name="Add an effect").click()
    page.get_by_role("button", name="plugins", exact=True).click()
    page.get_by_role("option", name=COMPRESSOR).click()
    rack.wait(f"{LABELS} === 'clip,{COMPRESSOR}' && {SHOWN} === 'clip,{COMPRESSOR}'")
    settles(rack, -30.0)
    makeup = page.get_by_role("slider", name="Makeup")
    for _ in range(2):
        makeup.press("PageUp")
    rack.wait(f"panel.state.targets['effects.{COMPRESSOR}.makeup'].value === 6")
    settles(rack, -24.0)
    page.get_by_role("button", name=f"{COMPRESSOR} on").click()
    settles(rack, -30.0)
    other = Visit(browser, address)
    other.page.get_by_role("tab", name="Effects").click()
    other.wait(f"{SHOWN} === 'clip,{COMPRESSOR}' && document.querySelector('.slot.bypassed')")
    page.get_by_role("button", name=f"Remove {COMPRESSOR}").click()
    other.wait(f"{SHOWN} === 'clip'")
    rack.panel("panel.held.releaseAll()")
    assert rack.complaints + other.complaints == []
    other.close()


def test_layers_are_told_in_a_line(rack: Visit) -> None:
    """Looked at in the same breath as it is shown, since the server may send the next state at any moment."""
    state = rack.panel("panel.state")
    layers = [{"plugin": "Kars", "low_key": 60, "level_db": -6}, {"plugin": "Some Pad", "label": "pad"}]
    with_layers = {"patch": {**state["patch"], "layers": layers}, "taken_out": {"pad": "has crashed (SIGKILL)"}}
    assert rack.panel(LAYERS_LINE, {**state, **with_layers}) == [
        "Beside the blend: Kars (\N{MINUS SIGN}6 dB, C4 to G9); pad, which has crashed (SIGKILL)",
        True,
    ]
    assert rack.panel(LAYERS_LINE, state) == ["", False]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_in_the_rack_keeps_anybody_out(rack: Visit, scheme: str) -> None:
    """Full, with one bypassed and one taken out, which says why; and with the catalogue open."""
    page = rack.page
    page.emulate_media(color_scheme=scheme)
    effects = [{"effect": "ladder"}, {"effect": "delay", "bypass": True}, {"effect": "limiter"}]
    rack.panel("panel.link.change({ effects: given })", effects)
    rack.wait(f"{SHOWN} === 'ladder,delay,limiter'")
    state = {**rack.panel("panel.state"), "taken_out": {"ladder": "is too slow: 9.0 ms for a block of 5.3 ms"}}
    rack.panel("panel.link.dispatchEvent(new CustomEvent('state', { detail: given }))", state)
    assert slot(rack, "ladder").locator(".why").text_content() == (
        "Taken out: it is too slow: 9.0 ms for a block of 5.3 ms."
    )
    page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    found = {f"{scheme}, rack": violations(rack)}
    page.get_by_role("button", name="Try again").click()
    rack.wait("document.querySelector('.why').checkVisibility() === false")
    page.get_by_role("button", name="Add an effect").click()
    page.get_by_role("option", name="convolution").wait_for()
    found[f"{scheme}, catalogue"] = violations(rack)
    assert not told(found), told(found)
    page.get_by_role("button", name="Add an effect").click()
