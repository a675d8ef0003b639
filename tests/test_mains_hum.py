"""A hum of the mains is found where it never changes, and is not followed; notes beside it are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_tunes import faded, silence, steady, tone

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.analysis.phrase import LOOK_AHEAD_HOPS, follow
from nsynth_lab.analysis.source_blocks import without_hum
from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.cli.translate_heard import heard_blocks
from nsynth_lab.dsp.hum_filter import HumFilter
from nsynth_lab.dsp.mains_hum import HumFinder, MainsHum
from nsynth_lab.translate.heard_notes import heard_notes
from nsynth_lab.translate.live_hum import LiveHum
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

SECONDS = 5


def hum(hz: float, *, level: float = 0.01, seconds: float = SECONDS) -> FloatArray:
    """A fundamental and two softer harmonics."""
    turns = hz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    lines = ((1, 1.0, 0.0), (2, 0.3, 0.2), (3, 0.2, 0.4))
    return np.asarray(level * sum(gain * np.sin(2 * np.pi * (k * turns + at)) for k, gain, at in lines), np.float32)


def tune(*notes: int) -> FloatArray:
    """A note a second, with rests."""
    parts = [[faded(tone(steady(note_to_hz(note), 0.8))), silence(0.2)] for note in notes]
    return np.concatenate([part for pair in parts for part in pair])


def found(sound: FloatArray, rate: int = SAMPLE_RATE) -> MainsHum | None:
    finder = HumFinder(rate)
    finder.hear(sound)
    return finder.found()


def notes_of(blocks: FloatArray) -> list[HeardNote]:
    return heard_notes(follow([blocks], look_ahead_hops=LOOK_AHEAD_HOPS))


@pytest.mark.parametrize("hz", [49.96, 60.03])
def test_a_tune_with_a_hum_has_the_notes_of_the_tune(hz: float) -> None:
    alone = tune(60, 62, 64, 65, 67)
    hummed = alone + hum(hz)
    assert len(notes_of(hummed)) > 5  # followed in the rests
    heard = found(hummed)
    assert heard is not None
    assert heard.hz == pytest.approx(hz, abs=0.01)
    (cleaned,) = without_hum([hummed], SAMPLE_RATE, heard)
    for wanted, came in zip(notes_of(alone), notes_of(cleaned), strict=True):
        assert came.pitch == pytest.approx(wanted.pitch, abs=0.03)
        assert abs(came.begin_sample - wanted.begin_sample) <= 0.01 * SAMPLE_RATE


@pytest.mark.parametrize(
    "sound",
    [
        tune(35, 31, 35, 31, 35),  # B1 is 61.7 Hz, G1 49.0
        hum(60.0, level=0.2),  # nothing else: it is what is played
        tune(60, 62, 64, 65, 67) + hum(61.74),
        tune(60, 62, 64, 65, 67) + np.concatenate([hum(60.0, seconds=2.5), silence(2.5)]),  # it ends
        tune(60, 62, 64),  # nothing
        silence(3.0),
    ],
)
def test_notes_are_no_hum(sound: FloatArray) -> None:
    assert found(sound) is None


def test_the_notch_is_narrow() -> None:
    """A line falls by 40 dB; B1 and G1 stay within half a dB."""
    for hz, least_db, most_db in ((60.0, -np.inf, -40.0), (61.74, -0.5, 0.5), (58.27, -0.5, 0.5)):
        line = np.asarray(0.01 * np.sin(2 * np.pi * hz * np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE), np.float32)
        rest = HumFilter(MainsHum(60.0, (1, 2, 3), -40.0), SAMPLE_RATE).process(line)[-SAMPLE_RATE:]
        assert least_db <= 20.0 * np.log10(np.std(rest) / np.std(line)) <= most_db


def test_blocks_of_any_size_give_the_same() -> None:
    sound = tune(60, 62) + hum(50.0, seconds=2)
    whole = HumFilter(MainsHum(50.0, (1, 2, 3), -40.0), SAMPLE_RATE).process(sound)
    parts = HumFilter(MainsHum(50.0, (1, 2, 3), -40.0), SAMPLE_RATE)
    cut = [parts.process(part) for part in np.split(sound, [1, 8, 300, 300, 777, 50_000])]
    assert np.abs(np.concatenate(cut) - whole).max() < 1e-6


def test_live_a_hum_is_left_out_after_some_seconds_and_told_once() -> None:
    live, sound = LiveHum(), hum(60.0, level=0.005, seconds=12)
    came = np.concatenate([live.process(block) for block in np.split(sound, 48)])
    assert len(came) == len(sound)
    assert np.std(came[-SAMPLE_RATE:]) < 0.03 * np.std(sound)
    assert live.troubles() == ["a steady hum of 60 Hz from the mains is left out"]
    assert not live.troubles()


def test_a_hum_in_a_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, sound = tmp_path / "hum.wav", tune(60, 62, 64, 65, 67) + hum(50.0)
    write_audio(path, Audio(sound[None], SAMPLE_RATE))
    came = np.concatenate(list(heard_blocks(path, SAMPLE_RATE)))
    assert "hum.wav: a steady hum of 50 Hz from the mains is left out" in capsys.readouterr().err
    assert len(came) == len(sound)
