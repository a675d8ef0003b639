"""read_dataset(folder): the notes of a data set in NSynth's layout, as records.

    folder/examples.json    {note_str: entry}; `NoteRecord` lists the fields that are used
    folder/audio/           note_str.wav or note_str.flac, any sample rate

A note_str is `family_source_NNN-PPP-VVV`: instrument NNN, MIDI pitch PPP, velocity VVV. Pitfalls of the format:
a family may contain underscores (synth_lead), so names are parsed from the right; the field `note` is an id, never
the pitch; NSynth's pitches range from 9 to 119, not from 21 to 108; 71 of its notes are noise; some of its
instruments have a single velocity. Fields missing from an entry are taken from its name.

Source: Engel et al. 2017, https://magenta.tensorflow.org/datasets/nsynth; the noise notes are magenta issue 2092.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsynth_lab.dataset.labels import (
    KNOWN_NOISE,
    NSYNTH_NAME,
    UnusableNoteError,
    clean,
    label_of,
    number_of,
    qualities_of,
)
from nsynth_lab.errors import DatasetError
from nsynth_lab.note import FAMILIES, SOURCES

EXAMPLES, AUDIO = "examples.json", "audio"
ENDINGS = (".wav", ".flac")
MAX_EXAMPLES_BYTES = 2**30
UNSEEN_ONE_IN = 8
HELD_OUT_ONE_IN = 16
DEFAULT_VELOCITY = 100


@dataclass(frozen=True)
class NoteRecord:
    """One recorded note: its file and its labels.

    Attributes:
        path: the sound file.
        note_str: the note's name, unique in its data set.
        dataset: name of the data set's folder; `(dataset, instrument_str)` identifies an instrument.
        instrument_str, instrument_name: the instrument's id and its display name (the id if it has none).
        family, source: one of `note.FAMILIES` and one of `note.SOURCES`.
        pitch, velocity: MIDI note 0..127 and velocity 1..127.
        sample_rate: in Hz according to the entry; 0 if it does not say.
        hold_seconds: time from key down to key up; None if unknown (NSynth holds keys for 3 s, but its entries
            do not say so).
        licence, attribution: of this note; empty if unknown.
        qualities: those of `labels.QUALITIES` that apply.
    """

    path: Path
    note_str: str
    dataset: str
    instrument_str: str
    instrument_name: str
    family: str
    source: str
    pitch: int
    velocity: int
    sample_rate: int
    hold_seconds: float | None = None
    licence: str = ""
    attribution: str = ""
    qualities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A fault of one note: the note's name, the kind of fault (`check.PROBLEM_KINDS`), and a message."""

    note_str: str
    kind: str
    message: str


def read_dataset(folder: str | Path) -> list[NoteRecord]:
    """The usable notes of a data set, sorted by name; `scan_dataset` also returns the others, with reasons.

    Raises:
        DatasetError: not a data set, damaged, or without a usable note.
    """
    records, problems = scan_dataset(folder)
    if not records:
        why = f"{problems[0].note_str}: {problems[0].message}" if problems else f"{EXAMPLES} is empty"
        raise DatasetError(f"{folder}: no usable note in this data set ({why})")
    return records


def scan_dataset(folder: str | Path) -> tuple[list[NoteRecord], list[Problem]]:
    """All notes of a data set: the usable ones, and a problem for each of the others, both sorted by name.

    Raises:
        DatasetError: not a data set, or `examples.json` is damaged or too large.
    """
    folder = Path(folder)
    files = audio_files(folder)
    records, problems = list[NoteRecord](), list[Problem]()
    for name, entry in sorted(read_entries(folder).items()):
        shown = clean(name)
        try:
            records.append(_record(name, entry, files.get(name), folder))
        except UnusableNoteError as error:
            problems.append(Problem(shown, error.kind, str(error)))
    return records, problems


def is_held_out(record: NoteRecord) -> bool:
    """Whether a note is held out from training for evaluation: one in sixteen, always the same ones.

    Decided by a hash of the instrument and the pitch alone, so that a held-out pitch is held out at every velocity
    and in every run, whatever other notes the data set has.
    """
    return is_note_held_out(record.instrument_str, record.pitch)


def is_note_held_out(instrument: str, pitch: int) -> bool:
    """As `is_held_out`, of the name of an instrument in the data set and a MIDI pitch."""
    digest = hashlib.blake2b(f"{instrument}-{pitch:03d}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0


def is_unseen(record: NoteRecord) -> bool:
    """Whether a note's whole instrument is held out from training: one in eight, always the same ones.

    Used only for data sets that are split by instrument, because it removes an eighth of the training data.
    """
    digest = hashlib.blake2b(record.instrument_str.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % UNSEEN_ONE_IN == 0


def read_entries(folder: Path) -> dict[str, Any]:
    """The raw contents of `examples.json`, of limited size.

    Raises:
        DatasetError: missing, too large, or not a JSON object.
    """
    path = folder / EXAMPLES
    if not path.is_file():
        raise DatasetError(f"{folder}: not a note data set: it has no {EXAMPLES} (NSynth's layout)")
    if path.stat().st_size > MAX_EXAMPLES_BYTES:
        raise DatasetError(f"{path}: larger than {MAX_EXAMPLES_BYTES} bytes; split the data set")
    try:
        entries = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: damaged, not JSON ({error}); make the data set again") from error
    if not isinstance(entries, dict):
        raise DatasetError(f"{path}: expected an object of notes, found a {type(entries).__name__}")
    return entries


def audio_files(folder: Path) -> dict[str, Path]:
    """File name without its ending -> file, for every file in the audio folder; links that lead out are ignored."""
    audio = folder / AUDIO
    if not audio.is_dir():
        return {}
    home = audio.resolve()
    return {
        path.stem: path
        for path in sorted(audio.iterdir(), reverse=True)  # .wav before .flac where both exist
        if path.suffix.lower() in ENDINGS and path.is_file() and _lies_in(path, home)
    }


def _lies_in(path: Path, home: Path) -> bool:
    return not path.is_symlink() or path.resolve().parent == home


def _record(name: str, entry: object, path: Path | None, folder: Path) -> NoteRecord:
    if not isinstance(entry, dict):
        raise UnusableNoteError("damaged", "its entry is not an object")
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise UnusableNoteError("outside", f"its name leads out of the folder {AUDIO}")
    parsed = NSYNTH_NAME.fullmatch(name)
    named = parsed.groupdict() if parsed else {}
    if KNOWN_NOISE.fullmatch(name) and "instrument_name" not in entry:
        raise UnusableNoteError("noise", "one of the 71 notes of NSynth that are known to be noise")
    if path is None:
        raise UnusableNoteError("missing", f"no {name}.wav or .flac in {AUDIO}")
    family = label_of(entry, named, "family", FAMILIES)
    source = label_of(entry, named, "source", SOURCES)
    instrument = clean(entry.get("instrument_str") or named.get("instrument") or f"{family}_{source}_000")
    hold = entry.get("hold_seconds")
    return NoteRecord(
        path=path,
        note_str=name,
        dataset=folder.resolve().name,
        instrument_str=instrument,
        instrument_name=clean(entry.get("instrument_name")) or instrument,
        family=family,
        source=source,
        pitch=number_of(entry, named, "pitch", 0, 127),
        velocity=number_of(entry, named, "velocity", 1, 127, default=DEFAULT_VELOCITY),
        sample_rate=number_of(entry, {}, "sample_rate", 0, 768_000, default=0),
        hold_seconds=float(hold) if isinstance(hold, int | float) and 0 < hold < 3600 else None,
        licence=clean(entry.get("licence")),
        attribution=clean(entry.get("attribution"), longest=1000),
        qualities=tuple(qualities_of(entry)),
    )
