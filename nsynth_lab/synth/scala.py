"""Scala's files: .scl, a scale, and .kbm, which key plays which of its steps.

Sources: https://www.huygens-fokker.org/scala/scl_format.html and https://www.huygens-fokker.org/scala/help.htm#mappings.
"""

from __future__ import annotations

from pathlib import Path

from nsynth_lab.errors import MidiError
from nsynth_lab.synth.tuning import (
    A4_HZ,
    FURTHEST_CENTS,
    HIGHEST_HZ,
    LOWEST_HZ,
    Keys,
    Scale,
    Tuning,
    checked_a4,
    tuned,
)
from nsynth_lab.units import ratio_to_cents

MAX_FILE_BYTES, MAX_STEPS = 2**20, 1024


def read_tuning(scl: str | Path, kbm: str | Path | None = None, *, a4_hz: float = A4_HZ) -> Tuning:
    """A .scl file's tuning, on the keys of a .kbm file or from middle C with A4 at `a4_hz`.

    Raises:
        MidiError: a file that cannot be read as what it should be.
    """
    scale = parse_scl(_text(scl))
    keys = parse_kbm(_text(kbm), len(scale.cents)) if kbm else Keys(reference_hz=checked_a4(a4_hz))
    return tuned(scale, keys)


def parse_scl(text: str) -> Scale:
    r"""A scale from the text of a .scl file.

    Raises:
        MidiError: it is none.

    >>> parse_scl("! x.scl\nfifths\n2\n 3/2\n 1200.0 cents").cents
    (701.9550008653874, 1200.0)
    """
    lines = _lines(text)
    if len(lines) < 2:
        raise MidiError("not a Scala scale: expected a line of description, the number of notes, and the notes")
    count = _whole(lines[1].split()[:1], "the number of notes", low=1, high=MAX_STEPS)
    if len(lines) < 2 + count:
        raise MidiError(f"not a whole Scala scale: {count} notes announced, {len(lines) - 2} there")
    return Scale(lines[0].strip(), tuple(_pitch(line) for line in lines[2 : 2 + count]))


def parse_kbm(text: str, steps: int) -> Keys:
    """A keyboard mapping from the text of a .kbm file, for a scale of so many steps.

    Raises:
        MidiError: it is none.
    """
    lines = [line.split()[:1] for line in _lines(text)]
    if len(lines) < 7:
        raise MidiError(f"not a Scala keyboard mapping: expected 7 lines of numbers before the keys, came {len(lines)}")
    size = _whole(lines[0], "the size of the pattern", low=0, high=128)
    low, high, middle, reference = (
        _whole(line, name, low=0, high=127)
        for line, name in zip(lines[1:5], ("first key", "last key", "middle key", "reference key"), strict=True)
    )
    try:
        hz = float(lines[5][0])
    except (ValueError, IndexError):
        hz = 0.0
    if not LOWEST_HZ <= hz <= HIGHEST_HZ:
        raise MidiError(f"reference frequency {' '.join(lines[5])}; expected {LOWEST_HZ:g} to {HIGHEST_HZ:g} Hz")
    octave = _whole(lines[6], "the repeating step", low=0, high=MAX_STEPS) or steps
    given = [
        None if line and line[0].lower() == "x" else _whole(line, "a key's step", low=0, high=MAX_STEPS)
        for line in lines[7 : 7 + size]
    ]
    return Keys(size, low, high, middle, reference, hz, octave, tuple(given))


def _pitch(line: str) -> float:
    """Cents of a line of a scale: with a point it is cents, else a ratio."""
    word = (line.split() or [""])[0]
    try:
        if "." in word:
            cents = float(word)
        else:
            above, _, below = word.partition("/")
            cents = ratio_to_cents(int(above) / int(below or 1))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise MidiError(
            f"'{line.strip()[:40]}' is no note of a scale: expected cents (701.955) or a ratio (3/2)"
        ) from None
    if not abs(cents) <= FURTHEST_CENTS:
        raise MidiError(f"a note of {cents:g} cents lies beyond hearing")
    return cents


def _whole(words: list[str], what: str, *, low: int, high: int) -> int:
    try:
        number = int(words[0])
    except (ValueError, IndexError):
        number = low - 1
    if not low <= number <= high:
        raise MidiError(f"{what} is '{' '.join(words)[:20]}'; expected {low} to {high}")
    return number


def _lines(text: str) -> list[str]:
    """The lines that are not comments."""
    return [line for line in text.splitlines() if not line.startswith("!")]


def _text(path: str | Path) -> str:
    path = Path(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MidiError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; not a tuning")
        return path.read_text(encoding="latin-1")
    except OSError as error:
        raise MidiError(f"{path}: cannot be read: {error.strerror}; expected a Scala file") from error
