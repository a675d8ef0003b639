"""RowNoise and RowGains: the filtered noise of `dsp.noise` and the curves of the gains, for some of many rows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from nsynth_lab.dsp.noise import TABLE_FRAMES, noise_window, white_table
from nsynth_lab.model.controls import GAINS_PER_FRAME
from nsynth_lab.model.decoder import noise_places
from nsynth_lab.units import HOP_SAMPLES, FloatArray, Ints

GAIN_RAMP = np.arange(0, HOP_SAMPLES, GAINS_PER_FRAME, dtype=np.float32) / np.float32(HOP_SAMPLES)


class RowNoise:
    """Filtered noise, as `dsp.noise.coloured`: `step(rows, magnitudes) -> [due, 512]`."""

    def __init__(self, rows: int, *, seed: int) -> None:
        self.seed = seed
        self.table: NDArray[np.complex64] = white_table().numpy()
        self.window: FloatArray = noise_window(torch.device("cpu")).numpy()
        self.tail = np.zeros((rows, HOP_SAMPLES), np.float32)
        self.position = np.zeros(rows, np.int64)
        self.begins = np.ones(rows, np.bool_)

    def reset(self, rows: Ints, seeds: list[int]) -> None:
        """These rows start anew, each at its seed's place in the table, as `Decoder.start(1, seed=seed)`."""
        self.begins[rows] = True
        self.position[rows] = noise_places(self.seed + torch.tensor(seeds)).numpy()

    def step(self, rows: Ints, magnitudes: FloatArray) -> FloatArray:
        """The next frames of `rows`, as many of each, with these magnitudes [due, 513]."""
        position, begins, frames = self.position[rows], self.begins[rows], len(magnitudes) // len(rows)
        self.position[rows] = (position + frames) % TABLE_FRAMES
        if begins.any():
            first = magnitudes.reshape(len(rows), frames, -1)[begins, 0]
            self.tail[rows[begins]] = self._waves(position[begins] - 1, first)[:, HOP_SAMPLES:]
            self.begins[rows] = False
        waves = self._waves((position[:, None] + np.arange(frames)).ravel(), magnitudes).reshape(len(rows), frames, -1)
        rising, falling = waves[..., :HOP_SAMPLES], waves[..., HOP_SAMPLES:]
        rising[:, 0] += self.tail[rows]
        rising[:, 1:] += falling[:, :-1]
        self.tail[rows] = falling[:, -1]
        return rising.reshape(-1, HOP_SAMPLES)

    def _waves(self, position: Ints, magnitudes: FloatArray) -> FloatArray:
        """Whole frames of noise [due, 1024] from these places in the table."""
        white = self.table.take(position, axis=0, mode="wrap")
        waves = np.asarray(np.fft.irfft(white * magnitudes), np.float32)
        waves *= self.window
        return waves


class RowGains:
    """`step(rows, gains) -> curves [due, 2, 512]` of partials and noise, in straight lines between four points."""

    def __init__(self, rows: int) -> None:
        self.last = np.zeros((rows, 2), np.float32)

    def reset(self, rows: Ints) -> None:
        """These rows start from 0."""
        self.last[rows] = 0.0

    def step(self, rows: Ints, gains: FloatArray) -> FloatArray:
        """The next frames of `rows`, as many of each, with `gains` [due, 2, 4]."""
        frames = gains.reshape(len(rows), -1, 2, GAINS_PER_FRAME)
        before = np.empty_like(frames)
        before[..., 1:] = frames[..., :-1]
        before[:, 1:, :, 0] = frames[:, :-1, :, -1]
        before[:, 0, :, 0] = self.last[rows]
        self.last[rows] = frames[:, -1, :, -1]
        curves: FloatArray = (frames - before)[..., None] * GAIN_RAMP
        curves += before[..., None]
        return np.asarray(curves.reshape(-1, 2, HOP_SAMPLES))
