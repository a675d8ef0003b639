"""The one map of a pack: which clip sounds for which key, velocity and take. Every format is written from it.

PackMap
  layers[position]       one a position of the blend, in order
    zones[...]           key range x velocity range x take -> clip, root, tuning, loop, release
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nsynth_lab.units import gain_to_db

LOWEST_KEY, HIGHEST_KEY = 0, 127
LOWEST_VELOCITY, HIGHEST_VELOCITY = 1, 127


@dataclass(frozen=True)
class Loop:
    """Samples `start` to `end` - 1 are repeated: after `end` - 1 comes `start`."""

    start: int
    end: int


@dataclass(frozen=True)
class Zone:
    """A clip and when it sounds; ranges include both ends.

    Attributes:
        file: path of the clip within the pack, with forward slashes.
        samples: length of the clip.
        root: key at which the clip sounds as it is, which is in tune.
        velocity: velocity that the clip was made for.
        take: round robin, from 1, of `takes`.
        loop: None where the sound dies away by itself.
        volume_db: what brings the clip to its level.
        release_seconds: how long it takes to die away once the key is up.
        channels: of the clip.
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
class Layer:
    """One position of the blend: a whole instrument."""

    label: str
    title: str
    place: tuple[float, ...]
    zones: tuple[Zone, ...]


@dataclass(frozen=True)
class About:
    """What a pack says of itself."""

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
        tracking: 0 to 1, how far a sampler lets the velocity itself change the level, beside the layers' own levels.
        crossfade: velocities on either side of the border of two layers over which one fades into the other, in
            formats that can; 0 switches.
    """

    about: About
    layers: tuple[Layer, ...]
    sample_rate: int
    bits: int
    tracking: float
    crossfade: int = 0

    @property
    def on_a_line(self) -> bool:
        """Whether the positions lie between two sources, in order."""
        return all(len(layer.place) == 1 for layer in self.layers)

    def made_up_db(self, zone: Zone, gain_of: Callable[[float], float]) -> float:
        """What brings a zone back to its own level at the velocity that it was made for.

        `gain_of` is what a sampler makes of a velocity, 0 to 1 of 127. With one velocity layer nothing is made up: it
        follows the velocity by itself, and is at its own level at 127.
        """
        if len({other.velocity for other in self.layers[0].zones}) == 1:
            return 0.0
        return -gain_to_db(gain_of(zone.velocity / HIGHEST_VELOCITY))


def split(points: Sequence[int], *, lowest: int, highest: int) -> dict[int, tuple[int, int]]:
    """Ranges that cover `lowest` to `highest` without gap or overlap, each point's nearest.

    >>> split([36, 39, 42], lowest=0, highest=127)
    {36: (0, 37), 39: (38, 40), 42: (41, 127)}
    """
    ordered = sorted(set(points))
    ends = [(low + high) // 2 for low, high in itertools.pairwise(ordered)]
    lows = [lowest, *(end + 1 for end in ends)]
    return {point: (low, high) for point, low, high in zip(ordered, lows, [*ends, highest], strict=True)}


def key_ranges(notes: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The keys that each recorded note plays; the outermost play on to the ends of the keyboard."""
    return split(notes, lowest=LOWEST_KEY, highest=HIGHEST_KEY)


def velocity_ranges(velocities: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The velocities that each layer plays; a layer begins half way from the one below."""
    return split(velocities, lowest=LOWEST_VELOCITY, highest=HIGHEST_VELOCITY)


def missing(layer: Layer) -> list[tuple[int, int]]:
    """(key, velocity) pairs for which not every take sounds exactly once."""
    heard: dict[tuple[int, int], list[int]] = {}
    for zone in layer.zones:
        for key in range(zone.low_key, zone.high_key + 1):
            for velocity in range(zone.low_velocity, zone.high_velocity + 1):
                heard.setdefault((key, velocity), []).append(zone.take)
    takes = max((zone.takes for zone in layer.zones), default=1)
    return [
        (key, velocity)
        for key in range(LOWEST_KEY, HIGHEST_KEY + 1)
        for velocity in range(LOWEST_VELOCITY, HIGHEST_VELOCITY + 1)
        if sorted(heard.get((key, velocity), [])) != list(range(1, takes + 1))
    ]
