"""A song that a clock plays: its events by their beats, where the clock lets it run, stop or be wound on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from nsynth_lab.midi.beat_clock import SLIP_BEATS, BeatClock
from nsynth_lab.midi.events import OF_THE_SONG, Event, Kind, control
from nsynth_lab.midi.song import Song
from nsynth_lab.units import SAMPLE_RATE

NOTES_OFF, PEDALS = 123, (64, 66)
KEPT = (Kind.CONTROL, Kind.PROGRAM, Kind.BEND, Kind.PRESSURE)  # what holds until it changes


class ClockedSong:
    """`until(heard, begin, end)`: the events of a song in the block from sample `begin` to `end`.

    `heard` are the events of the block so far, with the clock's `TEMPO`, `BEAT` and `RUN`. Until the first `RUN` the
    song stands still. Where it stops or is wound on, its notes end.
    """

    def __init__(self, song: Song) -> None:
        own = BeatClock()
        timed: list[tuple[float, Event]] = []
        for event in song.timed:
            if event.kind in OF_THE_SONG:
                own.take(event)
            else:
                timed.append((float(own.passed(event.at_sample)), event))
        self._beats, self._events = [at for at, _ in timed], [event for _, event in timed]
        self._end_beat = float(own.passed(song.end_sample))
        self._channels = tuple(song.channels)
        self._clock, self._next, self._runs = BeatClock(), 0, False

    @property
    def ended(self) -> bool:
        """Whether all of it has been played."""
        return self._runs and self._next == len(self._events)

    def until(self, heard: Iterable[Event], begin: int, end: int) -> list[Event]:
        """The next events, at their samples."""
        out: list[Event] = []
        for event in heard:
            if event.kind in OF_THE_SONG:
                at = min(max(event.at_sample, begin), end)
                out += self._play(begin, at)
                out += self._take(event, at)
                begin = at
        return out + self._play(begin, end)

    def _take(self, event: Event, at: int) -> list[Event]:
        if event.kind is Kind.RUN:
            stops, self._runs = self._runs and not event.value, bool(event.value)
            return self._silence(at) if stops else []
        before = float(self._clock.song(at))
        self._clock.take(event)
        now = float(self._clock.song(at))
        if abs(now - before) < SLIP_BEATS:
            return []
        self._next = bisect_left(self._beats, now)
        return [*self._silence(at), *self._standing(at)]

    def _play(self, begin: int, end: int) -> list[Event]:
        """What is due before sample `end`."""
        if not self._runs or end <= begin:
            return []
        stop = bisect_left(self._beats, float(self._clock.song(end)), lo=self._next)
        due, self._next = range(self._next, stop), stop
        now, pace = float(self._clock.song(begin)), self._clock.bpm / (60.0 * SAMPLE_RATE)
        return [
            self._events[place].at(min(max(begin + round((self._beats[place] - now) / pace), begin), end - 1))
            for place in due
        ]

    def _silence(self, at: int) -> list[Event]:
        """What ends the song's notes."""
        off = ((number, 0) for number in (*PEDALS, NOTES_OFF))
        return [
            control(number, value, channel=channel, at_sample=at) for number, value in off for channel in self._channels
        ]

    def _standing(self, at: int) -> list[Event]:
        """The controllers, programs and bends that hold where the song stands now."""
        last = {
            (event.kind, event.channel, event.number * (event.kind is Kind.CONTROL)): event
            for event in self._events[: self._next]
            if event.kind in KEPT
        }
        return [event.at(at) for event in last.values()]
