"""check_dataset(folder): counts a data set by family and instrument and lists the faults of its notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.audio import SHORTEST_SECONDS, read_audio
from nsynth_lab.dataset.labels import clean
from nsynth_lab.dataset.notes import AUDIO, NoteRecord, Problem, audio_files, is_held_out, read_entries, scan_dataset
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.pitch_guess import SURE, measure_note
from nsynth_lab.dsp.recording import SILENT_DB, is_clipped, peak_db
from nsynth_lab.errors import AudioError
from nsynth_lab.note import FAMILIES, note_name
from nsynth_lab.workers import in_parallel

PROBLEM_KINDS = {  # in the order in which they are reported
    "missing": "listed, but the sound file does not exist",
    "unlisted": "a sound file that examples.json does not list",
    "outside": "its file is outside the data set",
    "damaged": "its entry or its sound file cannot be read",
    "label": "family, pitch or velocity missing or out of range",
    "noise": "one of NSynth's 71 known noise notes",
    "rate": "the file's sample rate differs from its entry",
    "silent": f"peak below {SILENT_DB:.0f} dBFS",
    "short": f"shorter than {SHORTEST_SECONDS} s",
    "clipped": "peaks cut off at full scale",
    "octave": "sounds in another octave than its label says",
    "mislabelled": "sounds at another pitch than its label says",
}
AGREE_SEMITONES = 0.7


@dataclass(frozen=True)
class InstrumentCount:
    """One instrument: how many usable notes it has, and their range. A single velocity is common in NSynth."""

    instrument_str: str
    instrument_name: str
    family: str
    source: str
    notes: int
    held_out: int
    lowest: int
    highest: int
    pitches: int
    velocities: tuple[int, ...]


@dataclass(frozen=True)
class DatasetReport:
    """The result of `check_dataset`.

    Attributes:
        folder: the data set.
        notes: number of usable notes; `held_out` of them are not trained on.
        listened: how many of them had their audio checked.
        families: family -> (instruments, usable notes).
        instruments: sorted by family and id.
        problems: sorted by kind, in the order of `PROBLEM_KINDS`, then by name.
    """

    folder: Path
    notes: int
    held_out: int
    listened: int
    families: dict[str, tuple[int, int]]
    instruments: list[InstrumentCount]
    problems: list[Problem]


def check_dataset(
    folder: str | Path,
    *,
    listen: bool = True,
    at_most: int | None = None,
    jobs: int | None = None,
    begin: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> DatasetReport:
    """Count a data set and analyse its audio: all notes, `at_most` of them spread evenly, or none (`listen=False`).

    `begin(notes)` is called with the number of notes to analyse and returns a function that is called with 1 after
    each.

    Raises:
        DatasetError: not a data set, or `examples.json` cannot be read.
    """
    folder = Path(folder)
    records, problems = scan_dataset(folder)
    unlisted = sorted(audio_files(folder).keys() - read_entries(folder).keys())
    problems += [Problem(clean(name), "unlisted", f"a file in {AUDIO} without an entry") for name in unlisted]
    chosen = records[:: max(1, -(-len(records) // at_most))] if at_most else records
    if listen:
        advance = begin(len(chosen))
        for _, found in in_parallel(_check_audio, chosen, jobs=jobs, chunk=16):
            problems += found
            advance(1)
    instruments = count_instruments(records)
    order = list(PROBLEM_KINDS)
    return DatasetReport(
        folder=folder,
        notes=len(records),
        held_out=sum(map(is_held_out, records)),
        listened=len(chosen) if listen else 0,
        families=_families(instruments),
        instruments=instruments,
        problems=sorted(problems, key=lambda problem: (order.index(problem.kind), problem.note_str)),
    )


def count_instruments(records: list[NoteRecord]) -> list[InstrumentCount]:
    """The instruments of these notes, sorted by family and id."""
    groups: dict[tuple[str, str], list[NoteRecord]] = {}
    for record in records:
        groups.setdefault((record.family, record.instrument_str), []).append(record)
    return [
        InstrumentCount(
            instrument_str=instrument,
            instrument_name=notes[0].instrument_name,
            family=family,
            source=notes[0].source,
            notes=len(notes),
            held_out=sum(map(is_held_out, notes)),
            lowest=min(note.pitch for note in notes),
            highest=max(note.pitch for note in notes),
            pitches=len({note.pitch for note in notes}),
            velocities=tuple(sorted({note.velocity for note in notes})),
        )
        for (family, instrument), notes in sorted(groups.items())
    ]


def _families(instruments: list[InstrumentCount]) -> dict[str, tuple[int, int]]:
    def of(family: str) -> list[int]:
        return [instrument.notes for instrument in instruments if instrument.family == family]

    return {family: (len(of(family)), sum(of(family))) for family in FAMILIES}


def _check_audio(record: NoteRecord) -> list[Problem]:
    def problem(kind: str, message: str) -> Problem:
        return Problem(record.note_str, kind, message)

    try:
        audio = read_audio(record.path, max_seconds=10.0)
    except AudioError as error:
        return [problem("damaged", str(error))]
    found = []
    if record.sample_rate not in (0, audio.sample_rate):
        found.append(problem("rate", f"the file has {audio.sample_rate} Hz, its entry says {record.sample_rate}"))
    if peak_db(audio.samples) < SILENT_DB:
        return [*found, problem("silent", f"peak {peak_db(audio.samples):.0f} dBFS")]
    if audio.seconds < SHORTEST_SECONDS:
        return [*found, problem("short", f"{audio.seconds:.3f} s long")]
    if is_clipped(audio.samples):
        found.append(problem("clipped", "peaks cut off at full scale"))
    note, trust = measure_note(one_channel(audio.samples, audio.sample_rate)[0], audio.sample_rate)
    apart = note - record.pitch
    if trust >= SURE and abs(apart) > AGREE_SEMITONES:
        octave = abs((apart + 6) % 12 - 6) <= AGREE_SEMITONES
        message = f"labelled {note_name(record.pitch)} ({record.pitch}), sounds at {note:.1f} (trust {trust:.2f})"
        found.append(problem("octave" if octave else "mislabelled", message))
    return found
