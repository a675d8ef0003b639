"""The free resonances of a drum, a bell or a cymbal: up to eight damped sines, wherever they are.

Peaks that stand out of the spectrum of the sound's first half second are followed, each in a band of its own: its level
and its frequency, which falls in a bass drum. What remains is noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import HOP_SAMPLES, SAMPLE_RATE, Doubles, FloatArray
from nsynth_lab.unpitched import RESONANCES, STEP_SAMPLES

SPECTRUM_SAMPLES, FFT_SAMPLES = 24_000, 1 << 17
BIN_HZ = SAMPLE_RATE / FFT_SAMPLES
ONSET_SHARE = 0.1  # of the highest amplitude
RANGE_DB, PROMINENT_DB = 50.0, 18.0
LOWEST_HZ, HIGHEST_HZ = 25.0, 16_000.0
BODY_HZ, BODY_RANGE_DB, BODY_PROMINENT_DB = 300.0, 25.0, 14.0  # the body of a drum: lower, wider, gliding
NEAREST_HZ = 25.0
APART = 2.5  # bands of neighbours reach this share of their distance
MOST_PEAKS = 400


@dataclass(frozen=True)
class Resonances:
    """Resonances of a sound, lowest first.

    Attributes:
        power: [resonances, frames * 2] mean square at every half frame, from the first half on.
        hz: [resonances, frames] at the end of every frame.
        rest: [samples] the sound without them.
    """

    power: Doubles
    hz: Doubles
    rest: FloatArray


def find_resonances(samples: FloatArray) -> Resonances:
    """The resonances of `samples` [frames * 512] at 48 kHz, at most eight."""
    places = peaks_hz(samples)
    rest = np.asarray(samples, np.float64).copy()
    powers, tracks = [], []
    for place in places:
        nearest = min((abs(place - other) for other in places if other != place), default=np.inf)
        width = min(max(0.03 * place, 15.0), 80.0) if place > BODY_HZ else max(0.3 * place, 15.0)
        width = min(width, nearest / APART)
        wave = _analytic(rest, place, width)
        rest -= wave.real
        power = np.abs(wave) ** 2 / 2.0
        powers.append(at_steps(power, STEP_SAMPLES, 2 * STEP_SAMPLES))
        turning = np.angle(np.concatenate([wave[:1], wave[:-1]]).conj() * wave) * (SAMPLE_RATE / (2.0 * np.pi))
        weight = at_steps(power, HOP_SAMPLES, 2 * HOP_SAMPLES)
        mean = at_steps(turning * power, HOP_SAMPLES, 2 * HOP_SAMPLES) / np.maximum(weight, 1e-20)
        heard = weight > 1e-7 * weight.max()
        tracks.append(np.where(heard, mean.clip(place - 2.0 * width, place + 2.0 * width), place))
    frames = len(samples) // HOP_SAMPLES
    shape = (len(places), frames)
    power = np.array(powers).reshape(shape[0], 2 * frames)
    return Resonances(power, np.array(tracks).reshape(shape), rest.astype(np.float32))


def peaks_hz(samples: FloatArray) -> list[float]:
    """Frequencies of the peaks, ascending: eight at most, or none.

    A peak stands 18 dB above the median around it; one below 300 Hz, the body of a drum, 14 dB.
    """
    onset = int(np.argmax(np.abs(samples) > ONSET_SHARE * np.abs(samples).max()))
    part = np.asarray(samples[onset : onset + SPECTRUM_SAMPLES], np.float64)
    fading = np.hanning(2 * len(part) + 1)[len(part) : -1]
    level = 20.0 * np.log10(np.abs(np.fft.rfft(part * fading, FFT_SAMPLES)) + 1e-9)
    low, high = round(LOWEST_HZ / BIN_HZ), round(HIGHEST_HZ / BIN_HZ)
    inside = level[low:high]
    top = float(inside.max())
    peak = np.flatnonzero((inside[1:-1] > inside[:-2]) & (inside[1:-1] >= inside[2:])) + 1 + low
    loudest = peak[np.argsort(-level[peak], kind="stable")][:MOST_PEAKS]
    resolution_hz = 2.0 * SAMPLE_RATE / max(len(part), 1)
    found: list[float] = []
    for place in loudest.tolist():
        hz, is_body = place * BIN_HZ, place * BIN_HZ < BODY_HZ
        if level[place] < top - (BODY_RANGE_DB if is_body else RANGE_DB):
            continue
        half = max(0.15 * hz, 6.0 * resolution_hz, BODY_HZ if is_body else 60.0)
        around = level[round(max(hz - half, 0.0) / BIN_HZ) : round((hz + half) / BIN_HZ)]
        stands_out = level[place] - np.median(around) >= (BODY_PROMINENT_DB if is_body else PROMINENT_DB)
        nearest = min((abs(hz - other) for other in found), default=np.inf)
        if stands_out and nearest > max(NEAREST_HZ, resolution_hz, 0.25 * hz if is_body else 0.0):
            found.append(hz)
        if len(found) == RESONANCES:
            break
    return sorted(found)


def at_steps(values: Doubles, step: int, window: int) -> Doubles:
    """Means of `values` [samples] under Hann windows of `window` samples around the end of every `step` samples."""
    weights = np.hanning(window + 2)[1:-1]
    padded = np.pad(values, (window // 2 - step, window // 2)) if window // 2 >= step else np.pad(values, window // 2)
    views = np.lib.stride_tricks.sliding_window_view(padded, window)
    first = 0 if window // 2 >= step else step
    return np.asarray(views[first::step][: len(values) // step] @ (weights / weights.sum()))


def _analytic(samples: Doubles, hz: float, width_hz: float) -> NDArray[np.complex128]:
    """The analytic signal [samples] of what lies around `hz` in a Gaussian band."""
    reach = 8192
    length = 1 << int(np.ceil(np.log2(len(samples) + 2 * reach)))
    spectrum = np.fft.rfft(np.pad(samples, (reach, length - len(samples) - reach)))
    bins = np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE)
    whole = np.zeros(length, np.complex128)
    whole[: len(spectrum)] = 2.0 * spectrum * np.exp(-0.5 * ((bins - hz) / width_hz) ** 2)
    return np.asarray(np.fft.ifft(whole)[reach : reach + len(samples)])
