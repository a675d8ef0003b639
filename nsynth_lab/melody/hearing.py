"""Any tune as the model hears it: also with a free rhythm, a changing metre or notes that no step has; that is said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from nsynth_lab.errors import TuneError
from nsynth_lab.melody.conditions import bar_ticks_of, metre_number
from nsynth_lab.melody.steps import (
    DURATIONS,
    END_OF_SECTION,
    END_OF_TUNE,
    GOES_ON,
    PITCHES,
    REST,
    TICKS,
    Note,
    steps_of,
)
from nsynth_lab.tune.find.key import find_key
from nsynth_lab.tune.key import NO_MODE, Key
from nsynth_lab.tune.metre import Metre
from nsynth_lab.tune.played import sounding
from nsynth_lab.tune.tune import Tune

MOST_HEARD = 512  # notes at the end of a long tune
COARSE = 3  # ticks: what lies between is moved there


@dataclass(frozen=True)
class HeardTune:
    """A tune as the model hears it.

    Attributes:
        notes: duration, pitch, position in the bar and flag of each.
        metre: at its end, which goes on.
        key: its key, or the one that was found.
        lowest: MIDI note of pitch 0.
        lines: what is to be told.
    """

    notes: tuple[Note, ...]
    metre: Metre
    key: Key
    lowest: int
    lines: tuple[str, ...]

    @property
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return bar_ticks_of(metre_number(self.metre))


def heard(tune: Tune) -> HeardTune:
    """A tune as the model hears it; nothing that has a note and a metre is refused.

    Raises:
        TuneError: it has no note, is in free time, or ends in a metre that the model does not know.
    """
    if not tune.notes:
        raise TuneError("it has no notes; expected a tune, or the beginning of one")
    if tune.metre is None:
        raise TuneError("it has no metre; give one with --metre, such as --metre 4/4")
    lines = []
    key = tune.key
    if key.mode == NO_MODE:
        from_first_bar = [(one.at - tune.upbeat, one.length, one.pitch.note) for one in sounding(tune)]
        key = find_key(from_first_bar, tune.metre.length)
        lines.append(f"it names no key: {key.name} found")
    if any(bar.key for bar in tune.bars):
        lines.append(f"its key changes: heard in {key.name} throughout")
    part = _in_last_metre(tune)
    assert part.metre is not None
    if len(part.bars) < len(tune.bars):
        first = len(tune.bars) - len(part.bars) + 1
        lines.append(f"its metre changes: heard from bar {first} on, in {part.metre.name}")
    metre_number(part.metre)
    keyed = Tune(part.bars, key, part.metre)
    try:
        steps = steps_of(keyed)
        notes, lowest = tuple(steps.notes), steps.lowest
    except TuneError as error:
        lines.append(f"{error}; heard in 32nds, what is far away in its octave")
        notes, lowest = _roughly(keyed)
    return HeardTune(notes[-MOST_HEARD:], part.metre, key, lowest, tuple(lines))


def _in_last_metre(tune: Tune) -> Tune:
    metre, first = tune.metre, 0
    for index, bar in enumerate(tune.bars):
        if bar.metre is not None and bar.metre != metre:
            if not any(note.pitch for later in tune.bars[index:] for note in later.notes):
                break
            metre, first = bar.metre, index
    bars = tuple(replace(bar, key=None, metre=None) for bar in tune.bars[first:])
    return Tune(bars, tune.key, metre)


def _roughly(tune: Tune) -> tuple[tuple[Note, ...], int]:
    """(the notes on a grid of 32nds, from the first bar line on, MIDI note of pitch 0)."""
    assert tune.metre is not None
    bar = int(tune.metre.length * TICKS)
    written = [note for one in tune.bars if not one.ending or 1 in one.ending for note in one.notes]
    sung = sorted(note.pitch.note for note in written if note.pitch)
    below = sung[len(sung) // 2] - PITCHES // 2
    lowest = below + (tune.key.tonic - below) % 12
    found: list[Note] = []
    at = Fraction(bar) - tune.upbeat * TICKS
    reached = _rounded(at)
    for note in written:
        at += note.length * TICKS
        pitch = REST if note.pitch is None else _folded(note.pitch.note - lowest)
        for ticks in _pieces(_rounded(at) - reached):
            found.append((DURATIONS.index(ticks), pitch, reached % bar, GOES_ON))
            reached += ticks
    last = found[-1]
    found[-1] = (*last[:3], END_OF_TUNE)
    return tuple(found), lowest


def _rounded(ticks: Fraction) -> int:
    return COARSE * round(ticks / COARSE)


def _folded(pitch: int) -> int:
    while pitch < 0:
        pitch += 12
    while pitch >= PITCHES:
        pitch -= 12
    return pitch


def _pieces(ticks: int) -> list[int]:
    """A length as durations that steps have, the longest first."""
    pieces = []
    while ticks > 0:
        longest = max(one for one in DURATIONS if one <= ticks and one % COARSE == 0)
        pieces.append(longest)
        ticks -= longest
    return pieces


def section_ended(tune: Tune) -> bool:
    """Whether a section ends with a tune's last bar, so that another begins when it goes on."""
    last = tune.bars[-1]
    return last.plays > 1 or bool(last.line)


def to_go_on(found: HeardTune, *, ended: bool) -> tuple[Note, ...]:
    """The notes of a heard tune, of which the last ends a section or nothing."""
    last = found.notes[-1]
    return (*found.notes[:-1], (*last[:3], END_OF_SECTION if ended else GOES_ON))
