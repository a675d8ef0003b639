"""Metrics of single notes, on sounds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nsynth_lab.dsp.envelope import Marks
from nsynth_lab.dsp.harmonics import COUNTED_PARTIALS, noise_to_harmonic_db, odd_to_even_db, steady
from nsynth_lab.errors import AudioError
from nsynth_lab.evaluate.metrics.attack_decay import attack_of, decay_db_per_second, envelope_db, sounding
from nsynth_lab.evaluate.metrics.compare import compare
from nsynth_lab.evaluate.metrics.distances import multi_resolution_distance
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

SECONDS = 1.536  # whole frames
AT = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE


def tone(note: float = 57, *, amplitudes: NDArray[np.float64] | None = None, course: object = 1.0) -> FloatArray:
    """Partials 1, 2, .. of these amplitudes, their level following `course` [samples]."""
    levels = 0.1 / np.arange(1, 21) if amplitudes is None else amplitudes
    orders = np.arange(1, len(levels) + 1)
    waves = np.cos(2 * np.pi * note_to_hz(note) * orders[:, None] * AT + (orders**2)[:, None])
    return np.asarray((levels @ waves) * np.asarray(course), np.float32)


def noise(level: float, seed: int = 0) -> FloatArray:
    return np.asarray(level * np.random.default_rng(seed).standard_normal(len(AT)), np.float32)


def test_a_sound_is_no_distance_from_itself() -> None:
    sound = Sound(tone() + noise(1e-3), 57)
    errors = compare(sound, Sound(sound.samples, 57))
    assert errors.pop("share_above_20khz_db") == errors.pop("original_share_above_20khz_db")
    assert {name: value for name, value in errors.items() if value != 0.0} == {}


def test_refusals() -> None:
    sound = Sound(tone(), 57)
    with pytest.raises(AudioError, match="the same length"):
        compare(Sound(sound.samples[:-512], 57), sound)
    with pytest.raises(AudioError, match="silent"):
        compare(sound, Sound(np.zeros_like(sound.samples), 57))
    with pytest.raises(AudioError, match="NaN"):
        Sound(sound.samples * np.float32(np.nan), 57)


def test_twice_as_loud_is_one_and_a_logarithm_away() -> None:
    """|W - 2W| / |W| = 1, and |ln 2W - ln W| = ln 2 in every bin above the floor."""
    assert multi_resolution_distance(noise(0.2), noise(0.1)) == pytest.approx(1 + np.log(2), abs=0.01)


def test_what_lies_below_the_floor_is_no_distance() -> None:
    quiet = tone(amplitudes=np.array([0.5]))
    assert multi_resolution_distance(quiet + noise(1e-6), quiet) < 0.001


def test_a_bias_has_a_sign() -> None:
    quiet = compare(Sound(tone() * np.float32(0.8), 57), Sound(tone(), 57))
    assert quiet["loudness_bias_db"] == pytest.approx(20 * np.log10(0.8), abs=0.01)
    assert quiet["loudness_error_db"] == pytest.approx(-20 * np.log10(0.8), abs=0.01)


# --- the course of a note ---


@pytest.mark.parametrize("note", [36, 57, 81])
@pytest.mark.parametrize("rise_ms", [60.0, 200.0])
def test_the_attack_of_a_linear_rise_is_seven_tenths_of_it(rise_ms: float, note: int) -> None:
    sound = tone(note, course=np.clip(AT * 1000 / rise_ms, 0, 1))
    attack = attack_of(envelope_db(sound, f0_hz=note_to_hz(float(note))), Marks(int(rise_ms / 10.67), 144))
    assert attack.length_ms == pytest.approx(0.7 * rise_ms, abs=6.0 if note == 36 else 2.0)


@pytest.mark.parametrize("late_ms", [3.0, 25.0])
def test_a_late_onset_is_that_late(late_ms: float) -> None:
    began = [tone(course=np.clip((AT * 1000 - start) / 20, 0, 1)) for start in (50.0, 50.0 + late_ms)]
    errors = compare(Sound(began[1], 57), Sound(began[0], 57))
    assert errors["onset_error_ms"] == pytest.approx(late_ms, abs=0.5)
    assert errors["attack_error_ms"] == pytest.approx(0.0, abs=1.0)


def test_a_slower_attack_is_that_much_slower() -> None:
    slow, fast = (tone(course=np.clip((AT * 1000 - 30) / rise, 0, 1)) for rise in (70.0, 50.0))
    assert compare(Sound(slow, 57), Sound(fast, 57))["attack_error_ms"] == pytest.approx(14.0, abs=1.5)


@pytest.mark.parametrize("note", [28, 33, 57])
def test_the_envelope_of_a_steady_tone_does_not_ripple(note: int) -> None:
    course = envelope_db(tone(note), f0_hz=note_to_hz(float(note)))[100:-100]
    assert np.ptp(course) < 0.2


@pytest.mark.parametrize("slope", [-40.0, -6.0, 3.0])
def test_the_slope_of_a_decay(slope: float) -> None:
    sound = Sound(tone(course=10 ** (slope * AT / 20)), 57)
    level = sound.streams.loudness_db
    assert decay_db_per_second(level, Marks(5, 135), audible=sounding(level)) == pytest.approx(slope, abs=0.2)
    assert decay_db_per_second(level, Marks(5, 10), audible=sounding(level)) is None


def test_a_faster_decay_is_that_much_faster() -> None:
    fast, slow = (Sound(tone(course=10 ** (slope * AT / 20)), 57) for slope in (-25.0, -20.0))
    assert compare(fast, slow)["decay_error_db_per_second"] == pytest.approx(5.0, abs=0.2)


# --- partials and noise ---


@pytest.mark.parametrize("note", [33, 57, 76])
def test_one_partial_louder_counts_a_twentieth(note: int) -> None:
    levels = 0.1 / np.arange(1, COUNTED_PARTIALS + 1)
    louder = levels.copy()
    louder[2] *= 2
    errors = compare(Sound(tone(note, amplitudes=louder), note), Sound(tone(note, amplitudes=levels), note))
    assert errors["partial_error_db"] == pytest.approx(6.02 / COUNTED_PARTIALS, abs=0.05)
    assert errors["f0_error_cents"] == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("note", [45, 57, 76])
@pytest.mark.parametrize("level", [0.001, 0.01, 0.1])
def test_noise_between_partials(level: float, note: int) -> None:
    levels = 0.1 / np.arange(1, 21)
    sound = Sound(tone(note, amplitudes=levels) + noise(level), note)
    lines = sound.lines
    band_hz = lines.partials.shape[1] * note_to_hz(float(note))  # from half of f0 to half of it above the last partial
    in_band = level**2 * band_hz / (SAMPLE_RATE / 2)
    under_partials = in_band * 9 / 16  # what noise lies within a partial's bins, at most
    low = 10 * np.log10(in_band / ((levels**2).sum() / 2 + under_partials))
    high = 10 * np.log10(in_band / ((levels**2).sum() / 2))
    assert low - 0.5 < noise_to_harmonic_db(lines, steady(lines)) < high + 0.5


def test_a_tone_alone_has_no_noise() -> None:
    lines = Sound(tone(), 57).lines
    assert noise_to_harmonic_db(lines, steady(lines)) < -60.0


def test_twice_the_noise_is_6_db_more() -> None:
    errors = compare(Sound(tone() + noise(2e-3), 57), Sound(tone() + noise(1e-3), 57))
    assert errors["noise_error_db"] == pytest.approx(6.02, abs=0.3)


def test_stretched_partials_are_read_where_they_lie() -> None:
    """A stiff string: partial 20 lies two thirds of f0 high, and still all levels are right."""
    orders = np.arange(1, 21)
    places = orders * np.sqrt(1 + 1.6e-4 * orders**2)
    levels = 0.1 / orders
    waves = np.cos(2 * np.pi * note_to_hz(57.0) * places[:, None] * AT + (orders**2)[:, None])
    lines = Sound((levels @ waves).astype(np.float32), 57).lines
    heard = 10 * np.log10(lines.partials[10:-10, :15].mean(axis=0) * 2)
    assert heard == pytest.approx(20 * np.log10(levels[:15]), abs=0.3)


def test_odd_against_even() -> None:
    levels = np.full(20, 0.02)
    levels[1::2] = 0.002
    # nine odd partials above the first, ten even ones 20 dB below
    assert odd_to_even_db(Sound(tone(amplitudes=levels), 57).lines) == pytest.approx(20 + 10 * np.log10(0.9), abs=0.2)
