"""A tone with noise beside it, as in a sung word or a breathy flute: taken apart, encoded, moved, stored."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

from nsynth_lab.audio import Audio
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.dsp.tone_and_rest import tone_and_rest
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.model.banks import DEFAULT_CHECKPOINT
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import encode
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray
from nsynth_lab.unpitched import PITCHED

RATE, HZ, NOTE = 48_000, 220.0, 57
FRAMES = 94


@functools.cache
def model() -> Checkpoint:
    """The default checkpoint."""
    return load_checkpoint(DEFAULT_CHECKPOINT)


def tone(frames: int = FRAMES) -> FloatArray:
    """Twenty partials of A3, 6 dB an octave."""
    at = np.arange(frames * 512) / RATE
    wave = sum(np.sin(2 * np.pi * HZ * k * at + k) / k for k in range(1, 21))
    return np.asarray(0.1 * wave, np.float32)


def hiss(frames: int = FRAMES, *, like: FloatArray | None = None) -> FloatArray:
    """Noise above 1 kHz, as strong as `like`."""
    spectrum = np.fft.rfft(np.random.default_rng(4).standard_normal(frames * 512))
    spectrum[np.fft.rfftfreq(frames * 512, 1 / RATE) < 1_000.0] = 0.0
    noise = np.fft.irfft(spectrum)
    power = np.mean(np.square(tone() if like is None else like))
    return np.asarray(noise * np.sqrt(power / np.mean(np.square(noise))), np.float32)


@functools.cache
def hissing() -> Latents:
    """Tone and hiss together, encoded without being told a note."""
    return encode(Audio((tone() + hiss())[None]), model())


@functools.cache
def sung() -> Latents:
    """A consonant of a fifth of a second, then a vowel."""
    return encode(Audio(np.concatenate([hiss(19) / 2, tone(75)])[None]), model(), note=NOTE)


def sound(latents: Latents) -> FloatArray:
    """What `latents` sound like."""
    return np.concatenate(list(decode(latents, model())))


def power_db(samples: FloatArray) -> float:
    """The mean power in dB."""
    return float(10.0 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def levels_db(samples: FloatArray) -> tuple[float, float]:
    """Power in dB at the first eight partials of A3, and of what lies between partials from 2 to 4 kHz."""
    own = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    away = np.abs(hz / HZ - np.rint(hz / HZ)) * HZ
    at_partials = own[(away < 8) & (hz > HZ / 2) & (hz < 8.5 * HZ)].sum()
    between = own[(away > 60) & (hz > 2_000) & (hz < 4_000)].sum()
    return float(10 * np.log10(at_partials)), float(10 * np.log10(between))


def test_tone_and_rest_add_up_and_are_what_was_mixed() -> None:
    mixed, streams = tone() + hiss(), measure(tone(), note=NOTE)
    f0 = np.full(FRAMES, HZ, np.float32)
    found, rest = tone_and_rest(mixed, f0, streams.partials)
    np.testing.assert_allclose(found + rest, mixed, atol=1e-6)
    assert power_db(found - tone()) < power_db(tone()) - 10
    nothing, all_of_it = tone_and_rest(hiss(), f0, streams.partials)
    assert power_db(nothing) < power_db(all_of_it) - 10
    alone, left = tone_and_rest(tone(), f0, streams.partials)
    assert power_db(left) < power_db(alone) - 20


def test_half_noise_is_half_pitched_and_comes_back() -> None:
    mixed = tone() + hiss()
    latents = hissing()
    assert 0.3 < latents.pitched < 0.7
    assert latents.note == NOTE
    came = sound(latents)[: len(mixed)]
    wanted, other = (mel_db(one) for one in (mixed, came))
    floor = wanted.max() - 60.0
    assert np.abs(np.maximum(other, floor) - np.maximum(wanted, floor)).mean() < 3.0
    for one, asked in zip(levels_db(came), levels_db(mixed), strict=True):
        assert one == pytest.approx(asked, abs=1.5)


def test_at_another_key_its_tone_moves_and_its_noise_stays() -> None:
    here, above = (measure_tone(sound(hissing().at_note(note))) for note in (NOTE, NOTE + 12))
    assert above == pytest.approx(2 * here, rel=0.01)
    assert levels_db(sound(hissing().at_note(NOTE + 12)))[1] == pytest.approx(levels_db(sound(hissing()))[1], abs=2.0)


def measure_tone(samples: FloatArray) -> float:
    """The frequency of the strongest line below 800 Hz."""
    own = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    hz = np.fft.rfftfreq(8 * len(samples), 1 / RATE)
    return float(hz[np.where(hz < 800, own, 0).argmax()])


def test_a_consonant_is_noise_and_the_vowel_after_it_a_tone() -> None:
    latents = sung()
    assert latents.unpitched is not None
    pitched = latents.unpitched[:, PITCHED]
    assert pitched[2:15].max() < 0.3
    assert pitched[25:70].min() > 0.8


def test_what_the_network_plays_well_alone_has_no_noise_beside_it() -> None:
    assert encode(Audio(tone()[None]), model(), note=NOTE).unpitched is None


def test_it_is_stored_and_read(tmp_path: Path) -> None:
    write_latents(tmp_path / "one.latents", hissing())
    again = read_latents(tmp_path / "one.latents")
    assert again.unpitched is not None
    np.testing.assert_allclose(again.unpitched, np.asarray(hissing().unpitched), atol=0.3)
