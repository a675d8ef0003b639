"""describe(sound): five descriptors of timbre that correspond to what listeners hear.

centroid   mean of the mel spectrum along its bands, in octaves above 1 Hz: how bright
spread     standard deviation about the centroid in octaves: how broad
odd_even   power of the odd partials above the first relative to the even ones, in dB: how hollow
attack     in ms, and
decay      in dB/s: see `attack_decay`

Source: Peeters 2004, A large set of audio features for sound description (CUIDADO), sections 5 and 6; on a
logarithmic frequency axis, as in hearing.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.harmonics import odd_to_even_db
from nsynth_lab.dsp.mel_spectrum import RANGE_DB, band_edges_hz
from nsynth_lab.evaluate.metrics.attack_decay import attack_of, decay_db_per_second, sounding
from nsynth_lab.evaluate.metrics.sound import Sound

# between two sounds, for the linearity of the path between them to be measured
MIN_DIFFERENCES = {"centroid": 0.1, "spread": 0.05, "odd_even": 2.0, "attack": 10.0, "decay": 5.0}


def describe(sound: Sound) -> dict[str, float | None]:
    """The five descriptors; None for one that this sound does not have."""
    level = sound.mel_db
    audible = level.max(axis=1) > level.max() - RANGE_DB
    weight = (10 ** (level[audible].astype(np.float64) / 20)).mean(axis=0)
    octaves = band_octaves()
    centroid = float(np.average(octaves, weights=weight))
    loudness_db = sound.streams.loudness_db
    return {
        "centroid": centroid,
        "spread": float(np.sqrt(np.average((octaves - centroid) ** 2, weights=weight))),
        "odd_even": odd_to_even_db(sound.lines),
        "attack": attack_of(sound.envelope_db, sound.marks).length_ms,
        "decay": decay_db_per_second(loudness_db, sound.marks, audible=sounding(loudness_db)),
    }


@functools.cache
def band_octaves() -> NDArray[np.float64]:
    """The centres of the mel bands [128], in octaves above 1 Hz."""
    return np.asarray(np.log2(band_edges_hz()[1:-1]))
