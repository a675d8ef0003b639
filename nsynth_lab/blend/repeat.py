"""A moving note that repeats itself: what `loop` does for a steady blend, done to one whose every stream may move.

Nothing is touched before the period begins. From there on every stream runs to and fro, and the pitch is shifted by a
fraction of a cent, so that over one period each partial turns a whole number of times, wherever its place has moved:

    stream    attack and movement | there       back | there       back
                                begin             begin + frames
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.blend.loop import GOOD_CENTS, SHORTEST_FRAMES, Period, held_level, periods, read_positions
from nsynth_lab.blend.read import read_at
from nsynth_lab.latents import PARTIAL_SLOTS, Latents
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, cents_to_ratio, note_to_hz, ratio_to_cents

TUNE_CENTS = 2.0  # for the sake of cycles
SUB_OCTAVE = 0.5  # the order of slot 0


def period_within(
    latents: Latents,
    *,
    begin: int,
    key_up: int,
    end: int,
    multiple: int = 1,
    cycles_hz: Sequence[float] = (),
    turns: int = 1,
) -> Period | None:
    """A long period within frames `begin` and `end` that suits the pitch the note has there.

    Half of it is read, so it must be long enough for that half to be over before `key_up`. With `cycles_hz` it is one
    of which up to `turns` best hold a whole number of cycles of each of these oscillations.
    """
    here = np.asarray(latents.f0_cents[begin:end], np.float64)
    if not len(here):
        return None
    sounding = latents.note + ratio_to_cents(float(cents_to_ratio(here).mean())) / 100.0
    shortest = max(SHORTEST_FRAMES, 2 * (end - key_up) + 2)
    every = periods(sounding, end=end, longest=end - begin, shortest=shortest, multiple=multiple)
    if not every:
        return None
    best = min(abs(period.cents) for period in every)
    if not cycles_hz:
        return next(period for period in every if abs(period.cents) <= max(best, GOOD_CENTS))
    in_tune = [period for period in every if abs(period.cents) <= max(best, TUNE_CENTS)]
    return min(in_tune, key=lambda period: _off_cycle(period, cycles_hz, turns))


def _off_cycle(period: Period, cycles_hz: Sequence[float], turns: int) -> float:
    """How far, in cycles, the best number of turns of a period is from whole cycles of all oscillations."""
    cycles = np.outer(np.arange(1, turns + 1) * period.frames / FRAME_RATE_HZ, cycles_hz)
    return float(np.abs(cycles - np.round(cycles)).max(axis=1).min())


def repeat(latents: Latents, plain: Latents, period: Period, *, frames: int) -> Latents:
    """`latents` up to `period.begin`, then its period over and over, `frames` frames in all, without a release.

    `plain` is the same note before its envelope and its swings of level were put on it: its slow course of level, not
    theirs, is held where it is. Both must be held for half a period beyond `period.begin`.
    """
    level = latents.loudness_db + (held_level(plain, period.begin) - plain.loudness_db)
    read = read_positions(period, frames)
    moved = read_at(replace(latents, loudness_db=np.asarray(level, np.float32)), read)
    once = slice(period.begin, period.begin + period.frames)
    cents = np.asarray(moved.f0_cents, np.float64)
    turns = float((note_to_hz(float(latents.note)) * cents_to_ratio(cents[once])).sum()) / FRAME_RATE_HZ
    whole = max(1.0, round(turns))
    cents[period.begin :] += ratio_to_cents(whole / turns)
    hz = note_to_hz(float(latents.note)) * cents_to_ratio(cents[once])
    partials = np.array(moved.partials_per_frame(), np.float64)
    partials[period.begin :] += _to_whole_turns(partials[once], hz, whole)
    return replace(
        moved,
        f0_cents=np.asarray(cents, np.float32),
        partials=np.asarray(partials.clip(-0.5, 0.5), np.float32),
        attack_frames=min(latents.attack_frames, frames),
        release_frame=frames,
    )


def _to_whole_turns(partials: Doubles, hz: Doubles, turns: float) -> Doubles:
    """What each partial's place [128] must move by to turn a whole number of times over a period."""
    order = np.arange(PARTIAL_SLOTS, dtype=np.float64)
    order[0] = SUB_OCTAVE
    total = (hz[:, None] * (order + partials)).sum(axis=0) / FRAME_RATE_HZ
    off = (np.round(total) - total) / turns
    return np.where(np.abs(off) > 1e-9, off, 0.0)  # a harmonic partial stays one
