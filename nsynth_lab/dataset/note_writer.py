"""NoteWriter: writes a note data set that is either complete or can be resumed.

While it is being written, the folder holds `recipe.json` (the options it is made with), `audio/` and `parts/` (one
file of entries for each finished instrument or recording). `finish` merges the parts into `examples.json`, whose
presence marks the data set as complete. Every file is written under a temporary name and then renamed.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.dataset.labels import QUALITIES, clean
from nsynth_lab.dataset.notes import AUDIO, EXAMPLES
from nsynth_lab.errors import DatasetError, UsageError
from nsynth_lab.note import FAMILIES, SOURCES
from nsynth_lab.version import __version__

RECIPE, REPORT, SCHEMES, PARTS = "recipe.json", "report.json", "names.json", "parts"
OWN_NAMES = {RECIPE, EXAMPLES, REPORT, SCHEMES, AUDIO, PARTS}

Entry = dict[str, Any]


class NoteWriter:
    """Opens `folder` to write the data set that `recipe` (a JSON object with all its options) describes.

    The folder must be new or empty. With `resume`, an unfinished data set of the same recipe is continued; with
    `force`, any data set is replaced, by deleting the files a data set consists of and nothing else.

    Raises:
        UsageError: the folder holds other files, or a data set that neither `resume` nor `force` allows to touch.
    """

    def __init__(self, folder: str | Path, recipe: Entry, *, resume: bool = False, force: bool = False) -> None:
        self.folder = Path(folder)
        check_folder(folder, recipe, resume=resume, force=force)
        if force:
            clear(self.folder)
        for name in (AUDIO, PARTS):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        write_json(self.folder / RECIPE, with_version(recipe))

    def is_done(self, part: str) -> bool:
        """Whether an earlier run has finished this part."""
        return self._part(part).is_file()

    def add(self, part: str, entries: dict[str, Entry]) -> None:
        """Record a part whose audio is written as finished: note_str -> entry, empty for a skipped note."""
        write_json(self._part(part), entries)

    def parts(self) -> dict[str, dict[str, Entry]]:
        """All finished parts, from this run and earlier ones.

        Raises:
            DatasetError: a part is damaged.
        """
        found = {}
        for path in sorted((self.folder / PARTS).glob("*.json")):
            try:
                found[path.stem] = json.loads(path.read_text("utf-8"))
            except (ValueError, OSError) as error:
                raise DatasetError(f"{path}: damaged ({error}); delete it and run with --resume") from error
        return found

    def finish(self) -> int:
        """Merge the parts into examples.json and return the number of notes in it.

        Raises:
            DatasetError: no part contains a note, or a part is damaged.
        """
        entries = {name: entry for part in self.parts().values() for name, entry in part.items() if entry}
        if not entries:
            raise DatasetError(f"{self.folder}: not one note could be written")
        write_json(self.folder / EXAMPLES, entries)
        shutil.rmtree(self.folder / PARTS)
        return len(entries)

    def _part(self, part: str) -> Path:
        return self.folder / PARTS / f"{part}.json"


def check_folder(folder: str | Path, recipe: Entry, *, resume: bool = False, force: bool = False) -> None:
    """Make the checks of `NoteWriter` before any work is done; changes nothing.

    Raises:
        UsageError: see `NoteWriter`.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; expected a folder to write the data set to")
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if strangers := sorted(found - OWN_NAMES):
        raise UsageError(f"{folder}: holds other things ('{clean(strangers[0])}'); choose a new or empty folder")
    if not found or force:
        return
    if not resume:
        raise UsageError(f"{folder}: holds a data set; add --resume to continue it or --force to replace it")
    if _read_recipe(folder) != with_version(recipe):
        raise UsageError(f"{folder}: was started with other options; repeat those, or replace it with --force")
    if EXAMPLES in found:
        raise UsageError(f"{folder}: is complete; there is nothing to resume (--force makes it again)")


def with_version(recipe: Entry) -> Entry:
    """A recipe as it is stored: with this package's version, and with lists for tuples, as JSON returns it."""
    plain: Entry = json.loads(json.dumps(recipe))
    return {**plain, "version": __version__}


def clear(folder: Path) -> None:
    """Delete the files that a data set consists of, and nothing else."""
    for name in (EXAMPLES, RECIPE, REPORT, SCHEMES):
        (folder / name).unlink(missing_ok=True)
    for name in (AUDIO, PARTS):
        if (folder / name).is_symlink():
            (folder / name).unlink()
        elif (folder / name).is_dir():
            shutil.rmtree(folder / name)


def note_entry(
    *, family: str, instrument_source: str, number: int, pitch: int, velocity: int, sample_rate: int, **extra: Any
) -> Entry:
    """NSynth's thirteen fields for one note, then `extra`; `number` 0..999 counts instruments within a family.

    The ids `note` and `instrument` depend on the arguments alone, so they stay the same when a set is made again.
    """
    instrument_str = f"{family}_{instrument_source}_{number:03d}"
    family_id, source_id = FAMILIES.index(family), SOURCES.index(instrument_source)
    instrument = (family_id * len(SOURCES) + source_id) * 1000 + number
    return {
        "note": (instrument * 128 + pitch) * 128 + velocity,
        "note_str": f"{instrument_str}-{pitch:03d}-{velocity:03d}",
        "instrument": instrument,
        "instrument_str": instrument_str,
        "pitch": pitch,
        "velocity": velocity,
        "sample_rate": sample_rate,
        "qualities": [0] * len(QUALITIES),
        "qualities_str": [],
        "instrument_family": family_id,
        "instrument_family_str": family,
        "instrument_source": source_id,
        "instrument_source_str": instrument_source,
        **extra,
    }


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, under a temporary name that is then renamed.

    Raises:
        DatasetError: the file cannot be written.
    """
    with atomic_write(path, DatasetError) as beside:
        beside.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


def _read_recipe(folder: Path) -> Any:
    try:
        return json.loads((folder / RECIPE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
