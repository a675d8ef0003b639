"""The key at which instruments are shown and tried, and what tells their notes apart."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank

MIDDLE_KEY = 60


def key_of(bank: Bank, names: Sequence[str]) -> int:
    """The key nearest to middle C at which all of these instruments are at home; between them if there is none.

    Raises:
        UsageError: an instrument that the bank does not have.
    """
    keys = [[bank.notes[zone].number for zone in bank.find(name).zones] for name in names]
    low, high = max(map(min, keys)), min(map(max, keys))
    return min(max(MIDDLE_KEY, low), high) if low <= high else round((low + high) / 2)


def mark_of(note: Latents) -> tuple[int, int, int]:
    """What tells a note from a later one of the same name: a recording may be encoded again."""
    return note.note, zlib.crc32(note.timbre.tobytes()), zlib.crc32(note.loudness_db.tobytes())
