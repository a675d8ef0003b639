"""The frames of all voices added up, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

F = np.float32


@compiled
def add_frames(
    line: FloatArray,
    last: FloatArray,
    slots: Ints,
    firsts: Ints,
    audio: FloatArray,
    gains: FloatArray,
    fades: NDArray[np.bool_],
    fade: FloatArray,
) -> None:
    """Add `audio` [active, 512] to `line` [sides, samples], each frame from its sample of `firsts` [active] on.

    Amplitudes move by `gains` [active, 2 ends, sides], and also by `fade` [512] where a frame `fades`. What was added
    is kept in `last` [slots, sides, 512].
    """
    for m in range(len(slots)):
        for side in range(len(line)):
            begin, end = gains[m, 0, side], gains[m, 1, side]
            kept, target = last[slots[m], side], line[side, firsts[m] : firsts[m] + HOP_SAMPLES]
            for i in range(HOP_SAMPLES):
                kept[i] = (begin + (end - begin) * (F(i + 1) / F(HOP_SAMPLES))) * audio[m, i]
            if fades[m]:
                for i in range(HOP_SAMPLES):
                    kept[i] *= fade[i]
            for i in range(HOP_SAMPLES):
                target[i] += kept[i]


@compiled
def add_wide_frames(
    line: FloatArray,
    last: FloatArray,
    slots: Ints,
    firsts: Ints,
    audio: FloatArray,
    sides: FloatArray,
    which: Ints,
    gains: FloatArray,
    fades: NDArray[np.bool_],
    fade: FloatArray,
) -> None:
    """As `add_frames` to two sides; frame m has half the difference `sides[which[m]]` of its own, or none if below 0.

    It is added to the first side and taken from the second.
    """
    for m in range(len(slots)):
        for side in range(len(line)):
            begin, end = gains[m, 0, side], gains[m, 1, side]
            kept, target = last[slots[m], side], line[side, firsts[m] : firsts[m] + HOP_SAMPLES]
            sign, own = F(1.0 - 2.0 * side), which[m]
            for i in range(HOP_SAMPLES):
                sample = audio[m, i] if own < 0 else audio[m, i] + sign * sides[own, i]
                kept[i] = (begin + (end - begin) * (F(i + 1) / F(HOP_SAMPLES))) * sample
            if fades[m]:
                for i in range(HOP_SAMPLES):
                    kept[i] *= fade[i]
            for i in range(HOP_SAMPLES):
                target[i] += kept[i]


@compiled
def fade_out(line: FloatArray, last: FloatArray, first: int, since: int, most: int) -> None:
    """Fade out what a frame, `last` [sides, 512], has added to `line` from its sample `since` on, at sample `first`.

    The fade takes `most` samples, or as many as are left of the frame.
    """
    rest = HOP_SAMPLES - since
    length = F(min(most, rest))
    for side in range(len(line)):
        for i in range(rest):
            line[side, first + i] -= last[side, since + i] * min(F(i) / length, F(1.0))


@compiled
def take(line: FloatArray, samples: int) -> FloatArray:
    """Remove the first `samples` from `line`."""
    block, rest = np.empty((len(line), samples), np.float32), line.shape[1] - samples
    for side in range(len(line)):
        for i in range(samples):
            block[side, i] = line[side, i]
        for i in range(rest):
            line[side, i] = line[side, samples + i]
        for i in range(rest, line.shape[1]):
            line[side, i] = F(0.0)
    return block
