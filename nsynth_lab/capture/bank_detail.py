"""Adds details to a bank that was built without: what its notes leave unsaid of their recordings, measured from these.

The timbre of the notes stays. A recording belongs to a zone if it is of the same instrument, note and velocity, and
its level runs alike; how much of its tail is kept may have changed. A zone without one is left as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from nsynth_lab.capture.bank_builder import plan_bank, process_checkpoint, recorded
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.dsp.measure import measure
from nsynth_lab.errors import CheckpointError
from nsynth_lab.latents import Latents
from nsynth_lab.model.bank import BANK, Bank, read_bank_file, write_bank
from nsynth_lab.model.codec import on_one_thread
from nsynth_lab.model.encodings import EncodedRecording, encoding_key, user_encoding_cache
from nsynth_lab.model.headers import model_of
from nsynth_lab.model.measured_detail import with_detail
from nsynth_lab.units import HOP_SAMPLES, FloatArray
from nsynth_lab.version import __version__
from nsynth_lab.workers import with_helpers

EVERY_LAYER = 127
LOUD_DB, MOST_APART_DB = 40.0, 1.5  # levels of zone and recording, apart from a gain


@dataclass(frozen=True)
class DetailPlan:
    """A bank, the recipe in its header, and which of its zones have recordings: (zone's index, recordings of it)."""

    bank: Bank
    recipe: dict[str, object]
    recorded: tuple[tuple[int, tuple[NoteRecord, ...]], ...]


def plan_details(folders: Sequence[Path], folder: Path) -> DetailPlan:
    """Find the recordings of the notes in the bank of the checkpoint in `folder`.

    Raises:
        CheckpointError: it has no bank, or one of another model.
        DatasetError: one of `folders` is not a data set.
    """
    bank, header = read_bank_file(folder / BANK)
    if bank.model_id != model_of(folder):
        raise CheckpointError(f"{folder / BANK}: made by another model than that of its folder; build it again")
    instruments = plan_bank(folders, spacing=1, layers=EVERY_LAYER).instruments
    found = []
    for name, entry in bank.entries.items():
        for zone in entry.zones:
            note = bank.notes[zone]
            own = [
                one
                for one in instruments.get(name, ())
                if (one.pitch, max(1, one.velocity)) == (note.number, note.velocity)
            ]
            if own:
                found.append((zone, tuple(own)))
    recipe = header.get("recipe")
    return DetailPlan(bank, recipe if isinstance(recipe, dict) else {}, tuple(found))


def write_details(plan: DetailPlan, folder: Path, *, processes: int | None, progress: Callable[[], None]) -> int:
    """Measure the details of a plan, write the bank with them, and return how many zones have any.

    Finished notes are cached among the encodings, so an interrupted run continues where it stopped. `processes` as in
    `bank_builder.build_bank`; `progress` is called after each note.
    """
    zones = list(plan.bank.zones)
    work = [(zones[index], records) for index, records in plan.recorded]
    numbers = iter([index for index, _ in plan.recorded])
    with on_one_thread():
        for zone in with_helpers(partial(_detailed, folder), work, jobs=processes):
            zones[next(numbers)] = zone
            progress()
    recipe = {**plan.recipe, "detail": __version__}
    bank = Bank(list(plan.bank.entries.values()), zones, model_id=plan.bank.model_id)
    write_bank(folder, bank, about={"recipe": recipe})
    return sum(zone.detail is not None for zone in zones)


def _detailed(folder: Path, given: tuple[Latents, tuple[NoteRecord, ...]]) -> Latents:
    zone, records = given
    checkpoint = process_checkpoint(folder)
    digest = hashlib.sha256(zone.timbre.tobytes() + zone.loudness_db.tobytes())
    for record in records:
        stat = record.path.stat()
        digest.update(repr((str(record.path.resolve()), stat.st_size, stat.st_mtime_ns)).encode())
    key = encoding_key(digest.hexdigest(), model_id=checkpoint.model_id, device="cpu", detail_of=zone.note)

    def measured() -> EncodedRecording:
        for record in records:
            samples = _as_long(recorded(record)[0], zone.frames)
            streams = measure(samples, note=zone.note)
            if _belongs(zone, streams.loudness_db):
                whole = replace(
                    zone, loudness_db=streams.loudness_db, f0_cents=streams.f0_cents, partials=streams.partials
                )
                return EncodedRecording(replace(zone, detail=with_detail(whole, samples, checkpoint).latents.detail))
        return EncodedRecording(zone)

    return replace(user_encoding_cache().get(key, measured).latents, provenance=zone.provenance)


def _as_long(samples: FloatArray, frames: int) -> FloatArray:
    """`samples` cut, or with silence at their end, [frames * 512]."""
    kept = samples[: frames * HOP_SAMPLES]
    return np.pad(kept, (0, frames * HOP_SAMPLES - len(kept)))


def _belongs(zone: Latents, level_db: FloatArray) -> bool:
    """Whether a recording of this level is what the zone was made from, but for a gain."""
    loud = zone.loudness_db > zone.loudness_db.max() - LOUD_DB
    apart = zone.loudness_db[loud] - level_db[loud]
    return bool(np.abs(apart - np.median(apart)).mean() < MOST_APART_DB)
