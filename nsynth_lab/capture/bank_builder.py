"""build_bank(plan, folder): encodes the instruments of data sets for a checkpoint's bank, with zones and layers."""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.audio import read_clip
from nsynth_lab.dataset.notes import NoteRecord, read_dataset
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.recording_resampling import resample_recording
from nsynth_lab.errors import CheckpointError, DatasetError, LatentsError
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.model.bank import BANK, LEVEL_DB, Bank, BankEntry, load_bank, merged, peak_db, with_gain, write_bank
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import encode_measured, on_one_thread, trim
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.ending import rise_beyond_db
from nsynth_lab.model.headers import model_of
from nsynth_lab.model.user_bank import with_user_instruments
from nsynth_lab.note import INSTRUMENT_FAMILIES, Instrument, Note, note_name
from nsynth_lab.threads import set_thread_count
from nsynth_lab.units import FRAME_RATE_HZ, FloatArray
from nsynth_lab.version import __version__
from nsynth_lab.workers import with_helpers

LONGEST_SECONDS = 4.0
LONG_HOLD_SECONDS = 2.0
LOUD_DB = 30.0
UNFINISHED_FOLDER = "bank.unfinished"
RISE_KEY, WARNING_RISE_DB = "rise_db", 6.0


@dataclass(frozen=True)
class BankPlan:
    """Which notes of which instruments go into a bank, and the options by which they were chosen."""

    instruments: dict[str, list[NoteRecord]]
    chosen_by: dict[str, Any] = field(default_factory=dict)

    @property
    def zones(self) -> int:
        """The number of notes."""
        return sum(len(records) for records in self.instruments.values())


def plan_bank(folders: Sequence[Path], *, spacing: int, layers: int) -> BankPlan:
    """Choose notes at least `spacing` semitones apart and up to `layers` velocities for every instrument.

    If several data sets have an instrument of the same name, that of the first is used. Instruments are sorted by
    family, then by name.

    Raises:
        DatasetError: a folder is not a data set, or there are no notes.
    """
    found: dict[str, dict[tuple[str, str], list[NoteRecord]]] = defaultdict(lambda: defaultdict(list))
    for folder in folders:
        for record in read_dataset(folder):
            found[record.instrument_name.lower()][(record.dataset, record.instrument_str)].append(record)
    if not found:
        raise DatasetError("no notes to build a bank from")
    firsts = {name: next(iter(owners.values())) for name, owners in found.items()}
    order = sorted(firsts, key=lambda name: (INSTRUMENT_FAMILIES.index(firsts[name][0].family), name))
    return BankPlan(
        {name: choose_zones(firsts[name], spacing=spacing, layers=layers) for name in order},
        {"data": [folder.resolve().name for folder in folders], "spacing": spacing, "layers": layers},
    )


def choose_zones(records: Sequence[NoteRecord], *, spacing: int, layers: int) -> list[NoteRecord]:
    """Notes on a coarse grid of pitches, at velocities spread over the available ones; long-held notes if possible."""
    long = [one for one in records if one.hold_seconds is None or one.hold_seconds >= LONG_HOLD_SECONDS]
    usable = long or list(records)
    pitches: list[int] = []
    for pitch in sorted({one.pitch for one in usable}):
        if not pitches or pitch - pitches[-1] >= spacing:
            pitches.append(pitch)
    chosen: list[NoteRecord] = []
    for pitch in pitches:
        here = sorted((one for one in usable if one.pitch == pitch), key=lambda one: one.velocity)
        picks = np.unique(np.linspace(len(here) - 1, 0, min(layers, len(here))).round().astype(int))
        chosen += [here[pick] for pick in picks]
    return chosen


def build_bank(
    plan: BankPlan,
    folder: Path,
    *,
    processes: int | None = 1,
    progress: Callable[[], None],
    warn: Callable[[str], None] = lambda _: None,
) -> Bank:
    """Encode every note of the plan with the checkpoint in `folder` and write its bank.

    Encoded notes are kept until the bank is complete, so that an interrupted build continues where it stopped.

    Args:
        plan: which notes to encode.
        folder: of the checkpoint.
        processes: number of processes that encode; None for one for each processor that may be used.
        progress: called after each note.
        warn: called with a line for every note whose level rises at its end while its recording's does not.

    Raises:
        CheckpointError: no usable checkpoint in `folder`.
        AudioError: a note that cannot be read.
    """
    checkpoint, unfinished = load_checkpoint(folder), folder / UNFINISHED_FOLDER
    records = [record for chosen in plan.instruments.values() for record in chosen]
    zones: list[Latents] = []
    with _unfinished_folder(unfinished):
        for zone in with_helpers(partial(_zone, folder, unfinished), records, jobs=processes):
            zones.append(zone)
            progress()
    entries: list[BankEntry] = []
    for name, chosen in plan.instruments.items():
        at = entries[-1].zones[-1] + 1 if entries else 0
        numbers, first = tuple(range(at, at + len(chosen))), chosen[0]
        instrument = Instrument(name, first.family, first.source)
        for warning in filter(None, map(_rise_warning, zones[at : at + len(chosen)])):
            warn(f"{name}, {warning}")
        entries.append(BankEntry(instrument, numbers, first.licence, first.attribution))
        zones[at : at + len(chosen)] = normalize_zones(zones[at : at + len(chosen)], first.family)
    bank = Bank(entries, zones, model_id=checkpoint.model_id)
    _write(folder, bank, plan.chosen_by)
    shutil.rmtree(unfinished, ignore_errors=True)
    return bank


def checkpoint_bank(folder: Path) -> Bank | None:
    """The bank in a checkpoint folder, if it belongs to that checkpoint's model; else None.

    Raises:
        CheckpointError: it is damaged.
    """
    if not (folder / BANK).is_file():
        return None
    bank = load_bank(folder)
    return bank if bank.model_id == model_of(folder) else None


def bank_with_user_instruments(folder: Path) -> Bank:
    """A checkpoint's bank together with the user's own instruments that were captured with its model.

    Raises:
        CheckpointError: it has no bank, or one of another model.
    """
    bank = checkpoint_bank(folder)
    if bank is None:
        raise CheckpointError(f"{folder}: has no bank of its own model; use a checkpoint that has one")
    return with_user_instruments(bank)


def write_joined_bank(folder: Path, own: Bank | None, others: Bank, *, recipe: dict[str, Any]) -> Bank:
    """Write a checkpoint's bank with its own instruments, if it has any, and others of the same model."""
    bank = merged(own, [others]) if own is not None else others
    _write(folder, bank, recipe)
    return bank


def _write(folder: Path, bank: Bank, chosen_by: dict[str, Any]) -> None:
    recipe = {"command": "bank", **chosen_by, "nsynth_lab": __version__}
    write_bank(folder, bank, about={"recipe": recipe})


@contextmanager
def _unfinished_folder(path: Path) -> Iterator[None]:
    """Make the folder of unfinished work, and delete it at the end if it is empty; torch uses one thread within."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        with on_one_thread():
            yield
    finally:
        with suppress(OSError):
            path.rmdir()


@cache
def process_checkpoint(folder: Path) -> Checkpoint:
    """A checkpoint that is read once per process; from then on this process computes on one thread."""
    set_thread_count(1)
    return load_checkpoint(folder)


def _zone(folder: Path, unfinished: Path, record: NoteRecord) -> Latents:
    """The latents of a note: kept from an interrupted build, or encoded now and kept."""
    checkpoint = process_checkpoint(folder)
    stat = record.path.stat()
    identity = (checkpoint.model_id, ROUNDS, str(record.path.resolve()), stat.st_size, stat.st_mtime_ns)
    path = unfinished / f"{hashlib.sha256(repr(identity).encode()).hexdigest()[:24]}.latents"
    if path.is_file():
        with suppress(LatentsError):
            return read_latents(path)
    zone = _encode(record, checkpoint)
    write_latents(path, zone, force=True)
    return zone


def recorded(record: NoteRecord) -> tuple[FloatArray, int]:
    """(what is encoded of a note [frames * 512], the frame of its recording with which that begins)."""
    clip = read_clip(record.path, max_seconds=LONGEST_SECONDS)
    mono = one_channel(clip.samples, clip.sample_rate)[0]
    return trim(resample_recording(mono[None], clip.sample_rate)[0])


def _encode(record: NoteRecord, checkpoint: Checkpoint) -> Latents:
    samples, first_frame = recorded(record)
    streams = measure(samples, note=record.pitch)
    release = None
    if record.hold_seconds is not None:
        release = min(len(streams.loudness_db), round(record.hold_seconds * FRAME_RATE_HZ) - first_frame)
    zone = encode_measured(
        samples, streams, checkpoint, note=Note(record.pitch, max(1, record.velocity)), release_frame=release
    )
    return replace(zone, provenance={RISE_KEY: round(rise_beyond_db(zone, samples, checkpoint), 1)})


def _rise_warning(zone: Latents) -> str:
    """A warning if a zone's level rises at its end while its recording's does not; otherwise empty."""
    rise_db = float(zone.provenance.get(RISE_KEY, 0.0))
    if rise_db < WARNING_RISE_DB:
        return ""
    return (
        f"{note_name(zone.note)} at velocity {zone.velocity}: rises by {rise_db:.0f} dB at its end, unlike its "
        "recording"
    )


def normalize_zones(zones: Sequence[Latents], family: str) -> list[Latents]:
    """An instrument's zones brought to the bank's level and, except for keyboards, in tune.

    The median peak of the loudest layer is set to the bank's level, and all zones are shifted with it. Sampled
    instruments are off pitch by up to 20 cents, each zone differently: their median deviation is removed, while vibrato
    and drift stay. The stretched tuning of pianos is kept.
    """
    top = max(zone.velocity for zone in zones)
    by_db = LEVEL_DB - float(np.median([peak_db(zone) for zone in zones if zone.velocity == top]))
    return [with_gain(zone if family == "keyboard" else _tuned(zone), by_db) for zone in zones]


def _tuned(zone: Latents) -> Latents:
    loud = zone.loudness_db > zone.loudness_db.max() - LOUD_DB
    if not zone.has_tone:
        return zone
    return replace(zone, f0_cents=zone.f0_cents - np.median(zone.f0_cents[loud]))
