"""The filtered noise of `dsp.noise` on either side of its FFT, and the gains of partials and noise, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.compiled import compiled
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

F = np.float32
GAINS_PER_FRAME = 4
GAIN_SAMPLES = HOP_SAMPLES // GAINS_PER_FRAME
Spectra = NDArray[np.complex64]


class NoiseState(NamedTuple):
    """The state of each slot, and the tables that all share.

    Attributes:
        tail: [slots, 512] the second half of the last frame, still to be overlapped.
        position: [slots] in the table, of its next frame.
        begins: [slots] whether that frame is its first.
        gains: [slots, 2] of partials and of noise, at the end of its last frame.
        table: [1021, 513] spectra of white noise.
        window: [1024] of the overlap-add.
    """

    tail: FloatArray
    position: Ints
    begins: NDArray[np.bool_]
    gains: FloatArray
    table: Spectra
    window: FloatArray


@compiled
def spectra_of(noise: NoiseState, slots: Ints, magnitudes: FloatArray) -> Spectra:
    """Spectra of the next frames of `slots`, equally many of each, [active + beginners, 513].

    The last rows are, for each slot that begins, the frame before its first: half of it overlaps the first.
    """
    count, bins = magnitudes.shape
    frames = count // len(slots)
    beginners = 0
    for slot in slots:
        beginners += noise.begins[slot]
    spectra = np.empty((count + beginners, bins), np.complex64)
    for m in range(count):
        _colour(spectra[m], noise.table, noise.position[slots[m // frames]] + m % frames, magnitudes[m])
    behind = count
    for r in range(len(slots)):
        if noise.begins[slots[r]]:
            _colour(spectra[behind], noise.table, noise.position[slots[r]] - 1, magnitudes[r * frames])
            behind += 1
    return spectra


@compiled
def _colour(spectrum: Spectra, table: Spectra, position: int, magnitudes: FloatArray) -> None:
    white = table[position % len(table)]
    for i in range(len(magnitudes)):
        spectrum[i] = white[i] * magnitudes[i]


@compiled
def loudest_of(noise: NoiseState, slots: Ints, gains: FloatArray) -> FloatArray:
    """The highest gain of the partials in each frame, [active]; `gains` [active, 8]."""
    frames = len(gains) // len(slots)
    loudest = np.empty(len(gains), np.float32)
    for m in range(len(gains)):
        loudest[m] = noise.gains[slots[m // frames], 0] if m % frames == 0 else gains[m - 1, GAINS_PER_FRAME - 1]
        for i in range(GAINS_PER_FRAME):
            loudest[m] = max(loudest[m], gains[m, i])
    return loudest


@compiled
def mix_with_noise(noise: NoiseState, slots: Ints, gains: FloatArray, waves: FloatArray, audio: FloatArray) -> None:
    """Turn `audio` [active, 512], the partials, into the whole sound: partials and noise, each with its gains.

    `waves` [active + beginners, 1024] are the inverse FFT of `spectra_of`; `gains` [active, 8].
    """
    count = len(audio)
    frames, behind = count // len(slots), count
    for r in range(len(slots)):
        slot = slots[r]
        if noise.begins[slot]:
            _keep(noise.tail[slot], waves[behind], noise.window)
            behind += 1
            noise.begins[slot] = False
        for m in range(r * frames, (r + 1) * frames):
            _mix(audio[m], waves[m], noise.tail[slot], noise.window, gains[m], noise.gains[slot])
            _keep(noise.tail[slot], waves[m], noise.window)
        noise.position[slot] = (noise.position[slot] + frames) % len(noise.table)


@compiled
def _keep(tail: FloatArray, wave: FloatArray, window: FloatArray) -> None:
    for i in range(HOP_SAMPLES):
        tail[i] = wave[HOP_SAMPLES + i] * window[HOP_SAMPLES + i]


@compiled
def _mix(
    audio: FloatArray, wave: FloatArray, tail: FloatArray, window: FloatArray, gains: FloatArray, last: FloatArray
) -> None:
    for part in range(GAINS_PER_FRAME):
        tone, hiss = gains[part], gains[GAINS_PER_FRAME + part]
        for i in range(GAIN_SAMPLES):
            at, along = part * GAIN_SAMPLES + i, F(i) / F(GAIN_SAMPLES)
            noise = wave[at] * window[at] + tail[at]
            audio[at] = audio[at] * (last[0] + (tone - last[0]) * along) + noise * (last[1] + (hiss - last[1]) * along)
        last[0], last[1] = tone, hiss
