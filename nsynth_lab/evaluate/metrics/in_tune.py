"""A note brought to the pitch of its key, without vibrato and glides, so that its timbre alone is judged.

The classifier has heard most notes in tune and at one pitch. The first one took a plain organ that is 30 cents sharp
for a reed instrument, and so would have judged the tuning of a phrase rather than what plays it.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.resampling import resample
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

FINER = 4  # times the sample rate at which the sound is read between its samples
MOST_SEMITONES = 2.5  # that a note is bent; what is farther away is another note, or an error


def in_tune(samples: FloatArray, note: Doubles, *, begin_sample: int = 0) -> FloatArray:
    """`samples` [samples] at 48 kHz, played faster or slower so that the pitch is a whole note all the time.

    `note` [frames] has its pitch as fractional MIDI notes, for every 512th sample of a recording in which it begins at
    `begin_sample`; NaN where there is none. The whole note is the nearest to its median. Unchanged without any pitch.
    """
    if not len(samples):
        return samples
    frames = (begin_sample + np.arange(0, len(samples) + HOP_SAMPLES, HOP_SAMPLES)) / HOP_SAMPLES
    own = note[int(frames[0]) : int(frames[-1]) + 1]
    known = np.flatnonzero(~np.isnan(own))
    if not len(known):
        return samples
    off = own[known] - round(float(np.median(own[known])))
    near = np.abs(off) <= MOST_SEMITONES
    if not near.any():
        return samples
    at = (known[near] + int(frames[0])) * HOP_SAMPLES - begin_sample
    speed = 2.0 ** (np.interp(np.arange(len(samples)), at, off[near]) / 12.0)
    when = np.concatenate([[0.0], np.cumsum(speed)[:-1]])  # at which each sample is played
    places = np.interp(np.arange(int(when[-1]) + 1), when, np.arange(len(samples)))
    finer = resample(samples[None], SAMPLE_RATE, FINER * SAMPLE_RATE)[0]
    return np.asarray(np.interp(places * FINER, np.arange(len(finer)), finer), np.float32)
