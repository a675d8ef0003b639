"""tone_and_rest(samples, ...): a sound taken apart into its partials and what lies between them.

    sound --> STFT --> power between the partials = noise under them --> what stands out at the partials --> tone
      |                                                                                                       |
      +-------------------------------------------------------------------------------------- minus ----------+--> rest

Sources: Serra and Smith 1990, Spectral Modeling Synthesis (partials and residual); Berouti, Schwartz and Makhoul 1979,
Enhancement of Speech Corrupted by Acoustic Noise (more noise is taken away than was measured, because its power
fluctuates).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray

PERIODS, SHORTEST_SAMPLES = 6, 2_048
LOBE_BINS = 2.1  # half of the main lobe of a Hann window
TAKEN_AWAY = 2.5  # times the noise that was measured
AROUND_PERIODS = 2  # spacings of partials on each side over which noise is averaged


def tone_and_rest(samples: FloatArray, f0_hz: FloatArray, partials: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(tone, rest), both [frames * 512], whose sum is `samples` [frames * 512] at 48 kHz.

    Args:
        samples: the sound.
        f0_hz: [frames] its fundamental.
        partials: [128] by how much of the fundamental each partial is off its multiple, from partial 0 on.
    """
    length = SHORTEST_SAMPLES
    while length < PERIODS * SAMPLE_RATE / float(np.median(f0_hz)):
        length *= 2
    hop, window = length // 4, torch.hann_window(length)
    sound = torch.from_numpy(samples)
    spectrum = torch.stft(sound, length, hop, window=window, return_complex=True, pad_mode="constant")
    bins, times = spectrum.shape
    at = np.arange(times) * hop / HOP_SAMPLES - 0.5
    fundamental = np.interp(at, np.arange(len(f0_hz)), f0_hz)
    at_partials = torch.from_numpy(_at_partials(fundamental, partials, bins, SAMPLE_RATE / length))
    around = max(1, round(AROUND_PERIODS * float(np.median(f0_hz)) * length / SAMPLE_RATE))
    stands_out = _stands_out(spectrum.abs().square(), at_partials, around)
    tone = torch.istft(spectrum * stands_out, length, hop, window=window, length=len(samples)).numpy()
    return tone, samples - tone


def _at_partials(f0_hz: Doubles, partials: FloatArray, bins: int, bin_hz: float) -> FloatArray:
    """1 in the main lobes of the partials, [bins, times], of a fundamental `f0_hz` [times]."""
    hz = np.arange(bins)[:, None] * bin_hz
    number = np.rint(hz / f0_hz).clip(1, len(partials) - 1)
    away = np.abs(hz - f0_hz * (number + partials[number.astype(int)]))
    return np.asarray(away <= LOBE_BINS * bin_hz, np.float32)


def _stands_out(power: Tensor, at_partials: Tensor, around: int) -> Tensor:
    """The share of each bin of `power` [bins, times] that stands out of the noise between the partials, 0 to 1."""
    between = 1.0 - at_partials
    noise, free = (_smooth(row, 2 * around + 1) for row in (power * between, between))
    noise, seen = (_over_time(row) for row in (noise / free.clamp(min=1e-9), power))
    return at_partials * (1.0 - TAKEN_AWAY * noise / seen.clamp(min=1e-20)).clamp(min=0.0)


def _smooth(rows: Tensor, count: int) -> Tensor:
    """Means over `count` bins of `rows` [bins, times]; less than that is counted at the ends."""
    return functional.avg_pool1d(rows.T[:, None], count, stride=1, padding=count // 2)[:, 0].T


def _over_time(rows: Tensor) -> Tensor:
    """`rows` [bins, times] weighted 1 : 2 : 1 with those before and after."""
    padded = functional.pad(rows[None], (1, 1), mode="replicate")[0]
    return (padded[:, :-2] + 2.0 * padded[:, 1:-1] + padded[:, 2:]) / 4.0
