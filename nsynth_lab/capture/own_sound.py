"""An instrument made from the notes of a recording, so that a tune can continue with the recording's own sound.

Of each pitch the longest note is encoded, as `capture` encodes one; they keep their attack, timbre and vibrato, and are
in tune with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nsynth_lab.analysis.heard_note import HeardNote
from nsynth_lab.audio import Audio
from nsynth_lab.capture.bank_builder import normalize_zones
from nsynth_lab.errors import AudioError
from nsynth_lab.model.bank import LEVEL_DB, Bank, BankEntry
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.note import Instrument
from nsynth_lab.render.session import Session
from nsynth_lab.units import SAMPLE_RATE, FloatArray

NAME = "the recording itself"
MOST_NOTES = 6
SHORTEST_SECONDS, USUAL_SECONDS = 0.06, 0.25  # a note that is shorter is taken only where no other is
BEFORE_SECONDS, BEHIND_SECONDS = 0.01, 0.15  # that are encoded too, for the attack and the release
VELOCITY = 100


@dataclass(frozen=True)
class OwnSound:
    """An instrument of a recording.

    Attributes:
        bank: with it alone, by the name of `NAME`.
        keys: MIDI notes of its zones.
        level_db: how much louder the recording is than the bank's instruments.
    """

    bank: Bank
    keys: tuple[int, ...]
    level_db: float


def own_sound(session: Session, samples: FloatArray, notes: Sequence[HeardNote], *, tuning: float) -> OwnSound:
    """The instrument.

    Args:
        session: whose model encodes.
        samples: the recording, mono at 48 kHz [samples].
        notes: that are heard in it.
        tuning: how far it is above the piano, in semitones.

    Raises:
        AudioError: no note can be encoded.
    """
    zones, keys = [], []
    for note in chosen(notes, tuning=tuning):
        after = min((one.begin_sample for one in notes if one.begin_sample > note.begin_sample), default=len(samples))
        begin = max(0, note.begin_sample - round(BEFORE_SECONDS * SAMPLE_RATE))
        end = min(note.end_sample + round(BEHIND_SECONDS * SAMPLE_RATE), max(after, note.end_sample), len(samples))
        key = note.key(tuning=tuning)
        part = Audio(samples[None, begin:end])
        # its pitch was heard, not given, and its neighbours may be heard in it: doubts about one note are not for it
        zones.append(session.encode(part, note=key, velocity=VELOCITY, rounds=ROUNDS, warn=False))
        keys.append(key)
    if not zones:
        raise AudioError(f"no note of {SHORTEST_SECONDS:g} s or longer, which could be its own instrument")
    peaks = [float(zone.loudness_db.max()) for zone in zones]
    bank = Bank(
        [BankEntry(Instrument(NAME, "vocal", "acoustic"), tuple(range(len(zones))))],
        normalize_zones(zones, "vocal"),
        model_id=session.checkpoint.model_id,
    )
    return OwnSound(bank, tuple(keys), float(np.median(peaks)) - LEVEL_DB)


def chosen(notes: Sequence[HeardNote], *, tuning: float) -> list[HeardNote]:
    """The notes to encode: the longest of each pitch, for the pitches with the longest notes, in order of time."""
    longest: dict[int, HeardNote] = {}
    for note in notes:
        key = note.key(tuning=tuning)
        if key not in longest or note.samples > longest[key].samples:
            longest[key] = note
    usable = [note for note in longest.values() if note.samples >= SHORTEST_SECONDS * SAMPLE_RATE]
    usual = [note for note in usable if note.samples >= USUAL_SECONDS * SAMPLE_RATE] or usable
    kept = sorted(usual, key=lambda note: -note.samples)[:MOST_NOTES]
    return sorted(kept, key=lambda note: note.begin_sample)
