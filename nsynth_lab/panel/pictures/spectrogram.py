"""A small spectrogram of a sound, in bytes: enough to tell a bell from a flute at a glance."""

from __future__ import annotations

import numpy as np

from nsynth_lab.dsp.mel_spectrum import BANDS, mel_db
from nsynth_lab.units import FloatArray

COLUMNS, ROWS = 48, 32
HIGHEST_HZ = 10_000.0
RANGE_DB = 60.0


def spectrogram(samples: FloatArray) -> bytes:
    """Levels [ROWS, COLUMNS] of a sound [samples], from the top and its beginning: 255 is the loudest, 0 60 dB less."""
    bands = mel_db(samples, highest_hz=HIGHEST_HZ)
    frames = np.array_split(bands, COLUMNS)
    columns = np.stack([part.max(axis=0) for part in frames])
    rows = columns.reshape(COLUMNS, ROWS, BANDS // ROWS).max(axis=2).T[::-1]
    levels = 1.0 + (rows - rows.max()) / RANGE_DB
    return bytes((255.0 * levels.clip(0.0, 1.0)).round().astype(np.uint8).ravel())
