"""Live levelling: how much louder a voice is made, whose level is not known beforehand, to play the target well.

Offline the loudest twentieth of a phrase is brought to the level of the instruments. Live that level is learnt: it
rises with whatever is louder within a tenth of a second and falls slowly, by so little in the length of a phrase that
its dynamics stay. Nothing is played louder than 10 dB above the instruments.
"""

from __future__ import annotations

import math

from nsynth_lab.analysis.follower import HOP_SECONDS, Heard
from nsynth_lab.synth.followed import REFERENCE_DB

EXPECTED_DB = -32.0  # A-weighted, of a voice at a microphone that is neither near nor far
RISE_SHARE = HOP_SECONDS / 0.1
FALL_DB = 0.5 * HOP_SECONDS  # while there are tones
MOST_DB = 30.0  # either way
LOUDEST_DB = REFERENCE_DB + 10.0  # of what is played


class LiveLevelling:
    """`levelled(heard)` with the make-up learnt so far; a fixed one if it is given, in dB."""

    def __init__(self, fixed_db: float | None = None) -> None:
        self._fixed_db = fixed_db
        self._loud_db = EXPECTED_DB

    @property
    def makeup_db(self) -> float:
        """What is added now."""
        if self._fixed_db is not None:
            return self._fixed_db
        return min(max(REFERENCE_DB - self._loud_db, -MOST_DB), MOST_DB)

    def levelled(self, heard: Heard) -> Heard:
        """What was heard, as loud as it is to be played."""
        if not math.isnan(heard.note):
            above = heard.level_db - self._loud_db
            self._loud_db += RISE_SHARE * above if above > 0 else -FALL_DB
        return heard._replace(level_db=min(heard.level_db + self.makeup_db, LOUDEST_DB))
