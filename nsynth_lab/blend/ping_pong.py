"""Ping-pong sustain: a held note reads its sustain back and forth, and lasts for minutes without an audible loop.

The playhead moves at natural speed, so that vibrato, breath and beating keep their rate. It reverses at turn points in
a random order that does not repeat, and since it reverses in place no stream jumps. If the note has a vibrato the turn
points are its crests and troughs, where a reversed vibrato continues smoothly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nsynth_lab.units import Doubles

SEED = 2017
ZONE = 0.4  # turn points are in the first and in the last 40 % of the sustain,
MARGIN_FRAMES = 8  # at least this far from the attack and the release
SHORTEST_FRAMES = 33  # 0.35 s: crossing a whole sustain takes at least this long
VIBRATO_CENTS = 2.0


@dataclass(frozen=True)
class PingPong:
    """A piecewise linear read position: at `times` it is at `points`; both [turns], in frames."""

    times: Doubles
    points: Doubles

    def at(self, times: ArrayLike) -> Doubles:
        """Positions at `times` [n], [n]."""
        return np.asarray(np.interp(np.asarray(times, np.float64), self.times, self.points))


@dataclass(frozen=True)
class TurnPoints:
    """Frames near the beginning and the end of a sustain where the playhead may turn; `speed` in frames per frame."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    speed: float


def ping_pong(f0_cents: Doubles, ripple_db: Doubles, *, frames: float) -> PingPong:
    """A path of at least `frames` frames back and forth through a sustain, starting at its first frame.

    Args:
        f0_cents: [length] deviation of the pitch in the sustain.
        ripple_db: [length] loudness minus its slow contour; determines the turn points if the pitch is steady.
        frames: required length of the path.

    Returns:
        Positions from 0 to length - 1; the same arguments always give the same path.
    """
    turns = turn_points(f0_cents, ripple_db)
    if turns is None:
        return PingPong(np.array([0.0, 1.0]), np.zeros(2))
    shortest = int(turns.high.min() - turns.low.max())
    count = 2 + int(np.ceil(frames * turns.speed / shortest))
    rng = np.random.default_rng(SEED)
    points = np.zeros(count + 1)
    points[1::2] = rng.choice(turns.high, len(points[1::2]))
    points[2::2] = rng.choice(turns.low, len(points[2::2]))
    times = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(points)))]) / turns.speed
    return PingPong(times, points)


def turn_points(f0_cents: Doubles, ripple_db: Doubles) -> TurnPoints | None:
    """Where the playhead may turn within a sustain; None if it is too short. Arguments as in `ping_pong`."""
    length = len(f0_cents)
    if length < 4:
        return None
    steady = float(np.std(f0_cents)) < VIBRATO_CENTS
    turns = _turns(ripple_db if steady else f0_cents)
    margin, zone = min(MARGIN_FRAMES, length // 8), max(1, int(ZONE * length))
    return TurnPoints(
        low=_within(turns, margin, max(zone, margin + 1)),
        high=_within(turns, length - max(zone, margin + 1), length - margin),
        speed=min(1.0, length / SHORTEST_FRAMES),
    )


def _turns(stream: Doubles) -> NDArray[np.int64]:
    """Frames of the crests and troughs of `stream` [length]."""
    smooth = np.convolve(
        np.concatenate([stream[:1], stream[:1], stream, stream[-1:], stream[-1:]]), np.ones(5) / 5, mode="valid"
    )
    step = np.diff(smooth)
    return np.flatnonzero(step[:-1] * step[1:] < 0) + 1


def _within(turns: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """The turn points from `low` to before `high`, or all frames there if there are fewer than three."""
    chosen = turns[(turns >= low) & (turns < high)]
    return chosen if len(chosen) >= 3 else np.arange(low, high)
