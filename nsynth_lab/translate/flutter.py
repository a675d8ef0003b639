"""Flutter: a level that swings faster than anybody repeats a note, as a flutter-tongued flute's and a growl's do.

Nobody strikes a note again within a sixteenth of a second; a rolled tongue swings 20 to 30 times a second. So where the
level falls and comes back soon after it has done so before, the note goes on, and its level swings with the source's.
"""

from __future__ import annotations

from nsynth_lab.analysis.follower import HOP_SECONDS

SOONEST_STRIKE_SECONDS = 1.0 / 16.0
SWING_DB = 3.0  # to count, the level falls and rises by so much


class Flutter:
    """`hear(level_db)` for each hop; then `swings` says whether its last two dips were that close."""

    def __init__(self, level_db: float) -> None:
        self._hop = 0
        self._falling = False
        self._extreme_db, self._extreme_hop = level_db, 0  # the highest since it rises, or the lowest since it falls
        self._dips = (-1000, -1000)  # hops of the last two

    @property
    def swings(self) -> bool:
        """Whether the last two dips were so close that they were no strikes."""
        before, last = self._dips
        return (last - before) * HOP_SECONDS < SOONEST_STRIKE_SECONDS

    def hear(self, level_db: float) -> None:
        """The level of the next hop in dB."""
        self._hop += 1
        beyond = self._extreme_db - level_db if self._falling else level_db - self._extreme_db
        if beyond >= 0.0:
            self._extreme_db, self._extreme_hop = level_db, self._hop
        elif -beyond >= SWING_DB:
            if self._falling:
                self._dips = (self._dips[1], self._extreme_hop)
            self._falling = not self._falling
            self._extreme_db, self._extreme_hop = level_db, self._hop
