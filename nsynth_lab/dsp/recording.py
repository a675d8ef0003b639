"""Recordings of unknown origin: trimmed to the note, with their levels, background noise and clipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.pitch_guess import SURE, measure_note
from nsynth_lab.units import FloatArray, gain_to_db

SILENT_DB = -60.0  # dBFS: a recording with a lower peak is empty
SHORTEST_SECONDS = 0.1
QUIET_DB = -60.0  # relative to the loudest moment: silence before and after the note
BACKGROUND_DB = -40.0  # relative to the note: background noise that deserves a warning
BLOCK_SECONDS = 0.01
RISING_DB = -20.0
STEADY_DB = 3.0
FADE_IN_SECONDS, FADE_OUT_SECONDS = 0.002, 0.02
FULL_SCALE = 0.985
CLIPPED_RUN, CLIPPED_SAMPLES = 3, 12


@dataclass(frozen=True)
class Trimmed:
    """A note without the silence around it.

    Attributes:
        samples: float32 [samples].
        start_seconds, end_seconds: its position in the recording.
        whole_seconds: its length without the limit.
        background_db: level before the note relative to its loudest 10 ms; -120 if there is no background.
    """

    samples: FloatArray
    start_seconds: float
    end_seconds: float
    whole_seconds: float
    background_db: float


def trim(samples: FloatArray, sample_rate: int, *, max_seconds: float) -> Trimmed:
    """Cut mono `samples` [samples] to the note, at most `max_seconds` of it, with short fades at both ends.

    The note is everything from the first to the last 10 ms above -60 dB relative to the loudest, or above the
    background by 6 dB if that is louder. The background is a steady sound before the note that does not have its pitch.
    """
    block = _block(sample_rate)
    levels = level_db(samples, sample_rate)
    background_db = _background_db(samples, sample_rate, levels)
    loud = np.flatnonzero(levels > max(QUIET_DB, background_db + 6) + levels.max())
    first = max(0, int(loud[0]) - 1) if len(loud) else 0
    last = int(loud[-1]) + 2 if len(loud) else len(levels)
    start, whole = first * block, min(last * block, len(samples))
    end = min(whole, start + round(max_seconds * sample_rate))
    kept = np.array(samples[start:end], np.float32)
    fades = ((FADE_IN_SECONDS, slice(None)), (FADE_OUT_SECONDS, slice(None, None, -1)))
    for seconds, direction in fades:
        length = min(round(seconds * sample_rate), len(kept))
        kept[direction][:length] *= np.linspace(0.0, 1.0, length, dtype=np.float32)
    return Trimmed(kept, start / sample_rate, end / sample_rate, (whole - start) / sample_rate, background_db)


def is_clipped(samples: FloatArray) -> bool:
    """Whether the peaks are clipped at full scale: runs of equal samples there, in any channel of [..., samples]."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < FULL_SCALE:
        return False
    flat = (np.abs(samples) >= 0.9995 * peak).reshape(-1, samples.shape[-1])
    runs = flat[:, 2:] & flat[:, 1:-1] & flat[:, :-2]
    return bool(int(runs.sum()) + CLIPPED_RUN - 1 >= CLIPPED_SAMPLES)


def peak_db(samples: FloatArray) -> float:
    """Peak level in dBFS; at least -120."""
    return gain_to_db(float(np.abs(samples).max(initial=0.0)))


def level_db(samples: FloatArray, sample_rate: int) -> NDArray[np.float64]:
    """RMS level in dBFS of each 10 ms of mono `samples` [samples]; at least -120."""
    if not len(samples):
        return np.full(1, -120.0)
    block = _block(sample_rate)
    square = np.asarray(samples, np.float64) ** 2
    starts = np.arange(0, len(samples), block)
    mean = np.add.reduceat(square, starts) / np.diff(np.append(starts, len(samples)))
    return np.asarray(10 * np.log10(np.maximum(mean, 1e-12)))


def mean_level_db(samples: FloatArray) -> float:
    """RMS level in dBFS of all of `samples` [samples]; at least -120."""
    return float(10 * np.log10(max(float(np.square(samples, dtype=np.float64).mean()), 1e-12)))


def _block(sample_rate: int) -> int:
    return max(1, round(BLOCK_SECONDS * sample_rate))


def _background_db(samples: FloatArray, sample_rate: int, levels: NDArray[np.float64]) -> float:
    """Level before the note relative to its loudest block, in dB; -120 if nothing steady precedes it."""
    relative = levels - levels.max()
    blocks = max(0, int(np.argmax(relative > RISING_DB)) - 1)
    before, half = relative[:blocks], blocks // 2
    if blocks < SHORTEST_SECONDS / BLOCK_SECONDS or abs(before[half:].mean() - before[:half].mean()) > STEADY_DB:
        return -120.0  # too short to be sure, or a note that swells
    begin = round(blocks * BLOCK_SECONDS * sample_rate)
    if _sound_alike(samples[:begin], samples[begin:], sample_rate):
        return -120.0  # its own soft attack
    return float(before.mean())


def _sound_alike(one: FloatArray, other: FloatArray, sample_rate: int) -> bool:
    (note, trust), (other_note, other_trust) = measure_note(one, sample_rate), measure_note(other, sample_rate)
    apart = abs((note - other_note + 6) % 12 - 6)
    return min(trust, other_trust) >= SURE and apart < 1
