"""Turns what a follower hears into events for the engine, hop by hop.

    Heard --> begins? steps? ends? --> note_on, note_off          each note on a channel of its own (MPE)
          --> pitch by its channel's bend, loudness by its channel's level

A high pitch is known sooner than a low one, because it is measured in a shorter window. So that a glide keeps its
shape, the bend that is sent is always the pitch of 21 ms ago; only below 75 Hz is it later. In a phrase that was
followed with enough look-ahead every pitch stands at its own time, and is sent without that delay.

A note begins where a tone begins, where the level comes back sharply after a dip, and where the pitch steps to
another note and stays there. A glide is a bend, and a flutter is a swing of the level. A note ends where the tone
ends, with the release of its instrument. Nothing here looks ahead.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from nsynth_lab.analysis.follower import HOP, HOP_SECONDS, Heard
from nsynth_lab.midi.events import CHANNELS, Event, Kind, note_off, note_on
from nsynth_lab.midi.events import follow as follow_events
from nsynth_lab.synth.followed import REFERENCE_DB, velocity_at
from nsynth_lab.translate.breath import Breath
from nsynth_lab.translate.flutter import Flutter
from nsynth_lab.translate.octaves import Placing
from nsynth_lab.translate.rules import Rules
from nsynth_lab.translate.snapping import Snapping
from nsynth_lab.translate.stability import LEAP_SEMITONES, SMALL_SEMITONES, Stability

MOST_PITCHES = 16
CONFIRMED_HOPS, SURE_STRENGTH = 2, 0.93
EVEN_HOPS = 2  # from the rise of the level to a note, at least, so that high notes sound as late as low ones
BEGIN_HOPS, BEGIN_DB, RISE_SAMPLES = 5, 9.0, 64  # a tone begins where the level rises so much; seen after so long
SOONEST_SAMPLES = EVEN_HOPS * HOP + RISE_SAMPLES  # from the beginning of a tone to its note, without the hop itself
MISSING_HOPS = 4  # without a tone before a note ends
DIP_DB, RISE_DB, NEAR_PEAK_DB = 5.0, 7.0, 12.0
PEAK_FALL_DB = 0.05  # a hop: 9 dB a second
SHORTEST_SECONDS = 0.06  # between two attacks
ATTACK_HEADROOM_DB = 4.0  # a note is struck before it is at its loudest
PITCH_DELAY_SAMPLES = 1024


class NoteMaker:
    """Call `hear` once for each hop and `end` after the last; both return events, at samples of the phrase."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._hop = 0
        self._key: int | None = None
        self._channel, self._began = 0, 0
        self._toneless = self._tones = 0
        self._levels: deque[float] = deque(maxlen=BEGIN_HOPS)
        self._rose, self._rising = -EVEN_HOPS, False
        self._peak_db, self._trough_db = 0.0, 0.0
        self._placing, self._level_db = Placing(rules), 0.0
        self._snapping: Snapping | None = None
        self._loudest_db = REFERENCE_DB
        self._stability, self._breath, self._flutter = Stability(0.0), Breath(), Flutter(0.0)
        self._stepped: float | None = None
        self._pitches: deque[tuple[float, float]] = deque(maxlen=MOST_PITCHES)  # when, in samples, and note

    def hear(self, heard: Heard) -> list[Event]:
        """The events of one hop, all at its end."""
        self._hop += 1
        self._watch(heard.level_db)
        if math.isnan(heard.note):
            return self._without_tone()
        self._toneless, self._tones = 0, self._tones + 1
        note = heard.note + self._rules.transpose
        self._pitches.append((self._now - heard.delay_samples, note))
        if self._key is None:
            sure = heard.strength >= SURE_STRENGTH or self._tones >= CONFIRMED_HOPS
            if not sure or self._hop - self._rose < EVEN_HOPS:
                return []
            return self._begin(note, heard, rest=note)
        self._placing.hear(note)
        # kept while the note is too young: one that began an octave wrong would stay so to its end
        self._stepped = self._stability.step(note) or self._stepped
        if self._stepped is not None and abs(note - self._stepped) > SMALL_SEMITONES:
            self._stepped = None
        risen = self._rises(heard.level_db)
        if self._old_enough and (risen or self._is_far(self._stepped)):
            return [*self._lift(), *self._begin(note, heard, rest=self._stepped or note, tied=True)]
        return self._move(note, heard)

    def end(self) -> list[Event]:
        """The events that end the last note."""
        return self._lift()

    @property
    def sounds(self) -> bool:
        """Whether a note is held now."""
        return self._key is not None

    @property
    def _now(self) -> int:
        return self._hop * HOP

    @property
    def _old_enough(self) -> bool:
        return (self._hop - self._began) * HOP_SECONDS >= SHORTEST_SECONDS

    def _is_far(self, stepped: float | None) -> bool:
        """Whether the pitch has stepped to where another key is needed; nearer, what can sustain plays legato."""
        least = SMALL_SEMITONES if self._rules.struck else LEAP_SEMITONES
        return stepped is not None and abs(stepped + self._placing.semitones - (self._key or 0)) >= least

    def _rises(self, level_db: float) -> bool:
        """Whether the level, after a dip, has come back: the note was struck again, unless it flutters."""
        dipped = self._trough_db < self._peak_db - DIP_DB
        if dipped and level_db - self._trough_db > RISE_DB and level_db > self._peak_db - NEAR_PEAK_DB:
            if not self._flutter.swings:
                return True
            self._peak_db = self._trough_db = level_db
        self._peak_db -= PEAK_FALL_DB
        if level_db > self._peak_db or not dipped:
            self._peak_db, self._trough_db = max(self._peak_db, level_db), level_db
        self._trough_db = min(self._trough_db, level_db)
        return False

    def _watch(self, level_db: float) -> None:
        """See when the level begins to rise, and whether it flutters."""
        self._flutter.hear(level_db)
        rising = bool(self._levels) and level_db - min(self._levels) > BEGIN_DB
        if rising and not self._rising:
            self._rose = self._hop
        self._rising = rising
        self._levels.append(level_db)

    def _without_tone(self) -> list[Event]:
        self._placing.hear(math.nan)
        self._tones, self._toneless = 0, self._toneless + 1
        return self._lift() if self._key is not None and self._toneless >= MISSING_HOPS else []

    def _begin(self, note: float, heard: Heard, *, rest: float, tied: bool = False) -> list[Event]:
        """Strike a note that is heard at `note` now, and moved by the octaves that suit where it rests."""
        self._stepped = None
        self._stability = Stability(note, soon=self._rules.struck)
        self._pitches = deque([self._pitches[-1]], maxlen=MOST_PITCHES)
        self._placing.begin(rest, tied=tied)
        placed = note + self._placing.semitones
        self._key = self._rules.key(placed)
        self._snapping = Snapping(self._rules, placed, self._key) if self._rules.snap else None
        self._channel = self._channel % (CHANNELS - 1) + 1
        self._began = self._hop
        self._level_db = self._rules.played_db(heard.level_db) + ATTACK_HEADROOM_DB
        self._loudest_db = 0.5 * (self._loudest_db + self._level_db)
        self._peak_db = self._trough_db = heard.level_db
        moved = self._move(note, heard)
        return [
            *moved,
            note_on(self._key, round(velocity_at(self._loudest_db)), at_sample=self._now, channel=self._channel),
        ]

    def _move(self, note: float, heard: Heard) -> list[Event]:
        assert self._key is not None
        follow, wanted = self._rules.follow, self._delayed(note, heard) + self._placing.semitones
        shift = 0.0 if self._snapping is None else self._snapping.shift(wanted)
        pitch = self._key + follow * (wanted + shift - self._key)
        self._level_db += follow * (self._rules.played_db(heard.level_db) - self._level_db)
        events = follow_events(pitch - self._key, self._level_db, at_sample=self._now, channel=self._channel)
        if self._rules.expression:
            breath_db = self._rules.expression * self._breath.turned_up_db(heard)
            events.append(Event(Kind.BREATH, self._channel, 0, breath_db, self._now))
        return events

    def _delayed(self, note: float, heard: Heard) -> float:
        """The pitch 21 ms ago, or the nearest to it that was heard in this note; now, if it was measured now."""
        if not (self._pitches and heard.delay_samples):
            return note
        order = sorted(self._pitches)
        return float(np.interp(self._now - PITCH_DELAY_SAMPLES, [at for at, _ in order], [pitch for _, pitch in order]))

    def _lift(self) -> list[Event]:
        if self._key is None:
            return []
        key, self._key = self._key, None
        return [note_off(key, at_sample=self._now, channel=self._channel)]
