"""What a short sound is like: sounds are made here whose brightness, noise and attack are known."""

from __future__ import annotations

import numpy as np
import pytest

from nsynth_lab.dsp.impression import HIGHEST_HZ, LOWEST_HZ, QUICKEST_SECONDS, impression
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SECONDS = np.arange(30_720) / SAMPLE_RATE
NOISE = np.random.default_rng(1).standard_normal(SECONDS.size)


def tone(f0_hz: float, *, partials: int = 1, cents: float = 0.0) -> FloatArray:
    """Partials that fall by 6 dB an octave, with a vibrato of 5.5 Hz that is `cents` deep."""
    swing = f0_hz * (2 ** (cents / 1200) - 1) / 5.5 * np.sin(2 * np.pi * 5.5 * SECONDS)
    turns = 2 * np.pi * f0_hz * SECONDS + swing
    return np.asarray(sum(np.sin(k * turns + k) / k for k in range(1, partials + 1)), np.float32)


@pytest.mark.parametrize("f0_hz", [131.0, 262.0, 880.0])
@pytest.mark.parametrize("noise_db", [-5.0, -20.0, -40.0])
def test_noise_is_told_from_partials(f0_hz: float, noise_db: float) -> None:
    sound = tone(f0_hz, partials=int(12_000 / f0_hz))
    share = 10 ** (noise_db / 10)
    heard = (HIGHEST_HZ - LOWEST_HZ) / (SAMPLE_RATE / 2)  # of white noise
    level = np.sqrt(np.mean(np.square(sound)) * share / (1 - share) / heard)
    found = impression(np.asarray(sound + level * NOISE, np.float32), f0_hz=f0_hz)
    assert found.noise_db == pytest.approx(noise_db, abs=1.0)


def test_vibrato_is_no_noise_and_noise_alone_is_all_noise() -> None:
    assert impression(tone(262.0, partials=20, cents=25.0), f0_hz=262.0).noise_db < -40.0
    assert impression(NOISE.astype(np.float32), f0_hz=262.0).noise_db > -0.5


def test_brightness_is_the_mean_frequency() -> None:
    assert impression(tone(1000.0), f0_hz=1000.0).brightness_hz == pytest.approx(1000.0, rel=0.01)
    both = tone(1000.0) + tone(3000.0)
    assert impression(both, f0_hz=1000.0).brightness_hz == pytest.approx(2000.0, rel=0.02)
    assert impression(NOISE.astype(np.float32), f0_hz=500.0).brightness_hz == pytest.approx(8_015.0, rel=0.02)


@pytest.mark.parametrize("rise_seconds", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("f0_hz", [131.0, 440.0])
def test_attack_is_seven_tenths_of_a_straight_rise(rise_seconds: float, f0_hz: float) -> None:
    sound = tone(f0_hz) * np.minimum(SECONDS / rise_seconds, 1.0).astype(np.float32)
    assert impression(sound, f0_hz=f0_hz).attack_seconds == pytest.approx(0.7 * rise_seconds, rel=0.12, abs=0.002)


def test_a_struck_sound_is_quick_and_silence_is_nothing() -> None:
    struck = tone(440.0) * np.exp(-6.0 * SECONDS).astype(np.float32)
    assert impression(struck, f0_hz=440.0).attack_seconds < 1.2 * QUICKEST_SECONDS
    assert impression(np.zeros(4_800, np.float32), f0_hz=440.0).brightness_hz == LOWEST_HZ
