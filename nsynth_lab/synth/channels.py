"""The controllers of MIDI's sixteen channels: wheels, pedals, pressure, volume, program, RPNs; and MPE zones.

In an MPE zone each note has its own channel, whose bend, pressure and slide (controller 74) move that note alone. The
manager channel of the zone (1 or 16) moves all its notes. Source: MIDI Polyphonic Expression 1.1 (M1-100-UM).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nsynth_lab.midi.events import BEND_STEPS, CHANNELS, Event, Kind
from nsynth_lab.synth.followed import Curve
from nsynth_lab.synth.settings import Settings

DATA_COARSE, VOLUME, EXPRESSION, DATA_FINE = 6, 7, 11, 38
SUSTAIN, SOSTENUTO, SLIDE = 64, 66, 74
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
SOUND_OFF, RESET, NOTES_OFF, OMNI_MODES = 120, 121, 123, (124, 125, 126, 127)
BANKS = (0, 32)
RESERVED = {
    *BANKS,
    DATA_COARSE,
    VOLUME,
    EXPRESSION,
    DATA_FINE,
    *range(SUSTAIN, 70),
    *range(96, 128),
}  # controllers with a fixed meaning in MIDI, which cannot be learnt
PEDAL_DOWN = 64
RPN_BEND_RANGE, RPN_FINE_TUNE, RPN_COARSE_TUNE, RPN_MPE, RPN_NONE = 0, 1, 2, 6, 0x3FFF
DEFAULT_VOLUME, MAX_CONTROLLER = 100, 127
LOWER, UPPER = 0, 15


class ControlValues(NamedTuple):
    """What one channel does to its notes; `pressure` and `slide` are 0 to 1, `gain` an amplitude.

    `slide` is NaN where the channel has none.
    """

    bend_semitones: float = 0.0
    pressure: float = 0.0
    gain: float = 1.0
    slide: float = math.nan


NEUTRAL = ControlValues()


@dataclass
class Channel:
    """The state of one channel's controllers.

    Attributes:
        bend: -1 to 1.
        bend_semitones: range of the bend; None until an RPN sets it.
        tune_semitones: channel tuning, by RPN 1 and 2.
        pressure: 0 to 1.
        slide: 0 to 1; None until it moves.
        sustain, sostenuto: whether the pedals are down.
        volume, expression: 0 to 127.
        program: 0 to 127.
        pitch, level, breath: semitones above the key, A-weighted level in dB, and dB by which the noise is turned up,
            of notes that follow a phrase.
        rpn: the registered parameter that data entry messages set.
    """

    bend: float = 0.0
    bend_semitones: float | None = None
    tune_semitones: float = 0.0
    pressure: float = 0.0
    slide: float | None = None
    sustain: bool = False
    sostenuto: bool = False
    volume: int = DEFAULT_VOLUME
    expression: int = MAX_CONTROLLER
    program: int = 0
    rpn: int = RPN_NONE
    pitch: Curve = field(default_factory=Curve)
    level: Curve = field(default_factory=Curve)
    breath: Curve = field(default_factory=Curve)

    @property
    def gain(self) -> float:
        """Amplitude from volume (7) and expression (11), each squared; 1 at the defaults of 100 and 127."""
        return (self.volume / DEFAULT_VOLUME) ** 2 * (self.expression / MAX_CONTROLLER) ** 2

    @property
    def follows(self) -> bool:
        """Whether its notes follow a phrase."""
        return not (math.isnan(self.pitch.last) and math.isnan(self.level.last))

    def reset(self) -> None:
        """Controller 121: bend, pressure, pedals and expression to default; volume, bend range and program stay."""
        self.bend = self.pressure = 0.0
        self.slide, self.sustain, self.sostenuto, self.expression = None, False, False, MAX_CONTROLLER
        self.rpn = RPN_NONE

    def change_zone(self, *, member: bool) -> None:
        """Reset a channel that joins or leaves an MPE zone; outside of zones it keeps its volume."""
        rpn = self.rpn  # still selected: this very message is its data entry
        self.reset()
        self.rpn, self.tune_semitones, self.bend_semitones = rpn, 0.0, None
        if member:
            self.volume = DEFAULT_VOLUME


Zones = Mapping[int, int]  # member channel -> its zone's manager


def zones_with(zones: Zones, manager: int, members: int) -> Zones:
    """The zones once `members` channels next to `manager` (0 or 15) have become its zone; 0 members end it.

    Another zone loses the channels that are taken from it, and ends if its manager is one of them.

    >>> zones_with(zones_with({}, 0, 15), 15, 2)
    {1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 0, 10: 0, 11: 0, 12: 0, 14: 15, 13: 15}
    """
    step = 1 if manager == LOWER else -1
    taken = [manager + step * (index + 1) for index in range(min(members, CHANNELS - 1))]
    gone = {*taken, manager} if members else set()
    kept = {member: own for member, own in zones.items() if own != manager and member not in gone and own not in gone}
    return kept | dict.fromkeys(taken, manager)


@dataclass
class Channels:
    """All sixteen channels and the MPE zones; `handle(event)` takes everything but notes."""

    each: list[Channel] = field(default_factory=lambda: [Channel() for _ in range(CHANNELS)])
    zones: Zones = field(default_factory=dict)

    def set_zone(self, manager: int, members: int) -> None:
        """Make `members` channels next to `manager` (0 or 15) an MPE zone; 0 members end it.

        Channels that join or leave a zone are reset, and the zone's bend ranges return to their defaults.
        """
        changed = self._changing_zone(manager, members)
        self.zones = zones_with(self.zones, manager, members)
        for index in changed:
            self.each[index].change_zone(member=index in self.zones)
        for index in self.controlled_by(manager):
            self.each[index].bend_semitones = None
            self.each[index].program = self.each[manager].program

    def changing_zone(self, event: Event) -> frozenset[int]:
        """Channels that would join or leave an MPE zone by this message."""
        if event.kind is not Kind.CONTROL or event.number != DATA_COARSE or event.channel not in (LOWER, UPPER):
            return frozenset()
        if self.each[event.channel].rpn != RPN_MPE:
            return frozenset()
        return self._changing_zone(event.channel, int(event.value))

    def _changing_zone(self, manager: int, members: int) -> frozenset[int]:
        before, after = self.zones, zones_with(self.zones, manager, members)
        managers = set(before.values()) ^ set(after.values())
        return frozenset(
            index for index in range(CHANNELS) if before.get(index) != after.get(index) or index in managers
        )

    def is_member(self, channel: int) -> bool:
        """Whether `channel` is a member of an MPE zone, so that each of its notes has it alone."""
        return channel in self.zones

    def controlled_by(self, channel: int) -> tuple[int, ...]:
        """Channels that messages on `channel` apply to: itself, and the whole zone if it is a manager."""
        return channel, *(member for member, manager in self.zones.items() if manager == channel)

    def handle(self, event: Event) -> None:
        """Take a wheel, pressure, program or controller message."""
        channel = self.each[event.channel]
        match event.kind:
            case Kind.BEND:
                channel.bend = event.value / BEND_STEPS
            case Kind.PRESSURE:
                channel.pressure = event.value / MAX_CONTROLLER
            case Kind.PITCH:
                channel.pitch.add(event.at_sample, event.value)
            case Kind.LEVEL:
                channel.level.add(event.at_sample, event.value)
            case Kind.BREATH:
                channel.breath.add(event.at_sample, event.value)
            case Kind.PROGRAM:
                for index in self.controlled_by(event.channel):
                    self.each[index].program = event.number
            case Kind.CONTROL:
                self._control(event.channel, channel, event.number, int(event.value))

    def _control(self, index: int, channel: Channel, number: int, value: int) -> None:
        match number:
            case n if n == VOLUME:
                channel.volume = value
            case n if n == EXPRESSION:
                channel.expression = value
            case n if n == SUSTAIN:
                channel.sustain = value >= PEDAL_DOWN
            case n if n == SOSTENUTO:
                channel.sostenuto = value >= PEDAL_DOWN
            case n if n == SLIDE:
                channel.slide = value / MAX_CONTROLLER
            case n if n in (NRPN_FINE, NRPN_COARSE):
                channel.rpn = RPN_NONE
            case n if n == RPN_COARSE:
                channel.rpn = (value << 7) | (channel.rpn & 0x7F)
            case n if n == RPN_FINE:
                channel.rpn = (channel.rpn & 0x3F80) | value
            case n if n == DATA_COARSE:
                self._data_entry(index, channel, value)
            case n if n == DATA_FINE:
                self._data_entry_fine(index, channel, value)
            case n if n == RESET:
                for one in self.controlled_by(index):
                    self.each[one].reset()

    def _data_entry(self, index: int, channel: Channel, value: int) -> None:
        match channel.rpn:
            case n if n == RPN_BEND_RANGE:
                self._set_range(index, float(min(value, 96)))
            case n if n == RPN_FINE_TUNE:
                channel.tune_semitones = round(channel.tune_semitones) + (value - 64) / 64
            case n if n == RPN_COARSE_TUNE:
                channel.tune_semitones += (value - 64) - round(channel.tune_semitones)
            case n if n == RPN_MPE and index in (LOWER, UPPER):
                self.set_zone(index, value)

    def _data_entry_fine(self, index: int, channel: Channel, value: int) -> None:
        if channel.rpn == RPN_BEND_RANGE and channel.bend_semitones is not None:
            self._set_range(index, int(channel.bend_semitones) + min(value, 99) / 100)

    def _set_range(self, index: int, semitones: float) -> None:
        """A bend range set on one member of a zone applies to all its members (M1-100-UM)."""
        manager = self.zones.get(index)
        same = [index] if manager is None else self.controlled_by(manager)[1:]
        for channel in same:
            self.each[channel].bend_semitones = semitones

    def controls(self, channel: int, settings: Settings) -> ControlValues:
        """What the controllers of `channel` do to its notes."""
        own, member = self.each[channel], self.is_member(channel)
        semitones = settings.bend_range(member=member) if own.bend_semitones is None else own.bend_semitones
        slide = own.slide if member and own.slide is not None else math.nan
        return ControlValues(own.bend * semitones + own.tune_semitones, own.pressure, own.gain, slide)

    def manager_controls(self, channel: int, settings: Settings) -> ControlValues:
        """What the manager of its zone adds to that."""
        manager = self.zones.get(channel)
        return NEUTRAL if manager is None else self.controls(manager, settings)

    def sustains(self, channel: int) -> bool:
        """Whether the sustain pedal holds notes of `channel`."""
        return self.each[channel].sustain or self.each[self.zones.get(channel, channel)].sustain
