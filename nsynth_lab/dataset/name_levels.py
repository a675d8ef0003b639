"""find_velocities(columns, ...): where the file names of a folder state velocities: as numbers, layers or dynamics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nsynth_lab.dataset.name_tokens import UNAMBIGUOUS_DYNAMICS, NameToken, dynamic_velocity

MAX_SPARSE_LAYERS, MAX_LAYERS = 9, 32
HIGHEST_VELOCITY = 127
MAX_DISTINCT_VELOCITIES = 16  # in one group; more different numbers are counters
FORMAT_NUMBERS = {16, 24, 32, 44, 48, 88, 96}  # bits or kHz, if all names have the same number
MIN_TOP_VELOCITY = 40  # of a folder's highest velocity

Column = Sequence[NameToken]


@dataclass(frozen=True)
class VelocityScheme:
    """How a group of file names states velocities.

    Attributes:
        kind: "velocity", "layer", "dynamic", "count" (layers or takes, to be decided by the sound) or "" for none.
        values: one per file: velocities, or layers and counters from 1.
        column: index of the column in the group; -1 if there is none.
        explanation: the same in words, for the report.
    """

    kind: str = ""
    values: tuple[int, ...] = ()
    column: int = -1
    explanation: str = "no velocities: 100"


def marks_are_layers(numbers: set[int]) -> bool:
    """Whether v1, v2, ... in a whole folder are layer numbers; otherwise they are velocities.

    >>> [marks_are_layers(set(numbers)) for numbers in ((1, 8, 16), (10, 11, 12), (2,), (1, 64, 127), (20, 30))]
    [True, True, True, False, False]
    """
    highest = max(numbers, default=0)
    a_row = len(numbers) > 2 and highest - min(numbers) == len(numbers) - 1
    counted = a_row or (len(numbers) > 1 and bool(numbers & {0, 1}))
    return highest <= MAX_SPARSE_LAYERS or (highest <= MAX_LAYERS and counted)


def find_velocities(
    columns: Sequence[Column], pitch: int, used: set[int], marks: set[int], words: set[str]
) -> VelocityScheme:
    """Find the column of a group that states velocities; a dynamic that varies takes precedence over a layer.

    Args:
        columns: the group's columns of tokens.
        pitch: index of the column of pitches, -1 for none.
        used: indices of the columns that already have a meaning.
        marks: all numbers after a v in the folder.
        words: all other words in the folder.
    """
    dynamic = _dynamic(columns, pitch, words)
    if dynamic and len(set(dynamic.values)) > 1:
        return dynamic
    if ranges := _ranges(columns, used):
        return ranges
    for index, column in enumerate(columns):
        first_violins = column[0].text.startswith("vl") and len({token.text for token in column}) == 1
        if column[0].kind in ("velocity", "layer") and not first_violins:
            return _marked(index, column, marks)
    return dynamic or _numbers(columns, pitch, used)


def _marked(index: int, column: Column, marks: set[int]) -> VelocityScheme:
    numbers = [token.number for token in column]
    if column[0].kind == "velocity" and not marks_are_layers(marks):
        return VelocityScheme("velocity", tuple(numbers), index, "numbers after a v are velocities")
    known = marks if column[0].kind == "velocity" else set(numbers)
    shift = 1 if 0 in known else 0
    mark = column[0].text.rstrip("0123456789")
    explanation = (
        f"{mark}{min(known)} to {mark}{max(known)} number layers" if len(known) > 1 else f"{column[0].text} is a layer"
    )
    return VelocityScheme("layer", tuple(number + shift for number in numbers), index, explanation)


def _ranges(columns: Sequence[Column], used: set[int]) -> VelocityScheme | None:
    """Two columns that form velocity ranges which together cover all of MIDI's, such as 1-63 and 64-127."""
    for index, (low, high) in enumerate(pairwise(columns)):
        marked = low[0].kind in ("number", "velocity") and high[0].kind == "number"
        if not marked or {index, index + 1} & used or any(token.gap != "-" for token in high):
            continue
        ranges = sorted({(one.number, two.number) for one, two in zip(low, high, strict=True)})
        join_octaves = all(one[1] + 1 == two[0] for one, two in pairwise(ranges))
        if len(ranges) > 1 and join_octaves and ranges[0][0] <= 1 and ranges[-1][1] == HIGHEST_VELOCITY:
            explanation = "velocity ranges, each read as its highest velocity"
            return VelocityScheme("velocity", tuple(token.number for token in high), index + 1, explanation)
    return None


def _dynamic(columns: Sequence[Column], pitch: int, words: set[str]) -> VelocityScheme | None:
    """The column of dynamics. "piano" in every name is the instrument; "f" beside "m" is a female voice."""
    found = []
    for index, column in enumerate(columns):
        texts = {token.text for token in column}
        if column[0].kind != "dynamic" or (texts <= {"f", "p"} and len(texts) == 1 and "m" in words):
            continue
        if len(texts) > 1 or texts <= UNAMBIGUOUS_DYNAMICS or (index > pitch >= 0 and words):
            found.append((len(texts) > 1, index, texts))
    if not found:
        return None
    _, index, texts = max(found, key=lambda one: one[:2])
    by_level = sorted(texts, key=dynamic_velocity)
    explanation = "dynamics: " + ", ".join(f"{text} = {dynamic_velocity(text)}" for text in by_level)
    return VelocityScheme(
        "dynamic", tuple(dynamic_velocity(token.text) for token in columns[index]), index, explanation
    )


def _numbers(columns: Sequence[Column], pitch: int, used: set[int]) -> VelocityScheme:
    """An unused number after the pitch, or one before it that differs between files of the same pitch."""
    free = [index for index, column in enumerate(columns) if column[0].kind == "number" and index not in used]
    for index in sorted(free, key=lambda index: (index < pitch, index)):
        column = columns[index]
        numbers = tuple(token.number for token in column)
        if pitch < 0 or not all(1 <= number <= 127 for number in numbers) or _uneven(column):
            continue
        before, distinct = index < pitch, set(numbers)
        repeated = _differs_at_a_pitch(columns[pitch], numbers)
        if max(distinct) <= MAX_DISTINCT_VELOCITIES:
            if repeated and not before:
                return VelocityScheme(
                    "count", numbers, index, f"numbers {min(distinct)} to {max(distinct)}: layers or takes"
                )
        elif len(distinct) == 1:
            if not before and not distinct <= FORMAT_NUMBERS:
                return VelocityScheme("velocity", numbers, index, "the numbers after the notes are velocities")
        elif (
            max(distinct) >= MIN_TOP_VELOCITY and len(distinct) <= MAX_DISTINCT_VELOCITIES and (repeated or not before)
        ):
            where = "before" if before else "after"
            return VelocityScheme("velocity", numbers, index, f"the numbers {where} the notes are velocities")
    return VelocityScheme()


def _uneven(column: Column) -> bool:
    """Whether numbers have leading zeros but not one length: these are note lengths (025, 05, 1, 15)."""
    texts = {token.text for token in column}
    return any(text[0] == "0" for text in texts) and (len({len(text) for text in texts}) > 1 or len(column) == 1)


def _differs_at_a_pitch(pitches: Column, numbers: Sequence[int]) -> bool:
    first: dict[str, int] = {}
    return any(first.setdefault(token.text, number) != number for token, number in zip(pitches, numbers, strict=True))
