"""Tunes in a real browser: dropped, engraved, followed, heard; a palette under a finger and under the arrow keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browsing import Visit, cents_from
from node_tools import node_tool
from test_panel_access import COLOURS, told, violations

pytestmark = pytest.mark.alone

PANEL = ("flute", "cello", "--latency", "high")
HEARD_SECONDS = 300.0  # until a test gives up: a job goes after everything else on the machine
LOOKS: tuple[tuple[Any, tuple[str, ...]], ...] = (("dark", ()), ("light", COLOURS))  # and the rules that are tried
LONG = "X:1\nT:Long\nM:4/4\nL:1/1\nQ:1/4=60\nK:C\nA|c|A|c|]\n"
LOOPS = ("X:1\nT:Low\nM:2/4\nL:1/8\nK:D\nD2F2|A4|]\n", "X:1\nT:High\nM:2/4\nL:1/8\nK:D\nf4|e2d2|]\n")
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
HOSTILE = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="hacked=1">
<style>@import url(http://x)</style><script>hacked = 1</script>
<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">p</p></foreignObject>
<a href="javascript:hacked=1"><text>a</text></a><image href="http://x/y.png"/><animate onbegin="hacked=1"/>
<g id="stand" class="note" onclick="hacked=1"><use xlink:href="http://x#y"/><use xlink:href="#stand"/>
<path d="M0 0" fill="url(#x)"/><text x="1">&lt;script&gt;hacked=1&lt;/script&gt;</text></g></svg>"""
READ = """async (given) => {
  const { engraving } = await import("/page/engraving.js");
  const drawn = engraving(given, "own-");
  document.body.append(drawn);
  await new Promise((done) => setTimeout(done, 100));
  const written = ({ name, value }) => `${name}=${value}`;
  const found = [...drawn.querySelectorAll("*")].map((one) => [one.localName, ...[...one.attributes].map(written)]);
  drawn.remove();
  const none = engraving("<html></html>", "own-");
  return { found, hacked: window.hacked ?? null, none, text: drawn.textContent.trim() };
}"""


@pytest.fixture
def tunes(visit: Visit) -> Iterator[Visit]:
    """A page with the tab of tunes open, and sound."""
    visit.page.locator("#tab-tunes").click()
    visit.wait("panel.tunes")
    yield visit
    visit.panel("Object.keys(panel.tunes.jobs).forEach((job) => panel.link.send('forget', { job }))")
    assert not visit.complaints


def dropped(visit: Visit, *files: tuple[str, str]) -> None:
    before = visit.panel("Object.keys(panel.tunes.jobs).length")
    for file in files:
        visit.page.evaluate(DROP, list(file))
    ready = "Object.values(panel.tunes.jobs).filter(({ state }) => state === 'done').length === given"
    visit.wait(ready, before + len(files), seconds=120.0)


def test_a_dropped_tune_is_engraved_and_followed_while_it_sounds(tunes: Visit) -> None:
    page = tunes.page
    dropped(tunes, ("long.abc", LONG))
    page.locator("#stand .music svg.score").wait_for()
    assert page.locator("#stand h2").text_content() == "Long"
    assert "4 bars" in (page.locator("#stand .about").text_content() or "")
    assert {one.text_content() for one in page.locator("#stand .files a").all()} == {"ABC", "MIDI", "XML", "SVG"}
    page.locator("#stand .play").click()
    tunes.wait("panel.sound.isRunning && panel.tunes.stand.isOn")
    tunes.panel("panel.tunes.stand.way({ speed: 0.25 })")
    tunes.tap()
    sounding = "document.querySelector('#stand .sounding')?.id.includes(given)"
    for bar, key, place in (("v0m0n", 69, 0.5), ("v0m1n", 72, 1.0)):
        tunes.panel("panel.link.place({ x: given, y: 0.5 }, true)", place)  # the pad moves what plays
        tunes.wait(f"panel.status.x === {place}")
        tunes.wait(sounding, bar)
        page.wait_for_timeout(1000)
        assert abs(cents_from(tunes.heard(), key)) < 30
        assert page.locator("#stand .sounding").count() == 1
        tunes.panel("panel.link.send('play_tune', { tune: panel.tunes.stand.name, at: 4.5 })")
    page.locator("#stand .looks button", has_text="roll").click()
    page.locator("#stand .roll canvas").wait_for()
    page.locator("#stand .play").click()
    tunes.wait("!panel.tunes.stand.playing.on")
    page.locator("#stand .looks button", has_text="score").click()
    page.reload()
    tunes.connected()
    page.locator("#stand .music svg.score").wait_for()
    assert page.locator(".tune .name").all_text_contents() == ["Long"], "it is there again"
    found = page.evaluate(READ, HOSTILE)
    assert (found["hacked"], found["none"]) == (None, None)
    assert found["found"] == [
        ["g", "id=own-stand", "class=note"], ["use"], ["use", "href=#own-stand"], ["path", "d=M0 0"], ["text", "x=1"],
    ]  # fmt: skip
    assert found["text"] == "<script>hacked=1</script>", "words are words"


def test_a_palette_is_played_by_finger_and_keys_and_shuts_nobody_out(tunes: Visit) -> None:
    page = tunes.page
    dropped(tunes, *((f"{name}.abc", text) for name, text in zip("ab", LOOPS, strict=True)))
    for corner, name in zip("AB", ("Low", "High"), strict=True):
        page.get_by_label(f"Tune at corner {corner}").select_option(label=name)
    page.locator(".lay-out").click()
    made = "Object.values(panel.tunes.jobs).some(({ kind, state }) => kind === 'palette' && state === 'done')"
    tunes.wait(made, seconds=120.0)
    canvas = page.locator(".palette-surface canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2)
    page.mouse.down()
    column = "panel.tunes.stand.playing.on && panel.tunes.stand.playing.column === given"
    tunes.wait(column, 8, seconds=15.0)
    page.mouse.up()
    across = page.get_by_label("Palette, left to right")
    across.focus()
    page.keyboard.press("Home")
    tunes.wait(column, 0, seconds=15.0)
    assert across.get_attribute("aria-valuetext") == "Low 100 %, High 0 %"
    assert page.locator("#stand .roll canvas").count() == 1, "the loop that plays is shown"
    page.locator("#palette-pad .pencil").click()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(80)
    page.keyboard.press("Enter")
    tunes.wait("panel.tunes.stand.playing.path.length >= 2")
    xs = [point[1] for point in tunes.panel("panel.tunes.stand.playing.path")]
    assert xs == sorted(xs)
    assert xs[-1] == pytest.approx(0.3, abs=0.01)
    page.locator("#palette-pad .remove").click()
    tunes.wait("panel.tunes.stand.playing.path.length === 0")
    page.locator("#palette-pad .together").click()
    tunes.wait("panel.tunes.stand.playing.together")
    tunes.panel("panel.link.place({ x: 1, y: 0.5 }, true)")
    tunes.wait(column, 8, seconds=15.0)  # one place for both
    page.locator("#palette-pad .together").click()
    page.locator("#palette-pad .play").click()
    tunes.wait("!panel.tunes.stand.playing.on")
    page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, rules in LOOKS:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # or colours would change by and by
            found[f"{scheme}, {width} px"] = violations(tunes, *rules, within=("#tunes", "#stand") if found else ())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not told(found), told(found)


def test_six_are_heard_and_liked_and_going_on_is_taken_back(visit: Visit) -> None:
    """By keys alone. Nothing of it keeps anybody out."""
    page = visit.page
    page.emulate_media(reduced_motion="reduce")  # or colours would change by and by
    page.locator("#tab-evolve").click()
    visit.wait("panel.evolve?.now")
    page.locator("#evolve [name=bars]").select_option("2")
    page.locator("#evolve form.begin [name=name]").fill("My tunes")
    page.locator("#evolve form.begin [type=submit]").press("Enter")
    made = "panel.evolve.now.generation === 1 && !panel.evolve.now.job"
    visit.wait(made, seconds=HEARD_SECONDS)
    assert page.locator("#evolve .card .play:enabled").count() == 6
    page.locator("#evolve .card .play").nth(0).focus()
    page.keyboard.press("2")
    visit.wait("panel.evolve.listener.audio.currentTime > 0")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Hear 2: ")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    visit.wait("panel.evolve.now.liked.join() === '2'")
    assert page.get_by_role("button", name="Like 2").get_attribute("aria-pressed") == "true"
    page.locator("#evolve .next").press("Enter")
    visit.wait("panel.evolve.now.awaits")
    assert page.get_by_role("button", name="Like 2").is_disabled()
    page.locator("#evolve .undo").press("Enter")
    visit.wait(made, seconds=HEARD_SECONDS)
    page.get_by_role("button", name="Save 2").click()
    assert page.evaluate("document.activeElement.value") == "my-tunes 1.2"
    page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for width in (360, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, rules in LOOKS:
            page.emulate_media(color_scheme=scheme)
            found[f"{scheme}, {width} px"] = violations(visit, *rules, within=("#evolve",) if found else ())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not told(found), told(found)
    page.locator("#evolve .open .away").click()
    page.get_by_role("button", name="Remove my-tunes").press("Enter")
    page.locator("#evolve .earlier .go", has_text="my-tunes").wait_for()
    page.get_by_role("button", name="Remove for good: my-tunes").press("Enter")
    visit.wait("!panel.evolve.now.names.length")
    assert page.evaluate("document.activeElement.name") == "name"
    assert visit.complaints == []


def test_the_instruments_are_a_map_to_hear_and_to_put_on_corners(visit: Visit) -> None:
    """By keys, from one to the next on the way of an arrow. Nothing of it keeps anybody out."""
    page = visit.page
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("radio", name="map").click()
    point = page.locator("#instruments [role=option]", has_text="marimba").first
    visit.wait("document.querySelectorAll('#instruments [data-side]').length > 100", seconds=HEARD_SECONDS)
    boxes = visit.panel(
        "[...document.querySelectorAll('#instruments [data-side]')].map((one) => one.getBoundingClientRect().toJSON())"
    )
    centres = np.array([(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes])
    away = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    assert away.min() > 4
    outer = page.locator("#instruments [role=listbox]").bounding_box()
    assert np.all((centres > (outer["x"], outer["y"])).all(axis=1))
    assert np.all(centres[:, 0] < outer["x"] + outer["width"])
    chips = page.locator("#instruments .chips button").all_text_contents()
    assert {"drum", "noise", "vocal"} < set(chips), "a family that has no chip is not found by its colour"
    point.click()
    visit.wait("panel.auditions.now?.element.dataset.name === 'marimba'")
    assert "mallet" in page.locator("#instruments .point .says").text_content()
    before = point.bounding_box()
    page.keyboard.press("ArrowRight")
    after = page.evaluate("document.activeElement.getBoundingClientRect().x")
    assert after > before["x"]
    name = page.evaluate("document.activeElement.querySelector('.name').textContent")
    page.keyboard.press("2")
    visit.wait("panel.state.patch.blend.corners[1] === given", name)
    page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for width in (360, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, rules in LOOKS:
            page.emulate_media(color_scheme=scheme)
            found[f"{scheme}, {width} px"] = violations(visit, *rules, within=("#instruments",) if found else ())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not told(found), told(found)
    page.get_by_role("radio", name="list").click()
    page.locator("#instruments .about").first.wait_for()
    assert visit.complaints == []
