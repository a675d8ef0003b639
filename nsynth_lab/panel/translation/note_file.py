"""Note file: several notes at once, from the job that has heard them to the panel and to the job that plays them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.errors import UsageError
from nsynth_lab.panel.translation.heard import LONGEST_SECONDS
from nsynth_lab.units import SAMPLE_RATE

NOTES = "notes.safetensors"
MOST_BYTES = 64 << 20
LATEST = round((LONGEST_SECONDS + 10.0) * SAMPLE_RATE)  # a note may end a little after the sound


def write_notes(path: Path, notes: Sequence[HeardNote]) -> None:
    """Write them, with their bends one after the other."""
    from safetensors.numpy import save_file

    rows = [(note.begin_sample, note.end_sample, note.pitch, note.level_db, len(note.bend)) for note in notes]
    bends = [note.bend for note in notes]
    save_file(
        {
            "notes": np.array(rows, np.float64).reshape(-1, 5),
            "bends": np.concatenate([np.zeros(0, np.float32), *bends]).astype(np.float32),
        },
        path,
    )


def read_notes(path: Path) -> list[HeardNote]:
    """What was written; checked, since its writer has read a stranger's file.

    Raises:
        UsageError: it is none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        arrays = load_file(path)
        rows, bends = arrays["notes"], arrays["bends"]
        counts = rows[:, 4].astype(np.int64)
        if not (_are_notes(rows) and counts.sum() == len(bends) and (np.abs(bends) <= 48.0).all()):
            raise ValueError("out of range")
        parts = np.split(bends, np.cumsum(counts)[:-1])
        return [
            HeardNote(int(begin), int(end), pitch, level_db, bend)
            for (begin, end, pitch, level_db, _), bend in zip(rows.tolist(), parts, strict=True)
        ]
    except (OSError, SafetensorError, LookupError, ValueError, TypeError) as error:
        raise UsageError("the notes could not be heard: its process gave no proper answer") from error


def _are_notes(rows: np.ndarray) -> bool:
    if rows.ndim != 2 or rows.shape[1] != 5 or not len(rows) or not np.isfinite(rows).all():
        return False
    begin, end, pitch, level_db, count = rows.T
    inside = (begin >= 0) & (begin < end) & (end <= LATEST) & (pitch >= 0.0) & (pitch <= 127.0)
    return bool((inside & (np.abs(level_db) <= 200.0) & (count >= 0)).all())
