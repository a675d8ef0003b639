"""Integrated loudness of a whole sound in LUFS, as used in broadcasting; presets are levelled by it.

Source: ITU-R BS.1770-4, annex 1: K-weighting (high shelf and high-pass), mean square per channel in blocks of 0.4 s
every 0.1 s, gated at -70 LUFS and then at 10 LU below the mean of the remaining blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import SAMPLE_RATE, FloatArray

BLOCK_SAMPLES, STEP_SAMPLES = SAMPLE_RATE * 4 // 10, SAMPLE_RATE // 10
OFFSET = -0.691
SILENCE_LUFS, GATE_LU = -70.0, 10.0
# Filter coefficients at 48 kHz, tables 1 and 2 of the recommendation: b0 b1 b2, a1 a2.
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))


def programme_loudness(samples: FloatArray) -> float:
    """Integrated loudness in LUFS of `samples` [channels, samples] at 48 kHz; at least -70.

    A sound shorter than 0.4 s is padded with silence.
    """
    power = np.square(k_weighted(samples)).sum(axis=0)
    power = np.pad(power, (0, max(0, BLOCK_SAMPLES - len(power))))
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(power) - BLOCK_SAMPLES + 1, STEP_SAMPLES)
    blocks = (total[starts + BLOCK_SAMPLES] - total[starts]) / BLOCK_SAMPLES
    heard = blocks[_lufs(blocks) > SILENCE_LUFS]
    if not len(heard):
        return SILENCE_LUFS
    heard = heard[_lufs(heard) > float(_lufs(heard.mean())) - GATE_LU]
    return float(_lufs(heard.mean()))


def k_weighted(samples: FloatArray) -> NDArray[np.float64]:
    """`samples` [channels, samples] after both filters, applied in the frequency domain with zero-padding."""
    length = samples.shape[1]
    padded = 1 << (length + SAMPLE_RATE // 4 - 1).bit_length()
    turns = np.exp(-2j * np.pi * np.arange(padded // 2 + 1) / padded)
    response = _response(SHELF, turns) * _response(HIGH_PASS, turns)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, padded) * response, padded)[:, :length])


def _response(
    filter_: tuple[tuple[float, float, float], tuple[float, float]], turns: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    (b0, b1, b2), (a1, a2) = filter_
    return (b0 + b1 * turns + b2 * turns**2) / (1 + a1 * turns + a2 * turns**2)


def _lufs(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(OFFSET + 10 * np.log10(np.maximum(power, 1e-12)))
