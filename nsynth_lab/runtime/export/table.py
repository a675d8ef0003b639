"""BankTable: instruments of a bank as a table that an export carries: timbre, partials and detail at every third key.

A held note walks to and fro along two seconds of its sustain, so that what moves in it goes on moving; detail, which
moves slowly, has a row every 16 frames of the walk. Levels and vibrato are left out: whoever plays an export sends
loudness and pitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.ping_pong import ping_pong
from nsynth_lab.detail import DIMS, anchors
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import Note
from nsynth_lab.units import FloatArray

LOWEST_KEY, HIGHEST_KEY, KEY_STEP = 24, 108, 3
WALK_FRAMES = 188  # 2 s
DETAIL_ROWS = len(anchors(WALK_FRAMES))
VELOCITY = 100


@dataclass(frozen=True)
class BankTable:
    """Instruments by name.

    Attributes:
        names: of the instruments.
        credits: of each its licence, and whom to credit.
        timbre: [instruments, keys, frames, 16].
        partials: [instruments, keys, 128].
        detail: [instruments, keys, 13, 129], zeros for instruments that have none; None where nobody has any.
    """

    names: tuple[str, ...]
    credits: tuple[str, ...]
    timbre: FloatArray
    partials: FloatArray
    detail: FloatArray | None = None


def bank_table(bank: Bank, names: Sequence[str]) -> BankTable:
    """The table of these instruments.

    Raises:
        UsageError: an instrument that the bank does not have, or one without a clear pitch.
    """
    entries = [bank.find(name) for name in names]
    found = [entry.instrument.name for entry in entries]
    keys = range(LOWEST_KEY, HIGHEST_KEY + 1, KEY_STEP)
    notes = [[bank.latents(name, Note(key, VELOCITY)) for key in keys] for name in found]
    for name, own in zip(found, notes, strict=True):
        if any(note.unpitched is not None for note in own):
            raise UsageError(f"'{name}' has sounds without a clear pitch, and an export plays a pitch; leave it out")
    return BankTable(
        tuple(found),
        tuple("; ".join(filter(None, (entry.licence, entry.attribution))) for entry in entries),
        np.stack([np.stack([_walked(note, note.timbre) for note in own]) for own in notes]),
        np.stack([np.stack([note.partials for note in own]) for own in notes]),
        np.stack([np.stack([_details(note) for note in own]) for own in notes]) if _has_details(notes) else None,
    )


def _has_details(notes: Sequence[Sequence[Latents]]) -> bool:
    return any(note.detail is not None for own in notes for note in own)


def _details(note: Latents) -> FloatArray:
    """The rows [13, 129] of its detail at the anchors of the walk."""
    if note.detail is None:
        return np.zeros((DETAIL_ROWS, DIMS), np.float32)
    return _walked(note, note.detail)[anchors(WALK_FRAMES)]


def _walked(note: Latents, stream: FloatArray) -> FloatArray:
    """A stream of it, [188, columns], along a path through the sustain, at the sustain's own speed."""
    first, last = note.attack_frames, max(note.release_frame, note.attack_frames + 1)
    first = min(first, note.frames - 1)
    cents, level = (np.asarray(one[first:last], np.float64) for one in (note.f0_cents, note.loudness_db))
    rows = stream[first:last]
    places = ping_pong(cents, level - level.mean(), frames=WALK_FRAMES).at(np.arange(WALK_FRAMES))
    columns = [np.interp(places, np.arange(len(rows)), column) for column in rows.T]
    return np.stack(columns, axis=1).astype(np.float32)
