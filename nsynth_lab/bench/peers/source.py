"""Sources of peers, which lie in a folder beside the project and are imported from there."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nsynth_lab.errors import MissingError

PACKAGES = "packages"


@contextmanager
def importing(folder: Path, name: str, inside: str, *, how: str) -> Iterator[None]:
    """Within, `folder/name/inside` and what `pip install --target folder/packages` has put there can be imported.

    Raises:
        MissingError: it is not there, or lacks something; `how` says where to get it.
    """
    source = folder / name / inside
    if not source.is_dir():
        raise MissingError(f"{name}: not in {folder}; get it with: {how}")
    before = list(sys.path)
    sys.path[:0] = [str(source)]
    sys.path.append(str(folder / PACKAGES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs
            yield
    except ImportError as error:
        raise MissingError(f"{name}: {error}; get what it needs with: {how}") from error
    finally:
        sys.path[:] = before
