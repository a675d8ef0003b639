"""The envelope of a voice, compiled: its gain frame by frame, on top of the instrument's own loudness.

    gain |    ,.                          attack    linear, from silence to full
         |  ,'  `-.._                     decay     exponential: the distance to the sustain falls by 60 dB
       s |,'         ````------.          sustain   `s`
         |                      `-.._     release   exponential: falls by 60 dB from its present level
         +--------------------------------> time

Decay and release are exponential in amplitude, as in analogue synthesizers and in natural sounds. Live playing, songs
and the clips of packs all take their envelope from here.
"""

from __future__ import annotations

import math

from nsynth_lab.compiled import inlined
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, db_to_gain

FRAME_MS = 1000.0 * HOP_SAMPLES / SAMPLE_RATE
FALL_DB = -60.0  # reached at the end of decay and release, and treated as silence
SILENCE_DB = -120.0

_gain = inlined(db_to_gain)


@inlined
def held_gain(at_ms: float, attack_ms: float, decay_ms: float, sustain_db: float) -> float:
    """Amplitude at `at_ms` after the key went down, while it is held; a `sustain_db` of -60 or less is silence."""
    if at_ms < attack_ms:
        return at_ms / attack_ms
    sustain: float = _gain(sustain_db) if sustain_db > FALL_DB else 0.0
    left: float = _gain(FALL_DB * (at_ms - attack_ms) / decay_ms) if decay_ms > 0 else 0.0
    return sustain + (1.0 - sustain) * left


@inlined
def released_db(before_db: float, release_ms: float) -> float:
    """Level one frame after `before_db`, in the release."""
    return before_db + FALL_DB / max(release_ms / FRAME_MS, 1.0)


@inlined
def decibels(gain: float) -> float:
    """Amplitude in dB, at least -120."""
    return max(20.0 * math.log10(gain), SILENCE_DB) if gain > 0 else SILENCE_DB
