"""Filtered noise of `dsp.noise` on either side of its FFT, and gains, for compiled loops."""

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


class Noise(NamedTuple):
    """What each row remembers, and what all share.

    Attributes:
        tail: [rows, 512] half a frame that is still to be heard.
        position: [rows] of its next frame in the table.
        begins: [rows] whether that is its first.
        gains: [rows, 2] of partials and noise at the end of its last frame.
        table: [1021, 513] white spectra.
        window: [1024].
    """

    tail: FloatArray
    position: Ints
    begins: NDArray[np.bool_]
    gains: FloatArray
    table: Spectra
    window: FloatArray


@compiled
def spectra_of(noise: Noise, rows: Ints, magnitudes: FloatArray) -> Spectra:
    """Spectra of the next frames of `rows`, as many of each, [due + beginners, 513].

    Behind them is, for each row that begins, the frame that would have been before its first.
    """
    due, bins = magnitudes.shape
    frames = due // len(rows)
    beginners = 0
    for row in rows:
        beginners += noise.begins[row]
    spectra = np.empty((due + beginners, bins), np.complex64)
    for m in range(due):
        _colour(spectra[m], noise.table, noise.position[rows[m // frames]] + m % frames, magnitudes[m])
    behind = due
    for r in range(len(rows)):
        if noise.begins[rows[r]]:
            _colour(spectra[behind], noise.table, noise.position[rows[r]] - 1, magnitudes[r * frames])
            behind += 1
    return spectra


@compiled
def _colour(spectrum: Spectra, table: Spectra, position: int, magnitudes: FloatArray) -> None:
    white = table[position % len(table)]
    for i in range(len(magnitudes)):
        spectrum[i] = white[i] * magnitudes[i]


@compiled
def loudest_of(noise: Noise, rows: Ints, gains: FloatArray) -> FloatArray:
    """The highest gain of partials in each of the next frames of `rows`; `gains` [due, 8], [due]."""
    frames = len(gains) // len(rows)
    loudest = np.empty(len(gains), np.float32)
    for m in range(len(gains)):
        loudest[m] = noise.gains[rows[m // frames], 0] if m % frames == 0 else gains[m - 1, GAINS_PER_FRAME - 1]
        for i in range(GAINS_PER_FRAME):
            loudest[m] = max(loudest[m], gains[m, i])
    return loudest


@compiled
def sound(noise: Noise, rows: Ints, gains: FloatArray, waves: FloatArray, audio: FloatArray) -> None:
    """`audio` [due, 512], which holds partials, becomes what is heard: they and the noise, each with its gains.

    `waves` [due + beginners, 1024] are what `spectra_of` transforms to; `gains` [due, 8].
    """
    due = len(audio)
    frames, behind = due // len(rows), due
    for r in range(len(rows)):
        row = rows[r]
        if noise.begins[row]:
            _keep(noise.tail[row], waves[behind], noise.window)
            behind += 1
            noise.begins[row] = False
        for m in range(r * frames, (r + 1) * frames):
            _mix(audio[m], waves[m], noise.tail[row], noise.window, gains[m], noise.gains[row])
            _keep(noise.tail[row], waves[m], noise.window)
        noise.position[row] = (noise.position[row] + frames) % len(noise.table)


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
