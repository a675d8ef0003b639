"""import_folder(recordings, folder): a musician's own recordings as a data set, every decision written down.

Each file is heard twice: once to examine it (all files, before anything is written), once to write it. A
doubtful file (its name and its sound disagree, it is clipped, noisy) is left out and listed unless doubts are
accepted; an unusable one (silent, unreadable, without pitch) is left out and listed in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.dataset.file_names import Reading
from nsynth_lab.dataset.note_writer import READINGS, REPORT, Entry, NoteWriter, check_folder, write_json
from nsynth_lab.dataset.notes import AUDIO
from nsynth_lab.dataset.recordings import Take, find_takes, shown
from nsynth_lab.dataset.screening import LONGEST_READ_SECONDS, Finding, PitchFrom, examine, take_entry
from nsynth_lab.dsp import recording
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.workers import in_parallel

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Import:
    """How to take recordings in.

    Attributes:
        family, instrument: of all files; None reads them from the folders' names.
        source: acoustic, electronic or synthetic.
        pitch_from: "auto" takes the name's and checks it by ear, or measures where the name has none; "name" does
            not check; "measured" does not read names.
        middle_c: the octave number that the file names give to middle C: 4, with some makers 3 or 5; with None the
            names and sounds of each folder decide.
        accept_doubtful: take doubtful files too.
        max_seconds: no note is longer; what is longer is faded out.
        licence, attribution: written into every entry.
    """

    family: str | None = None
    instrument: str | None = None
    source: str = "acoustic"
    pitch_from: PitchFrom = "auto"
    middle_c: int | None = None
    accept_doubtful: bool = False
    max_seconds: float = 8.0
    licence: str = ""
    attribution: str = ""


def import_folder(
    recordings: str | Path,
    folder: str | Path | None,
    options: Import,
    *,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    begin: Callable[[int], Advance] = lambda _: lambda _: None,
    tell: Callable[[list[Reading]], None] = lambda _: None,
) -> list[Finding]:
    """Examine all recordings and write those taken into the data set `folder`; with None, only examine.

    `begin(files)` is called once their number is known and returns what is called as files get examined; `tell` is
    called with how the file names of each folder were read.

    Raises:
        DatasetError: not one file can be taken.
        UsageError: no recordings, an unknown family, or a folder in the way (see `note_writer.NoteWriter`).
    """
    if folder is not None and Path(folder).resolve().is_relative_to(Path(recordings).resolve()):
        raise UsageError(f"{folder}: lies among the recordings; choose a folder outside {recordings}")
    options = _printable(options)
    takes = find_takes(
        recordings,
        family=options.family,
        instrument=options.instrument,
        source=options.source,
        middle_c=options.middle_c,
    )
    recipe = {"kind": "folder", "recordings": shown(Path(recordings).resolve().name), "options": asdict(options)}
    if folder is not None:
        check_folder(folder, recipe, resume=resume, force=force)
    takes, findings = _examine_all(takes, options, jobs, begin(len(takes)))
    tell(readings_of(takes))
    if folder is not None:
        if not any(found.outcome == "taken" for found in findings):
            reasons = Counter(reason.partition(":")[0] for found in findings for reason in found.reasons)
            most = reasons.most_common(1)[0][0]
            raise DatasetError(f"none of the {len(findings)} files can be taken, mostly for '{most}'; see --dry-run")
        _write_all(NoteWriter(folder, recipe, resume=resume, force=force), takes, findings, options, jobs)
    return findings


def _printable(options: Import) -> Import:
    """The same with words as a command line may hold them, which need not be UTF-8, escaped."""
    named = None if options.instrument is None else shown(options.instrument)
    return replace(options, instrument=named, licence=shown(options.licence), attribution=shown(options.attribution))


def readings_of(takes: list[Take]) -> list[Reading]:
    """How the file names were read, each way once, in the order of the folders."""
    counts = Counter(take.reading for take in takes)
    return [replace(reading, files=count) for reading, count in counts.items()]


def _examine_all(
    takes: list[Take], options: Import, jobs: int | None, advance: Advance
) -> tuple[list[Take], list[Finding]]:
    """Of files that would be the same note the first is taken."""
    takes, heard = examine(
        takes, pitch_from=options.pitch_from, max_seconds=options.max_seconds, jobs=jobs, advance=advance
    )
    findings, first = list[Finding](), dict[str, str]()
    for one in heard:
        found = one
        if found.outcome == "doubtful" and options.accept_doubtful:
            found = replace(found, outcome="taken")
        if found.outcome == "taken" and first.setdefault(found.note_str, found.file) != found.file:
            again = f"again: the same instrument, note and velocity as {first[found.note_str]}"
            found = replace(found, outcome="left out", reasons=(*found.reasons, again))
        findings.append(found)
    return takes, findings


def _write_all(
    writer: NoteWriter, takes: list[Take], findings: list[Finding], options: Import, jobs: int | None
) -> None:
    write_json(writer.folder / REPORT, [asdict(found) for found in findings])
    write_json(writer.folder / READINGS, [asdict(reading) for reading in readings_of(takes)])
    chosen = [(take, found) for take, found in zip(takes, findings, strict=True) if found.outcome == "taken"]
    waiting = [pair for pair in chosen if not writer.is_done(pair[1].note_str)]
    for (_, found), entry in in_parallel(partial(_write, writer.folder, options), waiting, jobs=jobs, chunk=8):
        writer.add(found.note_str, {found.note_str: entry})
    writer.finish()


def _write(folder: Path, options: Import, pair: tuple[Take, Finding]) -> Entry:
    take, found = pair
    audio = read_audio(take.path, max_seconds=LONGEST_READ_SECONDS)
    mono, _ = one_channel(audio.samples, audio.sample_rate)
    trimmed = recording.trim(mono, audio.sample_rate, max_seconds=options.max_seconds)
    peak = max(1.0, float(np.abs(trimmed.samples).max()))  # float files may exceed full scale, 24 bit cannot
    sound = Audio(trimmed.samples[None] / np.float32(peak), audio.sample_rate)
    write_audio(folder / AUDIO / f"{found.note_str}.flac", sound, force=True)
    return {
        **take_entry(take, found.pitch or 0, audio.sample_rate),
        "licence": options.licence,
        "attribution": options.attribution,
        "file": take.file,
        "pitch_from": found.pitch_from,
        "measured": found.measured,
        "trust": found.trust,
        "velocity_known": take.named.velocity is not None,
        "read_as": found.read_as,
        "start_seconds": round(trimmed.start_seconds, 4),
        "duration": round(sound.seconds, 4),
        "peak": round(sound.peak, 5),
    }
