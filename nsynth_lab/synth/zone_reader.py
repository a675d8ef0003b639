"""A voice's way through its instruments, one frame at a time and without knowing when the key will go up.

A layer's read position:

    attack     from its onset to the end of its attack, all layers of a voice in step
    sustain    a held note walks to and fro for ever (`blend.wander`); a struck one is read on to its end, then walks
               through its last second while its level goes on falling as it fell
    release    from the key-up, at its own release, all layers in step; faded in over 6 frames and brought from
               the level that was left to its own end or to silence

`blend.stretch` does the same for a note whose length is known; `compiled.zone_reader` is the arithmetic of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.blend.parts import ENDED_BELOW_PEAK_DB
from nsynth_lab.blend.sustain import JOIN_FRAMES
from nsynth_lab.compiled.zone_reader import LAYERS_PER_CORNER, Layers, ReleaseRules, read, release, start_note
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.patch.place import MOST_POSITIONED, MOST_SOURCES
from nsynth_lab.synth.sources import Layer, Sources, Zone
from nsynth_lab.units import Doubles, FloatArray, Ints

# a key that goes up sooner than the last of these still sounds its attack so far
RELEASE_RULES = ReleaseRules(join_frames=float(JOIN_FRAMES), below_peak_db=ENDED_BELOW_PEAK_DB, spared_frames=6.0)


class Streams(NamedTuple):
    """One frame of some voices: what `VoiceBatch.step` takes but for the pitch, [active, ...]."""

    timbre: FloatArray
    level_db: Doubles
    f0_cents: Doubles
    partials: FloatArray


class ZoneReader:
    """The layers of `slots` voices: `start(slot)`, `release(slot)`, `read(slots, weights) -> Streams`."""

    def __init__(self, sources: Sources, slots: int) -> None:
        self.sources = sources
        self._zones = _table(sources)
        # a voice's turns are drawn by how many layers there are room for: of few corners always the same number
        room = LAYERS_PER_CORNER * (MOST_POSITIONED if len(sources.corners) <= MOST_POSITIONED else MOST_SOURCES)
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
        )

    def start(self, slot: int, layers: Sequence[Layer], weights: Doubles, *, seed: int) -> None:
        """A new note in `slot`; `weights` [corners] decide how long its attack is, `seed` where its ping-pong turns."""
        own, count = self.layers, len(layers)
        own.used[slot] = count
        own.zone[slot, :count] = [layer.zone for layer in layers]
        own.share[slot, :count] = [layer.share for layer in layers]
        own.gain_db[slot, :count] = [layer.gain_db for layer in layers]
        start_note(self._zones, own, slot, weights, seed)

    def release(self, slot: int, weights: Doubles, *, pace: float = 1.0) -> None:
        """The key of `slot` is up: from its next frame on it is released, `pace` times as fast as recorded."""
        if math.isinf(self.layers.release_at[slot]):
            release(self._zones, self.layers, RELEASE_RULES, slot, weights, pace)

    def released(self, slots: Ints) -> NDArray[np.bool_]:
        """Whether the next frame of each of `slots` belongs to its release."""
        return np.asarray(self.layers.frame[slots] >= self.layers.release_at[slots])

    def risen(self, slots: Ints) -> NDArray[np.bool_]:
        """Whether each of `slots` has its attack behind it: a soft one may rise from below what counts as silence."""
        return np.asarray(self.layers.frame[slots] > self.layers.attack[slots])

    def ended(self, slots: Ints) -> NDArray[np.bool_]:
        """Whether each of `slots` has come to the end of its release."""
        own = self.layers
        return np.asarray(own.frame[slots] - own.release_at[slots] >= own.release_length[slots])

    def read(self, slots: Ints, weights: Doubles, *, spherical: bool = False) -> Streams:
        """The next frame of `slots` [active], blended by `weights` [4 streams, active, corners]; they move on by it.

        `spherical` turns the timbre from corner to corner (see `compiled.sphere`).
        """
        timbre, level_db, f0_cents, partials = read(self._zones, self.layers, RELEASE_RULES, slots, weights, spherical)
        return Streams(timbre, np.maximum(level_db, SILENCE_DB), f0_cents, partials)


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
