"""A compressed MusicXML file (.mxl) -> the document in it. Sizes are bounded before anything is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from contextlib import suppress

from nsynth_lab.errors import TuneError
from nsynth_lab.tune.musicxml.tree import parse_tree

CONTAINER = "META-INF/container.xml"
MOST_FILES, LARGEST_BYTES, LARGEST_CONTAINER = 1_000, 32 * 2**20, 64 * 2**10
ZIP = b"PK\x03\x04"


def document(data: bytes) -> bytes:
    """The MusicXML document in a file's bytes, which may be compressed.

    Raises:
        TuneError: the archive is damaged, too large, or holds none.
    """
    if not data.startswith(ZIP):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if len(names) > MOST_FILES:
                raise TuneError(f"a compressed file that holds {len(names):,} files; no score does")
            return _bounded(archive, _score_name(archive, names), LARGEST_BYTES)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, KeyError, EOFError) as error:
        raise TuneError(f"a compressed file that cannot be unpacked ({error}); export it again") from error


def _score_name(archive: zipfile.ZipFile, names: list[str]) -> str:
    """The name of the score: what the container says, or the first .musicxml or .xml file."""
    if CONTAINER in names:
        with suppress(TuneError):  # some programs write names into it that are no XML
            for node in parse_tree(_bounded(archive, CONTAINER, LARGEST_CONTAINER)).iter("rootfile"):
                if node.get("full-path", "") in names:
                    return node.get("full-path", "")
    for name in names:
        if name.lower().endswith((".musicxml", ".xml")) and not name.startswith("META-INF"):
            return name
    raise TuneError("a compressed file without a score in it; expected MusicXML (.mxl)")


def _bounded(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the archive, whatever its header says of its size."""
    with archive.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TuneError(f"a compressed file that unpacks to more than {most // 2**20} MiB; no tune does")
    return data
