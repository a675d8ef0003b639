"""Rules: how a phrase is played by another instrument."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nsynth_lab.errors import UsageError
from nsynth_lab.wording import did_you_mean

CHROMATIC = tuple(range(12))
SCALES: dict[str, tuple[int, ...]] = {
    "chromatic": CHROMATIC,
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "harmonic-minor": (0, 2, 3, 5, 7, 8, 11),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor-pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole-tone": (0, 2, 4, 6, 8, 10),
}
NAMES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}
MOST_TRANSPOSED = 48.0


@dataclass(frozen=True)
class Rules:
    """How closely, how high and how loud.

    Attributes:
        transpose: semitones up.
        follow: 0 to 1, how closely pitch and level follow the source: at 0 each note stays at one pitch and decays as
            its instrument does.
        snap: pitch classes, 0 is C, that notes may stand on; all pitches are allowed if it is empty.
        dynamics: how much of the source's dynamics is kept: 0 none, 1 all, 2 twice as many dB.
        makeup_db: added to the level of the source.
        lowest, highest: MIDI note numbers of the target; what lies outside is moved into it by octaves.

    Raises:
        UsageError: a number out of its range.
    """

    transpose: float = 0.0
    follow: float = 1.0
    snap: tuple[int, ...] = ()
    dynamics: float = 1.0
    makeup_db: float = 0.0
    lowest: int = 0
    highest: int = 127

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("transpose", self.transpose, -MOST_TRANSPOSED, MOST_TRANSPOSED),
            ("follow", self.follow, 0.0, 1.0),
            ("dynamics", self.dynamics, 0.0, 2.0),
            ("makeup", self.makeup_db, -120.0, 120.0),
        ):
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"--{name} {value:g}; expected {low:g} to {high:g}")

    def in_range(self, note: float) -> float:
        """`note`, in fractional semitones, moved into the target's range by octaves; the nearest if it has no octave.

        >>> Rules(lowest=60, highest=72).in_range(50.5), Rules(lowest=60, highest=72).in_range(76.0)
        (62.5, 64.0)
        """
        while note > self.highest + 0.5 and note - 12.0 >= self.lowest - 0.5:
            note -= 12.0
        while note < self.lowest - 0.5 and note + 12.0 <= self.highest + 0.5:
            note += 12.0
        return note

    def allowed(self, note: float) -> int:
        """The nearest note that `snap` allows.

        >>> Rules(snap=SCALES["major"]).allowed(61.2), Rules().allowed(61.2)
        (62, 61)
        """
        classes = self.snap or CHROMATIC
        near = range(round(note) - 6, round(note) + 7)
        return min((one for one in near if one % 12 in classes), key=lambda one: abs(one - note))


def parse_snap(text: str) -> tuple[int, ...]:
    """Pitch classes of a scale as typed: chromatic, a key and a scale such as `d-minor`, or notes such as `c,d,eb,g`.

    Raises:
        UsageError: no such scale or note.

    >>> parse_snap("d-minor")
    (0, 2, 4, 5, 7, 9, 10)
    >>> parse_snap("c, eb, g")
    (0, 3, 7)
    """
    words = text.strip().lower().replace(" ", "-") if "," not in text else text.lower()
    if words in SCALES and words == "chromatic":
        return CHROMATIC
    if "," in words:
        return tuple(sorted({_pitch_class(word.strip(), text) for word in words.split(",")}))
    tonic, _, scale = words.partition("-")
    if scale not in SCALES:
        raise UsageError(
            f"--snap {text}: expected chromatic, a key and a scale such as d-minor, or notes such as c,d,eb,g; "
            + did_you_mean(scale or tonic, list(SCALES))
        )
    return _from(_pitch_class(tonic, text), SCALES[scale])


def _from(tonic: int, steps: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted((tonic + step) % 12 for step in steps))


def _pitch_class(word: str, text: str) -> int:
    if not word or word[0] not in NAMES or word[1:] not in ACCIDENTALS:
        raise UsageError(f"--snap {text}: '{word}' is no note; expected one such as c, f# or eb")
    return (NAMES[word[0]] + ACCIDENTALS[word[1:]]) % 12
