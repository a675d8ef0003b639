"""render_soundfont(font, folder): the notes of a SoundFont's instruments as a data set, made in parallel.

One task is one program: a worker process loads the font once, plays the program's notes one by one and writes
each; its entries come back and are noted, so that an interrupted run loses at most the programs under way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from nsynth_lab.errors import DatasetError
from nsynth_lab.train.font_info import read_font_info
from nsynth_lab.train.note_writer import Entry, NoteWriter, check_folder
from nsynth_lab.train.rendering import Rendering, probe, render_program
from nsynth_lab.train.synthesizer import library_version
from nsynth_lab.train.workers import in_parallel


@dataclass(frozen=True)
class Rendered:
    """What a rendering gave: notes written, programs the font lacks, notes it is silent at."""

    notes: int
    missing_programs: tuple[int, ...]
    silent: tuple[str, ...]


def render_soundfont(
    font: str | Path,
    folder: str | Path,
    rendering: Rendering,
    *,
    licence: str | None = None,
    attribution: str | None = None,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Rendered:
    """Render `font` into the data set `folder`; `advance(notes)` is called as notes get done.

    Licence and attribution are what the font says of itself where they are not given.

    Raises:
        DatasetError: not a SoundFont, or FluidSynth cannot play it.
        MissingError: FluidSynth is not installed.
        UsageError: the folder is in the way (see `note_writer.NoteWriter`).
    """
    font = Path(font)
    info = read_font_info(font)
    about = {
        "licence": info.terms if licence is None else licence,
        "attribution": info.attribution if attribution is None else attribution,
        "source": font.stem,
        "soundfont": font.name,
    }
    recipe: Entry = {"kind": "soundfont", **about, "sha256": _sha256(font), "fluidsynth": library_version()}
    recipe["rendering"] = asdict(rendering)
    check_folder(folder, recipe, resume=resume, force=force)
    try:
        list(in_parallel(partial(probe, rendering.sample_rate), [font], isolated=True))  # before a folder is touched
        writer = NoteWriter(folder, recipe, resume=resume, force=force)
        waiting = [program for program in rendering.programs if not writer.is_done(_part(program))]
        advance(sum(len(rendering.notes(program)) for program in set(rendering.programs) - set(waiting)))
        work = partial(render_program, font, writer.folder, rendering, about)
        for program, entries in in_parallel(work, waiting, jobs=jobs, isolated=True):
            writer.add(_part(program), entries)
            advance(len(rendering.notes(program)))
    except BrokenProcessPool as error:
        raise DatasetError(f"{font}: FluidSynth crashed while playing it; the SoundFont is damaged") from error
    parts = writer.parts()
    silent = tuple(sorted(name for part in parts.values() for name, entry in part.items() if not entry))
    missing = tuple(program for program in rendering.programs if not parts[_part(program)])
    return Rendered(writer.finish(), missing, silent)


def _part(program: int) -> str:
    return f"{program:03d}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
