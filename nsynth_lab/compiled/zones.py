"""The table of all zones of a blend's instruments, and reading it at fractional frames, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import inlined
from nsynth_lab.units import Doubles, FloatArray, Ints


class Zones(NamedTuple):
    """The frames of all zones end to end, [rows], and the numbers of each zone, [zones], as in `synth.sources.Zone`.

    Attributes:
        timbre: [rows, dims], level_db, contour_db, f0_cents [rows].
        partials: [zones, slots].
        note: [zones] the key that was recorded.
        turn_points: of ping-pong sustains, frames after the attack; each zone's start at `low_at` and `high_at`.
    """

    timbre: FloatArray
    level_db: FloatArray
    contour_db: FloatArray
    f0_cents: FloatArray
    partials: FloatArray
    note: Ints
    first: Ints
    frames: Ints
    onset: Ints
    attack_end: Ints
    key_up: Ints
    released: NDArray[np.bool_]
    release_frames: Ints
    peak_db: Doubles
    slope_db: Doubles
    speed: Doubles
    turn_points: Ints
    low_at: Ints
    low_count: Ints
    high_at: Ints
    high_count: Ints


@inlined
def read_between(zones: Zones, values: FloatArray, zone: int, place: float, tail: float, up: float) -> float:
    """`values` at the fractional frame `place`, crossfaded to `tail` by `up`, 0 to 1."""
    held = read_at(zones, values, zone, place)
    return held if up == 0 else held + up * (read_at(zones, values, zone, tail) - held)


@inlined
def read_at(zones: Zones, values: FloatArray, zone: int, place: float) -> float:
    """`values` [rows of the table] at a fractional frame of `zone`."""
    low, high, part = _rows(zones, zone, place)
    value: float = values[low] + part * (values[high] - values[low])
    return value


@inlined
def add_row(zones: Zones, rows: FloatArray, zone: int, place: float, own: np.float32, out: FloatArray) -> None:
    """Add `own` times the one of `rows` [rows of the table, dims] at a fractional frame of `zone` to `out` [dims]."""
    low, high, part = _rows(zones, zone, place)
    share = np.float32(part)
    for i in range(len(out)):
        below = rows[low, i]
        out[i] += own * (below + share * (rows[high, i] - below))


@inlined
def _rows(zones: Zones, zone: int, place: float) -> tuple[int, int, float]:
    """The two rows of the table around a fractional frame, and its distance from the first of them, 0 to 1."""
    last = zones.frames[zone] - 1
    inside = min(max(place, 0.0), float(last))
    whole = min(max(int(inside), 0), last)
    return zones.first[zone] + whole, zones.first[zone] + min(whole + 1, last), inside - whole
