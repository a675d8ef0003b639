"""Planner: the next frames of the active voices as numbers, the inputs of the decoder and the gains of the mix.

The blend of a frame is taken here: `weights_at` gives the weights of the corners, `ZoneReader.read` blends their zones,
and `compiled.voices.advance` adds pitch, envelope and controllers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nsynth_lab.blend.mix import of_tones
from nsynth_lab.compiled.voices import ChannelControls, Flags, GlobalControls, active_slots, advance
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.midi.events import CHANNELS
from nsynth_lab.patch.place import Place
from nsynth_lab.patch.sound import SPHERICAL
from nsynth_lab.synth.channels import ControlValues
from nsynth_lab.synth.modulation import LOUDNESS, TIMBRE, weights_at
from nsynth_lab.synth.settings import NOT_GIVEN
from nsynth_lab.synth.unpitched_reader import pitched_rows
from nsynth_lab.synth.voice_allocator import phase_end
from nsynth_lab.units import HOP_SAMPLES, Doubles, FloatArray, Ints, db_to_gain

if TYPE_CHECKING:
    from nsynth_lab.synth.player import Player
    from nsynth_lab.synth.zone_reader import ZoneReader

GRID_SAMPLES = 64  # events take effect at multiples of this


class Frames(NamedTuple):
    """One frame of each of some voices, all columns [active].

    Attributes:
        slots: of the voices, which are those of the decoder.
        timbre [active, 16], level_db, f0_hz, partials [active, 128]: as `VoiceBatch.step` takes them.
        noise_gain [active]: likewise.
        begins, first, gains, last, fading: as in `FrameControls`; `level_db` is that of the whole sound.
        unpitched: [active, 162] noise and resonances; [active, 0] if no instrument that is played has any.
        width: [active, 17] of their sides, NaN for programs that are mono; [active, 0] if all are.
        detail: [active, 129] offsets of levels; [active, 0] if no instrument that is played has any.
    """

    slots: Ints
    begins: Ints
    first: Flags
    timbre: FloatArray
    level_db: FloatArray
    f0_hz: FloatArray
    partials: FloatArray
    noise_gain: FloatArray
    gains: FloatArray
    last: Flags
    fading: Flags
    unpitched: FloatArray
    width: FloatArray
    detail: FloatArray

    def at(self, places: Ints) -> Frames:
        """Those at the indices `places`."""
        return Frames._make(column[places] for column in self)

    @staticmethod
    def joined(parts: Sequence[Frames]) -> Frames:
        """All of `parts`, one after the other."""
        return parts[0] if len(parts) == 1 else Frames._make(map(np.concatenate, zip(*parts, strict=True)))


def on_grid(sample: int) -> int:
    """The sample at which an event that arrives at `sample` takes effect.

    >>> on_grid(64), on_grid(65)
    (64, 128)
    """
    return -(-sample // GRID_SAMPLES) * GRID_SAMPLES


def plan_until(player: Player, until_sample: int) -> Iterator[list[Frames]]:
    """Plan first frames that begin before `until_sample`, and others due by the end of the present update phase.

    A phase includes the events up to its beginning, whatever the block size. Voices that have ended free their slots.
    """
    allocator, end = player.allocator, phase_end(until_sample - 1)
    while len(active := active_slots(allocator.table, allocator.order, end, until_sample)):
        frames = plan(active, player)
        yield frames
        for part in frames:
            allocator.remove(part.slots[part.last].tolist())


def plan(active: Ints, player: Player) -> list[Frames]:
    """The next frame of each of these slots with the player's present settings, one `Frames` per program."""
    programs = player.allocator.table.program[active]
    if len(active) == 1:
        return [_plan(active, int(programs[0]), player)]
    return [_plan(active[programs == program], program, player) for program in dict.fromkeys(programs.tolist())]


def _plan(slots: Ints, program: int, player: Player) -> Frames:
    voices, reader, motion = player.allocator.table, player.programs[program], player.settings.motion
    channels, moments = voices.channel[slots], player.moments(slots) if motion is not None else None
    own = {channel: player.channels.controls(channel, player.settings) for channel in set(channels.tolist())}
    corners = len(reader.sources.corners)
    whose, places = _places(slots, player, own, corners)
    weights = weights_at(motion, corners, places, whose, moments)
    released = reader.released(slots)
    semitones, given_db, breath_db = _followed(slots, own, player)
    is_given = ~np.isnan(given_db)
    for place in np.flatnonzero(is_given & ~released & ~voices.detached[slots]).tolist():
        reader.walk.move(int(slots[place]), float(given_db[place]))
    follow = np.where(is_given, player.settings.follow, np.nan)
    tones = weights if reader.sources.tonal.all() else _of_tones(weights, reader.sources.tonal)
    streams = reader.read(slots, tones, follow=follow, spherical=player.settings.interpolation == SPHERICAL)
    level_db = np.where(is_given, np.maximum(streams.level_db + given_db, SILENCE_DB), streams.level_db)
    own_cents = np.where(np.isnan(semitones), streams.f0_cents, 0.0)
    f0_cents = np.where(np.isnan(semitones), own_cents, 100.0 * semitones)
    if motion is not None and moments is not None:
        level_db, f0_cents = level_db + motion.level_db(moments), f0_cents + motion.cents(moments)
    shared = GlobalControls(*(float(getattr(player.settings, name)) for name in GlobalControls._fields))
    risen, ended = reader.risen(slots), reader.ended(slots)
    controls = _channel_controls(player, own)
    frame = advance(voices, slots, shared, controls, level_db, f0_cents, released, risen, ended)
    pitch = 69.0 + 12.0 * np.log2(np.asarray(frame.f0_hz, np.float64) / 440.0)
    noise_gain = np.where(np.isnan(breath_db), 1.0, db_to_gain(breath_db)).astype(np.float32)
    return Frames(
        slots=slots,
        timbre=streams.timbre,
        partials=streams.partials,
        noise_gain=noise_gain,
        unpitched=_unpitched(reader, slots, weights, pitch, streams.level_db, player.settings.track)
        if player.has_noise
        else _nothing(slots),
        width=reader.width(slots, weights[TIMBRE]) if player.has_width else _nothing(slots),
        detail=reader.detail(slots, tones[TIMBRE], pitch - own_cents / 100.0) if player.has_detail else _nothing(slots),
        **frame._asdict(),
    )


def _of_tones(weights: Doubles, tonal: Flags) -> Doubles:
    """Weights [4 streams, active, corners], those of all streams but the level shared among the `tonal` corners."""
    shared = of_tones(weights, tonal)
    shared[LOUDNESS] = weights[LOUDNESS]
    return np.ascontiguousarray(shared)


def _unpitched(
    reader: ZoneReader, slots: Ints, weights: Doubles, pitch: Doubles, level_db: Doubles, track: float
) -> FloatArray:
    if reader.sources.unpitched is None:
        return pitched_rows(len(slots))
    return reader.unpitched(slots, weights[TIMBRE], pitch, level_db, track=None if track == NOT_GIVEN else track)


def _nothing(slots: Ints) -> FloatArray:
    return np.empty((len(slots), 0), np.float32)


def _followed(slots: Ints, channels: Iterable[int], player: Player) -> tuple[Doubles, Doubles, Doubles]:
    """Semitones above its key, level and breath in dB of each voice at its frame's end; NaN for its own.

    `channels` are those that the voices are on.
    """
    voices, each = player.allocator.table, player.channels.each
    detached = voices.detached[slots]
    semitones, level_db, breath_db = np.full((3, len(slots)), np.nan)
    if detached.any():
        kept = (voices.kept_semitones, voices.kept_level_db, voices.kept_breath_db)
        semitones, level_db, breath_db = (np.where(detached, column[slots], np.nan) for column in kept)
    for channel in channels:
        own = each[channel]
        if own.follows:
            for place in np.flatnonzero((voices.channel[slots] == channel) & ~detached).tolist():
                end = int(voices.next_sample[slots[place]]) + HOP_SAMPLES
                semitones[place], level_db[place] = own.pitch.at(end), own.level.at(end)
                breath_db[place] = own.breath.at(end)
    return semitones, level_db, breath_db


def _places(
    slots: Ints, player: Player, own: Mapping[int, ControlValues], corners: int
) -> tuple[Ints, dict[int, Place]]:
    """For each voice a key into the dict of blend places: its channel, or its own entry if it is detached."""
    voices, settings = player.allocator.table, player.settings
    places = {channel: settings.place(corners, one.slide) for channel, one in own.items()}
    if not (detached := slots[voices.detached[slots]]).size:
        return voices.channel[slots], places
    places |= {CHANNELS + slot: settings.place(corners, voices.kept_slide[slot]) for slot in detached.tolist()}
    return np.where(voices.detached[slots], CHANNELS + slots, voices.channel[slots]), places


def _channel_controls(player: Player, own: Mapping[int, ControlValues]) -> ChannelControls:
    """Controls of the channels in use, for compiled loops."""
    controls = ChannelControls(*np.zeros((len(ChannelControls._fields), CHANNELS)))
    volume = db_to_gain(player.settings.volume_db + player.trim_db)
    for channel, one in own.items():
        manager = player.channels.manager_controls(channel, player.settings)
        controls.bend_semitones[channel], controls.pressure[channel], controls.gain[channel], _ = one
        controls.manager_bend_semitones[channel] = manager.bend_semitones
        controls.manager_pressure[channel] = manager.pressure
        controls.manager_gain[channel] = manager.gain * volume
    return controls
