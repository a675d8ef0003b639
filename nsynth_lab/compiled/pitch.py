"""The loops of `analysis.pitch_candidates`, on either side of its FFTs: maxima of the autocorrelation, and their worth.

What the numbers below mean is told there. Each loop takes several moments of a sound at once, because a call costs as
much as a short loop.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, Ints

WEAKEST = 0.25
MOST_CANDIDATES = 8
OCTAVE = 0.05  # the worth of an octave up, so that a multiple of a period is not taken for it
WORTHLESS_HZ = 27.5  # where that worth is 0
BELOW = 0.8  # off for all energy lying below the fundamental
MISSING, MISSING_FROM_DB, MISSING_DB = 0.3, 20.0, 20.0  # off for first partials 20 dB and more below the whole
MULTIPLE, ALMOST = 0.15, 0.78  # off where a half or a third of the lag is at least so nearly as good
PAST, PAST_FROM_DB, PAST_DB = 0.5, 4.0, 10.0  # off where the last quarter of a long window is so far below the whole
# off for a high sound, from 1 to 2 kHz on, that is so much unlike itself after 3 ms
UNLIKE, UNLIKE_FROM_HZ, LATER_SAMPLES, LIKE, LIKE_RANGE = 0.7, 1000.0, 0.003 * SAMPLE_RATE, 0.8, 0.3
SAME = 0.04  # octaves
REFINED = 2.6  # periods between the two ends of a window that are compared at a multiple of the lag
LOBE_BINS = 1.7  # half the main lobe of a Hann window, where it has fallen by 20 dB
HZ, STRENGTH, WORTH, WINDOW = 0, 1, 2, 3  # columns of a candidate

Spectra = NDArray[np.complex128]


class Window(NamedTuple):
    """One length of window, and where in its autocorrelation a period is looked for.

    Attributes:
        samples: its length.
        padded: that of its FFT.
        first, last: the lags whose maxima count, the last one not included.
        short, long: whether what is told of short and of long windows holds for it.
        taper: [samples] the window.
        own: [lags] its own autocorrelation, 1 at lag 0, as far as it is needed.
    """

    samples: int
    padded: int
    first: int
    last: int
    short: bool
    long: bool
    taper: Doubles
    own: Doubles


@compiled
def tapered(sound: FloatArray, ends: Ints, window: Window) -> tuple[Doubles, Doubles]:
    """`sound` up to each of `ends` [moments] without its mean in the window, [moments, padded].

    And by how many dB its last quarter is below it, [moments].
    """
    count = window.samples
    waves, fall_db = np.zeros((len(ends), window.padded)), np.empty(len(ends))
    for m in range(len(ends)):
        begin = ends[m] - count
        total = 0.0
        for i in range(count):
            total += sound[begin + i]
        mean = total / count
        whole = last = 0.0
        for i in range(count):
            value = sound[begin + i] - mean
            waves[m, i] = value * window.taper[i]
            whole += value * value
            if i >= count - count // 4:
                last += value * value
        fall_db[m] = -10.0 * np.log10(4.0 * last / (whole + 1e-12 * count) + 1e-9)
    return waves, fall_db


@compiled
def to_power(spectra: Spectra) -> Doubles:
    """Turn spectra [moments, bins] into their power, and give the share of the power up to each bin."""
    shares = np.empty(spectra.shape)
    for m in range(len(spectra)):
        total = 0.0
        for i in range(spectra.shape[1]):
            one = spectra[m, i]
            power = one.real * one.real + one.imag * one.imag
            spectra[m, i] = power
            total += power
            shares[m, i] = total
        for i in range(spectra.shape[1]):
            shares[m, i] /= total
    return shares


@compiled
def add_maxima(
    found: Doubles,
    counts: Ints,
    highest: Doubles,
    moments: Ints,
    correlations: Doubles,
    shares: Doubles,
    fall_db: Doubles,
    window: Window,
) -> None:
    """Write the maxima of `correlations` into `found`, and the highest worth of those of each moment.

    `correlations` [asked, padded], `shares` [asked, bins] and `fall_db` [asked] are those of some `moments` [asked] of
    all. `found` [all, most, 4] has room behind the `counts` [all] that are there; `highest` [all].
    """
    for row in range(len(moments)):
        m = moments[row]
        counts[m], highest[m] = _add_maxima(found[m], counts[m], correlations[row], shares[row], fall_db[row], window)


@compiled
def _add_maxima(
    found: Doubles, count: int, correlation: Doubles, shares: Doubles, fall_db: float, window: Window
) -> tuple[int, float]:
    """Write the maxima of `correlation` [padded] into `found` [most, 4] behind the `count` that are there.

    `correlation` is normalised up to the last lag of `window.own`. Gives how many there are now, and the highest worth
    of those added.
    """
    highest = -np.inf
    scale = correlation[0]
    if scale < 1e-9:
        return count, highest
    for i in range(len(window.own)):
        correlation[i] = correlation[i] / scale / window.own[i]
    past = PAST * _ramp(fall_db, PAST_FROM_DB, PAST_DB) if window.long else 0.0
    for i in range(window.first, window.last):
        middle = correlation[i]
        if not (middle > WEAKEST and middle > correlation[i - 1] and middle >= correlation[i + 1]):
            continue
        shift, height = _top(correlation[i - 1], middle, correlation[i + 1])
        lag, strength = i + shift, min(height, 1.0)
        hz = SAMPLE_RATE / lag
        worth = strength + OCTAVE * np.log2(hz / WORTHLESS_HZ) - _unlike_a_tone(shares, hz, window) - past
        if window.short and hz > UNLIKE_FROM_HZ:
            unlike = _ramp(LIKE - _later(correlation, lag), 0.0, LIKE_RANGE)
            worth -= UNLIKE * _ramp(hz, UNLIKE_FROM_HZ, UNLIKE_FROM_HZ) * unlike
        found[count, HZ], found[count, STRENGTH] = hz, strength
        found[count, WORTH], found[count, WINDOW] = worth, window.samples
        count, highest = count + 1, max(highest, worth)
    return count, highest


@inlined
def _top(left: float, middle: float, right: float) -> tuple[float, float]:
    """Where, from the middle, and how high the top of a parabola through three points is."""
    shift = 0.5 * (left - right) / (left - 2.0 * middle + right)
    return shift, middle - 0.25 * (left - right) * shift


@inlined
def _ramp(value: float, begin: float, length: float) -> float:
    return min(max((value - begin) / length, 0.0), 1.0)


@inlined
def _unlike_a_tone(shares: Doubles, hz: float, window: Window) -> float:
    """What is taken off for energy below the fundamental, and for missing first partials."""
    per_hz, lobe = window.padded / SAMPLE_RATE, LOBE_BINS * SAMPLE_RATE / window.samples
    most = len(shares) - 1
    below = shares[min(max(int((0.7 * hz - lobe) * per_hz), 0), most)]
    own = shares[min(int((2.6 * hz + lobe) * per_hz), most)] - below
    missing = _ramp(-10.0 * np.log10(own + 1e-9), MISSING_FROM_DB, MISSING_DB)
    return float(BELOW * below + MISSING * missing)


@inlined
def _later(correlation: Doubles, lag: float) -> float:
    """The autocorrelation at the whole number of periods nearest to 3 ms: how well the sound repeats itself by then."""
    at = int(np.rint(max(np.rint(LATER_SAMPLES / lag), 1.0) * lag))
    best = correlation[at - 2]
    for i in range(at - 1, at + 3):
        best = max(best, correlation[i])
    return float(best)


@compiled
def best_of(
    found: Doubles, counts: Ints, correlations: tuple[Doubles, ...], rows: Ints, windows: tuple[int, ...]
) -> tuple[Doubles, Ints]:
    """The best eight of `found`, the best first, without multiples of others, refined; and how many, [moments].

    `found` [moments, most, 4] and `counts` [moments] are of `add_maxima`, which has normalised `correlations`
    [asked, padded], one for each of `windows` in samples. `rows` [windows, moments] tell which row of them is whose.
    """
    best, numbers = np.empty((len(counts), MOST_CANDIDATES, found.shape[2])), np.zeros(len(counts), np.int64)
    for m in range(len(counts)):
        if counts[m]:
            numbers[m] = _best_of(found[m, : counts[m]], best[m])
        for i in range(numbers[m]):
            for w in range(len(windows)):
                if windows[w] == best[m, i, WINDOW]:
                    own = correlations[w][rows[w, m]]
                    best[m, i, HZ] = _refined(best[m, i, HZ], best[m, i, STRENGTH], windows[w], own)
    return best, numbers


@compiled
def _best_of(found: Doubles, best: Doubles) -> int:
    """Write the best of `found` [candidates, 4] into `best` [8, 4]; how many they are."""
    # where a tone begins there are hundreds: those that cannot be among the best are left out first
    count = 0
    for i in range(len(found)):
        count = _insert(best, count, found[i], found[i, WORTH])
    least, count = best[count - 1, WORTH] - MULTIPLE, 0
    for i in range(len(found)):
        if found[i, WORTH] >= least:
            off = MULTIPLE if _is_multiple(i, found) else 0.0
            count = _insert(best, count, found[i], found[i, WORTH] - off)
    return count


@compiled
def _insert(best: Doubles, count: int, one: Doubles, worth: float) -> int:
    """Put a candidate of that worth among the `count` best so far, the best first; how many there are then."""
    if count == len(best) and worth <= best[count - 1, WORTH]:
        return count
    count = min(count + 1, len(best))
    place = count - 1
    while place > 0 and best[place - 1, WORTH] < worth:
        best[place] = best[place - 1]
        place -= 1
    best[place] = one
    best[place, WORTH] = worth
    return count


@inlined
def _is_multiple(place: int, found: Doubles) -> bool:
    """Whether its lag is twice or three times that of another that is almost as strong."""
    for i in range(len(found)):
        if found[i, STRENGTH] > ALMOST * found[place, STRENGTH]:
            ratio = found[i, HZ] / found[place, HZ]
            for times in (2.0, 3.0):
                if times * 2.0**-SAME < ratio < times * 2.0**SAME:
                    return True
    return False


@compiled
def _refined(hz: float, strength: float, samples: int, correlation: Doubles) -> float:
    """Its frequency measured over as many periods as the window holds well."""
    lag = SAMPLE_RATE / hz
    times = int(samples / REFINED / lag)
    while times > 1:
        near = int(np.rint(times * lag))
        at = near - 3  # a loop, since loading what stands behind `np.argmax` brings all of SciPy's linear algebra
        for i in range(near - 2, near + 4):
            at = i if correlation[i] > correlation[at] else at
        if abs(at - near) < 3 and correlation[at] > 0.8 * strength:
            shift, _ = _top(correlation[at - 1], correlation[at], correlation[at + 1])
            longer = (at + shift) / times
            return SAMPLE_RATE / longer if abs(np.log2(longer / lag)) < SAME else hz
        times //= 2
    return hz
