"""The bank of partials of `dsp.oscillators` for compiled loops: each row computes the oscillators that it needs.

exp(i w (16 a + b)) = exp(i w 16 a) * exp(i w b): of a span's 256 samples, 32 are computed and multiplied out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.maths import cosine_and_sine
from nsynth_lab.compiled.products import add_panel
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, Ints

F = np.float32
SPANS = 2
SPAN_SAMPLES = HOP_SAMPLES // SPANS
SIDE = 16  # of the square a span is factored into
POWERS = 4  # of two: as many make a side
SECONDS_A_SAMPLE = F(1.0 / SAMPLE_RATE)
SECONDS_A_SPAN = SPAN_SAMPLES / SAMPLE_RATE
INAUDIBLE = F(1e-6)


class Tones(NamedTuple):
    """What each row remembers.

    Attributes:
        turns: [rows, oscillators] phase.
        f0_hz: [rows] at the end of its last frame; 0 before the first.
        amplitudes: [rows, oscillators] at the end of its last frame.
    """

    turns: Doubles
    f0_hz: FloatArray
    amplitudes: FloatArray


@compiled
def step_tones(
    tones: Tones, rows: Ints, f0_hz: FloatArray, places: FloatArray, amplitudes: FloatArray, loudest: FloatArray
) -> FloatArray:
    """The next frames of `rows`, as many of each, [due, 512].

    `places` and `amplitudes` [due, oscillators] at the end of each frame. Those that stay below hearing even after the
    `loudest` gain [due] of the frame are left out, but move on.
    """
    due, oscillators = places.shape
    frames = due // len(rows)
    out = np.empty((due, HOP_SAMPLES), np.float32)
    hz, start = np.empty(oscillators, np.float32), np.empty(oscillators, np.float32)
    fine, coarse = np.empty((SIDE, 2 * oscillators), np.float32), np.empty((2 * oscillators, 2 * SIDE), np.float32)
    for m in range(due):
        row, now = rows[m // frames], amplitudes[m]
        before = tones.amplitudes[row]
        if tones.f0_hz[row] <= 0:
            tones.f0_hz[row] = f0_hz[m]
            _copy(before, now)
        needed = _needed(before, now, INAUDIBLE / max(loudest[m], INAUDIBLE))
        for span in range(SPANS):
            middle_hz = tones.f0_hz[row] + (f0_hz[m] - tones.f0_hz[row]) * (F(span) + F(0.5)) / F(SPANS)
            _turn(tones.turns[row], places[m], middle_hz, hz, start)
            _find_fine(hz[:needed], fine[:, : 2 * needed])
            _find_coarse(hz[:needed], start[:needed], before, now, coarse)
            waves = np.zeros((SIDE, 2 * SIDE), np.float32)
            add_panel(waves, fine[:, : 2 * needed], coarse[: 2 * needed])
            _lay_out(waves, out[m], span)
        tones.f0_hz[row] = f0_hz[m]
        _copy(before, now)
    return out


@compiled
def _copy(target: FloatArray, source: FloatArray) -> None:
    for p in range(len(source)):
        target[p] = source[p]


@compiled
def _needed(before: FloatArray, now: FloatArray, audible: np.float32) -> int:
    """How many oscillators there are up to the last that can be heard."""
    count = len(now)
    while count > 0 and before[count - 1] <= audible and now[count - 1] <= audible:
        count -= 1
    return count


@compiled
def _turn(turns: Doubles, places: FloatArray, middle_hz: np.float32, hz: FloatArray, start: FloatArray) -> None:
    """Frequencies of a span and the phase at which each begins, in turns; `turns` moves on past it."""
    for p in range(len(turns)):
        hz[p] = middle_hz * places[p]
        start[p] = turns[p]
        after = turns[p] + hz[p] * SECONDS_A_SPAN
        turns[p] = after - np.floor(after)


@compiled
def _find_fine(hz: FloatArray, fine: FloatArray) -> None:
    """Cosines and, behind them, sines [16, 2 * partials] of the first sixteen samples from a phase of 0."""
    count = len(hz)
    step, step_sine = np.empty(count, np.float32), np.empty(count, np.float32)
    for p in range(count):
        fine[0, p], fine[0, count + p] = F(1.0), F(0.0)
        step[p], step_sine[p] = cosine_and_sine(hz[p] * SECONDS_A_SAMPLE)
    known = 1
    while known < SIDE:
        for b in range(known):
            for p in range(count):
                real, imaginary = fine[b, p], fine[b, count + p]
                fine[known + b, p] = real * step[p] - imaginary * step_sine[p]
                fine[known + b, count + p] = real * step_sine[p] + imaginary * step[p]
        _double(step, step_sine)
        known *= 2


@compiled
def _double(cosines: FloatArray, sines: FloatArray) -> None:
    """Of angles that become twice as large."""
    for p in range(len(cosines)):
        real, imaginary = cosines[p], sines[p]
        cosines[p], sines[p] = real * real - imaginary * imaginary, F(2.0) * real * imaginary


@compiled
def _find_coarse(hz: FloatArray, start: FloatArray, before: FloatArray, now: FloatArray, coarse: FloatArray) -> None:
    """Cosines and, below them, sines [2 * partials, 32] of every sixteenth sample.

    Sixteen with the amplitudes that the frame begins with, then the same with those that it ends with.
    """
    count = len(hz)
    first, steps = np.empty((2, count), np.float32), np.empty((POWERS, 2, count), np.float32)
    for p in range(count):
        leap = hz[p] * (SECONDS_A_SAMPLE * F(SIDE))
        first[0, p], first[1, p] = cosine_and_sine(start[p])
        steps[0, 0, p], steps[0, 1, p] = cosine_and_sine(leap - np.floor(leap))
    for power in range(1, POWERS):
        for part in range(2):
            for p in range(count):
                steps[power, part, p] = steps[power - 1, part, p]
        _double(steps[power, 0], steps[power, 1])
    cosines, sines = np.empty(SIDE, np.float32), np.empty(SIDE, np.float32)
    for p in range(count):
        cosines[0], sines[0] = first[0, p], first[1, p]
        for power in range(POWERS):
            known, step, step_sine = 1 << power, steps[power, 0, p], steps[power, 1, p]
            for a in range(known):
                cosines[known + a] = cosines[a] * step - sines[a] * step_sine
                sines[known + a] = cosines[a] * step_sine + sines[a] * step
        real, imaginary = coarse[p], coarse[count + p]
        for a in range(SIDE):
            real[a], real[SIDE + a] = cosines[a] * before[p], cosines[a] * now[p]
            imaginary[a], imaginary[SIDE + a] = -sines[a] * before[p], -sines[a] * now[p]


@compiled
def _lay_out(waves: FloatArray, out: FloatArray, span: int) -> None:
    """`waves` [16 fine, 2 ends * 16 coarse] in the order of time, from one end's amplitudes to the other's."""
    for a in range(SIDE):
        for b in range(SIDE):
            at = span * SPAN_SAMPLES + a * SIDE + b
            begin, end = waves[b, a], waves[b, SIDE + a]
            out[at] = begin + (end - begin) * (F(at) / F(HOP_SAMPLES))
