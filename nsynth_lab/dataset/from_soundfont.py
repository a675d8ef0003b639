"""render_soundfont(font, folder): renders the instruments of a SoundFont to a data set, in parallel.

One task is one preset: a worker process loads the font once, then plays and writes the preset's notes one by one.
Finished presets are recorded, so an interrupted run loses at most those being rendered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from nsynth_lab.dataset.fluidsynth import library_version
from nsynth_lab.dataset.font_file import read_font_info
from nsynth_lab.dataset.font_instruments import FontInstrument
from nsynth_lab.dataset.note_writer import Entry, NoteWriter, check_folder
from nsynth_lab.dataset.soundfont_notes import RenderSettings, probe, render_instrument
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.workers import in_parallel

HIGHEST_NUMBER = 999  # NSynth's names have three digits for the instrument


@dataclass(frozen=True)
class RenderSummary:
    """The result of `render_soundfont`: how many notes were written, and the names of those skipped as silent."""

    notes: int
    silent: tuple[str, ...]


def render_soundfont(
    font: str | Path,
    folder: str | Path,
    instruments: Sequence[FontInstrument],
    rendering: RenderSettings,
    *,
    licence: str | None = None,
    attribution: str | None = None,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> RenderSummary:
    """Render instruments of `font` to the data set `folder`; `advance(notes)` is called as notes are finished.

    If licence and attribution are not given, those in the font's own header are used.

    Raises:
        DatasetError: not a SoundFont, or FluidSynth cannot play it.
        MissingError: FluidSynth is not installed.
        UsageError: the folder cannot be used (see `note_writer.NoteWriter`), or there are more presets than numbers.
    """
    font = Path(font)
    if (highest := max(one.number for one in instruments) + 128 * rendering.series) > HIGHEST_NUMBER:
        raise UsageError(f"instrument numbers end at {HIGHEST_NUMBER}, this needs {highest}; use a lower --series")
    info = read_font_info(font)
    about = {
        "licence": info.terms if licence is None else licence,
        "attribution": info.attribution if attribution is None else attribution,
        "source": encodable(font.stem),
        "soundfont": encodable(font.name),
    }
    recipe: Entry = {"kind": "soundfont", **about, "sha256": _sha256(font), "fluidsynth": library_version()}
    recipe["rendering"] = asdict(rendering)
    recipe["instruments"] = [asdict(one) for one in instruments]
    check_folder(folder, recipe, resume=resume, force=force)
    try:
        list(in_parallel(partial(probe, rendering.sample_rate), [font], isolated=True))  # before a folder is touched
        writer = NoteWriter(folder, recipe, resume=resume, force=force)
        waiting = [one for one in instruments if not writer.is_done(_part(one))]
        advance(sum(len(rendering.notes(one)) for one in instruments if one not in waiting))
        work = partial(render_instrument, font, writer.folder, rendering, about)
        for one, entries in in_parallel(work, waiting, jobs=jobs, isolated=True):
            writer.add(_part(one), entries)
            advance(len(rendering.notes(one)))
    except BrokenProcessPool as error:
        raise DatasetError(f"{font}: FluidSynth crashed while playing it; the SoundFont is damaged") from error
    parts = writer.parts()
    silent = tuple(sorted(name for part in parts.values() for name, entry in part.items() if not entry))
    return RenderSummary(writer.finish(), silent)


def _part(one: FontInstrument) -> str:
    return f"{one.number:03d}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
