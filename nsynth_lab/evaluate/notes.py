"""Notes to evaluate with: read, resampled and measured as training sees them, but one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsynth_lab.audio import read_clip
from nsynth_lab.dataset.notes import NoteRecord, is_held_out, is_unseen, read_dataset
from nsynth_lab.dsp.framing import whole_frames
from nsynth_lab.dsp.measure import Measured, measure
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.errors import DatasetError
from nsynth_lab.latents import Latents
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode_note
from nsynth_lab.note import Note
from nsynth_lab.units import FloatArray

LONGEST_SECONDS = 8.0


@dataclass(frozen=True)
class EvaluationNote:
    """A note's record, its samples [frames * 512] at 48 kHz, and its measured streams."""

    record: NoteRecord
    samples: FloatArray
    streams: Measured

    def encode(self, checkpoint: Checkpoint, *, rounds: int, detail: bool = True) -> Latents:
        """The note's latents, frame by frame, fitted in `rounds` rounds; `detail` as in `codec.encode`."""
        note = Note(self.record.pitch, max(1, self.record.velocity))
        return encode_note(self.samples, self.streams, checkpoint, note=note, rounds=rounds, detail=detail)


def read_pool(folders: Sequence[Path]) -> list[NoteRecord]:
    """The records of all usable notes of the data sets.

    Raises:
        DatasetError: not a data set, or one without a usable note.
    """
    return [record for folder in folders for record in read_dataset(folder)]


NOTE_KINDS: dict[str, Callable[[NoteRecord], bool]] = {
    "held out": is_held_out,
    "of unseen instruments": is_unseen,
    "all": lambda _: True,
}


def choose_notes(pool: Sequence[NoteRecord], *, kind: str = "held out", limit: int | None) -> list[NoteRecord]:
    """The records of one of `NOTE_KINDS`; at most `limit` of them, spread evenly so that all instruments are included.

    Raises:
        DatasetError: there are none.
    """
    records = [record for record in pool if NOTE_KINDS[kind](record)]
    if not records:
        raise DatasetError(f"none of {len(pool)} notes is {kind}; try --all")
    if limit is None or len(records) <= limit:
        return records
    picks = np.linspace(0, len(records) - 1, limit).round().astype(int)
    return [records[pick] for pick in picks]


def read_note(record: NoteRecord) -> EvaluationNote:
    """Read and measure one note.

    Raises:
        AudioError: it cannot be read or is silent.
    """
    samples = read_samples(record)
    return EvaluationNote(record, samples, measure(samples, note=record.pitch))


def read_samples(record: NoteRecord) -> FloatArray:
    """Read the samples [frames * 512] of one note at 48 kHz, mono.

    Raises:
        AudioError: it cannot be read or is silent.
    """
    clip = read_clip(record.path, max_seconds=LONGEST_SECONDS)
    return whole_frames(resample_recording(one_channel(clip.samples, clip.sample_rate)[0][None], clip.sample_rate)[0])
