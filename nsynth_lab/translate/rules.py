"""The rules by which an instrument plays a phrase that was heard."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nsynth_lab.errors import UsageError
from nsynth_lab.synth.followed import REFERENCE_DB
from nsynth_lab.tune.scale import CHROMATIC, SCALES, parse_scale, pitch_class
from nsynth_lab.wording import quoted

MOST_TRANSPOSED = 48.0
LOWEST, HIGHEST = 0, 127  # of MIDI's notes


@dataclass(frozen=True)
class Rules:
    """How closely a phrase is followed, and how high and how loud it is played.

    Attributes:
        transpose: semitones up.
        follow: 0 to 1, how closely pitch and level follow the source: at 0 each note stays at one pitch and decays as
            its instrument does.
        snap: pitch classes, 0 is C, that notes may stand on; all pitches are allowed if it is empty.
        dynamics: how much of the source's dynamics is kept: 0 none, 1 all, 2 twice as many dB.
        makeup_db: gain in dB, added to the level of the source.
        lowest, highest: the target's range in MIDI notes; notes outside it are moved into it by octaves. From 0 to 127
            nothing is moved.
        keeps_octaves: whether the octave of the tune is found while it comes in, as that of a live tune has to be; if
            not, `transpose` has it. See `octaves.Placing`.
        struck: whether the target's notes die away by themselves, so that every note has to be struck; an instrument
            that can sustain plays small steps legato.
        expression: how much of the source's breath goes into the target's noise, 0 to 1; see `breath`.

    Raises:
        UsageError: a number out of its range.
    """

    transpose: float = 0.0
    follow: float = 1.0
    snap: tuple[int, ...] = ()
    dynamics: float = 1.0
    makeup_db: float = 0.0
    lowest: int = LOWEST
    highest: int = HIGHEST
    keeps_octaves: bool = False
    expression: float = 0.0
    struck: bool = False

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("transpose", self.transpose, -MOST_TRANSPOSED, MOST_TRANSPOSED),
            ("follow", self.follow, 0.0, 1.0),
            ("dynamics", self.dynamics, 0.0, 2.0),
            ("expression", self.expression, 0.0, 1.0),
            ("makeup", self.makeup_db, -120.0, 120.0),
        ):
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"--{name} {value:g}; expected {low:g} to {high:g}")

    @property
    def is_unbounded(self) -> bool:
        """Whether no range is kept to."""
        return self.lowest <= LOWEST and self.highest >= HIGHEST

    def in_range(self, note: float) -> float:
        """`note`, in fractional semitones, moved into the target's range by octaves; as near as it comes.

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
        classes = self.snap or SCALES[CHROMATIC]
        near = range(round(note) - 6, round(note) + 7)
        return min((one for one in near if one % 12 in classes), key=lambda one: abs(one - note))

    def key(self, note: float) -> int:
        """The key that plays `note`: the nearest that `snap` allows."""
        return min(max(self.allowed(note), LOWEST), HIGHEST)

    def played_db(self, heard_db: float) -> float:
        """The level at which a sound of `heard_db` is played, with its make-up and as much of its dynamics as is kept.

        >>> Rules(dynamics=0.5, makeup_db=6.0).played_db(-36.0)
        -25.0
        """
        return REFERENCE_DB + self.dynamics * (heard_db + self.makeup_db - REFERENCE_DB)


def parse_snap(text: str) -> tuple[int, ...]:
    """Pitch classes of a scale as typed: chromatic, a key and a scale such as `d-minor`, or notes such as `c,d,eb,g`.

    Raises:
        UsageError: no such scale or note.

    >>> parse_snap("d-minor")
    (0, 2, 4, 5, 7, 9, 10)
    >>> parse_snap("c, eb, g")
    (0, 3, 7)
    """
    words = [word.strip() for word in text.split(",")]
    try:
        if text.strip().lower() == CHROMATIC:
            return SCALES[CHROMATIC]
        if len(words) > 1:
            return tuple(sorted({pitch_class(word) for word in words}))
        return parse_scale(text).classes
    except UsageError as error:
        ways = "it takes chromatic, a scale such as d-minor, or notes such as c,d,eb,g"
        raise UsageError(f"--snap {quoted(text)}: {error}; {ways}") from error
