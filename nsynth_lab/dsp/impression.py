"""How a short sound strikes the ear, in three figures: how bright it is, how noisy, and how fast it speaks.

brightness   centroid of the amplitude spectrum, in Hz
noise        power between the partials against the power of all, in dB: 0 is noise alone
attack       how long the level rises from a tenth to four fifths of its highest value, in seconds

Definitions after Peeters et al., The Timbre Toolbox (2011); the noise is what lies in the valleys between the partials,
so that vibrato, which widens the peaks, does not count as noise. The rise is that of a straight line which, on average,
passes the levels between when the sound does: beating partials then delay it a little, and not all at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray

WINDOW_SAMPLES, STEP_SAMPLES = 8192, 2048
LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
VALLEY = 0.25  # the share of a slot's bins that lies below its noise level ...
VALLEY_TO_MEAN = 0.72  # ... which is so much of the mean power of noise, in a mean of overlapping windows
QUIETEST_DB = -80.0
SHORTEST_RMS_SECONDS, RMS_STEP_SAMPLES = 0.01, 120
BEGUN, SPOKEN, BETWEEN = 0.1, 0.8, 7  # of the highest level; how many levels between are passed
QUICKEST_SECONDS = 0.005  # what windows of 10 ms can tell


@dataclass(frozen=True)
class Impression:
    """What a sound is like: `brightness_hz`, `noise_db` from -80 to 0, `attack_seconds` of at least 0.005."""

    brightness_hz: float
    noise_db: float
    attack_seconds: float


def impression(samples: FloatArray, *, f0_hz: float) -> Impression:
    """The impression of a note [samples] at 48 kHz that begins with its attack; `f0_hz` is its pitch.

    Silence is dark, pure and quick.
    """
    power, hz = _mean_power(samples)
    amplitudes = np.sqrt(power)
    whole = float(amplitudes.sum())
    if whole <= 0.0:
        return Impression(LOWEST_HZ, QUIETEST_DB, QUICKEST_SECONDS)
    return Impression(float(amplitudes @ hz) / whole, _noise_db(power, hz, f0_hz), _attack_seconds(samples, f0_hz))


def _mean_power(samples: FloatArray) -> tuple[Doubles, Doubles]:
    """(mean power of the windows, frequency), each [bins] from 30 Hz to 16 kHz."""
    padded = np.pad(samples, (0, max(0, WINDOW_SAMPLES - len(samples))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::STEP_SAMPLES]
    spectra = np.fft.rfft(windows * np.hanning(WINDOW_SAMPLES), axis=1)
    power = np.square(np.abs(spectra)).mean(axis=0)
    hz = np.asarray(np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE), np.float64)
    heard = (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)
    return power[heard], hz[heard]


def _noise_db(power: Doubles, hz: Doubles, f0_hz: float) -> float:
    """Each partial has a slot, from half a partial below it to half a partial above; its quietest bins are noise."""
    slots = np.floor(hz / f0_hz + 0.5).astype(int)
    order = np.lexsort((power, slots))
    firsts, counts = np.unique(slots[order], return_index=True, return_counts=True)[1:]
    valleys = power[order][firsts + (VALLEY * counts).astype(int)]
    share = float(valleys @ counts) / VALLEY_TO_MEAN / float(power.sum())
    return min(0.0, 10.0 * math.log10(max(share, 10.0 ** (QUIETEST_DB / 10.0))))


def _attack_seconds(samples: FloatArray, f0_hz: float) -> float:
    """The level is measured over whole periods, so that it does not swing with them."""
    periods = max(1, math.ceil(SHORTEST_RMS_SECONDS * f0_hz))
    window = min(len(samples), round(periods * SAMPLE_RATE / f0_hz))
    sums = np.concatenate([np.zeros(window), np.cumsum(np.square(samples, dtype=np.float64))])  # silence before it
    level = np.sqrt(np.maximum(sums[window:] - sums[:-window], 0.0))[::RMS_STEP_SAMPLES]
    shares = np.linspace(BEGUN, SPOKEN, BETWEEN + 1)
    highest = float(level.max(initial=0.0))
    begun, *passed = (_crossing(level, share * highest) for share in shares)
    line = (SPOKEN - BEGUN) / (float(np.mean(shares[1:])) - BEGUN)
    return max(QUICKEST_SECONDS, (float(np.mean(passed)) - begun) * line * RMS_STEP_SAMPLES / SAMPLE_RATE)


def _crossing(level: Doubles, wanted: float) -> float:
    """The place, between two values, at which a level first reaches what is wanted."""
    at = int(np.argmax(level >= wanted))
    if at == 0 or level[at] <= level[at - 1]:
        return float(at)
    return at - float((level[at] - wanted) / (level[at] - level[at - 1]))
