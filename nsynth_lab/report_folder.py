"""The folder of a report: made whole or not at all, and never in the place of something that is no report."""

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


def _is_report(folder: Path, mark: str) -> bool:
    index = folder / INDEX
    if not index.is_file():
        return not any(folder.iterdir())
    with index.open(encoding="utf-8", errors="replace") as file:
        return mark in file.read(MARK_BYTES)
