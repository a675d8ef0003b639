"""Rooms for the panel's convolution: sent by a page, bounded, read by a process of their own, kept with the preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Visit

pytest.importorskip("uvicorn", reason="the panel's server is not installed: pip install 'nsynth-lab[panel]'")

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.effects import chain_of
from nsynth_lab.errors import AudioError
from nsynth_lab.panel.impulses import work
from nsynth_lab.panel.impulses.impulses import with_impulse
from nsynth_lab.patch import Blend, Patch, read_preset
from nsynth_lab.patch.own_presets import save_preset

PLAIN = Patch("plain", Blend(("a", "b")))
READ_SECONDS = 120.0  # until a test gives up: what reads files stands behind all else
FILE = "#effects input[type=file]"
LABELS = "(panel.state.patch.effects ?? []).map((one) => one.label ?? one.effect).join()"


def told(*_: Any) -> None:
    """Progress, of which nobody is told."""


def clap(path: Path, *, seconds: float = 0.5, rate: int = 44_100, channels: int = 1) -> Path:
    """The echoes of a clap, which die away."""
    at = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(3).normal(size=(channels, len(at)))
    write_audio(path, Audio((0.2 * noise * np.exp(-8.0 * at)).astype(np.float32), rate))
    return path


def read(sound: Path, into: Path) -> Audio:
    work.read(into.parent, told, file=str(sound), title="hall", into=str(into))
    return read_audio(into)


def test_a_room_is_brought_to_the_rate_of_the_engine_and_no_longer_than_ten_seconds(tmp_path: Path) -> None:
    short = read(clap(tmp_path / "short.wav"), tmp_path / "a.wav")
    assert (short.sample_rate, short.samples.shape) == (48_000, (1, 24_000))
    wide = read(clap(tmp_path / "wide.wav", seconds=12.0, rate=8_000, channels=3), tmp_path / "b.wav")
    assert wide.samples.shape == (2, 480_000)


def test_silence_and_what_is_no_sound_are_refused(tmp_path: Path) -> None:
    write_audio(tmp_path / "silent.wav", Audio(np.zeros((1, 4_800), np.float32), 48_000))
    with pytest.raises(AudioError, match="hall: silence; expected the sound that a room makes of a clap"):
        read(tmp_path / "silent.wav", tmp_path / "a.wav")
    (tmp_path / "junk.wav").write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(AudioError):
        read(tmp_path / "junk.wav", tmp_path / "a.wav")


def test_a_second_room_lies_beside_the_first_and_both_are_saved_with_the_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSYNTH_LAB_HOME", str(tmp_path / "home"))
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    sound = clap(tmp_path / "clap.wav")
    read(sound, tmp_path / "old" / "hall-1.wav")
    read(sound, tmp_path / "new" / "hall-2.wav")
    patch = with_impulse(with_impulse(PLAIN, tmp_path / "old" / "hall-1.wav"), tmp_path / "new" / "hall-2.wav")
    assert [(slot.label, slot.impulse) for slot in patch.effects] == [
        ("convolution", "hall-1.wav"), ("convolution 2", "hall-2.wav"),
    ]  # fmt: skip
    chain_of(patch)  # which reads both
    saved = read_preset(save_preset(patch, "In a hall"))
    chain_of(saved)
    assert saved.home != patch.home


def test_a_page_sends_a_room_by_its_keyboard_and_by_a_drop(visit: Visit, tmp_path: Path) -> None:
    """It is the chain's last effect, has the focus, and plays; what is no sound is told and adds nothing."""
    page = visit.page
    page.get_by_role("tab", name="Effects").click()
    page.get_by_role("button", name="Add an effect").press("Enter")
    page.get_by_role("searchbox", name="Search effects").fill("convolution")
    page.get_by_role("option", name="convolution").wait_for()
    page.evaluate(f"document.querySelector('{FILE}').addEventListener('click', () => (window.chooses = true))")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    visit.wait("window.chooses")  # what a browser without a window then shows is not always told
    page.locator(FILE).set_input_files(clap(tmp_path / "Great Hall.wav"))
    visit.wait(f"{LABELS} === 'convolution'", seconds=READ_SECONDS)
    visit.wait("document.activeElement.getAttribute('aria-label')?.startsWith('Move convolution')")
    assert visit.panel("panel.state.patch.effects[0].impulse").startswith("great-hall-")
    assert visit.panel("panel.state.taken_out") == {}
    dropped = clap(tmp_path / "cave.wav", seconds=0.1).read_bytes()
    page.evaluate(
        """([bytes, name]) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(bytes)], name));
          const way = { dataTransfer: carried, bubbles: true, cancelable: true };
          document.querySelector("#effects .rack").dispatchEvent(new DragEvent("drop", way));
        }""",
        [list(dropped), "cave.wav"],
    )
    visit.wait(f"{LABELS} === 'convolution,convolution 2'", seconds=READ_SECONDS)
    page.locator(FILE).set_input_files({"name": "no.wav", "mimeType": "audio/wav", "buffer": b"nothing"})
    visit.wait("document.getElementById('trouble').textContent.includes('“no” cannot be used')", seconds=READ_SECONDS)
    assert visit.panel(LABELS) == "convolution,convolution 2"
    assert visit.complaints == []
