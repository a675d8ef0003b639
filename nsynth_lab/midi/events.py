"""Event: one thing a player did, at a sample of the engine's clock; and EventList, events handed out block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

CHANNELS = 16
BEND_STEPS = 8192
DEFAULT_OFF_VELOCITY = 64


class Kind(Enum):
    """MIDI's channel messages, and what else is sent to an engine.

    `SETTING`: a parameter set by name. `PITCH`, `LEVEL`, `BREATH`: of notes that follow. `TEMPO`, `BEAT`, `RUN`: of the
    song.
    """

    NOTE_ON = "note_on"
    NOTE_OFF = "note_off"
    POLY_PRESSURE = "poly_pressure"
    CONTROL = "control"
    PROGRAM = "program"
    PRESSURE = "pressure"
    BEND = "bend"
    SETTING = "setting"
    PITCH = "pitch"
    LEVEL = "level"
    BREATH = "breath"
    TEMPO = "tempo"
    BEAT = "beat"
    RUN = "run"


OF_THE_SONG = (Kind.TEMPO, Kind.BEAT, Kind.RUN)  # these belong to no channel


@dataclass(frozen=True, slots=True)
class Event:
    """A channel message or a setting, with its time.

    Attributes:
        kind: which message.
        channel: 0 to 15.
        number: the key, controller or program, 0 to 127; of the song's kinds how many samples before `at_sample` it
            happened; 0 if the kind has none.
        value: velocity, pressure or controller value, 0 to 127; for `BEND` -8192 to 8191; for `SETTING` any number;
            for `PITCH` semitones above the key, for `LEVEL` A-weighted dB, for `BREATH` dB by which the noise is turned
            up, of the channel's notes (see `synth.followed`), NaN for their own again; for `TEMPO` beats a minute, for
            `BEAT` the beat at which the song stands, counted from 0 at its beginning, for `RUN` 1 where it runs and 0
            where it stands still. A beat is a quarter note.
        at_sample: when, on the engine's clock.
        name: for `SETTING`, the parameter.
    """

    kind: Kind
    channel: int = 0
    number: int = 0
    value: float = 0.0
    at_sample: int = 0
    name: str = ""

    def at(self, sample: int) -> Event:
        """The same event at another time."""
        if sample == self.at_sample:
            return self
        # a phrase that is followed has hundreds of events a second, and `replace` takes several times as long
        return Event(self.kind, self.channel, self.number, self.value, sample, self.name)


def note_on(number: int, velocity: int = 100, *, at_sample: int = 0, channel: int = 0) -> Event:
    """A key goes down.

    >>> note_on(69, 80, at_sample=480).value
    80
    """
    return Event(Kind.NOTE_ON, channel, number, velocity, at_sample)


def note_off(number: int, velocity: int = DEFAULT_OFF_VELOCITY, *, at_sample: int = 0, channel: int = 0) -> Event:
    """A key goes up."""
    return Event(Kind.NOTE_OFF, channel, number, velocity, at_sample)


def control(number: int, value: int, *, at_sample: int = 0, channel: int = 0) -> Event:
    """A controller changes."""
    return Event(Kind.CONTROL, channel, number, value, at_sample)


def bend(value: int, *, at_sample: int = 0, channel: int = 0) -> Event:
    """The pitch wheel moves, -8192 to 8191."""
    return Event(Kind.BEND, channel, 0, value, at_sample)


def follow(semitones: float, level_db: float, *, at_sample: int = 0, channel: int = 0) -> list[Event]:
    """The notes of a channel are so far above their key and so loud, A-weighted, at this moment."""
    return [
        Event(Kind.PITCH, channel, 0, semitones, at_sample),
        Event(Kind.LEVEL, channel, 0, level_db, at_sample),
    ]


def tempo(bpm: float, *, at_sample: int = 0) -> Event:
    """The song goes on at `bpm` beats a minute."""
    return Event(Kind.TEMPO, value=bpm, at_sample=at_sample)


def beat(position: float, *, at_sample: int = 0) -> Event:
    """The song stands at beat `position`, and goes on from there."""
    return Event(Kind.BEAT, value=position, at_sample=at_sample)


def run(runs: bool, *, at_sample: int = 0) -> Event:
    """The song runs from here on, or stands still."""
    return Event(Kind.RUN, value=float(runs), at_sample=at_sample)


def setting(name: str, value: float, *, at_sample: int = 0) -> Event:
    """A parameter of the synth is set by name."""
    return Event(Kind.SETTING, value=value, at_sample=at_sample, name=name)


class EventList:
    """Events in order of time, handed out as the engine needs them; of an iterator only so many are made.

    >>> events = EventList([note_on(60), note_on(62, at_sample=480)])
    >>> [event.number for event in events.until(480)], [event.number for event in events.until(481)]
    ([60], [62])
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._left = iter(events)
        self._next = next(self._left, None)

    def until(self, sample: int) -> Sequence[Event]:
        """The events before `sample` that have not been handed out yet."""
        found = []
        while self._next is not None and self._next.at_sample < sample:
            found.append(self._next)
            self._next = next(self._left, None)
        return found
