"""Whether the middle of a blend is one new sound, or the two ends sounding at once.

If it were two sounds, its spectrogram would be a mixture of the ends' spectrograms, as from a mixing desk, and its
onset an overlay of the ends' onsets. So the middle's mel magnitudes over all frames (and its envelope over the onset)
are fitted by non-negative least squares with those of the ends A and B, and of A + B and A - B. These two are needed
because partials of both ends at one frequency may add or cancel. What the best mixture does not explain,

    residual = |middle - fit| / |middle|        (Frobenius norms; 0: only a mixture, 1: nothing of a mixture)

is zero for a plain crossfade of any two ends, and larger the more a blend is a sound of its own. It is small between
ends that sound alike.

Source: our own; least squares under a sign constraint after Lawson and Hanson 1974, Solving Least Squares Problems,
chapter 23. With four columns every active set can be tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.mel_spectrum import mel_db
from nsynth_lab.evaluate.metrics.attack_decay import envelope_db
from nsynth_lab.units import FloatArray, note_to_hz

ONSET_MS = 300
RIDGE = 1e-12

Float64 = NDArray[np.float64]


def spectral_residual(middle: FloatArray, ends: Sequence[FloatArray]) -> float:
    """The part of the mel spectrogram of `middle` that no mixture of the two `ends` explains; all [samples]."""
    return _residual(_magnitudes(middle), [_magnitudes(sound) for sound in _end_columns(ends)])


def onset_residual(middle: FloatArray, ends: Sequence[FloatArray], *, note: int) -> float:
    """The part of `middle`'s envelope in the first 0.3 s that no overlay of `ends` explains; all [samples]."""
    f0_hz = note_to_hz(float(note))

    def envelope(samples: FloatArray) -> Float64:
        return np.asarray(10 ** (envelope_db(samples, f0_hz=f0_hz)[:ONSET_MS] / 20))

    return _residual(envelope(middle), [envelope(sound) for sound in _end_columns(ends)])


def crossfade(ends: Sequence[FloatArray], position: float = 0.5) -> FloatArray:
    """Both ends sounding at once, as from a mixer: (1 - position) A + position B."""
    return np.asarray((1 - position) * ends[0] + position * ends[1], np.float32)


def nonnegative_weights(columns: Float64, target: Float64) -> Float64:
    """The weights w >= 0 [n] for which w @ `columns` [n, values] is closest to `target` [values]; for small n.

    >>> nonnegative_weights(np.eye(2), np.array([3.0, -1.0]))
    array([3., 0.])
    """
    gram, right = columns @ columns.T, columns @ target
    gram += RIDGE * (np.trace(gram) + 1e-30) * np.eye(len(columns))
    best, gain = np.zeros(len(columns)), 0.0
    for size in range(1, len(columns) + 1):
        for chosen in map(list, combinations(range(len(columns)), size)):
            weights = np.linalg.solve(gram[np.ix_(chosen, chosen)], right[chosen])
            explained = float(weights @ right[chosen])
            if (weights >= 0).all() and explained > gain:
                gain, best = explained, np.zeros(len(columns))
                best[chosen] = weights
    return best


def _end_columns(ends: Sequence[FloatArray]) -> list[FloatArray]:
    first, second = ends
    return [first, second, first + second, first - second]


def _magnitudes(samples: FloatArray) -> Float64:
    return np.asarray(10 ** (mel_db(samples) / 20), np.float64)


def _residual(target: Float64, parts: Sequence[Float64]) -> float:
    reference, columns = target.ravel(), np.stack([part.ravel() for part in parts])
    fit = nonnegative_weights(columns, reference) @ columns
    return float(np.linalg.norm(reference - fit)) / max(float(np.linalg.norm(reference)), 1e-12)
