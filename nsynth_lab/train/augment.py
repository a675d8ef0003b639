"""What recordings of strangers have gone through, done to what the encoder hears - and to that alone.

Of the crops that are touched each gets one of: a low-pass at 4, 5.5 or 8 kHz, as of 8, 11 and 16 kHz sources; a small
room; hiss. What is to be decoded stays as it is, so timbre learns to leave these out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

CUTOFFS_HZ = (3_900.0, 5_400.0, 7_800.0)
HISS_DB = (-65.0, -40.0)
ROOM_SECONDS, ROOM_DECAY_SECONDS = 0.25, (0.03, 0.12)
ROOM_DB = (-24.0, -12.0)


def augmented(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """One crop [samples] at 48 kHz, after one of them."""
    way = WAYS[int(rng.integers(len(WAYS)))]
    return np.asarray(way(samples, rng), np.float32)


def narrowed(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Nothing above a source's own bandwidth."""
    spectrum = np.fft.rfft(samples)
    spectrum[int(rng.choice(CUTOFFS_HZ) * len(samples) / SAMPLE_RATE) :] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples)), np.float32)


def hissing(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """White noise, some way below the crop's peak."""
    gain = db_to_gain(rng.uniform(*HISS_DB)) * float(np.abs(samples).max(initial=0.0))
    return samples + np.float32(gain) * rng.standard_normal(len(samples), np.float32)


def in_a_room(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Reflections as of a small room: noise that dies away, some way below the sound itself."""
    at = np.arange(round(ROOM_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(at)) * np.exp(-at / rng.uniform(*ROOM_DECAY_SECONDS))
    tail *= db_to_gain(rng.uniform(*ROOM_DB)) / np.sqrt(np.square(tail).sum())
    size = len(samples) + len(tail)
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return np.asarray(samples + wet, np.float32)


WAYS: tuple[Callable[[FloatArray, np.random.Generator], FloatArray], ...] = (narrowed, hissing, in_a_room)
