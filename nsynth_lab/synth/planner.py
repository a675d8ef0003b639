"""The next frames of the voices that are due, as numbers: what the decoder takes, and how loud it is mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.synth.motion import weights_at
from nsynth_lab.synth.voice import Voice
from nsynth_lab.units import (
    HOP_SAMPLES,
    SAMPLE_RATE,
    Doubles,
    FloatArray,
    Ints,
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
    courses, settings = voices[0].courses, player.settings
    rows = np.array([voice.row for voice in voices], np.int64)
    begins = np.array([voice.next_sample for voice in voices], np.int64)
    seconds = np.array([seconds_of(voice) for voice in voices])
    places = [position(voice, player) for voice in voices]
    streams = courses.read(rows, weights_at(settings.motion, len(courses.sources.corners), places, seconds))
    played = _played(voices, player, seconds)
    level_db, cents = streams.level_db + PRESSURE_DB * played.pressed, streams.f0_cents + played.cents
    if settings.motion is not None:
        level_db, cents = level_db + settings.motion.level_db(seconds), cents + settings.motion.cents(seconds)
    fading = np.array([voice.fading for voice in voices], np.bool_)
    ends = played.ended | courses.ended(rows) | (level_db < SILENT_DB)
    for voice, gain, heard_db in zip(voices, played.gain, level_db.tolist(), strict=True):
        voice.gain, voice.level_db = gain, heard_db + gain_to_db(gain)
        voice.frames += 1
        voice.next_sample += HOP_SAMPLES
    before = np.array(played.before)
    after = np.where(fading, before, np.where(ends, 0.0, np.array(played.gain)))
    sides = np.array([voice.sides for voice in voices])
    return Frames(
        voices=voices,
        rows=rows,
        begins=begins,
        timbre=streams.timbre,
        level_db=level_db.astype(np.float32),
        f0_hz=np.clip(note_to_hz(played.note + cents / 100.0), LOWEST_HZ, HIGHEST_HZ).astype(np.float32),
        partials=streams.partials,
        gains=(np.stack([before, after], axis=1)[:, :, None] * sides[:, None]).astype(np.float32),
        last=(ends | fading).tolist(),
        fading=fading,
    )


class _Played(NamedTuple):
    """What hands, wheels and envelopes make of some voices' next frames, [due].

    Attributes:
        note: number with its fraction, bent and detuned.
        pressed: 0 to 1.
        cents: of the vibrato that pressure adds.
        before, gain: amplitude at the beginning and at the end.
        ended: whether the envelope has come to its end.
    """

    note: Doubles
    pressed: Doubles
    cents: Doubles
    before: list[float]
    gain: list[float]
    ended: NDArray[np.bool_]


def _played(voices: list[Voice], player: Player, seconds: Doubles) -> _Played:
    """Move glides and envelopes on by a frame."""
    settings, channels = player.settings, player.channels
    volume = db_to_gain(settings.volume_db + player.trim_db)
    heard = {
        channel: (
            channels.bend_semitones(channel, settings.bend_semitones),
            channels.pressure(channel),
            channels.gain(channel) * volume,
        )
        for channel in {voice.channel for voice in voices}
    }
    note, pressed, before, gain = [], [], [], []
    for voice in voices:
        bent, pressure, loud = heard[voice.channel]
        note.append(voice.move_pitch() + bent + voice.detune_cents / 100.0)
        pressed.append(max(voice.pressure, pressure))
        gain.append(voice.move_envelope(settings) * loud)
        before.append(voice.gain if voice.frames or settings.attack_ms > 0 else gain[-1])
    by = np.array(pressed)
    cents = by * settings.vibrato_cents * np.sin(2.0 * np.pi * VIBRATO_HZ * seconds) if by.any() else np.zeros(len(by))
    ended = np.array([voice.envelope_ended(settings) for voice in voices], np.bool_)
    return _Played(np.array(note), by, cents, before, gain, ended)


def seconds_of(voice: Voice) -> float:
    """From where a voice began to the end of its next frame."""
    return (voice.frames + 1) * HOP_SAMPLES / SAMPLE_RATE
