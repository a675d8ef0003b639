"""Sound: arrays checked at the door, a player for notebooks that plays exactly these samples, a picture, a file."""

from __future__ import annotations

import base64
import io
import re
import struct
from typing import cast

import numpy as np
import pytest
import soundfile

import nsynth_lab as nl
from nsynth_lab.units import FloatArray

LSB = 1 / 32_768
CARRIES = r'<audio controls src="data:audio/wav;base64,([^"]+)">'


def sine(seconds: float, *, peak: float = 0.5, rate: int = 48_000, hz: float = 440.0) -> FloatArray:
    at = np.arange(round(seconds * rate)) / rate
    return (peak * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def shown(html: str) -> tuple[FloatArray, int]:
    """What the player in this HTML plays, [channels, samples], and its rate."""
    found = re.search(CARRIES, html)
    assert found
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(found[1])), dtype="float32", always_2d=True)
    return samples.T, rate


def test_a_player_plays_the_samples() -> None:
    both = np.stack([sine(0.5), sine(0.5, hz=880.0)])
    html = nl.Sound(both, 44_100)._repr_html_()
    samples, rate = shown(html)
    assert rate == 44_100
    assert samples.shape == both.shape
    assert np.abs(samples - both).max() < 2 * LSB
    assert "peak -6.0 dBFS" in html


def test_a_player_turns_down_what_would_clip_and_says_so() -> None:
    loud = sine(0.2, peak=2.0)
    html = nl.Sound(loud, 48_000)._repr_html_()
    samples, _ = shown(html)
    assert np.abs(samples[0] - loud / np.abs(loud).max()).max() < 2 * LSB
    assert "peak 6.0 dBFS; turned down to full scale" in html


def test_a_player_has_the_first_minute_of_a_long_sound_and_says_so() -> None:
    html = nl.Sound(np.tile(sine(1.0, rate=8_000), 61), 8_000)._repr_html_()
    samples, _ = shown(html)
    assert samples.shape == (1, 60 * 8_000)
    assert "61.00 s" in html
    assert "the first 60 s" in html


def test_an_array_becomes_channels_of_float32() -> None:
    mono = nl.Sound(sine(0.1).astype(np.float64), cast("int", np.int64(22_050)))
    assert mono.samples.shape == (1, 4_800)
    assert mono.samples.dtype == np.float32
    assert repr(mono) == "Sound(float32 [1, 4800], 22050 Hz, 0.22 s)"
    assert mono.mono().shape == (4_800,)


@pytest.mark.parametrize(
    ("samples", "rate", "says"),
    [
        (np.zeros((48_000, 2)), 48_000, r"expected \[channels, samples\]; give samples.T"),
        (np.zeros((2, 2, 9)), 48_000, r"expected \[channels, samples\]"),
        (np.zeros(9, np.int16), 48_000, "int16; expected floating point"),
        ("flute", 48_000, "expected floating point"),
        (np.zeros(9), 0, "sample rate 0"),
        (np.zeros(9), 44_100.5, "sample rate 44100.5"),
    ],
)
def test_what_is_no_sound_is_refused(samples: FloatArray, rate: int, says: str) -> None:
    with pytest.raises(nl.errors.AudioError, match=says):
        nl.Sound(samples, rate)


def test_a_sound_is_saved_whole_and_never_over_another(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("saved") / "sine.wav"
    sound = nl.Sound(sine(0.1), 22_050)
    assert sound.save(path) == path
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 22_050
    assert np.abs(samples - sound.samples[0]).max() < 2**-23, "24 bits"
    with pytest.raises(nl.errors.UsageError, match="exists already"):
        sound.save(path)
    assert nl.Sound(sine(0.2), 22_050).save(path, force=True) == path
    assert len(soundfile.read(path)[0]) == 9_600


@pytest.mark.parametrize("rate", [8_000, 48_000, 96_000])
def test_a_picture_shows_each_pitch_at_its_height(rate: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The brightest row of a sine of 1 kHz is the same at every rate, within two bands of 35 cents."""
    from nsynth_lab.picture import BANDS, HIGHEST_HZ, LOWEST_HZ, _log_spectrogram_db

    row = int(_log_spectrogram_db(sine(0.5, rate=rate, hz=1_000.0), rate).max(axis=0).argmax())
    assert abs(row - BANDS * np.log(1_000 / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)) < 2 * (96_000 / 48_000)
    picture = nl.Sound(sine(0.2, rate=rate), rate).plot(title="a sine")
    assert picture._repr_png_() == picture.png
    assert picture.png[:8] == b"\x89PNG\r\n\x1a\n"
    wide, high = struct.unpack(">II", picture.png[16:24])
    assert min(wide, high) > 300
    path = picture.save(tmp_path_factory.mktemp("picture") / "sine.png")
    assert path.read_bytes() == picture.png
    with pytest.raises(nl.errors.UsageError, match=r"\.png"):
        picture.save(path.with_suffix(".svg"))


def test_a_picture_of_a_long_sound_shows_every_click_in_columns_that_are_bounded() -> None:
    """Two clicks, 100 s and 200 s into 5 minutes of silence; and of a short sound nothing is put together."""
    from nsynth_lab.picture import MOST_COLUMNS, _log_spectrogram_db

    clicks = np.zeros(300 * 8_000, np.float32)
    clicks[[100 * 8_000, 200 * 8_000]] = 1.0
    levels = _log_spectrogram_db(clicks, 8_000).max(axis=1)
    assert len(levels) <= MOST_COLUMNS
    loud = np.flatnonzero(levels > levels.max() - 20) / len(levels)
    assert [round(at, 3) for at in sorted(set(loud.round(2)))] == [0.33, 0.67]
    assert len(_log_spectrogram_db(clicks[: 512 * 99], 48_000)) == 100
