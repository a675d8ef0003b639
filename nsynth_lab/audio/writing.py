"""Writes a sound file in one go, completely or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from nsynth_lab.atomic_file import atomic_write
from nsynth_lab.audio.libsndfile import name_bytes, reason, soundfile_library
from nsynth_lab.audio.sound import Audio
from nsynth_lab.errors import AudioError, UsageError
from nsynth_lab.sound_format import ENDINGS, SoundFormat

BLOCK_SAMPLES = 65_536  # libsndfile's Vorbis encoder puts a block on the stack: a minute at once crashes the process
ID3V1_BYTES = 128
USUAL_FORMAT = SoundFormat()


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
    ending = ending_of(path)
    if audio.samples.size == 0:
        raise AudioError(f"{path}: cannot be written: there are no samples")
    soundfile = soundfile_library()
    channels, length = audio.samples.shape
    kind = subtype or USUAL_FORMAT.subtype(ending)
    with atomic_write(path, AudioError) as beside:
        try:
            with soundfile.SoundFile(name_bytes(beside), "w", audio.sample_rate, channels, subtype=kind) as file:
                if comment:
                    file.comment = comment
                for start in range(0, length, BLOCK_SAMPLES):
                    file.write(audio.samples[:, start : start + BLOCK_SAMPLES].T)
            drop_short_comment(beside)
        except (soundfile.SoundFileError, TypeError, ValueError) as error:
            raise AudioError(f"{path}: cannot be written: {reason(error)}") from error
    return path


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


def ending_of(path: Path) -> str:
    """The ending of a sound file that can be written, in lower case; a UsageError if it is none of them."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{path}: unknown ending '{path.suffix}'; use one of {' '.join(sorted(ENDINGS))}")
    return ending


def drop_short_comment(path: Path) -> None:
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
