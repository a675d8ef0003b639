"""Sounds of one's own in the panel's page: recorded, dropped, opened, compared, corrected, kept."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import IN_ADDRESS, Visit, cents_from, chromium
from node_tools import node_tool
from numpy.typing import NDArray
from test_panel_access import HEIGHT, WIDTHS, violations

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.threads import usable_processors
from nsynth_lab.units import SAMPLE_RATE

KEY = 69  # H on the computer's keyboard
PANEL = ("flute", "cello", "--latency", "high")
MINUTE = 60.0  # in which a new user has played a blend of an own recording, with the machine for themselves
CENTS = 15.0
RECORDED_MS = 700  # as short as it can be: what is longer takes longer to encode
# logs what the two buttons show: the sound lasts half a second, and polling a busy page may miss that
WATCH_BOTH = """([original, again]) => {
  window.pressed = [];
  const note = () => window.pressed.push(`${original.ariaPressed} ${again.ariaPressed}`);
  const watch = { attributes: true, attributeFilter: ["aria-pressed"] };
  for (const one of [original, again]) new MutationObserver(note).observe(one, watch);
}"""
ENCODED_SECONDS = 240.0  # until a test gives up: torch is read from the disk, beside other tests


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium whose microphone hears a reed on D4, again and again."""
    pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")
    path = tmp_path_factory.mktemp("microphone") / "heard.wav"
    write_audio(path, Audio(reed(62, seconds=5.0)[None]), subtype="PCM_16")
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with chromium(*flags, f"--use-file-for-fake-audio-capture={path}") as opened:
        yield opened


def reed(note: int, *, seconds: float) -> NDArray[np.float32]:
    """A steady tone of twelve partials, at a third of full scale."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hz = 440.0 * 2 ** ((note - 69) / 12)
    tone = sum(np.sin(2 * np.pi * hz * k * at) / k for k in range(1, 13))
    fade = np.minimum(1.0, np.minimum(at, seconds - at) / 0.02)
    return np.asarray(0.2 * tone * fade, np.float32)


class Hands:
    """A new user's: every press is counted, and the seconds since the page was opened."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.pressed, self.began = visit, 0, time.monotonic()

    def click(self, button: str) -> None:
        self.pressed += 1
        self.visit.page.get_by_role("button", name=button, exact=True).click()

    def key(self, key: str) -> None:
        self.pressed += 1
        self.visit.page.keyboard.press(key)

    def until_blended(self) -> float:
        """Seconds since the page was opened, once a blend of the recording sounds from this page."""
        self.visit.wait("panel.status.voices > 0 && panel.sound.report.peaks[0] > 0.005")
        return time.monotonic() - self.began


@contextmanager
def new_user(browser: Any, address: str) -> Iterator[tuple[Visit, Hands]]:
    """Somebody who opens the page; the clock runs from then on."""
    began = time.monotonic()
    visit = Visit(browser, address)
    hands = Hands(visit)
    hands.began = began
    yield visit, hands
    assert visit.complaints == []
    visit.close()


def others_at_work() -> float:
    """How many want each processor, at least 1: on a machine that is shared, all takes so much longer."""
    if not hasattr(os, "getloadavg"):  # Windows
        return 1.0
    return max(1.0, os.getloadavg()[0] / usable_processors())


def recorded_for_a_while(visit: Visit) -> None:
    """Since the page said that it records: the browser may have had to open the microphone."""
    visit.page.get_by_role("button", name="Stop", exact=True).wait_for()
    visit.page.wait_for_timeout(RECORDED_MS)


def wait_until_it_stands(visit: Visit, before: str, *, corner: int = 0) -> None:
    """Another recording than what stood on the corner before."""
    script = "(([at, before]) => at !== before && at.endsWith(' (recording)'))"
    corners = "panel.state.patch.blend.corners"
    visit.wait(f"{script}([{corners}[given[0]], given[1]])", [corner, before], seconds=ENCODED_SECONDS)


def test_with_the_mouse_alone(browser: Any, address: str, record_property: Any) -> None:
    """Record, stop, press the pad: three clicks, and less than a minute; between the two corners it is a blend."""
    with new_user(browser, address) as (visit, hands):
        before = visit.panel("panel.state.patch.blend.corners[0]")
        hands.click("Record a sound")
        recorded_for_a_while(visit)
        hands.click("Stop")
        wait_until_it_stands(visit, before)
        visit.page.mouse.move(*visit.on_pad(0.4, 0.5))
        visit.page.mouse.down()
        hands.pressed += 1
        seconds = hands.until_blended()
        visit.wait("Math.abs(panel.status.x - 0.4) < 0.01")
        visit.page.mouse.up()
        assert visit.panel("panel.state.patch.blend.corners[0]").startswith("my sound")
        assert hands.pressed == 3
        record_property("mouse_seconds", round(seconds, 1))
        assert seconds < MINUTE * others_at_work()


def test_with_the_keyboard_alone(browser: Any, address: str, record_property: Any) -> None:
    """R, R, an arrow, a letter: four keys, and less than a minute."""
    with new_user(browser, address) as (visit, hands):
        before = visit.panel("panel.state.patch.blend.corners[0]")
        hands.key("r")
        recorded_for_a_while(visit)
        hands.key("r")
        wait_until_it_stands(visit, before)
        hands.key("ArrowLeft")
        visit.page.keyboard.down("h")
        hands.pressed += 1
        seconds = hands.until_blended()
        visit.page.keyboard.up("h")
        visit.wait("[panel.state.patch.blend.position].flat()[0] < 0.5")
        assert hands.pressed == 4
        record_property("keyboard_seconds", round(seconds, 1))
        assert seconds < MINUTE * others_at_work()


def test_a_file_dropped_on_a_corner_is_played_corrected_compared_and_kept(visit: Visit, tmp_path: Path) -> None:
    """On B, in tune on its key; as another note; both sounds; then kept under a name, and found after a reload."""
    page = visit.page
    visit.panel("panel.link.corners(['flute', 'cello'])")
    visit.wait("panel.pad.names.join() === 'flute,cello'")
    path = write_audio(tmp_path / "Door bell.wav", Audio(reed(KEY, seconds=0.6)[None]))
    drop(visit, path, on=".corner[data-at=B]")
    page.locator(".corner[data-at=B] progress").wait_for()
    wait_until_it_stands(visit, "cello", corner=1)
    assert visit.panel("panel.state.patch.blend.corners") == ["flute", "door bell (recording)"]
    card = page.locator(".recording", has_text="door bell")
    card.locator(".says", has_text="A4 · ").wait_for()
    assert card.locator("canvas").get_attribute("aria-label").startswith("Waveform of door bell, 0.6 s")

    visit.panel("panel.link.place({ x: 1, y: 0.5 }, true)")  # the recording alone
    page.keyboard.down("h")
    visit.wait("panel.status.voices === 1 && panel.sound.isRunning")
    visit.tap()
    page.wait_for_timeout(900)  # longer than what `heard` looks at
    sound = visit.heard()
    page.keyboard.up("h")
    assert np.max(np.abs(sound)) > 0.01
    assert abs(cents_from(sound, KEY)) < CENTS

    original, again = (card.get_by_role("button", name=name) for name in ("Original", "Reconstruction"))
    page.evaluate(WATCH_BOTH, [original.element_handle(), again.element_handle()])
    for one, pressed in ((original, "true false"), (again, "false true")):
        one.click()
        visit.wait("window.pressed.includes(given)", pressed)
    visit.wait("window.pressed.at(-1) === 'false false'")  # it ends by itself

    card.get_by_label("Pitch").select_option("A3")
    card.get_by_role("button", name="Encode again").click()
    card.locator(".says", has_text="A3").wait_for(timeout=1000 * ENCODED_SECONDS)
    assert "sounds like A4" in card.locator(".doubts").text_content()

    assert not (found := violations_at_all_widths(visit, "#own")), found

    card.get_by_label("Name in your bank").fill("our bell")
    card.get_by_role("button", name="Keep").click()
    visit.wait("panel.state.patch.blend.corners[1] === 'our bell'")
    visit.wait(f"{IN_ADDRESS}.corners?.[1] === 'our bell'")  # a moment later
    page.reload()
    visit.connected()
    page.locator("#instruments [role=option]", has_text="our bell").wait_for()
    card.locator(".kept", has_text="in your bank as our bell").wait_for()
    card.get_by_role("button", name="Remove").click()
    card.wait_for(state="detached")
    assert visit.panel("panel.state.patch.blend.corners") == ["flute", "our bell"]
    assert visit.complaints == []


def test_what_cannot_be_used_is_said_in_a_line(visit: Visit, tmp_path: Path) -> None:
    """Junk with the ending of a sound, by the button; and what plays stays."""
    corners = visit.panel("panel.state.patch.blend.corners")
    (tmp_path / "junk.flac").write_bytes(b"fLaC" + bytes(1000))
    with visit.page.expect_file_chooser() as chosen:
        visit.page.get_by_role("button", name="Open a sound").click()
    chosen.value.set_files(tmp_path / "junk.flac")
    visit.page.locator("#trouble", has_text="junk: not a sound file that can be read").wait_for(
        timeout=1000 * ENCODED_SECONDS
    )
    assert visit.panel("panel.state.patch.blend.corners") == corners


def violations_at_all_widths(visit: Visit, *within: str) -> list[str]:
    """What axe-core has against the page as it is, and at other widths against those parts of it, dark or light."""
    visit.page.evaluate(node_tool("axe-core/axe.min.js").read_text(encoding="utf-8"))
    before = visit.page.viewport_size
    found: dict[str, Any] = {}
    for scheme, width in zip(cycle(("dark", "light")), WIDTHS, strict=False):
        visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour is on its way to another
        visit.page.set_viewport_size({"width": width, "height": HEIGHT})
        found[f"{scheme}, {width} px"] = violations(visit, within=within if found else ())
    visit.page.set_viewport_size(before)
    return [f"{look}: {one}" for look, broken in found.items() for one in broken]


def drop(visit: Visit, path: Path, *, on: str) -> None:
    """Drop a file on an element, as from the desktop."""
    script = """([selector, name, bytes]) => {
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name));
      for (const kind of ["dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true });
        document.querySelector(selector).dispatchEvent(event);
      }
    }"""
    visit.page.evaluate(script, [on, path.name, base64.b64encode(path.read_bytes()).decode()])
