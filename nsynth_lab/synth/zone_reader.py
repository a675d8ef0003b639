"""A voice's way through its instruments, one frame at a time and without knowing when the key will go up.

A strand's read position:

    attack     from its onset to the end of its attack, all strands of a voice in step
    sustain    a held note walks to and fro for ever (`blend.wander`); a struck one is read on to its end, then walks
               through its last second while its level goes on falling as it fell
    release    from the key-up, at its own release, all strands in step; faded in over 6 frames and brought from
               the level that was left to its own end or to silence

`blend.stretch` does the same for a note whose length is known; `compiled.course` is the arithmetic of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.blend.parts import ENDED_BELOW_PEAK_DB
from nsynth_lab.blend.sustain import JOIN_FRAMES
from nsynth_lab.compiled.course import LAYERS, Ends, Strands, begin, let_go, read
from nsynth_lab.compiled.zones import Zones
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.synth.sources import MOST_CORNERS, Sources, Strand, Zone
from nsynth_lab.units import Doubles, FloatArray, Ints

STRANDS = LAYERS * MOST_CORNERS
# a key that goes up sooner than the last of these still sounds its attack so far
ENDS = Ends(join_frames=float(JOIN_FRAMES), below_peak_db=ENDED_BELOW_PEAK_DB, spared_frames=6.0)


class Streams(NamedTuple):
    """One frame of some voices: what `Rows.step` takes but for the pitch, [due, ...]."""

    timbre: FloatArray
    level_db: Doubles
    f0_cents: Doubles
    partials: FloatArray


class Courses:
    """The strands of `rows` voices: `start(row)`, `release(row)`, `read(rows, weights) -> Streams`."""

    def __init__(self, sources: Sources, rows: int) -> None:
        self.sources = sources
        self._zones = _table(sources)
        self.strands = Strands(
            used=np.zeros(rows, np.int64),
            frame=np.zeros(rows),
            attack=np.zeros(rows),
            release_at=np.full(rows, np.inf),
            release_length=np.ones(rows),
            zone=np.zeros((rows, STRANDS), np.int64),
            share=np.zeros((rows, STRANDS)),
            by_db=np.zeros((rows, STRANDS)),
            position=np.zeros((rows, STRANDS)),
            heading=np.ones((rows, STRANDS)),
            target=np.zeros((rows, STRANDS)),
            chance=np.zeros((rows, STRANDS), np.uint64),
            left=np.zeros((rows, STRANDS)),
            left_db=np.zeros((rows, STRANDS)),
        )

    def start(self, row: int, strands: Sequence[Strand], weights: Doubles, *, seed: int) -> None:
        """A new note in `row`; `weights` [corners] decide how long its attack is, `seed` where it turns."""
        own, count = self.strands, len(strands)
        own.used[row] = count
        own.zone[row, :count] = [strand.zone for strand in strands]
        own.share[row, :count] = [strand.share for strand in strands]
        own.by_db[row, :count] = [strand.by_db for strand in strands]
        begin(self._zones, own, row, weights, seed)

    def release(self, row: int, weights: Doubles, *, pace: float = 1.0) -> None:
        """The key of `row` is up: from its next frame on it is released, `pace` times as fast as recorded."""
        if math.isinf(self.strands.release_at[row]):
            let_go(self._zones, self.strands, ENDS, row, weights, pace)

    def risen(self, rows: Ints) -> NDArray[np.bool_]:
        """Whether each of `rows` has its attack behind it: a soft one may rise from below what counts as silence."""
        return np.asarray(self.strands.frame[rows] > self.strands.attack[rows])

    def ended(self, rows: Ints) -> NDArray[np.bool_]:
        """Whether each of `rows` has come to the end of its release."""
        own = self.strands
        return np.asarray(own.frame[rows] - own.release_at[rows] >= own.release_length[rows])

    def read(self, rows: Ints, weights: Doubles) -> Streams:
        """The next frame of `rows` [due], blended by `weights` [4 streams, due, corners]; they move on by a frame."""
        timbre, level_db, f0_cents, partials = read(self._zones, self.strands, ENDS, rows, weights)
        return Streams(timbre, np.maximum(level_db, SILENCE_DB), f0_cents, partials)


def _table(sources: Sources) -> Zones:
    zones = sources.zones
    low, high = zip(*(_turns(zone) for zone in zones), strict=True)
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
        turns=np.concatenate([*low, *high]),
        low_at=starts[: len(zones)],
        low_count=low_count,
        high_at=starts[len(zones) :],
        high_count=high_count,
    )


def _turns(zone: Zone) -> tuple[Ints, Ints]:
    """Where a walk turns near the beginning and near the end of the sustain, or at these where it is too short."""
    if zone.low is None or zone.high is None:
        return np.array([0]), np.array([max(zone.key_up - 1 - zone.attack_end, 0)])
    return zone.low, zone.high
