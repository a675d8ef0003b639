"""Detects a decaying sound that becomes louder again: levels of the whole and of the fundamental, and their rises."""

from __future__ import annotations

import numpy as np
import torch

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

WINDOW_SAMPLES = 2048
HALF_OCTAVE = 2.0**0.5
QUIETEST = 1e-14


def levels_db(samples: FloatArray, *, f0_hz: float) -> tuple[Doubles, Doubles]:
    """(power in dB of a sound [samples] at 48 kHz, power of the octave around its fundamental), each [frames].

    Hann windows of 2048 samples, centred on the middle of each frame of 512.
    """
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    squares = torch.view_as_real(torch.fft.rfft(torch.from_numpy(_blocks(samples) * window))).square_()
    power = (squares[..., 0] + squares[..., 1]).numpy().astype(np.float64) * _scale(window)
    hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1.0 / SAMPLE_RATE)
    own = (hz > f0_hz / HALF_OCTAVE - hz[1]) & (hz < f0_hz * HALF_OCTAVE + hz[1])
    whole, fundamental = (10.0 * np.log10(part.sum(axis=1) + QUIETEST) for part in (power, power[:, own]))
    return whole, fundamental


def peak_level_db(samples: FloatArray) -> float:
    """The highest level of the whole that `levels_db` finds, without its spectra (Parseval's theorem)."""
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    blocks = _blocks(samples) * window
    turns = np.ones(WINDOW_SAMPLES, np.float32)
    turns[1::2] = -1.0
    ends = np.square(blocks.sum(axis=1)) + np.square(blocks @ turns)  # the first bin and the last have no mirror image
    power = (np.einsum("fs,fs->f", blocks, blocks) * WINDOW_SAMPLES + ends) / 2.0
    return float(10.0 * np.log10(float(power.max()) * _scale(window) + QUIETEST))


def _scale(window: FloatArray) -> float:
    """From squared magnitudes to power."""
    return 2.0 / (WINDOW_SAMPLES * float(np.square(window, dtype=np.float64).sum()))


def _blocks(samples: FloatArray) -> FloatArray:
    """Windows [frames, 2048] of `samples` [samples], centred on the middle of each frame; a read-only view."""
    padded = np.pad(np.asarray(samples, np.float32), WINDOW_SAMPLES // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)
    return windows[HOP_SAMPLES // 2 :: HOP_SAMPLES][: len(samples) // HOP_SAMPLES]


def rise_db(level_db: Doubles, *, floor_db: float) -> float:
    """How far a level [frames] rises again above its lowest value so far; rises that stay below the floor do not count.

    >>> rise_db(np.array([-20.0, -40.0, -29.0, -60.0, -52.0]), floor_db=-50.0)
    11.0
    """
    if not len(level_db):
        return 0.0
    rise = level_db - np.minimum.accumulate(level_db)
    return float(np.max(rise * (level_db >= floor_db)))
