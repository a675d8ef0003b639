"""The outputs of the control net's stack -> amplitudes, magnitudes and gains, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nsynth_lab.compiled import compiled
from nsynth_lab.compiled.maths import exp
from nsynth_lab.compiled.noise import GAINS_PER_FRAME
from nsynth_lab.units import FloatArray, Ints

F = np.float32
MIN_WEIGHTED_POWER, LEAST_POWER = F(1e-12), F(1e-14)


class Tables(NamedTuple):
    """How the outputs are read.

    Attributes:
        order: [oscillators] their nominal frequencies as multiples of f0, first `halves` half orders (0.5, 1.5 ..).
        points, corrections, bands: how many outputs shape the spectrum, single partials and noise; gains follow.
        power_per_unit: natural logarithm of the power for an output of 1.
        loudest: natural logarithm of the highest power.
        warp_scale, warp_offset: from log(1 + hz / 700) to a fractional index among the points.
        audible_hz: partials from here on are silent; fades_per_hz: slope of the fade just below it.
        weighting: A-weighting of power every 10 Hz.
        low, share: for each noise bin, the band below it, and its fractional distance to the next band.
        noise_weighting: A-weighting of power for each bin.
        noise_audible: factor on each bin's amplitude.
        detail_columns, detail_shares: [outputs, 2] columns of a row of detail and the share of each that is added.
        knee_db, top_gain_db, quietest_db, db_per_unit: of the gains.
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
    detail_columns: Ints
    detail_shares: FloatArray
    knee_db: np.float32
    top_gain_db: np.float32
    quietest_db: np.float32
    db_per_unit: np.float32
    gain_per_db: np.float32


@compiled
def add_detail(tables: Tables, out: FloatArray, detail: FloatArray) -> None:
    """Add what `detail` [active, 129] says to the outputs [active, outputs]; nothing where it has no rows."""
    columns, shares = tables.detail_columns, tables.detail_shares
    for m in range(len(detail)):
        for o in range(len(columns)):
            out[m, o] += shares[o, 0] * detail[m, columns[o, 0]] + shares[o, 1] * detail[m, columns[o, 1]]


@compiled
def ratios_of(tables: Tables, offsets: FloatArray) -> FloatArray:
    """As `partial_ratios`, for all oscillators; `offsets` [active, 128] are those of the latents."""
    order, halves = tables.order, tables.halves
    ratios = np.empty((len(offsets), len(order)), np.float32)
    known = min(offsets.shape[1] - 1, len(order) - halves)
    for m in range(len(offsets)):
        for p in range(len(order)):
            ratios[m, p] = order[p]
        ratios[m, 0] += offsets[m, 0]
        for k in range(known):
            ratios[m, halves + k] += offsets[m, k + 1]
    return ratios


@compiled
def amplitudes_of(tables: Tables, out: FloatArray, f0_hz: FloatArray, ratios: FloatArray) -> FloatArray:
    """As `partial_amplitudes`, [active, oscillators]; 0 for all but one of those above `audible_hz`."""
    amplitudes = np.zeros(ratios.shape, np.float32)
    hz = np.empty(ratios.shape[1], np.float32)
    for m in range(len(f0_hz)):
        below_top = int(tables.audible_hz / max(f0_hz[m], F(1.0))) + tables.halves + 1
        count = min(max(below_top, 0), len(hz))
        for p in range(count):
            hz[p] = f0_hz[m] * ratios[m, p]
        _share_power(tables, out[m], hz[:count], amplitudes[m])
    return amplitudes


@compiled
def _share_power(tables: Tables, out: FloatArray, hz: FloatArray, power: FloatArray) -> None:
    """Amplitudes of the partials at `hz`, written to the beginning of `power`."""
    count = len(hz)
    for p in range(count):
        power[p] = _read_envelope(tables, out, hz[p])
    for p in range(min(count, tables.corrections)):
        power[p] += out[tables.points + p]
    weighted = MIN_WEIGHTED_POWER
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
    index = min(max(int(place), 0), tables.points - 2)  # a NaN may become any integer
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
    """As `noise_magnitudes`: [active, bins]."""
    count, bins = len(out), len(tables.low)
    power = np.empty((count, bins), np.float32)
    for m in range(count):
        bands = out[m, tables.points + tables.corrections : tables.points + tables.corrections + tables.bands]
        for i in range(bins):
            low = bands[tables.low[i]]
            power[m, i] = (low + tables.share[i] * (bands[tables.low[i] + 1] - low)) * tables.power_per_unit
        weighted = MIN_WEIGHTED_POWER
        for i in range(bins):
            power[m, i] = exp(min(max(power[m, i], -tables.loudest), tables.loudest))
        for i in range(bins):
            weighted += power[m, i] * tables.noise_weighting[i]
        for i in range(bins):
            power[m, i] = np.sqrt(power[m, i] / weighted + LEAST_POWER) * tables.noise_audible[i]
    return power


@compiled
def gains_of(tables: Tables, out: FloatArray, level_db: FloatArray) -> FloatArray:
    """As `controls._gain` of partials and noise: amplitude factors [active, 8]."""
    first = tables.points + tables.corrections + tables.bands
    gains = np.empty((len(out), 2 * GAINS_PER_FRAME), np.float32)
    for m in range(len(out)):
        for i in range(gains.shape[1]):
            knees = out[m, first + i] * tables.db_per_unit / tables.knee_db
            soft = max(knees, F(0.0)) + F(math.log1p(exp(-abs(knees))))
            db = level_db[m] + tables.top_gain_db - tables.knee_db * soft
            gains[m, i] = exp(max(db, tables.quietest_db) * tables.gain_per_db)
    return gains
