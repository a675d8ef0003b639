"""Reads sound files: whole, in blocks, or just their header or comment.

Damaged headers are repaired first (`riff`, `mpeg`, `flac`).
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from functools import lru_cache
from pathlib import Path

import numpy as np

from nsynth_lab import messages, mpeg, riff
from nsynth_lab.audio.libsndfile import check_rate, forward_reader, name_bytes, reason, soundfile_library, unreadable
from nsynth_lab.audio.sound import Audio, as_clip, check_finite
from nsynth_lab.errors import AudioError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.units import FloatArray

MAX_SECONDS = 120.0
READ_SAMPLES = 4_096
MAX_VALUES = 2**28
CANCELLED = 0.01  # of the power: 20 dB


def read_audio(path: str | Path, *, max_seconds: float = MAX_SECONDS) -> Audio:
    """Read a sound file at its own sample rate and number of channels; at most its first `max_seconds`.

    Raises:
        AudioError: missing, empty, not audio, or holding NaN or infinite samples.
    """
    path = _readable(path)
    try:
        samples, rate = _decoded(path, max_seconds)
    except (soundfile_library().SoundFileError, OSError, TypeError, ValueError, MemoryError) as error:
        raise unreadable(path, error) from error
    check_finite(samples, str(path))
    return Audio(samples, rate)


def read_clip(path: str | Path, *, max_seconds: float = MAX_SECONDS) -> Audio:
    """Read a usable recording: as `read_audio`, and neither too short nor silent.

    Raises:
        AudioError: as `read_audio`; shorter than 0.05 s; silent throughout.
    """
    return as_clip(read_audio(path, max_seconds=max_seconds), str(path))


def length_seconds(path: str | Path) -> float:
    """How long a sound file says that it is, in seconds; it may be wrong.

    Raises:
        AudioError: missing, or not audio.
    """
    path = _readable(path)
    try:
        with forward_reader()(name_bytes(path)) as file:
            check_rate(path, rate := int(file.samplerate))
            return int(file.frames) / rate
    except (soundfile_library().SoundFileError, OSError, TypeError, ValueError) as error:
        raise unreadable(path, error) from error


def mono_blocks(path: str | Path) -> Iterator[tuple[FloatArray, int]]:
    """A sound file of any length in blocks: (mono [samples], sample rate in Hz). Memory does not grow with its length.

    Channels that cancel each other, such as a pair in opposite polarity, are not summed: the first is used.

    Raises:
        AudioError: missing, empty, not audio, or holding NaN or infinite samples.
    """
    path = _readable(path)
    stat = path.stat()
    opposed = _cancels(path, stat.st_size, stat.st_mtime_ns)
    for block, rate in _blocks(path):
        check_finite(block, str(path))
        yield np.asarray(block[:, 0] if opposed else block.mean(axis=1), np.float32), rate


def read_comment(path: str | Path) -> str:
    """A sound file's comment; empty if it has none.

    Raises:
        AudioError: not a sound file.
    """
    path = _readable(path)
    soundfile = soundfile_library()
    try:
        with soundfile.SoundFile(name_bytes(path)) as file:
            return str(file.comment)
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        raise unreadable(path, error) from error


def file_hash(path: str | Path) -> str:
    """SHA-256 of a sound file's bytes, in hexadecimal.

    Raises:
        AudioError: missing, empty, or it cannot be opened.
    """
    path = _readable(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{path}: cannot be read: {error.strerror or error}") from error


def count_samples(path: Path) -> int:
    """Number of samples in a sound file that can be decoded, whatever its header says."""
    count = 0
    with forward_reader()(name_bytes(path)) as file:
        out = np.empty((READ_SAMPLES, file.channels), np.float32)
        with suppress(RuntimeError):  # it ends within a frame
            while read := len(file.read(out=out)):
                count += read
    return count


@lru_cache(maxsize=64)
def _cancels(path: Path, _size: int, _changed: int) -> bool:
    """Whether the sum of all channels is much quieter than they are; a file is read for it once, until it changes."""
    apart = together = 0.0
    for block, _ in _blocks(path):
        if block.shape[1] == 1:
            return False
        apart += float(np.square(block, dtype=np.float64).mean(axis=1).sum())
        together += float(np.square(block.mean(axis=1, dtype=np.float64)).sum())
    return together < CANCELLED * apart


def _blocks(path: Path) -> Iterator[tuple[FloatArray, int]]:
    """Blocks [samples, channels] and the sample rate, until there are no more."""
    silent = silence_stderr() if path.suffix.lower() == ".mp3" else nullcontext()  # the MP3 decoder writes to stderr
    try:
        with silent, forward_reader()(name_bytes(path)) as file:
            check_rate(path, rate := int(file.samplerate))
            while len(block := file.read(out=np.empty((READ_SAMPLES, int(file.channels)), np.float32))):
                yield block, rate
    except (soundfile_library().SoundFileError, OSError, TypeError, ValueError, MemoryError) as error:
        raise unreadable(path, error) from error


def _readable(path: str | Path) -> Path:
    path = Path(path)
    if os.path.isdir(path):  # Path.is_dir raises an error for names that are too long
        raise AudioError(f"{path}: is a folder; expected a sound file")
    if not os.path.isfile(path):
        raise AudioError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: the file is empty; expected a WAV, FLAC, OGG, MP3 or AIFF file")
    return path


def _decoded(path: Path, max_seconds: float) -> tuple[FloatArray, int]:
    """(samples [channels, samples], sample rate).

    Blocks are read until there are no more: the length in a header may be missing or wrong, so nothing relies on it.
    """
    is_mp3 = path.suffix.lower() == ".mp3"
    repaired = (mpeg if is_mp3 else riff).repaired(path, max_seconds=max_seconds)
    silent = silence_stderr() if is_mp3 else nullcontext()  # the MP3 decoder writes to stderr
    with silent, forward_reader()(name_bytes(path) if repaired is None else io.BytesIO(repaired)) as file:
        rate, channels = int(file.samplerate), int(file.channels)
        check_rate(path, rate)
        wanted = int(max_seconds * rate)
        blocks: list[FloatArray] = []
        read = 0
        while read < wanted:
            block = np.empty((min(READ_SAMPLES, wanted - read), channels), np.float32)
            try:
                block = file.read(out=block)
            except soundfile_library().SoundFileError as error:
                if not blocks:
                    raise
                messages.emit(
                    f"{path}: damaged after {read / rate:.1f} s ({reason(error)}); the part before that is used"
                )
                break
            if not len(block):
                break
            blocks.append(block)
            read += len(block)
            if read * channels > MAX_VALUES:
                raise AudioError(
                    f"{path}: {channels} channels at {rate} Hz are too many to read at once; make it mono or stereo"
                )
    return np.ascontiguousarray(np.concatenate([*blocks, np.empty((0, channels), np.float32)]).T), rate
