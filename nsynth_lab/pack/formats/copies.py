"""The clips of a pack once more, for formats that keep their own: as WAV files, and within one zip file each.

A zip file holds its sounds uncompressed, so that they can be played from it, and always has the same date: the same
pack gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from nsynth_lab.pack.formats.wav import pcm, read_clip_samples, wav_bytes
from nsynth_lab.pack.formats.zones import PackMap, PackZone

ALWAYS = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
UNIX, READABLE = 3, 0o644 << 16


def clip_name(file: str, ending: str) -> str:
    """The name of a clip's copy, without folders.

    >>> clip_name("Samples/p050/Reed_p050_061_Cs4_v080_rr1.flac", ".wav")
    'Reed_p050_061_Cs4_v080_rr1.wav'
    """
    return f"{PurePosixPath(file).stem}{ending}"


def clip_as_wav(folder: Path, pack: PackMap, zone: PackZone) -> bytes:
    """A clip of the pack in `folder` as a whole WAV file, with its chunks."""
    if zone.file.endswith(".wav"):
        return (folder / zone.file).read_bytes()
    values = pcm(read_clip_samples(folder, zone.file), bits=pack.bits)
    return wav_bytes(values, zone, pack.about, sample_rate=pack.sample_rate, bits=pack.bits)


def write_zip(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip file of (name, content), one after the other."""
    with ZipFile(path, "w", ZIP_STORED) as file:
        for name, content in members:
            entry = ZipInfo(name, ALWAYS)
            entry.create_system, entry.external_attr = UNIX, READABLE
            file.writestr(entry, content)
