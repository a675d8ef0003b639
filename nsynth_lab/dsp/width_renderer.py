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
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints
from nsynth_lab.width import BANDS, OPPOSED, side_gains

NEWEST = 0.5  # weight of a new spectrum in that of the voice so far
EVERY = 4  # frames: so often its gains are computed; they move within the first of these
LEAST_LEFT = 0.04  # of the copy's power, once what is like the voice is taken out: 14 dB of gain at most
MOST_CORRECTION, LEAST_SPREAD = 2.0, 1e-9
LEAST_POWER = 1e-20
FLOOR = 1e-4  # of a voice's power: in a band with less, its copy is taken as it is
RAMP = (np.arange(HOP_SAMPLES, dtype=np.float32) + 1) / HOP_SAMPLES


class WidthVoices:
    """`slots` voices: `reset` begins some of them, `step` gives the half sum and half difference of their sides."""

    def __init__(self, slots: int) -> None:
        self._heard = np.zeros((slots, SIZE), np.float32)
        self._power = np.zeros((slots, BINS), np.float32)
        self._begun = np.zeros(slots, np.bool_)  # whether it has gains
        self._age = np.zeros(slots, np.int64)
        self._filters = np.zeros((slots, 2, BINS), np.complex64)
        self._measured = np.zeros(slots, np.bool_)  # whether it has a spectrum
        if slots:
            width_filters()  # made now, not in the middle of a note

    def reset(self, slots: Sequence[int]) -> None:
        """Begin in silence."""
        self._heard[slots], self._begun[slots], self._measured[slots], self._age[slots] = 0.0, False, False, 0

    def step(self, slots: Ints, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(half sum, half difference) [active, 512] of the next frame of each of `slots` [active], in their order.

        Args:
            slots: [active].
            audio: [active, 512] the mono voices; where a row is not opposed they are the half sums, to the last bit.
            rows: [active, 17].
        """
        targets = np.stack(side_gains(rows), axis=1)
        middle, side = audio.copy(), np.zeros_like(audio)
        for one, slot in enumerate(slots.tolist()):
            self._hear(slot, audio[one])
            if not rows[one].any() and not (self._begun[slot] and self._filters[slot].any()):
                self._filters[slot], self._begun[slot], self._measured[slot], self._age[slot] = 0.0, True, False, 0
                continue
            spectrum = np.asarray(np.fft.rfft(self._heard[slot]), np.complex64)
            moves = self._age[slot] % EVERY == 0
            if moves:
                self._measure(slot, spectrum)
            self._age[slot] += 1
            for part, out in ((0, middle), (1, side)) if rows[one, OPPOSED] > 0 else ((1, side),):
                before = self._filters[slot, part]
                if not moves:
                    out[one] = np.fft.irfft(spectrum * before)[-HOP_SAMPLES:]
                    continue
                gains = _solved(self._power[slot], targets[one, part])
                after = (gains @ width_filters().spectra.reshape(2 * BANDS, -1)).view(np.complex64)
                first, last = np.fft.irfft(spectrum * np.stack([before if self._begun[slot] else after, after]))[
                    :, -HOP_SAMPLES:
                ]
                out[one] = first + RAMP * (last - first)
                self._filters[slot, part] = after
            self._begun[slot] = True
        return middle, side

    def frames(self, audio: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `step`, for all frames of the first slot: `audio` [frames, 512], `rows` [frames, 17]."""
        return self.step(np.zeros(len(audio), np.int64), audio, rows)

    def _hear(self, slot: int, frame: FloatArray) -> None:
        heard = self._heard[slot]
        heard[:-HOP_SAMPLES] = heard[HOP_SAMPLES:]
        heard[-HOP_SAMPLES:] = frame

    def _measure(self, slot: int, spectrum: NDArray[np.complex64]) -> None:
        windowed = spectrum.copy()  # by a Hann window, which in the spectrum is a mean of neighbours
        windowed[1:-1] -= 0.5 * (spectrum[:-2] + spectrum[2:])
        power = windowed.real**2 + windowed.imag**2
        if self._measured[slot]:
            power = self._power[slot] + np.float32(NEWEST) * (power - self._power[slot])
        self._power[slot] = power
        self._measured[slot] = True


def widened(mono: FloatArray, rows: FloatArray | None) -> FloatArray:
    """A whole clip `mono` [frames * 512] as [2, samples] of the width of `rows` [frames, 17]; [1, samples] without."""
    if rows is None or not rows.any():
        return mono[None]
    middle, side = WidthVoices(1).frames(mono.reshape(-1, HOP_SAMPLES), rows)
    return np.stack([(middle + side).ravel(), (middle - side).ravel()])


def _solved(power: FloatArray, target: NDArray[np.complex128]) -> FloatArray:
    """Gains [16] of the bands and of their copies that give each band its share and its power.

    Args:
        power: [bins] spectrum of the voice.
        target: [8] share of the voice itself and of an unrelated copy as loud as it.
    """
    filters = width_filters()
    power = power + np.float32(FLOOR * power.sum() + LEAST_POWER) * filters.floor
    own, alike, copied = filters.moments @ power
    alike, copied = alike / own, copied / own
    copies = target.imag / np.sqrt(np.maximum(copied - alike**2, LEAST_LEFT * copied))
    direct = target.real - copies * alike
    spectra = filters.spectra.reshape(2 * BANDS, -1)  # bands overlap: what they give together is corrected once
    got = (np.concatenate([direct, copies]).astype(np.float32) @ spectra).reshape(-1, 2)
    share = filters.shapes @ (power * got[:, 0]) / own
    spread = filters.shapes @ (power * (got**2).sum(axis=1)) / own - share**2
    ratio = np.abs(target.imag) / np.sqrt(np.maximum(spread, LEAST_SPREAD))
    more = copies * (ratio.clip(1.0 / MOST_CORRECTION, MOST_CORRECTION) - 1.0)
    return np.concatenate([direct + target.real - share - more * alike, copies + more]).astype(np.float32)
