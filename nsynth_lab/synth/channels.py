"""What pedals, wheels and pressures of MIDI's sixteen channels say, and which channels are an MPE zone.

In an MPE zone each note has a channel of its own, whose bend, pressure and slide (controller 74) are that note's; what
the zone's master channel says holds for all of them. Source: MIDI Polyphonic Expression 1.1 (M1-100-UM).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nsynth_lab.midi.events import BEND_STEPS, CHANNELS, Event, Kind

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
MPE_BEND_SEMITONES = 48.0
LOWER, UPPER = 0, 15


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


@dataclass
class Channels:
    """All sixteen, and the zones. `hear(event)` takes what is no note."""

    each: list[Channel] = field(default_factory=lambda: [Channel() for _ in range(CHANNELS)])
    masters: dict[int, int] = field(default_factory=dict)  # member channel -> its zone's master

    def set_zone(self, master: int, members: int) -> None:
        """Make `members` channels beside `master` (0 or 15) an MPE zone; 0 members end it."""
        self.masters = {member: own for member, own in self.masters.items() if own != master}
        step = 1 if master == LOWER else -1
        for member in (master + step * (index + 1) for index in range(min(members, CHANNELS - 1))):
            if member in (LOWER, UPPER) and self._leads(member):
                break
            self.masters[member] = master
            self.each[member].bend_semitones = MPE_BEND_SEMITONES

    def _leads(self, channel: int) -> bool:
        return channel in self.masters.values()

    def is_member(self, channel: int) -> bool:
        """Whether notes of `channel` have it to themselves."""
        return channel in self.masters

    def hear(self, event: Event) -> None:
        """A message that is no note: wheel, pressure, program or controller."""
        channel = self.each[event.channel]
        match event.kind:
            case Kind.BEND:
                channel.bend = event.value / BEND_STEPS
            case Kind.PRESSURE:
                channel.pressure = event.value / FULL
            case Kind.PROGRAM:
                channel.program = event.number
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
                _enter_fine(channel, value)
            case n if n == RESET:
                channel.reset()

    def _enter(self, index: int, channel: Channel, value: int) -> None:
        match channel.rpn:
            case n if n == RPN_BEND_RANGE:
                self._set_range(index, float(min(value, 96)))
            case n if n == RPN_FINE_TUNE:
                channel.tune_semitones = round(channel.tune_semitones) + (value - 64) / 64
            case n if n == RPN_COARSE_TUNE:
                channel.tune_semitones += (value - 64) - round(channel.tune_semitones)
            case n if n == RPN_MPE and index in (LOWER, UPPER):
                self.set_zone(index, min(value, CHANNELS - 1))

    def _set_range(self, index: int, semitones: float) -> None:
        """A range that is set on one member of a zone holds for all of them."""
        master = self.masters.get(index)
        same = [member for member, own in self.masters.items() if own == master] if master is not None else [index]
        for channel in same:
            self.each[channel].bend_semitones = semitones

    def bend_semitones(self, channel: int, usual: float) -> float:
        """How far a note of `channel` is bent and tuned: by its own channel and its zone's master."""
        own = self.each[channel]
        total = own.bend * (usual if own.bend_semitones is None else own.bend_semitones) + own.tune_semitones
        if (master := self.masters.get(channel)) is not None:
            above = self.each[master]
            total += above.bend * (usual if above.bend_semitones is None else above.bend_semitones)
            total += above.tune_semitones
        return total

    def pressure(self, channel: int) -> float:
        """0 to 1: of its own channel or its zone's master, whichever presses harder."""
        return max(self.each[channel].pressure, self.each[self.masters.get(channel, channel)].pressure)

    def gain(self, channel: int) -> float:
        """Amplitude by controllers 7 and 11, of its own channel and its zone's master."""
        master = self.masters.get(channel)
        return self.each[channel].gain * (self.each[master].gain if master is not None else 1.0)

    def sustains(self, channel: int) -> bool:
        """Whether the sustain pedal holds notes of `channel`."""
        return self.each[channel].sustain or self.each[self.masters.get(channel, channel)].sustain

    def slide(self, channel: int) -> float | None:
        """0 to 1 where `channel` is a note's own and has slid."""
        return self.each[channel].slide if channel in self.masters else None


def _enter_fine(channel: Channel, value: int) -> None:
    if channel.rpn == RPN_BEND_RANGE and channel.bend_semitones is not None:
        channel.bend_semitones = int(channel.bend_semitones) + min(value, 99) / 100
