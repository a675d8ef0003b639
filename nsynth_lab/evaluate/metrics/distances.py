"""Distances between a note and its decoded twin. None needs downloaded weights.

mel error: 128 mel bands from 30 Hz to 20 kHz (Slaney) of a 2048/512 Hann STFT at 48 kHz, magnitudes in dB, both
clamped 60 dB below the reference note's loudest band; frames in which the reference exceeds that floor by 5 dB;
mean absolute difference. Below 8 kHz: the same of the bands that end below 7.6 kHz, where a recording at 16 kHz is
still whole. To 24 kHz: the same of 128 bands that reach as far as the sound does, so that no noise hides above 20 kHz.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch

from nsynth_lab.dsp.loudness import level_bias_db as level_bias_db
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.mel import mel_db as mel_db
from nsynth_lab.dsp.mel import mel_weights
from nsynth_lab.errors import AudioError
from nsynth_lab.units import SAMPLE_RATE, FloatArray

BANDS, WINDOW_SAMPLES = 128, 2048
RANGE_DB = 60.0
WHOLE_HZ = 7_600.0
HEARD_DB = 5.0
STEADY_DB = 30.0


def mel_error_db(decoded: FloatArray, reference: FloatArray) -> float:
    """Mel error in dB between two sounds [samples] of one length at 48 kHz.

    Raises:
        AudioError: their lengths differ, or the reference is silent.
    """
    return float(mel_error_frames_db(decoded, reference).mean())


def mel_error_frames_db(decoded: FloatArray, reference: FloatArray) -> FloatArray:
    """Mel error of each heard frame, [heard frames].

    Raises:
        AudioError: as `mel_error_db`.
    """
    if decoded.shape != reference.shape:
        raise AudioError(f"cannot compare {decoded.shape} with {reference.shape} samples; give both one length")
    if not np.abs(reference).max(initial=0.0) > 0:
        raise AudioError("the reference is silent: nothing to compare with")
    return mel_distance_frames_db(mel_db(decoded), mel_db(reference))


def mel_distance_frames_db(came: FloatArray, wanted: FloatArray) -> FloatArray:
    """`mel_error_frames_db` of two mel spectra [frames, 128] in dB, [heard frames]."""
    floor = wanted.max() - RANGE_DB
    heard = wanted.max(axis=1) > floor + HEARD_DB
    distance = np.abs(np.maximum(came, floor) - np.maximum(wanted, floor))
    return np.asarray(distance[heard].mean(axis=1), np.float32)


@functools.cache
def bands_below_8khz() -> int:
    """How many of the lowest bands end below 7.6 kHz."""
    weights = mel_weights(BANDS, WINDOW_SAMPLES // 2 + 1, torch.device("cpu"))
    first = math.ceil(WHOLE_HZ * WINDOW_SAMPLES / SAMPLE_RATE)
    return BANDS - int((weights[first:] > 0).any(dim=0).sum())


def f0_cents(samples: FloatArray, *, note: int) -> float:
    """Median deviation in cents from the nominal `note` over the frames within 30 dB of the loudest."""
    return median_cents(measure(samples, note=note))


def median_cents(streams: Measured) -> float:
    """`f0_cents` of a note that is measured already."""
    steady = streams.loudness_db > streams.loudness_db.max() - STEADY_DB
    return float(np.median(streams.f0_cents[steady]))


def f0_error_cents(decoded: FloatArray, reference: FloatArray, *, note: int) -> float:
    """How far the decoded note's measured f0 lies from the reference's, in cents."""
    return abs(f0_cents(decoded, note=note) - f0_cents(reference, note=note))


def level_error_db(decoded: FloatArray, reference: FloatArray) -> float:
    """Mean distance in dB of the A-weighted levels over the frames within 60 dB of the reference's loudest."""
    return level_distance_db(loudness_db(decoded), loudness_db(reference))


def level_distance_db(came: FloatArray, wanted: FloatArray) -> float:
    """`level_error_db` of two courses of level [frames]."""
    heard = wanted > wanted.max() - RANGE_DB
    return float(np.abs(came - wanted)[heard].mean())
