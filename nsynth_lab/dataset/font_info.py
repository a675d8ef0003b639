"""What a SoundFont says about itself: whether it is one, its name, who made it and on which terms.

Source: SoundFont Technical Specification 2.04, section 5 (the INFO list).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.dataset.labels import clean
from nsynth_lab.errors import DatasetError

MAX_FONT_BYTES = 4 * 2**30
MAX_INFO_BYTES = 2**18


@dataclass(frozen=True)
class FontInfo:
    """Texts of the INFO list, empty where absent: name, copyright or else engineers, first line of the comment."""

    name: str = ""
    attribution: str = ""
    terms: str = ""


def check_font(font: str | Path) -> None:
    """Refuse what is not a SoundFont before a C library sees it: RIFF header of form `sfbk`, bounded size.

    Raises:
        DatasetError: missing, too large, truncated, or another kind of file.
    """
    path = Path(font)
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; expected a SoundFont (.sf2 or .sf3)")
    size = path.stat().st_size
    if size > MAX_FONT_BYTES:
        raise DatasetError(f"{path}: {size} bytes; SoundFonts of up to {MAX_FONT_BYTES} are read")
    with path.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:12] != b"sfbk":
        raise DatasetError(f"{path}: not a SoundFont (.sf2 or .sf3): no RIFF header of form sfbk")
    if int.from_bytes(header[4:8], "little") > size:
        raise DatasetError(f"{path}: the SoundFont is cut short; copy or download it again")


def read_font_info(font: str | Path) -> FontInfo:
    """Read the INFO list, which comes first in the file; what is damaged in it reads as empty.

    Raises:
        DatasetError: not a SoundFont (see `check_font`).
    """
    check_font(font)
    with Path(font).open("rb") as file:
        file.seek(12)
        head = file.read(12)
        if head[:4] != b"LIST" or head[8:] != b"INFO":
            return FontInfo()
        info = file.read(min(int.from_bytes(head[4:8], "little"), MAX_INFO_BYTES))
    texts, place = dict[bytes, str](), 0
    while place + 8 <= len(info):
        size = int.from_bytes(info[place + 4 : place + 8], "little")
        text = info[place + 8 : place + 8 + size].split(b"\0")[0].decode("utf-8", "replace")
        texts[info[place : place + 4]] = text
        place += 8 + size + size % 2
    comment = texts.get(b"ICMT", "").strip().partition("\n")[0]
    maker = texts.get(b"ICOP") or texts.get(b"IENG") or ""
    return FontInfo(clean(texts.get(b"INAM")), clean(maker), clean(comment).rstrip(": "))
