"""Harmonic plus noise, nothing learnt: each partial's measured amplitude, and the noise measured between partials.

Hann windows of four periods or more, a whole number of them: each partial then lies on a zero of all others' spectra,
and at the window's whole bins halfway between two partials all of them are silent: what is heard there is noise. What
a partial has beyond the noise around it is its amplitude. Both drive the same oscillators and the same noise as the
model's decoder, so this bounds what any model that controls them once in 10.7 ms can do.

Source: Serra and Smith, Spectral Modeling Synthesis (1990), https://doi.org/10.2307/3680788, with the places of the
partials known beforehand.
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
from nsynth_lab.model.controls import HALF_PARTIALS, oscillators_below_top, partial_places
from nsynth_lab.model.distribution import TOP_HZ
from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray, cents_to_ratio, note_to_hz

PERIODS = 4
SHORTEST_SAMPLES = 1024
PADDING = 8
CLEAR_BINS = 1.9
CHUNK_FRAMES = 64
BANDS_PER_OCTAVE = 6
RANGE_DB = 80.0


@dataclass(frozen=True)
class Parts:
    """A note taken apart.

    Attributes:
        f0_hz: [frames].
        places: [partials] in units of f0.
        amplitudes: [frames, partials].
        noise: [frames, 513] gain of each bin of the noise.
    """

    f0_hz: Doubles
    places: Doubles
    amplitudes: Doubles
    noise: Doubles


def reconstruct(samples: FloatArray, *, note: int) -> FloatArray:
    """`samples` [samples] at 48 kHz taken apart and put together."""
    return synthesise(analyse(samples, note=note))[: len(samples)]


def morph(first: FloatArray, second: FloatArray, *, positions: Sequence[float], note: int) -> list[FloatArray]:
    """The notes at `positions` 0..1 between two of the same pitch, partial by partial and bin by bin in dB.

    What is silent is held 80 dB below its note's loudest.
    """
    one, other = (analyse(samples, note=note) for samples in same_length(first, second))
    longer = max(len(first), len(second))
    return [synthesise(_blended(one, other, position))[:longer] for position in positions]


def analyse(samples: FloatArray, *, note: int) -> Parts:
    """Parts of `samples` [samples] at 48 kHz."""
    streams = measure(samples, note=note)
    nominal_hz = note_to_hz(float(note))
    f0_hz = nominal_hz * cents_to_ratio(streams.f0_cents.astype(np.float64))
    count = int(oscillators_below_top(torch.tensor(nominal_hz)))
    places = partial_places(torch.from_numpy(streams.partials), count).double().numpy()
    first = 0 if streams.partials[0] else HALF_PARTIALS  # without a rank an octave below nothing is halfway
    spacing = 1.0 if first else 0.5
    period = SAMPLE_RATE / nominal_hz / spacing
    periods = max(PERIODS, math.ceil(SHORTEST_SAMPLES / period))
    quiet = spacing * _between(np.sort(places[first:]) / spacing, periods)
    look = np.concatenate([places[first:], quiet])
    tops, valleys = np.split(_spectrum(samples, f0_hz, look, round(periods * period)), [count - first], axis=1)
    bands_hz, density = _banded(valleys, nominal_hz * quiet)
    around = _read(bands_hz, density, nominal_hz * places[first:])
    amplitudes = np.sqrt(np.maximum(tops - around, 0.0) * _tone_per_noise(round(periods * period)))
    noise = np.sqrt(_read(bands_hz, density, bin_hz().double().numpy()))
    return Parts(f0_hz, places, np.pad(amplitudes, ((0, 0), (first, 0))), noise)


def synthesise(parts: Parts) -> FloatArray:
    """[frames * 512] at 48 kHz."""
    f0, amplitudes, noise = (torch.from_numpy(part)[None] for part in (parts.f0_hz, parts.amplitudes, parts.noise))
    places = torch.from_numpy(parts.places)
    silent = torch.zeros(1, len(places))
    partial_hz = span_hz(f0, f0[:, 0])[..., None] * places
    turns, _ = phases(partial_hz, silent.double())
    below_top = f0[..., None] * places < TOP_HZ
    tones = bank((amplitudes * below_top).float(), silent, partial_hz, turns)
    hiss, _ = coloured(noise.float(), torch.zeros(1, dtype=torch.int64), torch.zeros(1, HOP_SAMPLES), white_table())
    return np.asarray((tones + hiss)[0].numpy(), np.float32)


def _between(places: Doubles, periods: int) -> Doubles:
    """Places two bins of the window or nearly so from every partial, a bin apart where partials are harmonic."""
    gaps = np.diff(places, prepend=0.0)[:, None]
    bins = np.arange(2, periods - 1)
    near = gaps * np.minimum(bins, periods - bins)
    found = (places[:, None] - gaps + gaps * bins / periods)[near >= min(CLEAR_BINS, float(near.max()))]
    return np.asarray(found)


def _spectrum(samples: FloatArray, f0_hz: Doubles, places: Doubles, length: int) -> Doubles:
    """Power [frames, places] at `f0_hz` * `places`, scaled so that white noise has its variance everywhere."""
    windows = frames_of(samples, length)
    window = _hann(length)
    size = 1 << (PADDING * length - 1).bit_length()
    bins = np.arange(size // 2 + 1)
    centred = np.exp(1j * np.pi * length / size * bins)  # phase from the window's middle: straight lines then fit
    found = np.empty((len(windows), len(places)))
    for first in range(0, len(windows), CHUNK_FRAMES):
        spectra = np.fft.rfft(windows[first : first + CHUNK_FRAMES] * window, size) * centred
        for frame, spectrum in enumerate(spectra, first):
            at = f0_hz[frame] * places * (size / SAMPLE_RATE)
            found[frame] = np.abs(np.interp(at, bins, spectrum)) ** 2
    return np.asarray(found / (window**2).sum())


def _hann(length: int) -> Doubles:
    return np.asarray(np.hanning(length + 1)[:-1])


def _tone_per_noise(length: int) -> float:
    """Squared amplitude of a sine whose power in `_spectrum` is 1."""
    window = _hann(length)
    return float(4.0 * (window**2).sum() / window.sum() ** 2)


def _banded(power: Doubles, hz: Doubles) -> tuple[Doubles, Doubles]:
    """Middles in Hz and mean power [frames, bands] of bands a sixth of an octave wide, those that hold a place."""
    band = np.floor(BANDS_PER_OCTAVE * np.log2(np.maximum(hz, 1.0))).astype(int)
    _, first, size = np.unique(band, return_index=True, return_counts=True)
    return np.add.reduceat(hz, first) / size, np.add.reduceat(power, first, axis=1) / size


def _read(bands_hz: Doubles, density: Doubles, hz: Doubles) -> Doubles:
    """`density` [frames, bands] at `hz`, on straight lines in dB, [frames, len(hz)]."""
    level = np.log(density + 1e-20)
    return np.asarray(np.exp(np.stack([np.interp(hz, bands_hz, row) for row in level])))


def _blended(one: Parts, other: Parts, position: float) -> Parts:
    return Parts(
        f0_hz=_geometric(one.f0_hz, other.f0_hz, position),
        places=(1.0 - position) * one.places + position * other.places,
        amplitudes=_geometric(_held(one.amplitudes), _held(other.amplitudes), position),
        noise=_geometric(_held(one.noise), _held(other.noise), position),
    )


def _held(gain: Doubles) -> Doubles:
    return np.asarray(np.maximum(gain, max(float(gain.max()), 1e-6) * 10.0 ** (-RANGE_DB / 20.0)))


def _geometric(first: Doubles, second: Doubles, position: float) -> Doubles:
    return np.asarray(np.exp((1.0 - position) * np.log(first) + position * np.log(second)))
