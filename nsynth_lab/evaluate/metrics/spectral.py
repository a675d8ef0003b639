"""Multi-resolution spectral distance: how far apart two sounds are in windows of four lengths.

    d = mean over windows of  |W - C| / |W|  +  mean |ln max(C, floor) - ln max(W, floor)|

W and C are the STFT magnitudes of the wanted and of the decoded sound, Hann windows of 512, 1024, 2048 and 4096
samples at 48 kHz, four to a window; the floor lies 60 dB below W's loudest bin. The first term (spectral convergence,
Frobenius norms) weighs loud bins, the second all of them alike; neither has a unit.

Source: Arik, Jun and Diamos 2018, Fast Spectrogram Inversion Using Multi-head Convolutional Neural Networks; at
several resolutions, Yamamoto, Song and Kim 2020, Parallel WaveGAN.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nsynth_lab.dsp.mel import magnitudes
from nsynth_lab.units import FloatArray

WINDOWS = (512, 1024, 2048, 4096)
FLOOR = 10 ** (-60 / 20)


def spectral_distance(came: FloatArray, wanted: FloatArray) -> float:
    """Distance of `came` from `wanted`, both [samples]: 0 for the same sound, 1 + ln 2 for twice as loud noise."""
    with torch.no_grad():
        return sum(_distance(came, wanted, window) for window in WINDOWS) / len(WINDOWS)


def _distance(came: FloatArray, wanted: FloatArray, window: int) -> float:
    real, other = (_magnitudes(sound, window) for sound in (wanted, came))
    convergence = float((real - other).norm() / real.norm())
    floor = float(real.max()) * FLOOR
    logarithmic = float((other.clamp(min=floor).log() - real.clamp(min=floor).log()).abs().mean())
    return convergence + logarithmic


def _magnitudes(samples: FloatArray, window: int) -> Tensor:
    return magnitudes(torch.from_numpy(samples)[None], window_samples=window, hop_samples=window // 4)
