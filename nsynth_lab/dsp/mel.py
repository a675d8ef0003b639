"""Mel spectra of a whole sound. As everywhere, frame t is centred on the end of block t.

Slaney's mel scale and normalisation (Auditory Toolbox, 1998), which are librosa's defaults.
"""

from __future__ import annotations

import functools
import math

import torch
import torchaudio
from torch import Tensor
from torch.nn import functional

from nsynth_lab.dsp.mel_spectrum import HIGHEST_HZ, LOWEST_HZ
from nsynth_lab.units import SAMPLE_RATE, FloatArray


def magnitudes(samples: Tensor, *, window_samples: int, hop_samples: int) -> Tensor:
    """STFT magnitudes [voices, frames, bins] of `samples` [voices, samples]; a sine of amplitude 1 peaks at 1."""
    half = window_samples // 2
    padded = functional.pad(samples, (half - hop_samples, half))
    window = hann(window_samples, samples.device)
    spectrum = torch.stft(
        padded, window_samples, hop_samples, window=window, center=False, return_complex=True
    ).transpose(1, 2)
    power = spectrum.real.square() + spectrum.imag.square()
    return torch.sqrt(power + 1e-14) * (2.0 / float(window.sum()))


def mel(
    samples: Tensor,
    *,
    bands: int,
    window_samples: int = 2048,
    hop_samples: int = 512,
    highest_hz: float = HIGHEST_HZ,
) -> Tensor:
    """Mel magnitudes [voices, frames, bands], each band a weighted mean of the magnitudes it spans."""
    weights = mel_weights(bands, window_samples // 2 + 1, samples.device, highest_hz=highest_hz)
    spectrum = magnitudes(samples, window_samples=window_samples, hop_samples=hop_samples)
    bands_of: Tensor = spectrum @ weights
    return bands_of


def loudest_db(samples: FloatArray) -> float:
    """Level in dB of the loudest of 128 mel bands anywhere in `samples` [samples]; at least -120."""
    with torch.no_grad():
        bands = mel(torch.from_numpy(samples)[None], bands=128)
    return 20.0 * math.log10(max(float(bands.max()), 1e-6))


@functools.cache
def mel_weights(bands: int, bins: int, device: torch.device, *, highest_hz: float = HIGHEST_HZ) -> Tensor:
    """Triangular weights [bins, bands] from 30 Hz to `highest_hz`; each sums to 1 if it spans whole bins."""
    weights: Tensor = torchaudio.functional.melscale_fbanks(
        bins, LOWEST_HZ, highest_hz, bands, SAMPLE_RATE, norm="slaney", mel_scale="slaney"
    )
    bin_hz = SAMPLE_RATE / 2 / (bins - 1)
    return (weights * bin_hz).to(device)


@functools.cache
def hann(samples: int, device: torch.device) -> Tensor:
    """A Hann window [samples]."""
    return torch.hann_window(samples, device=device)
