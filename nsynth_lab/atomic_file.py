"""Files are written whole or not at all: to a temporary file beside the target, which is then renamed onto it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from nsynth_lab.errors import NsynthLabError
from nsynth_lab.legible import encodable_in

LONGEST_NAME_BYTES = 255  # on nearly every file system


def temporary_path(path: Path) -> Path:
    """A hidden file beside `path`, with its extension and this process's id; a name that is too long is shortened."""
    ending = f".{os.getpid()}{path.suffix}"
    stem = path.stem
    while len(os.fsencode(f".{stem}{ending}")) > LONGEST_NAME_BYTES and stem:
        stem = stem[:-1]
    return path.with_name(f".{stem}{ending}")


@contextlib.contextmanager
def atomic_write(path: Path, error: type[NsynthLabError] = NsynthLabError) -> Iterator[Path]:
    """Yields a temporary path to write to, in the folder of `path` and with its extension.

    When the block ends without an error the temporary file replaces `path`; otherwise it is removed and `path` is as
    it was.

    Raises:
        error: the system refuses: the disk is full, the folder does not exist or is not writable.
    """
    temporary = temporary_path(path)
    try:
        yield temporary
        temporary.replace(path)
    except OSError as refused:
        raise error(f"{path}: cannot be written: {refused.strerror or refused}") from refused
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object, error: type[NsynthLabError] = NsynthLabError) -> None:
    """Write `value` as indented JSON.

    Raises:
        error: as `atomic_write`.
    """
    with atomic_write(path, error) as temporary:
        temporary.write_text(json.dumps(encodable_in(value), indent=2) + "\n", encoding="utf-8")
