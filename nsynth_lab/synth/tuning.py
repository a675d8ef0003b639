"""Tuning: keys to Hz, from A4 and from Scala's .scl (a scale) and .kbm (which key plays which of its steps).

Sources: https://www.huygens-fokker.org/scala/scl_format.html and https://www.huygens-fokker.org/scala/help.htm#mappings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from nsynth_lab.errors import MidiError, UsageError
from nsynth_lab.units import cents_to_ratio, note_to_hz, ratio_to_cents

A4, A4_HZ, MIDDLE_C = 69, 440.0, 60
LOWEST_A4_HZ, HIGHEST_A4_HZ = 220.0, 880.0
MAX_FILE_BYTES, MAX_STEPS = 2**20, 1024
LOWEST_HZ, HIGHEST_HZ = 8.0, 14_000.0  # what the decoder can be asked for
FURTHEST_CENTS = 20_000.0


@dataclass(frozen=True)
class Scale:
    """A scale: cents of each step above its first note, the last being where it repeats (an octave, mostly)."""

    name: str
    cents: tuple[float, ...]


@dataclass(frozen=True)
class Keys:
    """Which key plays which step: the other half of a tuning.

    Attributes:
        size: keys after which the pattern repeats; 0 for one key a step, in order.
        low, high: keys that sound.
        middle: the key that plays step 0.
        reference: the key whose frequency is given,
        reference_hz: and that frequency.
        octave: the step by which the pattern repeats.
        steps: [size] step of each key from `middle` up; None for a key that is silent.
    """

    size: int = 0
    low: int = 0
    high: int = 127
    middle: int = MIDDLE_C
    reference: int = A4
    reference_hz: float = A4_HZ
    octave: int = 0
    steps: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Tuning:
    """Hz of each key, [128]; None for one that is silent.

    >>> round(EQUAL.hz(60), 3), round(equal(442.0).hz(69), 1)
    (261.626, 442.0)
    """

    table_hz: tuple[float | None, ...]

    def hz(self, key: int) -> float:
        """Hz of a key that sounds; of a silent one, its neighbour's in equal temperament."""
        return self.table_hz[key] or note_to_hz(float(key))

    def sounds(self, key: int) -> bool:
        """Whether the key has a pitch."""
        return self.table_hz[key] is not None


def equal(a4_hz: float = A4_HZ) -> Tuning:
    """Twelve equal steps with A4 at `a4_hz`.

    Raises:
        UsageError: no frequency for an A4.
    """
    return Tuning(tuple(note_to_hz(float(key)) * checked_a4(a4_hz) / A4_HZ for key in range(128)))


def checked_a4(a4_hz: float) -> float:
    """`a4_hz`, if an A4 may have it.

    Raises:
        UsageError: it may not.
    """
    if not LOWEST_A4_HZ <= a4_hz <= HIGHEST_A4_HZ:
        raise UsageError(f"A4 at {a4_hz:g} Hz; expected {LOWEST_A4_HZ:g} to {HIGHEST_A4_HZ:g}")
    return a4_hz


def tuned(scale: Scale, keys: Keys) -> Tuning:
    """The tuning of a scale on a keyboard; keys beyond 8 Hz to 14 kHz are silent."""
    reference = _cents(scale, keys, keys.reference)
    if reference is None:
        raise MidiError(f"the key whose frequency is given ({keys.reference}) plays no step; name one that does")
    table: list[float | None] = []
    for key in range(128):
        cents = _cents(scale, keys, key) if keys.low <= key <= keys.high else None
        away = math.inf if cents is None else cents - reference
        hz = keys.reference_hz * cents_to_ratio(away) if abs(away) <= FURTHEST_CENTS else 0.0
        table.append(hz if LOWEST_HZ <= hz <= HIGHEST_HZ else None)
    return Tuning(tuple(table))


def _cents(scale: Scale, keys: Keys, key: int) -> float | None:
    """Cents of `key` above the key that plays step 0."""
    away = key - keys.middle
    if not keys.size:
        return _step_cents(scale, away)
    turn, place = divmod(away, keys.size)
    step = keys.steps[place] if place < len(keys.steps) else None
    return None if step is None else _step_cents(scale, step + turn * keys.octave)


def _step_cents(scale: Scale, step: int) -> float:
    turn, place = divmod(step, len(scale.cents))
    return turn * scale.cents[-1] + (scale.cents[place - 1] if place else 0.0)


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


EQUAL = equal()
