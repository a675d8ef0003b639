"""The next frames of the voices that are due, as numbers: what the decoder takes, and how loud it is mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.synth.motion import weights_at
from nsynth_lab.synth.voice import Voice
from nsynth_lab.units import (
    HOP_SAMPLES,
    SAMPLE_RATE,
    FloatArray,
    Ints,
    cents_to_ratio,
    db_to_gain,
    gain_to_db,
    note_to_hz,
)

if TYPE_CHECKING:
    from nsynth_lab.synth.player import Player

SILENT_DB = -85.0
VIBRATO_HZ = 5.5
PRESSURE_DB = 6.0
LOWEST_HZ, HIGHEST_HZ = 16.0, 14_000.0


@dataclass(frozen=True)
class Frames:
    """One frame each of some voices, [due] of everything.

    Attributes:
        voices: whose.
        rows: of the decoder.
        begins: sample at which each begins.
        timbre [due, 16], level_db, f0_hz, partials [due, 128]: as `Rows.step` takes them.
        gains: [due, 2 ends, 2 sides] amplitude at its beginning and its end, left and right.
        last: whether the voice is silent after it.
        fading: whether it is a voice taken away, whose last frame fades in 5 ms.
    """

    voices: list[Voice]
    rows: Ints
    begins: Ints
    timbre: FloatArray
    level_db: FloatArray
    f0_hz: FloatArray
    partials: FloatArray
    gains: FloatArray
    last: list[bool]
    fading: NDArray[np.bool_]

    def at(self, places: Ints) -> Frames:
        """Some of them."""
        if len(places) == len(self.voices):
            return self
        return Frames(
            voices=[self.voices[place] for place in places],
            rows=self.rows[places],
            begins=self.begins[places],
            timbre=self.timbre[places],
            level_db=self.level_db[places],
            f0_hz=self.f0_hz[places],
            partials=self.partials[places],
            gains=self.gains[places],
            last=[self.last[place] for place in places],
            fading=self.fading[places],
        )

    @staticmethod
    def joined(parts: Sequence[Frames]) -> Frames:
        """Several, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return Frames(
            voices=[voice for part in parts for voice in part.voices],
            rows=np.concatenate([part.rows for part in parts]),
            begins=np.concatenate([part.begins for part in parts]),
            timbre=np.concatenate([part.timbre for part in parts]),
            level_db=np.concatenate([part.level_db for part in parts]),
            f0_hz=np.concatenate([part.f0_hz for part in parts]),
            partials=np.concatenate([part.partials for part in parts]),
            gains=np.concatenate([part.gains for part in parts]),
            last=[last for part in parts for last in part.last],
            fading=np.concatenate([part.fading for part in parts]),
        )


def plan(due: list[Voice], player: Player) -> list[Frames]:
    """Their next frames, as the player stands now, one `Frames` a program; the voices move on by a frame."""
    programs = {id(voice.courses): voice.courses for voice in due}
    return [_plan([voice for voice in due if voice.courses is courses], player) for courses in programs.values()]


def position(voice: Voice, player: Player) -> tuple[float, float]:
    """Where this note's blend stands: its own slide's place, or everybody's."""
    slide = player.channels.slide(voice.channel)
    return player.settings.x if slide is None else slide, player.settings.y


def _plan(voices: list[Voice], player: Player) -> Frames:
    courses = voices[0].courses
    rows = np.array([voice.row for voice in voices], np.int64)
    places = [position(voice, player) for voice in voices]
    motion = player.settings.motion
    seconds = np.array([seconds_of(voice) for voice in voices])
    streams = courses.read(rows, weights_at(motion, len(courses.sources.corners), places, seconds))
    pressed = np.array([max(voice.pressure, player.channels.pressure(voice.channel)) for voice in voices])
    pitch = np.array([_pitch(voice, player) for voice in voices])
    cents = streams.f0_cents + pressed * player.settings.vibrato_cents * np.array([_wave(voice) for voice in voices])
    level_db = streams.level_db + PRESSURE_DB * pressed
    if motion is not None:
        cents, level_db = cents + motion.cents(seconds), level_db + motion.level_db(seconds)
    gains = np.empty((len(voices), 2, 2), np.float32)
    last = []
    for index, voice in enumerate(voices):
        gain = _gain(voice, player)
        ends = courses.ended(voice.row) or voice.envelope_ended(player.settings) or float(level_db[index]) < SILENT_DB
        started = voice.frames > 0 or player.settings.attack_ms > 0
        before = voice.gain if started else gain
        after = before if voice.fading else 0.0 if ends else gain
        gains[index] = np.outer((before, after), voice.sides)
        last.append(ends or voice.fading)
        voice.gain, voice.level_db = gain, float(level_db[index]) + gain_to_db(gain)
        voice.frames += 1
        voice.next_sample += HOP_SAMPLES
    return Frames(
        voices=voices,
        rows=rows,
        begins=np.array([voice.next_sample - HOP_SAMPLES for voice in voices]),
        timbre=streams.timbre,
        level_db=level_db.astype(np.float32),
        f0_hz=np.clip(note_to_hz(pitch) * cents_to_ratio(cents), LOWEST_HZ, HIGHEST_HZ).astype(np.float32),
        partials=streams.partials,
        gains=gains,
        last=last,
        fading=np.array([voice.fading for voice in voices]),
    )


def _pitch(voice: Voice, player: Player) -> float:
    bent = player.channels.bend_semitones(voice.channel, player.settings.bend_semitones)
    return voice.move_pitch() + bent + voice.detune_cents / 100.0


def seconds_of(voice: Voice) -> float:
    """From where a voice began to the end of its next frame."""
    return (voice.frames + 1) * HOP_SAMPLES / SAMPLE_RATE


def _wave(voice: Voice) -> float:
    return float(np.sin(2.0 * np.pi * VIBRATO_HZ * seconds_of(voice)))


def _gain(voice: Voice, player: Player) -> float:
    return (
        voice.move_envelope(player.settings)
        * player.channels.gain(voice.channel)
        * db_to_gain(player.settings.volume_db + player.trim_db)
    )
