"""The folder of a pack while it is being made: nothing half written, nothing made twice.

    DIR/
      .unfinished/
        plan.json      what is being made, and the names of all its files
        model.txt      the folder of the checkpoint it is made with
        clips/*.json   a record of each clip that is whole and in its place
        ...            files being written: they are moved to their place when they are whole
      Samples/...      clips in their place

The plan is written first and `.unfinished` is removed last, so a folder always tells whether it is whole. A pack that
has lost some of its files becomes unfinished again, with the records of its manifest.
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
    is_of,
    json_bytes,
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
        self.aside = folder / UNFINISHED

    def done(self) -> dict[str, dict[str, Any]]:
        """Records of clips that are whole, by file; a clip that does not match its record is not."""
        whole = {}
        for path in sorted((self.aside / CLIPS).glob("*.json")):
            record = read_json(path)
            file = str(record.get("file"))
            if path.name == _record_name(file) and sha256(self.folder / file) == record.get("sha256"):
                whole[file] = record
        return whole

    def put(self, file: str, write: Callable[[Path], object], record: Mapping[str, Any]) -> dict[str, Any]:
        """Write a clip and then its record, which is returned with the clip's hash.

        Raises:
            PackError: the disk is full, or cannot be written.
        """
        full = {"file": file, "sha256": self.write(file, write), **record}
        self.remember(full)
        return full

    def remember(self, record: Mapping[str, Any]) -> None:
        """Write the record of a clip."""
        name = _record_name(str(record["file"]))
        self.write(f"{UNFINISHED}/{CLIPS}/{name}", lambda path: path.write_bytes(json_bytes(record)))

    def write(self, file: str, write: Callable[[Path], object]) -> str:
        """Let `write` make a file aside, then move it to its place `file` within the pack; returns its hash."""
        target = self.folder / file
        aside = self.aside / f"{os.getpid()}-{target.name}"
        with _told(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                write(aside)
                digest = sha256(aside)
                aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)
        return digest

    def finish(self) -> None:
        """The pack is whole."""
        with _told(self.folder):
            shutil.rmtree(self.aside)


def open_store(folder: Path, plan: Mapping[str, Any], *, model: Path, resume: bool, force: bool) -> Store:
    """Begin a pack in `folder`, or go on with it; `plan` has the recipe and, under "files", every file's name.

    `model` is the folder of the checkpoint. A whole pack is gone on with too: what it has lost is to be made again.

    Raises:
        UsageError: the folder holds something else; what is in the way is told.
        PackError: it cannot be written.
    """
    found = check_folder(folder, resume=resume, force=force)
    goes_on = resume and found in ("unfinished", "pack") and is_of(folder, plan)
    if resume and found in ("unfinished", "pack") and not goes_on and not force:
        kind = "unfinished pack" if found == "unfinished" else "pack"
        raise UsageError(f"{folder}: holds another {kind}; choose another folder, or add --force")
    if found in ("pack", "unfinished") and not goes_on:
        _remove(folder)
    store = Store(folder, plan)
    with _told(folder):
        (store.aside / CLIPS).mkdir(parents=True, exist_ok=True)
    store.write(f"{UNFINISHED}/{PLAN}", lambda path: path.write_bytes(json_bytes(plan)))
    store.write(f"{UNFINISHED}/{MODEL}", lambda path: path.write_bytes(os.fsencode(model.absolute())))
    for record in records_of(folder) if found == "pack" and goes_on else ():
        store.remember(record)
    return store


def _remove(folder: Path) -> None:
    """Remove the files of the pack that lies in `folder`, and no others."""
    listed = read_json(recipe_file(folder)).get("files", [])
    with _told(folder):
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
def _told(path: Path) -> Iterator[None]:
    """A failed write becomes one line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise PackError(
                f"{path}: the disk is full; what is whole is kept: make room and run the command again with --resume"
            ) from error
        raise PackError(f"{path}: cannot be written: {error.strerror or error}") from error
