"""A followed pitch without the trembling of its measurement, two moments to either side being known.

A window of 21 ms finds the pitch of a glide, of a breathy whistle or of a voice in a room to within a quarter tone, now
above it and now below. A median of three takes single errors out and leaves steps as sharp as they are; a weighted
mean of three halves what is left.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import FloatArray

LEAP_SEMITONES = 1.5  # from one moment to the next: what lies on either side is not mixed


def smooth_pitch(note: FloatArray) -> FloatArray:
    """`note` [moments], fractional MIDI notes, smoothed; NaN, where there is no tone, and what is beside it stay.

    >>> smooth_pitch(np.array([60.0, 60.0, 60.6, 60.0, 60.0, np.nan, 72.0, 73.0, 74.0])).tolist()
    [60.0, 60.0, 60.0, 60.0, 60.0, nan, 72.0, 73.0, 74.0]
    """
    if len(note) < 3:
        return note
    ours = note.copy()
    three = np.stack([note[:-2], note[1:-1], note[2:]])
    known = ~np.isnan(three).any(axis=0)
    ours[1:-1][known] = np.sort(three[:, known], axis=0)[1]
    before, here, after = ours[:-2], ours[1:-1], ours[2:]
    near = (np.abs(here - before) < LEAP_SEMITONES) & (np.abs(after - here) < LEAP_SEMITONES)  # false beside NaN
    mean = ours.copy()
    mean[1:-1][near] = (0.25 * before + 0.5 * here + 0.25 * after)[near]
    return mean
