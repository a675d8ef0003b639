"""capture(source, name): an instrument becomes latents in the user's bank, to be blended by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab import __version__
from nsynth_lab.capture.bank_builder import in_step
from nsynth_lab.capture.captured_notes import Take, WorkFolder, play_all
from nsynth_lab.capture.plan import Plan
from nsynth_lab.capture.source import About, Source
from nsynth_lab.dsp.measure import measure
from nsynth_lab.errors import AudioError, NsynthLabError, UsageError
from nsynth_lab.evaluate.metrics.distances import mel_error_db
from nsynth_lab.latents import Latents
from nsynth_lab.legible import encodable_in
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import encode_measured, trim
from nsynth_lab.model.encodings import Encoding, Encodings, encoding_key, own_encodings
from nsynth_lab.model.refine import refine
from nsynth_lab.model.user_bank import keep, owned_path
from nsynth_lab.note import Instrument, Note, note_name
from nsynth_lab.runtime.clips import decode
from nsynth_lab.units import FRAME_RATE_HZ, FloatArray


@dataclass(frozen=True)
class Captured:
    """What became of one note: its reconstruction's mel error in dB, or why it was left out."""

    note: str
    velocity: int
    error_db: float | None = None
    left_out: str = ""


@dataclass(frozen=True)
class Capture:
    """A finished capture: its file in the user's bank, and what became of each note."""

    name: str
    path: Path
    notes: tuple[Captured, ...]

    @property
    def mean_error_db(self) -> float:
        """Over the notes that were taken."""
        return float(np.mean([one.error_db for one in self.notes if one.error_db is not None]))


Begin = Callable[[int, str], Callable[[], None]]


def capture(source: Source, plan: Plan, checkpoint: Checkpoint, *, resume: bool, force: bool, begin: Begin) -> Capture:
    """Play, check, encode and keep; `begin(notes, what)` starts a count of work and returns what counts one.

    Raises:
        UsageError: no family is known, or something of that name is in the way.
        AudioError: not one note could be taken.
    """
    family = plan.family_of(source.about)
    if owned_path(plan.name).exists() and not force:
        raise UsageError(f"'{plan.name}' is in your bank already; add --force to replace it")
    low, high = plan.span(source.about)
    keys = [key for key in source.keys(plan.keys(source.about)) if low <= key.note <= high]
    if not keys:
        raise UsageError(f"none of its notes lies from {note_name(low)} to {note_name(high)}")
    recipe = encodable_in({"source": source.about.kind, **source.about.recipe, "plan": asdict(plan)})
    work = WorkFolder(owned_path(plan.name).stem, recipe, resume=resume, force=force)
    takes = play_all(
        source, keys, work, hold_seconds=plan.hold_seconds, seconds=plan.seconds, advance=begin(len(keys), "playing")
    )
    advance = begin(sum(take.samples is not None for take in takes), "encoding")
    zones: list[Latents] = []
    notes: list[Captured] = []
    kept = own_encodings()
    for take in takes:
        hold = source.hold_of(take.key, plan.hold_seconds)
        zone, found = _encode(take, hold, plan.refine_seconds, checkpoint, kept)
        notes.append(found)
        if zone is not None:
            zones.append(zone)
        if take.samples is not None:
            advance()
    if not zones:
        work.clear()  # nothing in it is worth going on with
        raise AudioError(f"not one of {len(notes)} notes could be taken: {notes[0].left_out}")
    path = keep(_bank(zones, plan, source.about, family, checkpoint.model_id), _told(recipe, notes), force=force)
    work.clear()
    return Capture(plan.name, path, tuple(notes))


def _encode(
    take: Take, hold_seconds: float | None, refine_seconds: float, checkpoint: Checkpoint, kept: Encodings
) -> tuple[Latents | None, Captured]:
    name, velocity = note_name(take.key.note), take.key.velocity
    if take.samples is None:
        return None, Captured(name, velocity, left_out=take.left_out)
    try:
        samples, first_frame = trim(take.samples / np.float32(max(1.0, float(np.abs(take.samples).max()))))
        streams = measure(samples, note=take.key.note)
        release = None
        if hold_seconds is not None:
            release = min(len(streams.loudness_db), max(0, round(hold_seconds * FRAME_RATE_HZ) - first_frame))
        key = encoding_key(
            hashlib.sha256(samples.tobytes()).hexdigest(),
            model_id=checkpoint.model_id,
            device=next(checkpoint.model.parameters()).device.type,
            note=take.key.note,
            release=release,
        )
        note = Note(take.key.note, velocity)
        encoded = kept.get(
            key, lambda: Encoding(encode_measured(samples, streams, checkpoint, note=note, release_frame=release))
        )
        zone = replace(encoded.latents, velocity=velocity)
        if refine_seconds:
            zone = refine(
                zone, samples, checkpoint, seconds=refine_seconds, progress=lambda _so_far, _best: None
            ).latents
        error = _error_db(zone, samples, checkpoint)
    except NsynthLabError as error_:
        return None, Captured(name, velocity, left_out=str(error_))
    return zone, Captured(name, velocity, error_db=round(error, 3))


def _error_db(zone: Latents, samples: FloatArray, checkpoint: Checkpoint) -> float:
    decoded = np.concatenate(list(decode(zone, checkpoint)))
    return mel_error_db(decoded[: len(samples)], samples)


def _bank(zones: Sequence[Latents], plan: Plan, about: About, family: str, model_id: str) -> Bank:
    entry = BankEntry(
        Instrument(plan.name.lower(), family, about.source),
        tuple(range(len(zones))),
        about.licence if plan.licence is None else plan.licence,
        about.attribution if plan.attribution is None else plan.attribution,
    )
    return Bank([entry], in_step(zones, family), model_id=model_id)


def _told(recipe: dict[str, Any], notes: Sequence[Captured]) -> dict[str, Any]:
    return {"recipe": recipe, "notes": [asdict(one) for one in notes], "nsynth_lab": __version__}
