"""How far the sides of a decoded sound are from the source's, octave by octave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dsp.width_filters import band_shapes
from nsynth_lab.units import Doubles, FloatArray
from nsynth_lab.width import ANGLE, BANDS, DIFFERENCE, LOWEST_CENTRE_HZ, row_of

AUDIBLE_DB = 40.0  # octaves that are further below the loudest one are not compared


@dataclass(frozen=True)
class Octave:
    """One octave of a stereo sound beside its source.

    Attributes:
        centre_hz: of the octave.
        level_difference_off_db: how far the level of the left side above that of the right is off.
        correlation_off: how far the correlation of the sides is off.
        mono_level_difference_off_db, mono_correlation_off: the same of a sound whose sides are alike.
    """

    centre_hz: float
    level_difference_off_db: float
    correlation_off: float
    mono_level_difference_off_db: float
    mono_correlation_off: float


def compare_sides(decoded: FloatArray, source: FloatArray) -> list[Octave]:
    """The octaves of `source` [2, samples] within 40 dB of its loudest one, each beside that of `decoded` [2, samples].

    Both are measured over the whole of the sound.
    """
    (came, _), (row, powers) = _measured(decoded), _measured(source)
    off_db = np.abs(came[DIFFERENCE] - row[DIFFERENCE])
    off = np.abs(np.cos(came[ANGLE]) - np.cos(row[ANGLE]))
    return [
        Octave(
            LOWEST_CENTRE_HZ * 2.0**band,
            float(off_db[band]),
            float(off[band]),
            abs(float(row[DIFFERENCE][band])),
            1.0 - float(np.cos(row[ANGLE][band])),
        )
        for band in range(BANDS)
        if powers[band] > 10.0 ** (-AUDIBLE_DB / 10.0) * powers.max()
    ]


def _measured(sides: FloatArray) -> tuple[FloatArray, Doubles]:
    """Differences and angles [16] of `sides` [2, samples], and their power in each octave [8]."""
    left, right = np.fft.rfft(sides)
    shapes = band_shapes(sides.shape[1])
    powers = [shapes @ one for one in (np.abs(left) ** 2, np.abs(right) ** 2, (left * right.conj()).real)]
    return row_of(*powers), np.asarray(powers[0] + powers[1])
