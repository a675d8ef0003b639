"""Encodings: a cache of encoded recordings that is kept between commands, since encoding takes seconds.

CACHE/encodings/KEY.latents     one note's code, as `nsynth_lab.latents` writes it

A key covers everything that the latents depend on: the sound, the options, the model, and the source of the encoding
code. So an entry is never out of date. The least recently used entries are removed when the cache is full. Many
processes may read and write at once. If a file or the folder is damaged, the sound is encoded again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from nsynth_lab.errors import LatentsError, MissingError, NsynthLabError
from nsynth_lab.folders import cache_folder
from nsynth_lab.latents import ENDING, Latents, read_latents, write_latents

FOLDER = "encodings"
MOST_BYTES = 128 * 2**20  # a note of 4 s takes 28 kB
MOST_WARNINGS, LONGEST_WARNING = 20, 500
ROOMS = ("audio", "dsp", "latents", "model", "mpeg", "note", "riff", "units")  # whose text decides what an encoding is
LIBRARIES = ("torch", "numpy")


@dataclass(frozen=True)
class Encoding:
    """A note's code, and what is to be said of the recording that it was made from, a sentence each."""

    latents: Latents
    warnings: tuple[str, ...] = ()


class Encodings:
    """What is kept in `folder`, up to `most_bytes`; without a folder nothing is."""

    def __init__(self, folder: Path | None, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, key: str, make: Callable[[], Encoding]) -> Encoding:
        """The encoding of that key as it was kept, or else made now and kept."""
        found = self._read(key)
        if found is None:
            found = make()
            self._keep(key, found)
        return found

    def _read(self, key: str) -> Encoding | None:
        if self._folder is None:
            return None
        path = self._folder / f"{key}{ENDING}"
        try:
            latents = read_latents(path)
        except LatentsError:
            return None
        with suppress(OSError):
            os.utime(path)  # used now: the last to make room
        held = latents.provenance
        if held.get("key") != key:
            return None
        return Encoding(replace(latents, provenance={}), _sentences(held.get("warnings")))

    def _keep(self, key: str, encoding: Encoding) -> None:
        if self._folder is None:
            return
        held = {"key": key, "warnings": list(_sentences(list(encoding.warnings)))}
        with suppress(OSError, NsynthLabError):  # a full disk, or a folder that is closed to us
            self._folder.mkdir(parents=True, exist_ok=True)
            kept = replace(encoding.latents, provenance=held)
            write_latents(self._folder / f"{key}{ENDING}", kept, force=True)
            self._make_room(self._folder)

    def _make_room(self, folder: Path) -> None:
        """Remove what has not been used for longest, and with it what a killed process has left half written."""
        found = []
        for path in folder.glob(f"*{ENDING}"):
            with suppress(OSError):  # another process has made room
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        excess = sum(size for _, size, _ in found) - self._most_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            with suppress(OSError):
                path.unlink(missing_ok=True)
            excess -= size


def own_encodings() -> Encodings:
    """Those that this user keeps; none where there is nothing to look the folder up with."""
    try:
        return Encodings(cache_folder() / FOLDER)
    except MissingError:  # a bare training box
        return Encodings(None)


def encoding_key(heard: str, *, model_id: str, device: str, **how: object) -> str:
    """Cache key of the sound with hash `heard`, for this model, kind of device and `how` it is encoded."""
    return hashlib.sha256(repr((heard, model_id, device, sorted(how.items()), _text_hash())).encode()).hexdigest()


@cache
def _text_hash() -> str:
    """Of the program text that encodes, and the versions of what it computes with."""
    digest = hashlib.sha256(repr([version(name) for name in LIBRARIES]).encode())
    for path in _texts():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _texts() -> Iterator[Path]:
    root = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        yield from sorted((root / room).rglob("*.py")) or [root / f"{room}.py"]


def _sentences(held: object) -> tuple[str, ...]:
    """Of a file that may be anybody's."""
    lines: Sequence[object] = held if isinstance(held, list) else []
    return tuple(
        "".join(letter for letter in line[:LONGEST_WARNING] if letter.isprintable())
        for line in lines[:MOST_WARNINGS]
        if isinstance(line, str)
    )
