"""Where a loop is closed: a note of latents made exactly periodic, so that a sampler can loop it without a seam.

In a recording a loop has to be found. This sound is made from latents, so the loop is made as well: from frame `begin`
on every stream goes forwards and backwards with a period of `frames` frames, and the pitch is adjusted by a fraction of
a cent so that every partial completes a whole number of cycles per period. A causal decoder's output is then periodic
too, once its receptive field has passed `begin`:

    streams   attack | forwards  backwards | forwards  backwards
                     begin                 begin + frames
    sound     attack | settles |  one period of the loop  |

The slow contour of the level is frozen at its value at `begin`; ripple, vibrato and timbre move on. An inharmonic
partial is shifted by at most half a cycle per period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from nsynth_lab.blend.parts import find_parts
from nsynth_lab.blend.read import read_at
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import CENTS_LIMIT, Latents
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, FloatArray, cents_to_ratio, note_to_hz, ratio_to_cents
from nsynth_lab.unpitched import NOTES

SHORTEST_FRAMES = 47  # half a second: a shorter loop flutters audibly
SHORTEST_SHARE = 0.5  # a loop may be this much shorter than the longest possible one to be better in tune
GOOD_CENTS = 0.15  # within this, the pitch counts as exact


@dataclass(frozen=True)
class Period:
    """One period of a loop, and what it does to the pitch.

    Attributes:
        begin: first frame of the periodic part.
        frames: length of the period.
        turns: cycles of f0 per period; an even number, so that partials halfway between harmonics close too.
        cents: deviation of the loop's mean pitch from the nominal note.
    """

    begin: int
    frames: int
    turns: int
    cents: float


def find_period(note: float, *, begin: int, end: int, multiple: int = 1) -> Period | None:
    """The longest period between frames `begin` and `end` that ends at `end` and is in tune; None if there is no room.

    Its length in frames is a multiple of `multiple`.
    """
    longest = end - begin
    shortest = max(SHORTEST_FRAMES, round(SHORTEST_SHARE * longest))
    every = periods(note, end=end, longest=longest, shortest=shortest, multiple=multiple)
    good = [period for period in every if abs(period.cents) <= GOOD_CENTS]
    return good[0] if good else min(every, key=lambda period: abs(period.cents), default=None)


def periods(note: float, *, end: int, longest: int, shortest: int, multiple: int = 1) -> list[Period]:
    """All periods of `longest` down to `shortest` frames that end at `end`, longest first."""
    found = []
    for length in range(longest // multiple * multiple, shortest - 1, -multiple):
        exact = length * note_to_hz(note) / FRAME_RATE_HZ
        turns = 2 * round(exact / 2)
        found.append(Period(end - length, length, turns, ratio_to_cents(turns / exact) if turns else -math.inf))
    return found


def can_loop(latents: Latents, period: Period) -> bool:
    """Whether the note is held long enough for `close_loop` with this period."""
    return latents.attack_frames <= period.begin and latents.release_frame > period.begin + period.frames // 2


def close_loop(latents: Latents, period: Period, *, frames: int) -> Latents:
    """`latents` up to `period.begin`, then the period repeated, `frames` frames in all.

    Over one period the mean of f0 is `period.cents` from the nominal note, every stream returns to where it was, and
    every partial completes a whole number of cycles.

    Raises:
        UsageError: the note is too short to be looped there.
    """
    if not can_loop(latents, period):
        raise UsageError(f"a loop of {period.frames} frames at {period.begin}: the note is held for too short a time")
    read = read_positions(period, frames)
    moved = read_at(replace(latents, loudness_db=held_level(latents, period.begin)), read)
    return replace(
        moved,
        f0_cents=_tuned(moved.f0_cents, period),
        partials=_whole_turns(moved.partials, period.turns),
        unpitched=whole_resonances(moved.unpitched, period),
        attack_frames=min(latents.attack_frames, frames),
        release_frame=frames,
    )


def in_tune(latents: Latents) -> Latents:
    """The note, tuned so that its power-weighted mean f0 is its nominal note; vibrato and drift stay."""
    power = 10.0 ** (np.asarray(latents.loudness_db, np.float64) / 10.0)
    mean = float(np.average(latents.f0_cents, weights=power))
    return replace(latents, f0_cents=_within(np.asarray(latents.f0_cents, np.float64) - mean))


def read_positions(period: Period, frames: int) -> Doubles:
    """Where each of `frames` frames is read: straight until the period begins, then forwards and backwards."""
    time = np.arange(frames, dtype=np.float64)
    return np.where(time < period.begin, time, period.begin + _ping_pong(time - period.begin, period.frames))


def _ping_pong(time: Doubles, period: int) -> Doubles:
    """A triangle wave: 0 at the start, half a period in the middle, 0 at the end, and so on."""
    phase = np.mod(time, period)
    return np.asarray(np.minimum(phase, period - phase))


def held_level(latents: Latents, begin: int) -> FloatArray:
    """Loudness with its slow contour frozen at frame `begin`; ripple stays."""
    parts = find_parts(latents)
    level = np.array(latents.loudness_db, np.float64)
    contour = parts.contour_db()
    held = slice(begin, parts.key_up)
    from_begin = contour[begin - parts.attack_end :]
    level[held] += from_begin[0] - from_begin
    return np.asarray(level, np.float32)


def _tuned(f0_cents: FloatArray, period: Period) -> FloatArray:
    """Shifted so that the mean frequency over one period is `period.cents` from the nominal note."""
    once = np.asarray(f0_cents[period.begin : period.begin + period.frames], np.float64)
    mean = ratio_to_cents(float(cents_to_ratio(once).mean()))
    return _within(np.asarray(f0_cents, np.float64) - mean + period.cents)


def whole_resonances(rows: FloatArray | None, period: Period) -> FloatArray | None:
    """Rows of `nsynth_lab.unpitched` in which each resonance completes whole cycles in one period."""
    if rows is None:
        return None
    own = slice(period.begin, period.begin + period.frames)
    seconds = period.frames / FRAME_RATE_HZ
    mean_hz = note_to_hz(np.asarray(rows[own, NOTES], np.float64)).mean(axis=0)
    whole_hz = np.maximum(np.round(mean_hz * seconds), 1.0) / seconds
    out = rows.copy()
    out[:, NOTES] += 12.0 * np.log2(whole_hz / mean_hz)
    return out


def _within(cents: Doubles) -> FloatArray:
    return np.asarray(cents.clip(-CENTS_LIMIT, CENTS_LIMIT), np.float32)


def _whole_turns(partials: FloatArray, turns: int) -> FloatArray:
    """Partial offsets [..., 128] for which each partial completes whole cycles while f0 completes `turns` of them."""
    order = np.arange(partials.shape[-1], dtype=np.float64)
    order[0] = 0.5  # slot 0 is the sub-octave
    closed = np.round((order + partials) * turns) / turns - order
    return np.asarray(np.where(partials == 0, 0.0, closed).clip(-0.5, 0.5), np.float32)
