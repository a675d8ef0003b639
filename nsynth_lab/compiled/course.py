"""A voice's way through the zones of its instruments, for compiled loops; `synth.course` says what it is.

A strand is one layer of one instrument for one voice, which reads one zone of the table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.compiled.zones import Zones, add_timbre, read_at, read_between
from nsynth_lab.units import Doubles, FloatArray, Ints

LAYERS = 2  # of each corner that a voice reads: the softer and the harder
SHORTEST_RELEASE = 2.0  # frames
Chances = NDArray[np.uint64]
# Knuth's linear congruential generator, of 64 bits, whose upper half is drawn from
MULTIPLIER, INCREMENT, LOWER_HALF = np.uint64(6364136223846793005), np.uint64(1442695040888963407), np.uint64(33)


class Strands(NamedTuple):
    """Where each voice is, [rows], and each of its strands, [rows, strands].

    Attributes:
        used: how many of a voice's strands are.
        frame: of the note; attack: frames of its attack; release_at, release_length: in frames, once let go.
        zone, share, by_db: which, its share of its instrument, and what makes it louder.
        position, heading, target: of its walk, in frames of the zone; chance: what the next target is drawn by.
        left, left_db: where its release began, and the level that it left.
    """

    used: Ints
    frame: Doubles
    attack: Doubles
    release_at: Doubles
    release_length: Doubles
    zone: Ints
    share: Doubles
    by_db: Doubles
    position: Doubles
    heading: Doubles
    target: Doubles
    chance: Chances
    left: Doubles
    left_db: Doubles


class Ends(NamedTuple):
    """How a release is joined on, in frames; how far below its peak a note has ended; what an early key-up spares."""

    join_frames: float
    below_peak_db: float
    spared_frames: float


@compiled
def begin(zones: Zones, strands: Strands, row: int, weights: Doubles, seed: int) -> None:
    """The strands of `row` go to their zones' onsets; `weights` [corners] decide how long the attack is."""
    attack = 0.0
    for s in range(strands.used[row]):
        zone = strands.zone[row, s]
        attack += weights[s // LAYERS] * strands.share[row, s] * (zones.attack_end[zone] - zones.onset[zone])
        strands.heading[row, s], strands.position[row, s] = 1.0, zones.onset[zone]
        strands.chance[row, s] = np.uint64(seed) * np.uint64(strands.zone.shape[1]) + np.uint64(s)
        strands.target[row, s] = _next_turn(zones, strands, row, s, True)
    strands.frame[row], strands.attack[row], strands.release_at[row] = 0.0, attack, np.inf


@compiled
def let_go(zones: Zones, strands: Strands, ends: Ends, row: int, weights: Doubles, pace: float) -> None:
    """From its next frame on `row` is released, `pace` times as fast as its instruments are; `weights` [corners]."""
    length = 0.0
    for s in range(strands.used[row]):
        length += weights[s // LAYERS] * strands.share[row, s] * zones.release_frames[strands.zone[row, s]]
    strands.release_at[row] = max(strands.frame[row], min(strands.attack[row], ends.spared_frames))
    strands.release_length[row] = max(length / pace, SHORTEST_RELEASE)


@compiled
def read(
    zones: Zones, strands: Strands, ends: Ends, rows: Ints, weights: Doubles
) -> tuple[FloatArray, Doubles, Doubles, FloatArray]:
    """The next frame of `rows` [due]; they move on by it.

    `weights` [4 streams, due, corners] of timbre, level, f0 and partials -> timbre [due, dims], level_db [due],
    f0_cents [due], partials [due, slots].
    """
    due, dims, slots = len(rows), zones.timbre.shape[1], zones.partials.shape[1]
    timbre, partials = np.zeros((due, dims), np.float32), np.zeros((due, slots), np.float32)
    level_db, f0_cents = np.zeros(due), np.zeros(due)
    for d in range(due):
        row = rows[d]
        since = strands.frame[row] - strands.release_at[row]
        for s in range(strands.used[row]):
            zone, share = strands.zone[row, s], strands.share[row, s]
            place = _walk(zones, strands, row, s)
            held_db = read_at(zones, zones.level_db, zone, place) + _course(zones, strands, row, s)
            tail, up, db = place, 0.0, held_db
            if since >= 0:
                tail, up, db = _release(zones, strands, ends, row, s, held_db)
            level_db[d] += weights[1, d, s // LAYERS] * share * (db + strands.by_db[row, s])
            cents = read_between(zones, zones.f0_cents, zone, place, tail, up)
            f0_cents[d] += weights[2, d, s // LAYERS] * share * cents
            own = np.float32(weights[0, d, s // LAYERS] * share)
            add_timbre(zones, zone, place, own * np.float32(1.0 - up), timbre[d])
            if up > 0:
                add_timbre(zones, zone, tail, own * np.float32(up), timbre[d])
            own = np.float32(weights[3, d, s // LAYERS] * share)
            for slot in range(slots):
                partials[d, slot] += own * zones.partials[zone, slot]
        strands.frame[row] += 1.0
    return timbre, level_db, f0_cents, partials


@inlined
def _walk(zones: Zones, strands: Strands, row: int, s: int) -> float:
    """Move a strand on by a frame of its attack or its sustain; where it is."""
    zone, frame, attack = strands.zone[row, s], strands.frame[row], strands.attack[row]
    onset, end, heading = zones.onset[zone], zones.attack_end[zone], strands.heading[row, s]
    if frame < attack:
        moved = max(onset - 1 + (frame + 1) * (end - onset + 1) / (attack + 1), 0.0)
    elif frame < attack + 1:
        moved = end + (frame - attack) * zones.speed[zone]
    else:
        moved = strands.position[row, s] + heading * zones.speed[zone]
    over = (moved - strands.target[row, s]) * heading
    if frame >= attack and over > 0:
        moved = strands.target[row, s] - over * heading
        strands.heading[row, s] = -heading
        strands.target[row, s] = _next_turn(zones, strands, row, s, heading < 0)
    strands.position[row, s] = moved
    place: float = moved
    return place


@inlined
def _next_turn(zones: Zones, strands: Strands, row: int, s: int, forwards: bool) -> float:
    """A frame to turn at next, near the end of the sustain or near its beginning; each strand's own sequence."""
    zone = strands.zone[row, s]
    strands.chance[row, s] = strands.chance[row, s] * MULTIPLIER + INCREMENT
    drawn = np.int64(strands.chance[row, s] >> LOWER_HALF)
    if forwards:
        turn = zones.turns[zones.high_at[zone] + drawn % zones.high_count[zone]]
    else:
        turn = zones.turns[zones.low_at[zone] + drawn % zones.low_count[zone]]
    return float(zones.attack_end[zone] + turn)


@inlined
def _course(zones: Zones, strands: Strands, row: int, s: int) -> float:
    """What brings the level read where a strand is to the slow course of the sustain."""
    held = strands.frame[row] - strands.attack[row]
    if held < 0:
        return 0.0
    zone, place = strands.zone[row, s], strands.position[row, s]
    end = float(zones.attack_end[zone])
    length = max(zones.key_up[zone] - end - 1.0, 0.0)
    course = read_at(zones, zones.contour_db, zone, end + min(held * zones.speed[zone], length))
    course += zones.slope_db[zone] * max(held - length, 0.0)
    brought: float = course - read_at(zones, zones.contour_db, zone, min(max(place, end), end + length))
    return brought


@inlined
def _release(
    zones: Zones, strands: Strands, ends: Ends, row: int, s: int, held_db: float
) -> tuple[float, float, float]:
    """Where a strand that was let go reads besides, how much of that is heard, and its level."""
    zone, length = strands.zone[row, s], strands.release_length[row]
    since = strands.frame[row] - strands.release_at[row]
    if since < 1:
        strands.left[row, s], strands.left_db[row, s] = strands.position[row, s], held_db
    released, last = zones.released[zone], zones.frames[zone] - 1.0
    begins = float(zones.key_up[zone]) if released else strands.left[row, s]
    pace = zones.release_frames[zone] / length
    tail = min(max(begins + since * pace, 0.0), last)
    jump = strands.left_db[row, s] - read_at(zones, zones.level_db, zone, begins)
    final = read_at(zones, zones.level_db, zone, min(begins + length * pace, last))
    excess = max(0.0, final - (zones.peak_db[zone] - ends.below_peak_db))
    progress = min(max((since + 1) / length, 0.0), 1.0)
    tail_db = read_at(zones, zones.level_db, zone, tail) + jump * (1 - progress) - excess * progress
    join = min(ends.join_frames, length / 2)
    fade = min((since + 1) / (join + 1), 1.0) if released else 1.0
    return tail, fade, held_db + fade * (tail_db - held_db)
