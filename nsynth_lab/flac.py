"""Repairs the length in a FLAC file's header, which the encoder writes last, and not at all if the disk is full.

Source: RFC 9639, section 8.2: STREAMINFO is the first block; 36 bits give the number of samples, 16 bytes the MD5 of
all samples, zeros if it is unknown.
"""

from __future__ import annotations

from pathlib import Path

MARK, HEADER_BYTES = b"fLaC", 4
RATE_TO_LENGTH = slice(10, 18)  # of STREAMINFO: 20 bits rate, 3 channels, 5 bits a sample, 36 samples
LENGTH_BITS = 36
MD5_BYTES = 16


def set_length(path: Path, samples: int) -> None:
    """Write the number of samples into a FLAC file's header; files of other formats are left alone.

    Raises:
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as file:
        if file.read(len(MARK)) != MARK:
            return
        place = len(MARK) + HEADER_BYTES + RATE_TO_LENGTH.start
        file.seek(place)
        size = RATE_TO_LENGTH.stop - RATE_TO_LENGTH.start
        kept = int.from_bytes(file.read(size)) >> LENGTH_BITS << LENGTH_BITS
        file.seek(place)
        file.write((kept | samples).to_bytes(size) + bytes(MD5_BYTES))
