"""BeatClock: samples of the engine's clock to beats, through every change of tempo."""

from __future__ import annotations

import numpy as np

from nsynth_lab.midi.events import Event, Kind
from nsynth_lab.tempo import DEFAULT_BPM
from nsynth_lab.units import SAMPLE_RATE, Doubles, Ints

FASTEST_BPM = 1e6  # a MIDI file may have any tempo; beyond this one no beat is heard
SLOWEST_BPM = 1.0
SLIP_BEATS = 0.25  # further away a song is wound on; nearer it is put right


class BeatClock:
    """Beats that have passed, and the beat at which the song stands: a straight line from the last change on.

    Notes count the beats that have passed since they began, so that nothing happens to them where a song is wound on.
    What is nearer is a clock that is kept to, and they keep to it too.

    >>> clock = BeatClock(60.0)
    >>> clock.take(Event(Kind.TEMPO, value=120.0, at_sample=48_000))
    >>> float(clock.passed(96_000)), float(clock.song(96_000))
    (3.0, 3.0)
    """

    def __init__(self, bpm: float = DEFAULT_BPM) -> None:
        self.bpm = bpm
        self._sample, self._passed, self._ahead = 0, 0.0, 0.0

    def take(self, event: Event) -> None:
        """A `TEMPO` or `BEAT` event, from when it happened on."""
        at = event.at_sample - event.number
        if event.kind is Kind.TEMPO:
            self._sample, self._passed = at, float(self.passed(at))
            self.bpm = min(max(event.value, SLOWEST_BPM), FASTEST_BPM)
        elif event.kind is Kind.BEAT:
            away = event.value - float(self.song(at))
            if abs(away) < SLIP_BEATS:
                self._passed += away
            else:
                self._ahead += away

    def passed(self, sample: int | Ints) -> Doubles:
        """Beats since the clock began, at samples of any shape."""
        return np.asarray(self._passed + (sample - self._sample) * (self.bpm / (60.0 * SAMPLE_RATE)))

    def sample_at(self, passed: Doubles) -> Doubles:
        """The inverse of `passed`, from the last change on: samples, not rounded, by when so many beats have passed."""
        return np.asarray(self._sample + (passed - self._passed) * (60.0 * SAMPLE_RATE / self.bpm))

    def song(self, sample: int | Ints) -> Doubles:
        """The beat at which the song stands, at samples of any shape."""
        return np.asarray(self.passed(sample) + self._ahead)
