"""RowTones: the bank of partials of `dsp.oscillators` for some of many rows.

Every row's oscillators run on, but only those that can be heard are computed; frames that need about as many are taken
together. NumPy's operations begin sooner than torch's; products are torch's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from nsynth_lab.dsp.oscillators import COLUMNS, ROWS, SPAN_SAMPLES, SPANS
from nsynth_lab.model.controls import HALF_PARTIALS, partial_places
from nsynth_lab.model.decoder import start_turns
from nsynth_lab.model.distribution import TOP_HZ
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints

Phasors = NDArray[np.complex64]

INAUDIBLE = 1e-6
SIZES = (48, 144)  # rows that need up to so many oscillators, and those that need more, are computed together ..
STEP = 16  # .. with as many as any of them needs, up to the next of these
RADIANS_A_SAMPLE = np.float32(2.0 * math.pi / SAMPLE_RATE)
RAMP = (np.arange(HOP_SAMPLES, dtype=np.float32) / np.float32(HOP_SAMPLES)).reshape(SPANS, ROWS, COLUMNS)
MIDDLES = (np.arange(SPANS, dtype=np.float32) + np.float32(0.5)) / np.float32(SPANS)


class RowTones:
    """The bank of partials: `places(partials)`, `count(f0)`, then `step(rows, ...) -> [due, 512]`."""

    def __init__(self, oscillators: int, rows: int) -> None:
        self.fresh: Doubles = start_turns(oscillators).numpy()
        self.turns = np.tile(self.fresh, (rows, 1))
        self.f0_hz = np.zeros(rows, np.float32)
        self.amplitudes = np.zeros((rows, oscillators), np.float32)
        self.order: FloatArray = partial_places(torch.zeros(1, 1), oscillators)[0].numpy()

    def reset(self, rows: Ints) -> None:
        """These rows start anew; an f0 of 0 says that there are no amplitudes before the next."""
        self.turns[rows] = self.fresh
        self.f0_hz[rows] = 0.0

    def places(self, partials: FloatArray) -> FloatArray:
        """As `partial_places`, for all oscillators, [due, oscillators]."""
        places = np.repeat(self.order[None], len(partials), axis=0)
        known = min(partials.shape[1] - 1, len(self.order) - HALF_PARTIALS)
        places[:, 0] += partials[:, 0]
        places[:, HALF_PARTIALS : HALF_PARTIALS + known] += partials[:, 1 : known + 1]
        return places

    def count(self, f0_hz: FloatArray) -> Ints:
        """How many oscillators lie below 21.6 kHz, and the next, [due]."""
        whole = (np.float32(TOP_HZ) / np.maximum(f0_hz, np.float32(1.0))).astype(np.int64)
        return np.minimum(whole + (HALF_PARTIALS + 1), len(self.order))

    def step(
        self, rows: Ints, f0_hz: FloatArray, places: FloatArray, amplitudes: FloatArray, *, gain: FloatArray
    ) -> FloatArray:
        """The next frames of `rows`, as many of each, [due, 512].

        `places` of all oscillators, `amplitudes` [due, count] at a frame's end, the others 0. Those that stay below
        hearing even after the highest `gain` [due] of the frame are left out.
        """
        begins, frames = self.f0_hz[rows] <= 0, len(f0_hz) // len(rows)
        hz = np.empty((len(rows), frames + 1), np.float32)
        hz[:, 1:] = f0_hz.reshape(len(rows), frames)
        hz[:, 0] = np.where(begins, hz[:, 1], self.f0_hz[rows])
        levels = np.zeros((len(rows), frames + 1, len(self.order)), np.float32)
        levels[:, 1:, : amplitudes.shape[1]] = amplitudes.reshape(len(rows), frames, -1)
        levels[:, 0] = self.amplitudes[rows]
        levels[begins, 0] = levels[begins, 1]
        self.amplitudes[rows], self.f0_hz[rows] = levels[:, -1], hz[:, -1]
        before, after = (part.reshape(len(f0_hz), -1) for part in (levels[:, :-1], levels[:, 1:]))
        middles_hz = (hz[:, :-1, None] + (hz[:, 1:] - hz[:, :-1])[:, :, None] * MIDDLES).reshape(-1, SPANS)
        partial_hz = middles_hz[:, :, None] * places[:, None]
        starts = self._turn(rows, partial_hz)
        out = np.empty((len(f0_hz), SPANS, ROWS, COLUMNS), np.float32)
        partial_hz *= RADIANS_A_SAMPLE
        audible = np.maximum(before, after) > (np.float32(INAUDIBLE) / np.maximum(gain, np.float32(INAUDIBLE)))[:, None]
        needed = np.where(audible.any(axis=1), audible.shape[1] - audible[:, ::-1].argmax(axis=1), 0)
        for group, count in alike(needed, len(self.order)):
            ends = np.stack([before[group, :count], after[group, :count]], axis=1)
            out[group] = _waves(ends, partial_hz[group, :, :count], starts[group, :, :count])
        return out.reshape(-1, HOP_SAMPLES)

    def _turn(self, rows: Ints, partial_hz: FloatArray) -> FloatArray:
        """Angles [due, 2 spans, oscillators] at which spans begin; the phases move on past all of them."""
        turns = np.multiply(partial_hz, SPAN_SAMPLES / SAMPLE_RATE, dtype=np.float64)
        turns = turns.reshape(len(rows), -1, turns.shape[-1])
        starts = np.empty_like(turns)
        now = self.turns[rows]
        for span in range(turns.shape[1]):
            starts[:, span] = now
            now += turns[:, span]
        self.turns[rows] = now - np.floor(now)
        starts -= np.floor(starts)
        starts *= 2.0 * math.pi
        return starts.astype(np.float32).reshape(partial_hz.shape)


def alike(counts: Ints, most: int) -> Iterator[tuple[Ints, int]]:
    """Rows [due] by how many oscillators are computed for each, at least as many as it needs.

    >>> [(rows.tolist(), size) for rows, size in alike(np.array([380, 20, 370, 60]), 384)]
    [([1], 32), ([3], 64), ([0, 2], 384)]
    """
    which = np.searchsorted([size for size in SIZES if size < most], counts)
    for index in range(len(SIZES) + 1):
        rows = np.flatnonzero(which == index)
        if rows.size:
            needed = int(counts[rows].max())
            yield rows, min(most, -(-needed // STEP) * STEP)


def _waves(ends: FloatArray, step: FloatArray, angle: FloatArray) -> FloatArray:
    """`dsp.oscillators.bank` for one frame.

    `ends` [due, 2, partials] amplitudes it begins and ends with; `step` in radians a sample and `angle` at its start
    in each span, [due, 2 spans, partials] -> [due, 2 spans, 16, 16].
    """
    due, spans, partials = step.shape
    turn = _unit(step)
    columns, turn = _powers(np.ones_like(turn), turn)
    rows, _ = _powers(_unit(-angle), np.conj(turn))  # conjugate: re re - im im is then a product of real numbers
    loud = rows[:, :, None] * ends[:, None, :, None]
    product = torch.bmm(
        torch.from_numpy(loud.view(np.float32).reshape(due * spans, 2 * ROWS, 2 * partials)),
        torch.from_numpy(columns.view(np.float32).reshape(due * spans, COLUMNS, 2 * partials)).transpose(1, 2),
    )
    waves: FloatArray = product.numpy().reshape(due, spans, 2, ROWS, COLUMNS)
    return waves[:, :, 0] + (waves[:, :, 1] - waves[:, :, 0]) * RAMP


def _unit(angle: FloatArray) -> Phasors:
    """exp(i angle)."""
    made = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=made.real)
    np.sin(angle, out=made.imag)
    return made


def _powers(first: Phasors, turn: Phasors) -> tuple[Phasors, Phasors]:
    """The product of `first` and turn ** (0, 1 .. 15) [due, spans, 16, partials], and turn ** 16, by doubling."""
    due, spans, partials = first.shape
    made = np.empty((due, spans, ROWS, partials), np.complex64)
    made[:, :, 0] = first
    done = 1
    while done < ROWS:
        np.multiply(made[:, :, :done], turn[:, :, None], out=made[:, :, done : 2 * done])
        turn = turn * turn
        done *= 2
    return made, turn
