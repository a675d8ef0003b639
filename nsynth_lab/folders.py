"""The user's folders: one for presets and captured instruments, one for caches.

The environment variable `NSYNTH_LAB_HOME` names another folder for both.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nsynth_lab.errors import MissingError

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
