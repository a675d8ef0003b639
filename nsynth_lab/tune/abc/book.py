"""A file of ABC -> its tunes, each a list of numbered lines: tunes begin with X: and end at an empty line.

Source: the ABC standard 2.1, sections 2.2 (structure) and 8 (encodings).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsynth_lab.errors import TuneError

MOST_TUNES = 20_000
FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
IN_FILE_HEADER = "ABCDFGHLMNORSUZI"  # what the file's header says for all its tunes


@dataclass(frozen=True)
class TuneText:
    """One tune's text.

    Attributes:
        number: what follows X:, usually a number.
        lines: (line number in the file, text), comments removed; the file's header comes first.
        music_behind: whether music follows that belongs to no tune, because an empty line ended the tune before it.
    """

    number: str
    lines: tuple[tuple[int, str], ...]
    music_behind: bool = False


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or Latin-1, which older files are in."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def tunes_of(text: str) -> list[TuneText]:
    """The tunes of a file. A file without X: that has a key is taken for one tune.

    Raises:
        TuneError: there is none.
    """
    header: list[tuple[int, str]] = []
    tunes: list[TuneText] = []
    current: list[tuple[int, str]] | None = None
    number = ""
    for at, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = _without_comment(raw).rstrip()
        field = FIELD.match(line)
        if field and field[1] == "X":
            if current is not None:
                tunes.append(TuneText(number, (*header, *current)))
            if len(tunes) >= MOST_TUNES:
                raise TuneError(f"more than {MOST_TUNES:,} tunes; divide the file")
            number, current = field[2].strip(), []
        elif not raw.strip():
            if current:  # an empty line right after X: ends nothing
                tunes.append(TuneText(number, (*header, *current)))
                current = None
        elif current is not None:
            current.append((at, line))
        elif not tunes:
            if line and (raw.startswith("%%") or (field and field[1] in IN_FILE_HEADER)):
                header.append((at, line))
        elif "|" in line and not field and not tunes[-1].music_behind:
            tunes[-1] = TuneText(tunes[-1].number, tunes[-1].lines, music_behind=True)
    if current:
        tunes.append(TuneText(number, (*header, *current)))
    return tunes or [_tune_without_number(text)]


def _tune_without_number(text: str) -> TuneText:
    lines = [(at, _without_comment(raw).rstrip()) for at, raw in enumerate(text.splitlines(), 1)]
    if not any(line.startswith("K:") for _, line in lines):
        raise TuneError("holds no ABC tune: expected lines such as X:1, T:title, M:6/8, K:G and the notes")
    return TuneText("", tuple((at, line) for at, line in lines if line))


def _without_comment(line: str) -> str:
    """The line up to a % that is not escaped; directives, which begin with %%, stay.

    >>> _without_comment("abc | % a remark"), _without_comment("%%propagate-accidentals octave")
    ('abc | ', '%%propagate-accidentals octave')
    """
    if line.startswith("%%"):
        return line
    found = re.search(r"(?<!\\)%", line)
    return line[: found.start()] if found else line
