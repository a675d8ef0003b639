"""A report: one folder with a page of figures, and the best, the median and the worst note of each family to hear.

folder/index.html                      opens from disk; nothing in it points elsewhere
folder/sounds/flute-worst-original.flac, flute-worst-decoded.flac
folder/pictures/flute-worst.png        both spectrograms
folder/figures.json                    what `--json` writes

It is written aside and renamed when it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nsynth_lab.audio import Audio, write_audio
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import UsageError
from nsynth_lab.evaluate.notes import read_note
from nsynth_lab.evaluate.page import MARK, page
from nsynth_lab.evaluate.sections.section import Advance, Twin, Work
from nsynth_lab.note import note_name
from nsynth_lab.picture import Panel, draw_spectrograms, new_figure
from nsynth_lab.units import FloatArray

INDEX = "index.html"
MARK_BYTES = 4096
RANKS = {1: ("median",), 2: ("best", "worst"), 3: ("best", "median", "worst")}


@dataclass(frozen=True)
class Example:
    """A note worth hearing: why (`best`, `median` or `worst` of its family), and its mel error."""

    rank: str
    error_db: float
    record: NoteRecord

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"{self.record.family}-{self.rank}"


def choose_examples(errors: Sequence[tuple[float, NoteRecord]]) -> list[Example]:
    """The best, the median and the worst of each family, by mel error; fewer where a family has fewer notes."""
    by_family: dict[str, list[tuple[float, NoteRecord]]] = defaultdict(list)
    for error, record in sorted(errors, key=lambda one: (one[0], one[1].note_str)):
        by_family[record.family].append((error, record))
    return [
        Example(rank, *notes[place])
        for _, notes in sorted(by_family.items())
        for rank, place in zip(RANKS[min(len(notes), 3)], (0, len(notes) // 2, len(notes) - 1), strict=False)
    ]


def check_report_folder(folder: Path, *, force: bool, mark: str = MARK) -> None:
    """Refuse before the work rather than after it; `mark` stands in the pages of the command that asks.

    Raises:
        UsageError: it cannot be written, exists, or, with `force`, exists and is no report of ours.
        MissingError: matplotlib is not installed.
    """
    if not folder.parent.is_dir():
        raise UsageError(f"{folder}: the folder {folder.parent} does not exist; make it first")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder}: is no folder; choose another name for the report")
    if folder.exists() and not force:
        raise UsageError(f"{folder}: exists already; add --force to replace it")
    if folder.exists() and not _is_report(folder, mark):
        raise UsageError(f"{folder}: is not a report of this command, so it is not replaced; choose another name")
    if not os.access(folder.parent, os.W_OK):
        raise UsageError(f"{folder}: the folder {folder.parent} is read-only")
    new_figure(1.0, 1.0)


def write_report(
    folder: Path, figures: dict[str, Any], examples: Sequence[Example], work: Work, *, advance: Advance
) -> Path:
    """Write it, in place of an older report; `advance(1)` for each example."""
    with whole_folder(folder) as aside:
        for part in ("sounds", "pictures"):
            (aside / part).mkdir()
        for example in examples:
            _write_example(aside, example, work)
            advance(1)
        (aside / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        (aside / INDEX).write_text(page(figures, [_row(example) for example in examples]), encoding="utf-8")
    return folder


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to write into, which takes the place of `folder` once the block is left without an error."""
    aside, old = (folder.with_name(f".{folder.name}.{word}{os.getpid()}") for word in ("", "old-"))
    try:
        aside.mkdir()
        yield aside
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        for left in (aside, old):
            shutil.rmtree(left, ignore_errors=True)


def _write_example(folder: Path, example: Example, work: Work) -> None:
    twin = Twin(read_note(example.record), work.checkpoint, work.rounds)
    sounds = {"original": twin.original.samples, "decoded": twin.decoded.samples}
    for name, samples in sounds.items():
        _write_sound(folder / "sounds" / f"{example.stem}-{name}.flac", samples)
    panels = [Panel(name, samples) for name, samples in sounds.items()]
    draw_spectrograms(folder / "pictures" / f"{example.stem}.png", panels, title=example.record.note_str)


def _write_sound(path: Path, samples: FloatArray) -> None:
    write_audio(path, Audio(np.clip(samples, -1.0, 1.0)[None]), subtype="PCM_16")


def _row(example: Example) -> dict[str, str]:
    record = example.record
    return {
        "stem": example.stem,
        "family": record.family.replace("_", " "),
        "rank": example.rank,
        "instrument": record.instrument_name,
        "note": f"{note_name(record.pitch)}, velocity {record.velocity}",
        "error": f"{example.error_db:.2f} dB",
        "licence": ", ".join(text for text in (record.licence, record.attribution) if text),
    }


def _is_report(folder: Path, mark: str) -> bool:
    index = folder / INDEX
    if not index.is_file():
        return not any(folder.iterdir())
    with index.open(encoding="utf-8", errors="replace") as file:
        return mark in file.read(MARK_BYTES)
