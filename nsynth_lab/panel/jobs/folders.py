"""Folders: where files are kept while the panel runs, among the user's caches, each with a lock that its process holds.

A folder whose lock is free was left by a panel that crashed, or was killed; the next one that starts removes it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.folders import cache_folder, make_folder

PREFIX, LOCK, ROOM = "session-", "lock", "panel"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for as long as the context lasts; those that were left behind are removed."""
    above: Path | None = None  # the system's folder for such, where the user's cannot be written
    with suppress(NsynthLabError):
        above = make_folder(cache_folder() / ROOM, NsynthLabError)
        remove_left(above)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above))
    try:
        with (folder / LOCK).open("wb") as file:
            _lock(file)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left(above: Path) -> None:
    """Remove the folders in `above` that nobody holds."""
    for folder in above.glob(f"{PREFIX}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        with suppress(OSError):
            if not (folder / LOCK).exists():  # another panel has made it just now, or its owner removes it
                continue
            with (folder / LOCK).open("rb+") as file:
                if not _lock(file):
                    continue
            shutil.rmtree(folder, ignore_errors=True)


def _lock(file: IO[bytes]) -> bool:
    """Take the lock of a file until it is closed; False if another process has it."""
    try:
        import fcntl
    except ImportError:  # Windows: files that are open there cannot be removed
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
