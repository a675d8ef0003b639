"""A walk to and fro through a sustain, so that a held note can last for minutes without a loop to be heard.

The walk goes at natural speed, so that vibrato, breath and beating keep their own rate. It turns at places
that never repeat in the same order, and there it reflects, so that no stream jumps; if the note has a
vibrato it turns at a crest or a trough, where a reflected vibrato goes on as if nothing had happened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsynth_lab.units import Doubles

SEED = 2017
ZONE = 0.4  # turning places lie in the first and in the last 40 % of the sustain,
MARGIN_FRAMES = 8  # but not so close to the attack or the release,
SHORTEST_FRAMES = 33  # and crossing a whole sustain takes at least so long: 0.35 s
VIBRATO_CENTS = 2.0


@dataclass(frozen=True)
class Walk:
    """A read position which moves in straight lines: at `times` it is at `points`, both [turns], in frames."""

    times: Doubles
    points: Doubles

    def at(self, times: ArrayLike) -> Doubles:
        """Positions at `times` [n], [n]."""
        return np.asarray(np.interp(np.asarray(times, np.float64), self.times, self.points))


@dataclass(frozen=True)
class Places:
    """Frames of a sustain near its beginning and near its end where a walk may turn, and its frames a frame."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    speed: float


def wander(f0_cents: Doubles, ripple_db: Doubles, *, frames: float) -> Walk:
    """A walk of at least `frames` frames through a sustain, from its first frame.

    Args:
        f0_cents: [length] deviation of the pitch through the sustain.
        ripple_db: [length] loudness less its slow contour, which chooses the turns when the pitch is steady.
        frames: how long the walk must last.

    Returns:
        A walk within 0 to length - 1; the same arguments always give the same walk.
    """
    places = turning_places(f0_cents, ripple_db)
    if places is None:
        return Walk(np.array([0.0, 1.0]), np.zeros(2))
    shortest = int(places.high.min() - places.low.max())
    count = 2 + int(np.ceil(frames * places.speed / shortest))
    rng = np.random.default_rng(SEED)
    points = np.zeros(count + 1)
    points[1::2] = rng.choice(places.high, len(points[1::2]))
    points[2::2] = rng.choice(places.low, len(points[2::2]))
    times = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(points)))]) / places.speed
    return Walk(times, points)


def turning_places(f0_cents: Doubles, ripple_db: Doubles) -> Places | None:
    """Where a walk through a sustain may turn; None where it is too short to walk in. Arguments as in `wander`."""
    length = len(f0_cents)
    if length < 4:
        return None
    steady = float(np.std(f0_cents)) < VIBRATO_CENTS
    turns = _turns(ripple_db if steady else f0_cents)
    margin, zone = min(MARGIN_FRAMES, length // 8), max(1, int(ZONE * length))
    return Places(
        low=_within(turns, margin, max(zone, margin + 1)),
        high=_within(turns, length - max(zone, margin + 1), length - margin),
        speed=min(1.0, length / SHORTEST_FRAMES),
    )


def _turns(stream: Doubles) -> NDArray[np.int64]:
    """Frames of the crests and troughs of `stream` [length]."""
    smooth = np.convolve(np.pad(stream, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    step = np.diff(smooth)
    return np.flatnonzero(step[:-1] * step[1:] < 0) + 1


def _within(turns: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """The turns from `low` to before `high`, or all frames there when they are few."""
    chosen = turns[(turns >= low) & (turns < high)]
    return chosen if len(chosen) >= 3 else np.arange(low, high)
