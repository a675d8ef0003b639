"""The gradient of the bank of partials in `oscillators` with regard to its amplitudes, for fitting.

Within sixteen samples the amplitudes are taken as constant, which is 60 dB from the exact gradient.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.oscillators import (
    INAUDIBLE,
    SIDE,
    SPAN_SAMPLES,
    SPANS,
    OscillatorState,
    advance_phases,
    find_coarse,
    find_fine,
    heard_partials,
)
from nsynth_lab.units import FloatArray

F = np.float32


@compiled
def slope_of_amplitudes(
    slope: FloatArray,
    state: OscillatorState,
    f0_hz: FloatArray,
    ratios: FloatArray,
    amplitudes: FloatArray,
    loudest: FloatArray,
) -> FloatArray:
    """Gradient [frames, 2, oscillators] with regard to the amplitudes before and after each frame.

    `slope` [frames, 512] is that with regard to the sound. The other arguments are as in `step_oscillators`, of one
    slot; `state` is that before these frames, and moves past them. Inaudible oscillators have none.
    """
    count, oscillators = ratios.shape
    out = np.zeros((count, 2, oscillators), np.float32)
    hz, start = np.empty(oscillators, np.float32), np.empty(oscillators, np.float32)
    fine, coarse = np.empty((SIDE, 2 * oscillators), np.float32), np.empty((2 * oscillators, 2 * SIDE), np.float32)
    ones = np.ones(oscillators, np.float32)
    before_hz, before = state.f0_hz[0], state.amplitudes[0]
    for m in range(count):
        heard = heard_partials(before, amplitudes[m], INAUDIBLE / max(loudest[m], INAUDIBLE))
        for span in range(SPANS):
            middle_hz = before_hz + (f0_hz[m] - before_hz) * (F(span) + F(0.5)) / F(SPANS)
            advance_phases(state.phases[0], ratios[m], middle_hz, hz, start)
            find_fine(hz[:heard], fine[:, : 2 * heard])
            find_coarse(hz[:heard], start[:heard], ones, ones, coarse)
            part = slope[m, span * SPAN_SAMPLES : (span + 1) * SPAN_SAMPLES]
            _add_span(out[m], part, fine[:, : 2 * heard], coarse, F(span))
        before_hz, before = f0_hz[m], amplitudes[m]
    return out


@compiled
def _add_span(out: FloatArray, slope: FloatArray, fine: FloatArray, coarse: FloatArray, span: np.float32) -> None:
    """Add the gradient of one span: of each of its sixteen rows, weighted by its place between the frame's ends."""
    heard = fine.shape[1] // 2
    row = np.empty(2 * heard, np.float32)
    for a in range(SIDE):
        for k in range(2 * heard):
            row[k] = slope[a * SIDE] * fine[0, k]
        for b in range(1, SIDE):
            weight = slope[a * SIDE + b]
            for k in range(2 * heard):
                row[k] += weight * fine[b, k]
        after = (span * F(SIDE) + F(a) + F(0.5)) / F(SPANS * SIDE)
        for p in range(heard):
            whole = row[p] * coarse[p, a] + row[heard + p] * coarse[heard + p, a]
            out[0, p] += (F(1.0) - after) * whole
            out[1, p] += after * whole
