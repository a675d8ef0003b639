"""What the timbre leaves unsaid of a sound: by how many dB its partials and its noise differ from the decoder's.

    row [129] = partials [64]   offset of the level of partial 1, 2, .. 64 in dB
                noise [64]      of the noise in 64 bands, evenly spaced from 30 Hz to 20 kHz on the ERB-rate scale
                noise_gain [1]  of all noise

Sixteen numbers a frame cannot say a singer's formants, an organ's registration, the breath below a flute. These
offsets are measured (`nsynth_lab.model.measured_detail`), and nothing is trained for them. They are added to what the
control net gives before its spectra are normalised, so that loudness stays what the latents say; that is why noise has
a gain of its own. Partials move with the note, bands of noise stay at their frequencies in Hz. The mean of two rows,
column by column, lies between them in dB, and a row of zeros changes nothing.

Details belong to the key that was recorded. A semitone away the instrument has about half of them, and from eight
semitones on they would lead away from it, so they fade as another key is played (`share_at`).

Details move slowly: files keep a row every 16 frames (171 ms), and between them lie straight lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.units import Doubles, FloatArray, Ints

PARTIALS, BANDS = 64, 64
NOISE, NOISE_GAIN = slice(PARTIALS, PARTIALS + BANDS), PARTIALS + BANDS
DIMS = NOISE_GAIN + 1
LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0  # of the bands

# semitones from the recorded key: up to the first all of a detail is played, at the second half, from the third on none
WHOLE_WITHIN, HALF_AT, NONE_FROM = 0.25, 1.0, 8.0

DB_LIMIT, DB_STEP = 24.0, 0.25
ANCHOR_FRAMES = 16
TENSOR = "detail"  # its name in files


def share_at(semitones: float) -> float:
    """How much of a detail, 1 to 0, is played so many `semitones` above or below the key that was recorded.

    Straight lines between the three distances above. It was chosen by the mel error of notes decoded with the timbre
    and details of the same instrument 1 to 12 semitones away. Partials and noise are best with nearly the same share.
    Keeping the offsets at fixed frequencies, instead of moving them with the partials, was worse within two semitones
    and brought no clear gain beyond.

    >>> share_at(0.2), share_at(-1.0), share_at(4.5), share_at(8.0)
    (1.0, 0.5, 0.25, 0.0)
    """
    away = abs(semitones)
    near = 1.0 - 0.5 * (away - WHOLE_WITHIN) / (HALF_AT - WHOLE_WITHIN)
    far = 0.5 * (NONE_FROM - away) / (NONE_FROM - HALF_AT)
    return min(1.0, max(near, far, 0.0))


def moved(rows: FloatArray, semitones: float) -> FloatArray | None:
    """What is played of `rows` [frames, 129] at another key, `semitones` away from their own; None if nothing is."""
    share = share_at(semitones)
    return None if share == 0.0 else rows if share == 1.0 else np.asarray(rows * np.float32(share), np.float32)


def erb_rate(hz: Doubles | float) -> Doubles:
    """Frequency on the ERB-rate scale (Glasberg and Moore 1990), in ERBs."""
    return np.asarray(21.4 * np.log10(1.0 + 0.00437 * np.asarray(hz, np.float64)))


def band_edges() -> Doubles:
    """Edges of the bands of noise, [65], in ERBs."""
    return np.linspace(erb_rate(LOWEST_HZ), erb_rate(HIGHEST_HZ), BANDS + 1)


def anchors(frames: int) -> Ints:
    """The frames of a sound whose rows a file keeps: every sixteenth, and the last.

    >>> anchors(40)
    array([ 0, 16, 32, 39])
    """
    every = np.arange(0, frames, ANCHOR_FRAMES)
    return every if every[-1] == frames - 1 else np.append(every, frames - 1)


def anchor_count(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many rows a file keeps of sounds of so many `frames` each.

    >>> anchor_count(np.array([1, 16, 17, 40]))
    array([1, 2, 2, 4])
    """
    return np.asarray(1 + -(-(frames - 1) // ANCHOR_FRAMES))


def between_anchors(rows: FloatArray, frames: int) -> FloatArray:
    """The rows [frames, 129] on the straight lines between `rows` [anchors, 129]."""
    places = anchors(frames)
    part = np.arange(frames)
    above = np.searchsorted(places, part)
    below = np.maximum(above - 1, 0)
    apart = np.maximum(places[above] - places[below], 1)
    share = ((part - places[below]) / apart).astype(np.float32)[:, None]
    return np.asarray(rows[below] + share * (rows[above] - rows[below]), np.float32)


def stored(rows: FloatArray) -> NDArray[np.int8]:
    """The anchors of `rows` [frames, 129] as 8-bit integers [anchors, 129], for files."""
    kept = rows[anchors(len(rows))].clip(-DB_LIMIT, DB_LIMIT)
    return (kept / DB_STEP).round().astype(np.int8)


def from_stored(small: NDArray[np.int8], frames: int) -> FloatArray:
    """The rows [frames, 129] of what `stored` gave.

    Raises:
        ValueError: another type or shape.
    """
    expected = (int(anchor_count(np.array(frames))), DIMS)
    if small.dtype != np.int8 or small.shape != expected:
        raise ValueError(f"rows of detail are {small.dtype} of shape {small.shape}, expected int8 of {expected}")
    return between_anchors((small.astype(np.float32) * DB_STEP).clip(-DB_LIMIT, DB_LIMIT), frames)
