"""Writes a sound file block by block, as while recording."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nsynth_lab import flac
from nsynth_lab.atomic_file import temporary_path
from nsynth_lab.audio.libsndfile import name_bytes, reason, soundfile_library
from nsynth_lab.audio.reading import count_samples
from nsynth_lab.audio.writing import BLOCK_SAMPLES, USUAL_FORMAT, check_target, drop_short_comment, ending_of
from nsynth_lab.errors import AudioError
from nsynth_lab.sound_format import SoundFormat
from nsynth_lab.units import FloatArray

FULL_BYTES = 2**20  # with less free space than this a disk counts as full
LONGEST_BYTES = {".wav": 2**32 - 2**16, ".aiff": 2**31 - 2**16, ".aif": 2**31 - 2**16}  # limits of their headers


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
        ending = ending_of(path)
        self.path = path
        self._temporary = temporary_path(path)
        self._samples = 0
        self._max_samples = LONGEST_BYTES.get(ending, 2**62) // (sound_format.bytes_per_value * channels)
        subtype, level = sound_format.subtype(ending), sound_format.compression_level
        with self._write_errors():
            try:
                self._file = soundfile_library().SoundFile(
                    name_bytes(self._temporary),
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
                drop_short_comment(self._temporary)
                self._temporary.replace(self.path)

    def _check_whole(self) -> None:
        """Check the file itself: libsndfile reports no error if the last samples or the length could not be written."""
        known = self._samples and self.path.suffix.lower() != ".mp3"  # an MP3's header is an estimate
        if known and soundfile_library().info(name_bytes(self._temporary)).frames != self._samples:
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
                flac.set_length(self._temporary, count_samples(self._temporary))
            if not count_samples(self._temporary):
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
            why = "the disk is full" if _is_full(self.path.parent) else reason(error)
            raise AudioError(f"{self.path}: cannot be written: {why}") from error


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False
