"""The panel's page in a real browser: what it plays, what it brings back, what it asks for."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import IN_ADDRESS, MIDI_KEYBOARD, Visit, centroid_hz, cents_from, free_port, panel

from nsynth_lab.blend.weights import place_weights

PAGE = Path(__file__).resolve().parent.parent / "nsynth_lab" / "panel" / "page"
HEAVIEST = 190_000  # bytes, all files of the page together, as they are sent; a quarter waits for a tab to be opened
FIRST = 400_000  # bytes, unpacked: what is loaded before a tab is opened
DULL, BRIGHT = "drawbar organ", "saw lead"  # recorded in tune, and quick to speak
KEY = 69  # H on the computer's keyboard
CENTS = 10.0


def test_it_is_light_and_holds_nothing_that_runs_in_the_text() -> None:
    files = [path for path in PAGE.iterdir() if path.is_file()]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < HEAVIEST
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)", text)


def test_it_names_no_other_site() -> None:
    for path in PAGE.iterdir():
        addresses = set(re.findall(r"https?://[^\s\"'`)]+", path.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name


@pytest.mark.parametrize("path", sorted(PAGE.glob("*.js")), ids=lambda path: path.name)
def test_every_module_is_javascript(path: Path) -> None:
    if (node := shutil.which("node")) is None:
        pytest.skip("node is not installed")
    done = subprocess.run([node, "--check", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_comes_up_without_a_complaint_and_asks_nobody_else(visit: Visit, address: str) -> None:
    """No error, no warning, nothing that the content security policy had to stop, and one server for all of it."""
    visit.page.locator("#instruments [role=option]").nth(20).wait_for(state="attached")
    assert visit.page.locator(".corner .choose span").all_text_contents() == ["flute", "cello"]
    visit.page.mouse.click(5, 400)  # the first gesture starts the sound
    visit.wait("panel.sound.isRunning")
    visit.page.wait_for_timeout(300)
    assert visit.complaints == []
    host = address.split("/")[2]
    assert {one.split("/")[2] for one in visit.asked if not one.startswith(("data:", "blob:"))} == {host}
    assert any(one.startswith("ws://") for one in visit.asked)
    parts = {one.partition("/page/")[2] for one in visit.asked if "/page/" in one}
    assert sum((PAGE / part).stat().st_size for part in {*parts, "index.html"}) < FIRST


def test_two_instruments_a_key_and_the_pad_from_one_to_the_other(visit: Visit) -> None:
    """The page plays the key's pitch, and the centroid goes one way from A to B."""
    page = visit.page
    for corner, name in enumerate((DULL, BRIGHT)):
        page.locator(".corner .choose").nth(corner).click()
        page.get_by_role("searchbox", name="Search instruments").fill(name)
        page.locator("#instruments [role=option]:visible", has_text=name).first.click()
        visit.wait("panel.state.patch.blend.corners[given[0]] === given[1]", [corner, name])
    visit.panel("panel.sound.setSafety('high')")
    visit.tap()
    page.keyboard.down("h")
    heard = []
    page.mouse.move(*visit.on_pad(0.0, 0.5))
    page.mouse.down()
    for x in (0.0, 0.25, 0.5, 0.75, 1.0):
        page.mouse.move(*visit.on_pad(x, 0.5), steps=4)
        visit.wait("Math.abs(panel.status.x - given) < 0.005", x)
        for _ in range(5):  # a machine that is too busy leaves gaps
            gaps = visit.panel("panel.sound.report.underruns + panel.status.underruns")
            page.wait_for_timeout(1200)  # longer than the tap, so that it holds nothing of the place before
            sound = visit.heard()
            if visit.panel("panel.sound.report.underruns + panel.status.underruns") == gaps:
                break
        heard.append(sound)
    assert visit.panel("panel.status.voices") == 1  # the key, and the pad on the same key
    page.mouse.up()
    page.keyboard.up("h")
    for sound in heard:
        assert np.max(np.abs(sound)) > 0.01
        assert abs(cents_from(sound, KEY)) < CENTS
    centroids = [centroid_hz(sound) for sound in heard]
    assert np.all(np.diff(centroids[:4]) > 0)
    assert centroids[4] > centroids[2], "near the saw, which beats, it wavers by a third"
    assert visit.complaints == []


def test_the_pad_sounds_where_it_is_pressed_and_goes_where_it_is_dragged(visit: Visit) -> None:
    page = visit.page
    visit.panel("panel.link.corners(['flute', 'cello'])")
    visit.wait("panel.pad.names.join() === 'flute,cello'")
    page.mouse.move(*visit.on_pad(0.2, 0.5))
    page.mouse.down()
    visit.wait("panel.status.voices === 1 && Math.abs(panel.status.x - 0.2) < 0.01")
    page.mouse.move(*visit.on_pad(0.8, 0.5), steps=5)
    visit.wait("Math.abs(panel.status.x - 0.8) < 0.01")
    assert page.get_by_role("slider", name="Blend, left to right").get_attribute("aria-valuetext") == (
        "flute 20 %, cello 80 %"
    )
    page.mouse.up()
    visit.wait("panel.status.voices === 0")
    visit.wait("Math.abs([panel.state.patch.blend.position].flat()[0] - 0.8) < 0.01")
    page.keyboard.press("Control+z")
    visit.wait("Math.abs(([panel.state.patch.blend.position].flat()[0] ?? 0.5) - 0.8) > 0.01")


def test_the_meters_are_painted_while_something_sounds_and_then_no_more(visit: Visit) -> None:
    """A page that is open and silent takes next to nothing; other colours are painted once."""
    visit.page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # peaks fall at once
    visit.page.evaluate("""() => {
      const clear = CanvasRenderingContext2D.prototype.clearRect;
      Object.assign(window, { paints: 0, paintedAt: performance.now() });
      CanvasRenderingContext2D.prototype.clearRect = function (...area) {
        const isMeter = this.canvas.className === "peaks";
        if (isMeter) Object.assign(window, { paints: paints + 1, paintedAt: performance.now() });
        return clear.apply(this, area);
      };
    }""")
    still = "performance.now() - paintedAt > 500"
    visit.page.mouse.click(5, 400)
    visit.wait(f"panel.sound.isRunning && {still}")
    before = visit.page.evaluate("paints")
    visit.page.keyboard.down("a")
    visit.wait(f"panel.sound.report.peaks[0] > 0.001 && paints > {before} + 5")
    visit.page.keyboard.up("a")
    visit.wait(still)
    before = visit.page.evaluate("paints")
    visit.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visit.wait(f"paints > {before}")


def test_fingers_a_midi_keyboard_and_panic(browser: Any, address: str) -> None:
    """Two fingers are a fifth, and the blend lies between them; a MIDI keyboard plays too; Escape twice ends it all."""
    visit = Visit(browser, address, before=MIDI_KEYBOARD)
    visit.panel("panel.link.corners(['flute', 'cello', 'oboe', 'marimba'])")
    visit.wait("panel.pad.names.length === 4")
    touches = [visit.on_pad(0.25, 0.5), visit.on_pad(0.75, 1.0)]
    touch = visit.context.new_cdp_session(visit.page)
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(touches)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    visit.wait("[...panel.held.by.values()].join() === '69,76'")
    visit.wait("Math.abs(panel.status.x - 0.5) < 0.01 && Math.abs(panel.status.y - 0.75) < 0.01")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    visit.wait("panel.held.by.size === 0")
    visit.page.locator("#midi-button").click()
    visit.page.get_by_role("radio", name="keyboards of this browser").click()
    visit.wait("document.getElementById('midi-button').ariaPressed === 'true'")
    visit.page.evaluate("strike(0x90, 64, 90)")
    visit.wait("document.querySelector('.key.down')?.dataset.key === '64' && panel.status.voices > 0")
    visit.page.keyboard.press("Escape")
    visit.page.keyboard.press("Escape")
    visit.wait("document.querySelector('.key.down') === null && panel.status.voices === 0")
    assert visit.complaints == []
    visit.close()


def test_a_preset_is_found_loaded_and_undone(visit: Visit) -> None:
    """By the keyboard alone."""
    page = visit.page
    before = visit.panel("panel.state.patch")
    page.get_by_role("tab", name="Presets").click()
    page.get_by_role("searchbox", name="Search presets").fill("glass cello")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    visit.wait("panel.state.preset === 'glass-cello'")
    assert page.locator("#patch-name").text_content() == visit.panel("panel.state.patch.name") == "Glass Cello"
    assert page.locator("#presets [aria-selected=true] .name").text_content() == "Glass Cello"
    page.keyboard.press("Control+z")
    visit.wait("panel.state.preset !== 'glass-cello'")
    assert visit.panel("panel.state.patch") == before
    assert visit.complaints == []


def test_two_pages_stay_in_step(visit: Visit, browser: Any, address: str) -> None:
    """What one does the other shows: keys, corners, the place, a knob; and neither sends the other back."""
    other = Visit(browser, address)
    visit.page.keyboard.down("a")
    other.wait("document.querySelector('.key.down')?.dataset.key === '60'")
    visit.page.keyboard.up("a")
    other.wait("document.querySelector('.key.down') === null")
    other.panel("panel.link.corners(['marimba', 'flute', 'cello'])")
    visit.wait("panel.pad.names.join() === 'marimba,flute,cello'")
    visit.panel("panel.pad.nudge('y', given - panel.pad.place.y)", 0.75)
    other.wait("Math.abs(panel.pad.place.y - 0.75) < 1e-6")
    knob = visit.page.locator("nl-knob[target='envelope.sustain']")
    knob.focus()
    knob.press("Home")
    other.wait("document.querySelector(\"nl-knob[target='envelope.sustain']\").getAttribute('aria-valuenow') === '0'")
    visit.wait("panel.state.targets['envelope.sustain'].value === 0")
    knob.press("End")
    other.wait("panel.state.targets['envelope.sustain'].value === 1")
    assert visit.panel("panel.state.patch") == other.panel("panel.state.patch")
    assert visit.complaints + other.complaints == []
    other.close()


def test_a_link_brings_the_sound_back(visit: Visit) -> None:
    """Reloaded, the page shows what it showed; an address kept from before brings back what was there then."""
    visit.panel("panel.link.corners(['flute', 'cello', 'marimba', 'oboe'])")
    visit.wait("panel.pad.names.length === 4")
    visit.panel("panel.link.place({ x: 0.25, y: 0.75 }, true)")
    there = "position?.join() === '0.25,0.75'"
    visit.wait(f"panel.state.patch.blend.{there} && {IN_ADDRESS}.{there} && {IN_ADDRESS}.corners.length === 4")
    kept, patch, revision = visit.page.url, visit.panel("panel.state.patch"), visit.panel("panel.state.revision")
    visit.page.reload()
    visit.connected()
    assert visit.panel("panel.state.patch") == patch
    assert visit.panel("panel.state.revision") == revision  # nothing has been changed by it, and nothing is to undo
    late = "history.replaceState = () => {}"  # the address is written a moment later, and by then the page is gone
    visit.panel(f"({late}, panel.link.place({{ x: 0.5, y: 0.5 }}, true))")
    visit.wait("panel.state.patch.blend.position.join() === '0.5,0.5'")
    visit.page.reload()
    visit.connected()
    assert visit.panel("panel.state.patch.blend.position") == [0.5, 0.5]
    visit.panel("panel.link.corners(['cello'])")
    visit.wait("panel.pad.names.length === 1")
    visit.page.goto("about:blank")
    visit.page.goto(kept)
    visit.connected()
    visit.wait("panel.pad.names.length === 4")
    assert visit.panel("panel.state.patch") == patch
    assert visit.complaints == []


def test_a_server_killed_and_started_again_is_found(browser: Any, tmp_path: Path) -> None:
    """By itself, with the sound that the page had, and it plays."""
    port = free_port()
    with panel("flute", "cello", port=port, log=tmp_path / "first") as (_, address):
        visit = Visit(browser, address)
        visit.panel("panel.link.corners(['oboe', 'marimba'])")
        visit.wait("panel.pad.names.join() === 'oboe,marimba'")
    visit.wait("!panel.link.isOpen")
    with panel("flute", "cello", port=port, log=tmp_path / "second"):
        visit.connected(seconds=20)
        visit.wait("panel.state.patch.blend.corners.join() === 'oboe,marimba'")
        visit.page.keyboard.down("a")
        visit.wait("panel.status.voices === 1 && panel.sound.report.peaks[0] > 0.001")
        visit.page.keyboard.up("a")
        visit.wait("panel.status.voices === 0")
    assert [one for one in visit.complaints if "net::ERR_CONNECTION" not in one] == []  # what it logs meanwhile
    visit.close()


@pytest.mark.parametrize("corners", [2, 3, 4])
def test_shares_on_the_pad_are_those_of_the_blend(visit: Visit, corners: int) -> None:
    """The page's law of places against the engine's; and every point of the pad comes back from the screen."""
    rng = np.random.default_rng(corners)
    script = """import('/page/place.js').then(({ shares, between, cornerPoints, placeAt }) => given[1].map(([x, y]) => {
      const box = { left: 20, top: 30, width: 640, height: 480 };
      const weights = shares(given[0], { x, y });
      const back = placeAt(given[0], between(cornerPoints(given[0], box), weights), box);
      return [weights, [back.x, back.y]];
    }))"""
    places = rng.uniform(0.02, 0.98, (50, 2))
    for place, (weights, back) in zip(places, visit.panel(f"await {script}", [corners, places.tolist()]), strict=True):
        dims = 1 if corners == 2 else 2
        np.testing.assert_allclose(weights, place_weights(place[:dims], corners), atol=1e-12)
        np.testing.assert_allclose(back[:dims], place[:dims], atol=1e-9)
