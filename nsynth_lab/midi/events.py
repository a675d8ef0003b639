"""Event: one thing a player did, at a sample of the engine's clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

CHANNELS = 16
BEND_STEPS = 8192
DEFAULT_OFF_VELOCITY = 64


class Kind(Enum):
    """MIDI's channel messages, and `SETTING`: a parameter of the synth moved by name."""

    NOTE_ON = "note_on"
    NOTE_OFF = "note_off"
    POLY_PRESSURE = "poly_pressure"
    CONTROL = "control"
    PROGRAM = "program"
    PRESSURE = "pressure"
    BEND = "bend"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Event:
    """What was done.

    Attributes:
        kind: which of MIDI's channel messages.
        channel: 0 to 15.
        number: the key, controller or program, 0 to 127; 0 where the kind has none.
        value: velocity, pressure or controller value 0 to 127; for `BEND` -8192 to 8191; for `SETTING` its value.
        at_sample: when, on the engine's clock.
        name: of the parameter, for `SETTING`.
    """

    kind: Kind
    channel: int = 0
    number: int = 0
    value: float = 0.0
    at_sample: int = 0
    name: str = ""

    def at(self, sample: int) -> Event:
        """The same at another time."""
        return replace(self, at_sample=sample)


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
    """A controller moves."""
    return Event(Kind.CONTROL, channel, number, value, at_sample)


def bend(value: int, *, at_sample: int = 0, channel: int = 0) -> Event:
    """The bend wheel moves, -8192 to 8191."""
    return Event(Kind.BEND, channel, 0, value, at_sample)


def setting(name: str, value: float, *, at_sample: int = 0) -> Event:
    """A parameter of the synth moves."""
    return Event(Kind.SETTING, value=value, at_sample=at_sample, name=name)
