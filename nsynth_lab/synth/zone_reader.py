"""ZoneReader: how a voice reads the zones of its instruments, frame by frame, before it is known when the key goes up.

Each layer of a voice is a playhead in one zone:

    attack     from the onset to the end of the zone's attack; all layers of a voice take the same time
    sustain    a sustained note goes back and forth for ever (`blend.ping_pong`); a struck one is read to its end, then
               goes back and forth in its last second while its level keeps falling
    release    from the key-up on, the zone's own release; all layers take the same time. It is crossfaded in over 6
               frames and matched to the level at which the key went up

`blend.stretch` does the same for a note of known length; `compiled.zone_reader` has the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab import detail
from nsynth_lab.blend.parts import ENDED_BELOW_PEAK_DB
from nsynth_lab.blend.stretch_plan import JOIN_FRAMES
from nsynth_lab.compiled.zone_reader import LAYERS_PER_CORNER, Layers, ReleaseRules, read, release, start_note
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.patch.place import MAX_POSITIONED_SOURCES, MAX_SOURCES
from nsynth_lab.synth.row_reader import MeanReader
from nsynth_lab.synth.sources import Layer, Sources, Zone
from nsynth_lab.synth.unpitched_reader import UnpitchedReader, pitched_rows
from nsynth_lab.synth.velocity_walk import VelocityWalk
from nsynth_lab.threads import from_environment, in_threads, usable_processors
from nsynth_lab.units import Doubles, FloatArray, Ints
from nsynth_lab.width import DIMS

# a note released sooner still plays as many frames of its attack
RELEASE_RULES = ReleaseRules(join_frames=float(JOIN_FRAMES), below_peak_db=ENDED_BELOW_PEAK_DB, spared_frames=6.0)
LEAST_SHARE, MOST_SHARES = 96, 4  # voices that are worth a thread: hundreds are played where a graphics card decodes


class Streams(NamedTuple):
    """One frame of some voices, [active, ...]: the inputs of `VoiceBatch.step` without the pitch."""

    timbre: FloatArray
    level_db: Doubles
    f0_cents: Doubles
    partials: FloatArray


class ZoneReader:
    """The layers of `slots` voices: `start(slot)`, `release(slot)`, `read(slots, weights) -> Streams`.

    Attributes:
        walk: moves voices that follow a phrase through their velocity layers.
    """

    def __init__(self, sources: Sources, slots: int) -> None:
        self.sources = sources
        self._zones = _table(sources)
        # turn points are seeded by this number, so it does not depend on whether there are two or four corners
        room = LAYERS_PER_CORNER * (
            MAX_POSITIONED_SOURCES if len(sources.corners) <= MAX_POSITIONED_SOURCES else MAX_SOURCES
        )
        self.layers = Layers(
            used=np.zeros(slots, np.int64),
            frame=np.zeros(slots),
            attack=np.zeros(slots),
            release_at=np.full(slots, np.inf),
            release_length=np.ones(slots),
            zone=np.zeros((slots, room), np.int64),
            share=np.zeros((slots, room)),
            gain_db=np.zeros((slots, room)),
            position=np.zeros((slots, room)),
            heading=np.ones((slots, room)),
            target=np.zeros((slots, room)),
            random_state=np.zeros((slots, room), np.uint64),
            release_from=np.zeros((slots, room)),
            release_from_db=np.zeros((slots, room)),
            level_db=np.zeros((slots, room)),
        )
        self._unpitched = (
            None
            if (rows := sources.unpitched) is None
            else UnpitchedReader(rows, self._zones, self.layers, has=sources.has_noise)
        )
        self._width = None if sources.width is None else MeanReader(sources.width, self._zones, self.layers)
        self._detail = None if sources.detail is None else MeanReader(sources.detail, self._zones, self.layers)
        self.walk = VelocityWalk(self._zones, self.layers, [zone.velocity for zone in sources.zones])

    def start(
        self,
        slot: int,
        layers: Sequence[Layer],
        weights: Doubles,
        *,
        seed: int,
        walks: tuple[Sequence[Sequence[int]], float] | None = None,
    ) -> None:
        """Start a note in `slot`; `weights` [corners] blend the lengths of attacks, `seed` draws the turn points.

        `walks` has the velocity layers of each corner and the velocity of a voice that will move through them.
        """
        own, count = self.layers, len(layers)
        own.used[slot] = count
        own.zone[slot, :count] = [layer.zone for layer in layers]
        own.share[slot, :count] = [layer.share for layer in layers]
        own.gain_db[slot, :count] = [layer.gain_db for layer in layers]
        if walks is None:
            self.walk.forget(slot)
        else:
            self.walk.begin(slot, walks[0], velocity=walks[1])
        start_note(self._zones, own, slot, weights, seed)

    def release(self, slot: int, weights: Doubles, *, pace: float = 1.0) -> None:
        """Release `slot` from its next frame on, at `pace` times the recorded speed."""
        if math.isinf(self.layers.release_at[slot]):
            release(self._zones, self.layers, RELEASE_RULES, slot, weights, pace)

    def released(self, slots: Ints) -> NDArray[np.bool_]:
        """Whether the next frame of each of `slots` belongs to its release."""
        return np.asarray(self.layers.frame[slots] >= self.layers.release_at[slots])

    def risen(self, slots: Ints) -> NDArray[np.bool_]:
        """Whether each of `slots` is past its attack, which may begin below the level that counts as silence."""
        return np.asarray(self.layers.frame[slots] > self.layers.attack[slots])

    def ended(self, slots: Ints) -> NDArray[np.bool_]:
        """Whether each of `slots` has reached the end of its release."""
        own = self.layers
        return np.asarray(own.frame[slots] - own.release_at[slots] >= own.release_length[slots])

    def read(self, slots: Ints, weights: Doubles, *, follow: Doubles | None = None, spherical: bool = False) -> Streams:
        """The next frame of `slots` [active], blended by `weights` [4 streams, active, corners]; they move on by it.

        `follow` [active] is NaN for voices with the level of their instruments; for others the level is relative to
        the instruments' peak and, so far, 0 to 1, without their decay. `spherical` turns the timbre from corner to
        corner (see `compiled.sphere`).
        """
        shares = _shares(len(slots))
        own_level = np.full(len(slots), np.nan) if follow is None else follow
        edges = [len(slots) * share // shares for share in range(shares + 1)]

        def read_part(part: tuple[int, int]) -> tuple[FloatArray, Doubles, Doubles, FloatArray]:
            own = slice(*part)
            part_weights = np.ascontiguousarray(weights[:, own])
            return read(self._zones, self.layers, RELEASE_RULES, slots[own], part_weights, own_level[own], spherical)

        parts = in_threads(read_part, list(pairwise(edges)))
        columns = parts[0] if shares == 1 else map(np.concatenate, zip(*parts, strict=True))
        timbre, level_db, f0_cents, partials = columns
        floor_db = np.where(np.isnan(own_level), SILENCE_DB, -np.inf)
        return Streams(timbre, np.maximum(level_db, floor_db), f0_cents, partials)

    def unpitched(
        self, slots: Ints, weights: Doubles, pitch: Doubles, level_db: Doubles, *, track: float | None = None
    ) -> FloatArray:
        """Rows [active, 162] of noise and resonances of the frame that has just been read.

        Args:
            slots: [active].
            weights: [active, corners] of the timbre.
            pitch: [active] fractional note numbers that they sound at.
            level_db: [active] as it was read.
            track: how far noise follows the pitch, 0 to 1; as far as each zone was captured to, if not given.
        """
        if self._unpitched is None:
            return pitched_rows(len(slots))
        return self._unpitched.read(slots, weights, pitch, level_db, RELEASE_RULES, track=track)

    def width(self, slots: Ints, weights: Doubles) -> FloatArray:
        """Rows [active, 17] of the width of the frame that has just been read; NaN where all zones are mono.

        `slots` and `weights` as for `unpitched`.
        """
        if self._width is None:
            return np.full((len(slots), DIMS), np.nan, np.float32)
        return self._width.read(slots, weights, RELEASE_RULES)

    def detail(self, slots: Ints, weights: Doubles, pitch: Doubles) -> FloatArray:
        """Rows [active, 129] of the detail of the frame that has just been read; zeros where no zone has any.

        Arguments as for `unpitched`, but `pitch` without the zones' own deviations from their keys. Each zone's detail
        fades with the distance of its key from that.
        """
        if self._detail is None:
            return np.zeros((len(slots), detail.DIMS), np.float32)
        return self._detail.read(slots, weights, RELEASE_RULES, pitch=pitch)


def _shares(voices: int) -> int:
    """Among how many threads voices are shared."""
    if voices < 2 * LEAST_SHARE:
        return 1
    return min(MOST_SHARES, from_environment() or usable_processors(), voices // LEAST_SHARE)


def _table(sources: Sources) -> Zones:
    zones = sources.zones
    low, high = zip(*(_turn_points(zone) for zone in zones), strict=True)
    low_count, high_count = (np.array([len(places) for places in side]) for side in (low, high))
    ends = np.cumsum(np.concatenate([low_count, high_count]))
    starts = np.concatenate([[0], ends[:-1]])

    def column(name: str, kind: type = np.int64) -> np.ndarray:
        return np.array([getattr(zone, name) for zone in zones], kind)

    return Zones(
        timbre=sources.timbre,
        level_db=sources.level_db,
        contour_db=sources.contour_db,
        f0_cents=sources.f0_cents,
        partials=sources.partials,
        note=column("note"),
        first=column("first"),
        frames=column("frames"),
        onset=column("onset"),
        attack_end=column("attack_end"),
        key_up=column("key_up"),
        released=column("released", np.bool_),
        release_frames=column("release_frames"),
        peak_db=column("peak_db", np.float64),
        slope_db=column("slope_db", np.float64),
        speed=column("speed", np.float64),
        turn_points=np.concatenate([*low, *high]),
        low_at=starts[: len(zones)],
        low_count=low_count,
        high_at=starts[len(zones) :],
        high_count=high_count,
    )


def _turn_points(zone: Zone) -> tuple[Ints, Ints]:
    """Turn points near the beginning and near the end of the sustain, or these two where it is too short."""
    if zone.low is None or zone.high is None:
        return np.array([0]), np.array([max(zone.key_up - 1 - zone.attack_end, 0)])
    return zone.low, zone.high
