"""What sections measured of each note, kept in a folder, so that an evaluation that was interrupted goes on.

A few hundred notes take half an hour to encode. A file for each note holds the values of every section that keeps
them, each with what they depend on; whatever is there and depends on the same is not measured again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nsynth_lab.atomic_file import write_json
from nsynth_lab.dataset.notes import NoteRecord
from nsynth_lab.errors import NsynthLabError
from nsynth_lab.folders import make_folder
from nsynth_lab.naming import file_stem

MOST_BYTES = 2**20

Values = Mapping[str, float | None]
"""Metric -> value of one note."""


class NoteFolder:
    """A folder with a file for each note; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def kept(self, record: NoteRecord, section: str, made_from: Mapping[str, Any]) -> Values | None:
        """The kept results of `section` for this note; None if there are none, or if they depend on something else."""
        found = self._read(record).get(section)
        if not isinstance(found, dict) or found.get("made_from") != dict(made_from):
            return None
        values = found.get("values")
        if not isinstance(values, dict) or not all(isinstance(one, float | None) for one in values.values()):
            return None
        return values

    def keep(self, record: NoteRecord, section: str, made_from: Mapping[str, Any], values: Values) -> None:
        """Keep what `section` measured of the note, beside what other sections did.

        Raises:
            NsynthLabError: the folder cannot be made or written to.
        """
        path = self._path(record)
        if path is not None:
            make_folder(path.parent, NsynthLabError)
            entry = {"made_from": dict(made_from), "values": dict(values)}
            write_json(path, self._read(record) | {section: entry})

    def _read(self, record: NoteRecord) -> dict[str, Any]:
        """Section -> what is kept; nothing if the file is missing or damaged."""
        path = self._path(record)
        if path is not None and path.is_file() and path.stat().st_size <= MOST_BYTES:
            with suppress(OSError, ValueError, RecursionError):
                found = json.loads(path.read_text(encoding="utf-8"))
                return found if isinstance(found, dict) else {}
        return {}

    def _path(self, record: NoteRecord) -> Path | None:
        if self._folder is None:
            return None
        stem = file_stem(f"{record.dataset} {record.note_str}", instead="note")
        return self._folder / f"{stem}.json"
