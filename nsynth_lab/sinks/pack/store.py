"""The folder of a pack while it is being made: nothing half written, nothing made twice.

    DIR/
      .unfinished/
        plan.json      what is being made, and the names of all its files
        clips/*.json   a record of each clip that is whole and in its place
        ...            files being written: they are moved to their place when they are whole
      Samples/...      clips in their place

The plan is written first and `.unfinished` is removed last, so a folder always tells whether it is whole.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from nsynth_lab.errors import PackError, UsageError

UNFINISHED, PLAN, CLIPS, MANIFEST = ".unfinished", "plan.json", "clips", "manifest.json"
MAX_BYTES = 256 * 2**20


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
        self.write(f"{UNFINISHED}/{CLIPS}/{_record_name(file)}", lambda path: path.write_bytes(json_bytes(full)))
        return full

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


def open_store(folder: Path, plan: Mapping[str, Any], *, resume: bool, force: bool) -> Store:
    """Begin a pack in `folder`, or go on with it; `plan` has the recipe and, under "files", every file's name.

    Raises:
        UsageError: the folder holds something else; what is in the way is told.
        PackError: it cannot be written.
    """
    found = check_folder(folder, resume=resume, force=force)
    goes_on = resume and found == "unfinished" and _same(folder, plan)
    if found == "unfinished" and not goes_on and not force:
        raise UsageError(f"{folder}: holds another unfinished pack; choose another folder, or add --force")
    if found in ("pack", "unfinished") and not goes_on:
        _remove(folder)
    store = Store(folder, plan)
    with _told(folder):
        (store.aside / CLIPS).mkdir(parents=True, exist_ok=True)
    store.write(f"{UNFINISHED}/{PLAN}", lambda path: path.write_bytes(json_bytes(plan)))
    return store


def check_folder(folder: Path, *, resume: bool, force: bool) -> str:
    """Refuse before the work what is in the way in any case; returns what `folder` holds, as `look_into`.

    Raises:
        UsageError: the folder holds something else; what is in the way is told.
    """
    found = look_into(folder)
    if found == "stranger":
        raise UsageError(f"{folder}: is not empty and holds no pack; choose an empty or a new folder")
    if found == "pack" and not force:
        raise UsageError(f"{folder}: holds a pack already; choose another folder, or add --force to replace it")
    if found == "unfinished" and not resume and not force:
        raise UsageError(f"{folder}: holds an unfinished pack; add --resume to go on, or --force to begin anew")
    return found


def look_into(folder: Path) -> str:
    """What `folder` holds: "nothing", "unfinished", "pack" or "stranger".

    Raises:
        UsageError: it is a file, or lies in a folder that does not exist.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; expected a folder for the pack")
    if not folder.exists():
        if not folder.absolute().parent.is_dir():
            raise UsageError(f"{folder}: the folder {folder.absolute().parent} does not exist; make it first")
        return "nothing"
    if (folder / UNFINISHED / PLAN).is_file():
        return "unfinished"
    if (folder / MANIFEST).is_file():
        return "pack" if "nsynth_lab" in read_json(folder / MANIFEST) else "stranger"
    return "stranger" if any(path.name != UNFINISHED for path in folder.iterdir()) else "nothing"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of bounded size.

    Raises:
        PackError: missing, too large, or not such a file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PackError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not a manifest of a pack")
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise PackError(f"{path}: cannot be read as a manifest: {error}") from error
    if not isinstance(value, dict):
        raise PackError(f"{path}: cannot be read as a manifest: expected a JSON object")
    return value


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON for people and programs, the same bytes for the same value."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def sha256(path: Path) -> str:
    """Hash of a file; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _same(folder: Path, plan: Mapping[str, Any]) -> bool:
    return bool(read_json(folder / UNFINISHED / PLAN) == json.loads(json_bytes(plan)))


def _remove(folder: Path) -> None:
    """Remove the files of the pack that lies in `folder`, and no others."""
    unfinished = folder / UNFINISHED / PLAN
    listed = read_json(unfinished if unfinished.is_file() else folder / MANIFEST).get("files", [])
    with _told(folder):
        for file in _within(folder, list(listed)):
            file.unlink(missing_ok=True)
            for parent in list(file.relative_to(folder).parents)[:-1]:
                if (folder / parent).is_dir() and not any((folder / parent).iterdir()):
                    (folder / parent).rmdir()
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)


def _within(folder: Path, files: Sequence[object]) -> Iterator[Path]:
    """Those of `files` that are names within `folder`, whatever a manifest claims."""
    root = folder.resolve()
    for file in files:
        if isinstance(file, str) and (root / file).resolve().is_relative_to(root) and file:
            yield folder / file


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
