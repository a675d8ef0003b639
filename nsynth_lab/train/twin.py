"""A prepared note and its decoded twin."""

from __future__ import annotations

import numpy as np
import torch

from nsynth_lab.model.autoencoder import Autoencoder
from nsynth_lab.train.prepare import PreparedNotes
from nsynth_lab.units import FloatArray, cents_to_ratio, note_to_hz


def decode_twin(
    model: Autoencoder, notes: PreparedNotes, note: int, *, timbre_of: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """(decoded, original), both [samples], of prepared note number `note`.

    With `timbre_of` the timbre is another note's, held at its last frame where that note is shorter; level, f0 and
    partials stay those of `note`. This is what transposition is measured by.
    """
    device = next(model.parameters()).device
    source = note if timbre_of is None else timbre_of
    streams = notes.measured(note)
    frames = len(streams.loudness_db)
    pitch_hz = note_to_hz(float(str(notes.index[note]["pitch"])))
    f0_hz = np.asarray(pitch_hz * cents_to_ratio(streams.f0_cents), np.float32)
    with torch.no_grad():
        timbre = model.encoder(_row(notes.samples(source), device), _row(notes.measured(source).loudness_db, device))
        last = timbre[:, -1:].expand(-1, max(0, frames - timbre.shape[1]), -1)
        decoded, _ = model.decoder.step(
            torch.cat([timbre, last], dim=1)[:, :frames],
            _row(streams.loudness_db, device),
            _row(f0_hz, device),
            _row(streams.partials, device)[:, None].expand(-1, frames, -1),
            model.decoder.start(1, device=device),
        )
    samples: FloatArray = decoded[0].cpu().numpy()
    return samples, notes.samples(note)


def _row(values: FloatArray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(device)[None]
