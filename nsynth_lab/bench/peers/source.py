"""Imports the sources of peers from a folder outside the project."""

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
    """Make modules in `folder/name/inside` and packages in `folder/packages` importable inside the `with`.

    Raises:
        MissingError: the source or a package it needs is missing; `how` is the command that gets it.
    """
    source = folder / name / inside
    if not source.is_dir():
        raise MissingError(f"{name}: not in {folder}; get it with: {how}")
    before = list(sys.path)
    sys.path[:0] = [str(source)]
    sys.path.append(str(folder / PACKAGES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the warnings of the peers
            yield
    except ImportError as error:
        raise MissingError(f"{name}: {error}; install what it needs with: {how}") from error
    finally:
        sys.path[:] = before
