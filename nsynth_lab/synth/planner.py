"""The next frames of the voices that are due, as numbers: what the decoder takes, and how loud it is mixed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nsynth_lab.compiled.voices import FRAME_SECONDS, Flags, Hands, Knobs, advance
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.synth.motion import weights_at
from nsynth_lab.units import FloatArray, Ints, db_to_gain

if TYPE_CHECKING:
    from nsynth_lab.synth.player import Player


class Frames(NamedTuple):
    """One frame each of some voices, [due] of everything.

    Attributes:
        rows: of the voices and of the decoder.
        timbre [due, 16], level_db, f0_hz, partials [due, 128]: as `Rows.step` takes them.
        begins, first, gains, last, fading: as in `Played`.
    """

    rows: Ints
    begins: Ints
    first: Flags
    timbre: FloatArray
    level_db: FloatArray
    f0_hz: FloatArray
    partials: FloatArray
    gains: FloatArray
    last: Flags
    fading: Flags

    def at(self, places: Ints) -> Frames:
        """Some of them."""
        return Frames._make(column[places] for column in self)

    @staticmethod
    def joined(parts: Sequence[Frames]) -> Frames:
        """Several, one after the other."""
        return parts[0] if len(parts) == 1 else Frames._make(map(np.concatenate, zip(*parts, strict=True)))


def plan(due: Ints, player: Player) -> list[Frames]:
    """The next frames of these rows, as the player stands now, one `Frames` a program; they move on by a frame."""
    programs = player.crowd.table.program[due]
    return [_plan(due[programs == program], program, player) for program in dict.fromkeys(programs.tolist())]


def position(channel: int, player: Player) -> tuple[float, float]:
    """Where the blend of a channel's notes stands: a single note's own slide's place, or everybody's."""
    slide = player.channels.slide(channel)
    return player.settings.x if slide is None else slide, player.settings.y


def _plan(rows: Ints, program: int, player: Player) -> Frames:
    voices, courses, motion = player.crowd.table, player.programs[program], player.settings.motion
    channels, seconds = voices.channel[rows], np.asarray((voices.frames[rows] + 1) * FRAME_SECONDS, np.float64)
    places = {channel: position(channel, player) for channel in set(channels.tolist())}
    streams = courses.read(rows, weights_at(motion, len(courses.sources.corners), places, channels, seconds))
    level_db, f0_cents = streams.level_db, streams.f0_cents
    if motion is not None:
        level_db, f0_cents = level_db + motion.level_db(seconds), f0_cents + motion.cents(seconds)
    knobs = Knobs(*(float(getattr(player.settings, name)) for name in Knobs._fields))
    played = advance(voices, rows, knobs, _hands(player, places), level_db, f0_cents, courses.ended(rows))
    return Frames(rows=rows, timbre=streams.timbre, partials=streams.partials, **played._asdict())


def _hands(player: Player, used: Iterable[int]) -> Hands:
    """Of the channels that are used."""
    settings, channels = player.settings, player.channels
    hands = Hands(np.zeros(CHANNELS), np.zeros(CHANNELS), np.zeros(CHANNELS))
    volume = db_to_gain(settings.volume_db + player.trim_db)
    for channel in used:
        hands.bent[channel] = channels.bend_semitones(channel, settings.bend_semitones)
        hands.pressed[channel] = channels.pressure(channel)
        hands.loud[channel] = channels.gain(channel) * volume
    return hands
