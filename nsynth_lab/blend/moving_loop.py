"""Where a loop is closed in a moving note: like `loop`, for a note whose streams a patch's path and LFOs move.

Nothing changes before the period begins. From there on every stream goes forwards and backwards, and the pitch is
shifted by a fraction of a cent so that over one period each partial completes whole cycles, however its frequency has
moved within it:

    streams   attack and movement | forwards  backwards | forwards  backwards
                                begin                 begin + frames
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsynth_lab.blend.loop import (
    GOOD_CENTS,
    SHORTEST_FRAMES,
    Period,
    held_level,
    periods,
    read_positions,
    whole_resonances,
)
from nsynth_lab.blend.read import read_at
from nsynth_lab.latents import PARTIAL_SLOTS, Latents
from nsynth_lab.units import FRAME_RATE_HZ, Doubles, cents_to_ratio, note_to_hz, ratio_to_cents

TUNE_CENTS = 2.0  # how far out of tune a loop may be so that LFOs complete whole cycles in it
SUB_OCTAVE = 0.5  # harmonic number of slot 0


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
    """A long period between frames `begin` and `end` that fits the note's actual pitch there; None if there is no room.

    A period reads half its length of frames, which must be over before `key_up`. With `cycles_hz`, the rates of LFOs,
    it is the period of which 1 to `turns` repetitions come closest to whole cycles of every LFO.
    """
    f0_cents = np.asarray(latents.f0_cents[begin:end], np.float64)
    if not len(f0_cents):
        return None
    sounding = latents.note + ratio_to_cents(float(cents_to_ratio(f0_cents).mean())) / 100.0
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
    """How far, in cycles, the best of 1 to `turns` repetitions of a period is from whole cycles of all LFOs."""
    cycles = np.outer(np.arange(1, turns + 1) * period.frames / FRAME_RATE_HZ, cycles_hz)
    return float(np.abs(cycles - np.round(cycles)).max(axis=1).min())


def close_moving_loop(latents: Latents, plain: Latents, period: Period, *, frames: int) -> Latents:
    """`latents` up to `period.begin`, then the period repeated, `frames` frames in all, without a release.

    `plain` is the same note before envelope and level LFOs were applied: its slow contour is frozen, theirs is not.
    Both must be held for half a period beyond `period.begin`.
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
        unpitched=whole_resonances(moved.unpitched, period),
        attack_frames=min(latents.attack_frames, frames),
        release_frame=frames,
    )


def _to_whole_turns(partials: Doubles, hz: Doubles, turns: float) -> Doubles:
    """The shift of each partial's offset [128] that makes it complete whole cycles over a period."""
    order = np.arange(PARTIAL_SLOTS, dtype=np.float64)
    order[0] = SUB_OCTAVE
    total = (hz[:, None] * (order + partials)).sum(axis=0) / FRAME_RATE_HZ
    off = (np.round(total) - total) / turns
    return np.where(np.abs(off) > 1e-9, off, 0.0)  # harmonic partials stay exactly harmonic
