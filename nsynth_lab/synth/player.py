"""Player: what was played -> which voices begin, change and are let go."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from nsynth_lab.compiled.voices import FRAME_SECONDS
from nsynth_lab.midi.events import CHANNELS, Event, Kind
from nsynth_lab.synth.channels import (
    LOWER,
    NOTES_OFF,
    OMNI_MODES,
    SLIDE,
    SOSTENUTO,
    SOUND_OFF,
    SUSTAIN,
    TAKEN,
    Channels,
)
from nsynth_lab.synth.held_keys import Fingers, Key, capture, let_go, uncapture
from nsynth_lab.synth.modulation import LOUDNESS, weights_at
from nsynth_lab.synth.settings import MOST_UNISON, PARAMETERS, Settings
from nsynth_lab.synth.voice import Voice
from nsynth_lab.synth.voice_allocator import SOONER_SAMPLES, Crowd, stolen_keys, turn_end, turn_of
from nsynth_lab.synth.zone_reader import Courses
from nsynth_lab.units import Doubles, hz_to_note

USUAL_OFF_VELOCITY = 64
VELOCITY_STEPS_AN_OCTAVE = 64  # of the pace of a release

Cut = Callable[..., None]
Turn = Callable[[int, float, int], Mapping[str, object]]


class Player:
    """`hear(event, now)`: one thing that was played; `settings`, `channels` and `crowd` are what came of it.

    `turn(controller, value, now)` may say which settings a controller changes besides, and to what.
    """

    def __init__(
        self,
        settings: Settings,
        programs: Sequence[Courses],
        crowd: Crowd,
        channels: Channels,
        *,
        cut: Cut,
        clear: Callable[[int], None],
        turn: Turn,
        assigned: Mapping[int, int],
        seed: int = 0,
    ) -> None:
        self.settings, self.programs, self.crowd, self.channels = settings, list(programs), crowd, channels
        self.fingers = Fingers()
        self.trim_db = -10.0 * math.log10(settings.unison)
        self.shed_count = self.stolen_count = 0
        self._cut, self._clear, self._turn = cut, clear, turn
        self._assigned = assigned
        self._seed, self._serial = seed, 0
        self._starts: dict[int, int] = {}
        if settings.mpe:
            channels.set_zone(LOWER, CHANNELS - 1)

    def hear(self, event: Event, now: int) -> None:
        """Take one event at sample `now`."""
        match event.kind:
            case Kind.NOTE_ON:
                self._press(Key(event.channel, event.number, int(event.value)), now)
            case Kind.NOTE_OFF:
                self._lift(event.channel, event.number, int(event.value), now)
            case Kind.POLY_PRESSURE:
                for voice in self.crowd.playing(event.channel, event.number):
                    if voice.key_down:
                        voice.pressure = event.value / 127.0
            case Kind.SETTING:
                self.settings = self.settings.moved(event.name, event.value)
            case Kind.CONTROL:
                self._control(event, now)
            case _:
                self.channels.hear(event)

    def take_starts(self) -> list[tuple[int, int]]:
        """Rows that begin anew since the last call, each with what its noise is drawn by."""
        starts, self._starts = list(self._starts.items()), {}
        return starts

    def shed(self, count: int, now: int) -> int:
        """Take so many voices away, those let go first."""
        gone = stolen_keys(self.crowd.sounding(), count)[:count]
        for voice in gone:
            self._cut(voice, now, at_once=True)
        self.shed_count += len(gone)
        return len(gone)

    def _press(self, key: Key, now: int) -> None:
        if not self.settings.tuning.sounds(key.number):
            return
        self.fingers.press(key)
        pitch = hz_to_note(self.settings.tuning.hz(key.number))
        if self.settings.mode == "poly":
            for voice in self.crowd.playing(key.channel, key.number):  # struck again: the old sound makes way
                self._lose(voice)
                voice.captured = False
                self._release(voice)
            self._begin(key, pitch, pitch, now)
        else:
            self._go_to(key, pitch, now)

    def _go_to(self, key: Key, pitch: float, now: int) -> None:
        """Mono and legato: from the note that sounds to the next."""
        sounding = [voice for voice in self.crowd.sounding() if not voice.released]
        if sounding and self.settings.mode == "legato":
            for voice in sounding:
                voice.channel, voice.key, voice.key_down, voice.parted = key.channel, key.number, True, False
                voice.glide_to(pitch, glide_ms=self.settings.glide_ms)
            return
        begin = sounding[-1].pitch if sounding else pitch
        for voice in self.crowd.sounding():
            self._cut(voice, now)
        self._begin(key, begin, pitch, now)

    def _begin(self, key: Key, pitch: float, aim: float, now: int) -> None:
        unison = self.settings.unison
        self._make_room(unison, now)  # where there is little time, a unison may be all that sounds
        lead = self.crowd.lead(now)
        program = self._program(key.channel)
        for index in range(unison):
            side = 2.0 * index / (unison - 1) - 1.0 if unison > 1 else 0.0
            row = self.crowd.free.popleft()
            self._clear(row)
            voice = Voice(self.crowd.table, row, self.programs[program], key.velocity)
            voice.serial, voice.program, voice.channel, voice.key = self._serial, program, key.channel, key.number
            voice.pitch, voice.detune = pitch, side * self.settings.detune_cents / 200.0
            voice.glide_to(aim, glide_ms=self.settings.glide_ms if aim != pitch else 0.0)
            voice.table.sides[row] = _sides(side * self.settings.spread)
            voice.begin_sample = voice.next_sample = now
            voice.turn, voice.early, voice.not_before = turn_of(now - lead), lead + SOONER_SAMPLES, turn_end(now)
            self._start(voice, self._seed + self._serial * MOST_UNISON + index)
        self._serial += 1

    def _program(self, channel: int) -> int:
        """What its notes are played with: its own, or of those that have no channel the one of its program change."""
        own = self._assigned.get(channel)
        switched = len(self.programs) - len(set(self._assigned.values())) or len(self.programs)
        return self.channels.each[channel].program % switched if own is None else own

    def _start(self, voice: Voice, seed: int) -> None:
        strands = voice.courses.sources.strands(voice.key, voice.velocity)
        voice.courses.start(voice.row, strands, self._weights(voice), seed=seed)
        self._starts[voice.row] = seed
        self.crowd.add(voice)

    def _make_room(self, needed: int, now: int) -> None:
        """Take voices away until `needed` may begin, and rows until they have some."""
        sounding = self.crowd.sounding()
        for voice in stolen_keys(sounding, len(sounding) + needed - self.crowd.most):
            self._cut(voice, now)
            self.stolen_count += 1
        self.crowd.make_free(needed)
        while len(self.crowd.free) < needed:
            self._cut(self.crowd.voices[0], now, at_once=True)

    def _lift(self, channel: int, number: int, velocity: int, now: int) -> None:
        self.fingers.lift(channel, number)
        lifted = self.crowd.playing(channel, number)
        if self.settings.mode != "poly" and lifted and self.fingers.down:
            key = self.fingers.down[-1]
            self._go_to(key, hz_to_note(self.settings.tuning.hz(key.number)), now)
            return
        for voice in lifted:
            self._lose(voice)
        self._let_go(velocity)

    def _lose(self, voice: Voice) -> None:
        """No finger holds it any more: in an MPE zone its channel is free for another note (M1-100-UM, 3.3.3)."""
        if voice.key_down and self.channels.is_member(voice.channel):
            voice.part(self.channels.hand(voice.channel, self.settings))
        voice.key_down = False

    def _let_go(self, velocity: int = USUAL_OFF_VELOCITY) -> None:
        for voice in let_go(self.crowd.sounding(), self.channels):
            self._release(voice, velocity)

    def _release(self, voice: Voice, velocity: int = USUAL_OFF_VELOCITY) -> None:
        if not voice.released:
            pace = 2.0 ** ((velocity - USUAL_OFF_VELOCITY) / VELOCITY_STEPS_AN_OCTAVE)
            voice.released_frame = voice.frames
            voice.courses.release(voice.row, self._weights(voice), pace=pace)

    def _control(self, event: Event, now: int) -> None:
        number, own = event.number, self.channels.each[event.channel]
        if number == SOUND_OFF:
            self._silence(self.channels.reach(event.channel), now)
        elif number == NOTES_OFF or number in OMNI_MODES:
            for voice in self._taken_up(self.channels.reach(event.channel)):
                self._lose(voice)
        elif regrouped := self.channels.regrouped(event):
            self._silence(regrouped, now)
        elif self.settings.learn and number not in TAKEN.union(self.settings.controllers) and not self._slides(event):
            self.settings = self.settings.learnt(number)
        elif (name := self.settings.controllers.get(number)) and not self._slides(event):
            self.settings = self.settings.moved(name, PARAMETERS[name].from_controller(event.value))
        if changes := self._turn(number, event.value, now):
            self.settings = self.settings.changed(changes)
        pedal = own.sostenuto
        self.channels.hear(event)
        if own.sostenuto != pedal:
            (capture if own.sostenuto else uncapture)(self.crowd.sounding(), self.channels, event.channel)
        if number >= SOUND_OFF or number in (SUSTAIN, SOSTENUTO):
            self._let_go()

    def _taken_up(self, channels: Collection[int]) -> list[Voice]:
        """All fingers leave the keys of these channels; the voices of theirs."""
        self.fingers.down = [key for key in self.fingers.down if key.channel not in channels]
        return [voice for voice in self.crowd.sounding() if voice.channel in channels]

    def _silence(self, channels: Collection[int], now: int) -> None:
        for voice in self._taken_up(channels):
            self._cut(voice, now)

    def _slides(self, event: Event) -> bool:
        return event.number == SLIDE and self.channels.is_member(event.channel)

    def _weights(self, voice: Voice) -> Doubles:
        """[corners] of the stream that decides how long attack and release are."""
        slid = voice.slid if voice.parted else self.channels.hand(voice.channel, self.settings).slid
        places, corners = {voice.channel: self.settings.position(slid)}, len(voice.courses.sources.corners)
        seconds = np.array([(voice.frames + 1) * FRAME_SECONDS])
        weights = weights_at(self.settings.motion, corners, places, np.array([voice.channel]), seconds)
        return np.asarray(weights[LOUDNESS, 0])


def _sides(place: float) -> tuple[float, float]:
    """Amplitudes left and right of a place from -1 to 1, of constant power; the middle is (1, 1).

    >>> _sides(0.0)
    (1.0, 1.0)
    """
    angle = (place + 1.0) * math.pi / 4
    return round(math.sqrt(2.0) * math.cos(angle), 9), round(math.sqrt(2.0) * math.sin(angle), 9)
