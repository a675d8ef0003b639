"""The residual: what is left of a recording without its notes, such as drums, breath and noise.

94 times a second a spectrum is taken, and the partials of the notes that sound then are removed from it, a quarter tone
to either side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.synth.mixer import KNEE, soft_clip
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, db_to_gain, note_to_hz

WINDOW, HOP = 2048, 512
BIN_HZ = SAMPLE_RATE / WINDOW
EARLY_SAMPLES, LATE_SAMPLES = 1440, 9600  # a note's partials sound a little before and after it
WIDTH, LEAST_BINS = 0.03, 1.6  # of a partial, in shares of its frequency, and in bins
MOST_PARTIALS, HIGHEST_HZ = 16, 8000.0


def residual(blocks: Iterable[FloatArray], notes: Sequence[HeardNote]) -> Iterator[FloatArray]:
    """What is left of a sound without `notes`, in blocks of 512 samples, in time with the sound.

    Args:
        blocks: the sound, in mono blocks [samples] at 48 kHz.
        notes: those that were heard in it.
    """
    window = np.sqrt(np.hanning(WINDOW + 1)[:-1])
    sounding = _Sounding(notes)
    held, tail = np.zeros(WINDOW - HOP), np.zeros(WINDOW)
    at = -(WINDOW - HOP)
    for block in _padded(blocks):
        held = np.concatenate([held, block])
        while len(held) >= WINDOW:
            spectrum = np.fft.rfft(held[:WINDOW] * window) * sounding.left_at(at + WINDOW // 2)
            tail += np.fft.irfft(spectrum) * window * (2.0 * HOP / WINDOW)
            if at >= 0:
                yield tail[:HOP].astype(np.float32)
            tail = np.concatenate([tail[HOP:], np.zeros(HOP)])
            held, at = held[HOP:], at + HOP


def _padded(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    yield from blocks
    yield np.zeros(WINDOW, np.float32)


class _Sounding:
    """Which share of each bin of the spectrum is left without the notes that sound at a sample."""

    def __init__(self, notes: Sequence[HeardNote]) -> None:
        self._notes = sorted(notes, key=lambda note: note.begin_sample)
        self._begins = [note.begin_sample for note in self._notes]
        self._longest = max((note.samples for note in notes), default=0)

    def left_at(self, sample: int) -> Doubles:
        last = bisect_right(self._begins, sample + EARLY_SAMPLES)
        first = bisect_right(self._begins, sample - self._longest - LATE_SAMPLES)
        left = np.ones(WINDOW // 2 + 1)
        for note in self._notes[first:last]:
            if note.end_sample + LATE_SAMPLES > sample:
                left = left * _without(round(note.pitch))
        return left


@lru_cache(maxsize=128)
def _without(key: int) -> Doubles:
    hz = np.arange(WINDOW // 2 + 1) * BIN_HZ
    left = np.ones(len(hz))
    for partial in range(1, MOST_PARTIALS + 1):
        centre = partial * note_to_hz(float(key))
        if centre > HIGHEST_HZ:
            break
        width = max(WIDTH * centre, LEAST_BINS * BIN_HZ)
        left = np.minimum(left, np.clip((np.abs(hz - centre) - width) / BIN_HZ, 0.0, 1.0))
    return left


def beside(blocks: Iterable[FloatArray], rest: Iterable[FloatArray], *, gain_db: float) -> Iterator[FloatArray]:
    """Stereo blocks [2, samples] with a mono sound added.

    Args:
        blocks: they set the length.
        rest: the mono sound, in blocks [samples] of any size.
        gain_db: at which it is added.
    """
    gain, left, held = np.float32(db_to_gain(gain_db)), iter(rest), np.zeros(0, np.float32)
    for block in blocks:
        while len(held) < block.shape[1] and (more := next(left, None)) is not None:
            held = np.concatenate([held, more])
        own = held[: block.shape[1]]
        total = block.copy()
        total[:, : len(own)] += gain * own
        held = held[block.shape[1] :]
        yield soft_clip(total) if np.abs(total).max(initial=0.0) > KNEE else total
