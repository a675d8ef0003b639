"""measure_unpitched(samples): noise and resonances of a sound without a pitch, as rows of `nsynth_lab.unpitched`.

    sound --> resonances --> their levels and frequencies
                 |
                rest ------> levels of 64 bands every 5 ms --> played, measured again, corrected
                                                                  |
    sound --------------------------------------------------------+--> contour: what sounds before the onset

A band's filter rings before an onset, and a level takes 5 ms to rise; the contour says, every 1.3 ms, how much less
there is until the sound has risen.
"""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.noise_carriers import band_bins
from nsynth_lab.dsp.resonances import Resonances, at_steps, find_resonances
from nsynth_lab.dsp.unpitched_renderer import UnpitchedVoices
from nsynth_lab.units import SAMPLE_RATE, Doubles, FloatArray, hz_to_note
from nsynth_lab.unpitched import (
    BANDS,
    CONTOUR,
    DIMS,
    HIGHEST_NOTE,
    LEVELS,
    LOWEST_DB,
    NOISE,
    NOTES,
    PIECE_SAMPLES,
    PIECES,
    PITCHED,
    RESONANCES,
    STEP_SAMPLES,
    STEPS,
    TRACK,
    centres_hz,
    from_stored,
    limited,
    stored,
)

BEATS, LONGEST_WINDOW = 0.8, 2048
REACH = 8192  # samples of silence around the sound, in which filters ring
QUIETEST = 1e-14
COARSEST = STEP_SAMPLES // 2  # samples between values of a band's envelope
CORRECTIONS, CORRECTED = 2, 0.5
MOST_CORRECTED = 6.0  # dB
MEASURED_AT = 97  # where the noise begins that is measured again; any other place sounds as well
RISEN_SHARE = 0.25  # of the highest power: here a sound has risen
LEAST_DB, LOWEST_CONTOUR_DB = 3.0, -60.0


def measure_unpitched(samples: FloatArray, loudness_db: FloatArray, *, track: float = 0.0) -> FloatArray:
    """Rows [frames, 162] of `samples` [frames * 512] at 48 kHz, whose level is `loudness_db` [frames].

    They are as precise as files store them. `track` is how far they are to follow the keys, 0 to 1.
    """
    found = find_resonances(samples)
    wanted = _within_sound(band_powers(found.rest), samples)
    rows = _rows(found, samples, loudness_db)
    rows[:, TRACK] = track
    powers = wanted.copy()
    for _ in range(CORRECTIONS):
        came = band_powers(_played(_with_noise(rows, powers, loudness_db), loudness_db, tones=False))
        off = 10.0 * np.log10((wanted + QUIETEST) / (came + QUIETEST))
        powers *= 10.0 ** (CORRECTED * off.clip(-MOST_CORRECTED, MOST_CORRECTED) / 10.0)
    rows = _with_noise(rows, powers, loudness_db)
    rows[:, CONTOUR] = _contour_db(samples, _played(rows, loudness_db))
    return from_stored(*stored(rows))


def band_powers(samples: FloatArray) -> Doubles:
    """Power [frames * 2, 64] of the bands of `samples` [frames * 512], around every half frame's end."""
    length = 1 << int(np.ceil(np.log2(len(samples) + 2 * REACH)))
    spectrum = np.fft.rfft(np.pad(samples, (REACH, length - len(samples) - REACH)))
    steps = len(samples) // STEP_SAMPLES
    out = np.empty((steps, BANDS))
    for band, (first, shape) in enumerate(band_bins(length)):
        bins = 2.0 * spectrum[first : first + len(shape)] * shape
        size = max(1 << int(np.ceil(np.log2(2 * len(bins)))), length // COARSEST)
        spacing = length // size
        power = np.abs(np.fft.ifft(bins, size)) ** 2 / (2.0 * spacing**2)
        inside = power[REACH // spacing :][: len(samples) // spacing]
        window = _window_samples(band) // spacing
        out[:, band] = at_steps(np.asarray(inside), STEP_SAMPLES // spacing, window)
    return out


def _window_samples(band: int) -> int:
    """How long a level is averaged: 10 ms, or longer for a narrow band, whose noise is not steady within its period.

    A gain that follows each of its beats would spread it over its neighbours.
    """
    centres = centres_hz()
    width_hz = float(np.gradient(centres)[band])
    wanted = round(BEATS * SAMPLE_RATE / width_hz / STEP_SAMPLES) * STEP_SAMPLES
    return min(max(2 * STEP_SAMPLES, wanted), LONGEST_WINDOW)


def _within_sound(powers: Doubles, samples: FloatArray) -> Doubles:
    """`powers` [steps, bands] no higher in all than the power that sounds just then."""
    heard = at_steps(np.square(samples, dtype=np.float64), STEP_SAMPLES, 2 * STEP_SAMPLES)
    share = np.minimum(heard / np.maximum(powers.sum(axis=1), QUIETEST), 1.0)
    return np.asarray(powers * share[:, None])


def _rows(found: Resonances, samples: FloatArray, loudness_db: FloatArray) -> FloatArray:
    """Rows with the resonances alone."""
    frames, count = len(loudness_db), len(found.hz)
    rows = np.zeros((frames, DIMS), np.float32)
    rows[:, : LEVELS.stop] = LOWEST_DB
    rows[:, CONTOUR] = 0.0
    rows[:, NOTES] = HIGHEST_NOTE
    rows[:, PITCHED] = 0.0
    if count:
        powers = _within_sound(found.power.T, samples)
        levels = np.full((frames, STEPS, RESONANCES), LOWEST_DB)
        levels[..., :count] = _relative_db(powers, loudness_db).reshape(frames, STEPS, count)
        rows[:, LEVELS] = levels.reshape(frames, -1)
        notes = np.vectorize(hz_to_note)(np.maximum(found.hz, 10.0)).T
        rows[:, NOTES] = notes[:, -1:]  # of slots that are not used: beside the highest
        rows[:, NOTES.start : NOTES.start + count] = notes
    return rows


def _with_noise(rows: FloatArray, powers: Doubles, loudness_db: FloatArray) -> FloatArray:
    out = rows.copy()
    out[:, NOISE] = _relative_db(powers, loudness_db).reshape(len(rows), -1)
    return limited(out)


def _relative_db(powers: Doubles, loudness_db: FloatArray) -> Doubles:
    """Levels of `powers` [frames * 2, n] relative to the level of their frame."""
    return np.asarray(10.0 * np.log10(np.maximum(powers, QUIETEST)) - np.repeat(loudness_db, STEPS)[:, None])


def _played(rows: FloatArray, loudness_db: FloatArray, *, tones: bool = True) -> FloatArray:
    """What these rows sound like, [frames * 512]."""
    own = rows if tones else rows.copy()
    if not tones:
        own[:, LEVELS] = LOWEST_DB
    return play(own, loudness_db, place=MEASURED_AT)


def play(rows: FloatArray, loudness_db: FloatArray, *, place: int) -> FloatArray:
    """The unpitched part of one sound, [frames * 512]; its noise begins at `place` of its tables, in frames."""
    voices = UnpitchedVoices(1)
    voices.reset([0], [place])
    return voices.frames(0, rows, loudness_db)


def _contour_db(samples: FloatArray, played: FloatArray) -> FloatArray:
    """Gains in dB [frames, 8] that keep `played` from rising before `samples` do, both [frames * 512]."""
    rises = []
    for sound in (samples, played):
        power = at_steps(np.square(sound, dtype=np.float64), PIECE_SAMPLES, 2 * PIECE_SAMPLES)
        rises.append(np.maximum.accumulate(power))
    wanted, came = rises
    risen = int(np.argmax(wanted >= RISEN_SHARE * wanted[-1]))
    less = 10.0 * np.log10((wanted + QUIETEST) / (came + QUIETEST))
    less[risen + 1 :] = 0.0
    return np.asarray(np.where(less < -LEAST_DB, less.clip(LOWEST_CONTOUR_DB, 0.0), 0.0), np.float32).reshape(
        -1, PIECES
    )
