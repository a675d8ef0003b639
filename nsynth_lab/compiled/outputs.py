"""What the control net's stack gives -> amplitudes, magnitudes and gains, for compiled loops."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.maths import exp
from nsynth_lab.compiled.noise import GAINS_PER_FRAME
from nsynth_lab.units import FloatArray, Ints

F = np.float32
LEAST_WEIGHTED, LEAST_POWER = F(1e-12), F(1e-14)


class Tables(NamedTuple):
    """What the outputs mean.

    Attributes:
        order: of the oscillators, in units of f0 [oscillators], of which `halves` come first.
        points, corrections, bands: how many of each the outputs begin with; gains follow.
        power_per_unit: natural logarithm of power that an output of 1 is.
        loudest: logarithm of power that nothing exceeds.
        warp_scale, warp_offset: log(1 + hz / 700) to a place among the points.
        audible_hz, fades_per_hz: partials from here on are silent; how fast those just below it fade.
        weighting: A-weighting of power every 10 Hz.
        low, share: of each bin of noise, the band below it and how far it lies towards the next.
        noise_weighting: of each bin.
        noise_audible: factor on each bin's amplitude.
        knee, top_gain_db, quietest_db, db_per_unit: of the gains.
    """

    order: FloatArray
    halves: int
    points: int
    corrections: int
    bands: int
    power_per_unit: np.float32
    loudest: np.float32
    warp_scale: np.float32
    warp_offset: np.float32
    audible_hz: np.float32
    fades_per_hz: np.float32
    weighting: FloatArray
    low: Ints
    share: FloatArray
    noise_weighting: FloatArray
    noise_audible: FloatArray
    knee_db: np.float32
    top_gain_db: np.float32
    quietest_db: np.float32
    db_per_unit: np.float32
    gain_per_db: np.float32


@compiled
def places_of(tables: Tables, slots: FloatArray) -> FloatArray:
    """As `partial_places`, of all oscillators: `slots` [due, slots] are offsets."""
    order, halves = tables.order, tables.halves
    places = np.empty((len(slots), len(order)), np.float32)
    known = min(slots.shape[1] - 1, len(order) - halves)
    for m in range(len(slots)):
        for p in range(len(order)):
            places[m, p] = order[p]
        places[m, 0] += slots[m, 0]
        for k in range(known):
            places[m, halves + k] += slots[m, k + 1]
    return places


@compiled
def amplitudes_of(tables: Tables, out: FloatArray, f0_hz: FloatArray, places: FloatArray) -> FloatArray:
    """As `partial_amplitudes`, [due, oscillators]: those that lie below the top, and the next; the others are 0."""
    amplitudes = np.zeros(places.shape, np.float32)
    hz = np.empty(places.shape[1], np.float32)
    for m in range(len(f0_hz)):
        below_top = int(tables.audible_hz / max(f0_hz[m], F(1.0))) + tables.halves + 1
        count = min(max(below_top, 0), len(hz))
        for p in range(count):
            hz[p] = f0_hz[m] * places[m, p]
        _share_power(tables, out[m], hz[:count], amplitudes[m])
    return amplitudes


@compiled
def _share_power(tables: Tables, out: FloatArray, hz: FloatArray, power: FloatArray) -> None:
    """Into the first of `power`: the amplitudes of partials at these frequencies."""
    count = len(hz)
    for p in range(count):
        power[p] = _read_envelope(tables, out, hz[p])
    for p in range(min(count, tables.corrections)):
        power[p] += out[tables.points + p]
    weighted = LEAST_WEIGHTED
    for p in range(count):
        scaled = exp(min(max(power[p] * tables.power_per_unit, -tables.loudest), tables.loudest))
        heard = min(max((tables.audible_hz - hz[p]) * tables.fades_per_hz, F(0.0)), F(1.0))
        power[p] = scaled * heard * heard
    for p in range(count):
        weighted += power[p] * _weight(tables.weighting, hz[p])
    for p in range(count):
        power[p] = np.sqrt(power[p] * (F(2.0) / weighted) + LEAST_POWER)


@compiled
def _read_envelope(tables: Tables, out: FloatArray, hz: np.float32) -> np.float32:
    place = F(math.log(hz * F(1.0 / 700.0) + F(1.0))) * tables.warp_scale - tables.warp_offset
    place = min(max(place, F(0.0)), F(tables.points - 1))
    index = min(max(int(place), 0), tables.points - 2)  # whatever a NaN becomes
    power: np.float32 = out[index] + (place - F(index)) * (out[index + 1] - out[index])
    return power


@compiled
def _weight(table: FloatArray, hz: np.float32) -> np.float32:
    """A-weighting of power at a frequency."""
    place = min(max(hz * F(0.1), F(0.0)), F(len(table) - 2))
    index = min(max(int(place), 0), len(table) - 2)
    weight: np.float32 = table[index] + (place - F(index)) * (table[index + 1] - table[index])
    return weight


@compiled
def magnitudes_of(tables: Tables, out: FloatArray) -> FloatArray:
    """As `noise_magnitudes`: [due, bins]."""
    due, bins = len(out), len(tables.low)
    power = np.empty((due, bins), np.float32)
    for m in range(due):
        bands = out[m, tables.points + tables.corrections : tables.points + tables.corrections + tables.bands]
        for i in range(bins):
            low = bands[tables.low[i]]
            power[m, i] = (low + tables.share[i] * (bands[tables.low[i] + 1] - low)) * tables.power_per_unit
        weighted = LEAST_WEIGHTED
        for i in range(bins):
            power[m, i] = exp(min(max(power[m, i], -tables.loudest), tables.loudest))
        for i in range(bins):
            weighted += power[m, i] * tables.noise_weighting[i]
        for i in range(bins):
            power[m, i] = np.sqrt(power[m, i] / weighted + LEAST_POWER) * tables.noise_audible[i]
    return power


@compiled
def gains_of(tables: Tables, out: FloatArray, level_db: FloatArray) -> FloatArray:
    """As `controls._gain` of partials and noise: amplitude factors [due, 8]."""
    first = tables.points + tables.corrections + tables.bands
    gains = np.empty((len(out), 2 * GAINS_PER_FRAME), np.float32)
    for m in range(len(out)):
        for i in range(gains.shape[1]):
            knees = out[m, first + i] * tables.db_per_unit / tables.knee_db
            soft = max(knees, F(0.0)) + F(math.log1p(exp(-abs(knees))))
            db = level_db[m] + tables.top_gain_db - tables.knee_db * soft
            gains[m, i] = exp(max(db, tables.quietest_db) * tables.gain_per_db)
    return gains
