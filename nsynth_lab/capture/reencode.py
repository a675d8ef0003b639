"""reencode_bank(bank, old, new): notes of one model re-encoded for another, from the sounds that the old one decodes.

Level, pitch, partials, noise and width are measured, so they mean the same to every model and stay; only timbre, and
the detail beside it, is encoded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from nsynth_lab.capture.bank_builder import process_checkpoint
from nsynth_lab.dsp.measure import Measured
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import Bank
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode_measured
from nsynth_lab.model.encodings import EncodedRecording, encoding_key, user_encoding_cache
from nsynth_lab.model.headers import model_of
from nsynth_lab.note import Note
from nsynth_lab.runtime.clips import decode
from nsynth_lab.workers import with_helpers


def reencode_bank(
    bank: Bank, old: Path, new: Path, *, rounds: int, processes: int | None = 1, progress: Callable[[], None]
) -> Bank:
    """Re-encode `bank`, of the model in the folder `old`, for the model in the folder `new`.

    The whole of each note is fitted in `rounds` rounds, and details are measured. Finished notes are cached among the
    encodings, so an interrupted run continues where it stopped.

    Raises:
        CheckpointError: no usable checkpoint in one of the folders.
    """
    zones: list[Latents] = []
    for zone in with_helpers(partial(_zone, old, new, rounds), bank.zones, jobs=processes):
        zones.append(zone)
        progress()
    return Bank(list(bank.entries.values()), zones, model_id=model_of(new))


def without_instruments(bank: Bank, names: Sequence[str]) -> Bank:
    """The bank without the instruments called `names`."""
    kept = [entry for name, entry in bank.entries.items() if name not in names]
    zones = [bank.zones[zone] for entry in kept for zone in entry.zones]
    entries, at = [], 0
    for entry in kept:
        entries.append(replace(entry, zones=tuple(range(at, at + len(entry.zones)))))
        at += len(entry.zones)
    return Bank(entries, zones, model_id=bank.model_id)


def _zone(old: Path, new: Path, rounds: int, zone: Latents) -> Latents:
    first, second = process_checkpoint(old), process_checkpoint(new)
    if not zone.has_tone:
        return replace(zone, model_id=second.model_id)
    tone = replace(zone, unpitched=None, width=None)
    digest = hashlib.sha256(f"{zone.note} {zone.attack_frames} {zone.release_frame}".encode())
    for stream in (zone.timbre, zone.loudness_db, zone.f0_cents, zone.partials):
        digest.update(np.ascontiguousarray(stream).tobytes())
    if zone.detail is not None:
        digest.update(np.ascontiguousarray(zone.detail).tobytes())
    key = encoding_key(
        digest.hexdigest(), model_id=second.model_id, device="cpu", decoded_by=first.model_id, rounds=rounds
    )
    found = user_encoding_cache().get(key, lambda: EncodedRecording(_reencode(tone, first, second, rounds)))
    return replace(found.latents, velocity=zone.velocity, unpitched=zone.unpitched, width=zone.width)


def _reencode(zone: Latents, old: Checkpoint, new: Checkpoint, rounds: int) -> Latents:
    sound = np.concatenate(list(decode(zone, old)))
    streams = Measured(zone.loudness_db, zone.f0_cents, zone.partials)
    note = Note(zone.note, zone.velocity)
    found = encode_measured(
        sound,
        streams,
        new,
        note=note,
        release_frame=zone.release_frame,
        rounds=rounds,
    )
    return replace(found, attack_frames=zone.attack_frames, release_frame=zone.release_frame)
