"""Analysis, synthesis and morphing with the WORLD vocoder. The only module that uses pyworld.

f0 is estimated by Harvest within 200 cents of the known note and refined by StoneMask; frames without f0 get that of
their neighbours, because the note is known to have a pitch. The morph is the usual one, frame by frame: geometric means
of f0 and of the spectral envelope, arithmetic means of aperiodicity.

Source: Morise et al., WORLD: a vocoder-based high-quality speech synthesis system (2016),
https://doi.org/10.1587/transinf.2015EDP7457.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nsynth_lab.errors import MissingError
from nsynth_lab.evaluate.peers.crossfade import same_length
from nsynth_lab.latents import CENTS_LIMIT
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, cents_to_ratio, note_to_hz

PERIOD_MS = 5.0
RANGE_DB = 80.0
HOW_TO_INSTALL = "to compare with WORLD install pyworld: pip install 'nsynth-lab[peers]'"
LOWEST_HZ = 71.0  # WORLD's default; the FFT size for a higher note is too small for some of its windows


@dataclass(frozen=True)
class WorldFeatures:
    """WORLD's analysis of a note: `f0_hz` [frames], `envelope` and `aperiodicity` [frames, bins]."""

    f0_hz: Doubles
    envelope: Doubles
    aperiodicity: Doubles


def is_installed() -> bool:
    """Whether pyworld can be imported."""
    try:
        _pyworld()
    except MissingError:
        return False
    return True


def reconstruct(samples: FloatArray, *, note: int) -> FloatArray:
    """`samples` [samples] at 48 kHz, analysed and synthesised.

    Raises:
        MissingError: pyworld is not installed.
    """
    return synthesise(analyse(samples, note=note), len(samples))


def morph(first: FloatArray, second: FloatArray, *, positions: Sequence[float], note: int) -> list[FloatArray]:
    """The notes at `positions` 0..1 between two of the same pitch; silence counts as 80 dB below each one's peak.

    Raises:
        MissingError: pyworld is not installed.
    """
    one, other = (analyse(samples, note=note) for samples in same_length(first, second))
    longer = max(len(first), len(second))
    return [synthesise(_between(one, other, position), longer) for position in positions]


def analyse_tune(samples: FloatArray, *, lowest_hz: float, highest_hz: float) -> WorldFeatures:
    """WORLD's analysis of a tune, [samples] at 48 kHz, whose pitch is looked for between two frequencies.

    Frames without a tone have an f0 of 0.

    Raises:
        MissingError: pyworld is not installed.
    """
    world = _pyworld()
    sound = samples.astype(np.float64)
    f0_hz, times = world.harvest(sound, SAMPLE_RATE, f0_floor=lowest_hz, f0_ceil=highest_hz, frame_period=PERIOD_MS)
    f0_hz = world.stonemask(sound, f0_hz, times, SAMPLE_RATE)
    size = world.get_cheaptrick_fft_size(SAMPLE_RATE, LOWEST_HZ)
    envelope = world.cheaptrick(sound, f0_hz, times, SAMPLE_RATE, fft_size=size)
    return WorldFeatures(f0_hz, envelope, world.d4c(sound, f0_hz, times, SAMPLE_RATE, fft_size=size))


def with_envelope(source: WorldFeatures, target: WorldFeatures, *, semitones: float) -> WorldFeatures:
    """`source` with the mean envelope of `target`, at its own level, moved by `semitones`; both by `analyse_tune`."""
    swapped = target.envelope.mean(axis=0)
    levels = source.envelope.sum(axis=1, keepdims=True) / max(float(swapped.sum()), 1e-12)
    return WorldFeatures(source.f0_hz * cents_to_ratio(100.0 * semitones), levels * swapped, source.aperiodicity)


def analyse(samples: FloatArray, *, note: int) -> WorldFeatures:
    """WORLD's analysis of `samples` [samples] at 48 kHz."""
    world = _pyworld()
    sound = samples.astype(np.float64)
    nominal_hz = note_to_hz(float(note))
    reach = cents_to_ratio(CENTS_LIMIT)
    f0_hz, times = world.harvest(
        sound, SAMPLE_RATE, f0_floor=nominal_hz / reach, f0_ceil=nominal_hz * reach, frame_period=PERIOD_MS
    )
    f0_hz = _filled(world.stonemask(sound, f0_hz, times, SAMPLE_RATE), nominal_hz)
    size = world.get_cheaptrick_fft_size(SAMPLE_RATE, min(nominal_hz / reach, LOWEST_HZ))
    envelope = world.cheaptrick(sound, f0_hz, times, SAMPLE_RATE, fft_size=size)
    aperiodicity = world.d4c(sound, f0_hz, times, SAMPLE_RATE, threshold=0.0, fft_size=size)
    return WorldFeatures(f0_hz, envelope, aperiodicity)


def synthesise(features: WorldFeatures, length: int) -> FloatArray:
    """`length` samples at 48 kHz."""
    sound = _pyworld().synthesize(
        features.f0_hz, features.envelope, features.aperiodicity, SAMPLE_RATE, frame_period=PERIOD_MS
    )[:length]
    return np.asarray(np.pad(sound, (0, length - len(sound))), np.float32)


def _filled(f0_hz: Doubles, nominal_hz: float) -> Doubles:
    """f0 with gaps interpolated between the nearest frames with a pitch; the nominal f0 if there are none."""
    near = np.abs(np.log2(np.maximum(f0_hz, 1.0) / nominal_hz)) < CENTS_LIMIT / 1200.0
    voiced = np.flatnonzero(near)
    if not len(voiced):
        return np.full(len(f0_hz), nominal_hz)
    return np.asarray(np.interp(np.arange(len(f0_hz)), voiced, f0_hz[voiced]))


def _between(one: WorldFeatures, other: WorldFeatures, position: float) -> WorldFeatures:
    return WorldFeatures(
        f0_hz=_geometric(one.f0_hz, other.f0_hz, position),
        envelope=_geometric(_held(one.envelope), _held(other.envelope), position),
        aperiodicity=(1.0 - position) * one.aperiodicity + position * other.aperiodicity,
    )


def _held(envelope: Doubles) -> Doubles:
    return np.asarray(np.maximum(envelope, envelope.max() * 10.0 ** (-RANGE_DB / 10.0)))


def _geometric(first: Doubles, second: Doubles, position: float) -> Doubles:
    return np.asarray(np.exp((1.0 - position) * np.log(first) + position * np.log(second)))


def _pyworld() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it uses pkg_resources, which warns of its removal
            import pyworld
    except ImportError as error:
        raise MissingError(f"{HOW_TO_INSTALL} ({error})") from error
    return pyworld
