"""Where the frames of all voices are added up, to be taken in blocks of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled.mixing import add_frames, fade_out, take
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

SIDES = 2
CUT_SAMPLES = 240  # 5 ms: how fast a voice that is taken away falls silent
KNEE, CEILING = 0.8, 0.97

FADE: FloatArray = np.clip(1.0 - np.arange(HOP_SAMPLES) / CUT_SAMPLES, 0.0, 1.0).astype(np.float32)


class Mixer:
    """`add` frames ahead of the clock, `take` blocks at it. Each slot's last frame is kept, so that it can be cut."""

    def __init__(self, slots: int, *, ahead_samples: int) -> None:
        self.clock = 0
        # a frame may be planned two update phases before it begins, and reaches a frame further
        self._line = np.zeros((SIDES, ahead_samples + 3 * HOP_SAMPLES), np.float32)
        self._last = np.zeros((slots, SIDES, HOP_SAMPLES), np.float32)
        self._begin = np.full(slots, -(2**40))

    def add(
        self, slots: Ints, begins: Ints, audio: FloatArray, gains: FloatArray, *, fading: NDArray[np.bool_]
    ) -> None:
        """A frame each of `slots` [active]: `audio` [active, 512] from sample `begins` [active] on.

        Amplitudes move by `gains` [active, 2 ends, 2 sides]; what is `fading` [active] falls silent within 5 ms.
        """
        add_frames(self._line, self._last, slots, begins - self.clock, audio, gains, fading, FADE)
        self._begin[slots] = begins

    def cut(self, slot: int, at_sample: int) -> None:
        """What of the slot's last frame lies after `at_sample` fades within 5 ms, or as long as there is."""
        at_sample = max(at_sample, int(self._begin[slot]))  # a frame that was planned early is yet to begin
        since = at_sample - int(self._begin[slot])
        if since >= HOP_SAMPLES:
            return
        fade_out(self._line, self._last[slot], at_sample - self.clock, since, CUT_SAMPLES)
        self._begin[slot] = -(2**40)

    def take(self, samples: int) -> FloatArray:
        """The next block [2, samples], and the clock moves on."""
        self.clock += samples
        return take(self._line, samples)


def mix_whole(audio: FloatArray, gains: Sequence[FloatArray]) -> FloatArray:
    """The voices of one note, `audio` [voices, frames * 512], to [2, samples].

    Amplitudes move by each voice's `gains` [frames, 2 ends, 2 sides], as `Mixer.add` moves those of a frame.
    """
    line, last = np.zeros((SIDES, audio.shape[1]), np.float32), np.zeros((1, SIDES, HOP_SAMPLES), np.float32)
    frames = audio.shape[1] // HOP_SAMPLES
    slot, begins, fading = np.zeros(frames, np.int64), np.arange(frames) * HOP_SAMPLES, np.zeros(frames, np.bool_)
    for samples, own in zip(audio, gains, strict=True):
        add_frames(line, last, slot, begins, samples.reshape(frames, HOP_SAMPLES), own, fading, FADE)
    return line


def soft_clip(block: FloatArray) -> FloatArray:
    """`block` as it is below 0.8 of full scale; above, bent so that it never reaches 0.97."""
    if float(np.abs(block).max(initial=0.0)) <= KNEE:
        return block
    size, room = np.abs(block), CEILING - KNEE
    bent = np.where(size > KNEE, KNEE + room * np.tanh(np.maximum(size - KNEE, 0.0) / room), size)
    return np.asarray(np.copysign(bent, block), np.float32)
