"""The measured streams of one note: loudness, deviation of f0, places of the partials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.partials import SPECTRUM_SAMPLES, partial_offsets, sounding_spectrum_db
from nsynth_lab.dsp.pitch import anchor, instantaneous_hz, track_cents, tracked_orders
from nsynth_lab.latents import CENTS_LIMIT
from nsynth_lab.units import (
    HOP_SAMPLES,
    FloatArray,
    cents_to_ratio,
    note_to_hz,
    ratio_to_cents,
    samples_to_frames,
)

VIBRATO_CENTS = 3.0
ONSET_DB = 40.0
OVERSAMPLING = 4


@dataclass(frozen=True)
class Measured:
    """What is measured of a note: `loudness_db` [frames], `f0_cents` [frames], `partials` [128]."""

    loudness_db: FloatArray
    f0_cents: FloatArray
    partials: FloatArray


def measure(samples: FloatArray, *, note: int) -> Measured:
    """Measure `samples` [samples] at 48 kHz of a note whose nominal MIDI number is `note`."""
    level_db = loudness_db(samples)
    nominal_hz = note_to_hz(float(note))
    orders = tracked_orders(nominal_hz)
    hz, power = instantaneous_hz(samples, f0_hz=nominal_hz, places=orders)
    anchored, static_cents = anchor(hz, power, f0_hz=nominal_hz)
    f0_hz = nominal_hz * cents_to_ratio(static_cents)
    rough = track_cents(hz, power, f0_hz=f0_hz, places=orders)
    onset = int(np.argmax(level_db > level_db.max() - ONSET_DB))
    steady = samples[onset * HOP_SAMPLES :][:SPECTRUM_SAMPLES]
    removed = rough if np.std(rough) > VIBRATO_CENTS else np.zeros_like(rough)
    if removed.any():
        steady = _without_vibrato(steady, removed[onset:])
    spectrum_db, bin_hz = sounding_spectrum_db(steady)
    partials = partial_offsets(spectrum_db, bin_hz, f0_hz)
    if anchored:
        f0_hz *= 1.0 + float(partials[anchored]) / anchored
        partials = partial_offsets(spectrum_db, bin_hz, f0_hz)
    places = orders + partials[1 : len(orders) + 1]
    hz, power = instantaneous_hz(samples, f0_hz=f0_hz, places=places)
    track = track_cents(hz, power, f0_hz=f0_hz, places=places)
    seen = slice(onset, onset + samples_to_frames(len(steady)))
    bias = np.average((track - removed)[seen], weights=power.sum(axis=1)[seen])
    cents = track - bias + ratio_to_cents(f0_hz / nominal_hz)
    return Measured(level_db, np.asarray(cents.clip(-CENTS_LIMIT, CENTS_LIMIT), np.float32), partials)


def _without_vibrato(samples: FloatArray, cents: FloatArray) -> FloatArray:
    """Play the note faster where it is flat and slower where it is sharp, so that its partials stand still."""
    at = np.arange(len(samples))
    ends = (np.arange(len(cents)) + 1) * HOP_SAMPLES
    speed = 1.0 / cents_to_ratio(np.interp(at, ends, cents.clip(-100.0, 100.0)))
    finer = np.fft.irfft(np.fft.rfft(samples), OVERSAMPLING * len(samples)) * OVERSAMPLING
    positions = OVERSAMPLING * (np.cumsum(speed) - speed[0])
    return np.asarray(np.interp(positions, np.arange(len(finer)), finer), np.float32)
