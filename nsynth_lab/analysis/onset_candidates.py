"""Where keys may have been struck, and what speaks for it: the input of `onset_network`.

A candidate is a peak of the network's certainty that a key begins, or of a rise of that it sounds, far below what would
be enough by itself. Its features are how both go on around it, at its own key and at those a partial or a neighbour
would make sound as well, and how the level of its first partials rises.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.analysis.basic_pitch import KEYS, LOWEST_KEY
from nsynth_lab.analysis.semitone_spectrum import LOWEST, SEMITONES
from nsynth_lab.units import FloatArray, Ints

AROUND = 32  # frames that must be known before and after a candidate
LEAST_BEGINS, LEAST_SOUNDING = 0.07, 0.15
PEAK_FRAMES = 2  # a candidate is the largest within so many frames
RISE_GAIN = 1.3  # a rise of `sounding` speaks for a beginning as well
PARTIALS = (0, 12, 19, 24)  # semitones above the fundamental
FLOOR = 1e-10
DB_SCALE, LEAST, MOST = 15.0, -4.0, 4.0  # levels are given in units of 15 dB
MIDDLE_KEY, KEY_SCALE = 40.0, 24.0

BEGINS_AT = (-6, -4, -2, -1, 0, 1, 2, 4, 6, 9)  # frames from the candidate
SOUNDS_AT = (-16, -10, -8, -6, -3, 0, 3, 6, 10, 16, 24)
LEVEL_AT = (-12, -8, -5, -3, -1, 0, 1, 3, 5, 8, 12, 20)
BEGINS_NEAR, SOUNDS_NEAR, LEVEL_NEAR = range(-3, 4), range(0, 16, 3), range(0, 21, 2)
BEGAN_BEFORE = (range(-12, -4), range(-30, -12))
OTHERS_BEGIN = (-24, -19, -12, -1, 1, 12, 19)  # semitones from the candidate
OTHERS_SOUND = (-24, -19, -12, -7, -1, 1, 7, 12, 19)
OTHER_LEVELS = (-12, -1, 1, 7, 12, 19, 24)


class Candidates(NamedTuple):
    """Candidates in order of time.

    Attributes:
        frames: [candidates] counted from the first that candidates were looked for in.
        keys: [candidates] 0 is the lowest key of the network.
        begins: [candidates] how sure the network is, by itself, that a key begins there.
        features: [candidates, features]
    """

    frames: Ints
    keys: Ints
    begins: FloatArray
    features: FloatArray


def candidates(sounding: FloatArray, begins: FloatArray, power: FloatArray) -> Candidates:
    """The candidates in all but the first and last 32 rows, which are what is around them.

    `sounding` and `begins` are [rows, keys], `power` is [rows, semitones] of the spectrum.
    """
    count = len(sounding) - 2 * AROUND
    begins = np.maximum(begins, RISE_GAIN * _rise(sounding))
    tall = (begins >= LEAST_BEGINS) & (_largest(sounding, range(0, 17, 2)) > LEAST_SOUNDING)
    peaks = tall & (begins > _largest(begins, range(-PEAK_FRAMES, 0)))
    peaks &= begins >= _largest(begins, range(1, PEAK_FRAMES + 1))
    frames, keys = np.nonzero(peaks[AROUND : AROUND + count])
    own = begins[frames + AROUND, keys]
    return Candidates(frames, keys, own, _features(frames + AROUND, keys, sounding, begins, power))


def _features(rows: Ints, keys: Ints, sounding: FloatArray, begins: FloatArray, power: FloatArray) -> FloatArray:
    partials = _decibels(_partials(power))
    semitones = _decibels(power)
    begin_near, sound_near = _largest(begins, BEGINS_NEAR), _largest(sounding, SOUNDS_NEAR)
    level_near, semitones_near = _largest(partials, LEVEL_NEAR), _largest(semitones, LEVEL_NEAR)
    loud = level_near[rows, keys]
    fundamental = keys + LOWEST_KEY - LOWEST
    own = semitones_near[rows, fundamental]
    second, first = np.sort(begin_near, axis=1)[rows, -2:].T
    columns = [
        *(begins[rows + step, keys] for step in BEGINS_AT),
        *(sounding[rows + step, keys] for step in SOUNDS_AT),
        *(_largest(begins, steps)[rows, keys] for steps in BEGAN_BEFORE),
        *(_at(begin_near, rows, keys + step, 0.0) for step in OTHERS_BEGIN),
        *(_at(sound_near, rows, keys + step, 0.0) for step in OTHERS_SOUND),
        np.where(begin_near[rows, keys] >= first, second, first),  # the surest of the others
        begin_near.sum(axis=1)[rows] / 3.0,
        sound_near.sum(axis=1)[rows] / 4.0,
        *(_scaled(partials[rows + step, keys] - loud) for step in LEVEL_AT),
        _scaled(loud - level_near.max(axis=1)[rows]),
        *(_scaled(_at(semitones_near, rows, fundamental + step, -100.0) - own) for step in OTHER_LEVELS),
        _scaled(own - loud),
        (keys - MIDDLE_KEY) / KEY_SCALE,
    ]
    return np.asarray(np.stack(columns, axis=1), np.float32)


def _rise(sounding: FloatArray) -> FloatArray:
    """By how much a key sounds more surely than in the two frames before."""
    return np.asarray(np.minimum(sounding - _moved(sounding, -1), sounding - _moved(sounding, -2)))


def _partials(power: FloatArray) -> FloatArray:
    """The power [rows, keys] of the first partials of each key together."""
    first = LOWEST_KEY - LOWEST
    padded = np.pad(power, ((0, 0), (0, max(first + KEYS + PARTIALS[-1] - SEMITONES, 0))))
    return np.asarray(sum(padded[:, first + step : first + step + KEYS] for step in PARTIALS))


def _largest(values: FloatArray, steps: Iterable[int]) -> FloatArray:
    """The largest of the values so many frames later; frames outside are the nearest inside."""
    return np.asarray(np.maximum.reduce([_moved(values, step) for step in steps]))


def _moved(values: FloatArray, step: int) -> FloatArray:
    return values[np.clip(np.arange(len(values)) + step, 0, len(values) - 1)]


def _at(values: FloatArray, rows: Ints, places: Ints, outside: float) -> FloatArray:
    inside: NDArray[np.bool_] = (places >= 0) & (places < values.shape[1])
    return np.where(inside, values[rows, np.clip(places, 0, values.shape[1] - 1)], outside)


def _decibels(power: FloatArray) -> FloatArray:
    return np.asarray(10.0 * np.log10(power + FLOOR), np.float32)


def _scaled(decibels: FloatArray) -> FloatArray:
    return np.asarray(np.clip(decibels / DB_SCALE, LEAST, MOST))
