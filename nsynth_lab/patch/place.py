r"""The place of a blend among its sources: a position or weights, how they are written and validated.

    two     A ---- B           x: 0 is A, 1 is B

    three   A ---- B   y = 0   x runs from A to B, y from there to C: the share of C is y,
             \  /             A and B share the rest
              C        y = 1

    four    A ---- B   y = 0   x runs from A to B and from C to D,
            |      |           y from A to C and from B to D
            C ---- D   y = 1

Weights, one per source, work for any number of sources and are scaled to sum to 1. Five to eight sources have no
position. `blend.weights.place_weights` turns a place into weights.

On a command line places are text, "0.2,0.7"; in Python they may be numbers as well, 0.3 or (0.2, 0.7): `Written`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nsynth_lab.errors import UsageError
from nsynth_lab.wording import counted

MAX_SOURCES = 8
MAX_POSITIONED_SOURCES = 4  # more sources have no position
HIGHEST_WEIGHT = 1_000.0
SUM_IS_ONE = 1e-9  # weights whose sum is this close to 1 are not rescaled
WRITTEN = {"weights": "a number for each source, such as 0.5,0.3,0.2"}
POSITION_EXAMPLES = {2: "one, such as 0.5", 3: "two, such as 0.5,0.3", 4: "two, such as 0.2,0.7"}

Place = tuple[float, ...]
Written = str | float | Iterable[float]


def position_dims(sources: int) -> int:
    """How many numbers a position among `sources` sources has; 0 for one, and for more than four."""
    return {2: 1, 3: 2, 4: 2}.get(sources, 0)


def middle(sources: int) -> Place:
    """The position at which all sources have equal weights; empty where there is no position.

    >>> middle(2), middle(4), middle(5)
    ((0.5,), (0.5, 0.5), ())
    """
    return {2: (0.5,), 3: (0.5, 1 / 3), 4: (0.5, 0.5)}.get(sources, ())


def normalised(weights: Sequence[float]) -> Place:
    """Weights scaled to sum to 1; equal weights if all are 0.

    >>> normalised([2, 1, 1]), normalised([0, 0])
    ((0.5, 0.25, 0.25), (0.5, 0.5))
    """
    total = math.fsum(weights)
    if abs(total - 1.0) <= SUM_IS_ONE:
        return tuple(map(float, weights))
    return tuple(weight / total if total > 0 else 1.0 / len(weights) for weight in weights)


def as_position(weights: Sequence[float]) -> Place:
    """The position with the same shares as the weights of up to three sources; empty for more.

    >>> as_position([0.75, 0.25]), as_position([0.4, 0.4, 0.2]), as_position([0.25] * 4)
    ((0.25,), (0.5, 0.2), ())
    """
    shares = normalised(weights)
    if len(shares) == 2:
        return (shares[1],)
    if len(shares) == 3:
        left = shares[0] + shares[1]
        return (shares[1] / left if left > 0 else 0.5, shares[2])
    return ()


def parse_position(text: Written, sources: int, *, what: str = "position") -> Place:
    """A position as written: "0.3" between two sources, "0.2,0.7" among three or four.

    Raises:
        UsageError: something else, or numbers outside 0 to 1.

    >>> parse_position("0.2, 0.7", 4), parse_position(0.3, 2)
    ((0.2, 0.7), (0.3,))
    """
    return check_position(parse_numbers(text, what=what), sources, what=what)


def parse_weights(text: Written, sources: int) -> Place:
    """Weights as written, one for each source, scaled to sum to 1.

    Raises:
        UsageError: something else, weights below 0, or all of them 0.

    >>> parse_weights("5,3,2", 3), parse_weights([5, 3, 2], 3)
    ((0.5, 0.3, 0.2), (0.5, 0.3, 0.2))
    """
    return check_weights(parse_numbers(text, what="weights"), sources)


def parse_positions(text: str, sources: int) -> tuple[Place, ...]:
    """Several positions: between two sources "0,0.5,1", among three or four "0,0;1,0;0.5,0.5".

    Raises:
        UsageError: something else.

    >>> parse_positions("0,1", 2), parse_positions("0,1;1,1", 4)
    (((0.0,), (1.0,)), ((0.0, 1.0), (1.0, 1.0)))
    """
    parts = text.split("," if position_dims(sources) == 1 and ";" not in text else ";")
    return tuple(parse_position(part, sources) for part in parts if part.strip())


def parse_several_weights(text: str, sources: int) -> tuple[Place, ...]:
    """Several sets of weights, separated by semicolons: "1,0,0;0.5,0.3,0.2".

    Raises:
        UsageError: as `parse_weights`.
    """
    return tuple(parse_weights(part, sources) for part in text.split(";") if part.strip())


def check_position(position: Sequence[float], sources: int, *, what: str = "position") -> Place:
    """`position`, if it fits the number of sources.

    Raises:
        UsageError: they have another number of numbers, or one is outside 0 to 1.
    """
    if position and not position_dims(sources):
        alone = "one source has no position: leave it out"
        many = f"{sources} sources take --weights, a number for each; a position is for two to {MAX_POSITIONED_SOURCES}"
        raise UsageError(f"{what}: {alone if sources == 1 else many}")
    if len(position) != position_dims(sources):
        count = counted(len(position), "number")
        raise UsageError(f"{what} has {count}; {sources} sources take {POSITION_EXAMPLES[sources]}")
    for value in position:
        if not 0 <= value <= 1:
            raise UsageError(f"{what} {value:g} is outside 0 to 1 (0 = the first source, 1 = the last)")
    return tuple(map(float, position))


def check_weights(weights: Sequence[float], sources: int) -> Place:
    """`weights` scaled to sum to 1, if there is one for each source.

    Raises:
        UsageError: more or fewer, one below 0 or not finite, or all of them 0.
    """
    if len(weights) != sources:
        raise UsageError(f"{len(weights)} weight(s) for {sources} source(s); expected one for each")
    for weight in weights:
        if not 0 <= weight <= HIGHEST_WEIGHT:
            raise UsageError(f"weight {weight:g}; expected 0 to {HIGHEST_WEIGHT:g}: a blend lies between its sources")
    if not any(weights):
        raise UsageError("weights are all zero; give at least one source a weight above 0")
    return normalised(weights)


def check_count(sources: int) -> None:
    """Refuse a number of sources that a blend cannot have.

    Raises:
        UsageError: so many cannot be blended.
    """
    if not 1 <= sources <= MAX_SOURCES:
        raise UsageError(f"{sources} sources; a blend takes 1 to {MAX_SOURCES}")


def parse_numbers(text: Written, *, what: str) -> Place:
    """The numbers of a position or of weights as written, not yet validated.

    Raises:
        UsageError: neither numbers nor a text of numbers separated by commas.

    >>> parse_numbers("0.2, 0.7", what="position"), parse_numbers((0.2, 0.7), what="position")
    ((0.2, 0.7), (0.2, 0.7))
    """
    try:
        if isinstance(text, str):
            return tuple(float(part) for part in text.split(","))
        return tuple(map(float, text)) if isinstance(text, Iterable) else (float(text),)
    except (TypeError, ValueError):
        like = WRITTEN.get(what, "a number such as 0.5, or two such as 0.2,0.7 for three or four sources")
        raise UsageError(f"--{what} '{text!s:.60}'; expected {like}") from None
