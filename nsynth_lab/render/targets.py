"""Where files may be written: asked before the work rather than after it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nsynth_lab.audio import check_target
from nsynth_lab.errors import UsageError


def check_outputs(
    paths: Sequence[Path], *, endings: Sequence[str], sources: Sequence[str | Path] = (), force: bool
) -> None:
    """Refuse before the work rather than after it: `check_target`, an unknown ending, a file that is also a source.

    Raises:
        UsageError: see above.
    """
    for path in paths:
        if path.name and path.suffix.lower() not in endings:
            raise UsageError(f"{path}: unknown ending '{path.suffix}'; use one of {' '.join(endings)}")
        try:
            check_target(path, force=force)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}; choose another name") from error
        for source in sources:
            if os.path.exists(source) and os.path.exists(path) and os.path.samefile(source, path):
                raise UsageError(f"{path}: is one of the sources; write to another file")
