"""import_folder(recordings_folder, folder): makes a data set from a folder of recordings and reports every decision.

Each file is read twice: once to screen it (all files, before anything is written) and once to write it. A doubtful
file (its name and sound disagree, it is clipped or noisy) is left out unless doubtful files are accepted; an unusable
one (silent, unreadable, without a pitch) is always left out. `report.json` lists the decisions, `names.json` how the
file names were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.dataset.name_groups import NamingScheme
from nsynth_lab.dataset.note_writer import REPORT, SCHEMES, Entry, NoteWriter, check_folder, write_json
from nsynth_lab.dataset.notes import AUDIO
from nsynth_lab.dataset.recordings import Recording, find_recordings
from nsynth_lab.dataset.screening import LONGEST_READ_SECONDS, PitchFrom, ScreeningResult, recording_entry, screen
from nsynth_lab.dsp.offset import one_channel
from nsynth_lab.dsp.recording import trim
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.workers import in_parallel

Advance = Callable[[int], None]


@dataclass(frozen=True)
class ImportOptions:
    """How to import recordings.

    Attributes:
        family, instrument: of all files; None takes them from the folders' names.
        source: acoustic, electronic or synthetic.
        pitch_from: see `screening.screen`.
        middle_c: the octave number that the file names give to middle C: 4, in some libraries 3 or 5; with None the
            names and sounds of each folder decide.
        accept_doubtful: use doubtful files too.
        max_seconds: the longest note; longer ones are faded out.
        licence, attribution: written to every entry.
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
    recordings_folder: str | Path,
    folder: str | Path | None,
    options: ImportOptions,
    *,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    begin: Callable[[int], Advance] = lambda _: lambda _: None,
    on_schemes: Callable[[list[NamingScheme]], None] = lambda _: None,
) -> list[ScreeningResult]:
    """Screen all recordings and write the usable ones to the data set `folder`; if that is None, only screen them.

    `begin(files)` is called with the number of files and returns a function that is called with 1 after each;
    `on_schemes` is called with how the file names of each folder were read.

    Raises:
        DatasetError: no file can be used.
        UsageError: no recordings, an unknown family, or a folder that cannot be used (see `note_writer.NoteWriter`).
    """
    home = Path(recordings_folder).resolve()
    if folder is not None and Path(folder).resolve().is_relative_to(home):
        raise UsageError(f"{folder}: is among the recordings; choose a folder outside {recordings_folder}")
    options = _printable(options)
    recordings = find_recordings(
        recordings_folder,
        family=options.family,
        instrument=options.instrument,
        source=options.source,
        middle_c=options.middle_c,
    )
    recipe = {"kind": "folder", "recordings": encodable(home.name), "options": asdict(options)}
    if folder is not None:
        check_folder(folder, recipe, resume=resume, force=force)
    recordings, results = _screen_all(recordings, options, jobs, begin(len(recordings)))
    on_schemes(naming_schemes(recordings))
    if folder is not None:
        if not any(found.outcome == "taken" for found in results):
            reasons = Counter(reason.partition(":")[0] for found in results for reason in found.reasons)
            most = reasons.most_common(1)[0][0]
            raise DatasetError(f"none of the {len(results)} files can be used, mostly for '{most}'; see --dry-run")
        _write_all(NoteWriter(folder, recipe, resume=resume, force=force), recordings, results, options, jobs)
    return results


def _printable(options: ImportOptions) -> ImportOptions:
    """The same options with texts from the command line that are not UTF-8 escaped."""
    return replace(
        options,
        instrument=None if options.instrument is None else encodable(options.instrument),
        licence=encodable(options.licence),
        attribution=encodable(options.attribution),
    )


def naming_schemes(recordings: list[Recording]) -> list[NamingScheme]:
    """The naming schemes of these recordings, each once with its number of files, in the order of the folders."""
    counts = Counter(recording.scheme for recording in recordings)
    return [replace(scheme, files=count) for scheme, count in counts.items()]


def _screen_all(
    recordings: list[Recording], options: ImportOptions, jobs: int | None, advance: Advance
) -> tuple[list[Recording], list[ScreeningResult]]:
    """Screen all; of several files that would be the same note, only the first is used."""
    recordings, screened = screen(
        recordings, pitch_from=options.pitch_from, max_seconds=options.max_seconds, jobs=jobs, advance=advance
    )
    results, first = list[ScreeningResult](), dict[str, str]()
    for one in screened:
        found = one
        if found.outcome == "doubtful" and options.accept_doubtful:
            found = replace(found, outcome="taken")
        if found.outcome == "taken" and first.setdefault(found.note_str, found.file) != found.file:
            again = f"again: the same instrument, note and velocity as {first[found.note_str]}"
            found = replace(found, outcome="left out", reasons=(*found.reasons, again))
        results.append(found)
    return recordings, results


def _write_all(
    writer: NoteWriter,
    recordings: list[Recording],
    results: list[ScreeningResult],
    options: ImportOptions,
    jobs: int | None,
) -> None:
    write_json(writer.folder / REPORT, [asdict(found) for found in results])
    write_json(writer.folder / SCHEMES, [asdict(scheme) for scheme in naming_schemes(recordings)])
    pairs = zip(recordings, results, strict=True)
    waiting = [pair for pair in pairs if pair[1].outcome == "taken" and not writer.is_done(pair[1].note_str)]
    for (_, found), entry in in_parallel(partial(_write, writer.folder, options), waiting, jobs=jobs, chunk=8):
        writer.add(found.note_str, {found.note_str: entry})
    writer.finish()


def _write(folder: Path, options: ImportOptions, pair: tuple[Recording, ScreeningResult]) -> Entry:
    recording, found = pair
    audio = read_audio(recording.path, max_seconds=LONGEST_READ_SECONDS)
    mono, _ = one_channel(audio.samples, audio.sample_rate)
    trimmed = trim(mono, audio.sample_rate, max_seconds=options.max_seconds)
    peak = max(1.0, float(np.abs(trimmed.samples).max()))  # float files may exceed full scale, 24 bit cannot
    sound = Audio(trimmed.samples[None] / np.float32(peak), audio.sample_rate)
    write_audio(folder / AUDIO / f"{found.note_str}.flac", sound, force=True)
    return {
        **recording_entry(recording, found.pitch or 0, audio.sample_rate),
        "licence": options.licence,
        "attribution": options.attribution,
        "file": recording.file,
        "pitch_from": found.pitch_from,
        "measured": found.measured,
        "trust": found.trust,
        "velocity_known": recording.parsed.velocity is not None,
        "read_as": found.read_as,
        "start_seconds": round(trimmed.start_seconds, 4),
        "duration": round(sound.seconds, 4),
        "peak": round(sound.peak, 5),
    }
