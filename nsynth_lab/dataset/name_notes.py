"""How a folder spells its notes: in English or German, with minus signs or hyphens, and which octave has middle C."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nsynth_lab.dataset.name_tokens import ACCIDENTALS, NATURALS, NameToken

MIDDLE_C = 4
MIN_AGREEMENT = 0.9  # share of the files that must agree
LOWEST_YAMAHA_PIANO, HIGHEST_YAMAHA_PIANO = 9, 96  # A-1 and C7, a piano's ends if middle C is C3


@dataclass(frozen=True)
class Spelling:
    """How notes are spelled in a folder.

    Attributes:
        german: Es and As are flats; in English they are E and A with an s for sharp.
        b_is_flat: B means B flat, because B natural is called H.
        hyphens: a "-" before an octave is a hyphen, not a minus sign.
    """

    german: bool = False
    b_is_flat: bool = False
    hyphens: bool = False

    def semitones(self, note: NameToken) -> int:
        """Semitones from the C of octave 0 up to `note`."""
        step, shift = NATURALS[note.step], ACCIDENTALS[note.sign]
        if self.german and note.step in "ea" and note.sign == "s":
            shift = -1
        if self.b_is_flat and note.step == "b" and not note.sign:
            shift = -1
        octave = abs(note.number) if self.hyphens else note.number
        return 12 * octave + step + shift

    def pitch(self, note: NameToken, middle_c: int) -> int | None:
        """The MIDI number of `note`, None if out of range; a minus sign that leads below 0 is read as a hyphen."""
        for semitones in (self.semitones(note), Spelling(self.german, self.b_is_flat, hyphens=True).semitones(note)):
            if 0 <= semitones + 12 * (5 - middle_c) <= 127:
                return semitones + 12 * (5 - middle_c)
        return None


def detect_spelling(notes: Iterable[NameToken]) -> Spelling:
    """The spelling of a folder, from all its notes.

    It is German if a note is called H, or Cis, Des or Es (As alone may be A sharp, and Es beside Cs and Ds is E
    sharp); B is then B flat, unless B flat has a name of its own (Ais, Bes). A "-" before an octave of 3 or more is a
    hyphen.
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


def detect_middle_c(
    notes: Sequence[NameToken], numbers: Sequence[Sequence[NameToken]], spelling: Spelling
) -> tuple[int | None, str, int | None]:
    """The octave of middle C in a group of names, the evidence for it, and the column of `numbers` with MIDI numbers.

    A column of numbers decides if it differs from all notes by the same whole number of octaves. At least two
    different notes are needed, since a single number may be a model, a velocity or a length; one name is enough if its
    number has three digits with a leading zero, as MIDI numbers are often written.
    """
    named = [spelling.semitones(note) + 12 for note in notes]
    for index, column in enumerate(numbers):
        apart, count = Counter(token.number - name for token, name in zip(column, named, strict=True)).most_common(1)[0]
        padded = all(len(token.text) == 3 and token.text[0] == "0" for token in column)
        if apart in (-12, 0, 12) and count >= MIN_AGREEMENT * len(named) and (len(set(named)) > 1 or padded):
            return MIDDLE_C - apart // 12, "the numbers beside the notes", index
    signed = not spelling.hyphens and any(note.number < -1 for note in notes)
    if signed:
        return 3, "octave -2, which is MIDI's lowest where middle C is C3", None
    if min(named) == LOWEST_YAMAHA_PIANO and max(named) == HIGHEST_YAMAHA_PIANO:
        return 3, "A-1 to C7, a piano's keys where middle C is C3", None
    return None, "", None
