"""The frequencies of a note's partials.

Found in one high-resolution spectrum of the sounding part (4-term Blackman-Harris window, side lobes at -92 dB; Harris
1978): in each slot (k - 0.5) f0 .. (k + 0.5) f0 the strongest peak, refined by parabolic interpolation of the log
magnitude (Smith and Serra 1987). The slot's entry is the peak's offset from k * f0, in units of f0.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.quick_median import quick_median
from nsynth_lab.latents import PARTIAL_SLOTS
from nsynth_lab.units import SAMPLE_RATE, FloatArray

SPECTRUM_SAMPLES = 65_536
RANGE_DB = 70.0
PROMINENCE_DB = 15.0
SUB_RANGE_DB = 45.0
ANCHOR_CENTS, ANCHOR_DB, ANCHOR_PROMINENCE_DB = 70.0, 25.0, 6.0
TOP_HZ = 21_000.0


def sounding_spectrum_db(samples: FloatArray) -> tuple[NDArray[np.float64], float]:
    """(level of each bin in dB, width of a bin in Hz) of the first 1.4 s of `samples` [samples]."""
    part = samples[:SPECTRUM_SAMPLES]
    size = 1 << max(14, int(np.ceil(np.log2(len(part)))) + 1)
    spectrum = np.abs(np.fft.rfft(part * _blackman_harris(len(part)), size))
    return 20.0 * np.log10(np.maximum(spectrum, 1e-12)), SAMPLE_RATE / size


@dataclass(frozen=True, slots=True)
class Found:
    """A partial found in a spectrum: its slot, 0 for f0 / 2, its frequency and the level of its peak."""

    slot: int
    hz: float
    level_db: float


def found_partials(
    spectrum_db: NDArray[np.float64], bin_hz: float, f0_hz: float, *, slots: int = PARTIAL_SLOTS
) -> list[Found]:
    """The partials of a note in ascending order: the peak that stands out in each slot, where there is one."""
    found = []
    loudest = spectrum_db[int(20.0 / bin_hz) :].max()
    last = min(slots - 1, int(TOP_HZ / f0_hz - 0.5))
    for slot in range(last + 1):
        low, high = (0.25, 0.75) if slot == 0 else (max(slot - 0.5, 0.75), slot + 0.5)
        first, end = int(low * f0_hz / bin_hz) + 1, int(high * f0_hz / bin_hz) + 1
        within_db = SUB_RANGE_DB if slot == 0 else RANGE_DB
        peak = _peak(spectrum_db[first - 1 : end + 1], above_db=loudest - within_db)
        if peak is not None:
            level_db = spectrum_db[first - 1 + round(peak)]
            found.append(Found(slot, (first - 1 + peak) * bin_hz, float(level_db)))
    return found


def partial_offsets(
    spectrum_db: NDArray[np.float64], bin_hz: float, f0_hz: float, *, slots: int = PARTIAL_SLOTS
) -> FloatArray:
    """Offsets [128] from k * f0 in units of f0; slot 0 is for f0 / 2. Zero where no peak stands out.

    Only the first `slots` are looked at.
    """
    offsets = np.zeros(PARTIAL_SLOTS, np.float32)
    for one in found_partials(spectrum_db, bin_hz, f0_hz, slots=slots):
        offsets[one.slot] = one.hz / f0_hz - (one.slot or 0.5)
    limit = np.full(PARTIAL_SLOTS, 0.5, np.float32)
    limit[0] = 0.25
    return np.asarray(offsets.clip(-limit, limit), np.float32)


@dataclass(frozen=True)
class Anchor:
    """A partial found within 70 cents of a multiple of the nominal f0: its number, deviation and level."""

    order: int
    cents: float
    level_db: float


def anchors(spectrum_db: NDArray[np.float64], bin_hz: float, f0_hz: float, *, count: int) -> list[Anchor]:
    """The anchors among the lowest `count` partials that are within 25 dB of the strongest, in order of frequency."""
    found: list[Anchor] = []
    heard_db = spectrum_db[int(20.0 / bin_hz) :].max() - RANGE_DB
    for order in range(1, count + 1):
        reach = order * f0_hz * (2.0 ** (ANCHOR_CENTS / 1200.0) - 1.0)
        first, end = int((order * f0_hz - reach) / bin_hz), int((order * f0_hz + reach) / bin_hz) + 2
        peak = _peak(spectrum_db[first:end], above_db=heard_db, prominence_db=ANCHOR_PROMINENCE_DB)
        if peak is not None:
            cents = 1200.0 * np.log2((first + peak) * bin_hz / (order * f0_hz))
            found.append(Anchor(order, float(cents), float(spectrum_db[first + round(peak)])))
    strongest = max((one.level_db for one in found), default=0.0)
    return [one for one in found if one.level_db > strongest - ANCHOR_DB]


def _peak(level_db: NDArray[np.float64], *, above_db: float, prominence_db: float = PROMINENCE_DB) -> float | None:
    """Fractional index of the strongest local maximum that stands out; None if there is none."""
    if len(level_db) < 5:
        return None
    at = int(level_db[1:-1].argmax()) + 1
    left, top, right = level_db[at - 1 : at + 2]
    if top < above_db or top < left or top < right or top - quick_median(level_db) < prominence_db:
        return None
    curve = left - 2.0 * top + right
    return at + (0.5 * (left - right) / curve if curve < 0 else 0.0)


@functools.lru_cache(maxsize=4)
def _blackman_harris(length: int) -> NDArray[np.float32]:
    phase = 2.0 * np.pi * np.arange(length) / max(length, 1)
    terms = ((0.35875, 0), (-0.48829, 1), (0.14128, 2), (-0.01168, 3))
    return np.asarray(sum(weight * np.cos(order * phase) for weight, order in terms), np.float32)
