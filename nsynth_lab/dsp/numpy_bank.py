"""The phase-continuous bank of partials in NumPy, for one voice; `dsp.oscillators` explains it."""

from __future__ import annotations

import numpy as np

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

SPAN_SAMPLES = 256
SPANS = HOP_SAMPLES // SPAN_SAMPLES
ROWS = COLUMNS = 16
TWO_PI = np.float32(2.0 * np.pi)


def span_hz(f0_hz: FloatArray, previous_hz: float) -> FloatArray:
    """Frequency at the middle of each span, [frames * 2], interpolated linearly between frames."""
    before = np.concatenate([[np.float32(previous_hz)], f0_hz[:-1]])
    middles = (np.arange(SPANS, dtype=np.float32) + 0.5) / SPANS
    return np.asarray(before[:, None] + (f0_hz - before)[:, None] * middles).ravel()


def phases(partial_hz: FloatArray, start: Doubles) -> tuple[Doubles, Doubles]:
    """Phases in turns (0 to 1) at the start of each span [spans, partials], and after the last one [partials]."""
    ends = np.cumsum(partial_hz, axis=0, dtype=np.float64)
    ends *= SPAN_SAMPLES / SAMPLE_RATE
    ends += start
    ends -= np.floor(ends)
    return np.concatenate([start[None], ends[:-1]]), ends[-1]


def bank(amplitudes: FloatArray, previous: FloatArray, partial_hz: FloatArray, start_turns: Doubles) -> FloatArray:
    """Sum of cosines [frames * 512].

    Args:
        amplitudes: [frames, partials] at the end of each block, interpolated linearly.
        previous: [partials] amplitudes before the first block.
        partial_hz: [spans, partials] frequency of each partial in each span, two spans a frame.
        start_turns: [spans, partials] phase in turns at the start of each span.
    """
    frames, partials = amplitudes.shape
    step = partial_hz / np.float32(SAMPLE_RATE)
    leap = COLUMNS * step
    leap -= np.floor(leap)  # many whole turns would cost float32 precision
    index = np.arange(ROWS, dtype=np.float32)[:, None]
    coarse = TWO_PI * (start_turns.astype(np.float32)[:, None] + leap[:, None] * index)
    fine = TWO_PI * (step[:, None] * index)
    ends = np.stack([np.concatenate([previous[None], amplitudes[:-1]]), amplitudes], axis=1)
    ends = ends[:, None, :, None]  # [frames, 1, 2, 1, partials]
    rows = np.empty((frames, SPANS, 2, ROWS, 2, partials), np.float32)
    by_frame = (frames, SPANS, 1, ROWS, partials)
    np.multiply(np.cos(coarse).reshape(by_frame), ends, out=rows[..., 0, :])
    np.multiply(np.sin(coarse).reshape(by_frame), -ends, out=rows[..., 1, :])
    columns = np.stack([np.cos(fine), np.sin(fine)], axis=2).reshape(frames, SPANS, COLUMNS, 2 * partials)
    waves = rows.reshape(frames, SPANS, 2 * ROWS, 2 * partials) @ columns.swapaxes(-1, -2)
    waves = waves.reshape(frames, SPANS, 2, SPAN_SAMPLES).swapaxes(1, 2).reshape(frames, 2, HOP_SAMPLES)
    ramp = np.arange(HOP_SAMPLES, dtype=np.float32) / np.float32(HOP_SAMPLES)
    return np.asarray(waves[:, 0] + (waves[:, 1] - waves[:, 0]) * ramp).ravel()
