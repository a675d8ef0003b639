"""The map of a pack: which clip sounds for which key, velocity and round robin. All formats are written from it.

PackMap
  layers[position]       one per position of the blend, in order
    zones[...]           key range x velocity range x round robin -> clip, root key, loop, release
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import gain_to_db

LOWEST_KEY, HIGHEST_KEY = 0, 127
LOWEST_VELOCITY, HIGHEST_VELOCITY = 1, 127


@dataclass(frozen=True)
class Loop:
    """Samples `start` to `end` - 1 repeat."""

    start: int
    end: int


def loop_at_rate(loop: Loop, *, from_rate: int, to_rate: int) -> Loop:
    """The loop at another sample rate, its length rounded down; `find_period` makes it whole at the rate of a pack.

    >>> loop_at_rate(Loop(1000, 1480), from_rate=48_000, to_rate=44_100)
    Loop(start=918, end=1359)
    """
    length = (loop.end - loop.start) * to_rate // from_rate
    end = loop.end * to_rate // from_rate
    return Loop(end - length, end)


@dataclass(frozen=True)
class PlannedClip:
    """What is known of a clip before it is made: its file, its position's label, velocity and round robin, from 1."""

    file: str
    label: str
    velocity: int
    take: int


@dataclass(frozen=True)
class PackZone:
    """A clip and when it sounds. Ranges include both ends.

    Attributes:
        file: path of the clip within the pack, with forward slashes.
        samples: length of the clip.
        root: key at which the clip plays untransposed; it is in tune there.
        velocity: velocity for which the clip was made.
        take, takes: number of the round robin, from 1, and how many there are.
        loop: None if the sound decays.
        volume_db: gain that brings the clip to its level.
        release_seconds: release time after the key is up.
        channels: 1 or 2.
    """

    file: str
    samples: int
    root: int
    low_key: int
    high_key: int
    velocity: int
    low_velocity: int
    high_velocity: int
    take: int
    takes: int
    loop: Loop | None
    volume_db: float
    release_seconds: float
    channels: int = 1


@dataclass(frozen=True)
class PackLayer:
    """One position of the blend: a whole instrument."""

    label: str
    title: str
    place: tuple[float, ...]
    zones: tuple[PackZone, ...]


@dataclass(frozen=True)
class PackInfo:
    """Title, author and licence of a pack.

    Attributes:
        stem: how its files' names begin.
        comment: one line on what it was made from.
        software: what made it.
    """

    title: str
    stem: str
    author: str
    licence: str
    comment: str
    software: str


@dataclass(frozen=True)
class PackMap:
    """A whole pack.

    Attributes:
        tracking: 0 to 1: how much a sampler changes the level with velocity, in addition to the layers' own levels.
        crossfade: velocity steps on either side of the border between two layers over which they are crossfaded, in
            formats that can; 0 switches.
    """

    about: PackInfo
    layers: tuple[PackLayer, ...]
    sample_rate: int
    bits: int
    tracking: float
    crossfade: int = 0

    @property
    def on_a_line(self) -> bool:
        """Whether the positions are between two sources, in order."""
        return all(len(layer.place) == 1 for layer in self.layers)

    def levels_db(self, gain_of: Callable[[float], float]) -> dict[str, float]:
        """Each clip's gain in dB with `makeup_db`, by its file, relative to the loudest: none is above 0 dB."""
        gains = {
            zone.file: zone.volume_db + self.makeup_db(zone, gain_of) for layer in self.layers for zone in layer.zones
        }
        loudest = max(gains.values())
        return {file: gain - loudest for file, gain in gains.items()}

    def makeup_db(self, zone: PackZone, gain_of: Callable[[float], float]) -> float:
        """Gain that brings a zone to its own level at the velocity for which it was made.

        `gain_of` is the sampler's gain for a velocity from 0 to 1 (127). With a single velocity layer it is 0 dB: the
        layer follows velocity and has its own level at 127.
        """
        if len({other.velocity for other in self.layers[0].zones}) == 1:
            return 0.0
        return -gain_to_db(gain_of(zone.velocity / HIGHEST_VELOCITY))


def split_range(points: Sequence[int], *, lowest: int, highest: int) -> dict[int, tuple[int, int]]:
    """Ranges that cover `lowest` to `highest` without gaps or overlaps, each around one of `points`.

    >>> split_range([36, 39, 42], lowest=0, highest=127)
    {36: (0, 37), 39: (38, 40), 42: (41, 127)}
    """
    ordered = sorted(set(points))
    ends = [(low + high) // 2 for low, high in itertools.pairwise(ordered)]
    lows = [lowest, *(end + 1 for end in ends)]
    return {point: (low, high) for point, low, high in zip(ordered, lows, [*ends, highest], strict=True)}


def key_ranges(notes: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The key range of each recorded note; the outermost extend to the ends of the keyboard."""
    return split_range(notes, lowest=LOWEST_KEY, highest=HIGHEST_KEY)


def velocity_ranges(velocities: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The velocity range of each layer; borders are halfway between neighbours."""
    return split_range(velocities, lowest=LOWEST_VELOCITY, highest=HIGHEST_VELOCITY)


def missing_zones(layer: PackLayer) -> list[tuple[int, int]]:
    """(key, velocity) pairs for which not every round robin sounds exactly once."""
    takes = max((zone.takes for zone in layer.zones), default=1)
    sounding: dict[int, NDArray[np.int64]] = {}  # take -> how many of its clips sound at each key and velocity
    for zone in layer.zones:
        counts = sounding.setdefault(zone.take, np.zeros((HIGHEST_KEY + 1, HIGHEST_VELOCITY + 1), np.int64))
        keys = slice(max(zone.low_key, 0), max(zone.high_key + 1, 0))
        counts[keys, max(zone.low_velocity, 0) : max(zone.high_velocity + 1, 0)] += 1
    wanted = [counts == 1 for take, counts in sounding.items() if 1 <= take <= takes]
    others = [counts == 0 for take, counts in sounding.items() if not 1 <= take <= takes]
    whole = np.full((HIGHEST_KEY + 1, HIGHEST_VELOCITY + 1), len(wanted) == takes)
    whole = np.logical_and.reduce([whole, *wanted, *others])
    return [(key, velocity) for key, velocity in np.argwhere(~whole).tolist() if velocity >= LOWEST_VELOCITY]
