"""Picture: what pages draw of a phrase, no finer than a screen can show it: pitch, level, notes and spectrum."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from nsynth_lab.analysis.follower import HOP, HOP_SECONDS
from nsynth_lab.panel.translation.phrases import Kept
from nsynth_lab.panel.translation.spectrogram import LOWEST, ROWS, ROWS_A_SEMITONE
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MOST_POINTS = 4000


def picture_of(kept: Kept) -> dict[str, Any]:
    """As JSON: `pitch` and `level` are values at each `step` seconds; a pitch is null where there is no tone.

    The spectrogram is bytes in base 64, [rows, columns] from the lowest note on; empty where there is no sound.
    """
    phrase, pixels = kept.phrase, kept.spectrogram()
    stride = -(-len(phrase.note) // MOST_POINTS)
    delays = np.nan_to_num(phrase.delay_samples[~np.isnan(phrase.note)])
    return {
        "seconds": phrase.seconds,
        "step": stride * HOP_SECONDS,
        "late": round(float(np.median(delays)) / SAMPLE_RATE - HOP / SAMPLE_RATE, 4) if len(delays) else 0.0,
        "pitch": [None if pitch != pitch else round(pitch, 2) for pitch in phrase.note[::stride].tolist()],
        "level": [round(level, 1) for level in _loudest(phrase.level_db, stride)],
        "notes": [list(row) for row in kept.heard.notes],
        "spectrogram": {
            "lowest": LOWEST,
            "rows_a_semitone": ROWS_A_SEMITONE,
            "rows": ROWS,
            "columns": len(pixels) // ROWS,
            "pixels": base64.b64encode(pixels).decode(),
        },
    }


def _loudest(level_db: FloatArray, stride: int) -> list[float]:
    """The highest of each so many values."""
    found: list[float] = np.maximum.reduceat(level_db, np.arange(0, len(level_db), stride)).tolist()
    return found
