"""A live second voice: each note that is struck gets another below it, in thirds and sixths of the scale.

The key is found in what has been played so far, so nothing is known of what comes: of the notes that go with one that
is struck, that is taken which follows best on the voice's last. A third or sixth sounds well, a fourth less so, a
fifth or an octave only where the voices do not move there in parallel (Fux, Gradus ad Parnassum, 1725).
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.duet.listening import Key as StruckKey
from nsynth_lab.duet.listening import key_struck, keys_lifted
from nsynth_lab.midi.events import Event, note_off, note_on
from nsynth_lab.tune.find.key_weights import BY_MODE, PRIOR
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.scale import steps_of_mode
from nsynth_lab.units import SAMPLE_RATE

BELOW = {3: 0.0, 4: 0.0, 8: 0.6, 9: 0.5, 5: 2.0, 7: 2.2, 12: 2.0, 15: 1.5, 16: 1.5}  # semitones: cost
PERFECT = (7, 12)
PARALLEL, LEAP, STAYS, OUTSIDE = 4.0, 0.2, 0.1, 5.0
EASY_LEAP = 2  # semitones
SOFTER = 0.85  # of the velocity that it goes with
MEMORY_SECONDS = 12.0  # after which a note counts a third for finding the key
CHANGES_AT = 1.0  # by how much another key must be likelier


class RunningKey:
    """The key of what has been played so far."""

    def __init__(self, given: Key | None = None) -> None:
        self._given = given
        self._heard = np.zeros(12)
        self._at = 0
        self._places = [(tonic, mode) for tonic in range(12) for mode in BY_MODE]
        rows = [[BY_MODE[mode][(note - tonic) % 12] for note in range(12)] for tonic, mode in self._places]
        self._weights = np.array(rows)
        self._prior = np.array([PRIOR[mode] for _, mode in self._places])
        self._chosen = -1

    def hear(self, note: int, *, at_sample: int, samples: int) -> None:
        """Count a note by how long it has sounded."""
        past = max(0, at_sample - self._at) / SAMPLE_RATE
        self._heard *= np.exp(-past / MEMORY_SECONDS)
        self._at = max(self._at, at_sample)
        self._heard[note % 12] += min(samples / SAMPLE_RATE, 2.0)

    @property
    def classes(self) -> frozenset[int]:
        """Pitch classes of the scale, 0 is C; all twelve until a key is known."""
        if self._given is not None:
            tonic, mode = self._given.tonic, self._given.mode
        elif self._heard.sum() <= 0:
            return frozenset(range(12))
        else:
            scores = self._weights @ (self._heard / self._heard.sum()) + self._prior
            best = int(scores.argmax())
            if self._chosen < 0 or scores[best] > scores[self._chosen] + CHANGES_AT:
                self._chosen = best
            tonic, mode = self._places[self._chosen]
        return frozenset((tonic + step) % 12 for step in steps_of_mode(mode))


class SecondVoice:
    """`play(event)` gives what sounds with a key that goes down or up, on the channel of the partner."""

    def __init__(self, channel: int, *, key: Key | None = None, lowest: int = 0, highest: int = 127) -> None:
        self._channel, self._key = channel, RunningKey(key)
        self._lowest, self._highest = lowest, highest
        self._sounding: dict[StruckKey, tuple[int, int]] = {}  # by the key struck: the second note, and when
        self._last: tuple[int, int] | None = None  # the note struck before, and what sounded with it

    def play(self, event: Event) -> list[Event]:
        """The second voice's events for an event of the player."""
        ended = [self._release(key, event.at_sample) for key in keys_lifted(event, self._sounding)]
        struck = key_struck(event)
        return ended if struck is None else [*ended, *self._strike(struck, event)]

    def release_all(self, at: int) -> list[Event]:
        """The events that end whatever it plays, at a sample."""
        return [self._release(key, at) for key in list(self._sounding)]

    def _strike(self, key: StruckKey, event: Event) -> list[Event]:
        at = event.at_sample
        if self._sounding:  # a chord, or one hand over another: there is a second voice already
            return []
        below = self._below(event.number)
        if below is None:
            return []
        self._sounding[key] = (below, at)
        self._last = (event.number, below)
        velocity = max(1, round(SOFTER * event.value))
        return [note_on(below, velocity, at_sample=at, channel=self._channel)]

    def _release(self, key: StruckKey, at: int) -> Event:
        note, begun = self._sounding.pop(key)
        self._key.hear(key[1], at_sample=at, samples=at - begun)
        return note_off(note, at_sample=at, channel=self._channel)

    def _below(self, struck: int) -> int | None:
        """The note below the one that is struck; None if it is out of the instrument's range."""
        scale = self._key.classes
        costs = {}
        for apart, cost in BELOW.items():
            note = struck - apart
            if max(self._lowest, 0) <= note <= min(self._highest, 127):
                costs[note] = cost + OUTSIDE * (note % 12 not in scale) + self._moving(struck, note)
        return min(costs, key=lambda note: (costs[note], -note)) if costs else None

    def _moving(self, struck: int, note: int) -> float:
        """The cost of moving the voice to this note."""
        if self._last is None:
            return 0.0
        above, below = self._last
        parallel = struck != above and struck - note == above - below and struck - note in PERFECT
        moved = abs(note - below)
        return PARALLEL * parallel + LEAP * max(0, moved - EASY_LEAP) + STAYS * (moved == 0 and struck != above)
