"""A prepared note and its decoded twin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsynth_lab.dataset.prepare import PreparedNotes
from nsynth_lab.dsp.measure import Measured
from nsynth_lab.latents import Latents
from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode_measured
from nsynth_lab.note import Note
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FloatArray


@dataclass(frozen=True)
class Twin:
    """A note, MIDI number `pitch`: what was recorded and measured of it, and what came of it, both [samples]."""

    pitch: int
    streams: Measured
    recorded: FloatArray
    decoded: FloatArray


def decode_twin(model: Autoencoder, notes: PreparedNotes, note: int) -> Twin:
    """Prepared note number `note`, encoded and decoded."""
    latents = encode_note(model, notes, note)
    decoded = np.concatenate(list(decode(latents, Checkpoint(model, "", {}))))
    return Twin(latents.note, notes.measured(note), notes.samples(note), decoded)


def encode_note(model: Autoencoder, notes: PreparedNotes, note: int) -> Latents:
    """The latents of prepared note number `note`, as the encoder alone has them: it is what is being trained."""
    pitch = Note(int(str(notes.index[note]["pitch"])))
    checkpoint = Checkpoint(model, "", {})
    return encode_measured(notes.samples(note), notes.measured(note), checkpoint, note=pitch, rounds=0)
