"""Measuring which note a recording is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.audio import read_audio
from nsynth_lab.dsp.pitch_guess import SURE, UNHEARD, clear_note, measure_note
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz


def harmonic(note: float, *, seconds: float = 1.0, rate: int = SAMPLE_RATE, partials: int = 12) -> FloatArray:
    at = np.arange(int(seconds * rate)) / rate
    orders = [k for k in range(1, partials + 1) if k * note_to_hz(note) < 0.45 * rate]
    wave = sum(np.sin(2 * np.pi * k * note_to_hz(note) * at + k) / k for k in orders)
    return np.asarray(0.3 * wave, np.float32)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_every_key_of_the_piano_within_three_cents(rate: int) -> None:
    for note in range(21, 109):
        measured, trust = measure_note(harmonic(note + 0.2, rate=rate), rate)
        assert abs(measured - note - 0.2) < 0.03, note
        assert trust > SURE, note


def test_a_missing_fundamental_is_found() -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = sum(np.sin(2 * np.pi * k * 110.0 * at) for k in (2, 3, 4, 5))
    assert measure_note(np.asarray(0.1 * wave, np.float32), SAMPLE_RATE)[0] == pytest.approx(45, abs=0.05)


def test_a_note_of_a_tenth_of_a_second_is_enough() -> None:
    measured, trust = measure_note(harmonic(60, seconds=0.1), SAMPLE_RATE)
    assert measured == pytest.approx(60, abs=0.1)
    assert trust > SURE


@pytest.mark.parametrize("seconds", [0.3, 0.5])
def test_a_short_pure_sine_is_heard(seconds: float) -> None:
    """Beside its one partial stand only feet of the window's main lobe, whose parabolas lead below 0 Hz."""
    for hz in (211.9, 286.5, 361.1, 435.7, 659.5):
        measured, trust = measure_note(harmonic(69 + 12 * np.log2(hz / 440), seconds=seconds, partials=1), SAMPLE_RATE)
        assert measured == pytest.approx(69 + 12 * np.log2(hz / 440), abs=0.02)
        assert trust > UNHEARD


@pytest.mark.parametrize("semitones", [1.0, 2.0])
@pytest.mark.parametrize("rate_hz", [4.0, 6.0])
def test_a_wide_vibrato_has_the_note_in_its_middle(semitones: float, rate_hz: float) -> None:
    at = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(note_to_hz(64.0 + semitones * np.sin(2 * np.pi * rate_hz * at))) / SAMPLE_RATE
    wave = np.asarray(0.3 * sum(np.sin(k * phase) / k for k in range(1, 12)), np.float32)
    assert clear_note(wave, SAMPLE_RATE) == 64


def test_noise_a_chord_and_silence_are_not_trusted() -> None:
    noise = np.random.default_rng(1)
    for _ in range(10):
        assert measure_note(0.1 * noise.standard_normal(SAMPLE_RATE, np.float32), SAMPLE_RATE)[1] < UNHEARD
    assert measure_note(harmonic(60) + harmonic(64) + harmonic(67), SAMPLE_RATE)[1] < SURE
    for samples in (0, 1, 63, 64, SAMPLE_RATE):
        assert measure_note(np.zeros(samples, np.float32), SAMPLE_RATE) == (0.0, 0.0)


def test_recordings_of_77_instruments(shared_data: Path) -> None:
    """97 % of all 998 are right and 99 % but for the octave; every ninth is tried here."""
    folder = shared_data / "notes"
    entries = sorted(json.loads((folder / "examples.json").read_text()).items())[::9]
    apart = []
    for name, entry in entries:
        audio = read_audio(folder / "audio" / f"{name}.flac")
        measured, trust = measure_note(audio.mono(), audio.sample_rate)
        if trust >= SURE:
            apart.append(measured - entry["pitch"])
    assert len(apart) > 0.95 * len(entries)
    assert np.mean(np.abs(apart) < 0.6) > 0.93
    assert np.mean(np.abs((np.array(apart) + 6) % 12 - 6) < 0.6) > 0.98


def test_a_flat_spectrum_gives_a_note_or_none_but_no_error() -> None:
    """Parabolas through nearly equal bins have their tops far away; a quarter of a second of anything is survived."""
    noise = np.random.default_rng(3)
    for kind in range(120):
        length = int(noise.integers(70, 4_000))
        wave = noise.standard_normal(length) if kind % 3 else np.eye(1, length, length // 2)[0] + 1e-3
        note, trust = measure_note((wave * 10.0 ** noise.uniform(-4, 0)).astype(np.float32), 16_000)
        assert np.isfinite(note)
        assert 0 <= trust <= 1
