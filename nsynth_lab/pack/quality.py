"""How good a clip is: its level, pitch, clicks, loop and what sounds between its partials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.dsp.bandwidth import share_above_db
from nsynth_lab.dsp.loudness import loudness_db
from nsynth_lab.dsp.pitch import instantaneous_hz, track_cents
from nsynth_lab.units import SAMPLE_RATE, FloatArray, gain_to_db

LOOPED = "looped"
LOUD_DB = 30.0
CLICK_FACTOR, CLICK_SAMPLES, CLICK_NEAR = 8.0, 32, 12
CLICK_FLOOR = 10 ** (-70 / 20)
SPECTRUM_SAMPLES = 32_768
PARTIAL_BINS = 6  # half the width of a partial in the spectrum


@dataclass(frozen=True)
class Seam:
    """The result of looping a clip.

    Attributes:
        word: "looped", or why not.
        error_db: difference between the sound after the loop and after its start, before the seam is crossfaded.
        step_db: the same for the few samples around the seam, after crossfading.
    """

    word: str
    error_db: float | None = None
    step_db: float | None = None


@dataclass(frozen=True)
class Quality:
    """The measurements of one clip.

    Attributes:
        peak_db: peak level in dBFS.
        loudness_db: A-weighted level of the loudest half second.
        pitch_cents: mean deviation from the root key; None if the clip has no pitch.
        clicks: number of discontinuities.
        noise_db: level between the partials, relative to the whole; None if the clip is too short.
        above_20khz_db: power above 20 kHz, up to 24 kHz, relative to the whole.
        loop, loop_error_db, loop_step_db: see `Seam`.
    """

    peak_db: float
    loudness_db: float
    pitch_cents: float | None
    clicks: int
    noise_db: float | None
    above_20khz_db: float
    loop: str
    loop_error_db: float | None = None
    loop_step_db: float | None = None


def measure_clip(samples: FloatArray, seam: Seam, *, f0_hz: float, places: NDArray[np.float64], held: slice) -> Quality:
    """Measure `samples` [channels, samples] at 48 kHz; partials are expected at `places` [partials] times `f0_hz`.

    The pitch is measured over the frames `held`: those of the loop, if there is one.
    """
    mono = np.asarray(samples.mean(axis=0), np.float32)
    level = loudness_db(mono, f0_hz=f0_hz)
    half = min(len(level), round(0.5 * SAMPLE_RATE / 512))
    power = np.convolve(10.0 ** (level / 10.0), np.ones(half) / half, mode="valid")
    return Quality(
        peak_db=round(gain_to_db(float(np.abs(samples).max(initial=0.0))), 2),
        loudness_db=round(float(10.0 * np.log10(power.max())), 2),
        pitch_cents=_pitch_cents(mono, level, f0_hz, places, held),
        clicks=max(count_clicks(channel) for channel in samples),
        noise_db=_noise_db(mono, f0_hz, places),
        above_20khz_db=round(share_above_db(samples), 1),
        loop=seam.word,
        loop_error_db=_rounded(seam.error_db),
        loop_step_db=_rounded(seam.step_db),
    )


def count_clicks(samples: FloatArray) -> int:
    """Number of places where the second difference is 8 times that of the surroundings on both sides.

    >>> tone = np.sin(np.arange(4800) * 0.05).astype(np.float32)
    >>> count_clicks(tone), count_clicks(np.where(np.arange(4800) == 2400, tone + 0.2, tone).astype(np.float32))
    (0, 1)
    """
    bend = np.abs(np.diff(samples, 2))
    windows = bend[: len(bend) // CLICK_SAMPLES * CLICK_SAMPLES].reshape(-1, CLICK_SAMPLES).max(axis=1)
    if len(windows) < 2 * CLICK_NEAR + 3:
        return 0
    padded = np.pad(windows, CLICK_NEAR + 1, mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, CLICK_NEAR)
    before, after = view[: len(windows)].max(axis=1), view[CLICK_NEAR + 3 :][: len(windows)].max(axis=1)
    high = windows > np.maximum(CLICK_FACTOR * np.maximum(before, after), CLICK_FLOOR)
    return int(np.count_nonzero(high[1:] & ~high[:-1]) + high[0])


@cache
def _blackman() -> NDArray[np.float64]:
    return np.blackman(SPECTRUM_SAMPLES)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _pitch_cents(
    samples: FloatArray, level: FloatArray, f0_hz: float, places: NDArray[np.float64], held: slice
) -> float | None:
    loud = np.zeros(len(level), bool)
    loud[held] = level[held] > level.max() - LOUD_DB
    if not loud.any() or level.max() < -90.0:
        return None
    hz, power = instantaneous_hz(samples, f0_hz=f0_hz, places=places)
    track = track_cents(hz, power, f0_hz=f0_hz, places=places)
    return round(float(track[loud].mean()), 2)


def _noise_db(samples: FloatArray, f0_hz: float, places: NDArray[np.float64]) -> float | None:
    """Noise floor: median power between the tracked partials, spread over all bins, relative to all power there."""
    if len(samples) < SPECTRUM_SAMPLES:
        return None
    middle = (len(samples) - SPECTRUM_SAMPLES) // 2
    spectrum = np.abs(np.fft.rfft(samples[middle:][:SPECTRUM_SAMPLES] * _blackman())) ** 2
    bins = places * f0_hz * SPECTRUM_SAMPLES / SAMPLE_RATE
    inside = np.arange(len(spectrum)) < bins[-1] + 0.5 * bins[0]
    half = max(PARTIAL_BINS, 0.2 * float(bins[0]))
    near = np.zeros(len(spectrum), bool)
    for centre in bins:
        near[max(0, round(centre - half)) : round(centre + half)] = True
    between = spectrum[inside & ~near]
    total = float(spectrum[inside].sum())
    if not len(between) or total <= 0:
        return None
    return round(10.0 * float(np.log10(max(np.median(between) * np.count_nonzero(inside) / total, 1e-12))), 1)
