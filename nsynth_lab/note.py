"""Notes, note names and instruments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nsynth_lab.errors import UsageError
from nsynth_lab.units import note_to_hz

FAMILIES = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
)
DRUM, NOISE = UNPITCHED_FAMILIES = ("drum", "noise")  # strokes, and what lasts
INSTRUMENT_FAMILIES = (*FAMILIES, *UNPITCHED_FAMILIES)  # of what can be blended; the network was trained on the eleven
SOURCES = ("acoustic", "electronic", "synthetic")

UNPITCHED = -1  # in place of a recording's note number: the sound is taken as one without a pitch
UNPITCHED_WORD = "none"

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_PATTERN = re.compile(r"([a-g])(##|#|bb|b|♯|♭)?(-?\d{1,2})", re.IGNORECASE)
_SHIFTS = {"": 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}


@dataclass(frozen=True)
class Note:
    """A note to be played: MIDI note number 0 to 127, velocity 1 to 127.

    Raises:
        UsageError: a number or velocity outside MIDI's range.

    >>> Note(69, 100).hz
    440.0
    """

    number: int
    velocity: int = 100

    def __post_init__(self) -> None:
        if not 0 <= self.number <= 127:
            raise UsageError(f"note {self.number} is outside MIDI's range: use 0 to 127 (C-1 to G9)")
        if not 1 <= self.velocity <= 127:
            raise UsageError(f"velocity {self.velocity} is outside MIDI's range: use 1 to 127")

    @property
    def hz(self) -> float:
        """Nominal frequency in equal temperament, A4 = 440 Hz."""
        return note_to_hz(float(self.number))

    @property
    def name(self) -> str:
        """Scientific pitch name; middle C is C4."""
        return note_name(self.number)


@dataclass(frozen=True)
class Instrument:
    """A named instrument of one of NSynth's eleven families."""

    name: str
    family: str
    source: str = "acoustic"


def parse_source_note(text: str) -> int | None:
    """The note of a recording: a number; None, to be measured, if `text` is empty; `UNPITCHED` for "none".

    Raises:
        UsageError: as `parse_note`.

    >>> parse_source_note("A4"), parse_source_note(""), parse_source_note("none")
    (69, None, -1)
    """
    if not text:
        return None
    return UNPITCHED if text.strip().lower() == UNPITCHED_WORD else parse_note(text)


def parse_note(text: str) -> int:
    """The MIDI number of a note name (middle C = C4), or of a number given as text.

    Raises:
        UsageError: neither, or outside 0 to 127.

    >>> parse_note("A4"), parse_note("c#4"), parse_note("Bb3"), parse_note("61")
    (69, 61, 58, 61)
    """
    text = text.strip()
    number = None
    if re.fullmatch(r"-?\d{1,4}", text):
        number = int(text)
    elif match := _PATTERN.fullmatch(text):
        step, sign, octave = match.groups()
        number = 12 * (int(octave) + 1) + _STEPS[step.lower()] + _SHIFTS[(sign or "").lower()]
    if number is None or not 0 <= number <= 127:
        raise UsageError(f"'{text}' is not a note: use a name from C-1 to G9 (A4, C#4, Bb3) or a number 0 to 127")
    return number


def note_name(number: int) -> str:
    """The scientific pitch name of a MIDI number.

    >>> note_name(69), note_name(61)
    ('A4', 'C#4')
    """
    return f"{_NAMES[number % 12]}{number // 12 - 1}"


def nearest_note(notes: Iterable[int], wanted: int) -> int:
    """The one of `notes` nearest to `wanted`; of two equally near, the lower.

    >>> nearest_note([48, 60, 72], 66)
    60
    """
    return min(notes, key=lambda note: (abs(note - wanted), note))


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers in ascending order, grouped into runs of consecutive ones.

    >>> runs([38, 36, 37, 60])
    [[36, 37, 38], [60]]
    """
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def key_ranges(numbers: Iterable[int]) -> str:
    """MIDI numbers as readable key ranges.

    >>> key_ranges([36, 37, 38, 60]), key_ranges([])
    ('C2 to D2, C4', 'none')
    """
    names = [note_name(run[0]) + (f" to {note_name(run[-1])}" if len(run) > 1 else "") for run in runs(numbers)]
    return ", ".join(names) or "none"
