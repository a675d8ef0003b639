"""Guards against feedback: finds out whether the microphone picks up the loudspeakers, and turns them down if it does.

A tone that somebody sings and one that goes round and round through the loudspeakers look alike, so a test is made.
Where a note lasts longer than a breath, or stays at the loudest level for a second, the output is turned down by 12 dB
for a third of a second. If the input falls with it, it was feedback: the output stays down until the input is silent,
and after each time it stays 6 dB softer for good. If the input does not fall, this note is not tested again.
"""

from __future__ import annotations

import math
from collections import deque

from nsynth_lab.analysis.follower import HOP_SECONDS, Heard
from nsynth_lab.midi.events import Event, control

EXPRESSION, FULL = 11, 127  # controller of the zone's manager: an amplitude of (value / 127) squared
MANAGER = 0
LONG_HOPS = round(6.0 / HOP_SECONDS)
LOUD_HOPS = round(1.0 / HOP_SECONDS)
TRIAL_HOPS = round(0.34 / HOP_SECONDS)
MEAN_HOPS = round(0.09 / HOP_SECONDS)
SILENT_HOPS = round(0.05 / HOP_SECONDS)
TRIAL_DB, FALLEN_DB = -12.0, 5.0
HELD_DOWN_DB, STEP_DB, MOST_DB = -30.0, -6.0, -24.0


class FeedbackGuard:
    """Call `hear` once for each hop; it returns the events that turn the output down, or up again.

    Attributes:
        found: how often feedback was found.
    """

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=MEAN_HOPS)
        self._held = self._loud = self._silent = 0
        self._trial = 0  # hops of it that are left
        self._before_db = 0.0
        self._innocent = self._loops = False
        self._for_good_db = self._now_db = 0.0
        self._told = False
        self.found = 0

    def hear(self, heard: Heard, *, loudest: bool) -> list[Event]:
        """The events to send after this hop; `loudest` says that the note is played as loud as is allowed."""
        if math.isnan(heard.note):
            return self._without_tone()
        self._silent, self._held = 0, self._held + 1
        self._loud = self._loud + 1 if loudest else 0
        self._levels.append(heard.level_db)
        if self._trial:
            self._trial -= 1
            if not self._trial:
                self._judge()
        elif not self._innocent and not self._loops and (self._held > LONG_HOPS or self._loud > LOUD_HOPS):
            self._before_db, self._trial = self._mean_db, TRIAL_HOPS
        return self._turned()

    def troubles(self) -> list[str]:
        """A warning for the player, the first time after feedback was found."""
        if not self.found or self._told:
            return []
        self._told = True
        return ["the microphone hears the loudspeakers, so what is played is turned down: use headphones"]

    @property
    def _mean_db(self) -> float:
        return sum(self._levels) / len(self._levels)

    def _judge(self) -> None:
        self._loops = self._before_db - self._mean_db > FALLEN_DB
        self._innocent = not self._loops
        if self._loops:
            self.found += 1
            self._for_good_db = max(self._for_good_db + STEP_DB, MOST_DB)

    def _without_tone(self) -> list[Event]:
        self._silent += 1
        if self._silent >= SILENT_HOPS:
            self._held = self._loud = self._trial = 0
            self._innocent = self._loops = False
        return self._turned()

    def _turned(self) -> list[Event]:
        wanted = self._for_good_db + (HELD_DOWN_DB if self._loops else TRIAL_DB if self._trial else 0.0)
        if wanted == self._now_db:
            return []
        self._now_db = wanted
        return [control(EXPRESSION, round(FULL * 10.0 ** (wanted / 40.0)), channel=MANAGER)]
