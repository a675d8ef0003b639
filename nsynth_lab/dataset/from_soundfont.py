"""render_soundfont(font, folder): the notes of a SoundFont's instruments as a data set, made in parallel.

One task is one preset: a worker process loads the font once, plays the preset's notes one by one and writes
each; its entries come back and are noted, so that an interrupted run loses at most the presets under way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from nsynth_lab.dataset.fluidsynth import library_version
from nsynth_lab.dataset.font_info import read_font_info
from nsynth_lab.dataset.font_instruments import FontInstrument
from nsynth_lab.dataset.note_writer import Entry, NoteWriter, check_folder
from nsynth_lab.dataset.soundfont_notes import Rendering, probe, render_instrument
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.legible import encodable
from nsynth_lab.workers import in_parallel

HIGHEST_NUMBER = 999  # of an instrument, in NSynth's names


@dataclass(frozen=True)
class Rendered:
    """What a rendering gave: notes written, notes the font is silent at."""

    notes: int
    silent: tuple[str, ...]


def render_soundfont(
    font: str | Path,
    folder: str | Path,
    instruments: Sequence[FontInstrument],
    rendering: Rendering,
    *,
    licence: str | None = None,
    attribution: str | None = None,
    jobs: int | None = None,
    resume: bool = False,
    force: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Rendered:
    """Render instruments of `font` into the data set `folder`; `advance(notes)` is called as notes get done.

    Licence and attribution are what the font says of itself where they are not given.

    Raises:
        DatasetError: not a SoundFont, or FluidSynth cannot play it.
        MissingError: FluidSynth is not installed.
        UsageError: the folder is in the way (see `note_writer.NoteWriter`), or there are more presets than numbers.
    """
    font = Path(font)
    if (highest := max(one.number for one in instruments) + 128 * rendering.series) > HIGHEST_NUMBER:
        raise UsageError(f"an instrument would have the number {highest} of {HIGHEST_NUMBER}; use a lower --series")
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
    return Rendered(writer.finish(), silent)


def _part(one: FontInstrument) -> str:
    return f"{one.number:03d}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
