"""A note whose sound closes on itself, so that a sampler can repeat a part of it for ever.

A loop in a recording has to be looked for. Here the sound is made from latents, so the loop is made too: from frame
`begin` on, every stream runs to and fro with a period of `frames` frames, and the pitch is set, by a fraction of a
cent, so that in one period every partial turns a whole number of times. What a causal decoder gives is then periodic
as well, from the moment at which it has forgotten what was before `begin`:

    stream    attack | there       back | there       back
                     begin              begin + frames
    sound     attack | settles |  one period of the loop  |

The slow course of the level is held at what it is at `begin`; ripple, vibrato and timbre move on. Where a partial is
not a multiple of f0, its place moves by at most half a turn in a period.
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

SHORTEST_FRAMES = 47  # half a second: the repetition of a shorter loop is heard as a flutter
LONGEST_SHARE = 0.5  # of the longest possible loop, a loop may be so short for the sake of its pitch,
GOOD_CENTS = 0.15  # which is as good as exact from here


@dataclass(frozen=True)
class Period:
    """Where a loop lies, and what it does to the pitch.

    Attributes:
        begin: first frame of the periodic part.
        frames: length of the period.
        turns: turns of f0 in one period, an even number, so that half-way partials close too.
        cents: how far the mean pitch of the loop is from the nominal note.
    """

    begin: int
    frames: int
    turns: int
    cents: float


def find_period(note: float, *, begin: int, end: int, multiple: int = 1) -> Period | None:
    """The longest period within frames `begin` and `end` that ends at `end` and is in tune; None where it is too short.

    `multiple` is what the length in frames must be a multiple of.
    """
    longest = end - begin
    shortest = max(SHORTEST_FRAMES, round(LONGEST_SHARE * longest))
    every = periods(note, end=end, longest=longest, shortest=shortest, multiple=multiple)
    good = [period for period in every if abs(period.cents) <= GOOD_CENTS]
    return good[0] if good else min(every, key=lambda period: abs(period.cents), default=None)


def periods(note: float, *, end: int, longest: int, shortest: int, multiple: int = 1) -> list[Period]:
    """Every period of `longest` to `shortest` frames that ends at `end`, longest first."""
    found = []
    for length in range(longest // multiple * multiple, shortest - 1, -multiple):
        exact = length * note_to_hz(note) / FRAME_RATE_HZ
        turns = 2 * round(exact / 2)
        found.append(Period(end - length, length, turns, ratio_to_cents(turns / exact) if turns else -math.inf))
    return found


def can_loop(latents: Latents, period: Period) -> bool:
    """Whether the note is held for as long as `close_loop` reads it."""
    return latents.attack_frames <= period.begin and latents.release_frame > period.begin + period.frames // 2


def close_loop(latents: Latents, period: Period, *, frames: int) -> Latents:
    """`latents` up to `period.begin`, then its period repeated up to `frames` frames.

    Over one period the mean of f0 is `period.cents` from the nominal note, the streams come back to where they were,
    and every partial has turned a whole number of times.

    Raises:
        UsageError: a note that is too short to be looped there.
    """
    if not can_loop(latents, period):
        raise UsageError(f"a loop of {period.frames} frames at {period.begin}: the note is held for too short a time")
    read = read_positions(period, frames)
    moved = read_at(replace(latents, loudness_db=held_level(latents, period.begin)), read)
    return replace(
        moved,
        f0_cents=_tuned(moved.f0_cents, period),
        partials=_whole_turns(moved.partials, period.turns),
        attack_frames=min(latents.attack_frames, frames),
        release_frame=frames,
    )


def in_tune(latents: Latents) -> Latents:
    """The note with the mean of its f0, weighted by power, brought to its nominal note; vibrato and drift stay."""
    power = 10.0 ** (np.asarray(latents.loudness_db, np.float64) / 10.0)
    mean = float(np.average(latents.f0_cents, weights=power))
    return replace(latents, f0_cents=_within(np.asarray(latents.f0_cents, np.float64) - mean))


def read_positions(period: Period, frames: int) -> Doubles:
    """Where each of `frames` frames is read: straight on until the period begins, to and fro from there on."""
    time = np.arange(frames, dtype=np.float64)
    return np.where(time < period.begin, time, period.begin + _to_and_fro(time - period.begin, period.frames))


def _to_and_fro(time: Doubles, period: int) -> Doubles:
    """0 at 0, half a period at its middle, 0 at its end, and so on."""
    phase = np.mod(time, period)
    return np.asarray(np.minimum(phase, period - phase))


def held_level(latents: Latents, begin: int) -> FloatArray:
    """Loudness whose slow course stays where it is at frame `begin`."""
    parts = find_parts(latents)
    level = np.array(latents.loudness_db, np.float64)
    contour = parts.contour_db()
    held = slice(begin, parts.key_up)
    from_begin = contour[begin - parts.attack_end :]
    level[held] += from_begin[0] - from_begin
    return np.asarray(level, np.float32)


def _tuned(f0_cents: FloatArray, period: Period) -> FloatArray:
    """Shifted so that the mean ratio to the nominal note over one period is that of `period.cents`."""
    once = np.asarray(f0_cents[period.begin : period.begin + period.frames], np.float64)
    mean = ratio_to_cents(float(cents_to_ratio(once).mean()))
    return _within(np.asarray(f0_cents, np.float64) - mean + period.cents)


def _within(cents: Doubles) -> FloatArray:
    return np.asarray(cents.clip(-CENTS_LIMIT, CENTS_LIMIT), np.float32)


def _whole_turns(partials: FloatArray, turns: int) -> FloatArray:
    """Offsets [..., 128] at which each partial turns a whole number of times while f0 turns `turns` times."""
    order = np.arange(partials.shape[-1], dtype=np.float64)
    order[0] = 0.5  # slot 0 is the sub-octave
    closed = np.round((order + partials) * turns) / turns - order
    return np.asarray(np.where(partials == 0, 0.0, closed).clip(-0.5, 0.5), np.float32)
