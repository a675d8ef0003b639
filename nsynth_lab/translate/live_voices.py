"""Tells, of live input, when several notes sound at once: the follower hears one voice.

The thread that makes the sound keeps a moment now and then, which costs microseconds; whoever shows messages to the
player looks at them (see `analysis.two_voices`), and says it once.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from nsynth_lab.analysis.follower import FORGETTING_DB, HOP, Heard
from nsynth_lab.analysis.phrase import LOUD_RANGE_DB
from nsynth_lab.analysis.two_voices import EVERY_HOPS, WINDOW, are_two
from nsynth_lab.dsp.quick_median import quick_median
from nsynth_lab.units import FloatArray, note_to_hz

STEADY_SEMITONES = 0.5
LATEST, LEAST = 24, 10  # loud moments, 171 ms from each other
LATEST_HOPS, LEAST_HOPS = LATEST * EVERY_HOPS, LEAST * EVERY_HOPS
TWO_SHARE, WEAK = 0.5, 0.82  # a plucked bass reaches 0.86 for two seconds, thirds and string orchestras 0.56 to 0.79
MOST_WAITING = 32


class Moment(NamedTuple):
    """The sound of the 171 ms before a hop, in which the pitch was steady."""

    window: FloatArray
    hz: float  # of the voice that is followed


class LiveVoices:
    """`feed` the samples and `hear` the hops on one thread; `troubles` may be asked for on another.

    Args:
        late_hops: how many hops what is heard is behind what was fed.
    """

    def __init__(self, *, late_hops: int = 0) -> None:
        self._past = np.zeros(WINDOW + late_hops * HOP, np.float32)
        self._steady = self._since = 0  # hops
        self._note, self._loudest_db = math.nan, -math.inf
        self._waiting: deque[Moment] = deque(maxlen=MOST_WAITING)
        self._strengths: deque[float] = deque(maxlen=LATEST_HOPS)
        self._pairs: deque[bool] = deque(maxlen=LATEST)
        self._told = False

    def feed(self, samples: FloatArray) -> None:
        """The next samples, before `hear` is called with the hops that end in them."""
        if not self._told:
            self._past = np.concatenate([self._past, samples])[-len(self._past) :]

    def hear(self, heard: Heard) -> None:
        """The next hop."""
        if self._told:
            return
        self._loudest_db = max(self._loudest_db - FORGETTING_DB, heard.level_db)
        self._steady = self._steady + 1 if abs(heard.note - self._note) < STEADY_SEMITONES else 0
        self._note, self._since = heard.note, self._since + 1
        if math.isnan(heard.note) or heard.level_db < self._loudest_db - LOUD_RANGE_DB:
            return
        self._strengths.append(heard.strength)
        if self._since >= EVERY_HOPS and self._steady >= EVERY_HOPS:
            self._since = 0
            self._waiting.append(Moment(self._past[:WINDOW], note_to_hz(heard.note)))

    def troubles(self) -> list[str]:
        """A line for the player, the first time that several notes have sounded at once for some seconds."""
        while self._waiting:
            moment = self._waiting.popleft()
            self._pairs.append(are_two(moment.window, moment.hz))
        if self._told or not self._are_several:
            return []
        self._told = True
        return ["several notes seem to sound at once; one voice is followed: play one note at a time"]

    @property
    def _are_several(self) -> bool:
        strengths, pairs = list(self._strengths), self._pairs
        is_weak = len(strengths) >= LEAST_HOPS and quick_median(np.array(strengths)) < WEAK
        return is_weak or (len(pairs) >= LEAST and sum(pairs) >= TWO_SHARE * len(pairs))
