"""Where a user's own things are kept: presets, captured instruments, and what can be made again.

`NSYNTH_LAB_HOME` names another folder for all of it at once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nsynth_lab.errors import MissingError

HOME = "NSYNTH_LAB_HOME"


def data_folder() -> Path:
    """Where a user's presets and captured instruments are kept; it need not be there yet.

    Raises:
        MissingError: platformdirs is not installed.
    """
    return _home() or Path(_platformdirs().user_data_dir("nsynth-lab", appauthor=False))


def cache_folder() -> Path:
    """Where is kept what can be made again."""
    home = _home()
    return home / "cache" if home else Path(_platformdirs().user_cache_dir("nsynth-lab", appauthor=False))


def _home() -> Path | None:
    given = os.environ.get(HOME)
    return Path(given) if given else None


def _platformdirs() -> Any:  # imported where it is needed
    try:
        import platformdirs
    except ImportError as error:
        raise MissingError(
            f"keeping presets and instruments needs platformdirs: pip install platformdirs ({error})"
        ) from error
    return platformdirs
