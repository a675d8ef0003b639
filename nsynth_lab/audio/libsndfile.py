"""The only door to soundfile (libsndfile), which reads and writes WAV, FLAC, OGG, MP3 and AIFF.

It is imported on first use, so that a machine without audio libraries can still import everything that trains or
decodes.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from nsynth_lab.errors import AudioError, MissingError


def soundfile_library() -> Any:  # it ships no types
    """The package soundfile.

    Raises:
        MissingError: it is not installed, or cannot be loaded.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingError(f"reading sound files needs soundfile: pip install soundfile ({error})") from error
    return soundfile


@cache
def forward_reader() -> Any:
    """A SoundFile that never seeks.

    soundfile seeks after every read, which fails at the end of a stream of unknown length.
    """

    class Reader(soundfile_library().SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    return Reader


def name_bytes(path: Path) -> str | bytes:
    """A path for libsndfile: its bytes, which may not be UTF-8; on Windows text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def check_rate(path: Path, rate: int) -> None:
    """Raise an AudioError if a sample rate is outside 1,000 to 768,000 Hz."""
    if not 1_000 <= rate <= 768_000:
        raise AudioError(f"{path}: sample rate {rate} Hz; expected 1,000 to 768,000 Hz")


def unreadable(path: Path, error: Exception) -> AudioError:
    """The error to raise where the library, or the system, cannot read a file."""
    return AudioError(f"{path}: not a sound file that can be read (WAV, FLAC, OGG, MP3, AIFF): {reason(error)}")


def reason(error: Exception) -> str:
    """Libsndfile's own message, without the file name before it."""
    return str(getattr(error, "error_string", None) or getattr(error, "strerror", None) or error).rstrip(".")
