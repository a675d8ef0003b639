"""Loudness after ITU-R BS.1770, against the figures that the recommendation and EBU Tech 3341 give."""

from __future__ import annotations

import numpy as np
import pytest

from nsynth_lab.dsp.programme_loudness import programme_loudness
from nsynth_lab.units import SAMPLE_RATE, FloatArray


def sine(dbfs: float, seconds: float, *, hz: float = 1000.0) -> FloatArray:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray(10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * at), np.float32)


def stereo(*parts: FloatArray) -> FloatArray:
    whole = np.concatenate(parts)
    return np.stack([whole, whole])


def test_a_full_scale_sine_of_997_hz_on_one_channel_is_minus_3_01_lufs() -> None:
    assert programme_loudness(sine(0.0, 3.0, hz=997.0)[None]) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize(
    ("sound", "lufs"),
    [  # EBU Tech 3341, cases 1 to 5, in a quarter of their time
        (stereo(sine(-23, 5)), -23.0),
        (stereo(sine(-33, 5)), -33.0),
        (stereo(sine(-36, 2.5), sine(-23, 15), sine(-36, 2.5)), -23.0),
        (stereo(sine(-72, 2.5), sine(-36, 2.5), sine(-23, 15), sine(-36, 2.5), sine(-72, 2.5)), -23.0),
        (stereo(sine(-26, 5), sine(-20, 5.025), sine(-26, 5)), -23.0),
    ],
)
def test_broadcasters_test_signals_measure_as_they_must(sound: FloatArray, lufs: float) -> None:
    assert programme_loudness(sound) == pytest.approx(lufs, abs=0.1)


def test_gain_moves_it_by_as_much_and_silence_is_the_floor() -> None:
    noise = np.random.default_rng(0).standard_normal((2, SAMPLE_RATE)).astype(np.float32) * 0.1
    assert programme_loudness(noise * np.float32(0.5)) == pytest.approx(programme_loudness(noise) - 6.02, abs=0.01)
    assert programme_loudness(np.zeros((2, 100), np.float32)) == -70.0
