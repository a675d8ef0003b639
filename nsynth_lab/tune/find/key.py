"""The key of a melody, from what its notes dwell on.

Each of the twelve tonics is tried with each mode: how long each step of the scale sounds, which steps begin bars, which
is the first on a bar line, which the last, and what sounds last of all. What each step says for the tonic was learnt
(`key_weights`): of 1,195 Irish dance tunes whose tonics experts named 86 % are found from the notes alone by weights
learnt on others, and 99 % where a file states its signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from nsynth_lab.tune.find.key_weights import BY_MODE, PLACES, PRIOR
from nsynth_lab.tune.key import MODES, Key, with_fifths
from nsynth_lab.tune.pitch import at_fifths

STATED = 4.0  # for the tonic that a file's signature names: rarely wrong, but many programs know no modes
FLATTEST, SHARPEST = -5, 6  # signatures that are tried

Heard = tuple[Fraction, Fraction, int]  # when, how long, MIDI note
Shares = dict[str, list[float]]


def find_key(
    notes: Sequence[Heard], bar: Fraction | None = None, *, signature: int | None = None, minor: bool | None = None
) -> Key:
    """The most likely key of a melody.

    Args:
        notes: when and how long, in any unit, and which.
        bar: length of a bar, if it is known and the first begins at 0.
        signature: sharps, if they are known: then only the tonic and the mode are looked for.
        minor: whether the signature is said to be that of a minor key or of a major one; None if nothing is said.

    >>> scale = [62, 64, 65, 67, 69, 71, 72, 74, 69, 65, 62]
    >>> find_key([(Fraction(at), Fraction(1), note) for at, note in enumerate(scale)]).name
    'D dorian'
    """
    heard = shares(notes, bar)
    fifths = range(FLATTEST, SHARPEST + 1) if signature is None else (signature,)
    scored = []
    for sharps in fifths:
        for mode in BY_MODE:
            likely = score(heard, 7 * (sharps - MODES[mode]) % 12, mode)
            if minor is not None and mode == ("minor" if minor else "major"):
                likely += STATED
            scored.append((likely, -abs(sharps), sharps, mode))
    _, _, sharps, mode = max(scored)
    letter, alter = at_fifths(sharps - MODES[mode])
    return Key(letter, alter, mode) if abs(alter) <= 1 else with_fifths(sharps)


def shares(notes: Sequence[Heard], bar: Fraction | None) -> Shares:
    """What a melody dwells on: shares of the twelve pitch classes, which add up to 1, by where they sound.

    `length` of all that sounds; `bars` of the notes on bar lines; `first` on a bar line; `last`; and `closing` of the
    bar before the last note begins, that note included. Without bars, `bars` and `closing` are zero.
    """
    found: Shares = {name: [0.0] * 12 for name in ("length", *PLACES)}
    for _, length, note in notes:
        found["length"][note % 12] += float(length)
    found["last"][notes[-1][2] % 12] = 1.0
    first = notes[0][2]
    if bar:
        strong = [note for at, _, note in notes if at >= 0 and at % bar == 0]
        first = strong[0] if strong else first
        for note in strong:
            found["bars"][note % 12] += 1.0
        for at, length, note in notes:
            found["closing"][note % 12] += float(length) * (at >= notes[-1][0] - bar)
    found["first"][first % 12] = 1.0
    for counts in found.values():
        whole = sum(counts) or 1.0
        counts[:] = [count / whole for count in counts]
    return found


def score(heard: Shares, tonic: int, mode: str) -> float:
    """How well a tonic and a mode explain what is heard, as the logarithm of odds."""
    tables = {"length": BY_MODE[mode], **PLACES}
    return PRIOR[mode] + sum(
        weight * heard[name][(tonic + step) % 12] for name, table in tables.items() for step, weight in enumerate(table)
    )
