"""The user's folders: one for presets and captured instruments, one for caches.

The environment variable `NSYNTH_LAB_HOME` names another folder for both.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nsynth_lab.errors import MissingError, NsynthLabError

HOME = "NSYNTH_LAB_HOME"


def data_folder() -> Path:
    """The folder of the user's presets and captured instruments; it may not exist yet.

    Raises:
        MissingError: platformdirs is not installed.
    """
    return _home() or Path(_platformdirs().user_data_dir("nsynth-lab", appauthor=False))


def cache_folder() -> Path:
    """The folder of everything that can be computed again.

    Raises:
        MissingError: platformdirs is not installed.
    """
    home = _home()
    return home / "cache" if home else Path(_platformdirs().user_cache_dir("nsynth-lab", appauthor=False))


def make_folder(folder: Path, error: type[NsynthLabError]) -> Path:
    """Make one of these folders, where it is not there yet; returns it.

    Raises:
        error: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise error(
            f"{folder}: the folder cannot be made ({problem.strerror}); name one that can be written, for all that is "
            f"yours: {HOME}=FOLDER"
        ) from problem
    return folder


def _home() -> Path | None:
    given = os.environ.get(HOME)
    return Path(given) if given else None


def _platformdirs() -> Any:  # imported on first use
    try:
        import platformdirs
    except ImportError as error:
        raise MissingError(
            f"keeping presets and instruments needs platformdirs: pip install platformdirs ({error})"
        ) from error
    return platformdirs
