"""Switch: behaves like an engine, and can be given another one while it plays.

    send, render --> the present engine --> block
                     the one before, fading --^

The new engine takes over at the beginning of a block: what keys and the sustain pedal hold sounds on it at once,
pedals, wheels and MPE zones are as they were, the beat of a clock goes on, and the old one fades out within 43 ms. The
two are crossfaded with gains that sum to 1, so nothing clicks and nothing gets louder than the louder of the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np

from nsynth_lab.midi.beat_clock import BeatClock
from nsynth_lab.midi.events import CHANNELS, OF_THE_SONG, Event, Kind, beat, tempo
from nsynth_lab.render.ensemble import Playing
from nsynth_lab.render.with_partner import partner_of
from nsynth_lab.synth.channels import (
    DATA_COARSE,
    EXPRESSION,
    NOTES_OFF,
    NRPN_COARSE,
    NRPN_FINE,
    PEDAL_DOWN,
    RESET,
    RPN_BEND_RANGE,
    RPN_COARSE,
    RPN_FINE,
    RPN_MPE,
    SLIDE,
    SOUND_OFF,
    SUSTAIN,
    VOLUME,
)
from nsynth_lab.synth.engine import EngineState
from nsynth_lab.synth.player import Player
from nsynth_lab.units import FloatArray

FADE_SAMPLES = 2048
STAYING = (VOLUME, EXPRESSION, SUSTAIN)  # controllers that stand where they stood, whatever plays
BESIDE = {  # what stands beside the controllers
    kind: -place for place, kind in enumerate((Kind.BEND, Kind.PRESSURE, Kind.PITCH, Kind.LEVEL, Kind.BREATH), start=1)
}
REGISTERED = [{RPN_COARSE: 0, RPN_FINE: which} for which in (RPN_BEND_RANGE, RPN_MPE)]  # parameters that stay


class Source(Protocol):
    """What plays beside pages and ports, such as `played_notes.PlayedNotes`."""

    def events(self, clock: int, samples: int) -> Iterable[Event]:
        """What is to be sent before the block of so many samples that begins at `clock`; on the engine's thread."""

    def stop(self) -> None:
        """Play no more; from any thread."""


class Companion(Protocol):
    """Who plays with the player, such as `duet.seat.Seat`; it neither waits nor raises anything."""

    def play(self, played: Iterable[Event], begin: int, end: int) -> Iterable[Event]:
        """What it plays in the block from sample `begin` to before `end`, in which `played` is sent."""


class Performer(Source, Protocol):
    """A source that is heard with a sound of its own; none of its methods waits or raises anything."""

    @property
    def listens(self) -> bool:
        """Whether it plays what comes in live, so that it counts as the player."""

    @property
    def follow(self) -> float:
        """How far notes that are given a level keep to it, 0 to 1; see `synth.settings`."""

    def mixed(self, block: FloatArray, delay_samples: int) -> FloatArray:
        """A block [2, samples], which sounds so much later than its events, with that sound."""


class Switch:
    """As `Engine`; `take(engine)`, from any thread, gives it the one that plays from the next block on.

    Not again while `changing`; afterwards `take_old` gives back the engine that was replaced.

    Attributes:
        clock: samples rendered so far, by all engines in turn.
        present: the engine that plays.
        heard: is given every block, on the engine's thread, and must neither wait nor change it; None for nobody.
        sources: what plays beside what is sent.
        performer: that of the sources that has a sound of its own, if one has.
        companion: plays with what is sent and with live input, but not with other sources; None if nobody does.
        is_timed: whether a clock has told its beat, to which engines that take over keep too.
        runs: whether that clock's song runs.
    """

    def __init__(self, engine: Playing) -> None:
        self.clock = 0
        self.present = engine
        self.heard: Callable[[FloatArray], None] | None = None
        self.sources: tuple[Source, ...] = ()
        self.performer: Performer | None = None
        self.companion: Companion | None = None
        self.is_timed = self.runs = False
        self._beats = BeatClock()
        self._played: list[Event] = []  # since the last block
        self._begins = -engine.clock  # on this clock, where the clock of the present engine is 0
        self._next: Playing | None = None
        self._fading: Playing | None = None
        self._old: Playing | None = None
        self._faded = 0
        self._keys: dict[tuple[int, int], Event] = {}  # that are down: by channel and number, as they were struck
        self._sustained: dict[tuple[int, int], tuple[Event, Event]] = {}  # by the pedal alone: struck and lifted
        self._stands: dict[tuple[int, int], Event] = {}
        self._selected: dict[int, dict[int, Event]] = {}  # by channel, what says which registered parameter is meant
        self._registered: dict[tuple[int, int], list[Event]] = {}  # those that were set: zones and bend ranges
        self._before = (0, 0, 0)
        self._peak = 0.0

    def take(self, engine: Playing) -> None:
        """From the next block on, play `engine`."""
        self._next = engine

    @property
    def changing(self) -> bool:
        """Whether an engine is waiting to take over, or the one before still fades."""
        return self._next is not None or self._fading is not None

    def take_old(self) -> Playing | None:
        """The engine that was replaced last, once; it plays no more."""
        old, self._old = self._old, None
        return old

    def let_go(self) -> None:
        """All engines that are left; nothing renders any more."""
        for engine in (self.present, self._next, self._fading, self._old):
            if engine is not None:
                engine.let_go()

    @property
    def player(self) -> Player:
        """Of the present engine."""
        return self.present.player

    @property
    def delay_samples(self) -> int:
        """Of the present engine."""
        return self.present.delay_samples

    @property
    def idle(self) -> bool:
        """As `Engine.idle`."""
        return self.present.idle and not self.changing

    @property
    def max_voices(self) -> int:
        """Of the present engine."""
        return self.present.max_voices

    @property
    def limited(self) -> bool:
        """Of the present engine."""
        return self.present.limited

    def send(self, events: Iterable[Event]) -> None:
        """As `Engine.send`."""
        played = list(events)
        if self.companion is not None:
            self._played += played
        self._send(played)

    def _send(self, events: Iterable[Event]) -> None:
        self._take_over()
        taken = [event for event in events if event.channel < CHANNELS or self._has_partner]
        for event in taken:
            self._note(event)
        self.present.send(event.at(event.at_sample - self._begins) for event in taken)
        if self._fading is not None:
            self._fading.send(event.at(0) for event in taken if event.number == SOUND_OFF and _is_control(event))

    def render(self, samples: int) -> FloatArray:
        """As `Engine.render`."""
        self._take_over()
        for source in self.sources:
            events = list(source.events(self.clock, samples))
            if source is self.performer and self.performer.listens and self.companion is not None:
                self._played += events
            self._send(events)
        if self.companion is not None:
            played, self._played = self._played, []
            self._send(self.companion.play(played, self.clock, self.clock + samples))
        if (performer := self.performer) is not None:
            self._keep_to_levels(performer.follow)
        block = self.present.render(samples)
        if self._fading is not None:
            block = self._crossfaded(self._fading, block)
        if performer is not None:
            block = performer.mixed(block, self.delay_samples)
        self.clock += samples
        self._peak = float(np.abs(block).max(initial=0.0))
        if (heard := self.heard) is not None:
            heard(block)
        return block

    def steal(self, count: int) -> int:
        """Of the present engine."""
        return self.present.steal(count)

    def limit(self, voices: int) -> None:
        """Of the present engine."""
        self.present.limit(voices)

    def troubles(self) -> list[str]:
        """Of the present engine."""
        return self.present.troubles()

    def state(self) -> EngineState:
        """Of the present engine, with the counters of all before it."""
        state = self.present.state()
        overload_stolen, stolen, dropped = map(sum, zip(self._before, _counters(state), strict=True))
        return replace(state, overload_stolen=overload_stolen, stolen=stolen, dropped=dropped, peak=self._peak)

    def _keep_to_levels(self, follow: float) -> None:
        player = self.present.player
        if player.settings.follow != follow:
            player.settings = player.settings.changed({"follow": follow})

    def _take_over(self) -> None:
        if (engine := self._next) is None:
            return
        overload_stolen, stolen, dropped = map(sum, zip(self._before, _counters(self.present.state()), strict=True))
        self._before = (overload_stolen, stolen, dropped)
        before = self._fading = self.present
        self._faded = 0
        self.present, self._begins = engine, self.clock - engine.clock
        self._next = None
        if self._sustained:
            voices = before.player.allocator.sounding()
            held_by_pedal = {(voice.channel, voice.key) for voice in voices if not voice.released}
            self._sustained = {at: events for at, events in self._sustained.items() if at in held_by_pedal}
        lifted = (event for events in self._sustained.values() for event in events)
        registered = (event for events in self._registered.values() for event in events)
        if not self._has_partner:
            self._keys = {at: down for at, down in self._keys.items() if at[0] < CHANNELS}
        now = self.clock
        timed = [tempo(self._beats.bpm, at_sample=now), beat(float(self._beats.song(now)), at_sample=now)]
        held = [*(timed if self.is_timed else ()), *registered, *self._stands.values(), *lifted, *self._keys.values()]
        engine.send(event.at(event.at_sample - self._begins) for event in held)

    def _crossfaded(self, fading: Playing, block: FloatArray) -> FloatArray:
        samples = block.shape[1]
        gains = 1.0 - (self._faded + np.arange(samples, dtype=np.float32)) / FADE_SAMPLES
        gains = np.clip(gains, 0.0, 1.0, dtype=np.float32)
        out: FloatArray = block + (fading.render(samples) - block) * gains
        self._faded += samples
        if self._faded >= FADE_SAMPLES:
            self._old, self._fading = fading, None
        return out

    def _note(self, event: Event) -> None:
        """Remember what the next engine must know."""
        key = (event.channel, event.number)
        if event.kind is Kind.NOTE_ON:
            self._sustained.pop(key, None)
            self._keys[key] = event
        elif event.kind is Kind.NOTE_OFF:
            struck = self._keys.pop(key, None)
            if struck is not None and self._is_pedal_down:
                self._sustained[key] = (struck, event)
        elif event.kind in BESIDE:
            self._stands[event.channel, BESIDE[event.kind]] = event
            if math.isnan(event.value):
                del self._stands[event.channel, BESIDE[event.kind]]
        elif _is_control(event):
            self._note_control(event)
        elif event.kind in OF_THE_SONG:
            self._note_clock(event)

    def _note_clock(self, event: Event) -> None:
        if event.kind is Kind.RUN:
            self.runs = bool(event.value)
        else:
            self._beats.take(event)
            self.is_timed |= event.kind is Kind.BEAT

    def _note_control(self, event: Event) -> None:
        channel, number = event.channel, event.number
        if number in STAYING or (number == SLIDE and self.present.player.channels.is_member(channel)):
            self._stands[channel, number] = event
        elif number in (SOUND_OFF, NOTES_OFF):
            self._keys = {at: down for at, down in self._keys.items() if at[0] != channel}
        elif number == RESET:
            self._stands = {at: last for at, last in self._stands.items() if at[0] != channel or at[1] == VOLUME}
        elif number in (NRPN_COARSE, NRPN_FINE):
            self._selected.pop(channel, None)
        elif number in (RPN_COARSE, RPN_FINE):
            self._selected.setdefault(channel, {})[number] = event
        elif number == DATA_COARSE:
            chosen = self._selected.get(channel, {})
            if {number: which.value for number, which in chosen.items()} in REGISTERED:
                self._registered[channel, int(chosen[RPN_FINE].value)] = [*chosen.values(), event]
        if not self._is_pedal_down:
            self._sustained.clear()

    @property
    def _has_partner(self) -> bool:
        """Whether the present engine plays the channel of a partner; another would not know it."""
        return partner_of(self.present) is not None

    @property
    def _is_pedal_down(self) -> bool:
        """Whether any sustain pedal is down: what it really holds, the engine that plays knows."""
        return any(at[1] == SUSTAIN and event.value >= PEDAL_DOWN for at, event in self._stands.items())


def _is_control(event: Event) -> bool:
    return event.kind is Kind.CONTROL


def _counters(state: EngineState) -> tuple[int, int, int]:
    return state.overload_stolen, state.stolen, state.dropped
