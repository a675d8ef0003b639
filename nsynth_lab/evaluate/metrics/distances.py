"""Distances between a note and its reconstruction. None of them needs downloaded weights.

mel error: 128 mel bands (Slaney) from 30 Hz to 20 kHz of a 2048/512 Hann STFT at 48 kHz, magnitudes in dB, both
clamped 60 dB below the reference note's loudest band; the mean absolute difference over the frames in which the
reference exceeds that floor by 5 dB. Below 8 kHz: only the bands that end below 7.6 kHz, which a 16 kHz recording
contains completely. Up to 24 kHz: 128 bands over the whole spectrum, so that no noise above 20 kHz is missed.

multi-resolution spectral distance, the mean over STFTs with Hann windows of 512, 1024, 2048 and 4096 samples:

    |R - D| / |R|  +  mean |ln max(D, floor) - ln max(R, floor)|

R and D are the magnitudes of the reference and of the decoded sound, four hops per window; the floor is 60 dB below R's
loudest bin. The first term (spectral convergence, Frobenius norms) weights loud bins, the second all bins equally;
neither has a unit.

Source: Arik, Jun and Diamos 2018, Fast Spectrogram Inversion Using Multi-head Convolutional Neural Networks; at
several resolutions, Yamamoto, Song and Kim 2020, Parallel WaveGAN.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor

from nsynth_lab.dsp.loudness import level_bias_db as level_bias_db
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.mel import magnitudes, mel_weights
from nsynth_lab.dsp.mel_spectrum import RANGE_DB
from nsynth_lab.dsp.mel_spectrum import mel_db as mel_db
from nsynth_lab.dsp.mel_spectrum import mel_distance_frames_db as mel_distance_frames_db
from nsynth_lab.errors import AudioError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BANDS, WINDOW_SAMPLES = 128, 2048
LIMIT_HZ = 7_600.0
STEADY_DB = 30.0
STFT_WINDOWS = (512, 1024, 2048, 4096)
STFT_FLOOR = 10 ** (-60 / 20)


def mel_error_db(decoded: FloatArray, reference: FloatArray) -> float:
    """Mel error in dB between two sounds [samples] of one length at 48 kHz.

    Raises:
        AudioError: their lengths differ, or the reference is silent.
    """
    return float(mel_error_frames_db(decoded, reference).mean())


def mel_error_frames_db(decoded: FloatArray, reference: FloatArray) -> FloatArray:
    """Mel error of each audible frame, [audible frames].

    Raises:
        AudioError: see `mel_error_db`.
    """
    if decoded.shape != reference.shape:
        raise AudioError(f"cannot compare {decoded.shape} with {reference.shape} samples; give both the same length")
    if not np.abs(reference).max(initial=0.0) > 0:
        raise AudioError("the reference is silent: nothing to compare with")
    return mel_distance_frames_db(mel_db(decoded), mel_db(reference))


@functools.cache
def bands_below_8khz() -> int:
    """The number of mel bands that end below 7.6 kHz."""
    weights = mel_weights(BANDS, WINDOW_SAMPLES // 2 + 1, torch.device("cpu"))
    first = math.ceil(LIMIT_HZ * WINDOW_SAMPLES / SAMPLE_RATE)
    return BANDS - int((weights[first:] > 0).any(dim=0).sum())


def f0_cents(samples: FloatArray, *, note: int) -> float:
    """Median deviation in cents from the nominal `note` over the frames within 30 dB of the loudest."""
    return median_cents(measure(samples, note=note))


def median_cents(streams: Measured) -> float:
    """`f0_cents` of a note that has already been measured."""
    steady = streams.loudness_db > streams.loudness_db.max() - STEADY_DB
    return float(np.median(streams.f0_cents[steady]))


def f0_error_cents(decoded: FloatArray, reference: FloatArray, *, note: int) -> float:
    """The distance in cents between the measured f0 of two notes."""
    return abs(f0_cents(decoded, note=note) - f0_cents(reference, note=note))


def level_error_db(decoded: FloatArray, reference: FloatArray) -> float:
    """Mean distance in dB of the A-weighted levels over the frames within 60 dB of the reference's loudest."""
    return level_distance_db(loudness_db(decoded), loudness_db(reference))


def level_distance_db(decoded: FloatArray, reference: FloatArray) -> float:
    """`level_error_db` of two level curves [frames]."""
    audible = reference > reference.max() - RANGE_DB
    return float(np.abs(decoded - reference)[audible].mean())


def multi_resolution_distance(decoded: FloatArray, reference: FloatArray) -> float:
    """Distance between two sounds [samples]: 0 for the same sound, 1 + ln 2 for noise twice as loud."""
    with torch.no_grad():
        return sum(_distance(decoded, reference, window) for window in STFT_WINDOWS) / len(STFT_WINDOWS)


def _distance(decoded: FloatArray, reference: FloatArray, window: int) -> float:
    real, other = (_magnitudes(sound, window) for sound in (reference, decoded))
    convergence = float((real - other).norm() / real.norm())
    floor = float(real.max()) * STFT_FLOOR
    logarithmic = float((other.clamp(min=floor).log() - real.clamp(min=floor).log()).abs().mean())
    return convergence + logarithmic


def _magnitudes(samples: FloatArray, window: int) -> Tensor:
    return magnitudes(torch.from_numpy(samples)[None], window_samples=window, hop_samples=window // 4)
