"""A file is written whole or not at all: aside first, then renamed into its place."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.legible import encodable_in

LONGEST_NAME_BYTES = 255  # on nearly every file system


def beside_of(path: Path) -> Path:
    """A hidden file of this process beside `path`, with its ending; its name is cut where it would be too long."""
    ending = f".{os.getpid()}{path.suffix}"
    stem = path.stem
    while len(os.fsencode(f".{stem}{ending}")) > LONGEST_NAME_BYTES and stem:
        stem = stem[:-1]
    return path.with_name(f".{stem}{ending}")


@contextlib.contextmanager
def aside(path: Path, error: type[NsynthLabError] = NsynthLabError) -> Iterator[Path]:
    """A path to write to, in the folder of `path` and with its ending, by which libraries tell the format.

    It takes the place of `path` when the block ends, and is removed when the block is left in any other way.

    Raises:
        error: the system refuses: the disk is full, the folder is missing or closed.
    """
    beside = beside_of(path)
    try:
        yield beside
        beside.replace(path)
    except OSError as refused:
        raise error(f"{path}: cannot be written: {refused.strerror or refused}") from refused
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def write_json(path: Path, value: object, error: type[NsynthLabError] = NsynthLabError) -> None:
    """Write `value` as JSON, for people too.

    Raises:
        error: as `aside`.
    """
    with aside(path, error) as beside:
        beside.write_text(json.dumps(encodable_in(value), indent=2) + "\n", encoding="utf-8")
