"""Player: events -> voices begin, change, are released and stolen.

A note begins in `_begin`, which steals voices if all are in use (`_make_room`); keys and pedals end it in `_release`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from nsynth_lab.blend.modulation import Moments
from nsynth_lab.compiled.voices import FRAME_SECONDS
from nsynth_lab.midi.beat_clock import BeatClock
from nsynth_lab.midi.events import CHANNELS, OF_THE_SONG, Event, Kind
from nsynth_lab.synth.channels import (
    LOWER,
    NOTES_OFF,
    OMNI_MODES,
    RESERVED,
    SLIDE,
    SOSTENUTO,
    SOUND_OFF,
    SUSTAIN,
    Channels,
)
from nsynth_lab.synth.held_keys import HeldKeys, Key, sostenuto_down, sostenuto_up, unheld_voices
from nsynth_lab.synth.modulation import LOUDNESS, weights_at
from nsynth_lab.synth.settings import MAX_UNISON, PARAMETERS, Settings
from nsynth_lab.synth.voice import Voice
from nsynth_lab.synth.voice_allocator import LOOK_AHEAD_SAMPLES, VoiceAllocator, phase_end, phase_of, voices_to_steal
from nsynth_lab.synth.zone_reader import ZoneReader
from nsynth_lab.units import HOP_SAMPLES, Doubles, Ints, hz_to_note

DEFAULT_OFF_VELOCITY = 64
VELOCITY_STEPS_PER_DOUBLING = 64  # of the release speed
LOWEST_NOTE, HIGHEST_NOTE = 0, 127

Cut = Callable[..., None]
OnControlChange = Callable[[int, float, int], Mapping[str, object]]


class Player:
    """`handle(event, now)` applies one event to `settings`, `channels` and the voices of `allocator`.

    `cut` fades a voice out, `clear` finishes what is pending for a slot, `on_control_change(controller, value, now)`
    returns further settings that a controller changes.
    """

    def __init__(
        self,
        settings: Settings,
        programs: Sequence[ZoneReader],
        allocator: VoiceAllocator,
        channels: Channels,
        *,
        cut: Cut,
        clear: Callable[[int], None],
        on_control_change: OnControlChange,
        assigned: Mapping[int, int],
        seed: int = 0,
    ) -> None:
        self.settings, self.programs, self.allocator, self.channels = settings, list(programs), allocator, channels
        self.has_noise = any(reader.sources.unpitched is not None for reader in programs)
        self.has_width = any(reader.sources.width is not None for reader in programs)
        self.has_detail = any(reader.sources.detail is not None for reader in programs)
        self.held_keys = HeldKeys()
        self.beats = BeatClock(settings.tempo_bpm)
        self._begun_beats = np.zeros(len(allocator.table.frames))
        self.trim_db = -10.0 * math.log10(settings.unison)
        self.overload_stolen_count = self.stolen_count = 0
        self._cut, self._clear, self._on_control_change = cut, clear, on_control_change
        self._assigned = assigned
        self._seed, self._serial = seed, 0
        self._starts: dict[int, int] = {}
        if settings.mpe:
            channels.set_zone(LOWER, CHANNELS - 1)

    def handle(self, event: Event, now: int) -> None:
        """Apply one event at sample `now`."""
        match event.kind:
            case Kind.NOTE_ON:
                self._press(Key(event.channel, event.number, int(event.value)), now)
            case Kind.NOTE_OFF:
                self._lift(event.channel, event.number, int(event.value), now)
            case Kind.POLY_PRESSURE:
                for voice in self.allocator.playing(event.channel, event.number):
                    if voice.key_down:
                        voice.key_pressure = event.value / 127.0
            case Kind.SETTING:
                self.settings = self.settings.moved(event.name, event.value)
            case Kind.CONTROL:
                self._control(event, now)
            case kind if kind in OF_THE_SONG:
                self.beats.take(event)
            case _:
                self.channels.handle(event)

    def let_go(self) -> None:
        """Play no more, and let go of the engine, whose memory is then free without the garbage being collected."""
        self._cut = self._clear = _nothing

    def take_starts(self) -> list[tuple[int, int]]:
        """Slots of the notes begun since the last call, each with the seed of its noise."""
        starts, self._starts = list(self._starts.items()), {}
        return starts

    def moments(self, slots: Ints) -> Moments:
        """Where the voices in these slots [active] will be at the end of their next frames."""
        table = self.allocator.table
        seconds = np.asarray((table.frames[slots] + 1) * FRAME_SECONDS, np.float64)
        ends = table.next_sample[slots] + HOP_SAMPLES
        return Moments(seconds, self.beats.passed(ends) - self._begun_beats[slots], self.beats.song(ends))

    def steal(self, count: int, now: int) -> int:
        """Steal `count` voices because of overload, released ones first; returns how many."""
        gone = voices_to_steal(self.allocator.sounding(), count)[:count]
        for voice in gone:
            self._cut(voice, now, at_once=True)
        self.overload_stolen_count += len(gone)
        return len(gone)

    def _press(self, key: Key, now: int) -> None:
        if not self.settings.tuning.sounds(key.number):
            return
        self.held_keys.press(key)
        pitch = hz_to_note(self.settings.tuning.hz(key.number))
        if self.settings.mode == "poly":
            for voice in self.allocator.playing(key.channel, key.number):  # struck again: the old note is released
                self._key_up(voice)
                voice.sostenuto_held = False
                self._release(voice)
            self._begin(key, pitch, pitch, now)
        else:
            self._play_mono(key, pitch, now)

    def _play_mono(self, key: Key, pitch: float, now: int) -> None:
        """Mono and legato: move from the sounding note to the next."""
        sounding = [voice for voice in self.allocator.sounding() if not voice.released]
        if sounding and self.settings.mode == "legato":
            for voice in sounding:
                voice.channel, voice.key, voice.key_down, voice.detached = key.channel, key.number, True, False
                voice.glide_to(pitch, glide_ms=self.settings.glide_ms)
            return
        begin = sounding[-1].pitch if sounding else pitch
        for voice in self.allocator.sounding():
            self._cut(voice, now)
        self._begin(key, begin, pitch, now)

    def _begin(self, key: Key, pitch: float, aim: float, now: int) -> None:
        unison = self.settings.unison
        self._make_room(unison, now)  # under overload a single unison may be all that sounds
        look_ahead = self.allocator.look_ahead(now)
        program = self._program(key.channel)
        for index in range(unison):
            side = 2.0 * index / (unison - 1) - 1.0 if unison > 1 else 0.0
            slot = self.allocator.free.popleft()
            self._clear(slot)
            voice = Voice(self.allocator.table, slot, self.programs[program], key.velocity)
            voice.serial, voice.program, voice.channel, voice.key = self._serial, program, key.channel, key.number
            voice.pitch, voice.detune = pitch, side * self.settings.detune_cents / 200.0
            voice.glide_to(aim, glide_ms=self.settings.glide_ms if aim != pitch else 0.0)
            voice.table.pan_gains[slot] = pan_gains(side * self.settings.spread)
            voice.begin_sample = voice.next_sample = now
            self._begun_beats[slot] = self.beats.passed(now)
            voice.update_phase, voice.plan_from_sample = phase_of(now - look_ahead), phase_end(now)
            voice.look_ahead = look_ahead + LOOK_AHEAD_SAMPLES
            self._start(voice, self._seed + self._serial * MAX_UNISON + index)
        self._serial += 1

    def _program(self, channel: int) -> int:
        """Index of the program of `channel`: the one assigned to it, else the one that its program change selects."""
        own = self._assigned.get(channel)
        switched = len(self.programs) - len(set(self._assigned.values())) or len(self.programs)
        return self.channels.each[channel].program % switched if own is None else own

    def _start(self, voice: Voice, seed: int) -> None:
        sounding = min(max(round(voice.glide_target), LOWEST_NOTE), HIGHEST_NOTE)
        layers = voice.reader.sources.layers(sounding, voice.velocity)
        follows = self.channels.each[voice.channel].follows
        walks = (voice.reader.sources.velocity_layers(sounding), float(voice.velocity)) if follows else None
        voice.reader.start(voice.slot, layers, self._weights(voice), seed=seed, walks=walks)
        self._starts[voice.slot] = seed
        self.allocator.add(voice)

    def _make_room(self, needed: int, now: int) -> None:
        """Steal voices until `needed` more may begin, and cut the oldest until as many slots are free."""
        sounding = self.allocator.sounding()
        for voice in voices_to_steal(sounding, len(sounding) + needed - self.allocator.max_voices):
            self._cut(voice, now)
            self.stolen_count += 1
        self.allocator.make_free(needed)
        while len(self.allocator.free) < needed:
            self._cut(self.allocator.voices[0], now, at_once=True)

    def _lift(self, channel: int, number: int, velocity: int, now: int) -> None:
        self.held_keys.lift(channel, number)
        lifted = self.allocator.playing(channel, number)
        if self.settings.mode != "poly" and lifted and self.held_keys.down:
            key = self.held_keys.down[-1]
            self._play_mono(key, hz_to_note(self.settings.tuning.hz(key.number)), now)
            return
        for voice in lifted:
            self._key_up(voice)
        self._release_unheld(velocity)

    def _key_up(self, voice: Voice) -> None:
        """Its key is up: in an MPE zone its channel may now be used by another note (M1-100-UM, 3.3.3)."""
        if voice.key_down and self.channels.is_member(voice.channel):
            own = self.channels.each[voice.channel]
            controls = self.channels.controls(voice.channel, self.settings)
            curves = {"semitones": own.pitch.last, "level_db": own.level.last, "breath_db": own.breath.last}
            voice.detach(controls, **curves)
        voice.key_down = False

    def _release_unheld(self, velocity: int = DEFAULT_OFF_VELOCITY) -> None:
        for voice in unheld_voices(self.allocator.sounding(), self.channels):
            self._release(voice, velocity)

    def _release(self, voice: Voice, velocity: int = DEFAULT_OFF_VELOCITY) -> None:
        if not voice.released:
            pace = 2.0 ** ((velocity - DEFAULT_OFF_VELOCITY) / VELOCITY_STEPS_PER_DOUBLING)
            voice.released_frame = voice.frames
            voice.reader.release(voice.slot, self._weights(voice), pace=pace)

    def _control(self, event: Event, now: int) -> None:
        number, own = event.number, self.channels.each[event.channel]
        if number == SOUND_OFF:
            self._silence(self.channels.controlled_by(event.channel), now)
        elif number == NOTES_OFF or number in OMNI_MODES:
            for voice in self._lift_keys(self.channels.controlled_by(event.channel)):
                self._key_up(voice)
        elif changing := self.channels.changing_zone(event):
            self._silence(changing, now)
        elif (
            self.settings.learn
            and number not in RESERVED.union(self.settings.controllers)
            and not self._is_mpe_slide(event)
        ):
            self.settings = self.settings.learnt(number)
        elif (name := self.settings.controllers.get(number)) and not self._is_mpe_slide(event):
            self.settings = self.settings.moved(name, PARAMETERS[name].from_controller(event.value))
        if changes := self._on_control_change(number, event.value, now):
            self.settings = self.settings.changed(changes)
        pedal = own.sostenuto
        self.channels.handle(event)
        if own.sostenuto != pedal:
            (sostenuto_down if own.sostenuto else sostenuto_up)(self.allocator.sounding(), self.channels, event.channel)
        if number >= SOUND_OFF or number in (SUSTAIN, SOSTENUTO):
            self._release_unheld()

    def _lift_keys(self, channels: Collection[int]) -> list[Voice]:
        """Lift all keys of these channels; returns their voices."""
        self.held_keys.down = [key for key in self.held_keys.down if key.channel not in channels]
        return [voice for voice in self.allocator.sounding() if voice.channel in channels]

    def _silence(self, channels: Collection[int], now: int) -> None:
        for voice in self._lift_keys(channels):
            self._cut(voice, now)

    def _is_mpe_slide(self, event: Event) -> bool:
        return event.number == SLIDE and self.channels.is_member(event.channel)

    def _weights(self, voice: Voice) -> Doubles:
        """Weights [corners] of the loudness stream, which set the lengths of attack and release."""
        slide = voice.kept_slide if voice.detached else self.channels.controls(voice.channel, self.settings).slide
        corners = len(voice.reader.sources.corners)
        places = {voice.channel: self.settings.place(corners, slide)}
        moments = self.moments(np.array([voice.slot]))
        weights = weights_at(self.settings.motion, corners, places, np.array([voice.channel]), moments)
        return np.asarray(weights[LOUDNESS, 0])


def _nothing(*_: object, **__: object) -> None:
    pass


def pan_gains(place: float) -> tuple[float, float]:
    """Equal-power pan: amplitudes left and right of a position from -1 to 1; the centre is (1, 1).

    >>> pan_gains(0.0)
    (1.0, 1.0)
    """
    angle = (place + 1.0) * math.pi / 4
    return round(math.sqrt(2.0) * math.cos(angle), 9), round(math.sqrt(2.0) * math.sin(angle), 9)
