r"""Scala files: .scl, a scale, and .kbm, a keyboard mapping.

Both are text in whatever encoding an editor wrote: UTF-8, UTF-16 and Windows-1252 are recognised.
A line that begins with an exclamation mark is a comment, and whatever follows a value on its line is ignored.

Sources: https://www.huygens-fokker.org/scala/scl_format.html and https://www.huygens-fokker.org/scala/help.htm#mappings.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.legible import legible
from nsynth_lab.synth.tuning import (
    A4_HZ,
    HIGHEST_HZ,
    LOWEST_HZ,
    MAX_CENTS,
    Keys,
    Scale,
    Tuning,
    checked_a4,
    equal,
    tuned,
)
from nsynth_lab.units import ratio_to_cents

MAX_FILE_BYTES, MAX_STEPS = 2**20, 16_384
Line = tuple[int, str]  # line number from 1, and its text
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BREAK = re.compile(r"\r\n|\r|\n")  # str.splitlines also cuts at controls, which Latin-1 makes of other letters' bytes
_SLASHES = r"/\u2044\u2215\u00f7\uff0f"  # slash, fraction slash, division slash, division sign, full-width slash
# a value followed by these without a space is a typo or another notation: refused, not guessed
_GLUED = rf"(?![\w.,:\\*^+'|\u2019\u00d7\u2212{_SLASHES}-])"
_CENTS = re.compile(rf"([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?:c|cents?)?{_GLUED}")
_RATIO = re.compile(rf"\+?([0-9]+)(?:[ \t]*/[ \t]*([0-9]+)|(?![ \t]*[{_SLASHES}])){_GLUED}")
_WHOLE = re.compile(rf"\+?[0-9]{{1,9}}{_GLUED}")
_HERTZ = re.compile(rf"\+?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[hH][zZ])?{_GLUED}")
_SILENT = re.compile(rf"[xX]{_GLUED}")


def read_tuning(scl: str | Path, kbm: str | Path | None = None, *, a4_hz: float = A4_HZ) -> Tuning:
    """A .scl file's tuning, on the keys of a .kbm file or from middle C with A4 at `a4_hz`.

    Raises:
        MidiError: a file that cannot be read or is not valid; names the file and the line.
    """
    scale = read_scale(scl)
    if kbm is None:
        return tuned(scale, Keys(reference_hz=checked_a4(a4_hz)))
    text = _text(kbm)
    try:
        return tuned(scale, parse_kbm(text, len(scale.cents)))
    except MidiError as error:
        raise MidiError(f"{kbm}: {error}") from error


def tuning_of(scl: Path | None, kbm: Path | None = None, *, a4_hz: float = A4_HZ, option: str = "--scale") -> Tuning:
    """The tuning that a command line asks for: that of its Scala files, or equal temperament where there is no scale.

    Raises:
        UsageError: a mapping without the scale, which `option` would give; A4 out of its range.
        MidiError: see `read_tuning`.
    """
    if kbm and not scl:
        raise UsageError(f"--keymap maps the steps of a scale; give {option} too")
    return read_tuning(scl, kbm, a4_hz=a4_hz) if scl else equal(a4_hz)


def read_scale(scl: str | Path) -> Scale:
    """The scale of a .scl file.

    Raises:
        MidiError: it cannot be read or is not valid; names the file and the line.
    """
    text = _text(scl)
    try:
        return parse_scl(text)
    except MidiError as error:
        raise MidiError(f"{scl}: {error}") from error


def parse_scl(text: str) -> Scale:
    r"""A scale from the text of a .scl file.

    Raises:
        MidiError: it is not valid; names the line.

    >>> parse_scl("! x.scl\nfifths\n2\n 3 / 2 a fifth\n 1200.0 cents").cents
    (701.9550008653874, 1200.0)
    """
    lines = _lines(text)
    rest = _filled(lines[1:])
    if not rest:
        raise MidiError("not a Scala scale: expected a line of description, the number of notes, and the notes")
    count = _whole(rest[0], "the number of notes", low=1, high=MAX_STEPS)
    if len(rest) < 1 + count:
        raise MidiError(f"not a whole Scala scale: {count} notes announced, {len(rest) - 1} there")
    return Scale(lines[0][1].strip(), tuple(_pitch(line) for line in rest[1 : 1 + count]))


def parse_kbm(text: str, steps: int) -> Keys:
    """A keyboard mapping from the text of a .kbm file, for a scale of so many steps.

    Raises:
        MidiError: it is not valid; names the line.
    """
    lines = _lines(text)
    head = _filled(lines)[:7]
    if len(head) < 7:
        raise MidiError(f"not a Scala keyboard mapping: expected 7 lines of numbers before the keys, came {len(head)}")
    size = _whole(head[0], "the size of the pattern", low=0, high=MAX_STEPS)
    low, high, middle, reference = (
        _whole(line, name, low=0, high=127)
        for line, name in zip(head[1:5], ("first key", "last key", "middle key", "reference key"), strict=True)
    )
    found = _HERTZ.match(head[5][1].strip())
    hz = float(found[1]) if found else 0.0
    if not LOWEST_HZ <= hz <= HIGHEST_HZ:
        raise _wrong(head[5], f"reference frequency {_shown(head[5])}; expected {LOWEST_HZ:g} to {HIGHEST_HZ:g} Hz")
    octave = _whole(head[6], "the repeating step", low=0, high=MAX_STEPS) or steps
    keys = [line for line in lines if line[0] > head[6][0] and not line[1].lstrip().startswith("!")][:size]
    while keys and not keys[-1][1].strip():  # trailing blank lines are no entries; keys without an entry are silent
        keys.pop()
    given = tuple(_step(line) for line in keys)
    return Keys(size, low, high, middle, reference, hz, octave, given)


def _pitch(line: Line) -> float:
    """Cents of one line of a scale: a number with a point is cents, any other a ratio."""
    text = line[1].strip()
    try:
        if found := _CENTS.match(text):
            cents = float(found[1])
        elif found := _RATIO.match(text):
            cents = ratio_to_cents(int(found[1]) / int(found[2] or 1))
        else:
            raise ValueError
    except (ValueError, ArithmeticError):  # neither form, division by zero, logarithm of zero, thousands of digits
        expected = "expected cents (701.955) or a ratio (3/2)"
        raise _wrong(line, f"{_shown(line)} is no note of a scale: {expected}") from None
    if not abs(cents) <= MAX_CENTS:
        raise _wrong(line, f"a note of {cents:g} cents lies beyond hearing")
    return cents


def _step(line: Line) -> int | None:
    return None if _SILENT.match(line[1].strip()) else _whole(line, "a key's step", low=0, high=MAX_STEPS)


def _whole(line: Line, what: str, *, low: int, high: int) -> int:
    found = _WHOLE.match(line[1].strip())
    number = int(found[0]) if found else low - 1
    if not low <= number <= high:
        raise _wrong(line, f"{what} is {_shown(line)}; expected {low} to {high}")
    return number


def _wrong(line: Line, what: str) -> MidiError:
    return MidiError(f"line {line[0]}: {what}")


def _shown(line: Line) -> str:
    return f"'{legible(line[1].strip()[:40])}'"


def _lines(text: str) -> list[Line]:
    """The lines that are not comments, without a DOS end-of-file mark."""
    lines = enumerate(_BREAK.split(text.rstrip("\x1a")), start=1)
    return [(number, line) for number, line in lines if not line.startswith("!")]


def _filled(lines: Sequence[Line]) -> list[Line]:
    """Lines that are neither blank nor indented comments."""
    return [line for line in lines if line[1].strip() and not line[1].lstrip().startswith("!")]


def _text(path: str | Path) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise MidiError(f"{path}: cannot be read: {error.strerror}; expected a Scala file") from error
    if len(data) > MAX_FILE_BYTES:
        raise MidiError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; not a tuning")
    return decoded(data)


def decoded(data: bytes) -> str:
    r"""Text of unknown encoding: by its byte order mark, else UTF-16 by its zero bytes, else UTF-8, else Windows-1252.

    >>> decoded(b"\xef\xbb\xbf9/8"), decoded("9/8".encode("utf-16-be")), decoded(b"\xc5ngstr\xf6m")
    ('9/8', '9/8', 'Ångström')
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:2]:
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
