"""The part of a sound that has no pitch, frame by frame: bands of noise and free resonances, measured like the level.

    row [162] = noise_db [2, 64]       levels of 64 bands at the middle and at the end of the frame
                contour_db [8]         gain of noise and resonances at the end of each eighth of the frame, at most 0
                resonance_db [2, 8]    levels of eight sines at the middle and at the end of the frame
                resonance_note [8]     their frequencies at its end, as fractional MIDI note numbers
                pitched [1]            0 to 1, noise against tone, which the network plays: see `tone_share`
                track [1]              0 to 1, how far noise and resonances follow the keys

Levels are in dB relative to the frame's `loudness_db`, so whatever makes a note louder makes them louder, and they are
those of the whole sound if `pitched` were 0: of their power, what `tone_share` leaves sounds. Frequencies are on a
logarithmic scale. So the mean of two rows, column by column, is the row of the sound in between. Resonances are in
order of their frequency: that of one sound goes over into its neighbour of another. One that is not there is at
`LOWEST_DB` and fades.

Latents of a sound that has a pitch have no rows; they count as `pitched` 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import HOP_SAMPLES, Doubles, FloatArray

BANDS, STEPS, PIECES, RESONANCES = 64, 2, 8, 8
STEP_SAMPLES, PIECE_SAMPLES = HOP_SAMPLES // STEPS, HOP_SAMPLES // PIECES
NOISE = slice(0, STEPS * BANDS)
CONTOUR = slice(NOISE.stop, NOISE.stop + PIECES)
LEVELS = slice(CONTOUR.stop, CONTOUR.stop + STEPS * RESONANCES)
NOTES = slice(LEVELS.stop, LEVELS.stop + RESONANCES)
PITCHED, TRACK = NOTES.stop, NOTES.stop + 1
DIMS = TRACK + 1

LOWEST_DB, DB_STEP = -83.5, 0.5  # of 8-bit levels: up to 44 dB, since a bass drum's A-weighted level is so far below
HIGHEST_DB = LOWEST_DB + 255 * DB_STEP
HIGHEST_NOTE, STEPS_PER_SEMITONE = 140.0, 256
LOWEST_HZ, HIGHEST_HZ = 25.0, 21_500.0  # centres of the lowest and the highest band
ERB_PER_DECADE, ERB_HZ = 21.4, 0.00437  # Glasberg and Moore (1990)

TENSORS = ("unpitched_levels", "unpitched_notes")  # names in files of what `stored` gives
BALANCE_DB = 40.0  # tone over noise near `pitched` 1

Stored = tuple[NDArray[np.uint8], NDArray[np.uint16]]


def erb(hz: Doubles) -> Doubles:
    """Frequencies on the ERB-rate scale, on which the bands are equally wide (Glasberg and Moore 1990)."""
    return np.asarray(ERB_PER_DECADE * np.log10(1.0 + ERB_HZ * hz))


def band_of(hz: Doubles) -> Doubles:
    """The fractional number of the band at each frequency; below 0 and above 63 beyond the outermost centres."""
    low, high = erb(np.array([LOWEST_HZ, HIGHEST_HZ]))
    return np.asarray((erb(hz) - low) / (high - low) * (BANDS - 1))


def centres_hz() -> Doubles:
    """Centre of each band, [64]."""
    low, high = erb(np.array([LOWEST_HZ, HIGHEST_HZ]))
    return np.asarray((10.0 ** (np.linspace(low, high, BANDS) / ERB_PER_DECADE) - 1.0) / ERB_HZ)


def tone_share(pitched: FloatArray | Doubles) -> Doubles:
    """The share of the power that the tone has, 0 to 1, for each of `pitched`.

    The ratio of tone to noise moves in dB from -40 to 40, since a hiss 20 dB below a tone is still heard: a half
    is half tone, half noise; 0 is noise alone, 1 tone alone.

    >>> tone_share(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    x = np.asarray(pitched, np.float64)
    share = 1.0 / (1.0 + 10.0 ** (BALANCE_DB * (1.0 - 2.0 * x) / 10.0))
    least = 1.0 / (1.0 + 10.0 ** (BALANCE_DB / 10.0))
    return np.asarray(((share - least) / (1.0 - 2.0 * least)).clip(0.0, 1.0))


def pitched_of(share: Doubles) -> Doubles:
    """The `pitched` at which the tone has that share of the power: the inverse of `tone_share`."""
    least = 1.0 / (1.0 + 10.0 ** (BALANCE_DB / 10.0))
    own = (share.clip(0.0, 1.0) * (1.0 - 2.0 * least) + least).clip(least, 1.0 - least)
    return np.asarray(0.5 + 10.0 * np.log10(own / (1.0 - own)) / (2.0 * BALANCE_DB))


def between(pitched: Doubles, level_db: Doubles, each: Doubles, each_db: Doubles, weights: Doubles) -> Doubles:
    """`pitched` [frames] of a blend in which neither noise nor tone is louder than in the loudest of its sounds.

    Where a drum has died away and the other sound has not, the level half-way is far above the drum's. Half of it would
    be noise that neither has there: then the noise stays at the drum's, and the rest is tone. So it is the other way
    round where a tone has not begun.

    Args:
        pitched: [frames] the mean of the sounds.
        level_db: [frames] of the blend.
        each: [frames, sounds] `pitched` of each sound.
        each_db: [frames, sounds] its level.
        weights: [frames, sounds]; those without any do not count.
    """
    power = 10.0 ** (level_db / 10.0)
    counted = np.where(weights > 0, 10.0 ** (each_db / 10.0), 0.0)
    shares = tone_share(each)
    most_tone, most_noise = (counted * shares).max(axis=1), (counted * (1.0 - shares)).max(axis=1)
    share = tone_share(pitched)
    least = np.minimum(1.0 - most_noise / power, 1.0)
    most = np.maximum(most_tone / power, least)
    changed = (share < least) | (share > most)
    return np.where(changed, pitched_of(np.clip(share, least, most)), pitched)


def power_db(rows: FloatArray, loudness_db: FloatArray) -> Doubles:
    """Level in dB of the unpitched part of each frame, without A-weighting: rows [frames, 162], levels [frames]."""
    levels = np.concatenate([rows[:, NOISE], rows[:, LEVELS]], axis=1).astype(np.float64)
    power = np.where(levels > LOWEST_DB, 10.0 ** (levels / 10.0), 0.0).sum(axis=1) / STEPS
    share = np.maximum(power * (1.0 - tone_share(rows[:, PITCHED])), 1e-12)
    return np.asarray(10.0 * np.log10(share) + loudness_db)


def limited(rows: FloatArray) -> FloatArray:
    """`rows` [frames, 162] with each column within its range."""
    out = np.asarray(rows, np.float32).copy()
    out[:, : LEVELS.stop] = out[:, : LEVELS.stop].clip(LOWEST_DB, HIGHEST_DB)
    out[:, CONTOUR] = out[:, CONTOUR].clip(None, 0.0)
    out[:, NOTES] = out[:, NOTES].clip(0.0, HIGHEST_NOTE)
    out[:, PITCHED:] = out[:, PITCHED:].clip(0.0, 1.0)
    return out


def stored(rows: FloatArray) -> Stored:
    """`rows` [frames, 162] as 8-bit numbers [frames, 154] and note numbers of 16 bits [frames, 8], for files."""
    whole = limited(rows)
    levels = (whole[:, : LEVELS.stop] - LOWEST_DB) / DB_STEP
    shares = 255.0 * whole[:, PITCHED:]
    small = np.concatenate([levels, shares], axis=1).round().astype(np.uint8)
    return small, (whole[:, NOTES] * STEPS_PER_SEMITONE).round().astype(np.uint16)


def from_stored(small: NDArray[np.uint8], notes: NDArray[np.uint16]) -> FloatArray:
    """The rows [frames, 162] of what `stored` gave, each within its range whatever the numbers are.

    Raises:
        ValueError: other types or shapes.
    """
    frames = len(small)
    came = (small.dtype, small.shape, notes.dtype, notes.shape)
    expected = (np.dtype(np.uint8), (frames, DIMS - RESONANCES), np.dtype(np.uint16), (frames, RESONANCES))
    if came != expected:
        raise ValueError(f"rows of noise are {came}, expected {expected}")
    rows = np.empty((frames, DIMS), np.float32)
    rows[:, : LEVELS.stop] = LOWEST_DB + DB_STEP * small[:, : LEVELS.stop].astype(np.float32)
    rows[:, NOTES] = notes.astype(np.float32) / STEPS_PER_SEMITONE
    rows[:, PITCHED:] = small[:, LEVELS.stop :].astype(np.float32) / 255.0
    return limited(rows)


def moved(rows: FloatArray, semitones: Doubles | float) -> FloatArray:
    """`rows` [frames, 162] with noise and resonances `semitones` [frames] higher, whatever `track` says."""
    every = np.broadcast_to(np.asarray(semitones, np.float64), len(rows))
    if not every.any():
        return rows
    out = rows.copy()
    out[:, NOTES] += every[:, None].astype(np.float32)
    centres, lanes = centres_hz(), np.arange(float(BANDS))
    for frame in np.flatnonzero(every).tolist():
        origin = band_of(centres * 2.0 ** (-every[frame] / 12.0))
        for step in range(STEPS):
            own = rows[frame, step * BANDS : (step + 1) * BANDS]
            out[frame, step * BANDS : (step + 1) * BANDS] = np.interp(
                origin, lanes, own, left=LOWEST_DB, right=LOWEST_DB
            )
    return limited(out)


def mean_rows(
    rows: Sequence[FloatArray | None],
    weights: NDArray[np.float64],
    *,
    levels_db: Sequence[FloatArray],
    level_db: FloatArray,
) -> FloatArray | None:
    """The rows between sounds; None if nobody has any.

    Their spectrum is the mean over those that have one; how much of it sounds, over all, see `between`.

    Args:
        rows: of each [frames, 162], None for one with a pitch.
        weights: [frames, sounds].
        levels_db: of each [frames].
        level_db: [frames] of the blend.
    """
    own = [(part, weights[:, index]) for index, part in enumerate(rows) if part is not None]
    heard = np.sum([weight for _, weight in own], axis=0) if own else np.zeros(len(weights))
    if not np.any(heard > 0):
        return None
    total = np.zeros((len(weights), DIMS))
    for part, weight in own:
        share = np.where(heard > 0, weight / np.maximum(heard, 1e-12), 1.0 / len(own))
        total += share[:, None] * part
    mean = 1.0 - heard * (1.0 - total[:, PITCHED])
    each = np.stack([np.ones(len(weights), np.float32) if part is None else part[:, PITCHED] for part in rows], axis=1)
    each_db = np.stack(levels_db, axis=1).astype(np.float64)
    total[:, PITCHED] = between(mean, np.asarray(level_db, np.float64), each.astype(np.float64), each_db, weights)
    return total.astype(np.float32)
