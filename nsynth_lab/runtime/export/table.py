"""BankTable: instruments of a bank as a table that an export carries: timbre and partials at every third key.

A held note walks to and fro along two seconds of its sustain, so that what moves in it goes on moving. Levels and
vibrato are left out: whoever plays an export sends loudness and pitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.blend.ping_pong import ping_pong
from nsynth_lab.errors import UsageError
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.note import Note
from nsynth_lab.units import FloatArray

LOWEST_KEY, HIGHEST_KEY, KEY_STEP = 24, 108, 3
WALK_FRAMES = 188  # 2 s
VELOCITY = 100


@dataclass(frozen=True)
class BankTable:
    """Instruments by name.

    Attributes:
        names: of the instruments.
        credits: of each its licence, and whom to credit.
        timbre: [instruments, keys, frames, 16].
        partials: [instruments, keys, 128].
    """

    names: tuple[str, ...]
    credits: tuple[str, ...]
    timbre: FloatArray
    partials: FloatArray


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
        np.stack([np.stack([_walked(note) for note in own]) for own in notes]),
        np.stack([np.stack([note.partials for note in own]) for own in notes]),
    )


def _walked(note: Latents) -> FloatArray:
    """Its timbre [188, 16] along a path through the sustain, at the sustain's own speed."""
    first, last = note.attack_frames, max(note.release_frame, note.attack_frames + 1)
    first = min(first, note.frames - 1)
    cents, level = (np.asarray(stream[first:last], np.float64) for stream in (note.f0_cents, note.loudness_db))
    timbre = note.timbre[first:last]
    places = ping_pong(cents, level - level.mean(), frames=WALK_FRAMES).at(np.arange(WALK_FRAMES))
    columns = [np.interp(places, np.arange(len(timbre)), column) for column in timbre.T]
    return np.stack(columns, axis=1).astype(np.float32)
