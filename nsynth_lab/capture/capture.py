"""capture(source, plan, checkpoint): plays an instrument, encodes its notes, and adds it to the user's bank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from nsynth_lab.capture.bank_builder import normalize_zones
from nsynth_lab.capture.captured_notes import CapturedNote, WorkFolder, play_notes
from nsynth_lab.capture.plan import CapturePlan
from nsynth_lab.capture.source import Source, SourceInfo
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.offset import middle
from nsynth_lab.errors import AudioError, NsynthLabError, UsageError
from nsynth_lab.evaluate.metrics.distances import mel_error_db
from nsynth_lab.latents import Latents
from nsynth_lab.legible import encodable_in
from nsynth_lab.model.bank import Bank, BankEntry
from nsynth_lab.model.checkpoint import Checkpoint
from nsynth_lab.model.codec import Cut, cut_sides, encode_note, encode_unpitched, on_one_thread
from nsynth_lab.model.encodings import EncodedRecording, encoding_key, user_encoding_cache
from nsynth_lab.model.refine import refine
from nsynth_lab.model.user_bank import keep, user_instrument_path
from nsynth_lab.note import UNPITCHED_FAMILIES, Instrument, Note, note_name
from nsynth_lab.runtime.clips import decode
from nsynth_lab.threads import thread_count
from nsynth_lab.units import FRAME_RATE_HZ, FloatArray
from nsynth_lab.version import __version__
from nsynth_lab.workers import with_helpers


@dataclass(frozen=True)
class NoteOutcome:
    """The outcome for one note: the mel error of its reconstruction in dB, or the reason why it was left out."""

    note: str
    velocity: int
    error_db: float | None = None
    left_out: str = ""


@dataclass(frozen=True)
class CaptureResult:
    """A finished capture: the instrument's name, its file in the user's bank, and the outcome for each note."""

    name: str
    path: Path
    notes: tuple[NoteOutcome, ...]

    @property
    def mean_error_db(self) -> float:
        """The mean over all notes that were not left out."""
        return float(np.mean([one.error_db for one in self.notes if one.error_db is not None]))


Begin = Callable[[int, str], Callable[[], None]]


def capture(
    source: Source, plan: CapturePlan, checkpoint: Checkpoint, *, resume: bool, force: bool, begin: Begin
) -> CaptureResult:
    """Play the notes of `plan`, check and encode them, and add the instrument to the user's bank.

    Args:
        source: the instrument.
        plan: which notes to capture, and how.
        checkpoint: the model that encodes them.
        resume: continue an interrupted capture.
        force: replace an instrument of that name, or discard an interrupted capture.
        begin: called with a number of notes and a title when playing and encoding start; returns a function that is
            called after each note.

    Raises:
        UsageError: the family is unknown, or an instrument or an interrupted capture of that name exists.
        AudioError: no note could be used.
    """
    family = plan.family_of(source.info)
    if user_instrument_path(plan.name).exists() and not force:
        raise UsageError(f"'{plan.name}' is in your bank already; add --force to replace it")
    low, high = plan.span(source.info)
    keys = [key for key in source.keys(plan.keys(source.info)) if low <= key.note <= high]
    if not keys:
        raise UsageError(f"it has no notes from {note_name(low)} to {note_name(high)}")
    recipe = encodable_in({"source": source.info.kind, **source.info.recipe, "plan": asdict(plan)})
    work = WorkFolder(user_instrument_path(plan.name).stem, recipe, resume=resume, force=force)
    played = play_notes(
        source,
        keys,
        work,
        hold_seconds=plan.hold_seconds,
        seconds=plan.seconds,
        has_pitch=family not in UNPITCHED_FAMILIES,
        advance=begin(len(keys), "playing"),
    )
    advance = begin(sum(note.sides is not None for note in played), "encoding")
    zones: list[Latents] = []
    outcomes: list[NoteOutcome] = []
    encode: Callable[[CapturedNote], tuple[Latents | None, NoteOutcome]]
    if family in UNPITCHED_FAMILIES:
        encode = partial(_encode_unpitched, checkpoint, track=plan.track)
    else:
        encode = partial(_encode, checkpoint, source.actual_hold(plan.hold_seconds), plan.refine_seconds)
    # fitting for a time would find less beside others, and a graphics card has one queue
    alone = plan.refine_seconds or checkpoint.device != "cpu"
    with on_one_thread():
        encoded = with_helpers(encode, played, jobs=1 if alone else thread_count())
        for note, (zone, outcome) in zip(played, encoded, strict=True):
            outcomes.append(outcome)
            if zone is not None:
                zones.append(zone)
            if note.sides is not None:
                advance()
    if not zones:
        work.clear()  # it holds nothing that a resumed capture could use
        raise AudioError(f"none of {len(outcomes)} notes could be used: {outcomes[0].left_out}")
    provenance = {"recipe": recipe, "notes": [asdict(one) for one in outcomes], "nsynth_lab": __version__}
    path = keep(_bank(zones, plan, source.info, family, checkpoint.model_id), provenance, force=force)
    work.clear()
    return CaptureResult(plan.name, path, tuple(outcomes))


def _encode(
    checkpoint: Checkpoint, hold_seconds: float | None, refine_seconds: float, played: CapturedNote
) -> tuple[Latents | None, NoteOutcome]:
    """Encode one note and measure the error of its reconstruction; encodings are reused if they exist."""
    name, velocity = note_name(played.key.note), played.key.velocity
    if played.sides is None:
        return None, NoteOutcome(name, velocity, left_out=played.left_out)
    try:
        part = _part(played.sides)
        samples = part.mono
        streams = measure(samples, note=played.key.note)
        release = None
        if hold_seconds is not None:
            release = min(len(streams.loudness_db), max(0, round(hold_seconds * FRAME_RATE_HZ) - part.first_frame))
        key = encoding_key(
            hashlib.sha256(samples.tobytes()).hexdigest(),
            model_id=checkpoint.model_id,
            device=checkpoint.device,
            note=played.key.note,
            release=release,
        )
        note = Note(played.key.note, velocity)
        encoded = user_encoding_cache().get(
            key,
            lambda: EncodedRecording(encode_note(samples, streams, checkpoint, note=note, release_frame=release)),
        )
        zone = replace(encoded.latents, velocity=velocity, width=part.width())
        if refine_seconds:
            zone = refine(
                zone, samples, checkpoint, seconds=refine_seconds, progress=lambda _so_far, _best: None
            ).latents
        error_db = _error_db(zone, samples, checkpoint)
    except NsynthLabError as error:
        return None, NoteOutcome(name, velocity, left_out=str(error))
    return zone, NoteOutcome(name, velocity, error_db=round(error_db, 3))


def _encode_unpitched(
    checkpoint: Checkpoint, played: CapturedNote, *, track: float
) -> tuple[Latents | None, NoteOutcome]:
    """Encode a drum or a noise, which takes no time worth caching, and measure the error of its reconstruction."""
    note = Note(played.key.note, played.key.velocity)
    if played.sides is None:
        return None, NoteOutcome(note.name, note.velocity, left_out=played.left_out)
    try:
        part = _part(played.sides)
        zone = encode_unpitched(part.mono, checkpoint.model_id, note=note, track=track)
        zone = replace(zone, width=part.width())
        error_db = _error_db(zone, part.mono, checkpoint)
    except NsynthLabError as error:
        return None, NoteOutcome(note.name, note.velocity, left_out=str(error))
    return zone, NoteOutcome(note.name, note.velocity, error_db=round(error_db, 3))


def _part(sides: FloatArray) -> Cut:
    """What is encoded of a note that was played: its mono sound, at most 0 dBFS, and its sides."""
    return cut_sides(sides / np.float32(max(1.0, float(np.abs(middle(sides)).max()))))


def _error_db(zone: Latents, samples: FloatArray, checkpoint: Checkpoint) -> float:
    decoded = np.concatenate(list(decode(zone, checkpoint)))
    return mel_error_db(decoded[: len(samples)], samples)


def _bank(zones: Sequence[Latents], plan: CapturePlan, info: SourceInfo, family: str, model_id: str) -> Bank:
    entry = BankEntry(
        Instrument(plan.name.lower(), family, info.source),
        tuple(range(len(zones))),
        info.licence if plan.licence is None else plan.licence,
        info.attribution if plan.attribution is None else plan.attribution,
    )
    return Bank([entry], normalize_zones(zones, family), model_id=model_id)
