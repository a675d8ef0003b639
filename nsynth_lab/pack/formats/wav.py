"""Clips as files: WAV with everything samplers read (root key, loop, ranges, author), or FLAC.

    RIFF WAVE
      fmt     PCM, mono or stereo
      smpl    root key, one forward loop; its end is the last sample played
      LIST    INFO: INAM title, IART author, ICOP licence, ISFT software, ICMT comment
      data    16 or 24 bits
      inst    the same root key, key and velocity range; last, because its length is odd and not every reader skips the
              pad byte

A clip is in tune at its root key, so no chunk needs fine tuning, on whose sign readers do not agree.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (1991); New Multimedia Data Types (1994).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.audio import Audio, read_audio, write_audio
from nsynth_lab.pack.formats.zones import PackInfo, PackZone
from nsynth_lab.units import FloatArray

INFO = (("INAM", "title"), ("IART", "author"), ("ICOP", "licence"), ("ISFT", "software"), ("ICMT", "comment"))
FORWARD = 0
LONGEST_SECONDS = 120.0


def write_clip(
    path: Path, samples: FloatArray, zone: PackZone, about: PackInfo, *, sample_rate: int, bits: int
) -> Path:  # fmt: skip
    """Write `samples` [channels, samples]; the extension of `path` chooses WAV or FLAC."""
    values = pcm(samples, bits=bits)
    if path.suffix == ".flac":
        exact = np.asarray(values / np.float64(2 ** (bits - 1)), np.float32)
        return write_audio(path, Audio(exact, sample_rate), subtype=f"PCM_{bits}", force=True)
    path.write_bytes(wav_bytes(values, zone, about, sample_rate=sample_rate, bits=bits))
    return path


def read_clip_samples(folder: Path, file: str) -> FloatArray:
    """Samples [channels, samples] of a clip of the pack in `folder`."""
    return read_audio(folder / file, max_seconds=LONGEST_SECONDS).samples


def pcm(samples: FloatArray, *, bits: int) -> NDArray[np.int32]:
    """Integer samples of `bits` bits, rounded and clipped to their range.

    >>> pcm(np.array([0.0, 0.5, -1.0, 1.0], np.float32), bits=16)
    array([     0,  16384, -32768,  32767], dtype=int32)
    """
    scale = 2 ** (bits - 1)
    return np.asarray(np.round(samples.astype(np.float64) * scale).clip(-scale, scale - 1), np.int32)


def wav_bytes(values: NDArray[np.int32], zone: PackZone, about: PackInfo, *, sample_rate: int, bits: int) -> bytes:
    """A whole WAV file; `values` [channels, samples] come from `pcm`."""
    channels = len(values)
    width = channels * bits // 8
    chunks = [
        (b"fmt ", struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * width, width, bits)),
        (b"smpl", _smpl(zone, sample_rate)),
        (b"LIST", b"INFO" + b"".join(_info(about))),
        (b"data", packed(values.T, bits=bits)),
        (b"inst", _inst(zone)),
    ]
    body = b"WAVE" + b"".join(chunk(name, content) for name, content in chunks)
    return chunk(b"RIFF", body)


def packed(values: NDArray[np.int32], *, bits: int) -> bytes:
    """Little-endian interleaved samples of `bits` bits; `values` [samples] or [samples, channels]."""
    if bits == 16:
        return values.astype("<i2").tobytes()
    return np.ascontiguousarray(np.ascontiguousarray(values, "<i4").view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()


def chunk(name: bytes, content: bytes) -> bytes:
    """A RIFF chunk: name, length, content, and a pad byte if the length is odd."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _info(about: PackInfo) -> Sequence[bytes]:
    texts = [(name, str(getattr(about, field))) for name, field in INFO]
    return [chunk(name.encode(), text.encode("utf-8") + b"\0") for name, text in texts if text]


def _smpl(zone: PackZone, sample_rate: int) -> bytes:
    nanoseconds, fraction = round(1e9 / sample_rate), 0
    loops: list[tuple[Any, ...]] = [(0, FORWARD, zone.loop.start, zone.loop.end - 1, 0, 0)] if zone.loop else []
    head = struct.pack("<9I", 0, 0, nanoseconds, zone.root, fraction, 0, 0, len(loops), 0)
    return head + b"".join(struct.pack("<6I", *loop) for loop in loops)


def _inst(zone: PackZone) -> bytes:
    fine_cents = 0
    ranges = (zone.low_key, zone.high_key, zone.low_velocity, zone.high_velocity)
    return struct.pack("<BbbBBBB", zone.root, fine_cents, round(zone.volume_db), *ranges)
