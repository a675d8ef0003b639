"""A voice's way through its instruments, one frame at a time and without knowing when the key will go up.

Every strand of every voice is one column of numbers here, so that a frame of all voices that are due is a few array
operations. A strand's read position:

    attack     from its onset to the end of its attack, all strands of a voice in step
    sustain    a held note walks to and fro for ever (`blend.wander`); a struck one is read on to its end, then walks
               through its last second while its level goes on falling as it fell
    release    from the key-up, at its own release, all strands in step; faded in over 6 frames and brought from
               the level that was left to its own end or to silence

`blend.stretch` does the same for a note whose length is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.parts import ENDED_BELOW_PEAK_DB
from nsynth_lab.blend.sustain import JOIN_FRAMES
from nsynth_lab.latents import SILENCE_DB
from nsynth_lab.synth.motion import StreamWeights
from nsynth_lab.synth.sources import LAYERS, MOST_CORNERS, Sources, Strand
from nsynth_lab.units import Doubles, FloatArray, Ints

STRANDS = LAYERS * MOST_CORNERS
SPARED_ATTACK_FRAMES = 6.0  # a key that goes up sooner than this still sounds its attack so far
# Knuth's linear congruential generator, of 64 bits
MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407


@dataclass
class Streams:
    """One frame of some voices: what `Rows.step` takes but for the pitch, [due, ...]."""

    timbre: FloatArray
    level_db: Doubles
    f0_cents: Doubles
    partials: FloatArray


class Courses:
    """The strands of `rows` voices: `start(row)`, `release(row)`, `read(rows, weights) -> Streams`."""

    def __init__(self, sources: Sources, rows: int) -> None:
        self.sources = sources
        zones = sources.zones
        column = {
            name: np.array([getattr(zone, name) for zone in zones], np.float64)
            for name in ("frames", "onset", "attack_end", "key_up", "release_frames", "peak_db", "slope_db", "speed")
        }
        self._zone = column
        self._first = np.array([zone.first for zone in zones], np.int64)
        self._released = np.array([zone.released for zone in zones])
        self.frame = np.zeros(rows)
        self.attack = np.zeros(rows)
        self.release_at = np.full(rows, np.inf)
        self.release_length = np.ones(rows)
        self.zone = np.zeros((rows, STRANDS), np.int64)
        self.share = np.zeros((rows, STRANDS))
        self.by_db = np.zeros((rows, STRANDS))
        self.position = np.zeros((rows, STRANDS))
        self.heading = np.ones((rows, STRANDS))
        self.target = np.zeros((rows, STRANDS))
        self.chance = [[0] * STRANDS for _ in range(rows)]
        self.left = np.zeros((rows, STRANDS))  # where the release began, and the level it left
        self.left_db = np.zeros((rows, STRANDS))

    def start(self, row: int, strands: list[Strand], weights: Doubles, *, seed: int) -> None:
        """A new note in `row`; `weights` [corners] decide how long its attack is, `seed` where it turns."""
        count = len(strands)
        zone = np.array([strand.zone for strand in strands])
        self.zone[row] = zone[0]
        self.share[row] = 0.0
        self.by_db[row] = 0.0
        self.zone[row, :count] = zone
        self.share[row, :count] = [strand.share for strand in strands]
        self.by_db[row, :count] = [strand.by_db for strand in strands]
        own = self.share[row] * _spread(weights)
        attacks = self._zone["attack_end"][self.zone[row]] - self._zone["onset"][self.zone[row]]
        self.frame[row], self.attack[row] = 0.0, float(own @ attacks)
        self.release_at[row] = np.inf
        self.heading[row] = 1.0
        self.position[row] = self._zone["onset"][self.zone[row]]
        for strand in range(STRANDS):
            self.chance[row][strand] = seed * STRANDS + strand
            self.target[row, strand] = self._next_turn(row, strand, forwards=True)

    def release(self, row: int, weights: Doubles, *, pace: float = 1.0) -> None:
        """The key of `row` is up: from its next frame on it is released, `pace` times as fast as recorded."""
        if np.isfinite(self.release_at[row]):
            return
        own = self.share[row] * _spread(weights)
        length = float(own @ self._zone["release_frames"][self.zone[row]])
        self.release_at[row] = max(self.frame[row], min(self.attack[row], SPARED_ATTACK_FRAMES))
        self.release_length[row] = max(length / pace, 2.0)

    def ended(self, row: int) -> bool:
        """Whether `row` has come to the end of its release, or can no longer be heard."""
        return bool(self.frame[row] - self.release_at[row] >= self.release_length[row])

    def read(self, rows: Ints, weights: StreamWeights) -> Streams:
        """The next frame of `rows` [due], blended by `weights`; they move on by a frame."""
        zone, frame = self.zone[rows], self.frame[rows][:, None]
        self._walk(rows, zone, frame)
        position = self.position[rows]
        level = self._level(zone, position) + self._course(zone, position, frame - self.attack[rows][:, None])
        timbre, cents = self._sound(zone, position)
        since = frame - self.release_at[rows][:, None]
        if (since >= 0).any():
            timbre, cents, level = self._released_streams(rows, zone, since, position, (timbre, cents, level))
        self.frame[rows] += 1.0
        share = self.share[rows]
        spread = {id(stream): share * _spread(stream) for stream in vars(weights).values()}  # mostly one for all four
        own_timbre, own_level, own_f0, own_partials = (spread[id(stream)] for stream in vars(weights).values())
        return Streams(
            timbre=np.einsum("ds,dst->dt", own_timbre.astype(np.float32), timbre),
            level_db=np.maximum((own_level * (level + self.by_db[rows])).sum(axis=1), SILENCE_DB),
            f0_cents=(own_f0 * cents).sum(axis=1),
            partials=np.einsum("ds,dsk->dk", own_partials.astype(np.float32), self.sources.partials[zone]),
        )

    def peak_db(self, row: int, weights: Doubles) -> float:
        """The loudest that the note of `row` gets, blended by `weights` [corners]."""
        own = self.share[row] * _spread(weights)
        return float(own @ (self._zone["peak_db"][self.zone[row]] + self.by_db[row]))

    def _walk(self, rows: Ints, zone: Ints, frame: Doubles) -> None:
        """Move every strand of `rows` on by a frame of its attack or its sustain."""
        attack = self.attack[rows][:, None]
        onset, end = self._zone["onset"][zone], self._zone["attack_end"][zone]
        rising = onset - 1 + (frame + 1) * (end - onset + 1) / (attack + 1)
        speed = self._zone["speed"][zone]
        entering = (frame >= attack) & (frame < attack + 1)
        onward = np.where(entering, end + (frame - attack) * speed, self.position[rows] + self.heading[rows] * speed)
        moved = np.where(frame < attack, np.maximum(rising, 0.0), onward)
        over = (moved - self.target[rows]) * self.heading[rows]
        turned = (frame >= attack) & (over > 0)
        if turned.any():
            moved = np.where(turned, self.target[rows] - over * self.heading[rows], moved)
            for due, strand in zip(*np.nonzero(turned), strict=True):
                row = rows[due]
                forwards = self.heading[row, strand] < 0
                self.heading[row, strand] = 1.0 if forwards else -1.0
                self.target[row, strand] = self._next_turn(int(row), int(strand), forwards=bool(forwards))
        self.position[rows] = moved

    def _next_turn(self, row: int, strand: int, *, forwards: bool) -> float:
        """A frame to turn at next, near the end of the sustain or near its beginning; each strand's own sequence."""
        own = self.sources.zones[int(self.zone[row, strand])]
        places = own.high if forwards else own.low
        if places is None:
            return float(max(own.key_up - 1, own.attack_end) if forwards else own.attack_end)
        chance = (self.chance[row][strand] * MULTIPLIER + INCREMENT) % 2**64
        self.chance[row][strand] = chance
        return float(own.attack_end + places[(chance >> 33) % len(places)])

    def _course(self, zone: Ints, position: Doubles, held: Doubles) -> Doubles:
        """What brings the level read at `position` to the slow course of the sustain, `held` frames into it."""
        end, key_up = self._zone["attack_end"][zone], self._zone["key_up"][zone]
        length = np.maximum(key_up - end - 1, 0.0)
        read_on = held * self._zone["speed"][zone]
        course = self._read(self.sources.contour_db, zone, end + np.clip(read_on, 0.0, length))
        course = course + self._zone["slope_db"][zone] * np.maximum(held - length, 0.0)
        contour = self._read(self.sources.contour_db, zone, np.clip(position, end, end + length))
        return np.where(held >= 0, course - contour, 0.0)

    def _released_streams(
        self, rows: Ints, zone: Ints, since: Doubles, position: Doubles, held: tuple[FloatArray, Doubles, Doubles]
    ) -> tuple[FloatArray, Doubles, Doubles]:
        """Timbre, cents and level where the key is up, `since` [due, 1] frames ago; elsewhere as `held`."""
        timbre, cents, level = held
        beginning = (since >= 0) & (since < 1)
        self.left[rows] = np.where(beginning, position, self.left[rows])
        self.left_db[rows] = np.where(beginning, level, self.left_db[rows])
        released = self._released[zone]
        begin = np.where(released, self._zone["key_up"][zone], self.left[rows])
        length = self.release_length[rows][:, None]
        pace = self._zone["release_frames"][zone] / length
        last = self._zone["frames"][zone] - 1.0
        tail = np.clip(begin + np.maximum(since, 0.0) * pace, 0.0, last)
        jump = self.left_db[rows] - self._level(zone, begin)
        final = self._level(zone, np.minimum(begin + length * pace, last))
        excess = np.maximum(0.0, final - (self._zone["peak_db"][zone] - ENDED_BELOW_PEAK_DB))
        progress = np.clip((since + 1) / length, 0.0, 1.0)
        tail_db = self._level(zone, tail) + jump * (1 - progress) - excess * progress
        join = np.minimum(JOIN_FRAMES, length / 2)
        fade = np.where(released, np.clip((since + 1) / (join + 1), 0.0, 1.0), 1.0)
        up = np.where(since >= 0, fade, 0.0)
        tail_timbre, tail_cents = self._sound(zone, tail)
        share = up.astype(np.float32)[..., None]
        return (
            timbre + share * (tail_timbre - timbre),
            cents + up * (tail_cents - cents),
            np.where(since >= 0, level + fade * (tail_db - level), level),
        )

    def _level(self, zone: Ints, position: Doubles) -> Doubles:
        return self._read(self.sources.level_db, zone, position)

    def _read(self, values: FloatArray, zone: Ints, position: Doubles) -> Doubles:
        """`values` [rows of the table] at fractional frames `position` of `zone`, both [due, strands]."""
        low, high, part = self._between(zone, position)
        below = values[low]
        return np.asarray(below + part * (values[high] - below), np.float64)

    def _sound(self, zone: Ints, position: Doubles) -> tuple[FloatArray, Doubles]:
        """Timbre [due, strands, 16] and cents [due, strands]."""
        low, high, part = self._between(zone, position)
        timbre, cents = self.sources.timbre, self.sources.f0_cents
        below, share = timbre[low], part.astype(np.float32)[..., None]
        return below + share * (timbre[high] - below), np.asarray(cents[low] + part * (cents[high] - cents[low]))

    def _between(self, zone: Ints, position: Doubles) -> tuple[Ints, Ints, Doubles]:
        inside = np.clip(position, 0.0, self._zone["frames"][zone] - 1.0)
        whole = inside.astype(np.int64)
        first = self._first[zone]
        last = first + self._zone["frames"][zone].astype(np.int64) - 1
        low = first + whole
        return low, np.minimum(low + 1, last), inside - whole


def _spread(weights: Doubles) -> Doubles:
    """Weights [..., corners] to [..., 8 strands]: each layer of a corner has the corner's."""
    out = np.zeros((*weights.shape[:-1], STRANDS))
    for layer in range(LAYERS):
        out[..., layer : LAYERS * weights.shape[-1] : LAYERS] = weights
    return out
