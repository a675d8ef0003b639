"""What the scripts of this room share: exit codes, and a check of the file that their figures go to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from nsynth_lab.errors import NsynthLabError, UsageError


def exit_code_of(run: Callable[[], int | None]) -> int:
    """Run a script: what it returns or 0; after an error, told in one line, 1 or 2 for usage; 130 for Ctrl-C."""
    try:
        return run() or 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except NsynthLabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def check_figures_file(path: Path | None) -> None:
    """Check, before anything is measured, that the figures can be written to `path`; None asks for no file.

    Raises:
        UsageError: its folder does not exist.
    """
    if path is not None and not path.parent.is_dir():
        raise UsageError(f"{path}: the folder {path.parent} does not exist; make it first")
