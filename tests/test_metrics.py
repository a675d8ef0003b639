"""Metrics with answers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from nsynth_lab.dsp.mel_spectrum import RANGE_DB
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.metrics.compare import compare
from nsynth_lab.evaluate.metrics.distances import (
    BANDS,
    bands_below_8khz,
    f0_cents,
    f0_error_cents,
    level_error_db,
    mel_db,
    mel_error_db,
    mel_error_frames_db,
)
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.evaluate.metrics.yin_pitch import yin_cents
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz


def white(*, seconds: float = 1.0, seed: int = 0) -> FloatArray:
    """All bands well above the floor, at all times."""
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def tone(note: float) -> FloatArray:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    orders = np.arange(1, 9)[:, None]
    return (np.cos(2 * np.pi * note_to_hz(note) * orders * at + orders).T @ (0.2 / orders[:, 0])).astype(np.float32)


def test_a_sound_is_no_distance_from_itself() -> None:
    for sound in (white(), tone(60)):
        assert mel_error_db(sound, sound) == 0.0
        assert level_error_db(sound, sound) == 0.0
        assert f0_error_cents(sound, sound, note=60) == 0.0


@pytest.mark.parametrize("gain_db", [6.0, -6.0, 20.0])
def test_a_gain_is_that_far_away(gain_db: float) -> None:
    sound = white()
    louder = (sound * 10 ** (gain_db / 20)).astype(np.float32)
    assert mel_error_db(louder, sound) == pytest.approx(abs(gain_db), abs=0.01)
    assert level_error_db(louder, sound) == pytest.approx(abs(gain_db), abs=0.01)


def test_what_lies_below_the_floor_counts_only_up_to_it() -> None:
    """A tone's gaps are clamped on both sides: 6 dB there is less than 6 dB, and silence is at most 60 dB away."""
    sound = tone(72)
    assert 0.5 < mel_error_db(2 * sound, sound) < 6.03
    from_floor = np.maximum(mel_db(sound), mel_db(sound).max() - RANGE_DB) - (mel_db(sound).max() - RANGE_DB)
    heard = from_floor.max(axis=1) > 5.0
    assert mel_error_db(np.zeros_like(sound), sound) == pytest.approx(from_floor[heard].mean(), abs=1e-3)
    assert from_floor.max() == pytest.approx(RANGE_DB)


def test_a_known_tilt() -> None:
    """One and a half times the magnitude above 3 kHz: so many bands, 3.52 dB each."""
    sound = white()
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE) > 3000.0] *= 1.5
    tilted = np.fft.irfft(spectrum, len(sound)).astype(np.float32)
    band_db = np.abs(mel_db(tilted) - mel_db(sound)).mean(axis=0)
    raised = band_db > 3.4
    assert 0.4 * BANDS < raised.sum() < 0.7 * BANDS
    assert ((band_db < 0.05) | raised).sum() >= BANDS - 2  # but for the bands on the edge
    assert mel_error_db(tilted, sound) == pytest.approx(raised.mean() * 20 * np.log10(1.5), abs=0.05)


def test_frames_in_which_the_reference_is_silent_do_not_count() -> None:
    sound = np.concatenate([white(seconds=0.5), np.zeros(SAMPLE_RATE, np.float32)])
    decoded = sound.copy()
    decoded[-SAMPLE_RATE // 2 :] = white(seconds=0.5, seed=1)
    assert mel_error_db(decoded, sound) == 0.0
    assert 45 <= len(mel_error_frames_db(decoded, sound)) <= 51


def test_the_order_of_magnitude_does_not_matter() -> None:
    sound, other = tone(60), tone(61)
    quiet = mel_error_db((other * 1e-3).astype(np.float32), (sound * 1e-3).astype(np.float32))
    assert quiet == pytest.approx(mel_error_db(other, sound), abs=0.02)


def test_refusals() -> None:
    with pytest.raises(AudioError, match="silent"):
        mel_error_db(white(), np.zeros(SAMPLE_RATE, np.float32))
    with pytest.raises(AudioError, match="the same length"):
        mel_error_db(white()[:-1], white())


@pytest.mark.parametrize("cents", [-35.0, 4.0, 18.0])
def test_f0_of_a_detuned_tone(cents: float) -> None:
    assert f0_cents(tone(64 + cents / 100), note=64) == pytest.approx(cents, abs=0.2)
    assert f0_error_cents(tone(64 + cents / 100), tone(64), note=64) == pytest.approx(abs(cents), abs=0.2)


def test_the_bands_below_8_khz_hold_all_that_a_16_khz_recording_has() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE

    def level_db(hz: float) -> float:
        return float(mel_db((0.5 * np.sin(2 * np.pi * hz * at)).astype(np.float32))[20, : bands_below_8khz()].max())

    assert level_db(7_200.0) > -30.0
    assert level_db(8_000.0) < -80.0


def test_noise_above_20_khz_is_seen() -> None:
    """The mel error that losses minimise ends at 20 kHz: what lies above shows in the other figures."""
    sound = tone(72)
    hiss = np.fft.rfft(white(seed=3))
    hiss[np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE) < 20_500.0] = 0
    added = np.fft.irfft(hiss, len(sound)).astype(np.float32)
    share_db = 10 * np.log10(np.square(added).mean() / np.square(sound + added).mean())
    errors = compare(Sound(sound + added, 72), Sound(sound, 72))
    assert errors["mel_error_db"] == pytest.approx(0.0, abs=0.05)
    assert (errors["mel_error_to_24khz_db"] or 0.0) > 0.5
    assert errors["share_above_20khz_db"] == pytest.approx(share_db, abs=0.3)
    assert (errors["original_share_above_20khz_db"] or 0.0) < -100.0


@pytest.mark.parametrize("note", [28, 45, 60, 83, 90, 100])
def test_a_second_opinion_on_pitch_hears_cents(note: int) -> None:
    """Of tones that lie between the notes, also where a period is no more than 18 samples."""
    for cents in (-37.0, 12.0, 48.0):
        assert yin_cents(tone(note + cents / 100), note=note) == pytest.approx(cents, abs=2.0)
