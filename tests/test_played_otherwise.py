"""A recording as it might have been played otherwise."""

from __future__ import annotations

import numpy as np

from nsynth_lab.evaluate.played_otherwise import LONGEST_SECONDS, contour_db, played_otherwise
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

HZ, SEEDS = 440.0, range(24)


def struck(seconds: float = 3.0) -> FloatArray:
    """A tone of three partials that falls by 25 dB a second."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = sum(np.sin(2.0 * np.pi * HZ * order * at) / order for order in (1, 2, 3))
    return np.asarray(0.2 * wave * 10.0 ** (-25.0 * at / 20.0), np.float32)


def level_db(sound: FloatArray) -> Doubles:
    """Its level over 50 ms."""
    blocks = sound[: len(sound) // 2400 * 2400].reshape(-1, 2400).astype(np.float64)
    return np.asarray(10.0 * np.log10((blocks**2).mean(axis=1) + 1e-12))


def test_the_level_goes_other_ways_and_the_pitch_stays_near() -> None:
    falls = []
    for seed in SEEDS:
        sound = played_otherwise(struck(), np.random.default_rng(seed))
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert len(sound) <= LONGEST_SECONDS * SAMPLE_RATE
        spectrum = np.abs(np.fft.rfft(sound[: SAMPLE_RATE // 2] * np.hanning(len(sound[: SAMPLE_RATE // 2]))))
        loudest_hz = np.argmax(spectrum) * SAMPLE_RATE / len(sound[: SAMPLE_RATE // 2])
        assert abs(12.0 * np.log2(loudest_hz / HZ)) < 2.0
        own = level_db(sound)
        falls.append(own[2] - own[min(10, len(own) - 1)])
    assert min(falls) < 0.0, "some swell"
    assert max(falls) > 12.0, "some die away faster than the recording, which falls by 10 dB in that time"


def test_a_stroke_stays_a_stroke() -> None:
    for seed in SEEDS:
        sound = played_otherwise(struck(), np.random.default_rng(seed), has_pitch=False)
        fall = level_db(sound)[1] - level_db(sound)[5]
        assert 3.5 < fall < 6.5, "25 dB a second"


def test_one_seed_gives_one_sound() -> None:
    once, again = (played_otherwise(struck(), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(once, again)


def test_contours_are_below_their_loudest_moment() -> None:
    for seed in SEEDS:
        contour = contour_db(400, np.random.default_rng(seed))
        assert contour.max() <= 0.0
        assert contour.max() > -12.0
        assert contour.min() > -120.0
