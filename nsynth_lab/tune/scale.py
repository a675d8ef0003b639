"""Scales and modes by name: the one table of them, and how musicians write one: D dorian, bb blues, c3-major."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsynth_lab.errors import UsageError
from nsynth_lab.tune.key import MINOR_THIRD, MODES, NO_MODE, OTHER_NAMES
from nsynth_lab.tune.pitch import SEMITONES, Pitch, fifths_of, spelled
from nsynth_lab.wording import did_you_mean, quoted

CHROMATIC = "chromatic"
SCALES: dict[str, tuple[int, ...]] = {  # semitones above the tonic; a mode is seven neighbours on the line of fifths
    **{
        mode: tuple(sorted(7 * (fifths + place) % 12 for place in range(-1, 6)))
        for mode, fifths in MODES.items()
        if mode != NO_MODE
    },
    CHROMATIC: tuple(range(12)),
    "harmonic-minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic-minor": (0, 2, 3, 5, 7, 9, 11),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor-pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole-tone": (0, 2, 4, 6, 8, 10),
}
LIKE_MINOR = (*MINOR_THIRD, "harmonic-minor", "melodic-minor", "minor-pentatonic", "blues")  # how they are spelled
USUAL_OCTAVE = 4
ALTERS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_SHAPE = re.compile(r"\s*([A-Ga-g])([#b♯♭]?)(-?\d)?[\s-]+([A-Za-z][A-Za-z \t-]*?)\s*")


def steps_of_mode(mode: str) -> tuple[int, ...]:
    """The scale of a mode of `key.MODES` in semitones above its tonic; without a mode it is taken for major.

    >>> steps_of_mode("dorian"), steps_of_mode("none") == steps_of_mode("major")
    ((0, 2, 3, 5, 7, 9, 10), True)
    """
    return SCALES["major" if mode == NO_MODE else mode]


@dataclass(frozen=True, slots=True)
class NamedScale:
    """A scale on a tonic.

    >>> [str(pitch) for pitch in parse_scale("Bb pentatonic").pitches()]
    ['Bb4', 'C5', 'D5', 'F5', 'G5', 'Bb5']
    """

    tonic: Pitch
    kind: str

    @property
    def name(self) -> str:
        """In words, such as D dorian."""
        return f"{str(self.tonic)[: -len(str(self.tonic.octave))]} {self.kind.replace('-', ' ')}"

    @property
    def classes(self) -> tuple[int, ...]:
        """Its pitch classes in ascending order, 0 is C."""
        return tuple(sorted((self.tonic.note + step) % 12 for step in SCALES[self.kind]))

    def pitches(self) -> tuple[Pitch, ...]:
        """The notes from the tonic to the tonic an octave above, spelled in its key."""
        minor = self.kind in LIKE_MINOR
        mode = self.kind if self.kind in MODES else "minor" if minor else "major"
        fifths = fifths_of(self.tonic.letter, self.tonic.alter) + MODES[mode]
        return tuple(spelled(self.tonic.note + step, fifths=fifths, minor=minor) for step in (*SCALES[self.kind], 12))


def scale_named(text: str) -> str:
    """The name in the table for a scale as typed: case, spaces and hyphens do not matter, and aeolian is minor.

    Raises:
        UsageError: there is no such scale; the closest is offered.

    >>> scale_named("Harmonic Minor"), scale_named("aeolian")
    ('harmonic-minor', 'minor')
    """
    plain = "-".join(text.lower().replace("-", " ").split())
    name = OTHER_NAMES.get(plain, plain) if len(plain) > 1 else plain
    if name not in SCALES:
        raise UsageError(f"scale {quoted(text)} is unknown; {did_you_mean(plain, list(SCALES))}")
    return name


def parse_scale(text: str) -> NamedScale:
    """A tonic, in the octave of middle C if none is said, and the name of a scale.

    Raises:
        UsageError: it is neither.

    >>> parse_scale("D dorian").name, parse_scale("f#3 harmonic minor").tonic.note
    ('D dorian', 54)
    """
    shape = _SHAPE.fullmatch(text)
    if not shape:
        raise UsageError(
            f"scale {quoted(text)}; expected a tonic and a scale, such as 'D dorian' or 'C3 harmonic minor'"
        )
    tonic = Pitch(shape[1].upper(), ALTERS[shape[2]], int(shape[3] or USUAL_OCTAVE))
    if not 0 <= tonic.note <= 127 - 12:
        raise UsageError(f"scale {quoted(text)} leaves MIDI's range; expected a tonic from C-1 to G8")
    return NamedScale(tonic, scale_named(shape[4]))


def pitch_class(text: str) -> int:
    """The pitch class of a note's name without its octave, 0 is C.

    Raises:
        UsageError: it is none.

    >>> pitch_class("eb"), pitch_class("F#")
    (3, 6)
    """
    letter, alter = text[:1].upper(), text[1:]
    if letter not in SEMITONES or not letter or alter not in ALTERS:
        raise UsageError(f"{quoted(text)} is no note; expected one such as c, f# or eb")
    return (SEMITONES[letter] + ALTERS[alter]) % 12
