"""augment(samples): degrades the encoder's input as home recordings are degraded, and nothing else.

A crop gets one of: a low-pass at 4, 5.5 or 8 kHz, as in sources of 8, 11 and 16 kHz; a small room; hiss. The decoder's
target stays clean, so timbre learns to ignore these.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, FloatArray, db_to_gain

CUTOFFS_HZ = (3_900.0, 5_400.0, 7_800.0)
HISS_DB = (-65.0, -40.0)
ROOM_SECONDS, ROOM_DECAY_SECONDS = 0.25, (0.03, 0.12)
ROOM_DB = (-24.0, -12.0)


def augment(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Apply a random one of `AUGMENTATIONS` to a crop [samples] at 48 kHz."""
    augmentation = AUGMENTATIONS[int(rng.integers(len(AUGMENTATIONS)))]
    return np.asarray(augmentation(samples, rng), np.float32)


def low_pass(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Remove everything above a random one of `CUTOFFS_HZ`."""
    spectrum = np.fft.rfft(samples)
    spectrum[int(rng.choice(CUTOFFS_HZ) * len(samples) / SAMPLE_RATE) :] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples)), np.float32)


def add_hiss(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Add white noise, 40 to 65 dB below the crop's peak."""
    gain = db_to_gain(rng.uniform(*HISS_DB)) * float(np.abs(samples).max(initial=0.0))
    return samples + np.float32(gain) * rng.standard_normal(len(samples), np.float32)


def add_reverb(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Add the reflections of a small room: convolution with decaying noise, 12 to 24 dB below the sound."""
    at = np.arange(round(ROOM_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(at)) * np.exp(-at / rng.uniform(*ROOM_DECAY_SECONDS))
    tail *= db_to_gain(rng.uniform(*ROOM_DB)) / np.sqrt(np.square(tail).sum())
    size = len(samples) + len(tail)
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return np.asarray(samples + wet, np.float32)


AUGMENTATIONS: tuple[Callable[[FloatArray, np.random.Generator], FloatArray], ...] = (low_pass, add_hiss, add_reverb)
