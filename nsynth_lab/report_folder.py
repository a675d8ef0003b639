"""The folder of a report: written completely or not at all, and never over anything that is not a report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nsynth_lab.errors import UsageError
from nsynth_lab.picture import new_figure

INDEX = "index.html"
MARK_BYTES = 4096


def check_report_folder(folder: Path, *, force: bool, mark: str) -> None:
    """Refuse before the work if the report cannot be written; `mark` is the meta tag in this command's pages.

    Raises:
        UsageError: the folder is not writable, exists, or, with `force`, is not a report of this command.
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


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder to write to; it replaces `folder` if the block ends without an error."""
    new, old = (folder.with_name(f".{folder.name}.{word}{os.getpid()}") for word in ("", "old-"))
    try:
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)


def _is_report(folder: Path, mark: str) -> bool:
    index = folder / INDEX
    if not index.is_file():
        return not any(folder.iterdir())
    with index.open(encoding="utf-8", errors="replace") as file:
        return mark in file.read(MARK_BYTES)
