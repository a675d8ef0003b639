"""The mix: frames of all voices are added ahead of the clock and taken in blocks of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled.mixing import add_frames, add_wide_frames, fade_out, take
from nsynth_lab.dsp.width_renderer import WidthVoices
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

SIDES = 2
CUT_SAMPLES = 240  # 5 ms: fade-out of a voice that is stolen or silenced
KNEE, CEILING = 0.8, 0.97

FADE: FloatArray = np.clip(1.0 - np.arange(HOP_SAMPLES) / CUT_SAMPLES, 0.0, 1.0).astype(np.float32)


class Mixer:
    """`add` frames ahead of the clock, `take` blocks. Each slot's last frame is kept, so that `cut` can fade it out."""

    def __init__(self, slots: int, *, ahead_samples: int) -> None:
        self.clock = 0
        # a frame may be planned two update phases before it begins, and reaches a frame further
        self._line = np.zeros((SIDES, ahead_samples + 3 * HOP_SAMPLES), np.float32)
        self._last = np.zeros((slots, SIDES, HOP_SAMPLES), np.float32)
        self._begin = np.full(slots, -(2**40))

    def add(
        self,
        slots: Ints,
        begins: Ints,
        audio: FloatArray,
        gains: FloatArray,
        *,
        fading: NDArray[np.bool_],
        sides: tuple[Ints, FloatArray] | None = None,
    ) -> None:
        """Add a frame of each of `slots` [active]: `audio` [active, 512] from sample `begins` [active] on.

        Amplitudes move linearly by `gains` [active, 2 ends, 2 sides]; what is `fading` [active] fades out within 5 ms.
        `sides` are the indices of stereo frames among the active and half the difference [wide, 512] of their sides.
        """
        firsts = begins - self.clock
        if sides is None:
            add_frames(self._line, self._last, slots, firsts, audio, gains, fading, FADE)
        else:
            which = _places(sides[0], len(slots))
            add_wide_frames(self._line, self._last, slots, firsts, audio, sides[1], which, gains, fading, FADE)
        self._begin[slots] = begins

    def cut(self, slot: int, at_sample: int) -> None:
        """Fade out the last frame of `slot` from `at_sample` on, within 5 ms or the rest of the frame."""
        at_sample = max(at_sample, int(self._begin[slot]))  # a frame planned ahead may not have begun
        since = at_sample - int(self._begin[slot])
        if since >= HOP_SAMPLES:
            return
        fade_out(self._line, self._last[slot], at_sample - self.clock, since, CUT_SAMPLES)
        self._begin[slot] = -(2**40)

    def take(self, samples: int) -> FloatArray:
        """The next block [2, samples]; advances the clock."""
        self.clock += samples
        return take(self._line, samples)


def _places(which: Ints, count: int) -> Ints:
    """For each of `count` its place in `which`, or -1."""
    out = np.full(count, -1)
    out[which] = np.arange(len(which))
    return out


def mix_whole(
    audio: FloatArray, gains: Sequence[FloatArray], widths: Sequence[FloatArray | None] | None = None
) -> FloatArray:
    """Mix the voices of one note, `audio` [voices, frames * 512], to [2, samples].

    Each voice has its `gains` [frames, 2 ends, 2 sides], applied as in `Mixer.add`, and rows of its width or None.
    """
    line, last = np.zeros((SIDES, audio.shape[1]), np.float32), np.zeros((1, SIDES, HOP_SAMPLES), np.float32)
    frames = audio.shape[1] // HOP_SAMPLES
    slot, begins, fading = np.zeros(frames, np.int64), np.arange(frames) * HOP_SAMPLES, np.zeros(frames, np.bool_)
    for samples, own, rows in zip(audio, gains, widths or [None] * len(audio), strict=True):
        if rows is None:
            add_frames(line, last, slot, begins, samples.reshape(frames, HOP_SAMPLES), own, fading, FADE)
        else:
            middle, sides = WidthVoices(1).frames(samples.reshape(frames, HOP_SAMPLES), rows)
            add_wide_frames(line, last, slot, begins, middle, sides, slot + np.arange(frames), own, fading, FADE)
    return line


def soft_clip(block: FloatArray) -> FloatArray:
    """`block` [2, samples] unchanged up to 0.8 of full scale; above, a tanh curve that stays below 0.97."""
    if float(np.abs(block).max(initial=0.0)) <= KNEE:
        return block
    size, room = np.abs(block), CEILING - KNEE
    bent = np.where(size > KNEE, KNEE + room * np.tanh(np.maximum(size - KNEE, 0.0) / room), size)
    return np.asarray(np.copysign(bent, block), np.float32)
