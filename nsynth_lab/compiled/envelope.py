"""The envelope of a voice, for compiled loops: how loud it is, frame by frame, over the instrument's own course.

    gain |    ,.                          attack    a straight line from silence to full
         |  ,'  `-.._                     decay     towards the sustain: what is left to it falls by 60 dB
       s |,'         ````------.          sustain   `s`
         |                      `-.._     release   by 60 dB from wherever it was
         +--------------------------------> time

Decay and release are exponential, as in an analogue synthesizer and as sounds die away by themselves. All that plays
takes its envelope from here: what is played live, songs, and the clips of packs.
"""

from __future__ import annotations

import math

from nsynth_lab.compiled import inlined
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, db_to_gain

FRAME_MS = 1000.0 * HOP_SAMPLES / SAMPLE_RATE
FALL_DB = -60.0  # of decay and release within their time; what has fallen so far is silent
SILENCE_DB = -120.0

_gain = inlined(db_to_gain)


@inlined
def held_gain(at_ms: float, attack_ms: float, decay_ms: float, sustain_db: float) -> float:
    """Amplitude `at_ms` after the key went down, while it is held; a `sustain_db` of -60 is silence."""
    if at_ms < attack_ms:
        return at_ms / attack_ms
    sustain: float = _gain(sustain_db) if sustain_db > FALL_DB else 0.0
    left: float = _gain(FALL_DB * (at_ms - attack_ms) / decay_ms) if decay_ms > 0 else 0.0
    return sustain + (1.0 - sustain) * left


@inlined
def released_db(before_db: float, release_ms: float) -> float:
    """Level a frame later than `before_db`, once the key is up."""
    return before_db + FALL_DB / max(release_ms / FRAME_MS, 1.0)


@inlined
def decibels(gain: float) -> float:
    """Amplitude in dB, not below -120."""
    return max(20.0 * math.log10(gain), SILENCE_DB) if gain > 0 else SILENCE_DB
