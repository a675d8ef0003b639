"""How a voice reads the zones of its instruments, compiled; `synth.zone_reader` describes the attack and what follows.

A layer is one playhead: one voice reading one zone of one instrument. Each corner of a blend has two, the softer and
the harder velocity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled, inlined
from nsynth_lab.compiled.sphere import spherical_mean
from nsynth_lab.compiled.zones import Zones, add_row, read_at, read_between
from nsynth_lab.detail import share_at
from nsynth_lab.units import Doubles, FloatArray, Ints

LAYERS_PER_CORNER = 2  # the softer and the harder velocity
SHORTEST_RELEASE = 2.0  # frames
RISE_FRAMES, FLATTEN_FRAMES, TREMOLO_DB = 9.0, 6.0, 3.0
DIES_DB = 15.0  # of 8 dB by which a struck note dies away by itself, it still does by 6 where it follows; of 40 by 19
RandomStates = NDArray[np.uint64]
# Knuth's MMIX linear congruential generator of 64 bits; its upper half is used
MULTIPLIER, INCREMENT, LOWER_HALF = np.uint64(6364136223846793005), np.uint64(1442695040888963407), np.uint64(33)
_share_at = inlined(share_at)


class Layers(NamedTuple):
    """The state of each voice, [slots], and of each of its layers, [slots, layers].

    Attributes:
        used: number of layers in use.
        frame: frames since the note began; attack: length of its attack in frames.
        release_at, release_length: frame of the key-up (infinite while held), and frames of the release.
        zone, share, gain_db: the zone, its weight within its corner, and a gain that fits it to the velocity.
        position, heading, target: the playhead in frames of the zone, its direction (1 or -1), and its next turn point.
        random_state: of the generator that draws turn points.
        release_from, release_from_db: position and level at which the release began.
        level_db: of the frame that has just been read.
    """

    used: Ints
    frame: Doubles
    attack: Doubles
    release_at: Doubles
    release_length: Doubles
    zone: Ints
    share: Doubles
    gain_db: Doubles
    position: Doubles
    heading: Doubles
    target: Doubles
    random_state: RandomStates
    release_from: Doubles
    release_from_db: Doubles
    level_db: Doubles


class ReleaseRules(NamedTuple):
    """Constants of every release.

    Attributes:
        join_frames: crossfade from the sustain to the recorded release.
        below_peak_db: a note has ended so far below its peak.
        spared_frames: of an attack that sound even if the key goes up sooner.
    """

    join_frames: float
    below_peak_db: float
    spared_frames: float


@compiled
def start_note(zones: Zones, layers: Layers, slot: int, weights: Doubles, seed: int) -> None:
    """Put the layers of `slot` at the onsets of their zones; `weights` [corners] blend the lengths of the attacks."""
    attack = 0.0
    for s in range(layers.used[slot]):
        zone = layers.zone[slot, s]
        attack += weights[s // LAYERS_PER_CORNER] * layers.share[slot, s] * (zones.attack_end[zone] - zones.onset[zone])
        layers.heading[slot, s], layers.position[slot, s] = 1.0, zones.onset[zone]
        layers.random_state[slot, s] = np.uint64(seed) * np.uint64(layers.zone.shape[1]) + np.uint64(s)
        layers.target[slot, s] = _next_turn_point(zones, layers, slot, s, True)
    layers.frame[slot], layers.attack[slot], layers.release_at[slot] = 0.0, attack, np.inf


@compiled
def release(zones: Zones, layers: Layers, rules: ReleaseRules, slot: int, weights: Doubles, pace: float) -> None:
    """Release `slot` from its next frame on, at `pace` times the recorded speed; `weights` [corners] blend lengths."""
    length = 0.0
    for s in range(layers.used[slot]):
        length += weights[s // LAYERS_PER_CORNER] * layers.share[slot, s] * zones.release_frames[layers.zone[slot, s]]
    layers.release_at[slot] = max(layers.frame[slot], min(layers.attack[slot], rules.spared_frames))
    layers.release_length[slot] = max(length / pace, SHORTEST_RELEASE)


@compiled
def read(
    zones: Zones, layers: Layers, rules: ReleaseRules, slots: Ints, weights: Doubles, follow: Doubles, spherical: bool
) -> tuple[FloatArray, Doubles, Doubles, FloatArray]:
    """The next frame of `slots` [active], whose playheads move on.

    `weights` [4 streams, active, corners] of timbre, level, f0 and partials -> timbre [active, dims],
    level_db [active], f0_cents [active], partials [active, partials]. Where `follow` [active] is not NaN the level is
    relative to the instruments' peak and, so far, 0 to 1, without their decay. `spherical` blends the timbre of the
    corners as `sphere` does, each corner's own layers straight.
    """
    count, dims, table_partials = len(slots), zones.timbre.shape[1], zones.partials.shape[1]
    timbre, partials = np.zeros((count, dims), np.float32), np.zeros((count, table_partials), np.float32)
    level_db, f0_cents = np.zeros(count), np.zeros(count)
    corners = np.zeros((weights.shape[2] if spherical else 0, dims), np.float32)
    for d in range(count):
        slot = slots[d]
        corners[:] = 0.0
        since = layers.frame[slot] - layers.release_at[slot]
        for s in range(layers.used[slot]):
            zone, share = layers.zone[slot, s], layers.share[slot, s]
            place = _advance_playhead(zones, layers, slot, s)
            held_db = read_at(zones, zones.level_db, zone, place) + _contour_offset_db(zones, layers, slot, s)
            gain_db = layers.gain_db[slot, s]
            if not math.isnan(follow[d]):
                held_db += follow[d] * _without_decay_db(zones, layers, slot, s, held_db)
                gain_db = -zones.peak_db[zone]
            tail, up, db = place, 0.0, held_db
            if since >= 0:
                tail, up, db = _release_tail(zones, layers, rules, slot, s, held_db)
            layers.level_db[slot, s] = db + gain_db
            level_db[d] += weights[1, d, s // LAYERS_PER_CORNER] * share * (db + gain_db)
            cents = read_between(zones, zones.f0_cents, zone, place, tail, up)
            f0_cents[d] += weights[2, d, s // LAYERS_PER_CORNER] * share * cents
            out = corners[s // LAYERS_PER_CORNER] if spherical else timbre[d]
            own = np.float32((1.0 if spherical else weights[0, d, s // LAYERS_PER_CORNER]) * share)
            add_row(zones, zones.timbre, zone, place, own * np.float32(1.0 - up), out)
            if up > 0:
                add_row(zones, zones.timbre, zone, tail, own * np.float32(up), out)
            own = np.float32(weights[3, d, s // LAYERS_PER_CORNER] * share)
            for k in range(table_partials):
                partials[d, k] += own * zones.partials[zone, k]
        if spherical:
            spherical_mean(corners, weights[0, d], timbre[d])
        layers.frame[slot] += 1.0
    return timbre, level_db, f0_cents, partials


@compiled
def mean_rows(
    zones: Zones,
    rows: FloatArray,
    layers: Layers,
    rules: ReleaseRules,
    slots: Ints,
    weights: Doubles,
    pitch: Doubles,
) -> FloatArray:
    """The mean of `rows` [rows of the table, columns] in the frame that `slots` [active] have just read.

    `weights` [active, corners] -> [active, columns]. A release that was recorded fades over to its own rows. Where
    `pitch` [active] is a note number, the rows of each zone fade with its distance from the zone's key, as details do.
    """
    out = np.zeros((len(slots), rows.shape[1]), np.float32)
    for d in range(len(slots)):
        slot = slots[d]
        since, length = layers.frame[slot] - 1.0 - layers.release_at[slot], layers.release_length[slot]
        for s in range(layers.used[slot]):
            zone, place, up = layers.zone[slot, s], layers.position[slot, s], 0.0
            tail = place
            if since >= 0:
                released = zones.released[zone]
                begins = float(zones.key_up[zone]) if released else layers.release_from[slot, s]
                tail = begins + since * zones.release_frames[zone] / length
                up = min((since + 1) / (min(rules.join_frames, length / 2) + 1), 1.0) if released else 1.0
            own = weights[d, s // LAYERS_PER_CORNER] * layers.share[slot, s]
            if not math.isnan(pitch[d]):
                own *= _share_at(pitch[d] - zones.note[zone])
            if own * (1.0 - up) != 0:
                add_row(zones, rows, zone, place, np.float32(own * (1.0 - up)), out[d])
            if own * up != 0:
                add_row(zones, rows, zone, tail, np.float32(own * up), out[d])
    return out


@inlined
def _advance_playhead(zones: Zones, layers: Layers, slot: int, s: int) -> float:
    """Move the playhead of a layer by one frame of its attack or sustain; its new position."""
    zone, frame, attack = layers.zone[slot, s], layers.frame[slot], layers.attack[slot]
    onset, end, heading = zones.onset[zone], zones.attack_end[zone], layers.heading[slot, s]
    if frame < attack:
        moved = max(onset - 1 + (frame + 1) * (end - onset + 1) / (attack + 1), 0.0)
    elif frame < attack + 1:
        moved = end + (frame - attack) * zones.speed[zone]
    else:
        moved = layers.position[slot, s] + heading * zones.speed[zone]
    over = (moved - layers.target[slot, s]) * heading
    if frame >= attack and over > 0:
        moved = layers.target[slot, s] - over * heading
        layers.heading[slot, s] = -heading
        layers.target[slot, s] = _next_turn_point(zones, layers, slot, s, heading < 0)
    layers.position[slot, s] = moved
    place: float = moved
    return place


@inlined
def _next_turn_point(zones: Zones, layers: Layers, slot: int, s: int, forwards: bool) -> float:
    """Draw the next turn point, near the end of the sustain or near its beginning; each layer has its own sequence."""
    zone = layers.zone[slot, s]
    layers.random_state[slot, s] = layers.random_state[slot, s] * MULTIPLIER + INCREMENT
    drawn = np.int64(layers.random_state[slot, s] >> LOWER_HALF)
    if forwards:
        turn = zones.turn_points[zones.high_at[zone] + drawn % zones.high_count[zone]]
    else:
        turn = zones.turn_points[zones.low_at[zone] + drawn % zones.low_count[zone]]
    return float(zones.attack_end[zone] + turn)


@inlined
def _contour_offset_db(zones: Zones, layers: Layers, slot: int, s: int) -> float:
    """Difference in dB between the slow contour at the note's own time and the one at the playhead.

    The level follows the recorded contour once, and struck notes go on falling, while the playhead goes back and forth.
    """
    held = layers.frame[slot] - layers.attack[slot]
    if held < 0:
        return 0.0
    offset: float = _contour_db(zones, layers.zone[slot, s], held) - _contour_at_playhead_db(zones, layers, slot, s)
    return offset


@inlined
def _without_decay_db(zones: Zones, layers: Layers, slot: int, s: int, held_db: float) -> float:
    """What brings a held layer to the peak of its zone, with its tremolo, taken in over 6 frames after the attack.

    An attack itself is at the peak after 9 frames, 96 ms: who plays has bowed or blown it as slowly as it was meant,
    and a cello would rise twice. The slow contour lies far below the steep beginning of a struck note, which would
    stand out as a tremolo: it is limited to 3 dB. A struck note still dies away,
    though more slowly than by itself, or nobody would hear that it was struck.
    """
    held = layers.frame[slot] - layers.attack[slot]
    zone, place = layers.zone[slot, s], layers.position[slot, s]
    risen = min((layers.frame[slot] + 1.0) / RISE_FRAMES, 1.0)
    if held < 0:
        rise: float = risen * max(zones.peak_db[zone] - held_db, 0.0)
        return rise
    tremolo_db = read_at(zones, zones.level_db, zone, place) - _contour_at_playhead_db(zones, layers, slot, s)
    wanted_db = zones.peak_db[zone] + TREMOLO_DB * math.tanh(tremolo_db / TREMOLO_DB)
    if zones.slope_db[zone] < 0.0:
        fallen_db = max(zones.peak_db[zone] - _contour_db(zones, zone, held), 0.0)
        wanted_db -= DIES_DB * math.log1p(fallen_db / DIES_DB)
    change: float = max(min((held + 1.0) / FLATTEN_FRAMES, 1.0), risen) * (wanted_db - held_db)
    return change


@inlined
def _contour_at_playhead_db(zones: Zones, layers: Layers, slot: int, s: int) -> float:
    zone = layers.zone[slot, s]
    end = float(zones.attack_end[zone])
    inside = min(max(layers.position[slot, s], end), end + _sustain_frames(zones, zone))
    at_playhead: float = read_at(zones, zones.contour_db, zone, inside)
    return at_playhead


@inlined
def _contour_db(zones: Zones, zone: int, held: float) -> float:
    """The slow contour of a zone `held` frames after its attack, as it was recorded and as it goes on."""
    length = _sustain_frames(zones, zone)
    recorded = read_at(zones, zones.contour_db, zone, zones.attack_end[zone] + min(held * zones.speed[zone], length))
    contour: float = recorded + zones.slope_db[zone] * max(held - length, 0.0)
    return contour


@inlined
def _sustain_frames(zones: Zones, zone: int) -> float:
    """Frames from the end of the attack to the last one before the key-up."""
    frames: float = max(zones.key_up[zone] - float(zones.attack_end[zone]) - 1.0, 0.0)
    return frames


@inlined
def _release_tail(
    zones: Zones, layers: Layers, rules: ReleaseRules, slot: int, s: int, held_db: float
) -> tuple[float, float, float]:
    """Position in the release of a layer whose key is up, its share in the crossfade, 0 to 1, and the level in dB."""
    zone, length = layers.zone[slot, s], layers.release_length[slot]
    since = layers.frame[slot] - layers.release_at[slot]
    if since < 1:
        layers.release_from[slot, s], layers.release_from_db[slot, s] = layers.position[slot, s], held_db
    released, last = zones.released[zone], zones.frames[zone] - 1.0
    begins = float(zones.key_up[zone]) if released else layers.release_from[slot, s]
    pace = zones.release_frames[zone] / length
    tail = min(max(begins + since * pace, 0.0), last)
    jump = layers.release_from_db[slot, s] - read_at(zones, zones.level_db, zone, begins)
    final = read_at(zones, zones.level_db, zone, min(begins + length * pace, last))
    excess = max(0.0, final - (zones.peak_db[zone] - rules.below_peak_db))
    progress = min(max((since + 1) / length, 0.0), 1.0)
    tail_db = read_at(zones, zones.level_db, zone, tail) + jump * (1 - progress) - excess * progress
    join = min(rules.join_frames, length / 2)
    fade = min((since + 1) / (join + 1), 1.0) if released else 1.0
    return tail, fade, held_db + fade * (tail_db - held_db)
