"""render_soundfont(font, folder): the notes of a SoundFont's instruments as a data set, made in parallel.

One task is one program: a worker process loads the font once, plays the program's notes one by one and writes
each; its entries come back and are noted, so that an interrupted run loses at most the programs under way.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

from nsynth_lab.errors import DatasetError
from nsynth_lab.train.note_writer import Entry, NoteWriter
from nsynth_lab.train.rendering import Rendering, render_program
from nsynth_lab.train.synthesizer import check_font, library_version


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
    licence: str,
    attribution: str,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Rendered:
    """Render `font` into the data set `folder`; `advance(notes)` is called as notes get done.

    Raises:
        DatasetError: not a SoundFont, or FluidSynth cannot play it.
        MissingError: FluidSynth is not installed.
        UsageError: the folder is in the way (see `note_writer.NoteWriter`).
    """
    font = Path(font)
    check_font(font)
    about = {"licence": licence, "attribution": attribution, "source": font.stem, "soundfont": font.name}
    recipe: Entry = {"kind": "soundfont", **about, "sha256": _sha256(font), "fluidsynth": library_version()}
    recipe["rendering"] = json.loads(json.dumps(asdict(rendering)))  # tuples as JSON gives them back
    writer = NoteWriter(folder, recipe, resume=resume, force=force)
    waiting = [program for program in rendering.programs if not writer.is_done(_part(program))]
    advance(sum(len(rendering.notes(program)) for program in set(rendering.programs) - set(waiting)))
    for program, entries in _render_all(font, writer.folder, rendering, waiting, about, jobs=jobs):
        writer.add(_part(program), entries)
        advance(len(rendering.notes(program)))
    parts = writer.parts()
    silent = tuple(sorted(name for part in parts.values() for name, entry in part.items() if not entry))
    missing = tuple(program for program in rendering.programs if not parts[_part(program)])
    return Rendered(writer.finish(), missing, silent)


def _render_all(
    font: Path, folder: Path, rendering: Rendering, programs: list[int], about: dict[str, str], *, jobs: int | None
) -> Iterator[tuple[int, dict[str, Entry]]]:
    """(program, its entries) as worker processes finish; none where the font lacks the program."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=context, initializer=_ignore_ctrl_c)
    try:
        tasks = {pool.submit(render_program, font, folder, rendering, program, about): program for program in programs}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    except BrokenProcessPool as error:
        raise DatasetError(f"{font}: FluidSynth crashed while playing it; the SoundFont is damaged") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _part(program: int) -> str:
    return f"{program:03d}"


def _ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides what to do about it


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
