"""Conversions of units: note <-> Hz, cents, dB <-> gain, seconds <-> samples <-> frames.

A frame is `HOP_SAMPLES` samples at `SAMPLE_RATE`; MIDI note 69 is A4 at 440 Hz.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
HOP_SAMPLES = 512
FRAME_RATE_HZ = SAMPLE_RATE / HOP_SAMPLES

FloatArray = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Value = TypeVar("Value", float, NDArray[np.float32], NDArray[np.float64])


def note_to_hz(note: Value) -> Value:
    """MIDI note number (fractions allowed) to Hz.

    >>> note_to_hz(69.0), round(note_to_hz(60.0), 3)
    (440.0, 261.626)
    """
    hz: Value = 440.0 * 2.0 ** ((note - 69.0) / 12.0)
    return hz


def hz_to_note(hz: float) -> float:
    """Hz to MIDI note number, with its fraction.

    >>> hz_to_note(880.0)
    81.0
    """
    return 69.0 + 12.0 * math.log2(hz / 440.0)


def cents_to_ratio(cents: Value) -> Value:
    """Interval in cents to a frequency ratio.

    >>> cents_to_ratio(1200.0)
    2.0
    """
    ratio: Value = 2.0 ** (cents / 1200.0)
    return ratio


def track_hz(note: int, cents: FloatArray) -> FloatArray:
    """Frequency in Hz [frames] of a note that deviates from its nominal pitch by `cents` [frames].

    >>> track_hz(69, np.array([0.0, 1200.0], np.float32))
    array([440., 880.], dtype=float32)
    """
    return np.asarray(note_to_hz(float(note)) * cents_to_ratio(cents), np.float32)


def ratio_to_cents(ratio: float) -> float:
    """Frequency ratio to cents.

    >>> round(ratio_to_cents(1.5), 2)
    701.96
    """
    return 1200.0 * math.log2(ratio)


def db_to_gain(db: Value) -> Value:
    """Level in dB to an amplitude factor.

    >>> db_to_gain(-20.0)
    0.1
    """
    gain: Value = 10.0 ** (db / 20.0)
    return gain


def gain_to_db(gain: float, *, floor_db: float = -120.0) -> float:
    """Amplitude factor to dB, never below `floor_db`.

    >>> gain_to_db(0.1), gain_to_db(0.0)
    (-20.0, -120.0)
    """
    return max(20.0 * math.log10(gain), floor_db) if gain > 0 else floor_db


def seconds_to_frames(seconds: float) -> int:
    """Length in seconds to the nearest whole number of frames, at least one.

    >>> seconds_to_frames(1.0), seconds_to_frames(0.0)
    (94, 1)
    """
    return max(1, round(seconds * FRAME_RATE_HZ))


def seconds_to_samples(seconds: float, *, sample_rate: int = SAMPLE_RATE) -> int:
    """Length in seconds to the nearest whole number of samples, at least one.

    >>> seconds_to_samples(3.0), seconds_to_samples(1 / 3), seconds_to_samples(1 / 3, sample_rate=44_100)
    (144000, 16000, 14700)
    """
    return max(1, round(seconds * sample_rate))


def frames_to_seconds(frames: float) -> float:
    """Frames to seconds.

    >>> frames_to_seconds(93.75)
    1.0
    """
    return frames / FRAME_RATE_HZ


def samples_to_frames(samples: int) -> int:
    """Number of frames needed to hold `samples`, rounded up.

    >>> samples_to_frames(512), samples_to_frames(513)
    (1, 2)
    """
    return -(-samples // HOP_SAMPLES)
