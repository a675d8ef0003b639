"""A cache of encoded recordings, kept between commands because encoding one takes seconds.

CACHE/encodings/KEY.latents     the latents of one note, as `nsynth_lab.latents` writes them

The key is a hash of everything the latents depend on: the sound, the encoding options, the model, and the source code
that encodes. So a cached file is never out of date. The least recently used files are deleted first. Several processes
may read and write at once. If a file or the folder is damaged or not writable, the recording is simply encoded again.
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
MAX_BYTES = 128 * 2**20  # a note of 4 s takes 28 kB
MAX_WARNINGS, MAX_WARNING_CHARACTERS = 20, 500
# packages and modules that the latents of a recording depend on
SOURCES = (
    "audio",
    "compiled",
    "detail",
    "dsp",
    "latents",
    "model",
    "mpeg",
    "note",
    "riff",
    "units",
    "unpitched",
    "width",
)
LIBRARIES = ("torch", "numpy")


@dataclass(frozen=True)
class EncodedRecording:
    """The latents of a recorded note, and the warnings about the recording, one sentence each."""

    latents: Latents
    warnings: tuple[str, ...] = ()


class EncodingCache:
    """Encoded recordings in `folder`, at most `max_bytes` in all; without a folder nothing is cached."""

    def __init__(self, folder: Path | None, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._most_bytes = max_bytes

    def get(self, key: str, make: Callable[[], EncodedRecording]) -> EncodedRecording:
        """The cached recording with that key; if there is none, `make()` encodes it and it is added to the cache."""
        found = self._read(key)
        if found is None:
            found = make()
            self._write(key, found)
        return found

    def _read(self, key: str) -> EncodedRecording | None:
        if self._folder is None:
            return None
        path = self._folder / f"{key}{ENDING}"
        try:
            latents = read_latents(path)
        except LatentsError:
            return None
        with suppress(OSError):
            os.utime(path)  # marks it as the most recently used
        stored = latents.provenance
        if stored.get("key") != key:
            return None
        return EncodedRecording(replace(latents, provenance={}), _printable(stored.get("warnings")))

    def _write(self, key: str, encoded: EncodedRecording) -> None:
        if self._folder is None:
            return
        stored = {"key": key, "warnings": list(_printable(list(encoded.warnings)))}
        with suppress(OSError, NsynthLabError):  # the disk is full or the folder is not writable
            self._folder.mkdir(parents=True, exist_ok=True)
            latents = replace(encoded.latents, provenance=stored)
            write_latents(self._folder / f"{key}{ENDING}", latents, force=True)
            self._make_room(self._folder)

    def _make_room(self, folder: Path) -> None:
        """Delete the least recently used files, including partial files left by killed processes."""
        found = []
        for path in folder.glob(f"*{ENDING}"):
            with suppress(OSError):  # deleted by another process meanwhile
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        excess = sum(size for _, size, _ in found) - self._most_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            with suppress(OSError):
                path.unlink(missing_ok=True)
            excess -= size


def user_encoding_cache() -> EncodingCache:
    """The user's own cache; without platformdirs, which finds its folder, nothing is cached."""
    try:
        return EncodingCache(cache_folder() / FOLDER)
    except MissingError:  # platformdirs is not installed on a machine that only trains
        return EncodingCache(None)


def encoding_key(audio_hash: str, *, model_id: str, device: str, **options: object) -> str:
    """The cache key, SHA-256 in hex, of a sound encoded by a model on a kind of device with some options."""
    parts = (audio_hash, model_id, device, sorted(options.items()), _code_hash())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _code_hash() -> str:
    """A hash of the source code that encodes and of the versions of the libraries it computes with."""
    digest = hashlib.sha256(repr([version(name) for name in LIBRARIES]).encode())
    for path in _source_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    root = Path(__file__).resolve().parents[1]
    for name in SOURCES:
        yield from sorted((root / name).rglob("*.py")) or [root / f"{name}.py"]


def _printable(stored: object) -> tuple[str, ...]:
    """Warnings from a file that may have been tampered with: only text, bounded in number and length."""
    lines: Sequence[object] = stored if isinstance(stored, list) else []
    return tuple(
        "".join(letter for letter in line[:MAX_WARNING_CHARACTERS] if letter.isprintable())
        for line in lines[:MAX_WARNINGS]
        if isinstance(line, str)
    )
