"""Audio(samples [channels, samples], sample_rate), and reading and writing sound files: the only door to soundfile.

soundfile (libsndfile) reads and writes WAV, FLAC, OGG, MP3 and AIFF. It is imported on first use, so that a machine
without audio libraries can still import everything that trains or decodes. Damaged headers are repaired first (`riff`,
`mpeg`, `flac`).
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab import flac, messages, mpeg, riff
from nsynth_lab.atomic_file import atomic_write, temporary_path
from nsynth_lab.errors import AudioError, MissingError, UsageError
from nsynth_lab.silence_stderr import silence_stderr
from nsynth_lab.sound_format import ENDINGS as ENDINGS
from nsynth_lab.sound_format import SoundFormat
from nsynth_lab.units import SAMPLE_RATE, FloatArray

MAX_SECONDS = 120.0
SHORTEST_SECONDS = 0.05
SILENCE = 10 ** (-80 / 20)
READ_SAMPLES = 4_096
MAX_VALUES = 2**28
BLOCK_SAMPLES = 65_536  # libsndfile's Vorbis encoder puts a block on the stack: a minute at once crashes the process
FULL_BYTES = 2**20  # with less free space than this a disk counts as full
LONGEST_BYTES = {".wav": 2**32 - 2**16, ".aiff": 2**31 - 2**16, ".aif": 2**31 - 2**16}  # limits of their headers
ID3V1_BYTES = 128
CANCELLED = 0.01  # of the power: 20 dB
USUAL_FORMAT = SoundFormat()


@dataclass(frozen=True)
class Audio:
    """A sound: `samples` float32 [channels, samples], full scale at +-1, and `sample_rate` in Hz."""

    samples: FloatArray
    sample_rate: int = SAMPLE_RATE

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.sample_rate)

    @property
    def peak(self) -> float:
        """Highest absolute value."""
        return float(np.abs(self.samples).max(initial=0.0))

    def mono(self) -> FloatArray:
        """Mean over the channels, [samples]."""
        return np.asarray(self.samples.mean(axis=0), np.float32)


def read_audio(path: str | Path, *, max_seconds: float = MAX_SECONDS) -> Audio:
    """Read a sound file at its own sample rate and number of channels; at most its first `max_seconds`.

    Raises:
        AudioError: missing, empty, not audio, or holding NaN or infinite samples.
    """
    path = _readable(path)
    try:
        samples, rate = _decoded(path, max_seconds)
    except (_soundfile().SoundFileError, OSError, TypeError, ValueError, MemoryError) as error:
        raise _unreadable(path, error) from error
    _check_finite(samples, str(path))
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
        with _reader()(_name(path)) as file:
            _check_rate(path, rate := int(file.samplerate))
            return int(file.frames) / rate
    except (_soundfile().SoundFileError, OSError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error


def mono_blocks(path: str | Path) -> Iterator[tuple[FloatArray, int]]:
    """A sound file of any length in blocks: (mono [samples], sample rate in Hz). Memory does not grow with its length.

    Channels that cancel each other, as where one is the other turned over, are not added: the first is taken.

    Raises:
        AudioError: missing, empty, not audio, or holding NaN or infinite samples.
    """
    path = _readable(path)
    opposed = _cancels(path)
    for block, rate in _blocks(path):
        _check_finite(block, str(path))
        yield np.asarray(block[:, 0] if opposed else block.mean(axis=1), np.float32), rate


def _cancels(path: Path) -> bool:
    """Whether the sum of all channels is much quieter than they are."""
    apart = together = 0.0
    for block, _ in _blocks(path):
        apart += float(np.square(block, dtype=np.float64).mean(axis=1).sum())
        together += float(np.square(block.mean(axis=1, dtype=np.float64)).sum())
    return together < CANCELLED * apart


def _blocks(path: Path) -> Iterator[tuple[FloatArray, int]]:
    """Blocks [samples, channels] and the sample rate, until there are no more."""
    silent = silence_stderr() if path.suffix.lower() == ".mp3" else nullcontext()  # the MP3 decoder writes to stderr
    try:
        with silent, _reader()(_name(path)) as file:
            _check_rate(path, rate := int(file.samplerate))
            while len(block := file.read(out=np.empty((READ_SAMPLES, int(file.channels)), np.float32))):
                yield block, rate
    except (_soundfile().SoundFileError, OSError, TypeError, ValueError, MemoryError) as error:
        raise _unreadable(path, error) from error


def as_clip(audio: Audio, called: str) -> Audio:
    """`audio`, if it can be used as a recording; `called` is what errors call it.

    Raises:
        AudioError: NaN or infinite samples; shorter than 0.05 s; silent throughout.
    """
    _check_finite(audio.samples, called)
    if audio.seconds < SHORTEST_SECONDS:
        raise AudioError(f"{called}: {audio.seconds:.3f} s long; a note needs at least {SHORTEST_SECONDS} s")
    if audio.peak < SILENCE:
        raise AudioError(f"{called}: silent throughout (peak below -80 dBFS)")
    return audio


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


def samples_hash(audio: Audio) -> str:
    """SHA-256 of a sound in memory: of its samples, their shape and their rate, in hexadecimal."""
    said = f"{audio.samples.dtype} {audio.samples.shape} {audio.sample_rate} ".encode()
    return hashlib.sha256(said + np.ascontiguousarray(audio.samples).tobytes()).hexdigest()


def write_audio(
    path: str | Path, audio: Audio, *, subtype: str | None = None, comment: str = "", force: bool = False
) -> Path:
    """Write a sound file, completely or not at all. The extension chooses the format.

    24-bit PCM unless `subtype` (a libsndfile name) says otherwise. Samples are written unchanged; `comment` goes into
    the file's comment field.

    Raises:
        UsageError: unknown extension, missing folder, or an existing file without `force`.
        AudioError: no samples, or the file cannot be written.
    """
    path = Path(path)
    check_target(path, force=force)
    ending = _ending(path)
    if audio.samples.size == 0:
        raise AudioError(f"{path}: cannot be written: there are no samples")
    soundfile = _soundfile()
    channels, length = audio.samples.shape
    kind = subtype or USUAL_FORMAT.subtype(ending)
    with atomic_write(path, AudioError) as beside:
        try:
            with soundfile.SoundFile(_name(beside), "w", audio.sample_rate, channels, subtype=kind) as file:
                if comment:
                    file.comment = comment
                for start in range(0, length, BLOCK_SAMPLES):
                    file.write(audio.samples[:, start : start + BLOCK_SAMPLES].T)
            _drop_short_comment(beside)
        except (soundfile.SoundFileError, TypeError, ValueError) as error:
            raise AudioError(f"{path}: cannot be written: {_reason(error)}") from error
    return path


class AudioWriter:
    """Writes a sound file block by block; `close` puts it in its place. Formats and errors as `write_audio`.

    If a block could not be written, call `rescue` instead of `close` to keep the blocks before it.
    """

    def __init__(
        self,
        path: Path,
        *,
        channels: int,
        sound_format: SoundFormat = USUAL_FORMAT,
        comment: str = "",
        force: bool = False,
    ) -> None:
        check_target(path, force=force)
        ending = _ending(path)
        self.path = path
        self._temporary = temporary_path(path)
        self._samples = 0
        self._max_samples = LONGEST_BYTES.get(ending, 2**62) // (sound_format.bytes_per_value * channels)
        subtype, level = sound_format.subtype(ending), sound_format.compression_level
        with self._write_errors():
            try:
                self._file = _soundfile().SoundFile(
                    _name(self._temporary),
                    "w",
                    sound_format.sample_rate,
                    channels,
                    subtype=subtype,
                    compression_level=level,
                )
            except BaseException:
                self.discard()
                raise
            if comment:
                self._file.comment = comment

    def write(self, block: FloatArray | NDArray[np.int16]) -> None:
        """Append a block [channels, samples]: float32 with full scale at +-1, or int16 to be written as it is."""
        self._samples += block.shape[1]
        if self._samples > self._max_samples:
            raise AudioError(f"{self.path}: a {self.path.suffix} file of this size is full; .flac holds more")
        with self._write_errors():
            for start in range(0, block.shape[1], BLOCK_SAMPLES):
                self._file.write(block[:, start : start + BLOCK_SAMPLES].T)

    def close(self, *, keep: bool = True) -> None:
        """Finish the file and, with `keep`, put it in its place. If this fails, `rescue` or `discard` it."""
        with self._write_errors():
            self._file.close()
            if keep:
                self._check_whole()
                _drop_short_comment(self._temporary)
                self._temporary.replace(self.path)

    def _check_whole(self) -> None:
        """Check the file itself: libsndfile reports no error if the last samples or the length could not be written."""
        known = self._samples and self.path.suffix.lower() != ".mp3"  # an MP3's header is an estimate
        if known and _soundfile().info(_name(self._temporary)).frames != self._samples:
            raise OSError("cut short")

    def discard(self) -> None:
        """Remove the temporary file, if there is one."""
        self._temporary.unlink(missing_ok=True)

    def rescue(self) -> bool:
        """After a failed write: keep the blocks before it as a complete file. False if there are none."""
        try:
            with suppress(RuntimeError):
                self._file.close()
            if self.path.suffix.lower() == ".flac":
                flac.set_length(self._temporary, _count(self._temporary))
            if not _count(self._temporary):
                return False
            self._temporary.replace(self.path)
            return True
        except (RuntimeError, OSError):
            return False
        finally:
            self.discard()

    @contextmanager
    def _write_errors(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, TypeError, ValueError, OSError) as error:  # libsndfile's error is a RuntimeError
            why = "the disk is full" if _is_full(self.path.parent) else _reason(error)
            raise AudioError(f"{self.path}: cannot be written: {why}") from error


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{path}: unknown ending '{path.suffix}'; use one of {' '.join(sorted(ENDINGS))}")
    return ending


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False


def _count(path: Path) -> int:
    """Number of samples in a sound file that can be decoded, whatever its header says."""
    count = 0
    with _reader()(_name(path)) as file:
        out = np.empty((READ_SAMPLES, file.channels), np.float32)
        with suppress(RuntimeError):  # it ends within a frame
            while read := len(file.read(out=out)):
                count += read
    return count


def read_comment(path: str | Path) -> str:
    """A sound file's comment; empty if it has none.

    Raises:
        AudioError: not a sound file.
    """
    path = _readable(path)
    soundfile = _soundfile()
    try:
        with soundfile.SoundFile(_name(path)) as file:
            return str(file.comment)
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error


def _drop_short_comment(path: Path) -> None:
    """LAME writes a long comment twice: complete at the start (ID3v2), and 30 letters of it at the end (ID3v1)."""
    if path.suffix.lower() != ".mp3" or path.stat().st_size < ID3V1_BYTES:
        return
    with path.open("r+b") as file:
        if file.read(3) != b"ID3":
            return
        file.seek(-ID3V1_BYTES, os.SEEK_END)
        if file.read(3) == b"TAG":
            file.seek(-ID3V1_BYTES, os.SEEK_END)
            file.truncate()


def check_target(path: Path, *, force: bool) -> None:
    """Refuse before the work if `path` cannot be written: missing folder, existing file without `force`, no permission.

    Raises:
        UsageError: see above.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; expected a file name")
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; add --force to replace it")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageError(f"{path}: is read-only; choose another name or change its permissions")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path}: the folder {path.parent} is read-only")


def _check_finite(samples: FloatArray, called: str) -> None:
    if not np.isfinite(samples).all():
        raise AudioError(f"{called}: holds NaN or infinite samples; export it again without them")


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
    with silent, _reader()(_name(path) if repaired is None else io.BytesIO(repaired)) as file:
        rate, channels = int(file.samplerate), int(file.channels)
        _check_rate(path, rate)
        wanted = int(max_seconds * rate)
        blocks: list[FloatArray] = []
        read = 0
        while read < wanted:
            block = np.empty((min(READ_SAMPLES, wanted - read), channels), np.float32)
            try:
                block = file.read(out=block)
            except _soundfile().SoundFileError as error:
                if not blocks:
                    raise
                messages.emit(
                    f"{path}: damaged after {read / rate:.1f} s ({_reason(error)}); the part before that is used"
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


@cache
def _reader() -> Any:
    """A SoundFile that never seeks.

    soundfile seeks after every read, which fails at the end of a stream of unknown length.
    """

    class Reader(_soundfile().SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    return Reader


def _name(path: Path) -> str | bytes:
    """A path for libsndfile: its bytes, which may not be UTF-8; on Windows text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _check_rate(path: Path, rate: int) -> None:
    if not 1_000 <= rate <= 768_000:
        raise AudioError(f"{path}: sample rate {rate} Hz; expected 1,000 to 768,000 Hz")


def _unreadable(path: Path, error: Exception) -> AudioError:
    return AudioError(f"{path}: not a sound file that can be read (WAV, FLAC, OGG, MP3, AIFF): {_reason(error)}")


def _reason(error: Exception) -> str:
    """Libsndfile's own message, without the file name before it."""
    return str(getattr(error, "error_string", None) or getattr(error, "strerror", None) or error).rstrip(".")


def _soundfile() -> Any:  # the library ships no types
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingError(f"reading sound files needs soundfile: pip install soundfile ({error})") from error
    return soundfile
