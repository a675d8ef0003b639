"""The next frames of the voices that are due, as numbers: what the decoder takes, and how loud it is mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nsynth_lab.compiled.voices import FRAME_SECONDS, Flags, Hands, Knobs, advance
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.synth.channels import Hand
from nsynth_lab.synth.modulation import weights_at
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


def _plan(rows: Ints, program: int, player: Player) -> Frames:
    voices, courses, motion = player.crowd.table, player.programs[program], player.settings.motion
    channels, seconds = voices.channel[rows], np.asarray((voices.frames[rows] + 1) * FRAME_SECONDS, np.float64)
    hands = {channel: player.channels.hand(channel, player.settings) for channel in set(channels.tolist())}
    whose, places = _places(rows, player, hands)
    streams = courses.read(rows, weights_at(motion, len(courses.sources.corners), places, whose, seconds))
    level_db, f0_cents = streams.level_db, streams.f0_cents
    if motion is not None:
        level_db, f0_cents = level_db + motion.level_db(seconds), f0_cents + motion.cents(seconds)
    knobs = Knobs(*(float(getattr(player.settings, name)) for name in Knobs._fields))
    risen, ended = courses.risen(rows), courses.ended(rows)
    played = advance(voices, rows, knobs, _hands(player, hands), level_db, f0_cents, risen, ended)
    return Frames(rows=rows, timbre=streams.timbre, partials=streams.partials, **played._asdict())


def _places(rows: Ints, player: Player, hands: Mapping[int, Hand]) -> tuple[Ints, dict[int, tuple[float, float]]]:
    """Whose place each voice stands at, its channel's or one of its own, and where these are."""
    voices, settings = player.crowd.table, player.settings
    places = {channel: settings.position(hand.slid) for channel, hand in hands.items()}
    if not (parted := rows[voices.parted[rows]]).size:
        return voices.channel[rows], places
    places |= {CHANNELS + row: settings.position(voices.slid[row]) for row in parted.tolist()}
    return np.where(voices.parted[rows], CHANNELS + rows, voices.channel[rows]), places


def _hands(player: Player, own: Mapping[int, Hand]) -> Hands:
    """Of the channels that are used."""
    hands = Hands(*(np.zeros(CHANNELS) for _ in Hands._fields))
    volume = db_to_gain(player.settings.volume_db + player.trim_db)
    for channel, hand in own.items():
        above = player.channels.above(channel, player.settings)
        hands.bent[channel], hands.pressed[channel], hands.loud[channel], _ = hand
        hands.all_bent[channel], hands.all_pressed[channel] = above.bent, above.pressed
        hands.all_loud[channel] = above.loud * volume
    return hands
