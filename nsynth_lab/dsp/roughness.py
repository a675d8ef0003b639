"""Roughness: what the ear hears where two partials are too near to be heard apart and too far to be one that beats.

Source: Sethares 2005, Tuning, Timbre, Spectrum, Scale, appendix E: his curve through the measurements of Plomp and
Levelt 1965, Tonal consonance and critical bandwidth (J. Acoust. Soc. Am. 38). Its unit here is two sines of full level
at their roughest interval, about a quarter of a critical band apart: these count 1.
"""

from __future__ import annotations

import math

import numpy as np

from nsynth_lab.units import Doubles

SLOW, FAST = 3.51, 5.75  # how the curve falls and rises
WIDEST, AT_0_HZ, AN_HZ = 0.24, 18.96, 0.0207  # the roughest distance, and how the critical band widens upwards
_AT = math.log(FAST / SLOW) / (FAST - SLOW)
ROUGHEST = math.exp(-SLOW * _AT) - math.exp(-FAST * _AT)


def roughness(one_hz: Doubles, one_level: Doubles, other_hz: Doubles, other_level: Doubles) -> float:
    """Roughness of all partials of one sound [partials] with all of another [others]; levels are amplitudes, 1 is full.

    >>> sine = np.ones(1)
    >>> rough = [roughness(440 * sine, sine, hz * sine, sine) for hz in (440, 445, 465, 660)]
    >>> [round(value, 2) for value in rough]
    [0.0, 0.44, 1.0, 0.01]
    """
    low = np.minimum(one_hz[:, None], other_hz[None, :])
    apart = np.abs(one_hz[:, None] - other_hz[None, :]) * WIDEST / (AN_HZ * low + AT_0_HZ)
    level = np.minimum(one_level[:, None], other_level[None, :])
    return float((level * (np.exp(-SLOW * apart) - np.exp(-FAST * apart))).sum() / ROUGHEST)


def own_roughness(hz: Doubles, level: Doubles) -> float:
    """Roughness of a sound's partials [partials] with each other, each pair counted once."""
    return roughness(hz, level, hz, level) / 2.0
