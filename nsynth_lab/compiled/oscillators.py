"""The bank of partials of `dsp.oscillators`, compiled: each slot computes only the oscillators that are heard.

exp(i w (16 a + b)) = exp(i w 16 a) * exp(i w b): a span of 256 samples is the outer product of 16 and 16 values.
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
SIDE = 16  # of the square into which a span is factored
POWERS = 4  # of two that make up a side
SECONDS_PER_SAMPLE = F(1.0 / SAMPLE_RATE)
SECONDS_PER_SPAN = SPAN_SAMPLES / SAMPLE_RATE
INAUDIBLE = F(1e-6)


class OscillatorState(NamedTuple):
    """The state of each slot.

    Attributes:
        phases: [slots, oscillators] in turns, 0 to 1.
        f0_hz: [slots] at the end of its last frame; 0 before the first.
        amplitudes: [slots, oscillators], at the end of its last frame.
    """

    phases: Doubles
    f0_hz: FloatArray
    amplitudes: FloatArray


@compiled
def step_oscillators(
    state: OscillatorState,
    slots: Ints,
    f0_hz: FloatArray,
    ratios: FloatArray,
    amplitudes: FloatArray,
    loudest: FloatArray,
) -> FloatArray:
    """The next frames of `slots`, equally many of each, [active, 512].

    `ratios` to f0 and `amplitudes` [active, oscillators] hold at the end of each frame. Oscillators that stay inaudible
    even at the frame's `loudest` gain [active] are not computed, but their phases advance.
    """
    count, oscillators = ratios.shape
    frames = count // len(slots)
    out = np.empty((count, HOP_SAMPLES), np.float32)
    hz, start = np.empty(oscillators, np.float32), np.empty(oscillators, np.float32)
    fine, coarse = np.empty((SIDE, 2 * oscillators), np.float32), np.empty((2 * oscillators, 2 * SIDE), np.float32)
    for m in range(count):
        slot, now = slots[m // frames], amplitudes[m]
        before = state.amplitudes[slot]
        if state.f0_hz[slot] <= 0:
            state.f0_hz[slot] = f0_hz[m]
            _copy(before, now)
        heard = heard_partials(before, now, INAUDIBLE / max(loudest[m], INAUDIBLE))
        for span in range(SPANS):
            middle_hz = state.f0_hz[slot] + (f0_hz[m] - state.f0_hz[slot]) * (F(span) + F(0.5)) / F(SPANS)
            advance_phases(state.phases[slot], ratios[m], middle_hz, hz, start)
            find_fine(hz[:heard], fine[:, : 2 * heard])
            find_coarse(hz[:heard], start[:heard], before, now, coarse)
            waves = np.zeros((SIDE, 2 * SIDE), np.float32)
            add_panel(waves, fine[:, : 2 * heard], coarse[: 2 * heard])
            _interleave(waves, out[m], span)
        state.f0_hz[slot] = f0_hz[m]
        _copy(before, now)
    return out


@compiled
def _copy(target: FloatArray, source: FloatArray) -> None:
    for p in range(len(source)):
        target[p] = source[p]


@compiled
def heard_partials(before: FloatArray, now: FloatArray, audible: np.float32) -> int:
    """The number of oscillators up to the last that is `audible`."""
    count = len(now)
    while count > 0 and before[count - 1] <= audible and now[count - 1] <= audible:
        count -= 1
    return count


@compiled
def advance_phases(
    phases: Doubles, ratios: FloatArray, middle_hz: np.float32, hz: FloatArray, start: FloatArray
) -> None:
    """Frequencies of a span and the phase at which each oscillator begins it, in turns; `phases` advances past it."""
    for p in range(len(phases)):
        hz[p] = middle_hz * ratios[p]
        start[p] = phases[p]
        after = phases[p] + hz[p] * SECONDS_PER_SPAN
        phases[p] = after - np.floor(after)


@compiled
def find_fine(hz: FloatArray, fine: FloatArray) -> None:
    """Cosines, then sines, [16, 2 * partials] of the first sixteen samples from a phase of 0."""
    count = len(hz)
    step, step_sine = np.empty(count, np.float32), np.empty(count, np.float32)
    for p in range(count):
        fine[0, p], fine[0, count + p] = F(1.0), F(0.0)
        step[p], step_sine[p] = cosine_and_sine(hz[p] * SECONDS_PER_SAMPLE)
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
    """Double the angles, in place."""
    for p in range(len(cosines)):
        real, imaginary = cosines[p], sines[p]
        cosines[p], sines[p] = real * real - imaginary * imaginary, F(2.0) * real * imaginary


@compiled
def find_coarse(hz: FloatArray, start: FloatArray, before: FloatArray, now: FloatArray, coarse: FloatArray) -> None:
    """Cosines, below them negated sines, [2 * partials, 32] of every sixteenth sample.

    Sixteen columns times the amplitudes at the beginning of the frame, then sixteen times those at its end.
    """
    count = len(hz)
    first, steps = np.empty((2, count), np.float32), np.empty((POWERS, 2, count), np.float32)
    for p in range(count):
        leap = hz[p] * (SECONDS_PER_SAMPLE * F(SIDE))
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
def _interleave(waves: FloatArray, out: FloatArray, span: int) -> None:
    """Put `waves` [16 fine, 2 ends * 16 coarse] in the order of time, crossfading from the beginning to the end."""
    for a in range(SIDE):
        for b in range(SIDE):
            at = span * SPAN_SAMPLES + a * SIDE + b
            begin, end = waves[b, a], waves[b, SIDE + a]
            out[at] = begin + (end - begin) * (F(at) / F(HOP_SAMPLES))
