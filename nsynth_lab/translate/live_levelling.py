"""Finds the gain for live input, so that loud notes at the microphone are loud notes of the target.

In a recording the loudest twentieth of the phrase is brought to the level of the instruments. Live, that level has to
be learnt: within a tenth of a second it rises to whatever is louder, and it falls by half a dB a second, too slowly
to flatten the dynamics of a phrase. Nothing is played more than 10 dB louder than the instruments.
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
    """Call `levelled` once for each hop. The gain is `fixed_db` if that is given, and is learnt otherwise."""

    def __init__(self, fixed_db: float | None = None) -> None:
        self._fixed_db = fixed_db
        self._loud_db = EXPECTED_DB

    @property
    def makeup_db(self) -> float:
        """The gain now, in dB: -30 to 30 where it is learnt."""
        if self._fixed_db is not None:
            return self._fixed_db
        return min(max(REFERENCE_DB - self._loud_db, -MOST_DB), MOST_DB)

    def levelled(self, heard: Heard) -> Heard:
        """The same hop at the level at which it is played."""
        if not math.isnan(heard.note):
            above = heard.level_db - self._loud_db
            self._loud_db += RISE_SHARE * above if above > 0 else -FALL_DB
        return heard._replace(level_db=min(heard.level_db + self.makeup_db, LOUDEST_DB))
