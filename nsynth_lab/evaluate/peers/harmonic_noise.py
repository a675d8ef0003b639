"""Harmonic plus noise synthesis without learning: measured partial amplitudes, and noise measured between partials.

Hann windows span a whole number of periods, four or more. Each partial is then at a zero of the spectra of all others,
and at the window's bins half-way between two partials all partials are zero, so what is measured there is noise. A
partial's power above the noise around it gives its amplitude. Both drive the same oscillators and noise as the model's
decoder, so this is a bound on any model that controls them once per 10.7 ms.

Source: Serra and Smith, Spectral Modeling Synthesis (1990), https://doi.org/10.2307/3680788, with known frequencies of
the partials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from nsynth_lab.dsp.framing import frames_of
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.noise import bin_hz, coloured, white_table
from nsynth_lab.dsp.oscillators import bank, phases, span_hz
from nsynth_lab.evaluate.peers.crossfade import same_length
from nsynth_lab.model.controls import oscillators_below_top, partial_ratios
from nsynth_lab.model.scales import TOP_HZ
from nsynth_lab.model.sizes import HALF_PARTIALS
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, cents_to_ratio, note_to_hz

PERIODS = 4
SHORTEST_SAMPLES = 1024
PADDING = 8
CLEAR_BINS = 1.9
CHUNK_FRAMES = 64
BANDS_PER_OCTAVE = 6
RANGE_DB = 80.0


@dataclass(frozen=True)
class HarmonicNoise:
    """The analysis of a note.

    Attributes:
        f0_hz: [frames].
        ratios: [partials] frequencies in units of f0.
        amplitudes: [frames, partials].
        noise: [frames, 513] gain of each bin of the noise.
    """

    f0_hz: Doubles
    ratios: Doubles
    amplitudes: Doubles
    noise: Doubles


def reconstruct(samples: FloatArray, *, note: int) -> FloatArray:
    """`samples` [samples] at 48 kHz, analysed and synthesised."""
    return synthesise(analyse(samples, note=note))[: len(samples)]


def morph(first: FloatArray, second: FloatArray, *, positions: Sequence[float], note: int) -> list[FloatArray]:
    """The notes at `positions` 0..1 between two of the same pitch, interpolated in dB for each partial and noise bin.

    Silence counts as 80 dB below the note's loudest partial or bin.
    """
    one, other = (analyse(samples, note=note) for samples in same_length(first, second))
    longer = max(len(first), len(second))
    return [synthesise(_blended(one, other, position))[:longer] for position in positions]


def analyse(samples: FloatArray, *, note: int) -> HarmonicNoise:
    """The analysis of `samples` [samples] at 48 kHz."""
    streams = measure(samples, note=note)
    nominal_hz = note_to_hz(float(note))
    f0_hz = nominal_hz * cents_to_ratio(streams.f0_cents.astype(np.float64))
    count = int(oscillators_below_top(torch.tensor(nominal_hz)))
    ratios = partial_ratios(torch.from_numpy(streams.partials), count).double().numpy()
    first = 0 if streams.partials[0] else HALF_PARTIALS  # half partials exist only with a rank an octave below
    spacing = 1.0 if first else 0.5
    period = SAMPLE_RATE / nominal_hz / spacing
    periods = max(PERIODS, math.ceil(SHORTEST_SAMPLES / period))
    quiet = spacing * _between(np.sort(ratios[first:]) / spacing, periods)
    look = np.concatenate([ratios[first:], quiet])
    tops, valleys = np.split(_spectrum(samples, f0_hz, look, round(periods * period)), [count - first], axis=1)
    bands_hz, density = _banded(valleys, nominal_hz * quiet)
    around = _read(bands_hz, density, nominal_hz * ratios[first:])
    amplitudes = np.sqrt(np.maximum(tops - around, 0.0) * _tone_per_noise(round(periods * period)))
    noise = np.sqrt(_read(bands_hz, density, bin_hz().double().numpy()))
    return HarmonicNoise(f0_hz, ratios, np.pad(amplitudes, ((0, 0), (first, 0))), noise)


def synthesise(analysis: HarmonicNoise) -> FloatArray:
    """The sound of `analysis`, [frames * 512] at 48 kHz."""
    f0, amplitudes, noise = (
        torch.from_numpy(part)[None] for part in (analysis.f0_hz, analysis.amplitudes, analysis.noise)
    )
    ratios = torch.from_numpy(analysis.ratios)
    silent = torch.zeros(1, len(ratios))
    partial_hz = span_hz(f0, f0[:, 0])[..., None] * ratios
    turns, _ = phases(partial_hz, silent.double())
    below_top = f0[..., None] * ratios < TOP_HZ
    tones = bank((amplitudes * below_top).float(), silent, partial_hz, turns)
    hiss, _ = coloured(noise.float(), torch.zeros(1, dtype=torch.int64), torch.zeros(1, HOP_SAMPLES), white_table())
    return np.asarray((tones + hiss)[0].numpy(), np.float32)


def _between(ratios: Doubles, periods: int) -> Doubles:
    """Frequencies (in units of f0) about two bins or more from every partial, a bin apart if partials are harmonic."""
    gaps = np.diff(ratios, prepend=0.0)[:, None]
    bins = np.arange(2, periods - 1)
    distance = gaps * np.minimum(bins, periods - bins)
    found = (ratios[:, None] - gaps + gaps * bins / periods)[distance >= min(CLEAR_BINS, float(distance.max()))]
    return np.asarray(found)


def _spectrum(samples: FloatArray, f0_hz: Doubles, ratios: Doubles, length: int) -> Doubles:
    """Power [frames, ratios] at `f0_hz` * `ratios`, scaled so that white noise has its variance everywhere."""
    windows = frames_of(samples, length)
    window = _hann(length)
    size = 1 << (PADDING * length - 1).bit_length()
    bins = np.arange(size // 2 + 1)
    centred = np.exp(
        1j * np.pi * length / size * bins
    )  # phase from the window's middle, so that linear interpolation fits
    found = np.empty((len(windows), len(ratios)))
    for first in range(0, len(windows), CHUNK_FRAMES):
        spectra = np.fft.rfft(windows[first : first + CHUNK_FRAMES] * window, size) * centred
        for frame, spectrum in enumerate(spectra, first):
            at = f0_hz[frame] * ratios * (size / SAMPLE_RATE)
            found[frame] = np.abs(np.interp(at, bins, spectrum)) ** 2
    return np.asarray(found / (window**2).sum())


def _hann(length: int) -> Doubles:
    return np.asarray(np.hanning(length + 1)[:-1])


def _tone_per_noise(length: int) -> float:
    """The squared amplitude of a sine whose power in `_spectrum` is 1."""
    window = _hann(length)
    return float(4.0 * (window**2).sum() / window.sum() ** 2)


def _banded(power: Doubles, hz: Doubles) -> tuple[Doubles, Doubles]:
    """Mean frequency in Hz [bands] and mean power [frames, bands] of the sixth-octave bands that contain values."""
    band = np.floor(BANDS_PER_OCTAVE * np.log2(np.maximum(hz, 1.0))).astype(int)
    _, first, size = np.unique(band, return_index=True, return_counts=True)
    return np.add.reduceat(hz, first) / size, np.add.reduceat(power, first, axis=1) / size


def _read(bands_hz: Doubles, density: Doubles, hz: Doubles) -> Doubles:
    """`density` [frames, bands] interpolated linearly in dB at the frequencies `hz`, [frames, len(hz)]."""
    level = np.log(density + 1e-20)
    return np.asarray(np.exp(np.stack([np.interp(hz, bands_hz, row) for row in level])))


def _blended(one: HarmonicNoise, other: HarmonicNoise, position: float) -> HarmonicNoise:
    return HarmonicNoise(
        f0_hz=_geometric(one.f0_hz, other.f0_hz, position),
        ratios=(1.0 - position) * one.ratios + position * other.ratios,
        amplitudes=_geometric(_held(one.amplitudes), _held(other.amplitudes), position),
        noise=_geometric(_held(one.noise), _held(other.noise), position),
    )


def _held(gain: Doubles) -> Doubles:
    return np.asarray(np.maximum(gain, max(float(gain.max()), 1e-6) * 10.0 ** (-RANGE_DB / 20.0)))


def _geometric(first: Doubles, second: Doubles, position: float) -> Doubles:
    return np.asarray(np.exp((1.0 - position) * np.log(first) + position * np.log(second)))
