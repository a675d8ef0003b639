"""The measured streams of a note: loudness, deviation of f0, frequencies of the partials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.partials import SPECTRUM_SAMPLES, anchors, partial_offsets, sounding_spectrum_db
from nsynth_lab.dsp.pitch import instantaneous_hz, track_cents, tracked_orders
from nsynth_lab.latents import CENTS_LIMIT
from nsynth_lab.units import (
    HOP_SAMPLES,
    Doubles,
    FloatArray,
    cents_to_ratio,
    note_to_hz,
    ratio_to_cents,
    samples_to_frames,
)

VIBRATO_CENTS = 3.0
ONSET_DB = 40.0
OVERSAMPLING = 4

Spectrum = tuple[Doubles, float]  # of `sounding_spectrum_db`


@dataclass(frozen=True)
class Measured:
    """The measured streams: `loudness_db` [frames], `f0_cents` [frames], `partials` [128]; as in `latents`."""

    loudness_db: FloatArray
    f0_cents: FloatArray
    partials: FloatArray


def measure(samples: FloatArray, *, note: int) -> Measured:
    """Measure `samples` [samples] at 48 kHz of a note whose nominal MIDI number is `note`."""
    nominal_hz = note_to_hz(float(note))
    level_db = loudness_db(samples, f0_hz=nominal_hz)
    onset = int(np.argmax(level_db > level_db.max() - ONSET_DB))
    steady = samples[onset * HOP_SAMPLES :][:SPECTRUM_SAMPLES]
    seen = slice(onset, onset + samples_to_frames(len(steady)))
    spectrum = sounding_spectrum_db(steady)
    vibrato = _vibrato(samples, spectrum, nominal_hz, seen)
    if vibrato.any():
        spectrum = sounding_spectrum_db(_without_vibrato(steady, vibrato[seen]))
    f0_hz, partials = _places(spectrum, nominal_hz)
    orders = tracked_orders(f0_hz)
    places = orders + partials[1 : len(orders) + 1]
    hz, power = instantaneous_hz(samples, f0_hz=f0_hz, places=places, spacing=_spacing(partials))
    track = track_cents(hz, power, f0_hz=f0_hz, places=places)
    bias = np.average((track - vibrato)[seen], weights=power.sum(axis=1)[seen])
    cents = track - bias + ratio_to_cents(f0_hz / nominal_hz)
    return Measured(level_db, np.asarray(cents.clip(-CENTS_LIMIT, CENTS_LIMIT), np.float32), partials)


def _vibrato(samples: FloatArray, spectrum: Spectrum, f0_hz: float, seen: slice) -> FloatArray:
    """Deviation of the strongest partial from its mean, [frames] in cents; zeros if there is no vibrato."""
    spectrum_db, bin_hz = spectrum
    near = anchors(spectrum_db, bin_hz, f0_hz, count=len(tracked_orders(f0_hz)))
    frames = samples_to_frames(len(samples))
    if not near:
        return np.zeros(frames, np.float32)
    place = np.array([float(max(near, key=lambda one: one.level_db).order)])
    spacing = _spacing(partial_offsets(spectrum_db, bin_hz, f0_hz, slots=1))
    for _ in range(2):  # the second time exactly at the partial's frequency, where its neighbours cancel
        hz, power = instantaneous_hz(samples, f0_hz=f0_hz, places=place, spacing=spacing)
        track = track_cents(hz, power, f0_hz=f0_hz, places=place)
        weights = power[seen, 0]
        mean = float(np.average(track[seen], weights=weights))
        f0_hz *= cents_to_ratio(mean)
    moved = track - mean
    still = np.sqrt(np.average(moved[seen] ** 2, weights=weights)) < VIBRATO_CENTS
    return np.zeros(frames, np.float32) if still else np.asarray(moved, np.float32)


def _places(spectrum: Spectrum, f0_hz: float) -> tuple[float, FloatArray]:
    """f0 in Hz, corrected by its lowest strong partial, and the offsets [128] of all partials from its multiples."""
    spectrum_db, bin_hz = spectrum
    near = anchors(spectrum_db, bin_hz, f0_hz, count=len(tracked_orders(f0_hz)))
    if near:
        f0_hz *= cents_to_ratio(near[0].cents)
    return f0_hz, partial_offsets(spectrum_db, bin_hz, f0_hz)


def _spacing(partials: FloatArray) -> float:
    """Distance between partials in units of f0: 0.5 if a rank sounds an octave below."""
    return 0.5 if partials[0] else 1.0


def _without_vibrato(samples: FloatArray, cents: FloatArray) -> FloatArray:
    """Resample the note with varying speed so that its pitch, and so its partials, stay constant."""
    at = np.arange(len(samples))
    ends = (np.arange(len(cents)) + 1) * HOP_SAMPLES
    speed = 1.0 / cents_to_ratio(np.interp(at, ends, cents.clip(-100.0, 100.0)))
    finer = np.fft.irfft(np.fft.rfft(samples), OVERSAMPLING * len(samples)) * OVERSAMPLING
    positions = OVERSAMPLING * (np.cumsum(speed) - speed[0])
    return np.asarray(np.interp(positions, np.arange(len(finer)), finer), np.float32)
