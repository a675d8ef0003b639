"""Where low notes begin: a pitch is known when two or three of its periods are, which is late in a low note.

The attack of a bass string is a noise or a higher tone for as long. Once all of a note is known, it begins
with its attack.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nsynth_lab.analysis.follower import HOP
from nsynth_lab.units import SAMPLE_RATE, FloatArray, note_to_hz

PERIODS = 2.0  # of a tone: so long at most its attack is without its pitch
LEAST_HOPS = 4  # an attack so short is told soon enough
ATTACK_DB = 15.0  # below the note's loudest beginning there is none yet
LEAP_SEMITONES = 1.5


def with_low_attacks(note: FloatArray, level_db: FloatArray) -> FloatArray:
    """`note` [moments], fractional MIDI notes, NaN without a tone, where each low note begins with its attack.

    Pitches detected during the attack are replaced, unless they last for at least one period of the low note.

    >>> note = np.array([np.nan, np.nan, 50.0, np.nan, *[24.0] * 20])
    >>> with_low_attacks(note, np.array([-60.0, *[-20.0] * 23]))[:4].tolist()
    [nan, 24.0, 24.0, 24.0]
    """
    ours = note.copy()
    parts = _parts(note)
    length = np.zeros(len(note), np.int64)
    for begin, end in parts:
        length[begin:end] = end - begin
    for begin, end in parts:
        hops = int(PERIODS * SAMPLE_RATE / note_to_hz(float(note[begin])) / HOP)
        if hops < LEAST_HOPS or end - begin < hops / PERIODS:
            continue
        least_db, first = level_db[begin : begin + hops].max() - ATTACK_DB, begin
        while 0 < first > begin - hops and level_db[first - 1] > least_db and length[first - 1] < hops / PERIODS:
            first -= 1
        ours[first:begin] = note[begin]
    return ours


def _parts(note: FloatArray) -> list[tuple[int, int]]:
    """Begin and end of each stretch with a tone and without a leap."""
    toneless = np.isnan(note)
    breaks = toneless[1:] | toneless[:-1] | (np.abs(np.diff(note)) > LEAP_SEMITONES)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(note)]
    return [(begin, end) for begin, end in pairwise(edges) if not toneless[begin]]
