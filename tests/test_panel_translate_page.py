"""A tune in the panel's page: dropped, seen, played by the pad, compared, moved, taken away; and sung to it live."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Visit, centroid_hz, cents_from, chromium
from test_panel_own_sounds import drop, reed, violations_at_all_widths
from test_transcribe import needs_network

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.units import SAMPLE_RATE

PANEL = ("flute", "cello", "--latency", "high")
KEY = 69
CENTS = 20.0
HEARD_SECONDS = 240.0  # until a test gives up: a job goes after everything else on the machine


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Chromium whose microphone hears A4 for two seconds of each three."""
    pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")
    path = tmp_path_factory.mktemp("microphone") / "heard.wav"
    write_audio(path, Audio(np.pad(reed(KEY, seconds=2.0), (0, SAMPLE_RATE))[None]), subtype="PCM_16")
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with chromium(*flags, f"--use-file-for-fake-audio-capture={path}") as opened:
        yield opened


def test_a_tune_is_dropped_seen_played_and_moved(visit: Visit, tmp_path: Path) -> None:
    """In tune while it goes from A to B, which is heard; its place by keys; its source at the same time; after a reload
    it is there again. Nothing of it keeps anybody out."""
    page = visit.page
    visit.panel("panel.link.place({ x: 0, y: 0.5 }, true)")
    page.locator("#tab-translate").click()
    visit.wait("panel.translate")
    tune = np.concatenate([reed(KEY - 4, seconds=1.0), np.zeros(SAMPLE_RATE // 4), reed(KEY, seconds=4.0)])
    drop(visit, write_audio(tmp_path / "my tune.wav", Audio(tune[None].astype(np.float32))), on="#translate")
    page.locator("#phrase").wait_for(timeout=1000 * HEARD_SECONDS)
    assert page.locator("#phrase-facts").text_content() == "5.2 s, 5.0 s of it tones; 2 notes from F4 to A4"
    assert page.locator(".as-text tbody tr").count() == 2
    assert visit.panel("panel.pad.names") == ["flute", "cello"]  # it went on no corner

    place = page.locator("#phrase .picture")
    visit.wait("panel.translate.view.picture")
    place.focus()
    page.keyboard.press("PageDown")
    assert place.get_attribute("aria-valuetext").startswith("0.0 s, ")
    for key in ("PageUp", "PageUp"):
        page.keyboard.press(key)
    assert place.get_attribute("aria-valuetext") == "2.0 s, A4 +0 cents"
    assert drawn(visit)

    page.get_by_role("button", name="loop").click()
    page.get_by_role("button", name="Play", exact=True).click()
    visit.wait("panel.status.voices > 0 && panel.sound.isRunning && panel.translate.now.at > 2")
    visit.tap()
    sounds = []
    for x in (0.0, 1.0):
        visit.panel("panel.link.place({ x: given, y: 0.5 }, true)", x)
        visit.panel("panel.translate.view.dispatchEvent(new CustomEvent('seek', { detail: 2 }))")
        page.wait_for_timeout(1600)
        sounds.append(visit.heard())
        assert abs(cents_from(sounds[-1], KEY)) < CENTS
    assert centroid_hz(sounds[1]) > 1.1 * centroid_hz(sounds[0])
    page.get_by_role("radio", name="Source").click()
    visit.panel("panel.translate.view.dispatchEvent(new CustomEvent('seek', { detail: 2 }))")
    page.wait_for_timeout(2000)
    assert abs(cents_from(visit.heard(), KEY)) < 5.0
    assert not (found := violations_at_all_widths(visit, "#translate", "#phrase")), found
    page.get_by_role("button", name="Stop", exact=True).click()
    visit.wait("panel.translate.now.phrase === ''")

    page.reload()
    visit.connected()
    page.locator("#tab-translate").click()
    visit.wait("panel.translate")
    page.locator("#phrase").wait_for()
    assert page.locator("#translate a.midi").get_attribute("href").endswith("/notes.mid")
    with page.expect_download() as kept:
        page.locator("#translate a.midi").click()
    assert Path(kept.value.path()).read_bytes().startswith(b"MThd")
    page.locator("#translate .taken .remove").click()
    page.locator("#phrase").wait_for(state="hidden")
    assert visit.complaints == []


def test_chords_are_dropped_seen_and_played_with_what_is_left(visit: Visit, tmp_path: Path) -> None:
    """Three notes at once: each is drawn and named; all of them sound; the rest beside them as loud as asked."""
    needs_network()
    page = visit.page
    page.locator("#tab-translate").click()
    visit.wait("panel.translate && panel.translate.now")
    page.get_by_label("several notes at once").check()
    visit.wait("panel.translate.now.options.several")
    chord = np.sum([reed(key, seconds=2.0) for key in (57, 61, 64)], axis=0) / 3
    drop(visit, write_audio(tmp_path / "chord.wav", Audio(chord[None].astype(np.float32))), on="#translate")
    page.locator("#phrase").wait_for(timeout=1000 * HEARD_SECONDS)
    visit.wait("panel.translate.view.picture")
    assert "from A3 to E4" in page.locator("#phrase-facts").text_content()
    place = page.locator("#phrase .picture")
    place.focus()
    page.keyboard.press("PageUp")
    assert place.get_attribute("aria-valuetext") == "1.0 s, A3 C♯4 E4"
    assert page.get_by_label("as notes").is_disabled()
    assert page.locator("#translate a.kept").get_attribute("aria-disabled") == "true"
    page.get_by_label("with the rest").check()
    visit.wait("panel.translate.now.options.rest && !document.querySelector('#translate [name=residual]').disabled")
    visit.panel("panel.link.send('translate', { ...panel.translate.now.options, loop: true })")
    visit.wait("panel.translate.now.options.loop")
    page.get_by_role("button", name="Play", exact=True).click()
    visit.wait("panel.status.voices >= 3")
    page.get_by_role("button", name="Stop", exact=True).click()
    assert not (found := violations_at_all_widths(visit, "#translate", "#phrase")), found
    page.locator("#translate .render").click()
    visit.wait("document.querySelector('#translate .rendered audio, #translate .rendered a')", seconds=HEARD_SECONDS)
    page.get_by_label("several notes at once").uncheck()
    visit.wait("!panel.translate.now.options.several")
    page.locator("#translate .taken .remove").click()
    assert visit.complaints == []


@pytest.mark.alone
def test_a_tune_is_sung_to_the_page_and_played_at_once(visit: Visit, record_property: Any) -> None:
    """By this page's microphone over the socket: the note is shown and sounds in tune; it ends with the button. And it
    is recorded, to be played afterwards."""
    page = visit.page
    page.locator("#tab-translate").click()
    visit.wait("panel.translate")
    page.locator("#translate [name=input]").select_option("page")
    page.get_by_role("button", name="Listen").click()
    sung = "Math.abs(panel.translate.now.note - given) < 0.2"
    visit.wait(f"panel.translate.now.listens === 'page' && {sung}", KEY, seconds=90.0)
    visit.wait("panel.status.voices > 0 && panel.sound.isRunning")
    visit.tap()
    visit.wait(f"!({sung})", KEY, seconds=90.0)  # a rest: what is sung next goes on for longer than is looked at
    visit.wait(sung, KEY, seconds=90.0)
    page.wait_for_timeout(900)
    assert abs(cents_from(visit.heard(), KEY)) < CENTS
    latency = page.locator("[data-live=latency]").text_content()
    assert latency.endswith(" ms")
    record_property("latency", latency)
    record_property("without_the_page", visit.panel("panel.translate.now.latency_ms"))
    page.get_by_role("button", name="Stop listening").click()
    visit.wait("panel.translate.now.listens === 'nothing' && panel.status.voices === 0")

    page.get_by_role("button", name="Record a tune").click()
    page.wait_for_timeout(3200)
    page.locator("#translate .record").click()
    page.locator("#phrase").wait_for(timeout=1000 * HEARD_SECONDS)
    assert page.locator("#phrase-facts").text_content().endswith("on A4")
    assert visit.complaints == []


def drawn(visit: Visit) -> bool:
    """Whether the picture has more than one colour."""
    data = visit.panel("panel.translate.view.canvas.toDataURL()").partition(",")[2]
    return len(base64.b64decode(data)) > 5000
