"""How loud a file name says its note is: a velocity, a layer, a dynamic, or a number whose meaning the folder tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nsynth_lab.dataset.name_parts import PLAIN, Part, level_of

FEW_LAYERS, MOST_LAYERS = 9, 32
HIGHEST_VELOCITY = 127
MOST_VELOCITIES = 16  # so many different ones in one group; more are numbers that count
FORMATS = {16, 24, 32, 44, 48, 88, 96}  # bits and kilohertz, where all names have the same
LEAST_LOUD = 40  # the loudest velocity of a folder is not below

Column = Sequence[Part]


@dataclass(frozen=True)
class Levels:
    """How a group of names tells how loud its notes are.

    Attributes:
        kind: "velocity", "layer", "dynamic", "count" (layers or takes: the sound must say) or "".
        values: one a file: velocities, or layers and counts from 1.
        column: which column it is, of all of the group; -1 where there is none.
        told: the same in words, for the report.
    """

    kind: str = ""
    values: tuple[int, ...] = ()
    column: int = -1
    told: str = "no velocities: 100"


def marks_are_layers(numbers: set[int]) -> bool:
    """Whether v1, v2, ... of a whole folder number layers; else they are velocities.

    >>> [marks_are_layers(set(numbers)) for numbers in ((1, 8, 16), (10, 11, 12), (2,), (1, 64, 127), (20, 30))]
    [True, True, True, False, False]
    """
    highest = max(numbers, default=0)
    a_row = len(numbers) > 2 and highest - min(numbers) == len(numbers) - 1
    counted = a_row or (len(numbers) > 1 and bool(numbers & {0, 1}))
    return highest <= FEW_LAYERS or (highest <= MOST_LAYERS and counted)


def levels_of(columns: Sequence[Column], pitch: int, used: set[int], marks: set[int], words: set[str]) -> Levels:
    """Read a group's columns, of which `pitch` holds the pitch (-1: none) and `used` are spoken for.

    `marks` are the numbers behind a v in the whole folder, `words` the other words there. A dynamic that varies says
    more than a layer.
    """
    dynamic = _dynamic(columns, pitch, words)
    if dynamic and len(set(dynamic.values)) > 1:
        return dynamic
    if ranges := _ranges(columns, used):
        return ranges
    for index, column in enumerate(columns):
        first_violins = column[0].text.startswith("vl") and len({part.text for part in column}) == 1
        if column[0].kind in ("velocity", "layer") and not first_violins:
            return _marked(index, column, marks)
    return dynamic or _numbers(columns, pitch, used)


def _marked(index: int, column: Column, marks: set[int]) -> Levels:
    numbers = [part.number for part in column]
    if column[0].kind == "velocity" and not marks_are_layers(marks):
        return Levels("velocity", tuple(numbers), index, "numbers behind a v are velocities")
    known = marks if column[0].kind == "velocity" else set(numbers)
    shift = 1 if 0 in known else 0
    mark = column[0].text.rstrip("0123456789")
    told = (
        f"{mark}{min(known)} to {mark}{max(known)} number layers" if len(known) > 1 else f"{column[0].text} is a layer"
    )
    return Levels("layer", tuple(number + shift for number in numbers), index, told)


def _ranges(columns: Sequence[Column], used: set[int]) -> Levels | None:
    """Two numbers with a hyphen between them that share out all of MIDI's velocities, as 1-63 and 64-127."""
    for index, (low, high) in enumerate(pairwise(columns)):
        marked = low[0].kind in ("number", "velocity") and high[0].kind == "number"
        if not marked or {index, index + 1} & used or any(part.gap != "-" for part in high):
            continue
        ranges = sorted({(one.number, two.number) for one, two in zip(low, high, strict=True)})
        joined = all(one[1] + 1 == two[0] for one, two in pairwise(ranges))
        if len(ranges) > 1 and joined and ranges[0][0] <= 1 and ranges[-1][1] == HIGHEST_VELOCITY:
            told = "ranges of velocities, of which the highest is taken"
            return Levels("velocity", tuple(part.number for part in high), index + 1, told)
    return None


def _dynamic(columns: Sequence[Column], pitch: int, words: set[str]) -> Levels | None:
    """The column of dynamics. "piano" in every name is an instrument, "f" beside "m" a woman's voice."""
    found = []
    for index, column in enumerate(columns):
        texts = {part.text for part in column}
        if column[0].kind != "dynamic" or (texts <= {"f", "p"} and len(texts) == 1 and "m" in words):
            continue
        if len(texts) > 1 or texts <= PLAIN or (index > pitch >= 0 and words):
            found.append((len(texts) > 1, index, texts))
    if not found:
        return None
    _, index, texts = max(found, key=lambda one: one[:2])
    by_level = sorted(texts, key=level_of)
    told = "dynamics: " + ", ".join(f"{text} = {level_of(text)}" for text in by_level)
    return Levels("dynamic", tuple(level_of(part.text) for part in columns[index]), index, told)


def _numbers(columns: Sequence[Column], pitch: int, used: set[int]) -> Levels:
    """A free number behind the pitch, or one before it that differs between files of the same pitch."""
    free = [index for index, column in enumerate(columns) if column[0].kind == "number" and index not in used]
    for index in sorted(free, key=lambda index: (index < pitch, index)):
        column = columns[index]
        numbers = tuple(part.number for part in column)
        if pitch < 0 or not all(1 <= number <= 127 for number in numbers) or _uneven(column):
            continue
        before, distinct = index < pitch, set(numbers)
        repeated = _differs_at_a_pitch(columns[pitch], numbers)
        if max(distinct) <= MOST_VELOCITIES:
            if repeated and not before:
                return Levels("count", numbers, index, f"numbers {min(distinct)} to {max(distinct)}: layers or takes")
        elif len(distinct) == 1:
            if not before and not distinct <= FORMATS:
                return Levels("velocity", numbers, index, "the numbers behind the notes are velocities")
        elif max(distinct) >= LEAST_LOUD and len(distinct) <= MOST_VELOCITIES and (repeated or not before):
            where = "before" if before else "behind"
            return Levels("velocity", numbers, index, f"the numbers {where} the notes are velocities")
    return Levels()


def _uneven(column: Column) -> bool:
    """Whether zeros are in front, but not to one length: lengths of notes (025, 05, 1, 15), no velocities."""
    texts = {part.text for part in column}
    return any(text[0] == "0" for text in texts) and (len({len(text) for text in texts}) > 1 or len(column) == 1)


def _differs_at_a_pitch(pitches: Column, numbers: Sequence[int]) -> bool:
    first: dict[str, int] = {}
    return any(first.setdefault(part.text, number) != number for part, number in zip(pitches, numbers, strict=True))
