"""Candidates for the fundamental of the last few milliseconds of a sound, with how well each explains them.

The normalised autocorrelation of Boersma (1993): a Hann window's spectrum squared and transformed back, divided by the
window's own autocorrelation, is 1 at the period of a periodic sound. A short period is looked for in a short window and
a long one in a longer window, so that a high note is known 11 ms after it has begun and only the lowest takes 85 ms.

Autocorrelation alone takes twice the period for the period now and then, and a formant or a hiss for a tone. What is
known about tones corrects it: a tone has hardly any energy below its fundamental and some at its first two partials;
where half or a third of a lag explains the sound almost as well, the sound has that period; a high tone is still like
itself many periods later, where an s is not, though its noise lies in a narrow band; and a window most of which lies
before the end of a note says little about now.

The loops are in `compiled.pitch`, with the numbers. tests/slow_pitch_candidates.py has all of it in NumPy, to be read.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled.pitch import REFINED, Window, add_maxima, best_of, tapered, to_power
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, Ints

LOWEST_HZ, HIGHEST_HZ = 16.0, 4500.0
WINDOWS = (1024, 2048, 4096, 8192)  # samples
PERIODS = 3.2  # in a window, at least; the longest holds fewer of the lowest notes
BEYOND_DOUBT = 1.0  # of the worth: longer windows are not needed
PADDED = (1440, 2880, 5760, 11_520)  # samples: what FFTs are quick at, and enough for each window and its longest lag
SHORTEST_LAG, LAGS_AROUND = 3, 6


class Candidate(NamedTuple):
    """A possible fundamental.

    Attributes:
        hz: its frequency.
        strength: its normalised autocorrelation, 1 for a perfectly periodic sound.
        worth: `strength` with what is known about tones.
        window: samples in which it was found; it describes the sound half as many before the end.
    """

    hz: float
    strength: float
    worth: float
    window: int


def _window(samples: int, padded: int, shortest: float, longest: float) -> Window:
    taper = np.hanning(samples + 2)[1:-1]
    own = np.fft.irfft(np.abs(np.fft.rfft(taper, 2 * samples)) ** 2)[: int(samples / REFINED) + LAGS_AROUND]
    own = np.ascontiguousarray(np.maximum(own / own[0], 1e-3))
    first, last = max(int(shortest), SHORTEST_LAG), int(longest) + 2
    return Window(samples, padded, first, last, samples == WINDOWS[0], samples > WINDOWS[1], taper, own)


def _windows() -> list[Window]:
    starts = [SAMPLE_RATE / HIGHEST_HZ, *(samples / PERIODS for samples in WINDOWS[:-1])]
    ends = [*starts[1:], SAMPLE_RATE / LOWEST_HZ]
    return [_window(*one) for one in zip(WINDOWS, PADDED, starts, ends, strict=True)]


_WINDOWS = _windows()
_MOST = sum(window.last - window.first + 1 for window in _WINDOWS) // 2 + len(_WINDOWS)  # maxima: every other lag
_NOTHING = np.zeros((0, 0))


@cache
def get_ready() -> None:
    """Load the compiled loops, or compile them, now and not when the first tone is heard."""
    candidates(np.resize(np.linspace(-0.1, 0.1, WINDOWS[0] // 8, dtype=np.float32), WINDOWS[-1]))


def candidates(samples: FloatArray, *, after: int = 0) -> list[Candidate]:
    """The best candidates at the end of `samples` [at least 8192] at 48 kHz, at most eight, the best first.

    They are those of the moment `after` samples before the end, up to 4096: what comes after it is heard too, and a
    window lies around that moment as far as it can. Empty for silence, and for a sound without any periodicity.
    """
    return candidates_of_moments(samples, np.array([len(samples)]), after=after)[0]


def candidates_of_moments(samples: FloatArray, ends: Ints, *, after: int = 0) -> list[list[Candidate]]:
    """The same for several `ends` [moments], each at least 8192: what is heard up to sample `ends[m]` of `samples`."""
    moments = len(ends)
    found, counts = np.empty((moments, _MOST, 4)), np.zeros(moments, np.int64)
    enough, rows = np.full(moments, 2 * WINDOWS[-1]), np.zeros((len(WINDOWS), moments), np.int64)
    correlations = [_NOTHING] * len(WINDOWS)
    for place, window in enumerate(_WINDOWS):
        asked = np.flatnonzero(enough >= window.samples)  # else an octave further down has been looked at too
        if not len(asked):
            break
        heard = ends[asked] - after + min(window.samples // 2, after)
        correlation, shares, fall_db = _autocorrelations(samples, heard, window)
        highest = np.full(moments, -np.inf)
        add_maxima(found, counts, highest, asked, correlation, shares, fall_db, window)
        correlations[place], rows[place, asked] = correlation, np.arange(len(asked))
        sure = highest > BEYOND_DOUBT
        enough[sure] = np.minimum(enough[sure], 2 * window.samples)
    best, numbers = best_of(found, counts, tuple(correlations), rows, WINDOWS)
    return [
        [Candidate(hz, strength, worth, int(window)) for hz, strength, worth, window in own[:number]]
        for own, number in zip(best.tolist(), numbers.tolist(), strict=True)
    ]


def _autocorrelations(samples: FloatArray, ends: Ints, window: Window) -> tuple[Doubles, Doubles, Doubles]:
    """Those of `samples` up to each of `ends`, [moments, padded]; the share of the power up to each bin; the falls."""
    waves, fall_db = tapered(samples, ends, window)
    spectra = np.fft.rfft(waves)
    shares = to_power(spectra)
    return np.fft.irfft(spectra, window.padded), shares, fall_db
