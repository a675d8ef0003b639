"""A prepared note and its decoded twin."""

from __future__ import annotations

import numpy as np

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import decode, encode_measured
from nsynth_lab.note import Note
from nsynth_lab.train.prepare import PreparedNotes
from nsynth_lab.units import FloatArray


def decode_twin(model: Autoencoder, notes: PreparedNotes, note: int) -> tuple[FloatArray, FloatArray]:
    """(decoded, original), both [samples], of prepared note number `note`."""
    checkpoint = Checkpoint(model, "", {})
    original = notes.samples(note)
    pitch = int(str(notes.index[note]["pitch"]))
    latents = encode_measured(original, notes.measured(note), checkpoint, note=Note(pitch))
    return np.concatenate(list(decode(latents, checkpoint))), original
