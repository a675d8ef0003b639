"""measure_path(sounds, ends): all metrics of a path of sounds between two instruments, one number each.

It applies to any such path: our blends, a crossfade, the morph of a vocoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.envelope import find_marks
from nsynth_lab.dsp.mel_spectrum import AUDIBLE_DB, RANGE_DB
from nsynth_lab.evaluate.metrics.compare import Errors
from nsynth_lab.evaluate.metrics.descriptors import MIN_DIFFERENCES, describe
from nsynth_lab.evaluate.metrics.followed_f0 import f0_off_line_cents
from nsynth_lab.evaluate.metrics.mixture import crossfade, onset_residual, spectral_residual
from nsynth_lab.evaluate.metrics.path_laws import (
    deviation_from_line,
    intermediateness,
    linearity,
    monotonicity,
    step_spread,
)
from nsynth_lab.evaluate.metrics.sound import Sound
from nsynth_lab.units import FloatArray

POSITIONS = np.linspace(0.0, 1.0, 11)
WITHIN = {
    "f0_off_line_cents": (5, 20),
    "level_off_line_db": (1.5, 3),
    "step_spread": (0.15, 0.5),
    "even_step_spread": (0.15,),
}
AT_LEAST = {"monotonicity": (0.9, 0.95), "mixture_residual": (0.05,)}
MIN_DISTANCE_DB = 0.1
MIN_FRAMES = 10

Float64 = NDArray[np.float64]


def measure_path(sounds: Sequence[Sound], ends: Sequence[Sound]) -> Errors:
    """Metric -> value for `sounds` at positions 0, 0.1 .. 1 between `ends`, the two sources themselves.

    end_point_error_db         mel distance of the first and the last sound from the source it should equal
    monotonicity, step_spread, intermediateness    see `path_laws`, by mel distance; None if the ends sound the same
    linearity_*                R^2 against the position, see `descriptors`; None if the ends hardly differ in it
    f0_off_line_cents, level_off_line_db    largest deviation from the straight line between the ends; of the level
                               None if nothing is sustained in all of them, see `mean_levels_db`
    mixture_residual, onset_residual        of the middle, see `mixture`; crossfade_residual: of a crossfade instead
    """
    distances = mel_distances_db([sound.mel_db for sound in sounds])
    end_errors = [
        mel_distances_db([sound.mel_db, end.mel_db])[0, 1]
        for sound, end in zip((sounds[0], sounds[-1]), ends, strict=True)
    ]
    apart = distances[0, -1] > MIN_DISTANCE_DB
    return {
        "end_point_error_db": float(np.mean(end_errors)),
        "monotonicity": monotonicity(POSITIONS, distances) if apart else None,
        "step_spread": step_spread(distances) if apart else None,
        "intermediateness": intermediateness(distances) if apart else None,
        **_linearities(sounds),
        "f0_off_line_cents": f0_off_line_cents(sounds),
        "level_off_line_db": _level_off_line_db([sound.level_db for sound in sounds]),
        **_mixtures(sounds),
    }


def even_step_spread(sounds: Sequence[Sound]) -> float | None:
    """Step spread of sounds that should be equally far apart; None if the ends sound the same."""
    distances = mel_distances_db([sound.mel_db for sound in sounds])
    return step_spread(distances) if distances[0, -1] > MIN_DISTANCE_DB else None


def mel_distances_db(spectra: Sequence[FloatArray]) -> Float64:
    """Mean absolute distances [n, n] in dB between mel spectra [frames, 128] in dB.

    Like `distances.mel_error_db`, but symmetric: all spectra are clamped 60 dB below the loudest band of any, and the
    frames are used in which any of them exceeds that floor by 5 dB. They are the same for all distances: between a
    short sound and a long one the audible part grows along the path, and means over what is audible in two of its
    sounds at a time would fall while every frame moves further away.
    """
    floor = max(float(spectrum.max()) for spectrum in spectra) - RANGE_DB
    levels = [np.maximum(spectrum, floor) for spectrum in spectra]
    audible = np.any([level.max(axis=1) > floor + AUDIBLE_DB for level in levels], axis=0)
    distances = np.zeros((len(levels), len(levels)))
    for i, j in zip(*np.triu_indices(len(levels), 1), strict=True):
        frames = np.abs(levels[i] - levels[j])[audible]
        distances[i, j] = distances[j, i] = frames.mean() if frames.size else 0.0
    return distances


def mean_levels_db(levels: Sequence[FloatArray]) -> list[float] | None:
    """Mean A-weighted level in dB of each sound [frames], over the frames in which all of them are sustained.

    Attacks and releases are left out, because they end and start at different times in the sounds of a path, which
    says nothing about levels. Of the remaining frames, those are used that are audible at both ends, within 60 dB of
    the path's loudest. Levels below that range count as its lower end. None if fewer than ten frames remain: a stroke
    falls by 10 dB and more from frame to frame, and half a frame between two attacks is heard as several dB.
    The result is a straight line for levels that are blended in dB.
    """
    marks = [find_marks(level) for level in levels]
    first, end = max(mark.attack_frames for mark in marks), min(mark.release_frame for mark in marks)
    floor = max(float(level.max()) for level in levels) - RANGE_DB
    audible = (levels[0] > floor) & (levels[-1] > floor)
    frames = np.arange(len(audible))
    sustained = audible & (frames >= first) & (frames < end)
    if sustained.sum() < MIN_FRAMES:
        return None
    return [float(np.maximum(level, floor)[sustained].mean()) for level in levels]


def _level_off_line_db(levels: Sequence[FloatArray]) -> float | None:
    means = mean_levels_db(levels)
    return None if means is None else deviation_from_line(POSITIONS, means)


def _linearities(sounds: Sequence[Sound]) -> Errors:
    rows = [describe(sound) for sound in sounds]
    found: Errors = {}
    for name, least in MIN_DIFFERENCES.items():
        values = [value for row in rows if (value := row[name]) is not None]
        differ = len(values) == len(rows) and abs(values[-1] - values[0]) >= least
        found[f"linearity_{name}"] = linearity(POSITIONS, values) if differ else None
    return found


def _mixtures(sounds: Sequence[Sound]) -> Errors:
    ends = [sounds[0].samples, sounds[-1].samples]
    middle = sounds[len(sounds) // 2]
    return {
        "mixture_residual": spectral_residual(middle.samples, ends),
        "onset_residual": onset_residual(middle.samples, ends, note=middle.note),
        "crossfade_residual": spectral_residual(crossfade(ends), ends),
    }
