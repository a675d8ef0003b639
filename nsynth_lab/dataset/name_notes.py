"""How a folder spells its notes: English or German, a minus sign or a hyphen, and which octave has middle C."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nsynth_lab.dataset.name_parts import SHIFTS, STEPS, Part

MIDDLE_C = 4
MOST = 0.9  # of the files must agree before all are read that way
LOWEST_YAMAHA_PIANO, HIGHEST_YAMAHA_PIANO = 9, 96  # A-1 and C7, as the ends of a piano


@dataclass(frozen=True)
class Spelling:
    """How notes are spelled in a folder.

    Attributes:
        german: Es and As are flats (else E and A with an s for sharp).
        b_is_flat: B is B flat, since H is B.
        hyphens: what stands before an octave is a hyphen, no minus sign.
    """

    german: bool = False
    b_is_flat: bool = False
    hyphens: bool = False

    def semitones(self, note: Part) -> int:
        """From the C of octave 0 up to `note`."""
        step, shift = STEPS[note.step], SHIFTS[note.sign]
        if self.german and note.step in "ea" and note.sign == "s":
            shift = -1
        if self.b_is_flat and note.step == "b" and not note.sign:
            shift = -1
        octave = abs(note.number) if self.hyphens else note.number
        return 12 * octave + step + shift

    def pitch(self, note: Part, middle_c: int) -> int | None:
        """Its MIDI number, if it has one; a minus sign that leads below the first was a hyphen after all."""
        for semitones in (self.semitones(note), Spelling(self.german, self.b_is_flat, hyphens=True).semitones(note)):
            if 0 <= semitones + 12 * (5 - middle_c) <= 127:
                return semitones + 12 * (5 - middle_c)
        return None


def spelling_of(notes: Iterable[Part]) -> Spelling:
    """Told from all notes of a folder.

    German where a note is called H, or Cis, Des, Es (As alone may be A sharp, and Es beside Cs and Ds is none);
    B is then B flat, but where B flat has a name of its own (Ais, Bes). Octaves of 3 and more cannot be below zero.
    """
    notes = list(notes)
    spelled = {(note.step, note.sign) for note in notes}
    steps = {step for step, _ in spelled}
    english = bool(spelled & {("c", "s"), ("d", "s"), ("f", "s"), ("g", "s")})
    forms = any(sign in ("is", "es") for _, sign in spelled)
    german = "h" in steps or ((forms or ("e", "s") in spelled) and not english)
    own_name = bool(spelled & {("a", "is"), ("b", "es"), ("b", "b"), ("b", "♭")})
    hyphens = any(note.hyphen and abs(note.number) >= 3 for note in notes)
    return Spelling(german, german and ("h" in steps or not own_name), hyphens)


def octave_of(
    notes: Sequence[Part], numbers: Sequence[Sequence[Part]], spelling: Spelling
) -> tuple[int | None, str, int | None]:
    """Which octave has middle C in a group of names, by what, and the column of `numbers` that holds MIDI numbers.

    A column of numbers settles it where it differs from all notes by the same whole octave, of which there must be
    two at least: a single number may be a model's, a velocity, a length. A lone name is believed if it has the number
    beside the note in three digits with a zero in front, as MIDI numbers are written.
    """
    named = [spelling.semitones(note) + 12 for note in notes]
    for index, column in enumerate(numbers):
        apart, count = Counter(part.number - name for part, name in zip(column, named, strict=True)).most_common(1)[0]
        padded = all(len(part.text) == 3 and part.text[0] == "0" for part in column)
        if apart in (-12, 0, 12) and count >= MOST * len(named) and (len(set(named)) > 1 or padded):
            return MIDDLE_C - apart // 12, "the numbers beside the notes", index
    signed = not spelling.hyphens and any(note.number < -1 for note in notes)
    if signed:
        return 3, "octave -2, which is MIDI's lowest where middle C is C3", None
    if min(named) == LOWEST_YAMAHA_PIANO and max(named) == HIGHEST_YAMAHA_PIANO:
        return 3, "A-1 to C7, a piano's keys where middle C is C3", None
    return None, "", None
