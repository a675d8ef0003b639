"""`analysis.pitch_candidates` in NumPy, without compiled loops, to be read and compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.first_pitch import parabola
from nsynth_lab.analysis.pitch_candidates import (
    BEYOND_DOUBT,
    HIGHEST_HZ,
    LOWEST_HZ,
    PADDED,
    PERIODS,
    SHORTEST_LAG,
    WINDOWS,
    Candidate,
)
from nsynth_lab.compiled.pitch import (
    ALMOST,
    BELOW,
    LATER_SAMPLES,
    LIKE,
    LIKE_RANGE,
    LOBE_BINS,
    MISSING,
    MISSING_DB,
    MISSING_FROM_DB,
    MOST_CANDIDATES,
    MULTIPLE,
    OCTAVE,
    PAST,
    PAST_DB,
    PAST_FROM_DB,
    REFINED,
    SAME,
    UNLIKE,
    UNLIKE_FROM_HZ,
    WEAKEST,
    WORTHLESS_HZ,
)
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, Ints


@dataclass(frozen=True)
class _Window:
    samples: int
    padded: int  # of its FFT
    taper: Doubles
    own: Doubles  # autocorrelation of the taper, 1 at lag 0
    shortest: float  # lags looked at, in samples
    longest: float

    @staticmethod
    def of(samples: int, padded: int, shortest: float, longest: float) -> _Window:
        taper = np.hanning(samples + 2)[1:-1]
        own = np.fft.irfft(np.abs(np.fft.rfft(taper, 2 * samples)) ** 2)[:samples]
        return _Window(samples, padded, taper, np.maximum(own / own[0], 1e-3), shortest, longest)


def _windows() -> list[_Window]:
    starts = [SAMPLE_RATE / HIGHEST_HZ, *(samples / PERIODS for samples in WINDOWS[:-1])]
    ends = [*starts[1:], SAMPLE_RATE / LOWEST_HZ]
    return [_Window.of(*one) for one in zip(WINDOWS, PADDED, starts, ends, strict=True)]


_WINDOWS = _windows()


def candidates(samples: FloatArray) -> list[Candidate]:
    """The best candidates for the end of `samples` [at least 8192] at 48 kHz, at most eight, in no order.

    Empty for silence, and for a sound without any periodicity.
    """
    found: list[tuple[Candidate, Doubles]] = []
    for window in _WINDOWS:
        if any(one.worth > BEYOND_DOUBT and one.window < window.samples // 2 for one, _ in found):
            break  # an octave further down has been looked at too
        found += _in_window(samples[-window.samples :], window)
    if not found:
        return []
    hz, strengths, worths = (np.array(column) for column in list(zip(*(one for one, _ in found), strict=True))[:3])
    # where a tone begins there are hundreds: those that cannot be among the best are left out first
    least = np.sort(worths)[-MOST_CANDIDATES:][0] - MULTIPLE
    places = np.flatnonzero(worths >= least)
    off = MULTIPLE * _are_multiples(places, hz, strengths)
    corrected = [
        (found[at][0]._replace(worth=worth), found[at][1])
        for at, worth in zip(places.tolist(), (worths[places] - off).tolist(), strict=True)
    ]
    best = sorted(corrected, key=lambda pair: -pair[0].worth)[:MOST_CANDIDATES]
    return [one._replace(hz=_refined(one, correlation)) for one, correlation in best]


def _in_window(samples: FloatArray, window: _Window) -> list[tuple[Candidate, Doubles]]:
    """The maxima of the autocorrelation in one window, each with that of the whole window for `_refined`."""
    wave = samples.astype(np.float64) - samples.mean(dtype=np.float64)
    spectrum = np.fft.rfft(wave * window.taper, window.padded)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    correlation = np.fft.irfft(power, window.padded)[: window.samples]
    if correlation[0] < 1e-9:
        return []
    correlation = correlation / correlation[0] / window.own
    lags, strengths = _peaks(correlation, window)
    if not len(lags):
        return []
    hz = SAMPLE_RATE / lags
    worth = strengths + OCTAVE * np.log2(hz / WORTHLESS_HZ) - _unlike_a_tone(power, hz, window)
    if window.samples == WINDOWS[0]:
        worth -= (
            UNLIKE
            * _ramp(hz, UNLIKE_FROM_HZ, UNLIKE_FROM_HZ)
            * _ramp(LIKE - _later(correlation, lags), 0.0, LIKE_RANGE)
        )
    if window.samples > WINDOWS[1]:
        worth -= PAST * _ramp(_fall_db(wave), PAST_FROM_DB, PAST_DB)
    rows = zip(hz.tolist(), strengths.tolist(), worth.tolist(), strict=True)
    return [(Candidate(*row, window.samples), correlation) for row in rows]


def _peaks(correlation: Doubles, window: _Window) -> tuple[Doubles, Doubles]:
    """Lags in samples, fractional, and heights of the maxima, by a parabola through three points each."""
    first, last = max(int(window.shortest), SHORTEST_LAG), int(window.longest) + 2
    left, middle, right = correlation[first - 1 : last - 1], correlation[first:last], correlation[first + 1 : last + 1]
    at = np.flatnonzero((middle > left) & (middle >= right) & (middle > WEAKEST))
    shift, height = parabola(left[at], middle[at], right[at])
    return at + first + shift, np.minimum(height, 1.0)


def _unlike_a_tone(power: Doubles, hz: Doubles, window: _Window) -> Doubles:
    """What is taken off for energy below the fundamental, and for missing first partials."""
    share = np.cumsum(power) / power.sum()
    lobe = LOBE_BINS * SAMPLE_RATE / window.samples
    below = share[_bins(0.7 * hz - lobe, window)]
    own = share[_bins(2.6 * hz + lobe, window)] - below
    return np.asarray(BELOW * below + MISSING * _ramp(-10.0 * np.log10(own + 1e-9), MISSING_FROM_DB, MISSING_DB))


def _later(correlation: Doubles, lags: Doubles) -> Doubles:
    """The autocorrelation at the whole number of periods nearest to 3 ms: how well the sound repeats itself by then."""
    later = np.rint(np.maximum(np.rint(LATER_SAMPLES / lags), 1.0) * lags).astype(np.int64)
    return np.asarray(correlation[later[:, None] + np.arange(-2, 3)].max(axis=1))


def _bins(hz: Doubles, window: _Window) -> Ints:
    bins = (hz * (window.padded / SAMPLE_RATE)).astype(np.int64)
    return np.clip(bins, 0, window.padded // 2)


def _fall_db(wave: Doubles) -> float:
    """How far the last quarter lies below the whole."""
    last = np.square(wave[-len(wave) // 4 :]).mean()
    return float(-10.0 * np.log10(last / (np.square(wave).mean() + 1e-12) + 1e-9))


def _ramp(value: float | Doubles, begin: float, length: float) -> Doubles:
    return np.clip((np.asarray(value) - begin) / length, 0.0, 1.0)


def _are_multiples(places: Ints, hz: Doubles, strengths: Doubles) -> NDArray[np.bool_]:
    """Whether the lags at `places` are twice or three times that of another that is almost as strong."""
    ratios = hz / hz[places, None]
    near = np.zeros(ratios.shape, np.bool_)
    for times in (2, 3):
        near |= (ratios > times * 2.0**-SAME) & (ratios < times * 2.0**SAME)
    return np.asarray((near & (strengths > ALMOST * strengths[places, None])).any(axis=1))


def _refined(one: Candidate, correlation: Doubles) -> float:
    """Its frequency measured over as many periods as the window holds well."""
    lag = SAMPLE_RATE / one.hz
    times = int(one.window / REFINED / lag)
    while times > 1:
        near = round(times * lag)
        at = near - 3 + int(np.argmax(correlation[near - 3 : near + 4]))
        if abs(at - near) < 3 and correlation[at] > 0.8 * one.strength:
            shift, _ = parabola(*correlation[at - 1 : at + 2])
            longer = (at + float(shift)) / times
            return SAMPLE_RATE / longer if abs(np.log2(longer / lag)) < SAME else one.hz
        times //= 2
    return one.hz
