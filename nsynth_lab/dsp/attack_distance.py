"""Distance of two attacks in dB, millisecond by millisecond: detail that spectra of 10 ms and longer smear.

Compared are envelopes: power under a Hann window of two periods, at least 4 ms long (the same as in
`nsynth_lab.evaluate.metrics.attack_decay`), from the first sample until 30 ms after the target's envelope has come
within 1 dB of its maximum of the first half second. Anything 30 dB below that maximum counts as silence.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nsynth_lab.units import SAMPLE_RATE

STEP_SAMPLES = SAMPLE_RATE // 1000
SHORTEST_SAMPLES, LONGEST_SAMPLES = 192, 4096
COMPARED_SAMPLES = SAMPLE_RATE // 2
RANGE_DB, NEAR_DB, AFTER_MS = 30.0, 1.0, 30


def attack_distance(decoded: Tensor, target: Tensor, f0_hz: Tensor) -> Tensor:
    """Mean distance in dB [notes] between the attacks of `decoded` and `target`, both [notes, samples].

    `f0_hz` [notes]. Two silent notes are 0 dB apart.
    """
    return AttackTarget(target, f0_hz).distance(decoded)


class AttackTarget:
    """`target` [notes, samples] with `f0_hz` [notes], from whose attacks sounds are compared."""

    @torch.no_grad()
    def __init__(self, target: Tensor, f0_hz: Tensor) -> None:
        self._response = _response(f0_hz, min(COMPARED_SAMPLES, target.shape[1]))
        wanted = _power(target, self._response)
        peak = wanted.amax(dim=1, keepdim=True).clamp(min=1e-12)
        self._floor = peak * 10.0 ** (-RANGE_DB / 10.0)
        near = (wanted >= peak * 10.0 ** (-NEAR_DB / 10.0)).float().argmax(dim=1, keepdim=True)
        self._counts = (torch.arange(wanted.shape[1], device=target.device) <= near + AFTER_MS).float()
        self._wanted = torch.log10(wanted + self._floor)

    def distance(self, decoded: Tensor) -> Tensor:
        """Mean distance in dB [notes] of the attacks of `decoded` [notes, samples]."""
        apart_db = 10.0 * (torch.log10(_power(decoded, self._response) + self._floor) - self._wanted).abs()
        distance: Tensor = (apart_db * self._counts).sum(dim=1) / self._counts.sum(dim=1)
        return distance


def _power(samples: Tensor, response: Tensor) -> Tensor:
    """Power [notes, ms] of the first half second, smoothed by `response` [notes, bins]."""
    early = samples[:, :COMPARED_SAMPLES].square()
    length = _length(early.shape[1])
    smooth: Tensor = torch.fft.irfft(torch.fft.rfft(early, n=length) * response, n=length)
    return smooth[:, : early.shape[1] : STEP_SAMPLES].clamp(min=0.0)


def _response(f0_hz: Tensor, samples: int) -> Tensor:
    """Spectra [notes, bins] of the Hann windows, centred on sample 0."""
    length = _length(samples)
    half = (SAMPLE_RATE / f0_hz).clamp(SHORTEST_SAMPLES / 2, LONGEST_SAMPLES / 2)[:, None]
    offset = torch.arange(length, device=f0_hz.device)
    offset = torch.minimum(offset, length - offset) / half
    window = torch.where(offset < 1.0, 0.5 + 0.5 * torch.cos(torch.pi * offset), 0.0)
    spectra: Tensor = torch.fft.rfft(window / window.sum(dim=1, keepdim=True))
    return spectra


def _length(samples: int) -> int:
    """FFT length at which the windows do not wrap around, without large prime factors."""
    return -(-(samples + LONGEST_SAMPLES) // LONGEST_SAMPLES) * LONGEST_SAMPLES
