"""WAV with what samplers read in it: root key, tuning, loop, ranges and who made it.

    RIFF WAVE
      fmt     PCM, mono or stereo
      smpl    root key, one forward loop whose end is the last sample that is played
      LIST    INFO: INAM title, IART author, ICOP licence, ISFT software, ICMT comment
      data    16 or 24 bits
      inst    the same root key, key and velocity range; it comes last, for its length is odd and not every reader skips
              the byte after it

A clip sounds in tune at its root key, so no chunk has a fraction of a semitone to tell: readers do not agree on its
sign.

Source: Multimedia Programming Interface and Data Specifications 1.0 (1991), and its new multimedia data types (1994).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsynth_lab.pack.formats.zones import About, Zone
from nsynth_lab.units import FloatArray

INFO = (("INAM", "title"), ("IART", "author"), ("ICOP", "licence"), ("ISFT", "software"), ("ICMT", "comment"))
FORWARD = 0


def pcm(samples: FloatArray, *, bits: int) -> NDArray[np.int32]:
    """Whole numbers of `bits` bits, rounded and held within range.

    >>> pcm(np.array([0.0, 0.5, -1.0, 1.0], np.float32), bits=16)
    array([     0,  16384, -32768,  32767], dtype=int32)
    """
    scale = 2 ** (bits - 1)
    return np.asarray(np.round(samples.astype(np.float64) * scale).clip(-scale, scale - 1), np.int32)


def wav_bytes(values: NDArray[np.int32], zone: Zone, about: About, *, sample_rate: int, bits: int) -> bytes:
    """The whole file; `values` [channels, samples] as from `pcm`."""
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
    """Little-endian samples of `bits` bits, those of one moment side by side: [samples] or [samples, channels]."""
    if bits == 16:
        return values.astype("<i2").tobytes()
    return np.ascontiguousarray(np.ascontiguousarray(values, "<i4").view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()


def chunk(name: bytes, content: bytes) -> bytes:
    """Name, length, content, and a byte to make it even."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _info(about: About) -> Sequence[bytes]:
    texts = [(name, str(getattr(about, field))) for name, field in INFO]
    return [chunk(name.encode(), text.encode("utf-8") + b"\0") for name, text in texts if text]


def _smpl(zone: Zone, sample_rate: int) -> bytes:
    nanoseconds, fraction = round(1e9 / sample_rate), 0
    loops: list[tuple[Any, ...]] = [(0, FORWARD, zone.loop.start, zone.loop.end - 1, 0, 0)] if zone.loop else []
    head = struct.pack("<9I", 0, 0, nanoseconds, zone.root, fraction, 0, 0, len(loops), 0)
    return head + b"".join(struct.pack("<6I", *loop) for loop in loops)


def _inst(zone: Zone) -> bytes:
    fine_cents = 0
    ranges = (zone.low_key, zone.high_key, zone.low_velocity, zone.high_velocity)
    return struct.pack("<BbbBBBB", zone.root, fine_cents, round(zone.volume_db), *ranges)
