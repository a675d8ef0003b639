"""What is asked of a melody: metre, mode and style, as the numbers by which the model knows them."""

from __future__ import annotations

from nsynth_lab.errors import TuneError
from nsynth_lab.melody.steps import TICKS
from nsynth_lab.tune.key import NO_MODE
from nsynth_lab.tune.metre import Metre, parse_metre

METRES = ("2/4", "4/4", "3/4", "6/8", "9/8", "12/8", "3/2", "6/4", "3/8")
OTHER_METRES = {"2/2": "4/4"}
MODES = ("major", "minor", "dorian", "mixolydian", "phrygian", "lydian", "locrian")
RARE_MODES = ("phrygian", "lydian", "locrian")  # learnt from a dozen tunes together
STYLES = ("cre", "nottingham", "openewld", "oneill", "ryan", "aird", "misc")  # collections, as sources call themselves
ANY_STYLE = len(STYLES)
MOST_BARS_LEFT = 16
NOT_TOLD = MOST_BARS_LEFT + 1  # how many bars of the section are left
NOT_LAST, IS_LAST, LAST_NOT_TOLD = 0, 1, 2  # whether the tune ends with the section


def metre_number(metre: Metre | None) -> int:
    """The place of a metre in `METRES`.

    Raises:
        TuneError: it is none of them.
    """
    name = metre.name if metre else "free time"
    name = OTHER_METRES.get(name, name)
    if name not in METRES:
        raise TuneError(f"metre {name}; the melody model knows {', '.join((*METRES, *OTHER_METRES))}")
    return METRES.index(name)


def mode_number(mode: str) -> int:
    """The place of a mode in `MODES`; without a mode it is taken for major."""
    return MODES.index("major" if mode == NO_MODE else mode)


def metre_at(number: int) -> Metre:
    """The metre at a place in `METRES`."""
    found = parse_metre(METRES[number])
    assert found is not None
    return found


def bar_ticks_of(metre: int) -> int:
    """Length of a bar of a metre of `METRES`, in ticks.

    >>> bar_ticks_of(METRES.index("6/8"))
    72
    """
    return int(metre_at(metre).length * TICKS)
