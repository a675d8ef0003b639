"""Which pitch a letter of ABC is: the signature, the accidentals of its bar, and ties."""

from __future__ import annotations

import re

from nsynth_lab.tune.abc.fields import ACCIDENTALS
from nsynth_lab.tune.key import Key
from nsynth_lab.tune.pitch import HIGHEST_OCTAVE, LOWEST_OCTAVE, Pitch

EVERY_OCTAVE, SAME_OCTAVE, NOT_AT_ALL = "pitch", "octave", "not"
_SHAPE = re.compile(r"(?P<sign>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<marks>[,']*)")


class Pitches:
    """Turns letters into pitches, in the order in which they are written.

    By the standard an accidental holds for its letter in every octave until the bar ends; `reach` says otherwise,
    where a file does (%%propagate-accidentals).
    """

    def __init__(self) -> None:
        self.key, self.octaves, self.reach = Key(), 0, EVERY_OCTAVE
        self._held: dict[tuple[str, int | None], int] = {}
        self.doubtful = False  # whether a reader that lets accidentals hold in one octave alone would read otherwise

    def end_bar(self) -> None:
        """Accidentals end here."""
        self._held = {}

    def read(self, text: str, *, tied_from: Pitch | None = None) -> Pitch | None:
        """The pitch of a note such as ^c'; None beyond the octaves of MIDI.

        A note that is tied to the one before keeps its accidental, over a bar line too.
        """
        shape = _SHAPE.fullmatch(text)
        assert shape is not None, text
        letter, marks = shape["letter"].upper(), shape["marks"]
        octave = 4 + shape["letter"].islower() + marks.count("'") - marks.count(",") + self.octaves
        if not LOWEST_OCTAVE + 1 <= octave < HIGHEST_OCTAVE:
            return None
        if shape["sign"]:
            alter = ACCIDENTALS[shape["sign"]]
            if self.reach == EVERY_OCTAVE:
                self._held[letter, None] = alter
            if self.reach != NOT_AT_ALL:
                self._held[letter, octave] = alter
        elif tied_from and (tied_from.letter, tied_from.octave) == (letter, octave):
            alter = tied_from.alter
        else:
            signature = self.key.alterations.get(letter, 0)
            here = self._held.get((letter, octave), signature)
            alter = self._held.get((letter, None), here)
            self.doubtful |= alter != here
        return Pitch(letter, alter, octave)
