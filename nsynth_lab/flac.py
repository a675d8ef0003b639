"""The length in a FLAC file's header, which its encoder writes last, and not at all where the disk was full before.

Source: RFC 9639, section 8.2: STREAMINFO is the first block; 36 bits hold the samples, 16 bytes the MD5 of them all,
zeros where it is unknown.
"""

from __future__ import annotations

from pathlib import Path

MARK, HEADER_BYTES = b"fLaC", 4
RATE_TO_LENGTH = slice(10, 18)  # of STREAMINFO: 20 bits rate, 3 channels, 5 bits a sample, 36 samples
LENGTH_BITS = 36
MD5_BYTES = 16


def set_length(path: Path, samples: int) -> None:
    """Write how many samples a FLAC file holds into its header; a file of another kind is left alone.

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
