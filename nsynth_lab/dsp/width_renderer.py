"""WidthVoices: the half difference of two sides from a mono voice and rows of its width, a frame at a time, in NumPy.

    mono voice --> bands ----------------------- x real part of z ------+
               --> bands --> velvet noise ------ x imaginary part of z -+--> half difference of the sides

Left is the voice plus that, right the voice minus that, so the sum of the sides stays the mono voice. A decorrelator
that never changes shifts a tone by one phase: its copy may be like the tone itself. So each band's copy is made
unrelated to the voice, and as loud, by the spectrum of the voice so far. Gains move in straight lines from frame to
frame. The state of a voice is bounded, and blocks of any size give the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.width_filters import BINS, SIZE, width_filters
from nsynth_lab.dsp.width_gains import FINE, power_of, solved
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints
from nsynth_lab.width import BANDS, OPPOSED, side_gains

EVERY, SOON = 8, (2, 4)  # frames: so often its gains are computed, and at first; they move within the first of these
RAMP = (np.arange(HOP_SAMPLES, dtype=np.float32) + 1) / HOP_SAMPLES
Spectra = NDArray[np.complex64]


class WidthVoices:
    """`slots` voices: `reset` begins some of them, `step` gives the half sum and half difference of their sides."""

    def __init__(self, slots: int) -> None:
        self._heard = np.zeros((slots, FINE), np.float32)
        self._age = np.zeros(slots, np.int64)  # frames since it began, or since it was last mono
        self._gains = np.zeros((slots, 2, 2 * BANDS), np.float32)
        self._filters = np.zeros((slots, 2, BINS), np.complex64)
        if slots:
            solved(np.zeros_like(power_of(self._heard[0], self._filters[0, 0])), np.zeros(BANDS, np.complex128), None)
            width_filters()  # made now, not in the middle of a note

    def reset(self, slots: Sequence[int]) -> None:
        """Begin in silence."""
        self._heard[slots], self._filters[slots], self._age[slots] = 0.0, 0.0, 0

    def step(self, slots: Ints, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(half sum, half difference) [active, 512] of the next frame of each of `slots` [active], in their order.

        Args:
            slots: [active].
            audio: [active, 512] the mono voices; where a row is not opposed they are the half sums, to the last bit.
            rows: [active, 17].
        """
        targets = np.stack(side_gains(rows), axis=1)
        middle, side = audio.copy(), np.zeros_like(audio)
        outs, steady = list[FloatArray](), list[Spectra]()
        for one, slot in enumerate(slots.tolist()):
            heard = self._heard[slot]
            heard[:-HOP_SAMPLES] = heard[HOP_SAMPLES:]
            heard[-HOP_SAMPLES:] = audio[one]
            if not rows[one].any() and not self._filters[slot].any():
                self._age[slot] = 0
                continue
            spectrum = np.asarray(np.fft.rfft(heard[-SIZE:]), np.complex64)
            parts = ((0, middle), (1, side)) if rows[one, OPPOSED] > 0 else ((1, side),)
            if self._age[slot] % EVERY and self._age[slot] not in SOON:
                for part, out in parts:
                    outs.append(out[one])
                    steady.append(spectrum * self._filters[slot, part])
            else:
                power = power_of(heard, spectrum)
                for part, out in parts:
                    out[one] = self._moved(slot, part, spectrum, power, targets[one, part])
            self._age[slot] += 1
        if steady:  # all at once takes a third of the time
            for out, sound in zip(outs, np.fft.irfft(np.stack(steady)), strict=True):
                out[:] = sound[-HOP_SAMPLES:]
        return middle, side

    def _moved(
        self, slot: int, part: int, spectrum: Spectra, power: FloatArray, target: NDArray[np.complex128]
    ) -> FloatArray:
        """A frame [512] in which the filter of one part of a voice becomes another; at once if it has just begun."""
        has_begun = self._age[slot] > 0
        gains = solved(power, target, self._gains[slot, part] if has_begun else None)
        after = gains @ width_filters()
        before = self._filters[slot, part] if has_begun else after
        first, last = np.fft.irfft(spectrum * np.stack([before, after]))[:, -HOP_SAMPLES:]
        self._gains[slot, part], self._filters[slot, part] = gains, after
        return np.asarray(first + RAMP * (last - first))

    def frames(self, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `step`, for all frames of the first slot: `audio` [frames, 512], `rows` [frames, 17]."""
        return self.step(np.zeros(len(audio), np.int64), audio, rows)


def widened(mono: FloatArray, rows: FloatArray | None) -> FloatArray:
    """A whole clip `mono` [frames * 512] as [2, samples] of the width of `rows` [frames, 17]; [1, samples] without."""
    if rows is None or not rows.any():
        return mono[None]
    middle, side = WidthVoices(1).frames(mono.reshape(-1, HOP_SAMPLES), rows)
    return np.stack([(middle + side).ravel(), (middle - side).ravel()])
