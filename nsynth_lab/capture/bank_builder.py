"""Build a checkpoint's bank: from data sets to encoded instruments with zones and velocity layers."""

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
import torch

from nsynth_lab import __version__
from nsynth_lab.audio import read_clip
from nsynth_lab.dataset.notes import NoteRecord, read_dataset
from nsynth_lab.dsp.measure import measure
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.resampling import resample
from nsynth_lab.errors import CheckpointError, DatasetError, LatentsError
from nsynth_lab.latents import Latents, read_latents, write_latents
from nsynth_lab.model.bank import BANK, LEVEL_DB, Bank, BankEntry, joined, load_bank, shifted, write_bank
from nsynth_lab.model.checkpoint import Checkpoint, load_checkpoint
from nsynth_lab.model.codec import encode_measured, on_one_thread, trim
from nsynth_lab.model.config import ROUNDS
from nsynth_lab.model.ending import rise_beyond_db
from nsynth_lab.model.headers import model_of
from nsynth_lab.model.user_bank import with_owned
from nsynth_lab.note import FAMILIES, Instrument, Note, note_name
from nsynth_lab.units import FRAME_RATE_HZ
from nsynth_lab.workers import in_parallel

LONGEST_SECONDS = 4.0
LONG_HOLD_SECONDS = 2.0
LOUD_DB = 30.0
KEPT = "bank.unfinished"
RISE, TOLD_RISE_DB = "rise_db", 6.0


@dataclass(frozen=True)
class BankPlan:
    """Which notes of which instruments go into a bank, and what they were chosen by."""

    instruments: dict[str, list[NoteRecord]]
    chosen_by: dict[str, Any] = field(default_factory=dict)

    @property
    def zones(self) -> int:
        """How many notes that are."""
        return sum(len(records) for records in self.instruments.values())


def plan_bank(folders: Sequence[Path], *, spacing: int, layers: int) -> BankPlan:
    """Choose notes at least `spacing` semitones apart and up to `layers` velocities for every instrument.

    Where two data sets name the same instrument, the first one's is taken. Sorted by family, then by name.

    Raises:
        DatasetError: a folder is no data set, or they hold no notes.
    """
    found: dict[str, dict[tuple[str, str], list[NoteRecord]]] = defaultdict(lambda: defaultdict(list))
    for folder in folders:
        for record in read_dataset(folder):
            found[record.instrument_name.lower()][(record.dataset, record.instrument_str)].append(record)
    if not found:
        raise DatasetError("no notes to build a bank from")
    firsts = {name: next(iter(owners.values())) for name, owners in found.items()}
    order = sorted(firsts, key=lambda name: (FAMILIES.index(firsts[name][0].family), name))
    return BankPlan(
        {name: choose_zones(firsts[name], spacing=spacing, layers=layers) for name in order},
        {"data": [folder.resolve().name for folder in folders], "spacing": spacing, "layers": layers},
    )


def choose_zones(records: Sequence[NoteRecord], *, spacing: int, layers: int) -> list[NoteRecord]:
    """Long-held notes where there are any, on a coarse grid of pitches, at velocities spread over those there are."""
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
    processes: int = 1,
    progress: Callable[[], None],
    tell: Callable[[str], None] = lambda _: None,
) -> Bank:
    """Encode every note of the plan with the checkpoint in `folder` and write its bank.

    Each encoded note is kept until the bank is whole, so that a build that was interrupted goes on. `tell` hears of
    notes that do not die away as their recordings do.

    Raises:
        CheckpointError: no usable checkpoint there.
        AudioError: a note that cannot be read.
    """
    checkpoint, kept = load_checkpoint(folder), folder / KEPT
    records = [record for chosen in plan.instruments.values() for record in chosen]
    zones: list[Latents] = []
    with _at_work(kept):
        for _, zone in in_parallel(partial(_zone, folder, kept), records, jobs=processes, chunk=4):
            zones.append(zone)
            progress()
    entries: list[BankEntry] = []
    for name, chosen in plan.instruments.items():
        at = entries[-1].zones[-1] + 1 if entries else 0
        numbers, first = tuple(range(at, at + len(chosen))), chosen[0]
        instrument = Instrument(name, first.family, first.source)
        for told in filter(None, map(_told, zones[at : at + len(chosen)])):
            tell(f"{name}, {told}")
        entries.append(BankEntry(instrument, numbers, first.licence, first.attribution))
        zones[at : at + len(chosen)] = in_step(zones[at : at + len(chosen)], first.family)
    bank = Bank(entries, zones, model_id=checkpoint.model_id)
    _write(folder, bank, plan.chosen_by)
    shutil.rmtree(kept, ignore_errors=True)
    return bank


def own_bank(folder: Path) -> Bank | None:
    """The bank that a checkpoint folder has, if it is of its own model.

    Raises:
        CheckpointError: it is damaged.
    """
    if not (folder / BANK).is_file():
        return None
    bank = load_bank(folder)
    return bank if bank.model_id == model_of(folder) else None


def whole_bank(folder: Path) -> Bank:
    """A checkpoint's bank, and the user's own instruments that were captured with its model.

    Raises:
        CheckpointError: it has none, or one of another model.
    """
    bank = own_bank(folder)
    if bank is None:
        raise CheckpointError(f"{folder}: has no bank of its own model; name a checkpoint that has one")
    return with_owned(bank)


def write_with_others(folder: Path, own: Bank | None, others: Bank, *, recipe: dict[str, Any]) -> Bank:
    """Write a checkpoint's bank: its own instruments, if there are any, and others of the same model."""
    bank = joined(own, [others]) if own is not None else others
    _write(folder, bank, recipe)
    return bank


def _write(folder: Path, bank: Bank, chosen_by: dict[str, Any]) -> None:
    recipe = {"command": "bank", **chosen_by, "nsynth_lab": __version__}
    write_bank(folder, bank, about={"recipe": recipe})


@contextmanager
def _at_work(kept: Path) -> Iterator[None]:
    """The folder `kept` is there, and gone again if nothing is in it; torch has one thread, as in the processes."""
    try:
        kept.mkdir(exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{kept}: cannot be written ({error.strerror})") from error
    try:
        with on_one_thread():
            yield
    finally:
        with suppress(OSError):
            kept.rmdir()


@cache
def checkpoint_of_process(folder: Path) -> Checkpoint:
    """A checkpoint, read once in each process however many notes it encodes; torch has one thread from then on."""
    torch.set_num_threads(1)
    return load_checkpoint(folder)


def _zone(folder: Path, kept: Path, record: NoteRecord) -> Latents:
    """A note as it is kept, or encoded now and kept."""
    checkpoint = checkpoint_of_process(folder)
    stat = record.path.stat()
    what = (checkpoint.model_id, ROUNDS, str(record.path.resolve()), stat.st_size, stat.st_mtime_ns)
    path = kept / f"{hashlib.sha256(repr(what).encode()).hexdigest()[:24]}.latents"
    if path.is_file():
        with suppress(LatentsError):
            return read_latents(path)
    zone = _encode(record, checkpoint)
    write_latents(path, zone, force=True)
    return zone


def _encode(record: NoteRecord, checkpoint: Checkpoint) -> Latents:
    clip = read_clip(record.path, max_seconds=LONGEST_SECONDS)
    samples, first_frame = trim(resample(one_channel(clip.samples, clip.sample_rate)[0][None], clip.sample_rate)[0])
    streams = measure(samples, note=record.pitch)
    release = None
    if record.hold_seconds is not None:
        release = min(len(streams.loudness_db), round(record.hold_seconds * FRAME_RATE_HZ) - first_frame)
    zone = encode_measured(
        samples, streams, checkpoint, note=Note(record.pitch, max(1, record.velocity)), release_frame=release
    )
    return replace(zone, provenance={RISE: round(rise_beyond_db(zone, samples, checkpoint), 1)})


def _told(zone: Latents) -> str:
    """What is to be said of a zone, or nothing."""
    rise_db = float(zone.provenance.get(RISE, 0.0))
    if rise_db < TOLD_RISE_DB:
        return ""
    return (
        f"{note_name(zone.note)} at velocity {zone.velocity}: rises by {rise_db:.0f} dB in its end, its recording not"
    )


def in_step(zones: Sequence[Latents], family: str) -> list[Latents]:
    """Brought to one loudness and, but for keyboards, in tune.

    The loudest layer's median peak goes to the bank's level, and all zones with it. Sampled instruments are off by
    up to 20 cents, each zone by its own: their median deviation goes, vibrato and drift stay. A piano's stretched
    tuning is its own and stays.
    """
    top = max(zone.velocity for zone in zones)
    by_db = LEVEL_DB - float(np.median([zone.loudness_db.max() for zone in zones if zone.velocity == top]))
    return [shifted(zone if family == "keyboard" else _tuned(zone), by_db) for zone in zones]


def _tuned(zone: Latents) -> Latents:
    loud = zone.loudness_db > zone.loudness_db.max() - LOUD_DB
    return replace(zone, f0_cents=zone.f0_cents - np.median(zone.f0_cents[loud]))
