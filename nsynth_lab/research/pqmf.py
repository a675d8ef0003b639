"""Pqmf: split a sound into bands at a lower rate and put it together again, block by block.

Each band is the sound filtered by one low-pass prototype, moved to the band's middle by a cosine, of which every
`bands`-th sample is kept; odd bands come out with their frequencies mirrored. What folds over in one band is
cancelled by its neighbour. The prototype is a Kaiser window times a few cosines: the window keeps the stop band,
and the cosines' weights are found by Gauss and Newton so that the squared responses of neighbours add up to one.

Source: near-perfect-reconstruction pseudo-QMF banks, Nguyen 1994, https://doi.org/10.1109/78.295213.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

KAISER_BETA = 9.0
LOBE_COSINES = 3  # half the window's main lobe, in cosines of the series
NEWTON_STEPS = 30
DAMPING = 1e-9

Float64 = NDArray[np.float64]


class Pqmf:
    """samples [voices, samples] <-> bands [voices, bands, samples / bands], both ways with a state handed in and out.

    A block is any multiple of `bands` samples. Of white noise analysed and synthesised, 98 dB below it differs; the
    prototype lets -79 dB through beyond the neighbouring band (16 bands, 256 taps).

    >>> pqmf = Pqmf(bands=16, taps=256)
    >>> bands, _ = pqmf.analyse(torch.ones(1, 480), pqmf.start(1))
    >>> audio, _ = pqmf.synthesise(bands, pqmf.start(1))
    >>> bands.shape, pqmf.delay_samples, round(float(audio[0, -1]), 3)
    (torch.Size([1, 16, 30]), 240, 1.0)
    """

    def __init__(self, bands: int = 16, taps: int = 256) -> None:
        if taps % (2 * bands) or taps < 2 * bands * (LOBE_COSINES + 1):
            raise ValueError(f"{taps} taps for {bands} bands; expected a multiple of {2 * bands}, at least four times")
        self.bands, self.taps = bands, taps

    @property
    def delay_samples(self) -> int:
        """How much later a sound comes out of `synthesise` than it went into `analyse`."""
        return self.taps - self.bands

    def start(self, voices: int, device: torch.device | str = "cpu") -> Tensor:
        """Silence before the first block, [voices, bands, taps / bands - 1]; either direction begins with it."""
        return torch.zeros(voices, self.bands, self.taps // self.bands - 1, device=device)

    def analyse(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`x` [voices, samples] -> bands [voices, bands, samples / bands], and the state after it."""
        phases = x.reshape(len(x), -1, self.bands).transpose(1, 2)
        return _convolve(phases, state, _kernels(self.bands, self.taps, x.device)[0])

    def synthesise(self, bands: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`bands` [voices, bands, frames] -> samples [voices, frames * bands], and the state after it."""
        phases, state = _convolve(bands, state, _kernels(self.bands, self.taps, bands.device)[1])
        return phases.transpose(1, 2).flatten(1), state


def slow_analyse(x: Tensor, *, bands: int, taps: int) -> Tensor:
    """What `analyse` must equal, from silence: filter with each band's filter, keep the last sample of each block."""
    filters = torch.from_numpy(_filters(bands, taps)[0]).to(x.dtype)
    before = functional.pad(x, (taps - 1, 0))[:, None]
    return functional.conv1d(before, filters.flip(-1)[:, None])[..., bands - 1 :: bands]


def slow_synthesise(bands: Tensor, *, taps: int) -> Tensor:
    """What `synthesise` must equal, from silence: zeros between the samples, filter, and add the bands up."""
    count = bands.shape[1]
    filters = torch.from_numpy(_filters(count, taps)[1]).to(bands.dtype)
    sparse = torch.zeros(*bands.shape[:2], bands.shape[2] * count, dtype=bands.dtype)
    sparse[..., ::count] = bands
    return functional.conv1d(functional.pad(sparse, (taps - 1, 0)), filters.flip(-1)[None])[:, 0]


@functools.cache
def prototype(bands: int, taps: int) -> Float64:
    """The low-pass filter [taps] that all bands share.

    Its autocorrelation at every lag of 2 * bands but 0 is driven to zero: then the bank's response is flat.
    """
    time = _time(taps)
    order = np.arange(taps // (2 * bands) - LOBE_COSINES + 1)
    window = np.kaiser(taps, KAISER_BETA)
    basis = np.asarray(window[:, None] * np.cos(2.0 * np.pi / taps * order * time[:, None]), np.float64)
    lags = np.arange(0, taps, 2 * bands)
    wanted = np.where(lags == 0, 0.5 / bands, 0.0)
    weights = np.asarray(np.linalg.lstsq(basis, _windowed_sinc(time, bands), rcond=None)[0], np.float64)
    for _ in range(NEWTON_STEPS):
        filter_ = basis @ weights
        weights /= np.sqrt(2 * bands * (filter_ @ filter_))
        filter_ = basis @ weights
        later = [np.pad(filter_, (0, taps))[lag : lag + taps] for lag in lags]
        earlier = [np.pad(filter_, (taps, 0))[taps - lag : 2 * taps - lag] for lag in lags]
        missed = np.array(later) @ filter_ - wanted
        slope = (np.array(later) + np.array(earlier)) @ basis
        square = slope.T @ slope
        weights -= np.linalg.solve(square + DAMPING * np.trace(square) * np.eye(len(order)), slope.T @ missed)
    return np.asarray(basis @ weights)


def _time(taps: int) -> Float64:
    """Samples from the middle of a filter, [taps]."""
    return np.asarray(np.arange(taps) - (taps - 1) / 2, np.float64)


def _windowed_sinc(time: Float64, bands: int) -> Float64:
    """Where the search begins: a Kaiser window's low-pass, a little wider than half a band."""
    width = 1.13 / (2 * bands)
    return np.asarray(width * np.sinc(width * time) * np.kaiser(len(time), KAISER_BETA))


@functools.cache
def _filters(bands: int, taps: int) -> tuple[Float64, Float64]:
    """Filters of analysis and synthesis, each [bands, taps]; the latter makes up for the samples dropped."""
    time = _time(taps)
    band = np.arange(bands)[:, None]
    angle = (2 * band + 1) * np.pi / (2 * bands) * time
    turn = np.where(band % 2 == 0, 1.0, -1.0) * np.pi / 4
    low_pass = prototype(bands, taps)
    return 2.0 * low_pass * np.cos(angle + turn), 2.0 * bands * low_pass * np.cos(angle - turn)


@functools.cache
def _kernels(bands: int, taps: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The filters by phase, for convolutions over blocks of `bands` samples, each [bands, bands, taps / bands]."""
    analysis, synthesis = (filters.reshape(bands, -1, bands) for filters in _filters(bands, taps))
    by_phase = analysis[:, ::-1, ::-1].transpose(0, 2, 1)
    by_band = synthesis[:, ::-1].transpose(2, 0, 1)
    first, second = (torch.from_numpy(np.ascontiguousarray(part)).float().to(device) for part in (by_phase, by_band))
    return first, second


def _convolve(x: Tensor, past: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Causal convolution of `x` [voices, channels, blocks], and what the next call needs of the past."""
    whole = torch.cat([past, x], dim=-1)
    out = _correlate(whole, kernel) if x.is_cuda else functional.conv1d(whole, kernel)
    return out, whole[..., -past.shape[-1] :]


def _correlate(whole: Tensor, kernel: Tensor) -> Tensor:
    """`conv1d` as a product: on CUDA a convolution rounds to TF32 unless told otherwise, which costs 30 dB here."""
    return torch.einsum("vcbt,oct->vob", whole.unfold(-1, kernel.shape[-1], 1), kernel)
