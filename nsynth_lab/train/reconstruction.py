"""reconstruct(model, notes, note): a prepared note encoded and decoded, and how the result compares with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.dsp.harmonics import lines_of, noise_to_harmonic_db, steady
from nsynth_lab.dsp.loudness import level_bias_db, loudness_db
from nsynth_lab.dsp.measure import Measured
from nsynth_lab.latents import Latents
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode_measured
from nsynth_lab.note import Note
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray, note_to_hz


@dataclass(frozen=True)
class Reconstruction:
    """A recorded note and its reconstruction by a model.

    Attributes:
        pitch: MIDI note.
        streams: measured on the recording.
        recorded, decoded: [samples].
    """

    pitch: int
    streams: Measured
    recorded: FloatArray
    decoded: FloatArray


@dataclass(frozen=True)
class NoteHealth:
    """A decoded note compared with the recorded one.

    Attributes:
        level_db: how much louder the decoded note is.
        noise_db: level of its noise relative to its partials.
        added_noise_db: how much higher that is than in the recording.
    """

    level_db: float
    noise_db: float
    added_noise_db: float


def reconstruct(model: Autoencoder, notes: PreparedNotes, note: int) -> Reconstruction:
    """Encode and decode prepared note number `note`."""
    latents = encode_note(model, notes, note)
    decoded = np.concatenate(list(decode(latents, Checkpoint.of(model))))
    return Reconstruction(latents.note, notes.measured(note), notes.samples(note), decoded)


def encode_note(model: Autoencoder, notes: PreparedNotes, note: int) -> Latents:
    """The latents of prepared note number `note` from the encoder alone, which is being trained, without fitting."""
    pitch = Note(int(str(notes.index[note]["pitch"])))
    checkpoint = Checkpoint.of(model)
    return encode_measured(notes.samples(note), notes.measured(note), checkpoint, note=pitch, rounds=0, detail=False)


def note_health(one: Reconstruction) -> NoteHealth:
    """Compare a note with its reconstruction, at the partials that stand out in the recording."""
    recorded, decoded = (lines_of(samples, one.streams, note=one.pitch) for samples in (one.recorded, one.decoded))
    where = steady(recorded)
    noise_db = noise_to_harmonic_db(decoded, where)
    decoded_db = loudness_db(one.decoded, f0_hz=note_to_hz(float(one.pitch)))
    return NoteHealth(
        level_bias_db(decoded_db, one.streams.loudness_db),
        noise_db,
        noise_db - noise_to_harmonic_db(recorded, where),
    )
