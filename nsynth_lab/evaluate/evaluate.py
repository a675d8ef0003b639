"""The yardstick: encode and decode notes that were not trained on, and say how far they are from the real ones.

reconstruction   a note against itself decoded
transposition    a note against the same instrument's note some semitones away, decoded at this one's pitch
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nsynth_lab.blend import stretch
from nsynth_lab.evaluate.metrics import f0_error_cents, level_error_db, mel_error_db
from nsynth_lab.evaluate.notes import EvaluationNote, read_note, read_notes
from nsynth_lab.evaluate.summary import shares_within, summarise
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import decode
from nsynth_lab.train.notes import NoteRecord
from nsynth_lab.units import FloatArray

F0_LIMITS_CENTS = (5, 10, 20)
SEMITONES = 7


@dataclass
class Figures:
    """One metric's values, each with the family of its note."""

    values: list[float] = field(default_factory=list)
    families: list[str] = field(default_factory=list)

    def add(self, value: float, family: str) -> None:
        """One more note."""
        self.values.append(value)
        self.families.append(family)

    def summary(self, limits: Sequence[float] = ()) -> dict[str, Any]:
        """Mean, median, 90th percentile, by family, and the shares within limits."""
        return {**summarise(self.values, self.families), **shares_within(self.values, limits)} if self.values else {}


def evaluate(records: Sequence[NoteRecord], checkpoint: Checkpoint, *, progress: Callable[[], None]) -> dict[str, Any]:
    """Figures over all notes that can be read; the others are listed under `left_out`."""
    mel, f0, level, moved = Figures(), Figures(), Figures(), Figures()
    left_out: list[str] = []
    partners = transposition_partners(records)
    for number, note in enumerate(read_notes(records)):
        if isinstance(note, str):
            left_out.append(note)
        else:
            family = note.record.family
            decoded = decode_whole(note.encode(checkpoint), checkpoint)
            mel.add(mel_error_db(decoded, note.samples), family)
            f0.add(f0_error_cents(decoded, note.samples, note=note.record.pitch), family)
            level.add(level_error_db(decoded, note.samples), family)
            for partner in partners.get(number, ()):
                moved.add(_transposed_error_db(read_note(records[partner]), note, checkpoint), family)
        progress()
    return {
        "model": checkpoint.model_id,
        "notes": len(mel.values),
        "left_out": left_out,
        "reconstruction": {
            "mel_error_db": mel.summary(),
            "f0_error_cents": f0.summary(F0_LIMITS_CENTS),
            "loudness_error_db": level.summary(),
        },
        "transposition": {f"{SEMITONES}_semitones": {"notes": len(moved.values), "mel_error_db": moved.summary()}},
    }


def decode_whole(latents: Latents, checkpoint: Checkpoint) -> FloatArray:
    """All its blocks, [frames * 512]."""
    return np.concatenate(list(decode(latents, checkpoint)))


def transposition_partners(records: Sequence[NoteRecord]) -> dict[int, list[int]]:
    """For each note, the notes of its instrument, played alike, that lie 7 semitones below and above."""
    places = {_played(one, one.pitch): number for number, one in enumerate(records)}
    found: dict[int, list[int]] = {}
    for number, one in enumerate(records):
        near = [places.get(_played(one, one.pitch + by)) for by in (-SEMITONES, SEMITONES)]
        found[number] = [place for place in near if place is not None]
    return found


def _played(record: NoteRecord, pitch: int) -> tuple[object, ...]:
    return record.dataset, record.instrument_str, record.velocity, record.hold_seconds, pitch


def _transposed_error_db(source: EvaluationNote, target: EvaluationNote, checkpoint: Checkpoint) -> float:
    """The source's timbre with the target's level, f0 and partials, against the target's real sound."""
    wanted = target.encode(checkpoint)
    timbre = stretch(source.encode(checkpoint), wanted.frames).timbre
    return mel_error_db(decode_whole(replace(wanted, timbre=timbre), checkpoint), target.samples)
