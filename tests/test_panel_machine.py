"""The panel on the machine's own MIDI ports and audio devices: JACK's and PulseAudio's, without a sound card."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Visit, free_port, panel
from playing import spectrum_peak_hz
from servers import RECORD
from test_live_end_to_end import keyboard

from nsynth_lab.units import SAMPLE_RATE, note_to_hz

pytestmark = pytest.mark.alone
KEY = 69
CENTS = 15.0


@pytest.fixture(scope="module")
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    pytest.importorskip("rtmidi")
    pytest.importorskip("sounddevice")
    found: dict[str, str] = request.getfixturevalue("live_servers")
    return found


@pytest.fixture(scope="module")
def address(browser: Any, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a panel that these servers serve."""
    assert browser.is_connected()
    log = tmp_path_factory.mktemp("panel") / "said"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        with panel("drawbar organ", "saw lead", "--latency", "high", port=free_port(), log=log) as (_, found):
            yield found


def test_ports_are_chosen_play_and_come_and_go(visit: Visit, environment: dict[str, str]) -> None:
    """By their name; one that is unplugged lets go of its keys, and one that is plugged in is heard at once."""
    page = visit.page
    with keyboard("first", environment) as keys:
        page.locator("#midi-button").click()
        page.get_by_role("radio", name="first").click()
        visit.wait("document.querySelector('#midi-sheet .note').textContent.includes('Playing: first')")
        assert page.locator("#midi-button").get_attribute("aria-pressed") == "true"
        page.keyboard.press("Escape")
        assert page.locator("#midi-sheet").is_hidden()
        keys.do(bytes=[0x90, KEY, 100])
        visit.wait("document.querySelector('.key.down')?.dataset.key === given && panel.status.voices === 1", str(KEY))
    visit.wait("document.querySelector('.key.down') === null && panel.status.voices === 0")
    with keyboard("second", environment) as other:
        page.locator("#midi-button").click()
        page.get_by_role("radio", name="all ports").click()
        visit.wait("document.querySelector('#midi-sheet .note').textContent.includes('Playing: second')")
        other.do(bytes=[0x90, 60, 100])
        visit.wait("document.querySelector('.key.down')?.dataset.key === '60'")
        page.get_by_role("radio", name="nothing").click()
        visit.wait("document.querySelector('.key.down') === null")
    assert visit.complaints == []


def test_each_note_of_an_mpe_controller_has_a_dot_on_the_pad(visit: Visit, environment: dict[str, str]) -> None:
    """At the place of its own slide, whose zone the controller has asked for (M1-100-UM)."""
    page = visit.page
    with keyboard("seaboard", environment) as keys:
        page.locator("#midi-button").click()
        page.get_by_role("radio", name="seaboard").click()
        visit.wait("document.querySelector('#midi-sheet .note').textContent.includes('Playing: seaboard')")
        for message in ([0xB0, 101, 0], [0xB0, 100, 6], [0xB0, 6, 15]):
            keys.do(bytes=message)

        def show(there: str, *messages: list[int]) -> None:
            for _ in range(5):  # a machine that is too busy steals a voice, and its dot with it
                for message in messages:
                    keys.do(bytes=message)
                page.wait_for_timeout(1000)
                if visit.panel(there):
                    break
            visit.wait(there)

        first, second = [0x91, 60, 100], [0x92, 64, 100]
        far_apart = "panel.pad.notes.get(60)?.shown?.x < 0.01 && panel.pad.notes.get(64)?.shown?.x > 0.99"
        show(far_apart, [0xB1, 74, 0], first, [0xB2, 74, 127], second)
        keys.do(bytes=[0xB1, 74, 64])
        moved = "Math.abs(panel.pad.notes.get(60)?.shown?.x - 64 / 127) < 0.01"
        page.wait_for_timeout(1000)
        if not visit.panel("panel.pad.notes.has(60)"):
            show(moved, [0xB1, 74, 0], first, [0xB1, 74, 64])
        visit.wait(moved)
        keys.do(bytes=[0x81, 60, 64])
        visit.wait("!panel.pad.notes.has(60)")
    visit.wait("panel.pad.notes.size === 0")
    assert visit.complaints == []


def test_the_sound_goes_to_a_device_and_back(visit: Visit, environment: dict[str, str], tmp_path: Path) -> None:
    """As chosen from the list; what is recorded there has the key's pitch, and its latency can be changed meanwhile."""
    page = visit.page
    page.locator("#output-button").click()
    page.get_by_role("radio", name="pulse", exact=True).click()
    visit.wait("panel.status.output === 'device' && panel.status.device.startsWith('pulse')")
    assert page.locator("#output-button").text_content() == "pulse"
    page.locator("[data-safety=low]").click()
    visit.wait("panel.status.latency === 'low'")
    page.locator("[data-safety=high]").click()
    visit.wait("panel.status.latency === 'high' && panel.status.output === 'device'")
    page.keyboard.press("Escape")
    page.keyboard.down("h")
    visit.wait("panel.status.voices === 1")
    recorded = tmp_path / "recorded"
    with recorded.open("wb") as file, subprocess.Popen(RECORD, env=environment, stdout=file) as recording:
        page.wait_for_timeout(2500)
        recording.terminate()
    page.keyboard.up("h")
    heard = np.fromfile(recorded, "<f4")[1::2]
    assert len(heard) > SAMPLE_RATE
    loud = heard[-SAMPLE_RATE:]
    assert np.abs(loud).max() > 0.01
    partial = spectrum_peak_hz(loud) / note_to_hz(float(KEY))
    assert abs(1200 * np.log2(partial / max(round(partial), 1))) < CENTS
    page.locator("#output-button").click()
    page.get_by_role("radio", name="this page").click()
    visit.wait("panel.status.output === 'socket'")
    visit.panel("panel.link.send('output', { to: 'device', device: 'no such thing' })")
    visit.wait("document.getElementById('trouble').textContent.includes('no such thing')")
    assert visit.panel("panel.status.output") == "socket"
    assert visit.complaints == []
