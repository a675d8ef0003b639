"""The folder of a pack while it is being made, so that it can be resumed: no file half written, no clip made twice.

    DIR/
      .unfinished/
        plan.json      what is being made, and the names of all its files
        model.txt      the folder of the checkpoint it is made with
        clips/*.json   one record per finished clip
        ...            files being written; they are moved into place when complete
      Samples/...      finished clips

The plan is written first and `.unfinished` removed last, so it is always clear whether a pack is complete. A complete
pack that has lost files becomes unfinished again, with the records from its manifest.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from nsynth_lab.errors import PackError, UsageError
from nsynth_lab.pack.folder import (
    CLIPS,
    MANIFEST,
    MODEL,
    PLAN,
    UNFINISHED,
    check_folder,
    json_bytes,
    matches_plan,
    read_json,
    recipe_file,
    records_of,
    sha256,
    within,
)


class Store:
    """A pack's folder, opened by `open_store`."""

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self.folder = folder
        self.plan = plan
        self.unfinished = folder / UNFINISHED

    def done(self) -> dict[str, dict[str, Any]]:
        """Records of finished clips, by file, without clips that differ from their record or have a damaged one."""
        finished = {}
        for path in sorted((self.unfinished / CLIPS).glob("*.json")):
            try:
                record = read_json(path)
            except PackError:
                continue
            file = str(record.get("file"))
            if path.name == _record_name(file) and sha256(self.folder / file) == record.get("sha256"):
                finished[file] = record
        return finished

    def put(self, file: str, write: Callable[[Path], object], record: Mapping[str, Any]) -> dict[str, Any]:
        """Write a clip and then its record; returns the record, with the clip's hash.

        Raises:
            PackError: the disk is full or not writable.
        """
        full = {"file": file, "sha256": self.write(file, write), **record}
        self.put_record(full)
        return full

    def put_record(self, record: Mapping[str, Any]) -> None:
        """Write the record of a clip."""
        name = _record_name(str(record["file"]))
        self.write(f"{UNFINISHED}/{CLIPS}/{name}", lambda path: path.write_bytes(json_bytes(record)))

    def write(self, file: str, write: Callable[[Path], object]) -> str:
        """Call `write` with a temporary path, then move that file to `file` within the pack; returns its hash."""
        target = self.folder / file
        temporary = self.unfinished / f"{os.getpid()}-{file.replace('/', '-')}"  # names occur in several folders
        with _write_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                write(temporary)
                digest = sha256(temporary)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
        return digest

    def finish(self) -> None:
        """Mark the pack as complete."""
        with _write_errors(self.folder):
            shutil.rmtree(self.unfinished)


def open_store(folder: Path, plan: Mapping[str, Any], *, model: Path, resume: bool, force: bool) -> Store:
    """Start a pack in `folder`, or resume it; `plan` has the recipe and, under "files", the names of all files.

    `model` is the folder of the checkpoint. A complete pack can be resumed too: then its lost files are made again.

    Raises:
        UsageError: the folder contains something else; the message says what.
        PackError: it is not writable, or its manifest is damaged.
    """
    found = check_folder(folder, resume=resume, force=force)
    resumes = resume and found in ("unfinished", "pack") and matches_plan(folder, plan)
    if resume and found in ("unfinished", "pack") and not resumes and not force:
        kind = "unfinished pack" if found == "unfinished" else "pack"
        raise UsageError(f"{folder}: holds another {kind}; choose another folder, or add --force")
    if found in ("pack", "unfinished") and not resumes:
        _remove(folder)
    store = Store(folder, plan)
    with _write_errors(folder):
        (store.unfinished / CLIPS).mkdir(parents=True, exist_ok=True)
    store.write(f"{UNFINISHED}/{PLAN}", lambda path: path.write_bytes(json_bytes(plan)))
    store.write(f"{UNFINISHED}/{MODEL}", lambda path: path.write_bytes(os.fsencode(model.absolute())))
    for record in records_of(folder) if found == "pack" and resumes else ():
        store.put_record(record)
    return store


def _remove(folder: Path) -> None:
    """Remove the files of the pack in `folder`, and no others."""
    listed = read_json(recipe_file(folder)).get("files", [])
    with _write_errors(folder):
        for file in within(folder, list(listed)):
            file.unlink(missing_ok=True)
            for parent in list(file.relative_to(folder).parents)[:-1]:
                if (folder / parent).is_dir() and not any((folder / parent).iterdir()):
                    (folder / parent).rmdir()
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)


def _record_name(file: str) -> str:
    return f"{PurePosixPath(file).stem}.json"


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Turn a failed write into a PackError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise PackError(
                f"{path}: the disk is full; finished clips are kept: make room and run the command again with --resume"
            ) from error
        raise PackError(f"{path}: cannot be written: {error.strerror or error}") from error
