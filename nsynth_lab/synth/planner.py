"""The next frames of the voices that are due, as numbers: what the decoder takes, and how loud it is mixed."""

from __future__ import annotations

import math
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
    seconds = np.array([seconds_of(voice) for voice in voices])
    places = [position(voice, player) for voice in voices]
    streams = courses.read(rows, weights_at(settings.motion, len(courses.sources.corners), places, seconds))
    level_db, cents = streams.level_db, streams.f0_cents
    if settings.motion is not None:
        level_db, cents = level_db + settings.motion.level_db(seconds), cents + settings.motion.cents(seconds)
    planned = [
        _played(voice, player, recorded_db, recorded_cents)
        for voice, recorded_db, recorded_cents in zip(voices, level_db.tolist(), cents.tolist(), strict=True)
    ]
    return Frames(
        voices=voices,
        rows=rows,
        begins=np.array([voice.next_sample - HOP_SAMPLES for voice in voices], np.int64),
        timbre=streams.timbre,
        level_db=np.array([one.level_db for one in planned], np.float32),
        f0_hz=np.array([one.f0_hz for one in planned], np.float32),
        partials=streams.partials,
        gains=np.array([one.gains for one in planned], np.float32),
        last=[one.last for one in planned],
        fading=np.array([voice.fading for voice in voices], np.bool_),
    )


class _Played(NamedTuple):
    """One voice's frame as the player has it, as in `Frames`."""

    level_db: float
    f0_hz: float
    gains: tuple[tuple[float, float], tuple[float, float]]
    last: bool


def _played(voice: Voice, player: Player, recorded_db: float, recorded_cents: float) -> _Played:
    """Move a voice on by a frame, of which its instruments say the level and the deviation of the pitch."""
    pressed = max(voice.pressure, player.channels.pressure(voice.channel))
    level_db = recorded_db + PRESSURE_DB * pressed
    cents = recorded_cents
    if pressed:
        cents += pressed * player.settings.vibrato_cents * math.sin(2.0 * math.pi * VIBRATO_HZ * seconds_of(voice))
    hz = min(max(note_to_hz(_pitch(voice, player) + cents / 100.0), LOWEST_HZ), HIGHEST_HZ)
    gain = _gain(voice, player)
    ends = voice.courses.ended(voice.row) or voice.envelope_ended(player.settings) or level_db < SILENT_DB
    started = voice.frames > 0 or player.settings.attack_ms > 0
    before = voice.gain if started else gain
    after = before if voice.fading else 0.0 if ends else gain
    voice.gain, voice.level_db = gain, level_db + gain_to_db(gain)
    voice.frames += 1
    voice.next_sample += HOP_SAMPLES
    left, right = voice.sides
    return _Played(level_db, hz, ((before * left, before * right), (after * left, after * right)), ends or voice.fading)


def _pitch(voice: Voice, player: Player) -> float:
    bent = player.channels.bend_semitones(voice.channel, player.settings.bend_semitones)
    return voice.move_pitch() + bent + voice.detune_cents / 100.0


def seconds_of(voice: Voice) -> float:
    """From where a voice began to the end of its next frame."""
    return (voice.frames + 1) * HOP_SAMPLES / SAMPLE_RATE


def _gain(voice: Voice, player: Player) -> float:
    return (
        voice.move_envelope(player.settings)
        * player.channels.gain(voice.channel)
        * db_to_gain(player.settings.volume_db + player.trim_db)
    )
