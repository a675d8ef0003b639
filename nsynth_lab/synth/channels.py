"""What pedals, wheels and pressures of MIDI's sixteen channels say, and which channels are an MPE zone.

In an MPE zone each note has a channel of its own, whose bend, pressure and slide (controller 74) are that note's; what
the zone's manager says (its first channel, 1 or 16) holds for all of them. Source: MIDI Polyphonic Expression 1.1
(M1-100-UM).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nsynth_lab.midi.events import BEND_STEPS, CHANNELS, Event, Kind
from nsynth_lab.synth.settings import Settings

DATA_COARSE, VOLUME, EXPRESSION, DATA_FINE = 6, 7, 11, 38
SUSTAIN, SOSTENUTO, SLIDE = 64, 66, 74
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
SOUND_OFF, RESET, NOTES_OFF, OMNI_MODES = 120, 121, 123, (124, 125, 126, 127)
BANKS = (0, 32)
TAKEN = {
    *BANKS,
    DATA_COARSE,
    VOLUME,
    EXPRESSION,
    DATA_FINE,
    *range(SUSTAIN, 70),
    *range(96, 128),
}  # have a task in MIDI
PEDAL_DOWN = 64
RPN_BEND_RANGE, RPN_FINE_TUNE, RPN_COARSE_TUNE, RPN_MPE, RPN_NONE = 0, 1, 2, 6, 0x3FFF
USUAL_VOLUME, FULL = 100, 127
LOWER, UPPER = 0, 15


class ControlValues(NamedTuple):
    """What one channel says of its notes: semitones, 0 to 1, an amplitude, and 0 to 1 or NaN where it never slid."""

    bend_semitones: float = 0.0
    pressure: float = 0.0
    gain: float = 1.0
    slide: float = math.nan


NEUTRAL = ControlValues()


@dataclass
class Channel:
    """What one channel's controllers say, after the last message.

    Attributes:
        bend: -1 to 1.
        bend_semitones: its range; None until an RPN sets it.
        tune_semitones: by RPN 1 and 2.
        pressure: 0 to 1.
        slide: 0 to 1, None until it moves.
        sustain, sostenuto: whether the pedals are down.
        volume, expression: 0 to 127.
        program: 0 to 127.
        rpn: the registered parameter that data entry sets.
    """

    bend: float = 0.0
    bend_semitones: float | None = None
    tune_semitones: float = 0.0
    pressure: float = 0.0
    slide: float | None = None
    sustain: bool = False
    sostenuto: bool = False
    volume: int = USUAL_VOLUME
    expression: int = FULL
    program: int = 0
    rpn: int = RPN_NONE

    @property
    def gain(self) -> float:
        """Amplitude: controllers 7 and 11 squared, 1 at the usual 100 and 127."""
        return (self.volume / USUAL_VOLUME) ** 2 * (self.expression / FULL) ** 2

    def reset(self) -> None:
        """Controller 121: bend, pressure, pedals and expression as they were; volume, range and program stay."""
        self.bend = self.pressure = 0.0
        self.slide, self.sustain, self.sostenuto, self.expression = None, False, False, FULL
        self.rpn = RPN_NONE

    def regroup(self, *, member: bool) -> None:
        """It comes into an MPE zone or leaves it: nothing of what was said before holds.

        The volume of a channel that is no zone's member is the player's own business.
        """
        rpn = self.rpn  # under way: it is this message's
        self.reset()
        self.rpn, self.tune_semitones, self.bend_semitones = rpn, 0.0, None
        if member:
            self.volume = USUAL_VOLUME


Zones = Mapping[int, int]  # member channel -> its zone's manager


def zones_with(zones: Zones, manager: int, members: int) -> Zones:
    """The zones after `members` channels beside `manager` (0 or 15) became one; 0 members end it.

    What they are taken from is the smaller by as many, and ends where its manager is among them.

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
    """All sixteen, and the zones. `hear(event)` takes what is no note."""

    each: list[Channel] = field(default_factory=lambda: [Channel() for _ in range(CHANNELS)])
    zones: Zones = field(default_factory=dict)

    def set_zone(self, manager: int, members: int) -> None:
        """Make `members` channels beside `manager` (0 or 15) an MPE zone; 0 members end it.

        Channels that come into a zone or leave one begin anew, and the ranges of the zone's bends are as at first.
        """
        changed = self._regrouped(manager, members)
        self.zones = zones_with(self.zones, manager, members)
        for index in changed:
            self.each[index].regroup(member=index in self.zones)
        for index in self.reach(manager):
            self.each[index].bend_semitones = None
            self.each[index].program = self.each[manager].program

    def regrouped(self, event: Event) -> frozenset[int]:
        """Channels that this message would take into a zone or out of one."""
        if event.kind is not Kind.CONTROL or event.number != DATA_COARSE or event.channel not in (LOWER, UPPER):
            return frozenset()
        if self.each[event.channel].rpn != RPN_MPE:
            return frozenset()
        return self._regrouped(event.channel, int(event.value))

    def _regrouped(self, manager: int, members: int) -> frozenset[int]:
        before, after = self.zones, zones_with(self.zones, manager, members)
        leads = set(before.values()) ^ set(after.values())
        return frozenset(index for index in range(CHANNELS) if before.get(index) != after.get(index) or index in leads)

    def is_member(self, channel: int) -> bool:
        """Whether notes of `channel` have it to themselves."""
        return channel in self.zones

    def reach(self, channel: int) -> tuple[int, ...]:
        """The channels for which `channel` speaks: itself, and if it is a zone's manager all of the zone."""
        return channel, *(member for member, manager in self.zones.items() if manager == channel)

    def hear(self, event: Event) -> None:
        """A message that is no note: wheel, pressure, program or controller."""
        channel = self.each[event.channel]
        match event.kind:
            case Kind.BEND:
                channel.bend = event.value / BEND_STEPS
            case Kind.PRESSURE:
                channel.pressure = event.value / FULL
            case Kind.PROGRAM:
                for index in self.reach(event.channel):
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
                channel.slide = value / FULL
            case n if n in (NRPN_FINE, NRPN_COARSE):
                channel.rpn = RPN_NONE
            case n if n == RPN_COARSE:
                channel.rpn = (value << 7) | (channel.rpn & 0x7F)
            case n if n == RPN_FINE:
                channel.rpn = (channel.rpn & 0x3F80) | value
            case n if n == DATA_COARSE:
                self._enter(index, channel, value)
            case n if n == DATA_FINE:
                self._enter_fine(index, channel, value)
            case n if n == RESET:
                for one in self.reach(index):
                    self.each[one].reset()

    def _enter(self, index: int, channel: Channel, value: int) -> None:
        match channel.rpn:
            case n if n == RPN_BEND_RANGE:
                self._set_range(index, float(min(value, 96)))
            case n if n == RPN_FINE_TUNE:
                channel.tune_semitones = round(channel.tune_semitones) + (value - 64) / 64
            case n if n == RPN_COARSE_TUNE:
                channel.tune_semitones += (value - 64) - round(channel.tune_semitones)
            case n if n == RPN_MPE and index in (LOWER, UPPER):
                self.set_zone(index, value)

    def _enter_fine(self, index: int, channel: Channel, value: int) -> None:
        if channel.rpn == RPN_BEND_RANGE and channel.bend_semitones is not None:
            self._set_range(index, int(channel.bend_semitones) + min(value, 99) / 100)

    def _set_range(self, index: int, semitones: float) -> None:
        """A range that is set on one member of a zone holds for all of them."""
        manager = self.zones.get(index)
        same = [index] if manager is None else self.reach(manager)[1:]
        for channel in same:
            self.each[channel].bend_semitones = semitones

    def controls(self, channel: int, settings: Settings) -> ControlValues:
        """What `channel` itself says of its notes."""
        own, member = self.each[channel], self.is_member(channel)
        semitones = settings.bend_range(member=member) if own.bend_semitones is None else own.bend_semitones
        slide = own.slide if member and own.slide is not None else math.nan
        return ControlValues(own.bend * semitones + own.tune_semitones, own.pressure, own.gain, slide)

    def manager_controls(self, channel: int, settings: Settings) -> ControlValues:
        """What the manager of its zone says of them besides."""
        manager = self.zones.get(channel)
        return NEUTRAL if manager is None else self.controls(manager, settings)

    def sustains(self, channel: int) -> bool:
        """Whether the sustain pedal holds notes of `channel`."""
        return self.each[channel].sustain or self.each[self.zones.get(channel, channel)].sustain
